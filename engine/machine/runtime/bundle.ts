/** Containers that runc makes of a bundle, without containerd. */

import { jsonFaults } from "../../api/json.ts";
import type { Image } from "../../images/image.ts";
import { WaitQueue, wait } from "../../kernel/index.ts";
import { isErrno } from "../errno.ts";
import type { DirNode } from "../inode.ts";
import type { OpenFile } from "../open-file.ts";
import type { Process, Program } from "../process.ts";
import * as sys from "../sys.ts";
import { launch } from "./launch.ts";
import { loneSandbox } from "./lone-sandbox.ts";
import { newContainer } from "./new-container.ts";
import type { Container } from "./types.ts";

/** config.json, as far as it matters here (runtime-spec/config.md). */
export interface BundleSpec {
  ociVersion: string;
  process: { terminal?: boolean; user?: { uid?: number; gid?: number }; args: string[]; env?: string[]; cwd?: string };
  root: { path: string; readonly?: boolean };
  hostname?: string;
  annotations?: Record<string, string>;
  linux?: { namespaces?: { type: string; path?: string }[] };
}

export interface Bundled {
  readonly id: string;
  /** Its directory, as an absolute path. */
  readonly bundle: string;
  readonly rootfs: string;
  readonly spec: BundleSpec;
  readonly container: Container;
  readonly process: Process;
  /** Virtual time in µs. */
  readonly createdAt: number;
  /** The user's command runs, or ran. */
  started: boolean;
  /** Lets the command begin. */
  start(): void;
}

/** What runc refuses a bundle for. */
export class BundleError extends Error {}

/** A JSON text, or what Go says of one that is none. Throws BundleError. */
export function goJson(text: string): unknown {
  const { error } = jsonFaults(text);
  if (error !== undefined) throw new BundleError(error.replace("unexpected end of JSON input", "unexpected EOF"));
  return JSON.parse(text);
}

/** config.json of a directory. Throws BundleError. */
export function readSpec(p: Process, bundle: string): BundleSpec {
  let text: string;
  try {
    text = sys.readText(p, `${bundle}/config.json`);
  } catch (error) {
    if (isErrno(error, "ENOENT")) throw new BundleError("JSON specification file config.json not found");
    throw error;
  }
  const spec = goJson(text) as Partial<BundleSpec>;
  const { process, root, linux } = spec;
  if (process === undefined) throw new BundleError("process property must not be empty");
  if (!process.cwd) throw new BundleError("Cwd property must not be empty");
  if (!process.cwd.startsWith("/")) throw new BundleError("Cwd must be an absolute path");
  if (!process.args?.length) throw new BundleError("args must not be empty");
  if (root === undefined) throw new BundleError("root must be specified");
  if (linux === undefined) throw new BundleError("linux must be specified");
  return spec as BundleSpec;
}

/** The root directory of a bundle. Throws BundleError. */
export function requireRoot(p: Process, bundle: string, spec: BundleSpec): { path: string; root: DirNode } {
  const path = spec.root.path.startsWith("/") ? spec.root.path : `${bundle}/${spec.root.path}`;
  const root = sys.find(p, path);
  if (root === undefined) throw new BundleError(`invalid rootfs: stat ${path}: no such file or directory`);
  if (root.kind !== "dir") throw new BundleError(`invalid rootfs: ${path} is not a directory`);
  return { path, root };
}

/**
 * A container of a bundle; its command waits for `start`. Standard files and parent are those that runc has. Throws
 * BundleError, CriError.
 */
export function createBundled(
  p: Process,
  {
    id,
    bundle,
    spec,
    parent,
    fds,
  }: { id: string; bundle: string; spec: BundleSpec; parent: Process; fds: Map<number, OpenFile> },
): Bundled {
  const { machine } = p;
  const { path: rootfs, root } = requireRoot(p, bundle, spec);
  const own = (type: string) => spec.linux?.namespaces?.some((one) => one.type === type && !one.path) ?? false;
  const net = own("network") ? machine.network.namespace(`runc-${id}`, machine.net) : machine.net;
  const hostname = spec.hostname ?? machine.hostname;
  const sandbox = loneSandbox(machine, { id, namespace: "runc", hostname, net });
  const { uid = 0, gid = 0 } = spec.process.user ?? {};
  const config = {
    metadata: { name: id, attempt: 0 },
    image: "",
    command: spec.process.args,
    args: [],
    workingDir: spec.process.cwd ?? "/",
    env: (spec.process.env ?? []).map(
      (pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)] as const,
    ),
    mounts: [],
    labels: {},
    annotations: {},
    logPath: "",
    runAsUser: uid,
    runAsGroup: gid,
    readOnlyRootfs: spec.root.readonly ?? false,
    given: {},
  };
  const container = newContainer(machine, sandbox, config, imageOfRoot(root), {
    id,
    layer: 0,
    logs: false,
    rootfs: root,
  });
  container.env.delete("HOSTNAME");
  const opened = new WaitQueue();
  let open = false;
  const gate = (main: Program): Program =>
    function* (process) {
      while (!open) yield* wait(opened);
      return yield* main(process);
    };
  const process = launch(machine, container, { parent, fds, gate });
  if (typeof process === "string") throw new BundleError(`unable to start container process: ${process}`);
  container.process = process;
  const begin = { argv: process.argv, exe: process.exe, comm: process.comm };
  Object.assign(process, { argv: ["runc", "init"], comm: "runc:[2:INIT]" });
  container.startedAt = machine.kernel.now;
  return {
    id,
    bundle,
    rootfs,
    spec,
    container,
    process,
    createdAt: machine.kernel.now,
    started: false,
    start() {
      this.started = open = true;
      container.state = "running";
      Object.assign(process, begin);
      opened.wakeAll();
    },
  };
}

/** A root directory with the settings that an image would have. */
const imageOfRoot = (root: DirNode): Image => ({
  def: { names: [], tags: /^/, sizeBytes: 0, rootfs: () => root, entrypoint: [], cmd: [], env: () => ({}) },
  tag: "",
  reference: "",
  repoDigest: "",
  id: "",
  sizeBytes: 0,
});
