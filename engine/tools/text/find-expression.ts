/** find's expression: its tests, actions and operators made ready to run. */
import type { Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Inode } from "../../machine/inode.ts";
import { mayAccess } from "../../machine/path.ts";
import { exitCode } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { compileRegex, type Regex } from "../../text/regex/index.ts";
import { Fatal, type Tool } from "../tool.ts";
import { baseName } from "./cp.ts";
import { searchPath } from "./env.ts";

export interface Visit {
  path: string;
  node: Inode;
  depth: number;
  prune: boolean;
}

export type Test = (visit: Visit) => Gen<boolean>;

export interface Search {
  min: number;
  max: number;
  depthFirst: boolean;
  acts: boolean;
  quit: boolean;
  ends: (() => Gen<void>)[];
}

export class Expression {
  private readonly t: Tool;
  private readonly args: string[];
  private readonly search: Search;
  private at = 0;

  constructor(t: Tool, args: string[], search: Search) {
    this.t = t;
    this.args = args;
    this.search = search;
  }

  parse(): Test {
    if (this.args.length === 0) return always(true);
    const test = this.or();
    if (this.at < this.args.length) {
      const arg = this.args[this.at]!;
      if (arg === ")") throw new Fatal("you have too many ')'");
      throw new Fatal(`paths must precede expression: \`${arg}'`);
    }
    return test;
  }

  private or(): Test {
    let left = this.and();
    while (this.args[this.at] === "-o" || this.args[this.at] === "-or") {
      this.at++;
      const [a, b] = [left, this.and()];
      left = function* (visit) {
        return (yield* a(visit)) || (yield* b(visit));
      };
    }
    return left;
  }

  private and(): Test {
    let left = this.not();
    for (;;) {
      const arg = this.args[this.at];
      if (arg === undefined || arg === ")" || arg === "-o" || arg === "-or") return left;
      if (arg === "-a" || arg === "-and") this.at++;
      const [a, b] = [left, this.not()];
      left = function* (visit) {
        return (yield* a(visit)) && (yield* b(visit));
      };
    }
  }

  private not(): Test {
    const arg = this.args[this.at];
    if (arg === "!" || arg === "-not") {
      this.at++;
      const inner = this.not();
      return function* (visit) {
        return !(yield* inner(visit));
      };
    }
    if (arg === "(") {
      this.at++;
      const inner = this.or();
      if (this.args[this.at] !== ")")
        throw new Fatal("invalid expression; I was expecting to find a ')' somewhere but did not see one.");
      this.at++;
      return inner;
    }
    return this.primary();
  }

  private value(name: string): string {
    const value = this.args[this.at++];
    if (value === undefined) throw new Fatal(`missing argument to \`${name}'`);
    return value;
  }

  private number(name: string): (n: number) => boolean {
    const text = this.value(name);
    const match = /^([-+]?)(\d+)$/.exec(text);
    if (match === null) throw new Fatal(`invalid argument \`${text}' to \`${name}'`);
    const wanted = Number(match[2]);
    return match[1] === "+" ? (n) => n > wanted : match[1] === "-" ? (n) => n < wanted : (n) => n === wanted;
  }

