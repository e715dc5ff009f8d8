import { encode } from "../../kernel/index.ts";
import { type DirNode, dirNode, fileNode, type Inode } from "../inode.ts";
import type { Role } from "./units.ts";

/** What the parts of a new machine's file tree are made of. */

/** When the system was installed: three weeks before the session, in µs of virtual time. */
export const INSTALLED = -21 * 86_400 * 1_000_000;

export const AT = { time: INSTALLED };

export function isNode(role: Role): boolean {
  return role === "control-plane" || role === "worker";
}

export function dir(load?: () => Map<string, Inode>): DirNode {
  return dirNode(AT, load);
}

export function text(content: string, mode = 0o644): Inode {
  let bytes = texts.get(content);
  if (bytes === undefined) {
    if (texts.size >= 512) texts.clear();
    texts.set(content, (bytes = encode(content)));
  }
  return fileNode(bytes, { ...AT, mode });
}

/** Bytes of the files that all machines have; a write replaces a file's bytes, never changes them. */
const texts = new Map<string, Uint8Array>();
