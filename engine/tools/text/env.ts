import { isErrno } from "../../machine/errno.ts";
import type { Process } from "../../machine/process.ts";
import { SIGNALS, type Signal } from "../../machine/signal.ts";
import * as sys from "../../machine/sys.ts";
import type { ParsedOptions } from "../options.ts";
import { Fatal, quote, shellQuote, tool, UsageError } from "../tool.ts";

/** env(1). */
export const env = tool(
  {
    name: "env",
    short: "+0a:iu:C:S:v",
    long: "ignore-environment=i null=0 unset:=u chdir:=C split-string:=S debug=v default-signal::=ds ignore-signal::=is block-signal::=bs list-signal-handling=signal argv0:=a",
    usage: "[OPTION]... [-] [NAME=VALUE]... [COMMAND [ARG]...]",
    about: "Set each NAME to VALUE in the environment and run COMMAND.",
    usageStatus: 125,
  },
  function* (t, o) {
    const operands = [...o.values("S").flatMap((text) => splitWords(text, t.p.env)), ...o.operands];
    checkSignals(o);
    const told: string[] = [];
    const variables = o.has("i") || operands[0] === "-" ? new Map<string, string>() : new Map(t.p.env);
    if (operands[0] === "-") operands.shift();
    for (const name of o.values("u")) {
      if (name === "" || name.includes("=")) throw new Fatal(`cannot unset ${quote(name)}: Invalid argument`, 125);
      variables.delete(name);
    }
    while (operands[0]?.includes("=")) {
      const word = operands.shift()!;
      const at = word.indexOf("=");
      if (at === 0) throw new Fatal(`cannot set ${quote("")}: Invalid argument`, 125);
      variables.set(word.slice(0, at), word.slice(at + 1));
      told.push(`setenv:   ${word}\n`);
    }
    const dir = o.value("C");
    if (dir !== undefined && operands.length === 0) throw new UsageError("must specify command with --chdir (-C)");
    if (operands.length === 0) {
      for (const [name, value] of variables) t.out.add(`${name}=${value}${o.has("0") ? "\0" : "\n"}`);
      return 0;
    }
    if (o.has("0")) throw new UsageError("cannot specify --null (-0) with command");
    if (dir !== undefined) {
      try {
        sys.chdir(t.p, dir);
      } catch (error) {
        if (!isErrno(error)) throw error;
        throw new Fatal(`cannot change directory to ${shellQuote(dir)}: ${error.message}`, 125);
      }
    }
    const path = searchPath(t.p, operands[0]!, variables.get("PATH"));
    if (o.has("v"))
      yield* sys.printError(
        t.p,
        `${told.join("")}executing: ${operands[0]}\n${operands.map((word, i) => `   arg[${i}]= ${quote(word)}\n`).join("")}`,
      );
    const file = path ?? operands[0]!;
    if (o.has("a")) operands[0] = o.value("a")!;
    try {
      return yield* sys.exec(t.p, file, operands, variables);
    } catch (error) {
      if (!isErrno(error)) throw error;
      const missing = path === undefined || error.code === "ENOENT";
      throw new Fatal(
        `${quote(operands[0]!)}: ${path === undefined ? "No such file or directory" : error.message}`,
        missing ? 127 : 126,
      );
    }
  },
);

/** Names of signals are judged, though what they are set to stays as it was. Throws `UsageError`. */
function checkSignals(o: ParsedOptions): void {
  for (const value of ["ds", "is", "bs"].flatMap((key) => o.values(key)))
    for (const name of value.split(",").filter((word) => word !== "")) {
      const number = Number(name);
      const bare = name.replace(/^SIG/i, "").toUpperCase() as Signal;
      if (SIGNALS[bare] === undefined && !(number >= 1 && number <= 64))
        throw new UsageError(`${quote(name)}: invalid signal`);
    }
}

/** The words of -S: quotes, backslashes and `${NAME}` as env reads them. */
function splitWords(text: string, variables: ReadonlyMap<string, string>): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let open = "";
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (char === "\\" && open !== "'") {
      const next = text[++i] ?? "";
      const meant: Record<string, string> = { n: "\n", t: "\t", r: "\r", f: "\f", v: "\v", _: " " };
      if (next === "c") break;
      word = (word ?? "") + (meant[next] ?? next);
    } else if (open !== "" ? char === open : char === "'" || char === '"') {
      open = open === "" ? char : "";
      word ??= "";
    } else if (open === "" && /\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (open === "" && char === "#" && word === undefined) break;
    else if (char === "$" && open !== "'") {
      const name = /^\{(\w+)\}/.exec(text.slice(i + 1));
      if (name === null) throw new Fatal(`only \${VARNAME} expansion is supported, error at: ${text.slice(i)}`, 125);
      word = (word ?? "") + (variables.get(name[1]!) ?? "");
      i += name[0].length;
    } else word = (word ?? "") + char;
  }
  if (open !== "") throw new Fatal("no terminating quote in -S string", 125);
  if (word !== undefined) words.push(word);
  return words;
}

/** The file that execvp(3) would run: names with a slash as they are, others from PATH. */
export function searchPath(p: Process, name: string, path = p.env.get("PATH")): string | undefined {
  if (name.includes("/")) return name;
  let denied: string | undefined;
  for (const dir of (path ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin").split(":")) {
    const file = `${dir === "" ? "." : dir}/${name}`;
    try {
      sys.executable(p, file, [name]);
      return file;
    } catch (error) {
      if (!isErrno(error)) throw error;
      if (error.code === "EACCES" || error.code === "ENOEXEC") denied ??= file;
    }
  }
  return denied;
}
