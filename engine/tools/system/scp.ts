import { concat, decode, encode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Inode } from "../../machine/inode.ts";
import { SinkFile } from "../../machine/login.ts";
import type { OpenFile } from "../../machine/open-file.ts";
import { exitCode, type Process, type Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { endOfArchive, packMember, type TarMember, unpackMembers } from "../../text/tar-format.ts";
import { OptionError, type ParsedOptions, parseOptions } from "../options.ts";
import { ssh } from "./ssh.ts";

const USAGE = `usage: scp [-346ABCOpqRrsTv] [-c cipher] [-D sftp_server_path] [-F ssh_config]
           [-i identity_file] [-J destination] [-l limit] [-o ssh_option]
           [-P port] [-S program] [-X sftp_option] source ... target
`;

interface Place {
  remote: string | undefined;
  path: string;
}

function place(text: string): Place {
  const url = /^scp:\/\/([^/]+)\/?(.*)$/.exec(text);
  const match = url ?? /^([^/:]+):(.*)$/.exec(text);
  return match ? { remote: match[1], path: match[2] === "" ? "." : match[2]! } : { remote: undefined, path: text };
}

/**
 * scp(1): copies files and, with -r, directories to or from another machine. What travels is an archive that the tar of
 * the other side packs or unpacks, over ssh; the files keep their modes.
 */
export const scp: Program = function* (p) {
  let o: ParsedOptions;
  try {
    o = parseOptions(p.argv.slice(1), { short: "346ABCOpqRrsTvc:D:F:i:J:l:o:P:S:X:", standard: false });
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    yield* sys.printError(
      p,
      `${error.message.replace(/^invalid option -- '(.)'$/, "scp: unknown option -- $1").replace(/^option requires an argument -- '(.)'$/, "scp: option requires an argument -- $1")}\n${USAGE}`,
    );
    return 1;
  }
  if (o.operands.length < 2) {
    yield* sys.printError(p, USAGE);
    return 1;
  }
  const target = place(o.operands.at(-1)!);
  const many = o.operands.length > 2 && target.remote === undefined;
  if (many && sys.find(p, target.path)?.kind !== "dir") {
    const why = sys.find(p, target.path) === undefined ? "No such file or directory" : "Not a directory";
    yield* sys.printError(p, `${target.path}: ${why}\n`);
    return 1;
  }
  let status = 0;
  for (const source of o.operands.slice(0, -1).map(place)) {
    if (source.remote === undefined && target.remote === undefined) {
      if (!(yield* copied(p, o, source.path, target.path))) status = 1;
      continue;
    }
    const found: Read | undefined = yield* source.remote === undefined
      ? readLocal(p, o, source.path, target)
      : readRemote(p, o, source.remote, source.path);
    if (found === undefined) {
      status = 1;
      continue;
    }
    const done = yield* target.remote === undefined
      ? writeLocal(p, o, target.path, found.tree)
      : writeRemote(p, o, target.remote, target.path, found.tree);
    if (!done || !found.whole) status = 1;
  }
  return status;
};

/** A copy on this machine, which is cp's work. */
function* copied(p: Process, o: ParsedOptions, from: string, to: string): Gen<boolean> {
  const argv = ["cp", ...(o.has("r") ? ["-r"] : []), ...(o.has("p") ? ["-p"] : []), "--", from, to];
  const child = yield* sys.spawn(p, "/bin/cp", { argv });
  return exitCode((yield* sys.waitFor(p, child))!.status) === 0;
}

/** Files below a name of one part: `d`, `d/f`. */
type Tree = TarMember[];

/** What could be read, and whether that was all. */
interface Read {
  tree: Tree;
  whole: boolean;
}

const baseName = (path: string) => path.replace(/\/+$/, "").split("/").at(-1)!;

function meter(name: string, size: number): string {
  return `${name.slice(0, 40).padEnd(40)} ${"100%"} ${String(size).padStart(5)}   ${"1.1MB/s".padStart(9)}   00:00    \n`;
}

function* readLocal(p: Process, o: ParsedOptions, path: string, target: Place): Gen<Read | undefined> {
  const tree: Tree = [];
  const seconds = (node: Inode) => Math.floor((p.machine.kernel.epochMs * 1000 + node.mtime) / 1e6);
  const add = (at: string, name: string): void => {
    const node = sys.stat(p, at);
    if (node.kind !== "dir" && node.kind !== "file") return;
    const isFile = node.kind === "file";
    const member = { name, kind: isFile ? "file" : "dir", mode: node.mode & 0o777, mtime: seconds(node) } as const;
    const bytes = isFile ? sys.readBytes(p, at) : new Uint8Array(0);
    tree.push({ ...member, uid: 0, gid: 0, user: "", group: "", target: "", bytes });
    if (!isFile) for (const child of sys.readDir(p, at).keys()) add(`${at}/${child}`, `${name}/${child}`);
  };
  try {
    if (sys.stat(p, path).kind === "dir" && !o.has("r")) {
      yield* sys.printError(p, `scp: local "${path}" is not a regular file\n`);
      if (target.remote !== undefined)
        yield* sys.printError(p, `scp: failed to upload file ${path} to ${target.path}\n`);
      return undefined;
    }
    const name = baseName(path);
    add(path.replace(/(.)\/+$/, "$1"), name === "." ? baseName(p.cwd) : name);
    return { tree, whole: true };
  } catch (error) {
    if (!isErrno(error)) throw error;
    yield* sys.printError(p, `scp: stat local "${path}": ${error.message}\n`);
    return undefined;
  }
}

/** The path may be a pattern, which the other side's shell expands. */
function* readRemote(p: Process, o: ParsedOptions, host: string, path: string): Gen<Read | undefined> {
  const plain = quoted(path);
  const pattern = /[*?[]/.test(path) ? plain.replace(/[*?[\]]+/g, "'$&'") : plain;
  const script = `set -- ${pattern}
for f; do
  [ -e "$f" ] || { echo "scp: $f: No such file or directory" >&2; exit 1; }
  ${o.has("r") ? "" : '[ -d "$f" ] && { echo "scp: download ${f%/}/: not a regular file" >&2; r=1; continue; }'}
  [ -r "$f" ] || { echo "scp: remote open \\"$f\\": Permission denied" >&2; r=1; continue; }
  d=$(dirname -- "$f") b=$(basename -- "$f")
  tar -C "$d" -chf - -- "$b"
done
exit $r`;
  const got = yield* remote(p, o, host, script, undefined);
  if (got === undefined) return undefined;
  const tree = unpackAll(got.bytes);
  if (got.code !== 0) yield* sys.write(p, 2, encode(got.complaint));
  return { tree, whole: got.code === 0 };
}

/** Members of archives one behind the other. */
function unpackAll(bytes: Uint8Array): Tree {
  const tree: Tree = [];
  for (let at = 0; at + 1024 <= bytes.length; ) {
    let end = at;
    // An archive ends with two blocks of zeros; what fills its last record is skipped.
    while (end + 512 <= bytes.length && bytes[end] !== 0) {
      const size = Number.parseInt(decode(bytes.subarray(end + 124, end + 135)).trim(), 8) || 0;
      end += 512 + Math.ceil(size / 512) * 512;
    }
    if (end > at) tree.push(...(unpackMembers(bytes.subarray(at, end + 1024)) ?? []));
    while (end + 512 <= bytes.length && bytes[end] === 0) end += 512;
    if (end === at) break;
    at = end;
  }
  return tree.map((member) => ({ ...member, name: member.name.replace(/\/+$/, "") }));
}

function* writeLocal(p: Process, o: ParsedOptions, path: string, tree: Tree): Gen<boolean> {
  const tops = tree.filter(({ name }) => !name.includes("/"));
  const isDir = sys.find(p, path)?.kind === "dir";
  if (!isDir && tops.length > 1) {
    yield* sys.printError(p, `scp: ${path}: Not a directory\n`);
    return false;
  }
  let whole = true;
  for (const member of tree) {
    const under = member.name.split("/").slice(1).join("/");
    const full = isDir ? `${path.replace(/\/+$/, "")}/${member.name}` : under === "" ? path : `${path}/${under}`;
    try {
      const before = sys.find(p, full);
      if (member.kind === "dir") {
        if (before?.kind !== "dir") sys.mkdir(p, full, member.mode & ~p.umask);
      } else {
        sys.writeText(p, full, member.bytes.slice());
        if (before === undefined || o.has("p"))
          sys.stat(p, full).mode = o.has("p") ? member.mode : member.mode & ~p.umask;
      }
      if (o.has("p")) sys.stat(p, full).mtime = member.mtime * 1e6 - p.machine.kernel.epochMs * 1000;
      if (p.fds.get(1)?.tty && member.kind === "file" && !o.has("q"))
        yield* sys.print(p, meter(baseName(member.name), member.bytes.length));
    } catch (error) {
      if (!isErrno(error)) throw error;
      yield* sys.printError(p, `scp: open local "${full}": ${error.message}\n`);
      whole = false;
    }
  }
  return whole;
}

function* writeRemote(p: Process, o: ParsedOptions, host: string, path: string, tree: Tree): Gen<boolean> {
  const [first] = tree;
  if (first === undefined) return true;
  const target = quoted(path);
  let script: string;
  let input: Uint8Array;
  if (first.kind === "file" && tree.length === 1) {
    const mode = (o.has("p") ? first.mode : first.mode & 0o777).toString(8);
    const keep = o.has("p")
      ? `chmod ${mode} "$f"; touch -d @${first.mtime} "$f"`
      : `[ $old = 0 ] || chmod $(printf %o $((0${mode} & ~0$(umask)))) "$f"`;
    script = `f=${target}; [ -d "$f" ] && f="\${f%/}"/${quoted(first.name)}
[ -e "$f" ]; old=$?
e=$( { cat > "$f"; } 2>&1 ) || { echo "scp: dest open \\"$f\\": \${e##*: }" >&2; echo ${quoted(`scp: failed to upload file ${first.name} to ${path}`)} >&2; exit 1; }
${keep}`;
    input = first.bytes;
  } else {
    const members = tree.map((member) => packMember({ ...member, name: `@${member.name.slice(first.name.length)}` }));
    input = concat([...members, endOfArchive(members.reduce((sum, { length }) => sum + length, 0))]);
    const named = (name: string) => quoted(`s,^@,${name.replace(/[\\&,]/g, "\\$&")},`);
    const keep = o.has("p") ? "-p" : "";
    script = `t=${target}
if [ -d "$t" ]; then cd "$t" && tar ${keep} --no-same-owner --transform ${named(first.name)} -xf -
else cd "$(dirname -- "$t")" && tar ${keep} --no-same-owner --transform ${named(baseName(path))} -xf -; fi 2>/dev/null || { echo ${quoted(`scp: remote mkdir "${path}": No such file or directory`)} >&2; exit 1; }`;
  }
  const got = yield* remote(p, o, host, script, input);
  if (got === undefined) return false;
  if (got.code !== 0) {
    yield* sys.write(p, 2, encode(got.complaint));
    return false;
  }
  if (p.fds.get(1)?.tty && !o.has("q"))
    for (const { name, kind, bytes } of tree)
      if (kind === "file") yield* sys.print(p, meter(baseName(name), bytes.length));
  return true;
}

function quoted(path: string): string {
  const plain = path.startsWith("~/") ? path.slice(2) : path;
  return `'${plain.split("'").join("'\\''")}'`;
}

/** Runs a script there with ssh; undefined after a connection that failed, which was told. */
function* remote(
  p: Process,
  o: ParsedOptions,
  host: string,
  script: string,
  input: Uint8Array | undefined,
): Gen<{ bytes: Uint8Array; code: number; complaint: string } | undefined> {
  const chunks: Uint8Array[] = [];
  let complaint = "";
  const [read, write] = sys.pipe();
  write.refs++;
  if (input !== undefined) write.pipe.push(input);
  write.pipe.closeWriter();
  const pass = ["o", "i", "F", "J"].flatMap((key) => o.values(key).flatMap((value) => [`-${key}`, value]));
  const port = o.value("P");
  const child = sys.fork(p, ssh, {
    argv: ["ssh", ...pass, ...(port === undefined ? [] : ["-p", port]), host, script],
    fds: new Map<number, OpenFile>([
      [0, read],
      [1, new SinkFile((bytes) => chunks.push(bytes.slice()))],
      [2, new SinkFile((bytes) => (complaint += decode(bytes)))],
    ]),
  });
  child.comm = "ssh";
  const waited = yield* sys.waitFor(p, child);
  const code = exitCode(waited!.status);
  if (code === 255) {
    yield* sys.write(p, 2, encode(`${complaint}scp: Connection closed\r\n`));
    return undefined;
  }
  return { bytes: concat(chunks), code, complaint };
}
