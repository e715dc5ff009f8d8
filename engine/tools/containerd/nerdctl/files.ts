/** nerdctl cp, diff and commit: the files of a container. */

import type { Image } from "../../../images/index.ts";
import { parseReference } from "../../../images/index.ts";
import { type Gen, sha256Hex } from "../../../kernel/index.ts";
import { type DirNode, dirNode, entriesOf, fileNode, type Inode, symlinkNode } from "../../../machine/inode.ts";
import type { Process } from "../../../machine/process.ts";
import { hostView } from "../../../machine/runtime/host-view.ts";
import type { Container, NamedImage } from "../../../machine/runtime/index.ts";
import { templateOf } from "../../../machine/runtime/spec.ts";
import * as sys from "../../../machine/sys.ts";
import type { Unit } from "../ctr-context.ts";
import { namedImages, nameImage } from "../named-images.ts";
import { type Nerd, NerdError } from "./context.ts";
import { pause, resume } from "./life.ts";
import { commandWords } from "./list.ts";
import { readReference } from "./references.ts";

/** Mounted over in every container: what lies beneath says nothing. */
const MOUNTED = new Set(["/proc", "/dev", "/sys"]);

interface Change {
  kind: "A" | "C" | "D";
  path: string;
}

/** What a container changed of its image's tree, by path (continuity/fs Changes). */
function* changesOf(container: Container): Generator<Change> {
  yield* compare(templateOf(container.image), container.rootfs, "");
}

const names = (dir: DirNode | undefined): string[] => (dir === undefined ? [] : [...entriesOf(dir).keys()]);

function* compare(lower: DirNode | undefined, upper: DirNode, path: string): Generator<Change> {
  const all = [...new Set([...names(lower), ...names(upper)])].sort();
  for (const name of all) {
    const here = `${path}/${name}`;
    const [before, after] = [lower && entriesOf(lower).get(name), entriesOf(upper).get(name)];
    if (after === undefined) yield { kind: "D", path: here };
    else if (before === undefined) yield { kind: "A", path: here };
    else if (!same(before, after)) yield { kind: "C", path: here };
    if (after?.kind === "dir" && !MOUNTED.has(here))
      yield* compare(before?.kind === "dir" ? before : undefined, after, here);
  }
}

function same(a: Inode, b: Inode): boolean {
  if (a.kind !== b.kind || a.mode !== b.mode || a.uid !== b.uid || a.gid !== b.gid) return false;
  if (a.kind === "symlink") return a.target === (b as typeof a).target;
  if (a.kind !== "file") return true;
  const other = b as typeof a;
  if (a.content.size() !== other.content.size()) return false;
  const [x, y] = [a.content.bytes(), other.content.bytes()];
  return x === y || x.every((byte, at) => byte === y[at]);
}

const parent = (path: string): string => path.slice(0, path.lastIndexOf("/") + 1);

export function* diff(c: Nerd): Gen {
  const { container } = c.one(c.args[0]!);
  if (container === undefined) return;
  let out = "";
  let last: string | undefined;
  for (const { kind, path } of changesOf(container)) {
    const dir = parent(path);
    if (last !== undefined && parent(last) !== dir) out += `C ${dir === "/" ? dir : dir.slice(0, -1)}\n`;
    out += `${kind} ${path}\n`;
    last = path;
  }
  yield* c.print(out);
}

// ---- cp -------------------------------------------------------------------------------------------------------------

interface Place {
  word: string | undefined;
  path: string;
}

function placeOf(text: string): Place {
  const colon = text.indexOf(":");
  if (colon < 0 || text.startsWith("/") || text.startsWith(".")) return { word: undefined, path: text };
  return { word: text.slice(0, colon), path: text.slice(colon + 1) };
}

/** Files as a container's processes see them. */
const inside = (c: Nerd, { mnt }: Container): Process => hostView(c.machine, { ns: { ...c.machine.ns, mnt } });

