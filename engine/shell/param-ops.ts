import { ShellError } from "./control.ts";
import { promptText } from "./expand.ts";
import { editInLocale, inLocale, lowerCase, upperCase } from "./locale.ts";
import type { Param } from "./param-syntax.ts";
import type { ParamValue } from "./parameters.ts";
import { pattern as compilePattern } from "./pattern.ts";
import { ansiC, doubleQuote, shellQuote, singleQuote } from "./quote.ts";
import type { Shell } from "./shell.ts";

/** `#`, `##`, `%`, `%%`: the text without its shortest or longest matching start or end. */
export function removeAffix(text: string, op: string, pattern: string, extglob: boolean): string {
  const compiled = compilePattern(pattern, { extglob });
  const longest = op.length === 2;
  if (compiled.literal !== undefined) {
    const { literal } = compiled;
    if (literal === "") return text;
    if (op[0] === "#") return text.startsWith(literal) ? text.slice(literal.length) : text;
    return text.endsWith(literal) ? text.slice(0, -literal.length) : text;
  }
  const chars = [...text];
  if (op[0] === "#") {
    const ends = [...compiled.ends(chars, 0)];
    if (ends.length === 0) return text;
    const cut = ends.reduce((a, b) => (longest ? Math.max(a, b) : Math.min(a, b)));
    return chars.slice(cut).join("");
  }
  const range = longest ? upTo(chars.length) : upTo(chars.length).reverse();
  for (const start of range) {
    if (compiled.ends(chars, start).has(chars.length)) return chars.slice(0, start).join("");
  }
  return text;
}

function upTo(n: number): number[] {
  return Array.from({ length: n + 1 }, (_, i) => i);
}

/** `/`, `//`, `/#`, `/%`: longest matches replaced. */
export function replacePattern(
  text: string,
  op: string,
  pattern: string,
  replacement: (match: string) => string,
  sh: Shell,
): string {
  const compiled = compilePattern(pattern, { extglob: sh.extglob(), ignoreCase: sh.shopts.has("nocasematch") });
  if (compiled.literal === "" && op !== "/#" && op !== "/%") return text;
  if (compiled.literal !== undefined && !sh.shopts.has("nocasematch")) {
    const { literal } = compiled;
    if (op === "/#") return text.startsWith(literal) ? replacement(literal) + text.slice(literal.length) : text;
    if (op === "/%")
      return text.endsWith(literal) ? text.slice(0, text.length - literal.length) + replacement(literal) : text;
    if (op === "//") return text.split(literal).join(replacement(literal));
    const at = text.indexOf(literal);
    return at < 0 ? text : text.slice(0, at) + replacement(literal) + text.slice(at + literal.length);
  }
  const subject = compiled.prepare(text);
  const chars = [...text];
  const longestAt = (start: number): number => {
    let best = -1;
    for (const end of compiled.ends(subject, start)) if (end > best) best = end;
    return best;
  };
  if (op === "/%") {
    for (let start = 0; start <= chars.length; start++) {
      if (compiled.ends(subject, start).has(chars.length))
        return chars.slice(0, start).join("") + replacement(chars.slice(start).join(""));
    }
    return text;
  }
  let out = "";
  let i = 0;
  while (i < chars.length) {
    const end = longestAt(i);
    if (end > i) {
      out += replacement(chars.slice(i, end).join(""));
      i = end;
      if (op !== "//") return out + chars.slice(i).join("");
      continue;
    }
    // An empty match stands before the character.
    if (end === i) out += replacement("");
    if (op === "/#" || (op === "/" && end === i)) return out + chars.slice(i).join("");
    out += chars[i++];
  }
  if (chars.length === 0 && longestAt(0) === 0) return replacement("");
  return out;
}

/** `^`, `^^`, `,`, `,,`: letters that match changed in case. */
export function caseConvert(text: string, op: string, pattern: string, extglob: boolean): string {
  const compiled = compilePattern(pattern, { extglob });
  const convert = (c: string) => {
    if (!compiled.matches(c)) return c;
    const upper = op[0] === "^" || (op[0] === "~" && c === c.toLowerCase());
    const changed = upper ? c.toUpperCase() : c.toLowerCase();
    return [...changed].length === 1 ? changed : c;
  };
  const chars = [...text];
  if (op.length === 2) return chars.map(convert).join("");
  if (chars.length > 0) chars[0] = convert(chars[0]!);
  return chars.join("");
}

/** What `@` gives word by word, and other subscripts as one text. */
function words(list: string[], value: ParamValue): ParamValue {
  return value.list && !value.star ? { list } : { text: list.join(" "), parts: list };
}

