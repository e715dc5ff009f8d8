/** pr(1) of coreutils 9.7: its command line; pages are made in `pr-pages.ts`. */
import { cpu, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import { localZone } from "../../machine/zone.ts";
import { strftime } from "../../text/time.ts";
import { readWhole } from "../io.ts";
import { ParsedOptions } from "../options.ts";
import { Fatal, quote, type Tool, tool, UsageError } from "../tool.ts";
import { type Layout, layoutOf } from "./pr-layout.ts";
import { Pages } from "./pr-pages.ts";

const MOST = 2_147_483_647;

/** `[CHAR[NUMBER]]` of -e, -i and -n. */
function charAndNumber(letter: string, text: string, char: string, number: number): [string, number] {
  const first = text === "" || /^\d/.test(text) ? "" : text[0]!;
  const rest = text.slice(first.length);
  if (rest !== "" && (!/^\d+$/.test(rest) || Number(rest) < 1 || Number(rest) > MOST))
    throw new UsageError(`'-${letter}' extra characters or invalid number in the argument: ${quote(rest)}`);
  return [first || char, rest === "" ? number : Number(rest)];
}

function numberOf(text: string, what: string, least: number): number {
  const wrong = (why = "") => new Fatal(`${what}: ${quote(text)}${why}`);
  if (!/^[-+]?\d+$/.test(text)) throw wrong();
  if (Number(text) > MOST || (Number(text) < least && least < 1))
    throw wrong(": Value too large for defined data type");
  if (Number(text) < least) throw wrong(": Numerical result out of range");
  return Number(text);
}

/** `FIRST[:LAST]`; undefined where these are no pages. Throws `Fatal` for what are no numbers. */
function pagesOf(text: string, option: string): [number, number] | undefined {
  const match = /^(\d+)(?::(\d+))?$/.exec(text);
  if (match === null) throw new Fatal(`invalid ${option} argument '${text}'`);
  const [first, last] = [Number(match[1]), match[2] === undefined ? Number.POSITIVE_INFINITY : Number(match[2])];
  return first < 1 || last < first ? undefined : [first, last];
}

function layout(o: ParsedOptions, files: number): Layout {
  const l = layoutOf();
  let columnsGiven: number | undefined;
  let digits = "";
  let [oldOptions, oldS, oldW] = [false, false, false];
  for (const { key, value } of o.list) {
    if (/^\d$/.test(key)) {
      digits += key;
      continue;
    }
    if (key === "pages") {
      const pages = pagesOf(value!, "--pages");
      if (pages === undefined) throw new Fatal(`invalid page range ${quote(value!)}`);
      [l.firstPage, l.lastPage] = pages;
    } else if (key === "columns") columnsGiven = numberOf(value!, "invalid number of columns", 1);
    else if (key === "a") l.across = true;
    else if (key === "c") l.hat = true;
    else if (key === "d") l.doubleSpace = true;
    else if (key === "D") l.dateFormat = value!;
    else if (key === "e") {
      [l.inTab, l.inTabWidth] = charAndNumber("e", value ?? "", l.inTab, l.inTabWidth);
      l.untabify = true;
    } else if (key === "f" || key === "F") l.formFeed = true;
    else if (key === "h") l.header = value!;
    else if (key === "i") {
      [l.outTab, l.outTabWidth] = charAndNumber("i", value ?? "", l.outTab, l.outTabWidth);
      l.tabify = true;
    } else if (key === "J") l.join = true;
    else if (key === "l") l.length = numberOf(value!, "'-l PAGE_LENGTH' invalid number of lines", 1);
    else if (key === "m") l.parallel = true;
    else if (key === "n") {
      l.numbered = true;
      [l.numberSeparator, l.digits] = charAndNumber("n", value ?? "", l.numberSeparator, l.digits);
    } else if (key === "N") {
      l.skipCount = false;
      l.firstNumber = numberOf(value!, "'-N NUMBER' invalid starting line number", -MOST);
    } else if (key === "o") l.margin = numberOf(value!, "'-o MARGIN' invalid line offset", 0);
    else if (key === "s") {
      [oldOptions, oldS] = [true, true];
      if (!l.separates && value !== undefined) l.separator = value;
    } else if (key === "S") {
      oldS = false;
      l.separator = value ?? "";
      l.separates = true;
    } else if (key === "t") [l.extremities, l.keepFormFeeds] = [false, true];
    else if (key === "T") [l.extremities, l.keepFormFeeds] = [false, false];
    else if (key === "v") l.octal = true;
    else if (key === "w") {
      [oldOptions, oldW] = [true, true];
      const width = numberOf(value!, "'-w PAGE_WIDTH' invalid number of characters", 1);
      if (!l.truncates) l.width = width;
    } else if (key === "W") {
      oldW = false;
      l.truncates = true;
      l.width = numberOf(value!, "'-W PAGE_WIDTH' invalid number of characters", 1);
    }
  }
  if (digits !== "") columnsGiven = numberOf(digits, "invalid number of columns", 1);
  if (l.parallel && columnsGiven !== undefined)
    throw new Fatal("cannot specify number of columns when printing in parallel");
  if (l.parallel && l.across) throw new Fatal("cannot specify both printing across and printing in parallel");
  const several = l.parallel || columnsGiven !== undefined;
  // What -s and -w meant to other Unix systems, in terms of -S, -W and -J.
  if (oldOptions && oldW) {
    if (several) {
      l.truncates = true;
      if (oldS) l.separates = true;
    } else l.join = true;
  } else if (oldOptions && !l.separates && oldS && several) {
    if (l.truncates) l.separates = true;
    else {
      l.join = true;
      if (l.separator !== "") l.separates = true;
    }
  }
  if (files === 0) l.parallel = false;
  l.columns = l.parallel ? files : (columnsGiven ?? 1);
  return l;
}

/** The bytes of a file and what its pages are headed by; undefined after a complaint. */
function* opened(
  t: Tool,
  o: ParsedOptions,
  path: string,
): Gen<{ bytes: Uint8Array; mtime: number | undefined } | undefined> {
  if (path === "-") return { bytes: yield* readWhole(t.p, 0), mtime: undefined };
  try {
    const fd = sys.open(t.p, path);
    const { mtime } = sys.stat(t.p, path);
    try {
      return { bytes: yield* readWhole(t.p, fd), mtime };
    } catch (error) {
      if (!isErrno(error)) throw error;
      yield* t.error(`${path}: ${error.message}`);
      return undefined;
    } finally {
      t.close(fd);
    }
  } catch (error) {
    if (!isErrno(error)) throw error;
    if (!o.has("r")) yield* t.error(`${path}: ${error.message}`);
    t.status = 1;
    return undefined;
  }
}

/** pr(1). */
export const pr = tool(
  {
    name: "pr",
    short: "-0123456789acdD:e::fFh:i::Jl:mn::N:o:rs::S::tTvw:W:",
    long: "pages:=pages columns:=columns across=a show-control-chars=c double-space=d date-format:=D expand-tabs::=e form-feed=f header:=h output-tabs::=i join-lines=J length:=l merge=m number-lines::=n first-line-number:=N indent:=o no-file-warnings=r separator::=s sep-string::=S omit-header=t omit-pagination=T show-nonprinting=v width:=w page-width:=W",
    usage: "[OPTION]... [FILE]...",
    about: "Paginate or columnate FILE(s) for printing.",
  },
  function* (t, o) {
    const files: string[] = [];
    const list = [...o.list];
    for (const [i, { key, value }] of list.entries()) {
      if (key !== "") continue;
      // `+FIRST[:LAST]` is a range of pages wherever a file may stand, unless there was one.
      const ranged = list.slice(0, i).some((one) => one.key === "pages");
      if (!ranged && value!.startsWith("+") && pagesOf(value!.slice(1), "+") !== undefined)
        list[i] = { key: "pages", value: value!.slice(1) };
      else files.push(value!);
    }
    const l = layout(new ParsedOptions(list, files), files.length);
    const zone = localZone(t.p);
    const { kernel } = t.p.machine;
    const dateText = (mtime = kernel.now) => {
      const micros = kernel.epochMs * 1000 + mtime;
      const seconds = Math.floor(micros / 1e6);
      return strftime(l.dateFormat, zone.calendar(seconds, Math.round(micros - seconds * 1e6) * 1000));
    };
    for (const group of l.parallel ? [files] : files.length === 0 ? [["-"]] : files.map((path) => [path])) {
      const inputs: Uint8Array[] = [];
      let mtime: number | undefined;
      for (const path of group) {
        const input = yield* opened(t, o, path);
        if (input === undefined) continue;
        inputs.push(input.bytes);
        mtime = input.mtime;
      }
      if (inputs.length === 0) continue;
      const shown = l.header ?? (l.parallel || group[0] === "-" ? "" : group[0]!);
      const pages = new Pages(l, inputs, shown, dateText(l.parallel ? undefined : mtime));
      if (pages.tooNarrow) throw new Fatal("page width too narrow");
      const missed = pages.passTo();
      if (missed !== undefined) {
        yield* t.error(`starting page number ${l.firstPage} exceeds page count ${missed}`, 0);
        continue;
      }
      for (let more = true; more; ) {
        more = pages.page();
        const bytes = pages.take();
        yield* cpu(5 + (bytes.length >> 5));
        yield* t.out.bytes(bytes);
      }
    }
    return t.status;
  },
);