export function* cp(c: Nerd): Gen {
  const [from, to] = c.args.map(placeOf) as [Place, Place];
  if (from.path === "-") throw new NerdError("support for reading a tar archive from stdin is not implemented yet");
  if (to.path === "-") throw new NerdError("support for writing a tar archive to stdout is not implemented yet");
  if (from.word === undefined && to.word === undefined)
    throw new NerdError("one of src or dest must be a container file specification");
  if (from.word !== undefined && to.word !== undefined)
    throw new NerdError("one of src or dest must be a local file specification");
  const word = (from.word ?? to.word)!;
  const fail = (why: string) => new NerdError(`could not find container: ${word}, with error: ${why}`);
  const [unit] = c.found(word);
  if (unit?.container === undefined) throw fail("%!w(<nil>)");
  const view = inside(c, unit.container);
  const [source, target] = from.word === undefined ? [c.p, view] : [view, c.p];
  const root = unit.process && unit.status === "RUNNING" ? `/proc/${unit.process.pid}/root` : "/tmp/nerdctl-cp-1";
  const full = ({ word: own, path }: Place) => (own === undefined ? path : `${root}/${path.replace(/^\/+/, "")}`);
  const at = ({ word: own, path }: Place) => (own === undefined || path.startsWith("/") ? path : `/${path}`);
  const node = sys.find(source, at(from));
  if (node === undefined) throw fail(`stat ${full(from)}: no such file or directory`);
  const there = sys.find(target, at(to));
  const isDir = node.kind === "dir";
  if (!isDir && to.path.endsWith("/") && there?.kind !== "dir")
    throw fail("the destination directory must exists: %!w(<nil>)");
  if (!isDir && from.path.endsWith("/.")) throw fail("the source is not a directory");
  if (isDir && there && there.kind !== "dir") throw fail("cannot copy a directory to a file");
  const name = from.path.replace(/\/+$/, "").split("/").at(-1)!;
  const into = there?.kind === "dir" && !(isDir && from.path.endsWith("/."));
  const path = into ? `${at(to).replace(/\/$/, "")}/${name}` : at(to);
  const dir = parent(path);
  if (dir !== "" && !isDir && sys.find(target, dir) === undefined) {
    const tar = `[/usr/bin/tar -x ${from.word === undefined ? "" : "--no-same-owner "}-f -]`;
    throw fail(
      `failed to execute ${tar}: chdir ${full({ ...to, path: parent(to.path).replace(/\/$/, "") })}: no such file or directory`,
    );
  }
  if (isDir) sys.makeAbove(target, `${path}/.`, 0o755);
  copy(target, node, path);
  yield* c.print("");
}

function copy(target: Process, node: Inode, path: string): void {
  if (node.kind === "dir") {
    if (sys.find(target, path) === undefined) sys.mkdir(target, path, node.mode);
    for (const [name, one] of entriesOf(node)) copy(target, one, `${path}/${name}`);
  } else if (node.kind === "file") {
    sys.writeText(target, path, node.content.bytes().slice(), node.mode);
  } else if (node.kind === "symlink" && sys.find(target, path, false) === undefined) {
    sys.symlink(target, node.target, path);
  }
}

// ---- commit ---------------------------------------------------------------------------------------------------------

/** A tree of its own: nothing that is written to the other changes it. */
function frozen(node: Inode, path: string): Inode | undefined {
  const { mode, uid, gid, mtime: time } = node;
  if (node.kind === "file") return fileNode(node.content.bytes().slice(), { mode, uid, gid, time }, node.program);
  if (node.kind === "symlink") return symlinkNode(node.target, { uid, gid, time });
  if (node.kind !== "dir") return undefined;
  const out = dirNode({ mode, uid, gid, time });
  if (MOUNTED.has(path)) return out;
  for (const [name, one] of entriesOf(node)) {
    const copied = frozen(one, `${path}/${name}`);
    if (copied) entriesOf(out).set(name, copied);
  }
  return out;
}

