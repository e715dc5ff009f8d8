/** dircolors(1): colours of files as LS_COLORS tells them to ls, and reading that variable. */
import { decode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import { readWhole } from "../io.ts";
import { Fatal, quote, quoteName, type Tool, tool, UsageError } from "../tool.ts";
import { linesOf } from "./input.ts";

/** Terminals that have colours. */
const TERMS =
  "Eterm ansi *color* con[0-9]*x[0-9]* cons25 console cygwin *direct* dtterm gnome hurd jfbterm konsole kterm linux linux-c mlterm putty rxvt* screen* st terminator tmux* vt100 vt220 xterm*";

/** Kinds of files: the word of a database, the key of LS_COLORS, the usual colour. */
const KINDS: readonly (readonly [string, string, string?])[] = [
  ["RESET", "rs", "0"],
  ["DIR", "di", "01;34"],
  ["LINK", "ln", "01;36"],
  ["MULTIHARDLINK", "mh", "00"],
  ["FIFO", "pi", "40;33"],
  ["SOCK", "so", "01;35"],
  ["DOOR", "do", "01;35"],
  ["BLK", "bd", "40;33;01"],
  ["CHR", "cd", "40;33;01"],
  ["ORPHAN", "or", "40;31;01"],
  ["MISSING", "mi", "00"],
  ["SETUID", "su", "37;41"],
  ["SETGID", "sg", "30;43"],
  ["CAPABILITY", "ca", "00"],
  ["STICKY_OTHER_WRITABLE", "tw", "30;42"],
  ["OTHER_WRITABLE", "ow", "34;42"],
  ["STICKY", "st", "37;44"],
  ["EXEC", "ex", "01;32"],
  ["NORM", "no"],
  ["NORMAL", "no"],
  ["FILE", "fi"],
  ["LNK", "ln"],
  ["SYMLINK", "ln"],
  ["PIPE", "pi"],
  ["BLOCK", "bd"],
  ["CHAR", "cd"],
  ["LEFT", "lc"],
  ["LEFTCODE", "lc"],
  ["RIGHT", "rc"],
  ["RIGHTCODE", "rc"],
  ["END", "ec"],
  ["ENDCODE", "ec"],
  ["SUID", "su"],
  ["SGID", "sg"],
  ["OWR", "ow"],
  ["OWT", "tw"],
];

/** Colours by the ends of names: archives, pictures and films, sound, what is left over. */
const ENDINGS: readonly (readonly [string, string])[] = [
  [
    "01;31",
    ".7z .ace .alz .apk .arc .arj .bz .bz2 .cab .cpio .crate .deb .drpm .dwm .dz .ear .egg .esd .gz .jar .lha .lrz .lz .lz4 .lzh .lzma .lzo .pyz .rar .rpm .rz .sar .swm .t7z .tar .taz .tbz .tbz2 .tgz .tlz .txz .tz .tzo .tzst .udeb .war .whl .wim .xz .z .zip .zoo .zst",
  ],
  [
    "01;35",
    ".avif .jpg .jpeg .jxl .mjpg .mjpeg .gif .bmp .pbm .pgm .ppm .tga .xbm .xpm .tif .tiff .png .svg .svgz .mng .pcx .mov .mpg .mpeg .m2v .mkv .webm .webp .ogm .mp4 .m4v .mp4v .vob .qt .nuv .wmv .asf .rm .rmvb .flc .avi .fli .flv .gl .dl .xcf .xwd .yuv .cgm .emf .ogv .ogx",
  ],
  ["00;36", ".aac .au .flac .m4a .mid .midi .mka .mp3 .mpc .ogg .ra .wav .oga .opus .spx .xspf"],
  [
    "00;90",
    "*~ *# .bak .crdownload .dpkg-dist .dpkg-new .dpkg-old .dpkg-tmp .old .orig .part .rej .rpmnew .rpmorig .rpmsave .swp .tmp .ucf-dist .ucf-new .ucf-old",
  ],
];

/** The usual database, a line a fact. */
function usualDatabase(): string {
  const kinds = KINDS.filter((kind) => kind[2] !== undefined).map(([word, , color]) => `${word} ${color}`);
  const endings = ENDINGS.flatMap(([color, names]) => names.split(" ").map((name) => `${name} ${color}`));
  return ["COLORTERM ?*", ...TERMS.split(" ").map((name) => `TERM ${name}`), ...kinds, ...endings]
    .map((line) => `${line}\n`)
    .join("");
}

/** A shell's pattern of `*`, `?` and sets, over a whole name. */
function fits(pattern: string, name: string): boolean {
  const set = /^\[([^\]]+)\]/.exec(pattern);
  if (pattern === "") return name === "";
  if (pattern[0] === "*") return fits(pattern.slice(1), name) || (name !== "" && fits(pattern, name.slice(1)));
  if (name === "") return false;
  if (set === null) return (pattern[0] === "?" || pattern[0] === name[0]) && fits(pattern.slice(1), name.slice(1));
  const [from, to] = set[1]!.split("-") as [string, string?];
  const inside = to === undefined ? from.includes(name[0]!) : name[0]! >= from && name[0]! <= to;
  return inside && fits(pattern.slice(set[0].length), name.slice(1));
}

