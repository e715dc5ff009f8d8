import type { History } from "./history.ts";

export type Expanded = { text: string; changed: boolean; printOnly: boolean } | { error: string };

/** The last `:s///` and the last `!?text?`, for `:&` and `:%`. */
interface Memory {
  from: string;
  to: string;
  word: string;
}

const memories = new WeakMap<History, Memory>();

/** Words of a line as history expansion counts them: quoted parts hold together, operators stand alone. */
export function historyWords(line: string): string[] {
  return (
    line.match(
      /(?:[^\s'"\\;&|<>()`$]|\\.|\$'(?:[^'\\]|\\.)*'|'[^']*'|"(?:[^"\\]|\\.)*"|`[^`]*`|\$\([^)]*\)|\$)+|\d*[<>]+&?|[;&|()]+/g,
    ) ?? []
  );
}

/** History expansion: `!!`, `!n`, `!-n`, `!text`, `!?text?`, `!$`, `!^`, `!*`, `:n`, `^old^new`, modifiers. */
export function expandHistory(history: History, line: string, extglob = false): Expanded {
  const memory = memories.get(history) ?? { from: "", to: "", word: "" };
  memories.set(history, memory);
  const quick = line.startsWith("^") ? line : undefined;
  if (quick !== undefined) line = `!!:s${line.replace(/^\^([^^]*)\^([^^]*)$/, "^$1^$2^")}`;
  if (!line.includes("!")) return { text: line, changed: false, printOnly: false };
  let out = "";
  let changed = false;
  let printOnly = false;
  let single = false;
  let double = false;
  for (let i = 0; i < line.length; ) {
    const c = line[i]!;
    if (c === "\\" && !single) {
      out += c + (line[i + 1] ?? "");
      i += 2;
      continue;
    }
    if (c === "'" && !double) single = !single;
    else if (c === '"' && !single) double = !double;
    // Nothing is looked for in a comment.
    if (c === "#" && !single && !double && /^$|[\s;&|()<>]$/.test(line.slice(0, i))) {
      out += line.slice(i);
      break;
    }
    if (c !== "!" || single || isOrdinary(line, i, double, extglob)) {
      out += c;
      i++;
      continue;
    }
    const event = readEvent(history, memory, line, i, double);
    if (event.error !== undefined) return { error: event.error };
    const words = readWords(memory, event, line);
    if (words.error !== undefined)
      return { error: quick === undefined ? words.error : `:s${quick}: substitution failed` };
    out += words.text;
    printOnly ||= words.printOnly;
    i = words.end;
    changed = true;
  }
  return { text: out, changed, printOnly };
}

/** An exclamation mark that stands for itself: before a blank, `=` or the `(` of a pattern, in `[!…]`, `$!` and `${!…}`. */
function isOrdinary(line: string, i: number, double: boolean, extglob: boolean): boolean {
  const next = line[i + 1];
  if (next === undefined || /[\s=]/.test(next) || (next === "(" && !double && extglob) || (double && next === '"'))
    return true;
  const before = line[i - 1];
  if (before === "[" && line.indexOf("]", i + 1) > 0) return true;
  return before === "$" || (before === "{" && line[i - 2] === "$");
}

type Event = { text: string; end: number; error?: undefined } | { error: string };

function readEvent(history: History, memory: Memory, line: string, i: number, double: boolean): Event {
  const { lines, base } = history;
  const rest = line.slice(i);
  // Quotes are characters like others, but for the one that closes the quoted part that this stands in.
  const form = double
    ? /^!(?:!|(-?\d+)|\?([^?\n]*)\??|(?=[$^*:%-])|#|([^\s:$^*;&|<>()"!%]+))/
    : /^!(?:!|(-?\d+)|\?([^?\n]*)\??|(?=[$^*:%-])|#|([^\s:$^*;&|<>()!%]+))/;
  const designator = form.exec(rest);
  if (designator === null) return { error: "!: event not found" };
  const end = i + designator[0].length;
  let text: string | undefined;
  if (designator[1] !== undefined) {
    const n = Number(designator[1]);
    text = n < 0 ? lines[lines.length + n] : lines[n - base];
  } else if (designator[2] !== undefined) {
    const wanted = designator[2];
    text = lines.findLast((one) => one.includes(wanted));
    if (text !== undefined) memory.word = historyWords(text).find((word) => word.includes(wanted)) ?? "";
  } else if (designator[3] !== undefined) text = lines.findLast((one) => one.startsWith(designator[3]!));
  else if (designator[0] === "!#") text = line.slice(0, i);
  else text = lines.at(-1);
  return text === undefined ? { error: `${designator[0]}: event not found` } : { text, end };
}

function readWords(
  memory: Memory,
  event: { text: string; end: number },
  line: string,
): { text: string; end: number; printOnly: boolean; error?: undefined } | { error: string } {
  let out = event.text;
  let { end } = event;
  const words = historyWords(event.text);
  const last = words.length - 1;
  const pick = /^:?([$^*%])|^:?-(\d+|\$)?|^:(\d+)(?:-(\d+|\$)|(-|\*))?/.exec(line.slice(end));
  if (pick && !(pick[0] === "-" && /\d/.test(line[end + 1] ?? ""))) {
    end += pick[0].length;
    const bad = { error: `${pick[0]}: bad word specifier` };
    const [, special, upTo, from, to, rest] = pick;
    if (special === "$") out = words.at(-1) ?? "";
    else if (special === "%") out = memory.word;
    else if (special === "*") out = words.slice(1).join(" ");
    else {
      const first = special === "^" ? 1 : Number(from ?? 0);
      const final =
        special === "^"
          ? 1
          : from === undefined
            ? upTo === undefined
              ? last - 1
              : upTo === "$"
                ? last
                : Number(upTo)
            : to !== undefined
              ? to === "$"
                ? last
                : Number(to)
              : rest === "*"
                ? last
                : rest === "-"
                  ? last - 1
                  : first;
      if (first > last + (rest === "*" ? 1 : 0) || final > last) return bad;
      out = words.slice(first, final + 1).join(" ");
    }
  }
  return modify(memory, out, line, end);
}

/** The modifiers `:h`, `:t`, `:r`, `:e`, `:p`, `:q`, `:x`, `:s/a/b/`, `:&`, with `:g`, `:a` and `:G` before the last two. */
function modify(
  memory: Memory,
  text: string,
  line: string,
  end: number,
): { text: string; end: number; printOnly: boolean; error?: undefined } | { error: string } {
  let printOnly = false;
  while (line[end] === ":") {
    const start = end;
    let at = end + 1;
    const flag = /^[gaG]$/.test(line[at] ?? "") ? line[at++]! : "";
    const letter = line[at] ?? "";
    at++;
    if (letter === "s" || letter === "&") {
      if (letter === "s") {
        const delimiter = line[at];
        if (delimiter === undefined) return { error: `${line.slice(start)}: substitution failed` };
        const read = (from: number): [string, number] => {
          let part = "";
          let i = from;
          for (; i < line.length && line[i] !== delimiter; i++) {
            if (line[i] === "\\" && line[i + 1] === delimiter) i++;
            part += line[i];
          }
          return [part, i + 1];
        };
        const [from, behind] = read(at + 1);
        const [to, after] = read(behind);
        if (from !== "") memory.from = from;
        memory.to = to.replace(/\\.|&/g, (mark) => (mark === "&" ? memory.from : mark === "\\&" ? "&" : mark));
        at = Math.min(after, line.length);
      } else if (memory.from === "") return { error: `${line.slice(start, at)}: no previous substitution` };
      const { from, to } = memory;
      if (!text.includes(from)) return { error: `${line.slice(start, at)}: substitution failed` };
      if (flag === "G") text = text.replace(/\S+/g, (word) => word.replace(from, () => to));
      else text = flag === "" ? text.replace(from, () => to) : text.split(from).join(to);
    } else if (flag !== "") return { error: ": unrecognized history modifier" };
    else if (letter === "h") text = text.replace(/\/[^/]*$/, "");
    else if (letter === "t") text = text.slice(text.lastIndexOf("/") + 1);
    else if (letter === "r") text = text.replace(/\.[^./]*$/, "");
    else if (letter === "e") text = /\.[^./]*$/.exec(text)?.[0] ?? "";
    else if (letter === "p") printOnly = true;
    else if (letter === "q") text = quoted(text);
    else if (letter === "x")
      text = text
        .split(/[ \t\n]+/)
        .map(quoted)
        .join(" ");
    else return { error: `${line.slice(start, at)}: unrecognized history modifier` };
    end = at;
  }
  return { text, end, printOnly };
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
