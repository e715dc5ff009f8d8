import { decode, decodeBase64, encode, encodeBase64, sha256Hex } from "../../../../kernel/index.ts";
import { compileRegex, type Regex, type RegexMatch } from "../../../../text/regex/index.ts";
import { re2Mistake } from "../../../../text/regex/re2.ts";
import { quote, sprint } from "../../../kubectl/go.ts";
import { FunctionError, type TemplateFunction, type Value } from "../exec.ts";
import { text, whole } from "./basic.ts";

const strings = (values: Value): string[] =>
  (Array.isArray(values) ? values : [values]).filter((value) => value !== null && value !== undefined).map(sprint);

const letters = (word: string): boolean => /^\p{L}/u.test(word);

const title = (value: string): string =>
  value.replace(/(^|[^\p{L}\p{N}_'])(\p{L})/gu, (_, before: string, char: string) => before + char.toUpperCase());

/** xstrings.ToSnakeCase and ToKebabCase, for the words that charts have. */
function cased(value: string, mark: string): string {
  return value
    .replace(/([\p{Ll}\p{N}])(\p{Lu})/gu, `$1${mark}$2`)
    .replace(/(\p{Lu}+)(\p{Lu}\p{Ll})/gu, `$1${mark}$2`)
    .replace(/[\s_-]+/g, mark)
    .toLowerCase();
}

const camel = (value: string): string =>
  value
    .replace(/[\s_-]+(.)?/g, (_, char: string | undefined) => (char ?? "").toUpperCase())
    .replace(/^./, (char) => char.toUpperCase());

function wrapped(width: number, value: string, mark: string): string {
  const out: string[] = [];
  let line = "";
  for (const word of value.split(/\s+/)) {
    if (line !== "" && line.length + 1 + word.length > width) {
      out.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...out, line].join(mark);
}

function regex(pattern: Value): Regex {
  const mistake = re2Mistake(text(pattern));
  if (mistake !== undefined) throw new FunctionError(mistake);
  return compileRegex(text(pattern), { syntax: "perl" });
}

function* matches(pattern: Value, value: string): Generator<RegexMatch> {
  const found = regex(pattern);
  for (let at = 0; at <= value.length; ) {
    const match = found.exec(value, at);
    if (match === null) return;
    yield match;
    at = match.end > match.index ? match.end : match.end + 1;
  }
}

function replaced(pattern: Value, value: string, by: (groups: readonly (string | undefined)[]) => string): string {
  let out = "";
  let last = 0;
  for (const { index, end, groups } of matches(pattern, value)) {
    out += value.slice(last, index) + by(groups);
    last = end;
  }
  return out + value.slice(last);
}

const expand = (template: string) => (groups: readonly (string | undefined)[]) =>
  template.replace(/\$(?:\{(\w+)\}|(\w+))/g, (_, braced, plain) => groups[Number(braced ?? plain)] ?? "");

const indent = (spaces: Value, value: Value): string => {
  const pad = " ".repeat(Math.min(1000, whole(spaces)));
  return pad + text(value).replaceAll("\n", `\n${pad}`);
};

const cut = (length: number, value: string): string =>
  length < 0 ? (value.length + length > 0 ? value.slice(length) : value) : value.slice(0, length);

/** Functions of sprig about text, hashes and encodings. */
export const STRINGS: Readonly<Record<string, TemplateFunction>> = {
  upper: ([value]) => text(value).toUpperCase(),
  lower: ([value]) => text(value).toLowerCase(),
  title: ([value]) => title(text(value)),
  untitle: ([value]) =>
    text(value).replace(/(^|\s)(\p{L})/gu, (_, before: string, char: string) => before + char.toLowerCase()),
  camelcase: ([value]) => camel(text(value)),
  kebabcase: ([value]) => cased(text(value), "-"),
  snakecase: ([value]) => cased(text(value), "_"),
  swapcase: ([value]) =>
    [...text(value)].map((char) => (char === char.toUpperCase() ? char.toLowerCase() : char.toUpperCase())).join(""),
  initials: ([value]) =>
    text(value)
      .split(/\s+/)
      .filter(letters)
      .map((word) => word[0])
      .join(""),
  nospace: ([value]) => text(value).replace(/\s/g, ""),
  trim: ([value]) => text(value).trim(),
  trimAll: ([chars, value]) => stripped(text(value), text(chars), true, true),
  trimall: ([chars, value]) => stripped(text(value), text(chars), true, true),
  trimPrefix: ([prefix, value]) =>
    text(value).startsWith(text(prefix)) ? text(value).slice(text(prefix).length) : text(value),
  trimSuffix: ([suffix, value]) =>
    text(suffix) !== "" && text(value).endsWith(text(suffix))
      ? text(value).slice(0, -text(suffix).length)
      : text(value),
  trunc: ([length, value]) => cut(whole(length), text(value)),
  abbrev: ([width, value]) =>
    text(value).length > whole(width) && whole(width) >= 4
      ? `${text(value).slice(0, whole(width) - 3)}...`
      : text(value),
  substr: ([start, end, value]) =>
    text(value).slice(Math.max(0, whole(start)), whole(end) < 0 ? undefined : whole(end)),
  repeat: ([count, value]) => {
    if (whole(count) * text(value).length > 1_000_000) throw new FunctionError("text is too long");
    return text(value).repeat(Math.max(0, whole(count)));
  },
  replace: ([from, to, value]) => text(value).replaceAll(text(from), () => text(to)),
  contains: ([part, value]) => text(value).includes(text(part)),
  hasPrefix: ([prefix, value]) => text(value).startsWith(text(prefix)),
  hasSuffix: ([suffix, value]) => text(value).endsWith(text(suffix)),
  quote: (args) =>
    args
      .filter((value) => value !== null && value !== undefined)
      .map((value) => quote(sprint(value)))
      .join(" "),
  squote: (args) =>
    args
      .filter((value) => value !== null && value !== undefined)
      .map((value) => `'${sprint(value)}'`)
      .join(" "),
  cat: (args) =>
    args
      .filter((value) => value !== null && value !== undefined)
      .map(sprint)
      .join(" "),
  indent: ([spaces, value]) => indent(spaces, value),
  nindent: ([spaces, value]) => `\n${indent(spaces, value)}`,
  wrap: ([width, value]) => wrapped(whole(width), text(value), "\n"),
  wrapWith: ([width, mark, value]) => wrapped(whole(width), text(value), text(mark)),
  plural: ([one, many, count]) => (whole(count) === 1 ? one : many),
  join: ([mark, values]) => strings(values).join(text(mark)),
  splitList: ([mark, value]) => text(value).split(text(mark)),
  split: ([mark, value]) =>
    Object.fromEntries(
      text(value)
        .split(text(mark))
        .map((part, i) => [`_${i}`, part]),
    ),
  splitn: ([mark, count, value]) => {
    const parts = text(value).split(text(mark));
    const head = parts.slice(0, whole(count) - 1);
    if (parts.length > head.length) head.push(parts.slice(head.length).join(text(mark)));
    return Object.fromEntries(head.map((part, i) => [`_${i}`, part]));
  },
  toStrings: ([values]) => strings(values),
  sortAlpha: ([values]) =>
    Array.isArray(values) ? strings(values).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)) : [text(values)],
  b64enc: ([value]) => encodeBase64(encode(text(value))),
  b64dec: ([value]) => {
    const bytes = decodeBase64(text(value));
    return bytes === undefined ? `illegal base64 data at input byte ${text(value).length}` : decode(bytes);
  },
  sha256sum: ([value]) => sha256Hex(text(value)),
  adler32sum: ([value]) => {
    let [a, b] = [1, 0];
    for (const byte of encode(text(value))) {
      a = (a + byte) % 65521;
      b = (b + a) % 65521;
    }
    return String((b * 65536 + a) >>> 0);
  },
  base: ([path]) => text(path).replace(/\/+$/, "").split("/").pop() || (text(path) === "" ? "." : "/"),
  dir: ([path]) => {
    const at = text(path).lastIndexOf("/");
    return at < 0 ? "." : text(path).slice(0, at) || "/";
  },
  ext: ([path]) => /\.[^./]*$/.exec(text(path))?.[0] ?? "",
  clean: ([path]) =>
    text(path)
      .replace(/\/+/g, "/")
      .replace(/(.)\/$/, "$1") || ".",
  isAbs: ([path]) => text(path).startsWith("/"),
  regexMatch: ([pattern, value]) => !matches(pattern, text(value)).next().done,
  mustRegexMatch: ([pattern, value]) => !matches(pattern, text(value)).next().done,
  regexFind: ([pattern, value]) => {
    const first = matches(pattern, text(value)).next();
    return first.done ? "" : first.value.groups[0];
  },
  regexFindAll: ([pattern, value, count]) => {
    const all = [...matches(pattern, text(value))].map(({ groups }) => groups[0]);
    return whole(count) < 0 ? all : all.slice(0, whole(count));
  },
  regexReplaceAll: ([pattern, value, by]) => replaced(pattern, text(value), expand(text(by))),
  regexReplaceAllLiteral: ([pattern, value, by]) => replaced(pattern, text(value), () => text(by)),
  regexSplit: ([pattern, value, count]) => {
    const out: string[] = [];
    let last = 0;
    for (const { index, end } of matches(pattern, text(value))) {
      if (whole(count) > 0 && out.length === whole(count) - 1) break;
      out.push(text(value).slice(last, index));
      last = end;
    }
    return [...out, text(value).slice(last)];
  },
  regexQuoteMeta: ([value]) => text(value).replace(/[\\.+*?()|[\]{}^$]/g, "\\$&"),
  semverCompare: ([constraint, version]) => satisfies(text(constraint), text(version)),
  semver: ([version]) => semver(text(version)),
  hello: () => "Hello!",
};

function stripped(value: string, chars: string, left: boolean, right: boolean): string {
  let from = 0;
  let to = value.length;
  while (left && from < to && chars.includes(value[from]!)) from++;
  while (right && to > from && chars.includes(value[to - 1]!)) to--;
  return value.slice(from, to);
}

interface Version {
  Major: number;
  Minor: number;
  Patch: number;
  Prerelease: string;
  Metadata: string;
  Original: string;
}

function semver(value: string): Version {
  const match = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([\w.-]+))?(?:\+([\w.-]+))?$/.exec(value);
  if (match === null) throw new FunctionError("Invalid Semantic Version");
  const [, major, minor, patch, pre, meta] = match;
  return {
    Major: Number(major),
    Minor: Number(minor ?? 0),
    Patch: Number(patch ?? 0),
    Prerelease: pre ?? "",
    Metadata: meta ?? "",
    Original: value,
  };
}

/** Order of two versions; a pre-release stands before its release. */
export function compareSemver(a: string, b: string): number {
  const [x, y] = [semver(a), semver(b)];
  const core = x.Major - y.Major || x.Minor - y.Minor || x.Patch - y.Patch;
  if (core !== 0 || x.Prerelease === y.Prerelease) return core;
  if (x.Prerelease === "" || y.Prerelease === "") return x.Prerelease === "" ? 1 : -1;
  return x.Prerelease < y.Prerelease ? -1 : 1;
}

/** Whether a version is within a constraint such as `>=1.19-0`, `^2.0` or `~1.2 || >3` (Masterminds/semver). */
export function satisfies(constraint: string, version: string): boolean {
  const found = semver(version);
  return constraint.split("||").some((all) => {
    const parts = all
      .replace(/\s+-\s+/g, " <=RANGE ")
      .trim()
      .split(/[\s,]+(?=[^\d.*xX]|\d)/)
      .filter(Boolean);
    const joined = parts
      .join(" ")
      .replace(/([<>=!~^]+)\s+/g, "$1")
      .split(/[\s,]+/)
      .filter(Boolean);
    return joined.every((part) => single(part, found, version));
  });
}

function single(part: string, found: Version, version: string): boolean {
  const match =
    /^(=|==|!=|>|<|>=|=>|<=|=<|~|~>|\^)?v?([\dxX*]+)(?:\.([\dxX*]+))?(?:\.([\dxX*]+))?(-[\w.-]+)?(\+[\w.-]+)?$/.exec(
      part,
    );
  if (match === null) throw new FunctionError(`improper constraint: ${part}`);
  const [, sign = "", a, b, c, pre] = match;
  const wild = (piece: string | undefined) => piece === undefined || /[xX*]/.test(piece);
  if (wild(a)) return true;
  if (found.Prerelease !== "" && pre === undefined) return false;
  const low = `${a}.${wild(b) ? 0 : b}.${wild(c) ? 0 : c}${pre ?? ""}`;
  const order = compareSemver(version, low);
  const within = wild(b)
    ? found.Major === Number(a)
    : wild(c)
      ? found.Major === Number(a) && found.Minor === Number(b)
      : order === 0;
  switch (sign) {
    case "":
    case "=":
    case "==":
      return within;
    case "!=":
      return !within;
    case ">":
      return order > 0 && (!wild(c) || !within);
    case "<":
      return order < 0;
    case ">=":
    case "=>":
      return order >= 0;
    case "<=":
    case "=<":
      return order <= 0 || within;
    case "^":
      if (order < 0) return false;
      if (Number(a) > 0 || wild(b)) return found.Major === Number(a);
      return (
        found.Major === 0 &&
        (Number(b) > 0 || wild(c) ? found.Minor === Number(b) : found.Minor === 0 && found.Patch === Number(c))
      );
    default:
      return order >= 0 && found.Major === Number(a) && (wild(b) || found.Minor === Number(b));
  }
}