/** `${x@Q}` and its kin. */
export function transform(sh: Shell, param: Param, value: ParamValue, how: string): ParamValue {
  const target = sh.vars.target(param.name);
  const variable = /^[A-Za-z_]/.test(param.name) ? sh.vars.find(target) : undefined;
  if ((how === "a" || how === "A") && sh.has("nounset") && value.text === undefined && !value.list)
    if (!variable?.isArray || variable.elements().length === 0)
      throw new ShellError(`${param.said ?? param.name}: unbound variable`, "exit", 1);
  if (how === "a") {
    const flags = variable ? attributeFlags(sh, target) : "";
    const without = variable?.isArray ? variable.declaredEmpty && variable.elements().length === 0 : !variable?.isSet;
    const unset = without && flags !== "";
    if (value.list && !unset) return { list: value.list.map(() => flags), star: value.star };
    return { text: variable ? flags : undefined };
  }
  if (how === "A" && /^[A-Za-z_]/.test(param.name)) {
    const flags = attributeFlags(sh, target);
    if (variable === undefined || (!variable.isSet && flags === ""))
      return value.list ? { list: [], star: value.star } : {};
    const whole = param.index === "@" || param.index === "*";
    if (!whole && param.index !== undefined && variable.isArray)
      return value.text === undefined ? {} : { text: `declare -${flags} ${target}=${quoteQ(value.text)}` };
    if (variable.isArray && param.index !== undefined && !(variable.declaredEmpty && variable.elements().length === 0))
      return words(["declare", `-${flags}`, `${target}=${arrayLiteral(sh, target)}`], value);
    const own = variable.scalar();
    if (own === undefined)
      return whole && variable.isArray
        ? words(["declare", `-${flags}`, target], value)
        : { text: `declare -${flags} ${target}` };
    const quoted = `${target}=${quoteQ(own)}`;
    return { text: flags === "" ? quoted : `declare -${flags} ${quoted}` };
  }
  if (how === "A") return value.list ? words(["set", "--", ...value.list.map(quoteQ)], value) : {};
  if ((how === "K" || how === "k") && value.list && variable?.isArray) {
    const keys = variable.keys();
    const values = variable.elements();
    if (how === "k") return { list: keys.flatMap((key, i) => [key, values[i]!]), star: value.star };
    return {
      text:
        keys.map((key, i) => `${variable.map ? mapKey(key) : key} ${doubleQuote(values[i]!)}`).join(" ") +
        (variable.map ? " " : ""),
    };
  }
  const map = (text: string): string => {
    switch (how) {
      case "U":
        return editInLocale(sh, text, upperCase);
      case "u": {
        const [first = "", ...rest] = [...text];
        return upperCase(first) + rest.join("");
      }
      case "L":
        return editInLocale(sh, text, lowerCase);
      case "E":
        return ansiC(`${text.replaceAll("'", "\\'")}'`, 0).value;
      case "P":
        return sh.shopts.has("promptvars") || sh.has("posix") ? promptText(sh, sh.prompt(text)) : sh.prompt(text);
      default:
        return quoteQ(inLocale(sh, text));
    }
  };
  if (value.list) return { list: value.list.map(map), star: value.star };
  if (value.text === undefined) {
    if (sh.has("nounset")) throw new ShellError(`${param.said ?? param.name}: unbound variable`, "exit", 1);
    return { text: undefined };
  }
  return { text: map(value.text) };
}

function quoteQ(text: string): string {
  return /[\x00-\x1f\x7f\udc80-\udcff]/.test(text) ? shellQuote(text) : singleQuote(text);
}

/** Letters of `declare -p`. */
export function attributeFlags(sh: Shell, name: string): string {
  const variable = sh.vars.find(name);
  if (variable === undefined) return "";
  let flags = "";
  if (variable.list || variable.computedList) flags += "a";
  if (variable.map) flags += "A";
  if (variable.integer) flags += "i";
  if (variable.nameref) flags += "n";
  if (variable.readonly) flags += "r";
  if (variable.traced) flags += "t";
  if (variable.exported) flags += "x";
  return variable.letters ? flags + variable.letters[0] : flags;
}

/** `([0]="a" [1]="b")`. */
export function arrayLiteral(sh: Shell, name: string): string {
  const variable = sh.vars.find(name)!;
  const keys = sh.keysOf(name);
  const values = sh.elementsOf(name);
  const body = keys
    .map((key, i) => `[${variable.map ? mapKey(key) : key}]=${doubleQuote(inLocale(sh, values[i]!))}`)
    .join(" ");
  return variable.map && keys.length > 0 ? `(${body} )` : `(${body})`;
}

function mapKey(key: string): string {
  return shellQuote(key) === key && key !== "@" ? key : doubleQuote(key);
}
