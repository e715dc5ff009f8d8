import { clock } from "../times.ts";
import type { Builtin } from "./index.ts";
import { put } from "./output.ts";
import { badOption, parseOptions } from "./usage.ts";

/** `u=rwx,g=rx,o=`. */
function symbolic(mask: number): string {
  const part = (shift: number) => {
    const bits = (~mask >> shift) & 7;
    return `${bits & 4 ? "r" : ""}${bits & 2 ? "w" : ""}${bits & 1 ? "x" : ""}`;
  };
  return `u=${part(6)},g=${part(3)},o=${part(0)}`;
}

const BITS: Record<string, number> = { r: 4, w: 2, x: 1 };

/** The bits that are allowed after `u=rwx,go-w`; or what is wrong with that, at the first character that is. */
function changed(allowed: number, mode: string): number | string {
  for (let i = 0; ; i++) {
    let who = "";
    while (/[ugoa]/.test(mode[i] ?? "")) who += mode[i++];
    const operator = mode[i++] ?? "\0";
    if (!/[-+=]/.test(operator)) return `\`${operator}': invalid symbolic mode operator`;
    let bits = 0;
    for (; i < mode.length && mode[i] !== ","; i++) {
      const bit = BITS[mode[i]!];
      if (bit === undefined) return `\`${mode[i]}': invalid symbolic mode character`;
      bits |= bit;
    }
    for (const one of new Set(who === "" || who.includes("a") ? "ugo" : who)) {
      const shift = one === "u" ? 6 : one === "g" ? 3 : 0;
      if (operator === "=") allowed = (allowed & ~(7 << shift)) | (bits << shift);
      else if (operator === "+") allowed |= bits << shift;
      else allowed &= ~(bits << shift);
    }
    if (mode[i] !== ",") return allowed;
  }
}

const umask: Builtin = function* (sh, args) {
  const parsed = parseOptions(args, sh.posix ? "S" : "pS");
  if (parsed.bad && (sh.setup.dialect === "bash" || !/^-[rwx]/.test(args[0] ?? "")))
    return yield* badOption(sh, "umask", parsed.bad);
  const has = (letter: string) => parsed.options.some((option) => option.letter === letter);
  const mode = parsed.bad ? args[0] : parsed.rest[0];
  if (mode === undefined) {
    const text = has("S") ? symbolic(sh.p.umask) : sh.p.umask.toString(8).padStart(4, "0");
    return yield* put(sh, "umask", `${has("p") ? `umask ${has("S") ? "-S " : ""}` : ""}${text}\n`);
  }
  if (/^\d/.test(mode)) {
    if (!/^[0-7]+$/.test(mode) || (!sh.posix && Number.parseInt(mode, 8) > 0o7777)) {
      yield* sh.complain(`umask: ${mode}: octal number out of range`);
      return 1;
    }
    sh.p.umask = Number.parseInt(mode, 8) & 0o777;
    return 0;
  }
  const allowed = changed(~sh.p.umask & 0o777, mode);
  if (typeof allowed === "string") {
    yield* sh.complain(`umask: ${allowed}`);
    return 1;
  }
  sh.p.umask = ~allowed & 0o777;
  return has("S") ? yield* put(sh, "umask", `${symbolic(sh.p.umask)}\n`) : 0;
};

/** Limits whose hard value is above the soft one to begin with. */
const LOWERED = new Set(["c", "s"]);

/** Letter, description with its unit, value here. */
const LIMITS: [string, string, string][] = [
  ["R", "real-time non-blocking time  (microseconds, -R) ", "unlimited"],
  ["c", "core file size              (blocks, -c) ", "0"],
  ["d", "data seg size               (kbytes, -d) ", "unlimited"],
  ["e", "scheduling priority                 (-e) ", "0"],
  ["f", "file size                   (blocks, -f) ", "65536"],
  ["i", "pending signals                     (-i) ", "7823"],
  ["l", "max locked memory           (kbytes, -l) ", "8192"],
  ["m", "max memory size             (kbytes, -m) ", "unlimited"],
  ["n", "open files                          (-n) ", "1024"],
  ["p", "pipe size                (512 bytes, -p) ", "8"],
  ["q", "POSIX message queues         (bytes, -q) ", "819200"],
  ["r", "real-time priority                  (-r) ", "0"],
  ["s", "stack size                  (kbytes, -s) ", "8192"],
  ["t", "cpu time                   (seconds, -t) ", "unlimited"],
  ["u", "max user processes                  (-u) ", "2000"],
  ["v", "virtual memory              (kbytes, -v) ", "unlimited"],
  ["x", "file locks                          (-x) ", "unlimited"],
];

