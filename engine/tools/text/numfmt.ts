import { decode } from "../../kernel/index.ts";
import { readWhole } from "../io.ts";
import { argMatch, Fatal, quote, tool } from "../tool.ts";
import { linesOf } from "./input.ts";

const UNITS = "KMGTPEZYRQ";

/** numfmt(1): --from, --to, --suffix, --padding, --field, --header, --format, --round, --grouping is none in C. */
export const numfmt = tool(
  {
    name: "numfmt",
    short: "d:z",
    long: "debug=debug delimiter:=d field:=field format:=format from:=from from-unit:=from-unit grouping=grouping header::=header invalid:=invalid padding:=padding round:=round suffix:=suffix to:=to to-unit:=to-unit zero-terminated=z",
    usage: "[OPTION]... [NUMBER]...",
    about: "Reformat NUMBER(s), or the numbers from standard input if none are specified.",
    rewrite: (args) => (/^-\d/.test(args[0] ?? "") ? ["--", ...args] : args),
  },
  function* (t, o) {
    const scale = (option: string) => {
      const value = o.value(option) ?? "none";
      if (!/^(none|auto|si|iec|iec-i)$/.test(value) || (option === "to" && value === "auto"))
        throw new Fatal(
          `invalid argument ${quote(value)} for ${quote(`--${option}`)}\nValid arguments are:\n${["none", ...(option === "from" ? ["auto"] : []), "si", "iec", "iec-i"].map((word) => `  - ${quote(word)}`).join("\n")}\nTry 'numfmt --help' for more information.`,
        );
      return value;
    };
    const [from, to] = [scale("from"), scale("to")];
    const unit = (option: string) => {
      const text = o.value(option);
      if (text === undefined) return 1;
      const match = /^(\d+)?([KMGTPEZY])?(i)?$/.exec(text);
      if (match === null || text === "" || match[1] === "0") throw new Fatal(`invalid unit size: ${quote(text)}`);
      return (
        Number(match[1] ?? 1) * (match[2] === undefined ? 1 : (match[3] ? 1024 : 1000) ** (UNITS.indexOf(match[2]) + 1))
      );
    };
    const [fromUnit, toUnit] = [unit("from-unit"), unit("to-unit")];
    const suffix = o.value("suffix") ?? "";
    const round = o.value("round") ?? "from-zero";
    const padding = o.value("padding");
    if (padding !== undefined && (!/^-?\d+$/.test(padding) || Number(padding) === 0))
      throw new Fatal(`invalid padding value ${quote(padding)}`);
    if (o.value("round") !== undefined)
      argMatch(o.value("round")!, "--round", ["up", "down", "from-zero", "towards-zero", "nearest"]);
    if (o.value("invalid") !== undefined)
      argMatch(o.value("invalid")!, "--invalid", ["abort", "fail", "warn", "ignore"]);
    const directives = o.value("format")?.replaceAll("%%", "").match(/%/g)?.length;
    if (o.has("format") && directives === undefined)
      throw new Fatal(`format ${quote(o.value("format")!)} has no % directive`);
    if (directives !== undefined && directives > 1)
      throw new Fatal(`format ${quote(o.value("format")!)} has too many % directives`);
    const format =
      o.value("format") === undefined
        ? undefined
        : /^(.*?)%([-'0 ]*)(\d+)?(?:\.(\d+))?f(.*)$/s.exec(o.value("format")!);
    if (format === null)
      throw new Fatal(`invalid format ${quote(o.value("format")!)}, directive must be %[0]['][-][N][.][N]f`);
    const invalid = o.value("invalid") ?? "abort";
    const fields = (o.value("field") ?? "1").split(",").map((part) => part.split("-"));
    const wanted = (n: number) =>
      fields.some(
        ([low, high]) =>
          n >= Number(low || 1) && n <= (high === undefined ? Number(low) : Number(high || Number.POSITIVE_INFINITY)),
      );
    const convert = (word: string): string | Fatal => {
      const bare = suffix !== "" && word.endsWith(suffix) ? word.slice(0, -suffix.length) : word;
      const match = /^(-?\d+(?:\.\d+)?|-?\.\d+)( ?)([KMGTPEZYRQk])?(i)?(.*)$/.exec(bare);
      if (match === null) return new Fatal(`invalid number: ${quote(word)}`, 2);
      const [, digits, , letter, i, rest] = match as unknown as [
        string,
        string,
        string,
        string | undefined,
        string | undefined,
        string,
      ];
      if (letter !== undefined && from === "none")
        return new Fatal(`rejecting suffix in input: ${quote(word)} (consider using --from)`, 2);
      if (rest !== "") {
        const after = letter === undefined ? "" : rest;
        return new Fatal(
          after === ""
            ? `invalid suffix in input: ${quote(word)}`
            : `invalid suffix in input ${quote(word)}: ${quote(after)}`,
          2,
        );
      }
      if (from === "iec-i" && letter !== undefined && i === undefined)
        return new Fatal(`missing 'i' suffix in input: ${quote(word)} (e.g Ki/Mi/Gi)`, 2);
      if ((from === "si" || from === "iec") && i !== undefined)
        return new Fatal(`invalid suffix in input: ${quote(word)}`, 2);
      const base = from === "si" || (from === "auto" && i === undefined) ? 1000 : 1024;
      const power = letter === undefined ? 0 : UNITS.indexOf(letter.toUpperCase()) + 1;
      const value = (Number(digits) * base ** power * fromUnit) / toUnit;
      const decimals = /\.(\d+)/.exec(digits)?.[1]?.length ?? 0;
      return (
        show(
          value,
          to,
          power > 0 || fromUnit !== 1 || toUnit !== 1 ? 0 : decimals,
          round,
          format?.[4] === undefined ? undefined : Number(format[4]),
        ) + suffix
      );
    };
    const place = (text: string, width: number) => {
      if (format) {
        const flags = format[2]!;
        const inner = Number(format[3] ?? 0);
        const body = flags.includes("-")
          ? text.padEnd(inner)
          : flags.includes("0")
            ? text.padStart(inner, "0")
            : text.padStart(inner);
        return format[1] + body + format[5];
      }
      if (padding !== undefined)
        return Number(padding) < 0 ? text.padEnd(-Number(padding)) : text.padStart(Number(padding));
      return text.padStart(width);
    };
    const delimiter = o.value("d");
    const end = o.has("z") ? "\0" : "\n";
    const one = function* (line: string) {
      let n = 0;
      let out = "";
      const pieces = delimiter !== undefined ? line.split(delimiter) : (line.match(/[ \t]*[^ \t]+/g) ?? [""]);
      for (const piece of pieces) {
        n++;
        if (delimiter !== undefined && n > 1) out += delimiter;
        if (!wanted(n)) {
          out += piece;
          continue;
        }
        const word = delimiter !== undefined ? piece : piece.replace(/^[ \t]+/, "");
        const blanks = piece.length - word.length;
        const result = convert(word);
        if (typeof result === "string") {
          // Further fields keep their column: one blank parts them, the rest is padding.
          const auto = blanks > 0 && (blanks > 1 || n === 1) ? piece.length - (n > 1 ? 1 : 0) : 0;
          out += (delimiter === undefined && n > 1 ? " " : "") + place(result, delimiter === undefined ? auto : 0);
          continue;
        }
        if (invalid === "abort") throw result;
        if (invalid !== "ignore") yield* t.error(result.message, 0);
        if (invalid === "fail") t.status = 2;
        out += piece;
      }
      t.out.add(out + end);
    };
    if (o.operands.length > 0) for (const word of o.operands) yield* one(word);
    else {
      let header = o.has("header") ? Number(o.value("header") ?? 1) : 0;
      for (const line of linesOf(decode(yield* readWhole(t.p, 0)), end)) {
        if (header-- > 0) t.out.add(line + end);
        else yield* one(line);
      }
    }
    return t.status;
  },
);

function rounded(value: number, how: string): number {
  const near = Math.round(value * 1e9) / 1e9;
  switch (how) {
    case "up":
      return Math.ceil(near);
    case "down":
      return Math.floor(near);
    case "towards-zero":
      return Math.trunc(near);
    case "nearest":
      return Math.sign(near) * Math.round(Math.abs(near));
    default:
      return Math.sign(near) * Math.ceil(Math.abs(near));
  }
}

function show(value: number, to: string, decimals: number, round: string, precision: number | undefined): string {
  const places = precision ?? decimals;
  if (to === "none") return (rounded(value * 10 ** places, round) / 10 ** places).toFixed(places);
  const base = to === "si" ? 1000 : 1024;
  let left = value;
  let power = 0;
  while (Math.abs(left) >= base && power < UNITS.length) {
    left /= base;
    power++;
  }
  let shown = precision ?? (power > 0 && Math.abs(left) < 10 ? 1 : power === 0 ? 0 : 0);
  left = rounded(left * 10 ** shown, round) / 10 ** shown;
  if (Math.abs(left) >= base) {
    left /= base;
    power++;
    shown = precision ?? 1;
  } else if (precision === undefined && power > 0 && Math.abs(left) >= 10) shown = 0;
  const letter = power === 0 ? "" : to === "si" && power === 1 ? "k" : UNITS[power - 1]!;
  return left.toFixed(shown) + letter + (to === "iec-i" && power > 0 ? "i" : "");
}

/** envsubst(1): $NAME and ${NAME} from the environment, or only those that the argument names. */
export const envsubst = tool(
  {
    name: "envsubst",
    short: "hvV",
    long: "variables=v",
    usage: "[OPTION] [SHELL-FORMAT]",
    about: "Substitutes the values of environment variables.",
    version: "envsubst (GNU gettext-runtime) 0.23.1",
  },
  function* (t, o) {
    const [format, extra] = o.operands;
    if (extra !== undefined) throw new Fatal("too many arguments");
    const names = (text: string) =>
      [...text.matchAll(/\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\})/g)].map((match) => match[1] ?? match[2]!);
    if (o.has("v")) {
      if (format === undefined) throw new Fatal("missing arguments");
      for (const name of names(format)) t.out.add(`${name}\n`);
      return 0;
    }
    const only = format === undefined ? undefined : new Set(names(format));
    const text = decode(yield* readWhole(t.p, 0));
    t.out.add(
      text.replace(
        /\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\})/g,
        (whole, bare: string | undefined, braced: string | undefined) => {
          const name = bare ?? braced!;
          return only === undefined || only.has(name) ? (t.p.env.get(name) ?? "") : whole;
        },
      ),
    );
    return 0;
  },
);
