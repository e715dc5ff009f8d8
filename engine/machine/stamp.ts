/** A build's stamp: what an executable's bytes tell of its program and release, wherever they are copied to. */
import { decode } from "../kernel/index.ts";
import { type FileNode, fileNode, type NodeAttributes } from "./inode.ts";

const STAMP = /^\x7fELF\0([^\0]+)\0([^\0]+)\0$/;
/** A stamped executable is no longer than this, bytes. */
const LONGEST = 96;

/** The bytes of a program's executable at a release: `v1.33.1`, `3.5.21`. */
export function stamp(program: string, release: string): string {
  return `\x7fELF\0${program}\0${release}\0`;
}

export function executableOf(program: string, release: string, at: NodeAttributes = {}): FileNode {
  return fileNode(stamp(program, release), { mode: 0o755, ...at }, program);
}

/** The program and the release that an executable's bytes tell; undefined where they tell none. */
export function stampIn(node: FileNode): { program: string; release: string } | undefined {
  if (node.content.size() > LONGEST) return undefined;
  const match = STAMP.exec(decode(node.content.bytes()));
  return match === null ? undefined : { program: match[1]!, release: match[2]! };
}
