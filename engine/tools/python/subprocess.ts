/** The module subprocess: run, check_output, check_call, call, getoutput. */
import { decode, encode, type Gen } from "../../kernel/index.ts";
import * as sys from "../../machine/sys.ts";
import type { Interpreter } from "./interpreter.ts";
import { repr, str } from "./text.ts";
import {
  EXCEPTIONS,
  type Named,
  PyDict,
  PyModule,
  PyNative,
  PyObject,
  PyType,
  Raised,
  raised,
  truthy,
  type Value,
} from "./values.ts";

const COMPLETED = new PyType("CompletedProcess", () => null);
const PIPE = -1n;
const STDOUT = -2n;
const DEVNULL = -3n;

interface Result {
  status: bigint;
  stdout: Uint8Array | undefined;
  stderr: Uint8Array | undefined;
}

const SHELL_WORD = /^[\w@%+=:,./-]+$/;
const quoted = (word: string): string => (SHELL_WORD.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

/** Runs a program by way of a shell, whose redirections catch what is wanted. */
function* run(command: Value, named: Named, py: Interpreter): Gen<Result> {
  const { p } = py;
  const shell = named.has("shell") && truthy(named.get("shell")!);
  const words = typeof command === "string" ? [command] : [...(yield* py.iterate(command))].map(str);
  if (!shell && !words[0]!.includes("/") && !(yield* exists(words[0]!, py))) {
    const made = raised("FileNotFoundError", 2n, "No such file or directory").value;
    made.attributes.set("__str__", `[Errno 2] No such file or directory: ${repr(words[0]!)}`);
    throw new Raised(made);
  }
  const capture = named.has("capture_output") && truthy(named.get("capture_output")!);
  const out = capture ? PIPE : named.get("stdout");
  const err = capture ? PIPE : named.get("stderr");
  const folder = `/tmp/.python-${p.pid}-${py.p.machine.kernel.random(`python ${p.pid}`).hex(6)}`;
  const input = named.get("input");
  if (input !== undefined) sys.writeText(p, `${folder}.in`, input instanceof Uint8Array ? input : str(input));
  const line = shell ? words[0]! : words.map(quoted).join(" ");
  const to = (stream: Value | undefined, name: string) =>
    stream === PIPE ? `${folder}.${name}` : stream === DEVNULL ? "/dev/null" : undefined;
  const [outPath, errPath] = [to(out, "out"), to(err, "err")];
  const cwd = named.get("cwd");
  const script =
    `${cwd === undefined || cwd === null ? "" : `cd ${quoted(str(cwd))} && `}{ ${line}\n}` +
    (input === undefined ? "" : ` <${folder}.in`) +
    (outPath === undefined ? "" : ` >${outPath}`) +
    (err === STDOUT ? " 2>&1" : errPath === undefined ? "" : ` 2>${errPath}`);
  const environment = named.get("env");
  const env =
    environment instanceof PyDict
      ? new Map([...environment.entries.values()].map(([name, value]) => [str(name), str(value)] as const))
      : undefined;
  const child = yield* sys.spawn(p, "/bin/sh", { argv: ["sh", "-c", script], ...(env && { env }) });
  const { status } = (yield* sys.waitFor(p, child))!;
  const taken = (stream: Value | undefined, path: string | undefined) => {
    if (stream !== PIPE) return undefined;
    const bytes = sys.readBytes(p, path!);
    sys.unlink(p, path!);
    return bytes;
  };
  const result: Result = {
    status: status.kind === "exited" ? BigInt(status.code) : -9n,
    stdout: taken(out, outPath),
    stderr: taken(err, errPath),
  };
  if (input !== undefined) sys.unlink(p, `${folder}.in`);
  return result;
}

function* exists(name: string, py: Interpreter): Gen<boolean> {
  const child = yield* sys.spawn(py.p, "/bin/sh", { argv: ["sh", "-c", `command -v ${quoted(name)} >/dev/null`] });
  const { status } = (yield* sys.waitFor(py.p, child))!;
  return status.kind === "exited" && status.code === 0;
}

const isText = (named: Named): boolean =>
  ["text", "universal_newlines", "encoding"].some((name) => named.has(name) && truthy(named.get(name)!));

function shown(bytes: Uint8Array | undefined, named: Named): Value {
  if (bytes === undefined) return null;
  return isText(named) ? decode(bytes) : bytes;
}

function failed(command: Value, result: Result, named: Named): Raised {
  const text = `Command ${typeof command === "string" ? repr(command) : `'${repr(command)}'`} returned non-zero exit status ${result.status}.`;
  return new Raised(
    new PyObject(EXCEPTIONS.get("subprocess.CalledProcessError")!, [
      ["__str__", text],
      ["returncode", result.status],
      ["cmd", command],
      ["output", shown(result.stdout, named)],
      ["stdout", shown(result.stdout, named)],
      ["stderr", shown(result.stderr, named)],
    ]),
  );
}

export function processModule(): PyModule {
  const native = (
    name: string,
    body: (command: Value, named: Named, py: Interpreter) => Gen<Value>,
  ): [string, Value] => [
    name,
    new PyNative(name, ([command], named, py) => body(command ?? named.get("args") ?? "", named, py)),
  ];
  return new PyModule("subprocess", [
    ["PIPE", PIPE],
    ["STDOUT", STDOUT],
    ["DEVNULL", DEVNULL],
    ["CalledProcessError", EXCEPTIONS.get("subprocess.CalledProcessError")!],
    native("run", function* (command, named, py) {
      const result = yield* run(command, named, py);
      if (named.has("check") && truthy(named.get("check")!) && result.status !== 0n)
        throw failed(command, result, named);
      return new PyObject(COMPLETED, [
        ["args", command],
        ["returncode", result.status],
        ["stdout", shown(result.stdout, named)],
        ["stderr", shown(result.stderr, named)],
      ]);
    }),
    native("check_output", function* (command, named, py) {
      const result = yield* run(command, new Map([...named, ["stdout", PIPE]]), py);
      if (result.status !== 0n) throw failed(command, result, named);
      return shown(result.stdout, named);
    }),
    native("check_call", function* (command, named, py) {
      const result = yield* run(command, named, py);
      if (result.status !== 0n) throw failed(command, result, named);
      return 0n;
    }),
    native("call", function* (command, named, py) {
      return (yield* run(command, named, py)).status;
    }),
    native("getoutput", function* (command, _named, py) {
      const all = new Map<string, Value>([
        ["shell", true],
        ["stdout", PIPE],
        ["stderr", STDOUT],
      ]);
      const result = yield* run(command, all, py);
      return decode(result.stdout ?? encode("")).replace(/\n$/, "");
    }),
  ]);
}
