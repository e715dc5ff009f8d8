/** find's actions: printing, deleting, running programs. */
import { encode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import { exitCode } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { Fatal, quote, type Tool } from "../tool.ts";
import { searchPath } from "./env.ts";
import type { Expression, Maker, Test, Visit } from "./find-expression.ts";
import { lsLine, printfText } from "./find-printf.ts";

/** Printing to standard output, or to the file that the action names. */
const prints =
  (text: (e: Expression, visit: Visit, format: string) => string, takesFile: boolean, takesFormat = false): Maker =>
  (e, name) => {
    const { t, search } = e;
    search.acts = true;
    let fd: number | undefined;
    if (takesFile) {
      const path = e.value(name);
      try {
        fd = sys.open(t.p, path, { write: true, create: true, truncate: true });
      } catch (error) {
        if (!isErrno(error)) throw error;
        throw new Fatal(`${quote(path)}: ${error.message}`);
      }
    }
    const format = takesFormat ? e.value(name) : "";
    return function* (visit) {
      const line = text(e, visit, format);
      if (fd === undefined) t.out.add(line);
      else yield* sys.write(t.p, fd, encode(line));
      return true;
    };
  };

const path = (end: string) => (_e: Expression, visit: Visit) => visit.path + end;
const formatted = (e: Expression, visit: Visit, format: string) =>
  printfText(e.t.p, format, visit, (message) => {
    if (!e.warnings.includes(message)) e.warnings.push(message);
  });
const listed = (e: Expression, visit: Visit) => lsLine(e.t.p, visit);

const remove: Maker = (e) => {
  const { t, search } = e;
  search.acts = search.depthFirst = true;
  return function* (visit) {
    if (visit.path === ".") return true;
    try {
      if (visit.node.kind === "dir") sys.rmdir(t.p, visit.path);
      else sys.unlink(t.p, visit.path);
      return true;
    } catch (error) {
      if (!isErrno(error)) throw error;
      yield* t.error(`cannot delete ${quote(visit.path)}: ${error.message}`);
      return false;
    }
  };
};

const exec: Maker = (e, name) => {
  const { t, search } = e;
  search.acts = true;
  const inDirectory = name.endsWith("dir");
  const asks = name.startsWith("-ok");
  const words: string[] = [];
  for (;;) {
    const word = e.word();
    if (word === undefined) throw new Fatal(`missing argument to \`${name}'`);
    if (word === ";") break;
    if (word === "+" && words.at(-1) === "{}" && !asks) {
      words.pop();
      if (words.some((one) => one.includes("{}")))
        throw new Fatal(`Only one instance of {} is supported with ${name} ... +`);
      return gathered(e, words, inDirectory);
    }
    words.push(word);
  }
  if (words.length === 0) throw new Fatal(`invalid argument \`;' to \`${name}'`);
  return function* (visit) {
    if (asks && !(yield* confirmed(t, words[0]!, visit.path))) return false;
    const shown = inDirectory ? `./${visit.path.split("/").at(-1)}` : visit.path;
    const argv = words.map((word) => word.split("{}").join(shown));
    return (yield* run(t, argv, inDirectory ? parentOf(visit.path) : undefined)) === 0;
  };
};

/** `-exec … {} +`: as many paths as there are, a command for each directory with -execdir. */
function gathered({ t, search }: Expression, words: string[], inDirectory: boolean): Test {
  const groups = new Map<string, string[]>();
  search.ends.push(function* () {
    for (const [where, paths] of groups)
      if ((yield* run(t, [...words, ...paths], inDirectory ? where : undefined)) !== 0) t.status = 1;
  });
  return function* (visit) {
    const where = inDirectory ? parentOf(visit.path) : "";
    const paths = groups.get(where) ?? [];
    groups.set(where, paths);
    paths.push(inDirectory ? `./${visit.path.split("/").at(-1)}` : visit.path);
    return true;
  };
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "." : path.slice(0, slash) || "/";
}

/** -ok asks on standard error and reads a line. */
function* confirmed(t: Tool, command: string, path: string): Gen<boolean> {
  yield* t.out.flush();
  yield* sys.printError(t.p, `< ${command} ... ${path} > ? `);
  let answer = "";
  for (;;) {
    const bytes = yield* sys.read(t.p, 0, 1);
    if (bytes.length === 0 || bytes[0] === 10) break;
    answer += String.fromCharCode(bytes[0]!);
  }
  return /^\s*[yY]/.test(answer);
}

function* run(t: Tool, argv: string[], cwd?: string): Gen<number> {
  yield* t.out.flush();
  const found = searchPath(t.p, argv[0]!);
  const back = t.p.cwd;
  try {
    if (cwd !== undefined) sys.chdir(t.p, cwd);
    const child = yield* sys.spawn(t.p, found ?? argv[0]!, { argv });
    if (cwd !== undefined) sys.chdir(t.p, back);
    return exitCode((yield* sys.waitFor(t.p, child))!.status);
  } catch (error) {
    if (!isErrno(error)) throw error;
    yield* t.error(`${quote(argv[0]!)}: ${found === undefined ? "No such file or directory" : error.message}`, 0);
    return 1;
  }
}

/** By name. */
export const ACTIONS: Record<string, Maker> = {
  "-print": prints(path("\n"), false),
  "-print0": prints(path("\0"), false),
  "-printf": prints(formatted, false, true),
  "-ls": prints(listed, false),
  "-fprint": prints(path("\n"), true),
  "-fprint0": prints(path("\0"), true),
  "-fprintf": prints(formatted, true, true),
  "-fls": prints(listed, true),
  "-delete": remove,
  "-exec": exec,
  "-execdir": exec,
  "-ok": exec,
  "-okdir": exec,
  "-prune": () =>
    function* (visit) {
      visit.prune = true;
      return true;
    },
  "-quit": ({ search }) =>
    function* () {
      search.quit = true;
      return true;
    },
};