/** The value of LS_COLORS that a database gives for this terminal. */
function* colorsOf(t: Tool, text: string, file: string): Gen<[string, string][]> {
  const term = t.p.env.get("TERM") ?? "none";
  const colorTerm = t.p.env.get("COLORTERM") ?? "";
  const out: [string, string][] = [];
  // Lines before the first TERM are of all terminals, later ones of those named just before.
  let state: "all" | "skipping" | "met" | "asking" = "all";
  let met = false;
  for (const [i, whole] of linesOf(text).entries()) {
    const line = whole.replace(/(^|\s)#.*$/, "").trim();
    if (line === "") continue;
    const [, word = "", value = ""] = /^(\S+)\s*(.*)$/.exec(line)!;
    if (value === "") {
      yield* t.error(`${quoteName(file)}:${i + 1}: invalid line;  missing second token`);
      continue;
    }
    const key = word.toUpperCase();
    if (key === "TERM" || key === "COLORTERM") {
      if (state === "met") continue;
      if (state !== "asking") state = "asking";
      if (fits(value, key === "TERM" ? term : colorTerm)) state = "met";
      continue;
    }
    if (state === "asking") state = "skipping";
    if (state === "met") {
      state = "all";
      met = true;
    }
    if (state === "skipping") continue;
    const known = state === "all" && met;
    if (word.startsWith(".")) out.push([`*${word}`, value]);
    else if (word.startsWith("*")) out.push([word, value]);
    else {
      const kind = KINDS.find(([name]) => name === key);
      if (kind !== undefined) out.push([kind[1], value]);
      else if (known && !["OPTIONS", "COLOR", "EIGHTBIT"].includes(key))
        yield* t.error(`${quoteName(file)}:${i + 1}: unrecognized keyword ${word}`);
    }
  }
  return out;
}

/** dircolors(1). */
export const dircolors = tool(
  {
    name: "dircolors",
    short: "bcp",
    long: "sh=b bourne-shell=b csh=c c-shell=c print-database=p print-ls-colors=l",
    usage: "[OPTION]... [FILE]",
    about: "Output commands to set the LS_COLORS environment variable.",
  },
  function* (t, o) {
    if (o.has("p", "l") && o.has("b", "c"))
      throw new UsageError(
        "the options to output non shell syntax,\nand to select a shell syntax are mutually exclusive",
      );
    if (o.has("p") && o.has("l"))
      throw new UsageError("options --print-database and --print-ls-colors are mutually exclusive");
    const [path, extra] = o.operands;
    if (o.has("p")) {
      if (path !== undefined)
        throw new UsageError(
          `extra operand ${quote(path)}\nfile operands cannot be combined with --print-database (-p)`,
        );
      t.out.add(usualDatabase());
      return 0;
    }
    if (extra !== undefined) throw new UsageError(`extra operand ${quote(extra)}`);
    const shell = t.p.env.get("SHELL");
    if (shell === undefined && !o.has("b", "c", "l"))
      throw new Fatal("no SHELL environment variable, and no shell type option given");
    const text = path === undefined ? usualDatabase() : decode(yield* read(t, path));
    const colors = yield* colorsOf(t, text, path ?? "<internal>");
    if (t.status !== 0) return 1;
    if (o.has("l")) {
      for (const [key, color] of colors) t.out.add(`\x1b[${color}m${key}\t${color}\x1b[0m\n`);
      return 0;
    }
    const value = colors.map(([key, color]) => `${key}=${color}:`).join("");
    const csh = o.last("b", "c")?.key === "c" || (!o.has("b", "c") && /\/t?csh$/.test(shell ?? ""));
    t.out.add(csh ? `setenv LS_COLORS '${value}'\n` : `LS_COLORS='${value}';\nexport LS_COLORS\n`);
    return 0;
  },
);

function* read(t: Tool, path: string): Gen<Uint8Array> {
  try {
    return yield* readWhole(t.p, path === "-" ? 0 : sys.open(t.p, path));
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new Fatal(`${quoteName(path)}: ${error.message}`);
  }
}

/** Colours of kinds by their keys, and of names by their ends, the last one that fits first. */
export interface LsColors {
  kinds: ReadonlyMap<string, string>;
  endings: readonly (readonly [string, string])[];
}

/** What ls takes without the variable: `ln=target` and `or` are unknown to it. */
const BUILT_IN =
  "rs=0:di=01;34:ln=01;36:pi=33:so=01;35:bd=01;33:cd=01;33:ex=01;32:do=01;35:su=37;41:sg=30;43:st=37;44:ow=34;42:tw=30;42";

/** LS_COLORS over what ls has built in. */
export function lsColors(variable: string | undefined): LsColors {
  const kinds = new Map<string, string>();
  const endings: [string, string][] = [];
  for (const pair of `${BUILT_IN}:${variable ?? ""}`.split(":")) {
    const at = pair.indexOf("=", 1);
    if (at < 0) continue;
    const [key, color] = [pair.slice(0, at), pair.slice(at + 1)];
    if (key.startsWith("*")) endings.unshift([key.slice(1), color]);
    else kinds.set(key, color);
  }
  return { kinds, endings };
}
