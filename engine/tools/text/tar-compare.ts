/** tar --compare, and what an archive is called without its endings. */
import type { Gen } from "../../kernel/index.ts";
import * as sys from "../../machine/sys.ts";
import type { TarMember } from "../../text/tar-format.ts";
import type { Tool } from "../tool.ts";

/** The name of an archive without its endings: the directory of --one-top-level. */
export function stemOf(file: string): string {
  return file.slice(file.lastIndexOf("/") + 1).replace(/(\.tar)?\.(gz|tgz|taz|bz2|xz|zst|tar|tzst|txz|tbz2?)$/, "");
}

/** -d: what of a file is not as its member has it. Two differences are named, as tar finds them. */
export function* compare(t: Tool, member: TarMember): Gen<void> {
  const path = member.name.replace(/\/+$/, "");
  const node = sys.find(t.p, path, false);
  const say = function* (text: string) {
    t.out.add(`${path}: ${text}\n`);
    t.status = 1;
  };
  if (node === undefined) {
    yield* t.error(`${path}: Warning: Cannot stat: No such file or directory`, 1);
    return;
  }
  if (member.kind === "hardlink") return;
  if (node.kind !== member.kind) {
    yield* say("File type differs");
    return;
  }
  if (node.kind === "dir") return;
  if ((node.mode & 0o7777) !== (member.mode & 0o7777)) yield* say("Mode differs");
  if (node.kind === "symlink") {
    if (node.target !== member.target) yield* say("Symlink differs");
    return;
  }
  if (node.uid !== member.uid) yield* say("Uid differs");
  if (node.gid !== member.gid) yield* say("Gid differs");
  const mtime = Math.floor((t.p.machine.kernel.epochMs * 1000 + node.mtime) / 1e6);
  if (mtime !== member.mtime) yield* say("Mod time differs");
  if (node.kind !== "file") return;
  const bytes = node.content.bytes();
  if (bytes.length !== member.bytes.length) yield* say("Size differs");
  else if (bytes.some((byte, i) => byte !== member.bytes[i])) yield* say("Contents differ");
}
