import { call, cpu, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import { mayAccess, WRITE } from "../../machine/path.ts";
import * as sys from "../../machine/sys.ts";
import { LineReader } from "../io.ts";
import { argMatch, quoteName, shellQuote, type Tool, tool, UsageError } from "../tool.ts";

interface Choice {
  recursive: boolean;
  force: boolean;
  dirs: boolean;
  interactive: boolean;
  verbose: boolean;
  answers: LineReader;
}

/** rm(1). */
export const rm = tool(
  {
    name: "rm",
    short: "dfirIRv",
    long: "force=f interactive::=i one-file-system=x no-preserve-root=npr preserve-root::=pr recursive=r dir=d verbose=v",
    usage: "[OPTION]... [FILE]...",
    wrongOption: (p) => {
      const file = p.argv.slice(1).find((arg) => /^-[^-]/.test(arg) && sys.find(p, arg, false) !== undefined);
      return file === undefined
        ? ""
        : `Try '${p.argv[0]} ./${quoteName(file)}' to remove the file ${shellQuote(file)}.\n`;
    },
    about: "Remove (unlink) the FILE(s).",
  },
  function* (t, o) {
    const asked = o.last("f", "i", "I");
    const when = asked?.key === "i" && asked.value !== undefined ? asked.value : undefined;
    const word =
      when === undefined ? "" : argMatch(when, "--interactive", [["never", "no", "none"], "once", ["always", "yes"]]);
    const how = word === "" || word === "always" ? asked : { key: word === "once" ? "I" : "" };
    const choice: Choice = {
      recursive: o.has("r", "R"),
      force: o.has("f") && how?.key === "f",
      dirs: o.has("d"),
      interactive: how?.key === "i",
      verbose: o.has("v"),
      answers: new LineReader(t.p, 0),
    };
    if (o.operands.length === 0) {
      if (o.has("f")) return 0;
      throw new UsageError("missing operand");
    }
    if (how?.key === "I" && (choice.recursive || o.operands.length > 3)) {
      const many = o.operands.length === 1 ? "1 argument" : `${o.operands.length} arguments`;
      if (!(yield* ask(t, `remove ${many}${choice.recursive ? " recursively" : ""}?`, choice))) return 0;
    }
    for (const path of o.operands) {
      const base = path.replace(/\/+$/, "").split("/").at(-1);
      if (choice.recursive && (base === "." || base === "..")) {
        yield* t.error(`refusing to remove '.' or '..' directory: skipping ${shellQuote(path)}`);
        continue;
      }
      if (choice.recursive && path.replace(/\/+$/, "") === "" && !o.has("npr")) {
        yield* t.error("it is dangerous to operate recursively on '/'");
        yield* t.error("use --no-preserve-root to override this failsafe");
        continue;
      }
      yield* removePath(t, path, choice);
    }
    return t.status;
  },
);

function* removePath(t: Tool, path: string, choice: Choice): Gen<boolean> {
  try {
    const found = sys.lookup(t.p, path, false);
    if (found.node === undefined) {
      if (!choice.force) yield* t.error(`cannot remove ${shellQuote(path)}: No such file or directory`);
      return choice.force;
    }
    const { node } = found;
    if (node.kind === "dir") {
      if (!choice.recursive) {
        if (!choice.dirs) {
          yield* t.error(`cannot remove ${shellQuote(path)}: Is a directory`);
          return false;
        }
      } else {
        const names = [...sys.readDir(t.p, path).keys()];
        if (
          choice.interactive &&
          names.length > 0 &&
          !(yield* ask(t, `descend into directory ${shellQuote(path)}?`, choice))
        )
          return false;
        let all = true;
        yield* cpu(4);
        for (const name of names) {
          const removed = yield* call(removePath(t, `${path.replace(/\/+$/, "")}/${name}`, choice));
          all = removed && all;
        }
        if (!all) return false;
      }
      if (choice.interactive && !(yield* ask(t, `remove directory ${shellQuote(path)}?`, choice))) return false;
      sys.rmdir(t.p, path);
      if (choice.verbose) t.out.add(`removed directory ${shellQuote(path)}\n`);
      return true;
    }
    const kind =
      node.kind === "symlink"
        ? "symbolic link"
        : node.kind === "file"
          ? node.content.size() === 0
            ? "regular empty file"
            : "regular file"
          : node.kind === "fifo"
            ? "fifo"
            : "character special file";
    const stdin = t.p.fds.get(0);
    const guarded =
      !choice.force && node.kind !== "symlink" && stdin?.tty !== undefined && !mayAccess(node, t.p.cred, WRITE);
    if (choice.interactive && !(yield* ask(t, `remove ${kind} ${shellQuote(path)}?`, choice))) return false;
    if (
      guarded &&
      !choice.interactive &&
      !(yield* ask(t, `remove write-protected ${kind} ${shellQuote(path)}?`, choice))
    )
      return false;
    sys.unlink(t.p, path);
    if (choice.verbose) t.out.add(`removed ${shellQuote(path)}\n`);
    return true;
  } catch (error) {
    if (!isErrno(error)) throw error;
    if (choice.force && (error.code === "ENOENT" || error.code === "ENOTDIR")) return true;
    yield* t.error(`cannot remove ${shellQuote(path)}: ${error.message}`);
    return false;
  }
}

function* ask(t: Tool, question: string, choice: Choice): Gen<boolean> {
  yield* t.out.flush();
  yield* sys.printError(t.p, `${t.name}: ${question} `);
  const answer = yield* choice.answers.line();
  return /^[yY]/.test(answer ?? "");
}
