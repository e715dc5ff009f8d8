/** Programs that change something and then become the command they are given. */
import { isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import { Fatal, quote, type Tool, tool, UsageError } from "../tool.ts";
import { searchPath } from "./env.ts";
import { parseSize } from "./input.ts";

function* become(t: Tool, argv: readonly string[], missing = 127) {
  const path = searchPath(t.p, argv[0]!);
  try {
    if (path === undefined)
      throw new Fatal(`failed to run command ${quote(argv[0]!)}: No such file or directory`, missing);
    return yield* sys.exec(t.p, path, argv);
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new Fatal(`failed to run command ${quote(argv[0]!)}: ${error.message}`, 126);
  }
}

/** stdbuf(1): programs here write when they have something, whatever the mode. */
export const stdbuf = tool(
  {
    name: "stdbuf",
    short: "+i:o:e:",
    long: "input:=i output:=o error:=e",
    usage: "OPTION... COMMAND",
    about: "Run COMMAND, with modified buffering operations for its standard streams.",
    usageStatus: 125,
  },
  function* (t, o) {
    if (o.operands.length === 0) throw new UsageError("missing operand");
    if (o.list.length === 0) throw new UsageError("you must specify a buffering mode option");
    for (const { key, value } of o.list) {
      if (value === "L" && key === "i") throw new UsageError("line buffering stdin is meaningless");
      if (value !== "L" && parseSize(value!) === undefined) throw new Fatal(`invalid mode ${quote(value!)}`, 125);
    }
    return yield* become(t, o.operands);
  },
);

/** setsid(1). */
export const setsid = tool(
  {
    name: "setsid",
    short: "+cfw",
    long: "ctty=c fork=f wait=w",
    usage: "[options] <program> [arguments ...]",
    about: "Run a program in a new session.",
    version: "setsid from util-linux 2.41",
  },
  function* (t, o) {
    const { p } = t;
    if (o.operands.length === 0) {
      yield* sys.printError(p, "setsid: no command specified\nTry 'setsid --help' for more information.\n");
      return 1;
    }
    const path = searchPath(p, o.operands[0]!);
    if (path === undefined) throw new Fatal(`failed to execute ${o.operands[0]}: No such file or directory`, 127);
    if (o.has("f") || p.group === p.pid) {
      const child = yield* sys.spawn(p, path, { argv: o.operands, newSession: true });
      if (!o.has("w")) return 0;
      const { exitCode } = yield* waitStatus(t, child);
      return exitCode;
    }
    p.session = p.group = p.pid;
    p.tty = undefined;
    return yield* sys.exec(p, path, o.operands);
  },
);

function* waitStatus(t: Tool, child: Parameters<typeof sys.waitFor>[1]) {
  const done = yield* sys.waitFor(t.p, child);
  const { status } = done!;
  return { exitCode: status.kind === "exited" ? status.code : 128 };
}
