/** pathlib: paths as objects, for files of the machine (Lib/pathlib.py of 3.11). */
import * as sys from "../../machine/sys.ts";
import { globRegex } from "../../text/glob.ts";
import { onFiles, openFile } from "./files.ts";
import type { Interpreter } from "./interpreter.ts";
import { iterator } from "./iteration.ts";
import { str } from "./text.ts";
import {
  type Body,
  PyModule,
  PyNative,
  PyObject,
  PyTuple,
  PyType,
  raised,
  truthy,
  typeName,
  type Value,
} from "./values.ts";

const native = (name: string, body: Body): [string, Value] => [name, new PyNative(name, body)];

const PURE = new PyType("PurePosixPath", (args) => made(args), undefined, "pathlib");
const PATH = new PyType("PosixPath", (args) => made(args), PURE, "pathlib");

/** A path without what says nothing: `a//./b/` is `a/b`. */
function normal(path: string): string {
  const root = /^\/\/(?!\/)/.test(path) ? "//" : path.startsWith("/") ? "/" : "";
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  return root + parts.join("/") || ".";
}

function joined(parts: readonly string[]): string {
  let out = "";
  for (const part of parts)
    out = part.startsWith("/") || out === "" ? part : `${out}${out.endsWith("/") ? "" : "/"}${part}`;
  return normal(out);
}

const made = (args: readonly Value[]): PyObject => pathObject(joined(args.map(str)));

