/** sort --debug: what it says of its keys beforehand, and what each line was compared by, underlined (sort.c, key_warnings and debug_key). */
import { decode } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import { quote } from "../tool.ts";
import { type Key, span } from "./sort-keys.ts";
import { displayWidth } from "./wc.ts";

const isNumeric = (key: Key) => key.type === "n" || key.type === "g" || key.type === "h";

/** The rules that texts are put in order by: those of the locale, or plain bytes. */
function collation(p: Process): string {
  const name = ["LC_ALL", "LC_COLLATE", "LANG"].map((key) => p.env.get(key)).find((value) => value);
  if (name === undefined || /^(?:C|POSIX)$/.test(name)) return "text ordering performed using simple byte comparison";
  return `text ordering performed using ${quote(name)} sorting rules`;
}

/** What may surprise about the keys, before the first line. `global`: the keys are the global options alone. */
export function keyWarnings(p: Process, keys: readonly Key[], tab: string | undefined, global: boolean): string[] {
  const out = [collation(p)];
  let number = false;
  let basicSpan = false;
  let generalSpan = false;
  keys.forEach((key, i) => {
    const empty = key.endField > 0 && key.endField < key.field;
    if (empty) out.push(`key ${i + 1} has zero width and will be ignored`);
    const skips = isNumeric(key) || key.type === "M";
    const lineOffset = key.endField === 1 && key.endChar !== 0 && key.field === 1;
    const blanks = (!key.skipStart && !skips) || (!key.skipStart && key.char > 1) || (!key.skipEnd && key.endChar > 0);
    if (!empty && !global && tab === undefined && !lineOffset && blanks)
      out.push(`leading blanks are significant in key ${i + 1}; consider also specifying 'b'`);
    if (!isNumeric(key)) return;
    number = true;
    if (global || (key.endField > 0 && key.field >= key.endField)) return;
    out.push(`key ${i + 1} is numeric and spans multiple fields`);
    if (key.type === "g") generalSpan = true;
    else basicSpan = true;
  });
  const spans = basicSpan || generalSpan;
  let told = false;
  if (spans && tab === ".") {
    out.push(`field separator ${quote(tab)} is treated as a decimal point in numbers`);
    told = true;
  } else if (spans && tab === "-") out.push(`field separator ${quote(tab)} is treated as a minus sign in numbers`);
  else if (generalSpan && tab === "+") out.push(`field separator ${quote(tab)} is treated as a plus sign in numbers`);
  if (number && !told) out.push(`numbers use ${quote(".")} as a decimal point in this locale`);
  return out;
}

/** A line and, below it, a mark under each key; under the whole line where that decides in the end. */
export function underlined(line: string, keys: readonly Key[], tab: string | undefined, lastResort: boolean): string {
  let out = `${line.replaceAll("\t", ">")}\n`;
  for (const key of keys) {
    const part = compared(line, key, tab);
    out += mark(part.before, part.text);
  }
  if (keys.length === 0 || lastResort) out += mark("", line);
  return out;
}

function mark(before: string, text: string): string {
  const width = widthOf(text);
  return `${" ".repeat(widthOf(before))}${width === 0 ? "^ no match for key" : "_".repeat(width)}\n`;
}

/** Columns of a text; a tab is shown as one sign. */
function widthOf(text: string): number {
  return displayWidth(text.replaceAll("\t", ">"));
}

/** The part of a line that its key reads: of numbers and months no more than they are. */
function compared(given: string, key: Key, tab: string | undefined): { before: string; text: string } {
  const { line, bytes, from, to } = span(given, key, tab);
  const written = (text: string) => (bytes ? decode(Uint8Array.from(text, (char) => char.charCodeAt(0))) : text);
  let start = from;
  let text = line.slice(from, Math.max(from, to));
  if (isNumeric(key) || key.type === "M") {
    const blanks = /^[ \t]*/.exec(text)![0].length;
    start += blanks;
    text = text.slice(blanks);
    if (key.type === "M") text = /^(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)/i.exec(text)?.[0] ?? "";
    else if (key.type === "g")
      text =
        /^[-+]?(?:0x[0-9a-f]+(?:\.[0-9a-f]*)?(?:p[-+]?\d+)?|inf(?:inity)?|nan|(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)/i.exec(
          text,
        )?.[0] ?? "";
    else
      text =
        (key.type === "h" ? /^-?(?:\d+\.?\d*|\.\d+)[kKMGTPEZYRQ]?/ : /^-?(?:\d+\.?\d*|\.\d+)/).exec(text)?.[0] ?? "";
  }
  return { before: written(line.slice(0, start)), text: written(text) };
}
