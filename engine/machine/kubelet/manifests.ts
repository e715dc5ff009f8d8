import { parseDuration } from "../../api/go-time.ts";
import { type Gen, WaitQueue, wait } from "../../kernel/index.ts";
import { entriesOf } from "../inode.ts";
import { ensureDir } from "../runtime/files.ts";
import type { KubeletContext } from "./context.ts";
import { readManifests } from "./static-pods.ts";
import type { Pod } from "./types.ts";

/**
 * Pods of the manifest directory: listed at once, and read when something in it changes (inotify). A file that then
 * cannot be read leaves its Pod as it was until the next listing, which comes every fileCheckFrequency
 * (pkg/kubelet/config/file.go and file_linux.go).
 */
export class ManifestSource {
  private readonly ctx: KubeletContext;
  private readonly path: string;
  private readonly changed: (pods: readonly Pod[]) => void;
  private readonly files = new Set<number>();
  private readonly startedAt: number;
  /** Pods by their files, as these were last read well. */
  private known: ReadonlyMap<string, Pod> = new Map();
  /** What the files say that could not be read, so that each such text is told of once. */
  private failed: ReadonlyMap<string, string> = new Map();
  private listing = false;

  constructor(ctx: KubeletContext, path: string, changed: (pods: readonly Pod[]) => void) {
    this.ctx = ctx;
    this.path = path;
    this.changed = changed;
    this.startedAt = ctx.kernel.now;
  }

  start(): void {
    this.list();
    this.watchFiles();
    this.ctx.spawn(`watch ${this.path} ${this.ctx.nodeName}`, this.watchDir());
  }

  /** Tells once more which Pods there are to be. */
  tell(): void {
    this.changed([...this.known.values()]);
  }

  private list(): void {
    const { pods, errors } = readManifests(this.ctx.machine, this.ctx.nodeName, this.path);
    for (const { path, message } of errors)
      this.ctx.log("E", "file.go:188", "Could not process manifest file", { err: message, path });
    this.took(pods, errors);
  }

  private look(): void {
    const { pods, errors } = readManifests(this.ctx.machine, this.ctx.nodeName, this.path);
    for (const { path, message, text } of errors) {
      const before = this.known.get(path);
      if (before !== undefined) pods.set(path, before);
      if (this.failed.get(path) === text) continue;
      const err = `can't process config file "${path}": ${message}`;
      this.ctx.log("E", "file.go:109", "Unable to process watch event", { err });
    }
    this.took(pods, errors);
  }

  private took(pods: ReadonlyMap<string, Pod>, errors: readonly { path: string; text: string }[]): void {
    this.known = pods;
    this.failed = new Map(errors.map(({ path, text }) => [path, text]));
    this.tell();
    if (errors.length > 0) this.listLater();
  }

  /** Only a listing after a failure tells or changes anything, so that no other one is made. */
  private listLater(): void {
    if (this.listing) return;
    this.listing = true;
    const period = this.period();
    const next = period - ((this.ctx.kernel.now - this.startedAt) % period);
    this.ctx.after(next, `list ${this.path} ${this.ctx.nodeName}`, () => {
      this.listing = false;
      this.list();
    });
  }

  private period(): number {
    const { fileCheckFrequency } = this.ctx.options.configuration as { fileCheckFrequency?: string };
    const ns = parseDuration(fileCheckFrequency ?? "20s");
    return typeof ns === "number" && ns >= 1000 ? Math.round(ns / 1000) : 20_000_000;
  }

  private *watchDir(): Gen {
    const dir = ensureDir(this.ctx.machine, this.path);
    dir.watchers ??= new WaitQueue();
    for (;;) {
      yield* wait(dir.watchers);
      this.watchFiles();
      this.look();
    }
  }

  private watchFiles(): void {
    const dir = ensureDir(this.ctx.machine, this.path);
    for (const [, node] of entriesOf(dir)) {
      if (node.kind !== "file" || this.files.has(node.ino)) continue;
      this.files.add(node.ino);
      // Begun within this event: what is written right after the file was made must not be missed.
      this.ctx.begin(`watch manifest ${node.ino} ${this.ctx.nodeName}`, this.watchFile(node.changed));
    }
  }

  private *watchFile(changed: WaitQueue): Gen {
    for (;;) {
      yield* wait(changed);
      this.look();
    }
  }
}
