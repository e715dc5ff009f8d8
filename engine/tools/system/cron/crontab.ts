/** crontab(1) of Debian's cron. */
import { decode, type Gen } from "../../../kernel/index.ts";
import { isErrno } from "../../../machine/errno.ts";
import { exitCode, type Process, type Program } from "../../../machine/process.ts";
import { hostView } from "../../../machine/runtime/host-view.ts";
import * as sys from "../../../machine/sys.ts";
import { groupByName, userByName, userByUid } from "../../../machine/users.ts";
import { OptionError, type ParsedOptions, parseOptions } from "../../options.ts";
import { runEditor } from "../edit.ts";
import { cronChanged, SPOOL } from "./daemon.ts";
import { CrontabError, parseCrontab } from "./schedule.ts";

const USAGE = `usage:	crontab [-u user] [-n] file
	crontab [ -u user ] [ -i ] { -e | -l | -r }

	-h	(displays this help message)

	file	(default operation is replace, per 1003.2)
	-n	(dry run: checks the syntax, then bails out)
	-u user	(choose the user whose crontab is touched)

	-e	(edit user's crontab)
	-l	(list user's crontab)
	-r	(delete user's crontab)

	-i	(prompt before deleting user's crontab)
`;

const TEMPLATE = `# Edit this file to introduce tasks to be run by cron.
# 
# m h  dom mon dow   command
`;

export const crontab: Program = function* (p): Gen<number> {
  let o: ParsedOptions;
  try {
    o = parseOptions(p.argv.slice(1), { short: "u:iehlnr", standard: false });
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    yield* sys.printError(p, `crontab: ${error.message}\ncrontab: usage error: unrecognized option\n${USAGE}`);
    return 1;
  }
  if (o.has("h")) {
    yield* sys.printError(p, USAGE);
    return 0;
  }
  const operations = ["e", "l", "r"].filter((letter) => o.has(letter)).length;
  const misuse =
    operations > 1
      ? "only one operation permitted"
      : operations === 1 && o.operands.length > 0
        ? "no arguments permitted after this option"
        : undefined;
  if (misuse !== undefined) {
    yield* sys.printError(p, `crontab: usage error: ${misuse}\n${USAGE}`);
    return 1;
  }
  const own = userByUid(p.ns.mnt, p.cred.uid)?.name ?? "root";
  const user = o.value("u") ?? own;
  if (o.has("u") && p.cred.uid !== 0 && user !== own) {
    yield* sys.printError(p, "must be privileged to use -u\n");
    return 1;
  }
  if (userByName(p.ns.mnt, user) === undefined) {
    yield* sys.printError(p, `crontab:  user \`${user}' unknown\n`);
    return 1;
  }
  // It is set-group-ID crontab: who may not write the spool does it through this program.
  const root = hostView(p.machine);
  const path = `${SPOOL}/${user}`;
  const log = (what: string) => logOf(p, `(${own}) ${what} (${user})`);
  const present = sys.find(root, path) !== undefined;
  if (o.has("l") || o.has("r")) {
    log(o.has("l") ? "LIST" : "DELETE");
    if (!present) {
      yield* sys.printError(p, `no crontab for ${user}\n`);
      return 1;
    }
    if (o.has("l")) yield* sys.print(p, sys.readText(root, path));
    else {
      sys.unlink(root, path);
      cronChanged(p.machine).wakeAll();
    }
    return 0;
  }
  if (o.has("e")) {
    log("BEGIN EDIT");
    const status = yield* edit(p, user, present ? sys.readText(root, path) : undefined, log);
    if (status === 0) log("END EDIT");
    return status;
  }
  const [file = "-"] = o.operands;
  let text: string;
  try {
    const node = file === "-" ? undefined : sys.find(p, file);
    if (node !== undefined && node.kind !== "file") {
      yield* sys.printError(p, `${file}: Not a regular file.\n`);
      return 1;
    }
    text = decode(file === "-" ? yield* sys.readAll(p, 0) : yield* sys.readPath(p, file));
  } catch (error) {
    if (!isErrno(error)) throw error;
    yield* sys.printError(p, `${file}: ${error.message}\n`);
    return 1;
  }
  if (o.has("n")) {
    if (!(yield* accepted(p, user, text, file))) return 1;
    yield* sys.printError(p, "The syntax of the crontab file was successfully checked.\n");
    return 0;
  }
  return yield* install(p, user, text, file, log);
};

function logOf(p: Process, message: string): void {
  p.machine.journal.append({ identifier: "crontab", pid: p.pid, message, transport: "syslog" });
}

type Log = (what: string) => void;

/** Whether a crontab can be read; what is wrong with it is told. */
function* accepted(p: Process, user: string, text: string, file: string): Gen<boolean> {
  if (text !== "" && !text.endsWith("\n")) {
    yield* sys.printError(p, `new crontab file is missing newline before EOF, can't install.\n`);
    return false;
  }
  try {
    parseCrontab(text, user);
  } catch (error) {
    if (!(error instanceof CrontabError)) throw error;
    yield* sys.printError(p, `"${file}":${error.line}: ${error.message}\nerrors in crontab file, can't install.\n`);
    return false;
  }
  return true;
}

function* install(p: Process, user: string, text: string, file: string, log: Log): Gen<number> {
  if (!(yield* accepted(p, user, text, file))) return 1;
  log("REPLACE");
  const root = hostView(p.machine);
  for (const dir of ["/var/spool/cron", SPOOL]) if (sys.find(root, dir) === undefined) sys.mkdir(root, dir, 0o1730);
  sys.writeText(root, `${SPOOL}/${user}`, text, 0o600);
  const node = sys.stat(root, `${SPOOL}/${user}`);
  node.uid = userByName(p.ns.mnt, user)!.uid;
  node.gid = groupByName(p.ns.mnt, "crontab")?.gid ?? 0;
  cronChanged(p.machine).wakeAll();
  return 0;
}

function* edit(p: Process, user: string, old: string | undefined, log: Log): Gen<number> {
  if (old === undefined) yield* sys.printError(p, `no crontab for ${user} - using an empty one\n`);
  const path = `/tmp/crontab.${p.machine.kernel.random("crontab").string(6)}`;
  sys.writeText(p, path, old ?? TEMPLATE, 0o600);
  const editor = p.env.get("VISUAL") || p.env.get("EDITOR");
  const status = editor ? yield* runNamed(p, editor, path) : yield* runEditor(p, path, []);
  const text = sys.readText(p, path);
  sys.unlink(p, path);
  if (status !== 0) {
    yield* sys.printError(p, `crontab: "${editor ?? "/usr/bin/editor"}" exited with status ${status}\n`);
    return 1;
  }
  if (text === (old ?? TEMPLATE)) {
    yield* sys.printError(p, "No modification made\n");
    return 0;
  }
  yield* sys.printError(p, "crontab: installing new crontab\n");
  return yield* install(p, user, text, path, log);
}

/** The editor that the environment names, by a shell. */
function* runNamed(p: Process, editor: string, path: string): Gen<number> {
  const child = yield* sys.spawn(p, "/bin/sh", { argv: ["/bin/sh", "-c", `${editor} ${path}`] });
  return exitCode((yield* sys.waitFor(p, child))!.status);
}
