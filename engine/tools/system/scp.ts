import { concat, decode, encode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import { SinkFile } from "../../machine/login.ts";
import type { OpenFile } from "../../machine/open-file.ts";
import { exitCode, type Process, type Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { OptionError, type ParsedOptions, parseOptions } from "../options.ts";
import { ssh } from "./ssh.ts";

const USAGE = `usage: scp [-346ABCOpqRrsTv] [-c cipher] [-D sftp_server_path] [-F ssh_config]
           [-i identity_file] [-J destination] [-l limit]
           [-o ssh_option] [-P port] [-S program] source ... target
`;

interface Place {
  remote: string | undefined;
  path: string;
}

function place(text: string): Place {
  const match = /^([^/:]+):(.*)$/.exec(text);
  return match ? { remote: match[1], path: match[2] === "" ? "." : match[2]! } : { remote: undefined, path: text };
}

/** scp(1): copies files to or from another machine, over ssh and the tools there. */
export const scp: Program = function* (p) {
  let o: ParsedOptions;
  try {
    o = parseOptions(p.argv.slice(1), { short: "346ABCOpqRrsTvc:D:F:i:J:l:o:P:S:", standard: false });
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    yield* sys.printError(
      p,
      `${error.message.replace(/^invalid option -- '(.)'$/, "scp: unknown option -- $1")}\n${USAGE}`,
    );
    return 1;
  }
  if (o.operands.length < 2) {
    yield* sys.printError(p, USAGE);
    return 1;
  }
  const target = place(o.operands.at(-1)!);
  let status = 0;
  for (const source of o.operands.slice(0, -1).map(place)) {
    const ok = yield* copy(p, o, source, target);
    if (!ok) status = 1;
  }
  return status;
};

function* copy(p: Process, o: ParsedOptions, source: Place, target: Place): Gen<boolean> {
  const bytes =
    source.remote === undefined
      ? yield* readLocal(p, o, source.path)
      : yield* remote(p, o, source.remote, `cat -- ${quoted(source.path)}`, undefined, source.path);
  if (bytes === undefined) return false;
  const name = source.path.replace(/\/+$/, "").split("/").at(-1)!;
  if (target.remote === undefined) return yield* writeLocal(p, target.path, name, bytes);
  const where = quoted(target.path);
  const inside = quoted(`${target.path.replace(/\/+$/, "")}/${name}`);
  const done = yield* remote(
    p,
    o,
    target.remote,
    `if [ -d ${where} ]; then cat > ${inside}; else cat > ${where}; fi`,
    bytes,
    target.path,
  );
  if (done !== undefined && p.fds.get(1)?.tty) yield* sys.print(p, meter(name, bytes.length));
  return done !== undefined;
}

function meter(name: string, size: number): string {
  return `${name.slice(0, 40).padEnd(40)} ${"100%"} ${String(size).padStart(5)}   ${"1.1MB/s".padStart(9)}   00:00    \n`;
}

function* readLocal(p: Process, o: ParsedOptions, path: string): Gen<Uint8Array | undefined> {
  try {
    const node = sys.stat(p, path);
    if (node.kind === "dir") {
      yield* sys.printError(
        p,
        o.has("r")
          ? `scp: ${path}: copying directories is not supported here\n`
          : `scp: local "${path}" is not a regular file\nscp: failed to upload file ${path} to ${o.operands.at(-1)!.replace(/^[^:]*:/, "")}\n`,
      );
      return undefined;
    }
    return sys.readBytes(p, path);
  } catch (error) {
    if (!isErrno(error)) throw error;
    yield* sys.printError(p, `scp: stat local "${path}": ${error.message}\n`);
    return undefined;
  }
}

function* writeLocal(p: Process, path: string, name: string, bytes: Uint8Array): Gen<boolean> {
  const full = sys.find(p, path)?.kind === "dir" ? `${path.replace(/\/+$/, "")}/${name}` : path;
  try {
    sys.writeText(p, full, bytes);
  } catch (error) {
    if (!isErrno(error)) throw error;
    yield* sys.printError(p, `scp: open local "${full}": ${error.message}\n`);
    return false;
  }
  if (p.fds.get(1)?.tty) yield* sys.print(p, meter(name, bytes.length));
  return true;
}

function quoted(path: string): string {
  const plain = path.startsWith("~/") ? path.slice(2) : path;
  return `'${plain.split("'").join("'\\''")}'`;
}

/** Runs a command there with ssh; gives what it printed, or undefined after a failure that was reported. */
function* remote(
  p: Process,
  o: ParsedOptions,
  host: string,
  command: string,
  input: Uint8Array | undefined,
  path: string,
): Gen<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let complaint = "";
  const [read, write] = sys.pipe();
  write.refs++;
  if (input !== undefined) write.pipe.push(input);
  write.pipe.closeWriter();
  const options = [...o.values("o").flatMap((value) => ["-o", value]), ...(o.has("P") ? ["-p", o.value("P")!] : [])];
  const child = sys.fork(p, ssh, {
    argv: ["ssh", ...options, host, command],
    fds: new Map<number, OpenFile>([
      [0, read],
      [1, new SinkFile((bytes) => chunks.push(bytes.slice()))],
      [2, new SinkFile((bytes) => (complaint += decode(bytes)))],
    ]),
  });
  child.comm = "ssh";
  const waited = yield* sys.waitFor(p, child);
  const code = exitCode(waited!.status);
  if (code === 0) return concat(chunks);
  if (code === 255) yield* sys.write(p, 2, encode(`${complaint}scp: Connection closed\r\n`));
  else
    yield* sys.printError(
      p,
      `scp: ${complaint.trim().replace(/^[^:]*: (line \d+: )?(cat: )?/, "") || `${path}: Failure`}\n`,
    );
  return undefined;
}
