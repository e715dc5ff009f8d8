import { call, type Gen } from "../../../kernel/index.ts";
import * as sys from "../../../machine/sys.ts";
import { Fatal, type Tool, tool } from "../../tool.ts";
import { InPlace } from "./in-place.ts";
import { Interpreter } from "./interpreter.ts";
import { parseAwk } from "./parser.ts";
import { programSources } from "./sources.ts";
import { type AwkProgram, AwkSyntaxError } from "./syntax.ts";
import { AwkFatal } from "./values.ts";

const USAGE =
  "Usage: awk [POSIX or GNU style options] -f progfile [--] file ...\nUsage: awk [POSIX or GNU style options] [--] 'program' file ...\n";

/** awk(1) as GNU awk 5.2 does it: POSIX's language with gawk's usual extensions. */
export const awk = tool(
  {
    name: "awk",
    short: "+F:v:f:e:i:l:bcPrsSnNMhVtOg",
    long: "field-separator:=F assign:=v file:=f source:=e include:=i load:=l posix=P re-interval=r sandbox=S traditional=c characters-as-bytes=b lint::=lint",
    usage:
      "[POSIX or GNU style options] -f progfile [--] file ...\nUsage: awk [POSIX or GNU style options] [--] 'program' file ...",
    about: "",
    version: "GNU Awk 5.2.1, API 3.2, PMA Avon 8-g1, (GNU MPFR 4.2.2, GNU MP 6.3.0)",
  },
  function* (t, o) {
    const operands = [...o.operands];
    let program: AwkProgram;
    try {
      program = yield* load(t, o.list, operands);
    } catch (error) {
      if (!(error instanceof AwkSyntaxError)) throw error;
      if (error.message !== "")
        for (const line of error.message.split("\n")) yield* t.error(line.replace("\v", "\n"), 1);
      return error.status;
    }
    for (const warning of program.warnings) yield* t.error(warning, 0);
    const interpreter = new Interpreter(t, program, operands);
    for (const { key, value } of o.list) {
      // A backslash alone separates by backslashes.
      if (key === "F") interpreter.rt.assign("FS", value === "\\" ? "\\\\" : value!);
      if (key === "v") {
        const match = /^((?:inplace::)?[A-Za-z_]\w*)=(.*)$/s.exec(value!);
        if (match === null && value!.includes("="))
          throw new Fatal(`fatal: \`${value!.slice(0, value!.indexOf("="))}' is not a legal variable name`, 2);
        if (match === null) {
          yield* t.error(`\`${value}' argument to \`-v' not in \`var=value' form\n`, 1);
          yield* sys.printError(t.p, USAGE);
          return 1;
        }
        interpreter.rt.assign(match[1]!, match[2]!);
      }
    }
    interpreter.rt.inPlace = o.values("i").includes("inplace") ? new InPlace(interpreter.rt) : undefined;
    yield* interpreter.rt.sayWarnings();
    try {
      const status = yield* call(interpreter.run());
      yield* interpreter.rt.sayWarnings();
      return status;
    } catch (error) {
      if (!(error instanceof AwkFatal)) throw error;
      yield* interpreter.rt.channels.finish();
      const { rt } = interpreter;
      const where = error.located ? `${rt.placeOfLine(rt.line)}: ${error.kind === "fatal" ? rt.place : ""}` : "";
      const status = error.kind === "fatal" ? 2 : 1;
      yield* t.error(`${where}${error.kind}: ${error.message}`, status);
      return status;
    }
  },
);

function* load(
  t: Tool,
  list: readonly { key: string; value: string | undefined }[],
  operands: string[],
): Gen<AwkProgram> {
  const sources = yield* programSources(t, list, operands);
  if (sources === undefined) {
    yield* sys.printError(t.p, USAGE);
    throw new AwkSyntaxError("");
  }
  let line = 1;
  const parts = sources.map((source) => {
    const part = { where: source.where, line };
    line += source.text.split("\n").length;
    return part;
  });
  return parseAwk(sources.map((source) => source.text).join("\n"), sources.at(-1)!.where, parts);
}
