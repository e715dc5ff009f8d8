import { type Gen, WaitQueue, wait } from "../../kernel/index.ts";
import { entriesOf } from "../inode.ts";
import { ensureDir } from "../runtime/files.ts";
import type { KubeletContext } from "./context.ts";

/** Calls back at once and whenever something in the manifest directory changes (inotify, as pkg/kubelet/config/file_linux.go). */
export class ManifestWatch {
  private readonly ctx: KubeletContext;
  private readonly path: string;
  private readonly changed: () => void;
  private readonly files = new Set<number>();

  constructor(ctx: KubeletContext, path: string, changed: () => void) {
    this.ctx = ctx;
    this.path = path;
    this.changed = changed;
  }

  start(): void {
    this.changed();
    this.watchFiles();
    this.ctx.spawn(`watch ${this.path} ${this.ctx.nodeName}`, this.watchDir());
  }

  private *watchDir(): Gen {
    const dir = ensureDir(this.ctx.machine, this.path);
    dir.watchers ??= new WaitQueue();
    for (;;) {
      yield* wait(dir.watchers);
      this.watchFiles();
      this.changed();
    }
  }

  private watchFiles(): void {
    const dir = ensureDir(this.ctx.machine, this.path);
    for (const [name, node] of entriesOf(dir)) {
      if (node.kind !== "file" || this.files.has(node.ino)) continue;
      this.files.add(node.ino);
      this.ctx.spawn(`watch ${this.path}/${name} ${this.ctx.nodeName}`, this.watchFile(node.changed));
    }
  }

  private *watchFile(changed: WaitQueue): Gen {
    for (;;) {
      yield* wait(changed);
      this.changed();
    }
  }
}
