import type { Gen } from "../../../kernel/index.ts";
import { isErrno } from "../../../machine/errno.ts";
import type { Program } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import { Fatal, type Tool, tool } from "../../tool.ts";
import { Less } from "./less.ts";
import { FIXED, letterOf, SWITCHES, VALUES } from "./less-options.ts";
import { copyAsMore, More } from "./more.ts";

const LONG_OF_MORE =
  "silent=d exit-on-eof=e logical=f no-pause=l print-over=p clean-print=c squeeze=s plain=u lines:=n pattern:=pattern first:=first";

/** less(1) and more(1): a page at a time on a terminal, a plain copy elsewhere. */
function pager(name: "less" | "more"): Program {
  return tool(
    {
      name,
      short: name === "more" ? "deflcpsun:" : 'aABcCdeEfFgGiIJKlLmMnNqQrRsSuUVwWX~?b:D:h:j:k:o:O:p:P:t:T:x:y:z:":#:',
      long:
        name === "more"
          ? LONG_OF_MORE
          : "quit-if-one-screen=F chop-long-lines=S LINE-NUMBERS=N RAW-CONTROL-CHARS=R ignore-case=i no-init=X quit-at-eof=e QUIT-AT-EOF=E pattern:=p tabs:=x jump-target:=j tilde=~ squeeze-blank-lines=s quit-on-intr=K window:=z shift:=# first:=first complaint:=complaint",
      usage: "[options] [file]...",
      about: "",
      version: name === "less" ? "less 668 (GNU regular expressions)" : "more from util-linux 2.41",
      rewrite: (args) =>
        args.map((arg) =>
          name === "less"
            ? known(arg)
            : arg.startsWith("+/")
              ? `--pattern=${arg.slice(2)}`
              : /^\+./.test(arg)
                ? `--first=${arg.replace(/^\++/, "")}`
                : /^-\d+$/.test(arg)
                  ? `-n${arg.slice(1)}`
                  : arg,
        ),
    },
    function* (t, o) {
      const tty = t.p.fds.get(1)?.tty;
      const lines = name === "more" ? o.value("n") : undefined;
      if (lines !== undefined && !/^\d+$/.test(lines)) throw new Fatal(`argument error: '${lines}'`);
      if (o.operands.length === 0 && t.p.fds.get(0)?.tty !== undefined) {
        yield* sys.printError(
          t.p,
          name === "less"
            ? 'Missing filename ("less --help" for help)\n'
            : "more: bad usage\nTry 'more --help' for more information.\n",
        );
        return 1;
      }
      if (tty === undefined) return yield* (name === "more" ? copyAsMore : copy)(t, o.operands);
      if (name === "more") return yield* new More(t, tty, o).run();
      const view = new Less(t, o);
      return yield* view.run(tty, o.values("complaint"));
    },
  );
}

export const less = pager("less");
export const more = pager("more");

/** An argument of less: `+COMMAND`, options, and options there are not, which less complains of and passes over. */
function known(arg: string): string {
  if (/^\+./.test(arg)) return `--first=${arg.replace(/^\++/, "")}`;
  const long = /^--([\w-]+)/.exec(arg)?.[1];
  if (long !== undefined) {
    if (/^(version|help|first|complaint|pattern|use-color|mouse|no-histdups|incsearch|save-marks)/.test(long))
      return arg;
    return letterOf(long) === undefined
      ? `--complaint=There is no ${long} option ("less --help" for help)`
      : arg.replace(/^--[\w-]+=?/, `-${letterOf(long)}`);
  }
  for (const [i, letter] of [...arg].entries()) {
    if (i === 0 && letter !== "-") break;
    if (i === 0) continue;
    if (VALUES[letter] || FIXED[letter] || /[oOkTV?]/.test(letter)) break;
    if (!SWITCHES[letter]) return `--complaint=There is no -${letter} option ("less --help" for help)`;
  }
  return arg;
}

/** Where there is no screen less writes what it has to say among the texts. */
function* copy(t: Tool, operands: readonly string[]): Gen<number> {
  for (const path of operands.length > 0 ? operands : ["-"]) {
    try {
      if (path !== "-" && sys.stat(t.p, path).kind === "dir") {
        t.out.add(`${path} is a directory\n`);
        continue;
      }
      const fd = path === "-" ? 0 : sys.open(t.p, path);
      for (;;) {
        const bytes = yield* sys.read(t.p, fd);
        if (bytes.length === 0) break;
        yield* t.out.bytes(bytes);
      }
      t.close(fd);
    } catch (error) {
      if (!isErrno(error)) throw error;
      t.out.add(`${path}: ${error.message}\n`);
    }
  }
  return t.status;
}
