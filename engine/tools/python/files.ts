/** Files as Python has them: open(), standard streams. */
import { decode, encode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import type { Interpreter } from "./interpreter.ts";
import { str } from "./text.ts";
import { type Body, type Named, PyList, PyNative, PyObject, PyType, Raised, raised, type Value } from "./values.ts";

const TEXT = new PyType("_io.TextIOWrapper", () => null);

const KINDS: Readonly<Record<string, string>> = {
  ENOENT: "FileNotFoundError",
  EEXIST: "FileExistsError",
  EACCES: "PermissionError",
  EPERM: "PermissionError",
  EISDIR: "IsADirectoryError",
  ENOTDIR: "NotADirectoryError",
};

/** Runs what touches files; an errno becomes the exception it is in Python. */
export function onFiles<T>(path: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (!isErrno(error)) throw error;
    const made = raised(KINDS[error.code] ?? "OSError", BigInt(error.number), error.message).value;
    made.attributes.set("__str__", `[Errno ${error.number}] ${error.message}: '${path}'`);
    throw new Raised(made);
  }
}

const native = (name: string, body: Body): [string, Value] => [name, new PyNative(name, body)];

/** Lines of a text with their ends. */
const linesOf = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

/** What reads: `whole` gives all that is left, once. */
function reader(whole: () => Gen<Uint8Array>, binary: boolean): [string, Value][] {
  let left: string | undefined;
  const text = function* (): Gen<string> {
    left ??= decode(yield* whole());
    return left;
  };
  const take = function* (): Gen<string> {
    const all = yield* text();
    left = "";
    return all;
  };
  return [
    native("read", function* () {
      return binary ? encode(yield* take()) : yield* take();
    }),
    native("readline", function* () {
      const [line = ""] = linesOf(yield* text());
      left = left!.slice(line.length);
      return line;
    }),
    native("readlines", function* () {
      return new PyList(linesOf(yield* take()));
    }),
    native("__iter__", function* () {
      return new PyList(linesOf(yield* take()));
    }),
  ];
}

/** A standard stream that is written to at once. */
export function stream(py: Interpreter, fd: 1 | 2): PyObject {
  return new PyObject(TEXT, [
    native("write", function* ([text]) {
      yield* sys.write(py.p, fd, str(text!));
      return BigInt(str(text!).length);
    }),
    native("flush", () => null),
    native("isatty", () => false),
  ]);
}

export function standardInput(py: Interpreter): PyObject {
  const all = function* (): Gen<Uint8Array> {
    return yield* sys.readAll(py.p, 0);
  };
  const buffer = new PyObject(TEXT, reader(all, true));
  return new PyObject(TEXT, [...reader(all, false), native("isatty", () => false), ["buffer", buffer]]);
}

/** open(path, mode). */
export function* openFile(args: Value[], named: Named, py: Interpreter): Gen<Value> {
  const path = str(args[0] ?? named.get("file") ?? "");
  const mode = str(args[1] ?? named.get("mode") ?? "r");
  const { p } = py;
  if (/^r?b?t?$/.test(mode)) {
    const bytes = onFiles(path, () => sys.readBytes(p, path));
    // biome-ignore lint/correctness/useYield: what is read is there
    const whole = function* (): Gen<Uint8Array> {
      return bytes;
    };
    return new PyObject(TEXT, [...reader(whole, mode.includes("b")), native("close", () => null), ["name", path]]);
  }
  if (mode.includes("x") && sys.find(p, path) !== undefined) {
    const made = raised("FileExistsError", 17n, "File exists").value;
    made.attributes.set("__str__", `[Errno 17] File exists: '${path}'`);
    throw new Raised(made);
  }
  let written = mode.includes("a") && sys.find(p, path) !== undefined ? onFiles(path, () => sys.readText(p, path)) : "";
  onFiles(path, () => sys.writeText(p, path, written));
  const put = (text: string) => {
    written += text;
    onFiles(path, () => sys.writeText(p, path, written));
    return BigInt(text.length);
  };
  return new PyObject(TEXT, [
    native("write", ([text]) => put(text instanceof Uint8Array ? decode(text) : str(text!))),
    native("writelines", function* ([lines], _named, inner) {
      for (const line of yield* inner.iterate(lines!)) put(str(line));
      return null;
    }),
    native("flush", () => null),
    native("close", () => null),
    ["name", path],
  ]);
}
