/** zip(1) of Info-ZIP: making archives, and adding, changing and taking away their members. */
import { call, decode, encode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Inode } from "../../machine/inode.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { localZone } from "../../machine/zone.ts";
import { globRegex } from "../../text/glob.ts";
import type { Regex } from "../../text/regex/index.ts";
import { packBytes, packZip, unpackZip, type ZipMember } from "../../text/zip-format.ts";
import { inSteps, readWhole } from "../io.ts";
import { OptionError, parseOptions } from "../options.ts";
import { linesOf } from "./input.ts";

class ZipError extends Error {
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

interface How {
  recursive: boolean;
  junk: boolean;
  links: boolean;
  level: number;
  dirs: boolean;
  include: readonly Regex[];
  exclude: readonly Regex[];
}

const LONG =
  "recurse-paths=r junk-paths=j update=u freshen=f move=m delete=d quiet=q verbose=v symlinks=y no-dir-entries=D test=T exclude:=x include:=i store=0 compress-1=1 compress-9=9 show-files=sf no-extra=X grow=g";

export const zip: Program = function* (p) {
  try {
    return yield* run(p);
  } catch (error) {
    if (!(error instanceof ZipError)) throw error;
    yield* sys.print(p, `\nzip error: ${error.message}\n`);
    return error.status;
  }
};

/** Lists after -x and -i go on to the next option, or to a lone `@`. */
function lists(args: readonly string[]): { rest: string[]; include: string[]; exclude: string[] } {
  const out = { rest: [] as string[], include: [] as string[], exclude: [] as string[] };
  let list: string[] | undefined;
  for (const arg of args) {
    const match = /^-([xi])(.*)$/s.exec(arg);
    if (match !== null) {
      list = match[1] === "x" ? out.exclude : out.include;
      if (match[2] !== "") list.push(match[2]!);
    } else if (arg === "@") list = undefined;
    else if (arg.startsWith("-") && arg !== "-") {
      list = undefined;
      out.rest.push(arg);
    } else (list ?? out.rest).push(arg);
  }
  return out;
}

function* run(p: Process): Gen<number> {
  const { rest, include, exclude } = lists(p.argv.slice(1));
  let o: ReturnType<typeof parseOptions>;
  try {
    o = parseOptions(
      rest.map((arg) => (arg === "-sf" ? "--show-files" : arg)),
      { short: "0123456789djfFgmqruvyDTXhb:t:n:P:o@", long: LONG },
    );
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    const letter = /'(.)'$/.exec(error.message)?.[1] ?? "";
    const name = /'--([\w-]+)/.exec(error.message)?.[1];
    throw new ZipError(
      `Invalid command arguments (${name === undefined ? `short option '${letter}'` : `long option '${name}'`} not supported)`,
      16,
    );
  }
  if (o.has("h", "help", "version") || (p.argv.length === 1 && p.fds.get(1)?.tty !== undefined)) {
    yield* sys.print(p, `Usage:\nzip [-options] [-b path] [-t mmddyyyy] [-n suffixes] [zipfile list] [-xi list]\n`);
    return 0;
  }
  const [archive = "-", ...operands] = o.operands;
  const toOutput = archive === "-";
  const path = toOutput || archive.slice(archive.lastIndexOf("/") + 1).includes(".") ? archive : `${archive}.zip`;
  const say = function* (text: string) {
    if (o.has("q")) return;
    if (toOutput) yield* sys.printError(p, text);
    else yield* sys.print(p, text);
  };
  const old = toOutput || sys.find(p, path) === undefined ? undefined : unpackZip(sys.readBytes(p, path));
  const shown = path;
  if (o.has("sf")) {
    const total = (old ?? []).reduce((sum, { size }) => sum + size, 0);
    yield* say(
      `Archive contains:\n${(old ?? []).map(({ name }) => `  ${name}\n`).join("")}Total ${old?.length ?? 0} entries (${total} bytes)\n`,
    );
    return 0;
  }
  const members = new Map((old ?? []).map((member) => [member.name, member]));
  if (o.has("d")) return yield* removeMembers(p, path, members, operands, say);
  if (o.has("T") && operands.length === 0) {
    if (old === undefined) throw new ZipError(`Nothing to do! (${shown})`, 12);
    yield* say(`test of ${shown} OK\n`);
    return 0;
  }
  const how: How = {
    recursive: o.has("r"),
    junk: o.has("j"),
    links: o.has("y"),
    level: Number(o.list.findLast(({ key }) => /^\d$/.test(key))?.key ?? 6),
    dirs: !o.has("D", "j"),
    include: include.map((one) => globRegex(one)),
    exclude: exclude.map((one) => globRegex(one)),
  };
  const names = o.has("@") ? [...operands, ...linesOf(decode(yield* readWhole(p, 0)))] : operands;
  if (o.has("f") && names.length === 0) names.push(...members.keys());
  const taken: { name: string; path: string }[] = [];
  let changed = 0;
  let known = 0;
  for (const name of names) {
    const added = yield* addTree(p, name, how, members, o.has("u"), o.has("f"), say, taken);
    if (added === undefined) yield* say(`\tzip warning: name not matched: ${name}\n`);
    else {
      known++;
      changed += added;
    }
  }
  if (known === 0 && !o.has("f")) throw new ZipError(`Nothing to do! (${shown})`, 12);
  if (changed === 0) return o.has("u", "f") ? 12 : known === 0 ? 12 : 0;
  const bytes = packZip([...members.values()]);
  if (toOutput) yield* sys.write(p, 1, bytes);
  else {
    try {
      sys.writeText(p, path, bytes);
    } catch (error) {
      if (!isErrno(error)) throw error;
      throw new ZipError(`Could not create output file (${shown})`, 15);
    }
  }
  if (o.has("m"))
    for (const one of taken.reverse()) {
      if (sys.stat(p, one.path, false).kind !== "dir") sys.unlink(p, one.path);
      else if (sys.readDir(p, one.path).size === 0) sys.rmdir(p, one.path);
    }
  return 0;
}

type Say = (text: string) => Gen<void>;

/** Adds a file, or with -r what lies below it; how many, or undefined where there is no such file. */
function* addTree(
  p: Process,
  operand: string,
  how: How,
  members: Map<string, ZipMember>,
  update: boolean,
  freshen: boolean,
  say: Say,
  taken: { name: string; path: string }[],
): Gen<number | undefined> {
  if (operand === "-") {
    const bytes = yield* readWhole(p, 0);
    return yield* add(p, "-", undefined, bytes, how, members, say);
  }
  const node = sys.find(p, operand, !how.links);
  if (node === undefined) return undefined;
  let name = operand.replace(/^(\.?\/+)+/, "").replace(/\/+$/, "");
  if (how.junk) name = name.slice(name.lastIndexOf("/") + 1);
  let count = 0;
  if (node.kind === "dir") {
    if (how.dirs && name !== "" && name !== ".")
      count += yield* judged(p, `${name}/`, node, new Uint8Array(0), how, members, update, freshen, say);
    taken.push({ name, path: operand });
    if (!how.recursive) return count;
    for (const child of [...sys.readDir(p, operand).keys()].sort())
      count +=
        (yield* call(
          addTree(p, `${operand.replace(/\/+$/, "")}/${child}`, how, members, update, freshen, say, taken),
        )) ?? 0;
    return count;
  }
  if (node.kind !== "file" && node.kind !== "symlink") return count;
  const bytes = node.kind === "symlink" ? encode(node.target) : sys.readBytes(p, operand);
  count += yield* judged(p, name, node, bytes, how, members, update, freshen, say);
  taken.push({ name, path: operand });
  return count;
}

/** Adds a member unless the lists or its age speak against it. */
function* judged(
  p: Process,
  name: string,
  node: Inode,
  bytes: Uint8Array,
  how: How,
  members: Map<string, ZipMember>,
  update: boolean,
  freshen: boolean,
  say: Say,
): Gen<number> {
  if (how.exclude.some((pattern) => pattern.test(name))) return 0;
  if (how.include.length > 0 && !how.include.some((pattern) => pattern.test(name))) return 0;
  const there = members.get(name);
  if (freshen && there === undefined) return 0;
  const seconds = Math.floor((p.machine.kernel.epochMs * 1000 + node.mtime) / 1e6);
  if ((update || freshen) && there !== undefined && seconds <= there.mtime) return 0;
  return yield* add(p, name, node, bytes, how, members, say, freshen);
}

function* add(
  p: Process,
  name: string,
  node: Inode | undefined,
  bytes: Uint8Array,
  how: How,
  members: Map<string, ZipMember>,
  say: Say,
  freshened = false,
): Gen<number> {
  const { kernel } = p.machine;
  const mtime = Math.floor((kernel.epochMs * 1000 + (node?.mtime ?? kernel.now)) / 1e6);
  const time = localZone(p).calendar(mtime);
  const packed = yield* inSteps(packBytes(bytes, how.level), 4);
  const kind = node?.kind === "dir" ? 0o040000 : node?.kind === "symlink" ? 0o120000 : 0o100000;
  const there = members.has(name);
  members.set(name, {
    name,
    mode: kind | (node?.mode ?? 0o600),
    uid: node?.uid ?? p.cred.uid,
    gid: node?.gid ?? p.cred.gid,
    mtime,
    when: {
      year: time.year,
      month: time.month,
      day: time.day,
      hour: time.hour,
      minute: time.minute,
      second: time.second,
    },
    ...packed,
    text: bytes.length > 0 && !bytes.includes(0),
  });
  const share = packed.method === 0 ? 0 : percent(packed.packed.length, packed.size);
  const verb = freshened ? "freshening" : there ? "updating" : "  adding";
  yield* say(`${verb}: ${name} (${packed.method === 8 ? "deflated" : "stored"} ${share}%)\n`);
  return 1;
}

/** How much smaller it became, in percent, rounded. */
export function percent(packed: number, size: number): number {
  return size === 0 ? 0 : Math.round(((size - packed) * 100) / size);
}

function* removeMembers(
  p: Process,
  path: string,
  members: Map<string, ZipMember>,
  patterns: readonly string[],
  say: Say,
): Gen<number> {
  let count = 0;
  for (const pattern of patterns) {
    const regex = globRegex(pattern);
    const found = [...members.keys()].filter((name) => regex.test(name));
    if (found.length === 0) yield* say(`\tzip warning: name not matched: ${pattern}\n`);
    for (const name of found) {
      yield* say(`deleting: ${name}\n`);
      members.delete(name);
      count++;
    }
  }
  if (count === 0) throw new ZipError(`Nothing to do! (${path})`, 12);
  if (members.size === 0) {
    yield* say("\tzip warning: zip file empty\n");
    sys.unlink(p, path);
  } else sys.writeText(p, path, packZip([...members.values()]));
  return 0;
}
