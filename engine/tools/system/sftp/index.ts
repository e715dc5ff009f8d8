/** sftp(1) of OpenSSH: files of another machine, by commands that are typed or stand in a file (-b). */
import { type Gen, WaitQueue, wait } from "../../../kernel/index.ts";
import { isErrno } from "../../../machine/errno.ts";
import type { OpenFile } from "../../../machine/open-file.ts";
import type { Process, Program } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import { LineReader } from "../../io.ts";
import { OptionError, type ParsedOptions, parseOptions } from "../../options.ts";
import { sshThrough } from "../ssh.ts";
import { throughChannel } from "../ssh-forward.ts";
import { runCommand } from "./commands.ts";
import { absolute, isDirectory, reason, type Sftp, SftpError } from "./session.ts";
import { get } from "./transfer.ts";

const USAGE = `usage: sftp [-46AaCfNpqrv] [-B buffer_size] [-b batchfile] [-c cipher]
          [-D sftp_server_command] [-F ssh_config] [-i identity_file]
          [-J destination] [-l limit] [-o ssh_option] [-P port]
          [-R num_requests] [-S program] [-s subsystem | sftp_server]
          [-X sftp_option] destination
`;

export const sftp: Program = function* (p) {
  let o: ParsedOptions;
  try {
    o = parseOptions(p.argv.slice(1), { short: "+46AaCfNpqrvB:b:c:D:F:i:J:l:o:P:R:S:s:X:h", standard: false });
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    yield* sys.printError(
      p,
      `${error.message.replace(/^invalid option -- '(.)'$/, "unknown option -- $1")}\r\n${USAGE}`,
    );
    return 1;
  }
  const [where, ...more] = o.operands;
  if ((where === undefined && !o.has("D")) || more.length > 0) {
    yield* sys.printError(p, USAGE);
    return 1;
  }
  const batch = yield* batchOf(p, o);
  if (batch === "failed") return 255;
  const url = /^sftp:\/\/((?:[^@/]*@)?[^/:]+)(?::(\d+))?\/?(.*)$/.exec(where ?? "");
  const [, host = "", path = ""] = url
    ? ["", url[1]!, url[3]!]
    : (/^(\[.*?\]|[^:]*)(?::(.*))?$/.exec(where ?? "") ?? []);
  const opened = o.has("D") ? { far: local(p), close: () => {} } : yield* connect(p, o, host, url?.[2]);
  if (opened === undefined) {
    yield* sys.printError(p, "Connection closed\r\n");
    return 255;
  }
  const quiet = batch !== undefined || o.has("q");
  const { far } = opened;
  const tty = p.fds.get(1)?.tty !== undefined;
  const s: Sftp = { p, far, cwd: far.cwd, tells: !quiet, meter: !quiet && tty, failed: false };
  try {
    if (!quiet)
      yield* sys.printError(
        p,
        o.has("D") ? `Attached to ${o.value("D")}.\n` : `Connected to ${host.replace(/^.*@/, "")}.\n`,
      );
    if (path !== "") {
      const target = absolute(s.cwd, path);
      if (!isDirectory(far, target)) {
        yield* get(s, path, undefined, { recursive: o.has("r"), preserve: o.has("p") });
        return s.failed ? 1 : 0;
      }
      s.cwd = target;
      yield* sys.print(p, `Changing to: ${target}\n`);
    }
    return yield* converse(s, batch ?? 0, batch !== undefined);
  } catch (error) {
    if (!(error instanceof SftpError)) throw error;
    yield* sys.printError(p, `${error.message}\r\n`);
    return 1;
  } finally {
    opened.close();
  }
};

/** The descriptor of a batch; undefined without -b. */
function* batchOf(p: Process, o: ParsedOptions): Gen<number | undefined | "failed"> {
  const file = o.value("b");
  if (file === undefined) return undefined;
  if (file === "-") return 0;
  try {
    return sys.open(p, file);
  } catch (error) {
    if (!isErrno(error)) throw error;
    yield* sys.printError(p, `${error.message} (${file}).\r\n`);
    return "failed";
  }
}

/** -D: a server on this machine, as who asks. */
function local(p: Process): Process {
  return Object.assign(Object.create(Object.getPrototypeOf(p)), p) as Process;
}

/** An ssh that carries the session; undefined where it did not come about, which it has told. */
function* connect(
  p: Process,
  o: ParsedOptions,
  host: string,
  urlPort: string | undefined,
): Gen<{ far: Process; close: () => void } | undefined> {
  const pass = ["o", "i", "F", "J"].flatMap((key) => o.values(key).flatMap((value) => [`-${key}`, value]));
  const port = o.value("P") ?? urlPort;
  const known = new WaitQueue();
  let far: Process | undefined;
  const [nothing, held] = sys.pipe();
  const fds = new Map<number, OpenFile>([
    [0, nothing],
    ...[1, 2].flatMap((fd) => (p.fds.has(fd) ? [[fd, p.fds.get(fd)!] as const] : [])),
  ]);
  const ssh = sshThrough((channel) => {
    far = throughChannel(p.machine.kernel, channel);
    known.wakeAll();
  });
  const child = sys.fork(
    p,
    function* (own) {
      try {
        return yield* ssh(own);
      } finally {
        known.wakeAll();
      }
    },
    { argv: ["ssh", "-x", ...pass, ...(port === undefined ? [] : ["-p", port]), "-s", "--", host, "sftp"], fds },
  );
  child.comm = "ssh";
  while (far === undefined && child.status === undefined) yield* wait(known);
  if (far === undefined) {
    yield* sys.waitFor(p, child);
    return undefined;
  }
  return {
    far,
    close() {
      held.close();
      p.machine.signal(child, "HUP");
    },
  };
}

/** Lines of a terminal, a pipe or a batch; a batch ends where one of them fails. */
function* converse(s: Sftp, fd: number, batch: boolean): Gen<number> {
  const { p } = s;
  const lines = new LineReader(p, fd);
  const typed = !batch && p.fds.get(fd)?.tty !== undefined;
  for (;;) {
    if (typed) yield* sys.print(p, "sftp> ");
    const line = yield* lines.line();
    if (line === undefined) {
      if (typed) yield* sys.print(p, "\n");
      return 0;
    }
    // `-` before a command: it may fail. `@`: it is not shown.
    const [, prefix = "", text = ""] = /^\s*([-@]*)\s*(.*?)\s*$/s.exec(line.replace(/\r$/, ""))!;
    if (!typed && !prefix.includes("@")) yield* sys.print(p, `sftp> ${line}\n`);
    if (text === "" || text.startsWith("#")) continue;
    s.failed = false;
    try {
      if (yield* runCommand(s, text)) return 0;
    } catch (error) {
      s.failed = true;
      yield* sys.printError(p, `${error instanceof SftpError ? error.message : reason(error)}\r\n`);
    }
    if (batch && s.failed && !prefix.includes("-")) return 1;
  }
}
