/** nl(1): lines with numbers, in logical pages of header, body and footer. */
import { compileRegex, RegexError } from "../../text/regex/index.ts";
import type { ParsedOptions } from "../options.ts";
import { Fatal, quote, tool, UsageError } from "../tool.ts";

type Section = "header" | "body" | "footer";
const LETTERS: Record<Section, string> = { header: "h", body: "b", footer: "f" };

/** How lines of a section are numbered: all, those with text, none, or those that match. */
function styleOf(o: ParsedOptions, section: Section): (line: string, blanks: number) => boolean {
  const style = o.value(LETTERS[section]) ?? (section === "body" ? "t" : "n");
  const join = number(o, "l", "line number of blank lines", 1, 1);
  if (style[0] === "a") return (line, blanks) => line !== "" || blanks % join === 0;
  if (style[0] === "t") return (line) => line !== "";
  if (style[0] === "n") return () => false;
  if (!style.startsWith("p")) throw new UsageError(`invalid ${section} numbering style: ${quote(style)}`);
  try {
    const pattern = compileRegex(style.slice(1), { syntax: "bre" });
    return (line) => pattern.test(line);
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    throw new Fatal(error.message);
  }
}

function number(o: ParsedOptions, key: string, what: string, normal: number, least = -Infinity): number {
  const text = o.value(key);
  if (text === undefined) return normal;
  if (!/^-?\d+$/.test(text)) throw new Fatal(`invalid ${what}: ${quote(text)}`);
  if (Number(text) < least && key === "w")
    throw new Fatal(`invalid ${what}: ${quote(text)}: Numerical result out of range`);
  return Math.max(least, Number(text));
}

export const nl = tool(
  {
    name: "nl",
    short: "b:d:f:h:i:l:n:ps:v:w:",
    long: "body-numbering:=b section-delimiter:=d footer-numbering:=f header-numbering:=h line-increment:=i join-blank-lines:=l number-format:=n no-renumber=p number-separator:=s starting-line-number:=v number-width:=w",
    usage: "[OPTION]... [FILE]...",
    about: "Write each FILE to standard output, with line numbers added.",
  },
  function* (t, o) {
    const styles = { header: styleOf(o, "header"), body: styleOf(o, "body"), footer: styleOf(o, "footer") };
    const start = number(o, "v", "starting line number", 1);
    const step = number(o, "i", "line number increment", 1);
    const width = number(o, "w", "line number field width", 6, 1);
    const separator = o.value("s") ?? "\t";
    const format = o.value("n") ?? "rn";
    if (!/^(ln|rn|rz)$/.test(format)) throw new UsageError(`invalid line numbering format: ${quote(format)}`);
    const marks = o.value("d") ?? "\\:";
    const mark = [...marks].length === 1 ? `${marks}:` : marks;
    const sections = new Map<string, Section>(
      mark === ""
        ? []
        : [
            [mark.repeat(3), "header"],
            [mark.repeat(2), "body"],
            [mark, "footer"],
          ],
    );
    const empty = " ".repeat(width + separator.length);
    let section: Section = "body";
    let count = start;
    let blanks = 0;
    for (const path of o.operands.length > 0 ? o.operands : ["-"]) {
      const fd = yield* t.open(path);
      if (fd === undefined) continue;
      try {
        const lines = t.lines(fd);
        for (let line = yield* lines.line(); line !== undefined; line = yield* lines.line()) {
          const next = sections.get(line);
          if (next !== undefined) {
            section = next;
            if (!o.has("p")) count = start;
            t.out.add("\n");
            continue;
          }
          blanks = line === "" ? blanks + 1 : 0;
          if (styles[section](line, blanks)) {
            t.out.add(formatted(count, width, format) + separator + line);
            count += step;
            blanks = 0;
          } else t.out.add(empty + line);
          t.out.add("\n");
          if (t.out.full || !lines.ready) yield* t.out.flush();
        }
      } catch (error) {
        yield* t.pathError(path, error);
      }
      t.close(fd);
    }
    return t.status;
  },
);

function formatted(count: number, width: number, format: string): string {
  if (format === "ln") return String(count).padEnd(width);
  if (format === "rn") return String(count).padStart(width);
  return count < 0 ? `-${String(-count).padStart(width - 1, "0")}` : String(count).padStart(width, "0");
}
