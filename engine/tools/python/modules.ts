/** Modules of the standard library, as far as scripts on machines use them. */
import { decode, decodeBase64, encode, encodeBase64, type Gen, SECOND, sleep } from "../../kernel/index.ts";
import * as sys from "../../machine/sys.ts";
import { compileRegex, RegexError, type RegexMatch } from "../../text/regex/index.ts";
import { leave } from "./builtins.ts";
import { onFiles, standardInput, stream } from "./files.ts";
import type { Interpreter } from "./interpreter.ts";
import { iterator } from "./iteration.ts";
import { jsonModule } from "./json.ts";
import { pathlibModule } from "./pathlib.ts";
import { processModule } from "./subprocess.ts";
import { str } from "./text.ts";
import {
  type Body,
  numeric,
  PyDict,
  PyList,
  PyModule,
  PyNative,
  PyObject,
  PyTuple,
  PyType,
  raised,
  type Value,
} from "./values.ts";
import { yamlModule } from "./yaml.ts";

export const PYTHON_VERSION = "3.11.2";

const native = (name: string, body: Body): [string, Value] => [name, new PyNative(name, body)];

function sysModule(py: Interpreter, argv: readonly string[]): PyModule {
  return new PyModule("sys", [
    ["argv", new PyList([...argv])],
    ["stdin", standardInput(py)],
    ["stdout", stream(py, 1)],
    ["stderr", stream(py, 2)],
    ["version", `${PYTHON_VERSION} (main, Nov 30 2024, 22:46:32) [GCC 12.2.0]`],
    ["version_info", new PyTuple([3n, 11n, 2n, "final", 0n])],
    ["platform", "linux"],
    ["executable", "/usr/bin/python3"],
    ["path", new PyList([""])],
    native("exit", leave),
  ]);
}

/** Does what has no value. */
function quietly(path: string, body: () => void): null {
  onFiles(path, body);
  return null;
}

function osModule(py: Interpreter): PyModule {
  const { p } = py;
  const environ = new PyDict([...p.env].map(([name, value]) => [name, value] as const));
  const kind = (path: Value | undefined) => sys.find(p, str(path!))?.kind;
  const base = (path: string) => path.slice(path.lastIndexOf("/") + 1);
  const dirname = (path: string) => (path.includes("/") ? path.slice(0, path.lastIndexOf("/")) || "/" : "");
  const path = new PyModule("posixpath", [
    native("exists", ([one]) => kind(one) !== undefined),
    native("isfile", ([one]) => kind(one) === "file"),
    native("isdir", ([one]) => kind(one) === "dir"),
    native("basename", ([one]) => base(str(one!))),
    native("dirname", ([one]) => dirname(str(one!))),
    native("join", (parts) =>
      parts.map(str).reduce((a, b) => (b.startsWith("/") ? b : a === "" || a.endsWith("/") ? a + b : `${a}/${b}`)),
    ),
    native("abspath", ([one]) => (str(one!).startsWith("/") ? str(one!) : `${p.cwd.replace(/\/$/, "")}/${str(one!)}`)),
    native("expanduser", ([one]) => str(one!).replace(/^~/, p.env.get("HOME") ?? "~")),
    native("splitext", ([one]) => {
      const [, root, end] = /^(.*?[^/])(\.[^./]*)?$/s.exec(str(one!)) ?? ["", str(one!), ""];
      return new PyTuple([root!, end ?? ""]);
    }),
  ]);
  return new PyModule("os", [
    ["environ", environ],
    ["path", path],
    ["sep", "/"],
    ["linesep", "\n"],
    native("getenv", ([name, otherwise]) => environ.get(name!) ?? otherwise ?? null),
    native("getcwd", () => p.cwd),
    native("getpid", () => BigInt(p.nsPid)),
    native("getuid", () => BigInt(p.cred.uid)),
    native("listdir", ([at = "."]) => {
      const names = onFiles(str(at), () => [...sys.readDir(p, str(at)).keys()]);
      return new PyList(names.filter((name) => name !== "." && name !== ".."));
    }),
    native("makedirs", function* ([at], named) {
      if (sys.find(p, str(at!))?.kind === "dir" && named.get("exist_ok") !== true)
        onFiles(str(at!), () => sys.mkdir(p, str(at!)));
      const child = yield* sys.spawn(p, "/usr/bin/mkdir", { argv: ["mkdir", "-p", str(at!)] });
      yield* sys.waitFor(p, child);
      return null;
    }),
    native("mkdir", ([at]) => quietly(str(at!), () => sys.mkdir(p, str(at!)))),
    native("remove", ([at]) => quietly(str(at!), () => sys.unlink(p, str(at!)))),
    native("system", function* ([command]) {
      const child = yield* sys.spawn(p, "/bin/sh", { argv: ["sh", "-c", str(command!)] });
      const status = (yield* sys.waitFor(p, child))!.status;
      return status.kind === "exited" ? BigInt(status.code) * 256n : 1n;
    }),
  ]);
}