  private primary(): Test {
    const { t, search } = this;
    const { p } = t;
    const name = this.args[this.at++];
    if (name === undefined)
      throw new Fatal("invalid expression; you have used a binary operator with nothing before it.");
    const test = (check: (visit: Visit) => boolean): Test =>
      function* (visit) {
        return check(visit);
      };
    const now = p.machine.kernel.now;
    switch (name) {
      case "-name":
      case "-iname": {
        const regex = glob(this.value(name), name === "-iname");
        return test((visit) => regex.test(baseName(visit.path)));
      }
      case "-path":
      case "-wholename":
      case "-ipath": {
        const regex = glob(this.value(name), name === "-ipath");
        return test((visit) => regex.test(visit.path));
      }
      case "-regex":
      case "-iregex": {
        const regex = compileRegex(`^(${this.value(name)})$`, { syntax: "ere", ignoreCase: name === "-iregex" });
        return test((visit) => regex.test(visit.path));
      }
      case "-type": {
        const kinds: Record<string, string> = {
          f: "file",
          d: "dir",
          l: "symlink",
          p: "fifo",
          c: "char",
          s: "socket",
          b: "block",
        };
        const text = this.value(name);
        for (const letter of text.split(","))
          if (kinds[letter] === undefined) throw new Fatal(`Unknown argument to -type: ${letter}`);
        const wanted = text.split(",").map((letter) => kinds[letter]);
        return test((visit) => wanted.includes(visit.node.kind));
      }
      case "-maxdepth":
      case "-mindepth": {
        const text = this.value(name);
        if (!/^\d+$/.test(text))
          throw new Fatal(`Expected a positive decimal integer argument to ${name}, but got ‘${text}’`);
        if (name === "-maxdepth") search.max = Number(text);
        else search.min = Number(text);
        return always(true);
      }
      case "-empty":
        return test(({ node }) =>
          node.kind === "file" ? node.content.size() === 0 : node.kind === "dir" && (node.entries?.size ?? 0) === 0,
        );
      case "-size": {
        const text = this.value(name);
        const match = /^([-+]?)(\d+)([bcwkMG]?)$/.exec(text);
        if (match === null) throw new Fatal(`invalid argument \`${text}' to \`-size'`);
        const unit = { "": 512, b: 512, c: 1, w: 2, k: 1024, M: 1024 ** 2, G: 1024 ** 3 }[match[3]!]!;
        const wanted = Number(match[2]);
        return test(({ node }) => {
          const bytes = node.kind === "file" ? node.content.size() : node.kind === "dir" ? 4096 : 0;
          const units = Math.ceil(bytes / unit);
          return match[1] === "+" ? units > wanted : match[1] === "-" ? units < wanted : units === wanted;
        });
      }
      case "-mtime":
      case "-mmin":
      case "-atime":
      case "-amin":
      case "-ctime":
      case "-cmin": {
        const fits = this.number(name);
        const field = `${name[1]}time` as "mtime";
        const unit = name.endsWith("min") ? 60e6 : 86_400e6;
        return test(({ node }) => fits(Math.floor((now - node[field]) / unit)));
      }
      case "-newer": {
        const path = this.value(name);
        const node = sys.find(p, path);
        if (node === undefined) throw new Fatal(`‘${path}’: No such file or directory`);
        return test((visit) => visit.node.mtime > node.mtime);
      }
      case "-perm": {
        const text = this.value(name);
        const match = /^([-/]?)([0-7]+)$/.exec(text);
        if (match === null) throw new Fatal(`invalid mode ‘${text}’`);
        const bits = Number.parseInt(match[2]!, 8);
        return test(({ node }) => {
          const mode = node.mode & 0o7777;
          return match[1] === "-"
            ? (mode & bits) === bits
            : match[1] === "/"
              ? bits === 0 || (mode & bits) !== 0
              : mode === bits;
        });
      }
      case "-user":
      case "-uid": {
        const text = this.value(name);
        const id = /^\d+$/.test(text) ? Number(text) : text === "root" ? 0 : -1;
        return test(({ node }) => node.uid === id);
      }
      case "-readable":
        return test(({ node }) => mayAccess(node, p.cred, 4));
      case "-writable":
        return test(({ node }) => mayAccess(node, p.cred, 2));
      case "-executable":
        return test(({ node }) => mayAccess(node, p.cred, 1));
      case "-true":
        return always(true);
      case "-false":
        return always(false);
      case "-depth":
      case "-d":
        search.depthFirst = true;
        return always(true);
      case "-xdev":
      case "-mount":
      case "-follow":
      case "-noleaf":
        return always(true);
      case "-prune":
        return test((visit) => {
          visit.prune = true;
          return true;
        });
      case "-quit":
        search.acts = true;
        return test(() => {
          search.quit = true;
          return true;
        });
      case "-print":
      case "-print0": {
        search.acts = true;
        const end = name === "-print" ? "\n" : "\0";
        return test((visit) => {
          t.out.add(visit.path + end);
          return true;
        });
      }
      case "-printf": {
        search.acts = true;
        const format = this.value(name);
        return test((visit) => {
          t.out.add(printf(format, visit));
          return true;
        });
      }
      case "-delete":
        search.acts = search.depthFirst = true;
        return function* (visit) {
          if (visit.path === ".") return true;
          try {
            if (visit.node.kind === "dir") sys.rmdir(p, visit.path);
            else sys.unlink(p, visit.path);
            return true;
          } catch (error) {
            if (!isErrno(error)) throw error;
            yield* t.error(`cannot delete ‘${visit.path}’: ${error.message}`);
            return false;
          }
        };
      case "-exec":
      case "-execdir":
      case "-ok":
        return this.exec(name);
      default:
        if (name.startsWith("-")) throw new Fatal(`unknown predicate \`${name}'`);
        throw new Fatal(`paths must precede expression: \`${name}'`);
    }
  }

