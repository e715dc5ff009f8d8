/** python3: the part of the language that scripts on machines are written in. No classes, generators or decorators. */
import { decode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { builtins } from "./builtins.ts";
import { httpServer } from "./http-server.ts";
import { Interpreter } from "./interpreter.ts";
import { dumps, loads } from "./json.ts";
import { PythonSyntaxError } from "./lexer.ts";
import { modules, PYTHON_VERSION } from "./modules.ts";
import { parseProgram } from "./parser.ts";
import { str } from "./text.ts";
import { PyTuple, Raised, type Value } from "./values.ts";

const FLAGS = /^-[uBEsSIOq]+$/;

export const python: Program = function* (p: Process): Gen<number> {
  const words = p.argv.slice(1);
  while (words[0] !== undefined && FLAGS.test(words[0])) words.shift();
  const [first, second, ...rest] = words;
  if (first === "--version" || first === "-V" || first === "-VV") {
    yield* sys.print(p, `Python ${p.env.get("PYTHON_VERSION") ?? PYTHON_VERSION}\n`);
    return 0;
  }
  if (first === "-c") return yield* execute(p, second ?? "", "<string>", ["-c", ...rest]);
  if (first === "-m") return yield* runModule(p, second ?? "", rest);
  if (first === undefined || first === "-") {
    return yield* execute(p, decode(yield* sys.readAll(p, 0)), "<stdin>", words.length === 0 ? [""] : words);
  }
  let text: string;
  try {
    text = decode(yield* sys.readPath(p, first));
  } catch (error) {
    if (!isErrno(error)) throw error;
    const path = first.startsWith("/") ? first : `${p.cwd.replace(/\/$/, "")}/${first}`;
    yield* sys.printError(p, `${p.argv[0]}: can't open file '${path}': [Errno 2] ${error.message}\n`);
    return 2;
  }
  return yield* execute(p, text, first, words);
};

function* runModule(p: Process, name: string, rest: readonly string[]): Gen<number> {
  if (name === "http.server") return yield* httpServer(p, rest);
  if (name === "json.tool") {
    const script = new Interpreter(p, builtins(), new Map());
    const [path, output] = rest.filter((word) => !word.startsWith("-"));
    const bytes = path === undefined || path === "-" ? yield* sys.readAll(p, 0) : yield* sys.readPath(p, path);
    try {
      const named = new Map<string, Value>([["indent", 4n]]);
      if (rest.includes("--sort-keys")) named.set("sort_keys", true);
      const text = `${yield* dumps(loads(decode(bytes)), named, script)}\n`;
      if (output === undefined) yield* sys.print(p, text);
      else sys.writeText(p, output, text);
      return 0;
    } catch (error) {
      if (!(error instanceof Raised)) throw error;
      yield* sys.printError(p, `${str(error.value)}\n`);
      return 1;
    }
  }
  yield* sys.printError(p, `${p.argv[0]?.includes("/") ? p.argv[0] : "/usr/bin/python3"}: No module named ${name}\n`);
  return 1;
}

/** Runs a program's text; its exit status. */
export function* execute(p: Process, text: string, file: string, argv: readonly string[]): Gen<number> {
  const py = new Interpreter(p, builtins(), modules(argv));
  try {
    const program = parseProgram(text);
    yield* py.block(program, py.globals, "<module>");
    return 0;
  } catch (error) {
    if (error instanceof PythonSyntaxError) {
      const whole = text.split("\n")[error.line - 1] ?? "";
      const line = whole.trim();
      const before = error.column === undefined ? 0 : error.column - (whole.length - whole.trimStart().length);
      yield* sys.printError(
        p,
        `  File "${file}", line ${error.line}\n    ${line}\n${" ".repeat(4 + before)}^\n${error.kind}: ${error.message}\n`,
      );
      return 1;
    }
    if (!(error instanceof Raised)) throw error;
    const { type, attributes } = error.value;
    if (type.name === "SystemExit") return yield* ended(p, attributes.get("args"));
    yield* sys.printError(p, traceback(error, text, file));
    return 1;
  }
}

function* ended(p: Process, args: unknown): Gen<number> {
  const [status = null] = args instanceof PyTuple ? args.items : [];
  if (status === null) return 0;
  if (typeof status === "bigint") return Number(BigInt.asUintN(8, status));
  if (typeof status === "boolean") return Number(status);
  yield* sys.printError(p, `${str(status)}\n`);
  return 1;
}

/** As Python 3.11 tells of an exception that nobody caught; lines stand there where the program is a file. */
function traceback(error: Raised, text: string, file: string): string {
  const lines = text.split("\n");
  const frames = error.frames.toReversed().map(({ line, name }) => {
    const source = file.startsWith("<") ? "" : `    ${lines[line - 1]?.trim() ?? ""}\n`;
    return `  File "${file}", line ${line}, in ${name.replace(/ \d+$/, "")}\n${source}`;
  });
  const what = str(error.value);
  return `Traceback (most recent call last):\n${frames.join("")}${error.value.type.name}${what === "" ? "" : `: ${what}`}\n`;
}