function pieces(path: string): string[] {
  const root = /^\/*/.exec(path)![0];
  const rest = path.slice(root.length);
  return [...(root === "" ? [] : [root]), ...(rest === "" || rest === "." ? [] : rest.split("/"))];
}

function parentOf(path: string): string {
  const parts = pieces(path);
  if (parts.length === 1 && parts[0]!.startsWith("/")) return path;
  return joined(parts.slice(0, -1));
}

/** The last part, and where its suffix begins. */
function nameOf(path: string): { name: string; dot: number } {
  const last = pieces(path).at(-1) ?? "";
  const name = last.startsWith("/") ? "" : last;
  const dot = name.lastIndexOf(".");
  return { name, dot: dot > 0 && dot < name.length - 1 ? dot : name.length };
}

/** An attribute of a path is made when somebody asks for it, since each parent is a path again. */
class PathAttributes extends Map<string, Value> {
  private readonly path: string;

  constructor(path: string) {
    super(METHODS.map(([name, method]) => native(name, (args, named, py) => method(path, args, named, py))));
    this.path = path;
    this.set("__str__", path);
    this.set("__repr__", `PosixPath('${path}')`);
  }

  override get(name: string): Value | undefined {
    return PROPERTIES[name]?.(this.path) ?? super.get(name);
  }
}

function pathObject(path: string): PyObject {
  const object = new PyObject(PATH, new PathAttributes(path));
  object.key = pieces(path).join("\0");
  object.binary = (operator, other, reversed) => {
    const isPart = typeof other === "string" || (other instanceof PyObject && other.type === PATH);
    if (operator !== "/" || !isPart) return undefined;
    return pathObject(joined(reversed ? [str(other), path] : [path, str(other)]));
  };
  return object;
}

const PROPERTIES: Readonly<Record<string, (path: string) => Value>> = {
  name: (path) => nameOf(path).name,
  stem: (path) => nameOf(path).name.slice(0, nameOf(path).dot),
  suffix: (path) => nameOf(path).name.slice(nameOf(path).dot),
  parent: (path) => pathObject(parentOf(path)),
  parts: (path) => new PyTuple(pieces(path)),
  root: (path) => /^\/*/.exec(path)![0],
  anchor: (path) => /^\/*/.exec(path)![0],
  parents: (path) => {
    const out: Value[] = [];
    for (let at = path; parentOf(at) !== at; at = parentOf(at)) out.push(pathObject(parentOf(at)));
    return new PyTuple(out);
  },
};

function absolute(py: Interpreter, path: string): string {
  return joined([py.p.cwd, path]);
}

function children(py: Interpreter, path: string): string[] {
  const names = onFiles(path, () => [...sys.readDir(py.p, path).keys()]);
  return names.filter((name) => name !== "." && name !== "..").map((name) => joined([path, name]));
}

/** Paths below one that fit a pattern whose parts are given; `**` stands for any directories. */
function matching(py: Interpreter, path: string, parts: readonly string[]): string[] {
  const [first, ...rest] = parts;
  const isDir = sys.find(py.p, path)?.kind === "dir";
  if (first === undefined) return [path];
  if (!isDir) return [];
  if (first === "**") {
    const below = children(py, path).filter((one) => sys.find(py.p, one, false)?.kind === "dir");
    const here = rest.length === 0 ? [path] : matching(py, path, rest);
    return [...new Set([...here, ...below.flatMap((one) => matching(py, one, parts))])];
  }
  if (!/[*?[]/.test(first)) {
    const one = joined([path, first]);
    return sys.find(py.p, one, false) === undefined ? [] : matching(py, one, rest);
  }
  const regex = globRegex(first);
  return children(py, path)
    .filter((one) => regex.test(nameOf(one).name))
    .flatMap((one) => matching(py, one, rest));
}

function paths(list: readonly string[]): Value {
  return iterator(list.map(pathObject));
}

type Method = (path: string, ...rest: Parameters<Body>) => ReturnType<Body>;

const kind = (py: Interpreter, path: string) => sys.find(py.p, path)?.kind;

function makeDirectory(py: Interpreter, path: string, parents: boolean, exists: boolean): void {
  const found = sys.find(py.p, path);
  if (exists && found?.kind === "dir") return;
  const parent = parentOf(path);
  if (parents && found === undefined && parent !== path && kind(py, parent) === undefined)
    makeDirectory(py, parent, true, true);
  onFiles(path, () => sys.mkdir(py.p, path));
}

const METHODS: readonly (readonly [string, Method])[] = [
  ["__fspath__", (path) => path],
  ["as_posix", (path) => path],
  ["joinpath", (path, args) => pathObject(joined([path, ...args.map(str)]))],
  ["is_absolute", (path) => path.startsWith("/")],
  ["absolute", (path, _args, _named, py) => pathObject(absolute(py, path))],
  [
    "resolve",
    (path, _args, _named, py) => {
      const parts: string[] = [];
      for (const part of pieces(absolute(py, path))) {
        if (part === "..") {
          if (parts.length > 1) parts.pop();
        } else parts.push(part);
      }
      return pathObject(joined(parts));
    },
  ],
  [
    "expanduser",
    (path, _args, _named, py) => pathObject(normal(path.replace(/^~(?=\/|$)/, py.p.env.get("HOME") ?? "~"))),
  ],
  [
    "with_suffix",
    (path, [suffix]) => {
      const { name, dot } = nameOf(path);
      if (name === "") throw raised("ValueError", `PosixPath('${path}') has an empty name`);
      return pathObject(joined([parentOf(path), name.slice(0, dot) + str(suffix!)]));
    },
  ],
  ["with_name", (path, [name]) => pathObject(joined([parentOf(path), str(name!)]))],
  [
    "relative_to",
    (path, [other]) => {
      const [mine, theirs] = [pieces(path), pieces(normal(str(other!)))];
      if (!theirs.every((part, i) => part === mine[i]))
        throw raised(
          "ValueError",
          `'${path}' is not in the subpath of '${normal(str(other!))}' OR one path is relative and the other is absolute.`,
        );
      return pathObject(joined(mine.slice(theirs.length)));
    },
  ],
  ["exists", (path, _args, _named, py) => kind(py, path) !== undefined],
  ["is_file", (path, _args, _named, py) => kind(py, path) === "file"],
  ["is_dir", (path, _args, _named, py) => kind(py, path) === "dir"],
  ["is_symlink", (path, _args, _named, py) => sys.find(py.p, path, false)?.kind === "symlink"],
  ["read_text", (path, _args, _named, py) => onFiles(path, () => sys.readText(py.p, path))],
  ["read_bytes", (path, _args, _named, py) => onFiles(path, () => sys.readBytes(py.p, path).slice())],
  [
    "write_text",
    (path, [text], _named, py) => {
      if (typeof text !== "string") throw raised("TypeError", `data must be str, not ${typeName(text ?? null)}`);
      onFiles(path, () => sys.writeText(py.p, path, text));
      return BigInt([...text].length);
    },
  ],
  [
    "write_bytes",
    (path, [bytes], _named, py) => {
      const data = bytes instanceof Uint8Array ? bytes : new Uint8Array(0);
      onFiles(path, () => sys.writeText(py.p, path, data));
      return BigInt(data.length);
    },
  ],
  ["open", (path, args, named, py) => openFile([path, ...args], named, py)],
  [
    "mkdir",
    (path, args, named, py) => {
      const on = (name: string, at: number) => truthy(named.get(name) ?? args[at] ?? false);
      makeDirectory(py, path, on("parents", 1), on("exist_ok", 2));
      return null;
    },
  ],
  [
    "touch",
    (path, _args, _named, py) => {
      if (sys.find(py.p, path) === undefined) onFiles(path, () => sys.writeText(py.p, path, ""));
      return null;
    },
  ],
  [
    "unlink",
    (path, args, named, py) => {
      if (truthy(named.get("missing_ok") ?? args[0] ?? false) && sys.find(py.p, path, false) === undefined) return null;
      onFiles(path, () => sys.unlink(py.p, path));
      return null;
    },
  ],
  [
    "rmdir",
    (path, _args, _named, py) => {
      onFiles(path, () => sys.rmdir(py.p, path));
      return null;
    },
  ],
  [
    "rename",
    (path, [to], _named, py) => {
      onFiles(path, () => sys.rename(py.p, path, str(to!)));
      return pathObject(normal(str(to!)));
    },
  ],
  ["iterdir", (path, _args, _named, py) => paths(children(py, path))],
  ["glob", (path, [pattern], _named, py) => paths(matching(py, path, pieces(str(pattern!))))],
  ["rglob", (path, [pattern], _named, py) => paths(matching(py, path, ["**", ...pieces(str(pattern!))]))],
];

export function pathlibModule(): PyModule {
  return new PyModule("pathlib", [
    ["Path", PATH],
    ["PosixPath", PATH],
    ["PurePath", PURE],
    ["PurePosixPath", PURE],
  ]);
}
