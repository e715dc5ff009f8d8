/** ar(1) of binutils: archives whose members' headers are text. Objects' symbols are not known here, so none has an index. */
import { concat, cpu, decode, encode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Inode } from "../../machine/inode.ts";
import type { Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { localZone } from "../../machine/zone.ts";
import { modeString } from "../../text/mode.ts";
import { strftime } from "../../text/time.ts";
import { Output } from "../io.ts";
import { baseName } from "./cp.ts";

const MAGIC = "!<arch>\n";
const USAGE = `Usage: ar [emulation options] [-]{dmpqrstx}[abcDfilMNoOPsSTuvV] [--plugin <name>] [member-name] [count] archive-file file...
       ar -M [<mri-script]
`;

interface Member {
  name: string;
  mtime: number;
  uid: number;
  gid: number;
  mode: number;
  bytes: Uint8Array;
  /** Where its bytes are in the archive it was read from. */
  at: number;
}

/** Members of an archive; undefined where the bytes are none. */
function unpack(bytes: Uint8Array): Member[] | undefined {
  if (decode(bytes.subarray(0, 8)) !== MAGIC) return undefined;
  const out: Member[] = [];
  let long = "";
  for (let at = 8; at + 60 <= bytes.length; ) {
    const field = (from: number, size: number) => decode(bytes.subarray(at + from, at + from + size)).trimEnd();
    const size = Number(field(48, 10));
    const content = bytes.subarray(at + 60, at + 60 + size);
    const title = field(0, 16);
    if (title === "//") long = decode(content);
    else if (title !== "/") {
      const name = /^\/\d/.test(title)
        ? long.slice(Number(title.slice(1))).replace(/\/?\n.*$/s, "")
        : title.replace(/\/$/, "");
      const number = (from: number, width: number, base = 10) => Number.parseInt(field(from, width) || "0", base);
      const numbers = { mtime: number(16, 12), uid: number(28, 6), gid: number(34, 6), mode: number(40, 8, 8) };
      out.push({ name, ...numbers, bytes: content, at: at + 60 });
    }
    at += 60 + size + (size % 2);
  }
  return out;
}

function pack(members: readonly Member[]): Uint8Array {
  const parts = [encode(MAGIC)];
  const field = (value: string | number, width: number) => String(value).padEnd(width);
  const put = (head: string, bytes: Uint8Array) => {
    parts.push(encode(`${head}${field(bytes.length, 10)}\`\n`), bytes);
    if (bytes.length % 2 === 1) parts.push(encode("\n"));
  };
  const places = new Map<string, number>();
  let long = "";
  for (const { name } of members)
    if (name.length > 15 && !places.has(name)) {
      places.set(name, long.length);
      long += `${name}/\n`;
    }
  if (long !== "") put(field("//", 48), encode(long.length % 2 === 1 ? `${long}\n` : long));
  for (const { name, mtime, uid, gid, mode, bytes } of members) {
    const title = places.has(name) ? `/${places.get(name)}` : `${name}/`;
    put(`${field(title, 16)}${field(mtime, 12)}${field(uid, 6)}${field(gid, 6)}${field(mode.toString(8), 8)}`, bytes);
  }
  return concat(parts);
}

/** What one run works on. */
interface Run {
  p: Parameters<Program>[0];
  out: Output;
  flags: ReadonlySet<string>;
  archive: string;
  members: Member[];
  status: number;
  folder: string;
}

function* complain(run: Run, message: string): Gen<void> {
  yield* run.out.flush();
  yield* sys.printError(run.p, `${message}\n`);
  run.status = 1;
}

function* memberOf(run: Run, path: string): Gen<Member | undefined> {
  const { p, flags } = run;
  let node: Inode;
  try {
    node = sys.stat(p, path);
    if (node.kind === "dir") {
      yield* complain(run, `ar: ${path}: file format not recognized`);
      return undefined;
    }
    const bytes = yield* sys.readPath(p, path);
    const name = flags.has("P") ? path : baseName(path);
    const mtime = Math.floor((p.machine.kernel.epochMs * 1000 + node.mtime) / 1e6);
    // Without U archives come out alike whoever makes them, and whenever.
    if (!flags.has("U")) return { name, mtime: 0, uid: 0, gid: 0, mode: 0o644, bytes, at: 0 };
    return { name, mtime, uid: node.uid, gid: node.gid, mode: 0o100000 | node.mode, bytes, at: 0 };
  } catch (error) {
    if (!isErrno(error)) throw error;
    yield* complain(run, `ar: ${path}: ${error.message}`);
    return undefined;
  }
}

function store(run: Run): void {
  sys.writeText(run.p, run.archive, pack(run.members));
}

/** Members that are named, or all; what is missing is told. */
function* chosen(run: Run, names: readonly string[], count: number): Gen<Member[]> {
  if (names.length === 0) return run.members;
  const out: Member[] = [];
  for (const name of names) {
    const found = run.members.filter((one) => one.name === baseName(name))[count - 1];
    if (found !== undefined) out.push(found);
    else {
      yield* run.out.flush();
      yield* sys.printError(run.p, `no entry ${name} in archive\n`);
    }
  }
  return out;
}

function* show(run: Run, operation: string, names: readonly string[], count: number): Gen<void> {
  const { p, out, flags } = run;
  const verbose = flags.has("v");
  for (const one of yield* chosen(run, names, count)) {
    yield* cpu(5);
    if (operation === "t") {
      const mode = modeString({ kind: "file", mode: one.mode & 0o7777 }).slice(1);
      const time = strftime("%b %e %H:%M %Y", localZone(p).calendar(one.mtime));
      const size = String(one.bytes.length).padStart(6);
      const line = verbose ? `${mode} ${one.uid}/${one.gid} ${size} ${time} ${one.name}` : one.name;
      out.add(`${line}${flags.has("O") ? ` 0x${one.at.toString(16)}` : ""}\n`);
    } else if (operation === "p") {
      if (verbose) out.add(`\n<${one.name}>\n\n`);
      yield* out.bytes(one.bytes);
    } else {
      if (verbose) out.add(`x - ${one.name}\n`);
      const path = run.folder + one.name;
      sys.writeText(p, path, one.bytes.slice());
      const node = sys.stat(p, path);
      node.mode = one.mode & 0o777;
      if (flags.has("o")) node.mtime = one.mtime * 1e6 - p.machine.kernel.epochMs * 1000;
    }
  }
}

/** Where members go: behind or before the one that a or b names, or to the end. */
function placeOf(run: Run, beside: string | undefined): number {
  const at = beside === undefined ? -1 : run.members.findIndex(({ name }) => name === baseName(beside));
  return at < 0 ? run.members.length : run.flags.has("a") ? at + 1 : at;
}

function* change(run: Run, operation: string, names: readonly string[], beside: string | undefined): Gen<void> {
  const { out, flags } = run;
  const verbose = (letter: string, name: string) => {
    if (flags.has("v")) out.add(`${letter} - ${name}\n`);
  };
  for (const name of names) {
    yield* cpu(5);
    const at = run.members.findIndex((one) => one.name === baseName(name));
    if (operation === "d" || operation === "m") {
      if (at < 0 && operation === "m") {
        yield* complain(run, `ar: no entry ${name} in archive ${run.archive}!`);
        return;
      }
      if (at < 0) {
        if (flags.has("v")) out.add(`No member named \`${name}'\n`);
        continue;
      }
      const [one] = run.members.splice(at, 1);
      verbose(operation, one!.name);
      if (operation === "m") run.members.splice(placeOf(run, beside), 0, one!);
      continue;
    }
    const one = yield* memberOf(run, name);
    if (one === undefined) return;
    if (operation === "q" || at < 0) {
      run.members.splice(operation === "q" ? run.members.length : placeOf(run, beside), 0, one);
      verbose("a", name);
    } else if (!(flags.has("u") && flags.has("U") && run.members[at]!.mtime >= one.mtime)) {
      run.members.splice(at, 1);
      run.members.splice(beside === undefined ? at : placeOf(run, beside), 0, one);
      verbose("r", name);
    }
  }
  store(run);
}

export const ar: Program = function* (p) {
  const words = p.argv.slice(1);
  const out = new Output(p);
  let folder = "";
  const letters: string[] = [];
  const rest: string[] = [];
  for (const [i, word] of words.entries()) {
    if (word === "--version" || word === "-V") {
      out.add("GNU ar (GNU Binutils for Debian) 2.40\n");
      yield* out.flush();
      return 0;
    }
    if (word === "--help" || word === "-h") {
      out.add(USAGE);
      yield* out.flush();
      return 0;
    }
    if (word === "--output") folder = `${words[i + 1] ?? "."}/`;
    else if (word.startsWith("--output=")) folder = `${word.slice(9)}/`;
    else if (words[i - 1] === "--output") continue;
    else if (word.startsWith("-") && word.length > 1) letters.push(...word.slice(1));
    else if (letters.length === 0 && i === 0) letters.push(...word);
    else rest.push(word);
  }
  const unknown = letters.find((letter) => !"dmpqrstxabcDfilMNoOPsSTuvVU".includes(letter));
  const operations = [...new Set(letters.filter((letter) => "dmpqrtx".includes(letter)))];
  if (operations.length > 1) {
    yield* sys.printError(p, "ar: two different operation options specified\n");
    return 1;
  }
  const operation = operations[0] ?? (letters.includes("s") ? "s" : undefined);
  const flags = new Set(letters);
  const besides = flags.has("a") || flags.has("b") || flags.has("i");
  const beside = besides && (operation === "r" || operation === "m") ? rest.shift() : undefined;
  const count = flags.has("N") && rest.length > 0 ? Number(rest.shift()) : 1;
  const archive = rest.shift();
  if (unknown !== undefined || operation === undefined || archive === undefined) {
    yield* sys.printError(p, `${unknown === undefined ? "" : `ar: invalid option -- '${unknown}'\n`}${USAGE}`);
    return 1;
  }
  const run: Run = { p, out, flags, archive, members: [], status: 0, folder };
  if (flags.has("u") && operation === "r" && !flags.has("U"))
    yield* sys.printError(p, "ar: `u' modifier ignored since `D' is the default (see `U')\n");
  const changes = "dmqr".includes(operation);
  try {
    const fresh = sys.find(p, archive) === undefined && changes;
    if (fresh && !flags.has("c")) yield* sys.printError(p, `ar: creating ${archive}\n`);
    const members = fresh ? [] : unpack(yield* sys.readPath(p, archive));
    if (members === undefined) {
      yield* sys.printError(p, `ar: ${archive}: file format not recognized\n`);
      return 1;
    }
    run.members = members;
    if (changes) yield* change(run, operation, rest, beside);
    else if (operation !== "s") yield* show(run, operation, rest, count);
  } catch (error) {
    if (!isErrno(error)) throw error;
    yield* complain(run, `ar: ${archive}: ${error.message}`);
    if (error.code === "ENOENT") run.status = 9;
  }
  yield* out.flush();
  return run.status;
};
