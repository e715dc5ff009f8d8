import type { Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import { write } from "../../machine/sys.ts";
import { assignNamed, protectedName, settledName } from "../assignment.ts";
import { expandingAtOnce } from "../expand.ts";
import { formatPrintf } from "../printf.ts";
import { readEscape, rejoin } from "../quote.ts";
import { isReference } from "../scan.ts";
import type { Shell } from "../shell.ts";
import type { Builtin } from "./index.ts";
import { usage } from "./usage.ts";

/** Writes a builtin's output; a failing write is its error. */
export function* put(sh: Shell, name: string, text: string): Gen<number> {
  if (text === "") return 0;
  for (;;) {
    try {
      yield* write(sh.p, 1, text);
      return 0;
    } catch (error) {
      if (!isErrno(error)) throw error;
      if (error.code === "EINTR") continue;
      // A signal that ends the shell, caught for the EXIT trap's sake only, does so before anything more is said.
      if (error.code === "EPIPE" && sh.p.dispositions.get("PIPE") === "catch" && !sh.traps.has("PIPE")) return 1;
      yield* sh.complain(`${name}: write error: ${error.message}`);
      return 1;
    }
  }
}

const echo: Builtin = function* (sh, args) {
  let newline = true;
  let escapes = sh.shopts.has("xpg_echo") || sh.setup.dialect === "dash";
  let i = 0;
  if (sh.setup.dialect === "dash") {
    if (args[0] === "-n") {
      newline = false;
      i = 1;
    }
  } else {
    for (; i < args.length && /^-[neE]+$/.test(args[i]!); i++) {
      for (const letter of args[i]!.slice(1)) {
        if (letter === "n") newline = false;
        else escapes = letter === "e";
      }
    }
  }
  let text = i === 0 ? args.join(" ") : args.slice(i).join(" ");
  if (escapes && text.includes("\\")) {
    const done = echoEscapes(text, sh.setup.dialect !== "dash", sh.posix);
    text = done.text;
    if (done.stop) newline = false;
  }
  return yield* put(sh, "echo", newline ? `${text}\n` : text);
};

/** Escapes of `echo -e`. `stop`: `\c` ended the output. */
export function echoEscapes(text: string, hexadecimal = true, octal = false): { text: string; stop: boolean } {
  let out = "";
  for (let i = 0; i < text.length; ) {
    if (text[i] !== "\\" || (!hexadecimal && "xuUeE".includes(text[i + 1] ?? "-"))) {
      out += text[i++];
      continue;
    }
    // Other shells than bash read octal digits without a zero before them.
    const digits = octal ? /^[1-7][0-7]{0,2}/.exec(text.slice(i + 1, i + 4)) : null;
    const read = readEscape(text, i + 1, digits !== null);
    if (read.stop) return { text: rejoin(out), stop: true };
    out += text[i + 1] === '"' ? '\\"' : read.value;
    i = read.end;
  }
  return { text: rejoin(out), stop: false };
}

const printf: Builtin = function* (sh, args) {
  let target: string | undefined;
  let rest = args;
  if (args[0] === "-v" && sh.setup.dialect === "bash") {
    target = args[1];
    if (target === undefined) {
      yield* sh.complain("printf: -v: option requires an argument");
      return yield* usage(sh, "printf");
    }
    target = protectedName(sh, target);
    if (!isReference(target)) {
      yield* sh.complain(`printf: \`${target}': not a valid identifier`);
      return 2;
    }
    rest = args.slice(2);
  } else if (args[0]?.startsWith("-v") && args[0].length > 2 && sh.setup.dialect === "bash") {
    target = args[0].slice(2);
    rest = args.slice(1);
  }
  if (rest[0] === "--") rest = rest.slice(1);
  else if (rest[0] !== undefined && /^-./.test(rest[0]) && target === undefined) {
    yield* sh.complain(`printf: ${rest[0].slice(0, 2)}: invalid option`);
    return yield* usage(sh, "printf");
  }
  if (rest.length === 0) return yield* usage(sh, "printf");
  const result = formatPrintf(sh, rest[0]!, rest.slice(1));
  let named = true;
  for (const { name, count } of result.counts) {
    if (/^[A-Za-z_]\w*$/.test(name)) sh.assign(name, undefined, String(count));
    else if (name !== "") {
      named = false;
      yield* sh.complain(`printf: \`${name}': not a valid identifier`);
    }
  }
  // The output is written last, however much of it came first.
  for (const message of result.errors) yield* sh.complain(`printf: ${message}`);
  const status = target === undefined ? yield* put(sh, "printf", result.text) : 0;
  if (target !== undefined) {
    // A variable's text ends at a NUL.
    const [text] = result.text.split("\0", 1) as [string];
    const settled = yield* settledName(sh, target);
    yield* expandingAtOnce(sh, () => assignNamed(sh, settled, text));
  }
  return !named || result.errors.some((error) => !/^(?:missing|warning:) /.test(error)) ? 1 : status;
};

export const outputBuiltins: Record<string, Builtin> = { echo, printf };