const PATTERN = new PyType("re.Pattern", () => null);
const MATCH = new PyType("re.Match", () => null);

function matchObject(found: RegexMatch, names: ReadonlyMap<string, number>): PyObject {
  const groups = found.groups.map((group) => group ?? null);
  const one = (which: Value): Value => {
    const index = typeof which === "string" ? (names.get(which) ?? -1) : Number(which);
    if (index < 0 || index >= groups.length) throw raised("IndexError", "no such group");
    return groups[index]!;
  };
  return new PyObject(MATCH, [
    ["__groups__", new PyTuple(groups)],
    native("group", (which) => {
      if (which.length > 1) return new PyTuple(which.map(one));
      return one(which[0] ?? 0n);
    }),
    native("groups", () => new PyTuple(groups.slice(1))),
    native("groupdict", () => new PyDict([...names].map(([name, index]) => [name, groups[index]!] as const))),
    native("start", ([which = 0n]) => BigInt(found.spans[2 * Number(which)] ?? found.index)),
    native("end", ([which = 0n]) => BigInt(found.spans[2 * Number(which) + 1] ?? found.end)),
    native("span", () => new PyTuple([BigInt(found.index), BigInt(found.end)])),
  ]);
}

const FLAGS = { IGNORECASE: 2n, I: 2n, MULTILINE: 8n, M: 8n, DOTALL: 16n, S: 16n, VERBOSE: 64n, X: 64n };

function pattern(source: Value, flags: Value | undefined): PyObject {
  if (source instanceof PyObject && source.type === PATTERN) return source;
  const set = typeof flags === "bigint" ? flags : 0n;
  const options = {
    syntax: "perl",
    ignoreCase: (set & 2n) !== 0n,
    multiline: (set & 8n) !== 0n,
    dotAll: (set & 16n) !== 0n,
    extended: (set & 64n) !== 0n,
    unicodeWords: true,
  } as const;
  const compiled = (text: string) => {
    try {
      return compileRegex(text.replaceAll("(?P<", "(?<"), options);
    } catch (error) {
      if (!(error instanceof RegexError)) throw error;
      throw raised("ValueError", error.message);
    }
  };
  const regex = compiled(str(source));
  const all = (text: string): RegexMatch[] => {
    const out: RegexMatch[] = [];
    for (let from = 0; from <= text.length; ) {
      const found = regex.exec(text, from);
      if (found === null) break;
      out.push(found);
      from = found.end > found.index ? found.end : found.end + 1;
    }
    return out;
  };
  const made = (found: RegexMatch | null | undefined) => (found ? matchObject(found, regex.names) : null);
  const expanded = (template: string, found: RegexMatch) =>
    template.replace(/\\(?:g<(\w+)>|(\d)|n)/g, (whole, name, digit) => {
      if (whole === "\\n") return "\n";
      const index = digit ?? (/^\d+$/.test(name) ? name : regex.names.get(name));
      return found.groups[Number(index)] ?? "";
    });
  return new PyObject(PATTERN, [
    ["pattern", source],
    native("search", ([text]) => made(regex.exec(str(text!)))),
    native("match", ([text]) => {
      const found = compiled(`^(?:${str(source)})`).exec(str(text!));
      return made(found?.index === 0 ? found : null);
    }),
    native("fullmatch", ([text]) => {
      const found = compiled(`^(?:${str(source)})$`).exec(str(text!));
      return made(found?.end === str(text!).length ? found : null);
    }),
    native("findall", ([text]) => {
      const shown = ({ groups }: RegexMatch): Value =>
        groups.length > 2 ? new PyTuple(groups.slice(1).map((one) => one ?? "")) : (groups[1] ?? groups[0]!);
      return new PyList(all(str(text!)).map(shown));
    }),
    native("finditer", ([text]) => iterator(all(str(text!)).map((found) => matchObject(found, regex.names)))),
    native("split", ([text]) => {
      const out: Value[] = [];
      let from = 0;
      for (const found of all(str(text!))) {
        out.push(str(text!).slice(from, found.index), ...found.groups.slice(1).map((one) => one ?? null));
        from = found.end;
      }
      return new PyList([...out, str(text!).slice(from)]);
    }),
    native("sub", function* ([by, text, count], named, py) {
      const most = Number(count ?? named.get("count") ?? 0n) || Number.POSITIVE_INFINITY;
      let out = "";
      let from = 0;
      for (const found of all(str(text!)).slice(0, most)) {
        const piece =
          typeof by === "string"
            ? expanded(by, found)
            : str(yield* py.call(by!, [matchObject(found, regex.names)], new Map()));
        out += str(text!).slice(from, found.index) + piece;
        from = found.end;
      }
      return out + str(text!).slice(from);
    }),
  ]);
}

