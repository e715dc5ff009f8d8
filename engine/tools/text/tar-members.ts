/** What writing and reading of tar share: an archive's members, a line of a listing, how it ends. */
import type { Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Inode } from "../../machine/inode.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { localZone } from "../../machine/zone.ts";
import { modeString } from "../../text/mode.ts";
import { packMember, type TarMember, unpackMembers } from "../../text/tar-format.ts";
import { strftime } from "../../text/time.ts";
import { UTC } from "../../text/zone.ts";
import { readWhole } from "../io.ts";
import type { ParsedOptions } from "../options.ts";
import { Fatal, type Tool, UsageError } from "../tool.ts";
import { escaped, shown, type View } from "./ls-view.ts";
import { checkpoints } from "./tar-checkpoint.ts";
import { compressor, unpacked } from "./tar-compress.ts";

/** What follows a complaint after which tar does not go on. */
export const END = "\ntar: Error is not recoverable: exiting now";

export class TarUsage extends UsageError {
  constructor(message: string) {
    super(message, 2);
  }
}

/** -C: enters a directory, from the one before it. */
export function changeDirectory(t: Tool, dir: string): void {
  try {
    sys.chdir(t.p, dir);
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new Fatal(`${dir}: Cannot open: ${error.message}${END}`, 2);
  }
}

/** Blocks of a record (-b, --record-size). Throws `TarUsage` for what is no number of them. */
export function blocking(o: ParsedOptions): number {
  const given = o.last("b", "record-size");
  if (given === undefined) return 20;
  if (given.key === "b") {
    if (!/^[1-9]\d*$/.test(given.value!)) throw new TarUsage(`${given.value}: Invalid blocking factor`);
    return Number(given.value);
  }
  const match = /^(\d+)([bcwkKM]?)$/.exec(given.value!);
  if (match === null) throw new TarUsage(`${given.value}: Invalid record size`);
  const size = Number(match[1]) * { "": 1, b: 512, c: 1, w: 2, k: 1024, K: 1024, M: 1024 ** 2 }[match[2]!]!;
  if (size % 512 !== 0 || size === 0) throw new TarUsage("Record size must be a multiple of 512.");
  return size / 512;
}

/** A name as listings write it: --quoting-style, backslashes before what is not plain by default. */
export function listed(name: string, o: ParsedOptions): string {
  const style = o.value("qs") ?? "escape";
  if (style === "literal") return name;
  if (style === "escape") return escaped(name, "");
  return shown(name, { quoting: style, quoted: false, hidden: false } as View);
}

/** The exit status, and the line that says why it is not 0. */
export function* finish(t: Tool): Gen<number> {
  if (t.status > 1) yield* t.error("Exiting with failure status due to previous errors", t.status);
  return t.status;
}

/** The members of the archive that -f names, unpacked where it is compressed. */
export function* members(t: Tool, o: ParsedOptions): Gen<TarMember[]> {
  const { p } = t;
  const file = o.value("f") ?? "-";
  let bytes: Uint8Array;
  const packer = compressor(o, file);
  const zipped = packer !== undefined && !o.has("a");
  try {
    if (file === "-") bytes = yield* readWhole(p, 0);
    else {
      const node = sys.stat(p, file);
      if (node.kind === "dir") {
        yield* t.error(`${file}: Cannot read: Is a directory`, 2);
        throw new Fatal(`At beginning of tape, quitting now${END}`, 2);
      }
      bytes = yield* sys.readPath(p, file);
    }
  } catch (error) {
    if (!isErrno(error)) throw error;
    if (zipped)
      throw new Fatal(
        `Child returned status 2${END}`,
        2,
        `tar (child): ${file}: Cannot open: ${error.message}\ntar (child): Error is not recoverable: exiting now\n`,
      );
    throw new Fatal(`${file}: Cannot open: ${error.message}${END}`, 2);
  }
  bytes = yield* unpacked(bytes, o.has("a") ? undefined : packer);
  yield* checkpoints(t, o, bytes.length, false);
  const found = unpackMembers(bytes);
  if (found === undefined || bytes.length < 512) {
    yield* t.error("This does not look like a tar archive", 2);
    if (bytes.length >= 512) yield* t.error("Skipping to next header", 2);
    return [];
  }
  // Two blocks of zeros are an end; with but one something is missing.
  const last = found.at(-1);
  const end = last === undefined ? 0 : last.block! + blocksOf(last);
  if (bytes.length === (end + 1) * 512) yield* t.error(`A lone zero block at ${end + 1}`, 0);
  return found;
}

/** Blocks that a member takes in the archive it was read from. */
export function blocksOf(member: TarMember): number {
  return packMember(member).length / 512;
}

/** A line of `tar tv`. */
export function longLine(p: Process, member: TarMember, o: ParsedOptions): string {
  const node = { kind: member.kind === "hardlink" ? "file" : member.kind, mode: member.mode } as Inode;
  const mode = member.kind === "hardlink" ? `h${modeString(node).slice(1)}` : modeString(node);
  const owner = o.has("numeric")
    ? `${member.uid}/${member.gid}`
    : `${member.user || member.uid}/${member.group || member.gid}`;
  const size = String(member.bytes.length);
  const time = strftime(
    o.has("full-time") ? "%Y-%m-%d %H:%M:%S" : "%Y-%m-%d %H:%M",
    (o.has("utc") ? UTC : localZone(p)).calendar(member.mtime),
  );
  const target =
    member.kind === "symlink"
      ? ` -> ${listed(member.target, o)}`
      : member.kind === "hardlink"
        ? ` link to ${listed(member.target, o)}`
        : "";
  return `${mode} ${owner} ${size.padStart(Math.max(0, 18 - owner.length))} ${time} ${listed(member.name, o)}${target}`;
}