/** A list of texts in JSON; undefined for anything else. */
function wordList(text: string): string[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every((one) => typeof one === "string") ? value : undefined;
  } catch {
    return undefined;
  }
}

/** `CMD ["a"]` and `ENTRYPOINT ["a"]` of `--change`. Throws NerdError. */
function instructions(c: Nerd): { cmd?: string[]; entrypoint?: string[] } {
  const out: { cmd?: string[]; entrypoint?: string[] } = {};
  for (const text of c.list("change")) {
    const [, word = "", rest = ""] = /^(\S+)\s*(.*)$/s.exec(text) ?? [];
    const name = word.toUpperCase();
    if (name !== "CMD" && name !== "ENTRYPOINT")
      throw new NerdError(`unknown change directive ${JSON.stringify(word)}`);
    const words = wordList(rest);
    if (words === undefined) throw new NerdError(`malformed json in change flag value ${JSON.stringify(text)}`);
    if (name === "CMD") out.cmd = words;
    else out.entrypoint = words;
  }
  return out;
}

export function* commit(c: Nerd): Gen {
  const [word = "", reference = ""] = c.args;
  const unit = c.one(word);
  const name = readReference(reference);
  const change = instructions(c);
  const { container } = unit;
  const below = namedImages(c.runtime, c.namespace).find((one) => one.name === unit.image);
  if (container === undefined || below === undefined)
    throw new NerdError(
      `container "${unit.id}" lacks image (wasn't created by nerdctl?): image "${unit.image}": not found`,
    );
  const stopped = unit.status === "RUNNING" && c.value("pause", "true") !== "false";
  if (stopped) pause(c, unit);
  const image = imageFrom(c, unit, container, name, change);
  if (stopped) resume(c, unit);
  const made = nameImage(c.runtime, c.namespace, name, image, new Map(), {
    layer: `sha256:${sha256Hex(`layer ${image.id}`)}`,
    below,
    command: commandWords(unit).join(" "),
    sizeBytes: Math.max(0, image.sizeBytes - container.image.sizeBytes),
    author: c.value("author"),
    comment: c.value("message"),
  });
  builtImages(c).set(image.id, made);
  yield* c.print(`${image.id}\n`);
}

const built = new WeakMap<object, Map<string, NamedImage>>();

/** Images that containers of any machine were made into, by id: an archive of one holds no more than its name. */
export function builtImages({ machine: { network } }: Nerd): Map<string, NamedImage> {
  let found = built.get(network);
  if (found === undefined) built.set(network, (found = new Map()));
  return found;
}

function imageFrom(
  c: Nerd,
  { id }: Unit,
  container: Container,
  name: string,
  change: { cmd?: string[]; entrypoint?: string[] },
): Image {
  const { def, sizeBytes } = container.image;
  const tree = frozen(container.rootfs, "") as DirNode;
  let added = 0;
  for (const { kind, path } of changesOf(container)) {
    const node = kind === "D" ? undefined : sys.find(inside(c, container), path, false);
    added += 4096 + (node?.kind === "file" ? node.content.size() : 0);
  }
  const { name: repository, tag = "latest" } = parseReference(name);
  const key = `${id} ${c.machine.kernel.now} ${name}`;
  const own = container.image.def.env(container.image.tag);
  return {
    def: {
      ...def,
      names: [repository],
      rootfs: () => tree,
      env: () => own,
      cmd: change.cmd ?? (change.entrypoint ? [] : def.cmd),
      entrypoint: change.entrypoint ?? def.entrypoint,
    },
    tag,
    reference: name,
    repoDigest: `${repository}@sha256:${sha256Hex(`manifest ${key}`)}`,
    id: `sha256:${sha256Hex(`config ${key}`)}`,
    sizeBytes: sizeBytes + added,
  };
}