  private exec(name: string): Test {
    const { t, search } = this;
    search.acts = true;
    const words: string[] = [];
    for (;;) {
      const word = this.args[this.at++];
      if (word === undefined) throw new Fatal(`missing argument to \`${name}'`);
      if (word === ";") break;
      if (word === "+" && words.at(-1) === "{}") {
        words.pop();
        const paths: string[] = [];
        search.ends.push(function* () {
          if (paths.length > 0 && (yield* run(t, [...words, ...paths])) !== 0) t.status = 1;
        });
        return function* (visit) {
          paths.push(visit.path);
          return true;
        };
      }
      words.push(word);
    }
    return function* (visit) {
      return (
        (yield* run(
          t,
          words.map((word) => word.split("{}").join(visit.path)),
        )) === 0
      );
    };
  }
}

function* run(t: Tool, argv: string[]): Gen<number> {
  yield* t.out.flush();
  const path = searchPath(t.p, argv[0]!);
  try {
    const child = yield* sys.spawn(t.p, path ?? argv[0]!, { argv });
    return exitCode((yield* sys.waitFor(t.p, child))!.status);
  } catch (error) {
    if (!isErrno(error)) throw error;
    yield* t.error(`‘${argv[0]}’: ${path === undefined ? "No such file or directory" : error.message}`, 0);
    return 1;
  }
}

function always(value: boolean): Test {
  return function* () {
    return value;
  };
}

/** fnmatch(3) without special slashes and dots. */
function glob(pattern: string, ignoreCase: boolean): Regex {
  let source = "";
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i]!;
    if (char === "*") source += ".*";
    else if (char === "?") source += ".";
    else if (char === "\\" && i + 1 < pattern.length) source += escaped(pattern[++i]!);
    else if (char === "[") {
      const end = pattern.indexOf("]", i + 2);
      if (end < 0) source += "\\[";
      else {
        source += `[${pattern.slice(i + 1, end).replace(/^!/, "^")}]`;
        i = end;
      }
    } else source += escaped(char);
  }
  return compileRegex(`^${source}$`, { syntax: "ere", ignoreCase });
}

function escaped(char: string): string {
  return /[.^$*+?()[\]{}|\\]/.test(char) ? `\\${char}` : char;
}

function printf(format: string, visit: Visit): string {
  const { node, path } = visit;
  const size = node.kind === "file" ? node.content.size() : node.kind === "dir" ? 4096 : 0;
  const fields: Record<string, string> = {
    p: path,
    f: baseName(path),
    h: path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : ".",
    s: String(size),
    m: (node.mode & 0o7777).toString(8),
    y: { file: "f", dir: "d", symlink: "l", fifo: "p", char: "c", socket: "s" }[node.kind],
    d: String(visit.depth),
    P: path,
    U: String(node.uid),
    G: String(node.gid),
    i: String(node.ino),
    l: node.kind === "symlink" ? node.target : "",
    "%": "%",
  };
  return format
    .replace(/%([a-zA-Z%])/g, (whole, letter: string) => fields[letter] ?? whole)
    .replace(/\\([nt0\\])/g, (_, letter: string) => ({ n: "\n", t: "\t", "0": "\0", "\\": "\\" })[letter]!);
}