function reModule(): PyModule {
  const through = (name: string, at: number): [string, Value] =>
    native(name, function* (args, named, py) {
      const one = pattern(args[0]!, named.get("flags") ?? args[at]);
      const rest = new Map([...named].filter(([word]) => word !== "flags"));
      return yield* py.call(one.attributes.get(name)!, args.slice(1, at), rest);
    });
  return new PyModule("re", [
    ...Object.entries(FLAGS),
    native("compile", ([source, flags], named) => pattern(source!, flags ?? named.get("flags"))),
    native("escape", ([text]) => str(text!).replace(/[^\w\s]/g, "\\$&")),
    ...["search", "match", "fullmatch", "findall", "finditer", "split"].map((name) => through(name, 2)),
    through("sub", 4),
  ]);
}

function timeModule(py: Interpreter): PyModule {
  const { kernel } = py.p.machine;
  return new PyModule("time", [
    native("time", () => kernel.wallMs / 1000),
    native("monotonic", () => kernel.now / SECOND),
    native("sleep", function* ([seconds], _named, py) {
      py.settle();
      yield* sleep(Math.round(Number(numeric(seconds ?? 0n) ?? 0) * SECOND));
      return null;
    }),
  ]);
}

const bytesOf = (value: Value | undefined): Uint8Array =>
  value instanceof Uint8Array ? value : encode(str(value ?? ""));

function base64Module(): PyModule {
  return new PyModule("base64", [
    native("b64encode", ([bytes]) => encode(encodeBase64(bytesOf(bytes)))),
    native("b64decode", ([bytes]) => decodeBase64(decode(bytesOf(bytes))) ?? new Uint8Array(0)),
  ]);
}

function collectionsModule(): PyModule {
  const counted = function* ([source]: Value[], _named: unknown, py: Interpreter): Gen<Value> {
    const out = new PyDict();
    out.missing = new PyNative("int", () => 0n);
    if (source !== undefined)
      for (const one of yield* py.iterate(source)) out.set(one, ((out.get(one) as bigint | undefined) ?? 0n) + 1n);
    return out;
  };
  return new PyModule("collections", [
    native("Counter", counted),
    native("OrderedDict", ([source]) => new PyDict(source instanceof PyDict ? source.entries.values() : [])),
    native("defaultdict", ([missing]) => {
      const out = new PyDict();
      if (missing !== undefined && missing !== null) out.missing = missing;
      return out;
    }),
  ]);
}

/** Modules by name, for a program of these arguments. */
export function modules(argv: readonly string[]): Interpreter["modules"] {
  return new Map<string, (py: Interpreter) => PyModule>([
    ["base64", base64Module],
    ["collections", collectionsModule],
    ["json", jsonModule],
    ["os", osModule],
    ["os.path", (py) => py.module("os").members.get("path") as PyModule],
    ["pathlib", pathlibModule],
    ["re", reModule],
    ["subprocess", processModule],
    ["sys", (py) => sysModule(py, argv)],
    ["time", timeModule],
    ["yaml", yamlModule],
  ]);
}