/** Reads `-Sn 100 -c`: a limit may follow each letter. `bad`: an option that there is not. */
function limitArguments(args: readonly string[]): { flags: string; asked: [string, string?][]; bad?: string } {
  let flags = "";
  const asked: [string, string?][] = [];
  let i = 0;
  for (; i < args.length && /^-./.test(args[i]!) && args[i] !== "--"; i++) {
    for (let k = 1; k < args[i]!.length; k++) {
      const letter = args[i]![k]!;
      if (!"SHabcdefiklmnpqrstuvxPRT".includes(letter)) return { flags, asked, bad: `-${letter}` };
      if ("SHa".includes(letter)) flags += letter;
      else {
        const rest = args[i]!.slice(k + 1);
        const value = rest !== "" ? rest : args[i + 1]?.startsWith("-") ? undefined : args[++i];
        asked.push([letter, value]);
        break;
      }
    }
  }
  const operand = args[args[i] === "--" ? i + 1 : i];
  if (asked.length === 0) asked.push(["f", operand]);
  else if (operand !== undefined) asked.at(-1)![1] ??= operand;
  return { flags, asked };
}

const ulimit: Builtin = function* (sh, args) {
  const { flags, asked, bad } = limitArguments(args);
  if (bad !== undefined) return yield* badOption(sh, "ulimit", bad);
  const [hard, soft] = [flags.includes("H"), flags.includes("S")];
  const { nofile, nproc, fsize, as } = sh.p.limits;
  // What the process was started with, as by prlimit.
  const handed: Record<string, number | undefined> = { n: nofile, u: nproc, v: as, f: fsize && fsize / 1024 };
  const own = (letter: string) =>
    handed[letter]?.toString() ?? LIMITS.find(([one]) => one === letter)?.[2] ?? "unlimited";
  const most = (letter: string) => sh.limits.get(`H${letter}`) ?? (LOWERED.has(letter) ? "unlimited" : own(letter));
  const value = (letter: string) => (hard && !soft ? most(letter) : (sh.limits.get(letter) ?? own(letter)));
  if (flags.includes("a"))
    return yield* put(sh, "ulimit", LIMITS.map(([letter, text]) => `${text}${value(letter)}\n`).join(""));
  for (const [letter, limit] of asked) {
    if (limit === undefined) {
      const row = LIMITS.find(([one]) => one === letter);
      yield* put(sh, "ulimit", asked.length > 1 ? `${row?.[1] ?? ""}${value(letter)}\n` : `${value(letter)}\n`);
      continue;
    }
    if (!/^(\d+|unlimited|hard|soft)$/.test(limit)) {
      yield* sh.complain(`ulimit: ${limit}: invalid number`);
      return 1;
    }
    const given = limit === "hard" ? most(letter) : limit === "soft" ? value(letter) : limit;
    const number = given === "unlimited" ? undefined : Number(given);
    const above = Number(most(letter) === "unlimited" ? Number.POSITIVE_INFINITY : most(letter));
    if ((number ?? Number.POSITIVE_INFINITY) > above && (sh.p.cred.uid !== 0 || (soft && !hard))) {
      const what = LIMITS.find(([one]) => one === letter)?.[1].replace(/ *\(.*/, "") ?? "";
      const why = sh.p.cred.uid === 0 ? "Invalid argument" : "Operation not permitted";
      yield* sh.complain(`ulimit: ${what}: cannot modify limit: ${why}`);
      return 1;
    }
    if (hard || !soft) sh.limits.set(`H${letter}`, given);
    if (soft || !hard) sh.limits.set(letter, given);
    if (hard && !soft) continue;
    if (letter === "v") sh.p.limits = { ...sh.p.limits, as: number };
    if (letter === "n") sh.p.limits = { ...sh.p.limits, nofile: number };
    if (letter === "u") sh.p.limits = { ...sh.p.limits, nproc: number };
    if (letter === "f") sh.p.limits = { ...sh.p.limits, fsize: number === undefined ? undefined : number * 1024 };
  }
  return 0;
};

const times: Builtin = function* (sh, args) {
  const parsed = parseOptions(args, "");
  if (parsed.bad && sh.setup.dialect === "bash") return yield* badOption(sh, "times", parsed.bad);
  yield* sh.settle();
  const { task, childrenCpu } = sh.p;
  return yield* put(sh, "times", `${clock(task.used)} 0m0.000s\n${clock(childrenCpu)} 0m0.000s\n`);
};

export const processBuiltins: Record<string, Builtin> = { umask, ulimit, times };
