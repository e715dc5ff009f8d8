import { call, decode } from "../../../kernel/index.ts";
import { isErrno } from "../../../machine/errno.ts";
import * as sys from "../../../machine/sys.ts";
import { Fatal, tool } from "../../tool.ts";
import { SedMachine } from "./machine.ts";
import { parseScript } from "./script.ts";
import { type Command, ScriptError, type Source } from "./syntax.ts";

/** sed(1) of GNU sed 4.9. */
export const sed = tool(
  {
    name: "sed",
    short: "bsnrzuEe:f:l:i::V:",
    long: "binary=b regexp-extended=E debug=debug in-place::=i expression:=e file:=f line-length:=l null-data=z zero-terminated=z quiet=n silent=n posix=posix separate=s unbuffered=u sandbox=sandbox follow-symlinks=fs",
    usage: "[OPTION]... {script-only-if-no-other-script} [input-file]...",
    about: "",
    version: "sed (GNU sed) 4.9",
  },
  function* (t, o) {
    const sources: Source[] = [];
    const operands = [...o.operands];
    let expressions = 0;
    for (const { key, value } of o.list) {
      if (key === "e") sources.push({ name: `-e expression #${++expressions}`, text: value!, isFile: false });
      if (key === "f") {
        try {
          const text = value === "-" ? decode(yield* sys.readAll(t.p, 0)) : decode(yield* sys.readPath(t.p, value!));
          sources.push({ name: value!, text: text.replace(/\n$/, ""), isFile: true });
        } catch (error) {
          if (!isErrno(error)) throw error;
          throw new Fatal(`couldn't open file ${value}: ${error.message}`, 4);
        }
      }
    }
    if (sources.length === 0) {
      const script = operands.shift();
      if (script === undefined) {
        yield* sys.printError(t.p, `Usage: ${t.name} [OPTION]... {script-only-if-no-other-script} [input-file]...\n\n`);
        return 1;
      }
      sources.push({ name: "-e expression #1", text: script, isFile: false });
    }
    // `-e 'a\' -e text`: the backslash joins them.
    for (let i = sources.length - 2; i >= 0; i--) {
      if (!/(^|[^\\])(\\\\)*\\$/.test(sources[i]!.text)) continue;
      sources[i]!.text += `\n${sources[i + 1]!.text}`;
      sources.splice(i + 1, 1);
    }
    let quiet = o.has("n");
    const first = sources[0]!.text;
    if (first === "#n" || first.startsWith("#n\n")) quiet = true;
    const inPlace = o.has("i");
    let commands: Command[];
    try {
      commands = parseScript(sources, { extended: o.has("E", "r"), sandbox: o.has("sandbox"), posix: o.has("posix") });
    } catch (error) {
      if (!(error instanceof ScriptError)) throw error;
      throw new Fatal(error.message, error.status);
    }
    const machine = new SedMachine(t, commands, {
      quiet,
      unbuffered: o.has("u"),
      separate: o.has("s") || inPlace,
      inPlace,
      suffix: o.value("i") ?? "",
      end: o.has("z") ? "\0" : "\n",
      wrap: Number(o.value("l") ?? 70),
    });
    if (operands.length === 0 && o.has("i")) throw new Fatal("no input files", 4);
    return yield* call(machine.run(operands.length > 0 ? operands : ["-"]));
  },
);
