/** crontab(1) of Debian's cron. */
import { decode, type Gen } from "../../../kernel/index.ts";
import { isErrno } from "../../../machine/errno.ts";
import type { Process, Program } from "../../../machine/process.ts";
import { hostView } from "../../../machine/runtime/host-view.ts";
import * as sys from "../../../machine/sys.ts";
import { userByName, userByUid } from "../../../machine/users.ts";
import { OptionError, type ParsedOptions, parseOptions } from "../../options.ts";
import { runEditor } from "../edit.ts";
import { cronChanged, SPOOL } from "./daemon.ts";
import { CrontabError, parseCrontab } from "./schedule.ts";

const USAGE = `usage:	crontab [-u user] file
	crontab [ -u user ] [ -i ] { -e | -l | -r }
		(default operation is replace, per 1003.2)
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
    o = parseOptions(p.argv.slice(1), { short: "u:ielr", standard: false });
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    yield* sys.printError(p, `crontab: ${error.message}\ncrontab: usage error: unrecognized option\n${USAGE}`);
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
  const present = sys.find(root, path) !== undefined;
  if (o.has("l") || o.has("r")) {
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
  if (o.has("e")) return yield* edit(p, user, present ? sys.readText(root, path) : undefined);
  const [file = "-"] = o.operands;
  let text: string;
  try {
    text = decode(file === "-" ? yield* sys.readAll(p, 0) : yield* sys.readPath(p, file));
  } catch (error) {
    if (!isErrno(error)) throw error;
    yield* sys.printError(p, `${file}: ${error.message}\n`);
    return 1;
  }
  return yield* install(p, user, text, file);
};

function* install(p: Process, user: string, text: string, file: string): Gen<number> {
  if (text !== "" && !text.endsWith("\n")) {
    yield* sys.printError(p, `new crontab file is missing newline before EOF, can't install.\n`);
    return 1;
  }
  try {
    parseCrontab(text, user);
  } catch (error) {
    if (!(error instanceof CrontabError)) throw error;
    yield* sys.printError(p, `"${file}":${error.line}: ${error.message}\nerrors in crontab file, can't install.\n`);
    return 1;
  }
  const root = hostView(p.machine);
  for (const dir of ["/var/spool/cron", SPOOL]) if (sys.find(root, dir) === undefined) sys.mkdir(root, dir, 0o1730);
  sys.writeText(root, `${SPOOL}/${user}`, text, 0o600);
  const node = sys.stat(root, `${SPOOL}/${user}`);
  node.uid = userByName(p.ns.mnt, user)!.uid;
  cronChanged(p.machine).wakeAll();
  return 0;
}

function* edit(p: Process, user: string, old: string | undefined): Gen<number> {
  if (old === undefined) yield* sys.printError(p, `no crontab for ${user} - using an empty one\n`);
  const path = `/tmp/crontab.${p.machine.kernel.random("crontab").string(6)}`;
  sys.writeText(p, path, old ?? TEMPLATE, 0o600);
  const status = yield* runEditor(p, path, ["VISUAL", "EDITOR"]);
  const text = sys.readText(p, path);
  sys.unlink(p, path);
  if (status !== 0) {
    yield* sys.printError(p, `crontab: "editor" exited with status ${status}\n`);
    return 1;
  }
  if (text === (old ?? TEMPLATE)) {
    yield* sys.printError(p, "No modification made\n");
    return 0;
  }
  yield* sys.printError(p, "crontab: installing new crontab\n");
  return yield* install(p, user, text, path);
}
