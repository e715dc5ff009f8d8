import { evaluate } from "./arith.ts";
import { ShellError } from "./control.ts";
import { arithText, compile, once, piecesPattern, piecesText } from "./expand.ts";
import { editInLocale, inLocale } from "./locale.ts";
import { caseConvert, removeAffix, replacePattern, transform } from "./param-ops.ts";
import type { Param } from "./param-syntax.ts";
import { parseParam } from "./param-syntax.ts";
import { rejoin } from "./quote.ts";
import { APOSTROPHE } from "./scan.ts";
import type { Dialect, Shell } from "./shell.ts";
import { specialParameter } from "./special.ts";
import type { Piece } from "./word.ts";

/** What a parameter expansion gives: a text (undefined when unset), a list, or a word to be expanded in its place. */
export interface ParamValue {
  text?: string | undefined;
  list?: string[] | undefined;
  /** The list is `*`, not `@`. */
  star?: boolean | undefined;
  raw?: readonly Piece[] | undefined;
  /** What `text` is made of, where `$@` stands beside it. */
  parts?: string[];
}

/** Value of a parameter without its operation. */
export function lookup(sh: Shell, param: Param): ParamValue {
  const { name } = param;
  if (param.index !== undefined) return lookupElement(sh, name, param.index);
  if (name === "@" || name === "*") return { list: sh.positional.slice(), star: name === "*" };
  const code = name.charCodeAt(0);
  if ((code >= 48 && code <= 57) || name.length === 1) {
    // A command substitution further on changes `$?`, not what came before it.
    const special = name === "?" ? once(sh, () => String(sh.status)) : specialParameter(sh, name);
    if (special !== null) return { text: special };
  }
  // A reference may be to all elements of an array.
  const value = sh.vars.find(name)?.value;
  const all = value !== undefined && /[@*]\]$/.test(value) && /^(\w+)\[([@*])\]$/.exec(sh.vars.target(name));
  if (!all) return { text: sh.get(name) };
  const found = lookupElement(sh, all[1]!, all[2]!);
  return param.text.startsWith("${") ? { text: found.list!.join(" ") } : found;
}

function lookupElement(sh: Shell, name: string, index: string): ParamValue {
  const target = sh.vars.target(name);
  const variable = sh.vars.find(target);
  if (index === "@" || index === "*") return { list: variable ? sh.elementsOf(target) : [], star: index === "*" };
  if (variable === undefined) {
    once(sh, () => sh.indexOf(undefined, index, name, true));
    return {};
  }
  if (variable.map) return { text: variable.map.get(sh.keyOf(index)) };
  const at = once(sh, () => sh.indexOf(variable, index, name, true));
  if (variable.get && !variable.list) {
    const all = sh.elementsOf(target);
    return { text: all[at] };
  }
  return { text: variable.list ? variable.list[at] : at === 0 ? variable.scalar() : undefined };
}

/** Expansions that dash and busybox do not know. */
function isForeign(dialect: Dialect, { op = "", prefix, index }: Param): boolean {
  return prefix === "!" || index !== undefined || (dialect === "dash" ? /^(?:[/^~,@]|:$)/ : /^[\^~,@]/).test(op);
}

/** Expands `$name` or `${…}`. */
export function expandParam(sh: Shell, param: Param, quoted: boolean): ParamValue {
  if (sh.setup.dialect !== "bash" && isForeign(sh.setup.dialect, param))
    throw new ShellError(`${param.text}: bad substitution`);
  if (param.bad) {
    // What is not set is not transformed, so nobody sees that there is no such transformation.
    if (param.op === "@") {
      const { text, list } = lookup(sh, param);
      if (list === undefined && text === undefined) requireSet(sh, param);
      if (list === undefined ? text === undefined : list.length === 0) return list ? { list } : { text };
    }
    throw new ShellError(`${param.text}: bad substitution`, param.op === "@" ? "exit" : "discard");
  }
  if (param.op === undefined && param.prefix === undefined) {
    const value = lookup(sh, param);
    if (value.text === undefined && value.list === undefined) requireSet(sh, param);
    return value;
  }
  if (param.op === "names")
    return {
      list: sh.vars.names().filter((name) => name.startsWith(param.name) && sh.vars.find(name)!.isSet),
      star: param.arg === "*",
    };
  if (sh.has("posix") && param.prefix === "!" && /^[#?]$/.test(param.name) && param.op === undefined)
    // There is no indirection by these: they are operations on `$!`.
    return expandParam(sh, { name: "!", text: param.text, op: param.name, arg: "" }, quoted);
  if (param.prefix === "#") return { text: length(sh, param, quoted) };
  let from = param;
  if (param.prefix === "!") {
    const result = indirect(sh, param);
    if ("list" in result) return result as ParamValue;
    from = { ...(result as Param), said: `!${nameOf(param)}` };
    if (param.op === undefined) return expandParam(sh, { ...from, prefix: undefined }, quoted);
  }
  const { name, index, said } = from;
  return operate(sh, from === param ? param : { ...param, name, index, said: said! }, lookup(sh, from), quoted);
}

/** A parameter as messages name it. */
export function nameOf({ said, name, index }: Param): string {
  return said ?? (index !== undefined ? `${name}[${index}]` : name);
}

function requireSet(sh: Shell, param: Param): void {
  if (!sh.has("nounset") || param.name === "@" || param.name === "*") return;
  const name = nameOf(param);
  // `$1` is named as it is written, what stands in braces without the dollar sign.
  const bare = /^[0-9!]/.test(name) && !param.text.startsWith("${");
  throw new ShellError(`${bare ? `$${name}` : name}: unbound variable`, "exit", 1);
}

function indirect(sh: Shell, param: Param): Param | ParamValue {
  if ((param.index === "@" || param.index === "*") && param.op === undefined) {
    return { list: sh.keysOf(sh.vars.target(param.name)), star: param.index === "*" };
  }
  const variable = sh.vars.find(param.name);
  if (variable?.nameref && param.index === undefined) return { list: undefined, text: variable.value } as ParamValue;
  const own = lookup(sh, param);
  const value = own.list ? own.list.join(" ") : own.text;
  // A positional parameter that is not there refers to nothing.
  if (value === undefined && !/^[A-Za-z_]/.test(param.name)) return { ...param, prefix: undefined };
  if (value === undefined || value === "") {
    const shown = param.index === undefined ? param.name : `${param.name}[${param.index}]`;
    if (value === undefined) throw new ShellError(`${shown}: invalid indirect expansion`);
    throw new ShellError(`${value ?? param.name}: invalid variable name`);
  }
  const target = parseParam(value, false);
  if (target.bad || target.op || target.prefix) throw new ShellError(`${value}: invalid variable name`);
  return target;
}

function length(sh: Shell, param: Param, quoted: boolean): string {
  const { index } = param;
  if (index !== undefined && index !== "@" && index !== "*") {
    const variable = sh.vars.find(sh.vars.target(param.name));
    const empty = variable?.declaredEmpty && variable.elements().length === 0;
    // An array that is not there is an error that gives up the line only.
    if (sh.has("nounset") && param.name !== "@" && (!variable?.isArray || empty))
      throw new ShellError(`${param.name}: unbound variable`);
    if (index.startsWith("-") && !variable?.isSet) return "0";
  }
  const reference = index === undefined ? sh.vars.find(param.name) : undefined;
  if (reference?.nameref && reference.value?.includes("[") && !(quoted && sh.has("nounset"))) return "0";
  const value = lookup(sh, param);
  if (value.list) {
    // `${#a[@]}` of what was never set is an error, unlike `${a[@]}`.
    if (param.index !== undefined && sh.has("nounset")) {
      const variable = sh.vars.find(sh.vars.target(param.name));
      if (!variable?.isSet || variable.declaredEmpty) throw new ShellError(`${param.name}: unbound variable`);
    }
    return String(value.list.length);
  }
  const inArray = param.index !== undefined && sh.vars.find(sh.vars.target(param.name))?.isSet;
  if (value.text === undefined && !inArray) requireSet(sh, { ...param, index: undefined });
  return String(codePoints(inLocale(sh, value.text ?? "")));
}

function codePoints(text: string): number {
  let count = text.length;
  for (let i = 0; i < text.length; i++) if ((text.charCodeAt(i) & 0xfc00) === 0xd800) count--;
  return count;
}

/** Pieces of an operand; between double quotes those of `:-` and its kin are read as such. */
function operand(text: string, quoted: boolean): readonly Piece[] {
  return compile(quoted ? text.replaceAll("\\}", "}") : text, quoted ? "dq" : "word").pieces;
}

function operate(sh: Shell, param: Param, value: ParamValue, quoted: boolean): ParamValue {
  const op = param.op!;
  const arg = param.arg ?? "";
  switch (op) {
    case "-":
    case ":-":
    case "+":
    case ":+":
    case "=":
    case ":=":
    case "?":
    case ":?":
      return conditional(sh, param, value, quoted);
    case ":":
      return slice(sh, param, value);
  }
  if (op !== "@" && value.text === undefined && value.list === undefined) requireSet(sh, param);
  let map: (text: string) => string;
  if (op[0] === "#" || op[0] === "%") {
    const pattern = inLocale(sh, piecesPattern(sh, compile(arg).pieces));
    map = (text) => removeAffix(text, op, pattern, sh.extglob());
  } else if (op[0] === "/") {
    const pattern = inLocale(sh, piecesPattern(sh, compile(arg).pieces));
    const replacement = replacementText(sh, param.arg2 ?? "");
    map = (text) => replacePattern(text, op, pattern, replacement, sh);
  } else if (op === "@") {
    return transform(sh, param, value, arg);
  } else {
    const pattern = arg === "" ? "?" : inLocale(sh, piecesPattern(sh, compile(arg).pieces));
    map = (text) => caseConvert(text, op, pattern, sh.extglob());
  }
  const edit = (text: string) => editInLocale(sh, text, map);
  if (value.list) return { list: value.list.map(edit), star: value.star };
  return { text: value.text === undefined ? undefined : edit(value.text) };
}

/** The replacement of `${x/a/b}`: an unquoted `&` stands for the match, marked here as `\uE000`. */
function replacementText(sh: Shell, text: string): (match: string) => string {
  const parts: (string | undefined)[] = [];
  const { pieces } = compile(text);
  for (const piece of pieces) {
    const plain = piecesText(sh, [piece]);
    const unquoted = piece.k === "lit" ? !piece.q : piece.k !== "quotes" && piece.k !== "tilde";
    if (!unquoted || !plain.includes("&") || !sh.shopts.has("patsub_replacement")) {
      parts.push(plain);
      continue;
    }
    let literal = "";
    for (let i = 0; i < plain.length; i++) {
      if (plain[i] === "\\" && (plain[i + 1] === "&" || plain[i + 1] === "\\")) literal += plain[++i];
      else if (plain[i] === "&") {
        parts.push(literal, undefined);
        literal = "";
      } else literal += plain[i];
    }
    parts.push(literal);
  }
  return (match) => parts.map((part) => part ?? match).join("");
}

function conditional(sh: Shell, param: Param, value: ParamValue, quoted: boolean): ParamValue {
  const op = param.op!;
  const colon = op.length === 2;
  const kind = op[op.length - 1]!;
  const missing = value.list
    ? value.list.length === 0 ||
      (colon &&
        value.list[0] === "" &&
        (value.list.length === 1 || (value.star && value.list.join(sh.ifsJoin()) === "")))
    : value.text === undefined || (colon && value.text === "");
  const arg = param.arg ?? "";
  if (kind === "+" && missing) {
    // `"${x[@]+…}"` of an empty list gives no word at all, as `"$@"` would.
    return value.list?.length === 0 && !value.star ? { list: [] } : { text: "" };
  }
  if (kind === "+") return { raw: operand(arg, quoted) };
  if (!missing) return value;
  if (kind === "-") return { raw: operand(arg, quoted) };
  if (kind === "?") {
    const message =
      arg === ""
        ? colon
          ? "parameter null or not set"
          : "parameter not set"
        : piecesText(sh, operand(quoted && sh.has("posix") ? arg.replaceAll(APOSTROPHE, "") : arg, quoted));
    throw new ShellError(`${nameOf(param)}: ${message}`, "exit", 1);
  }
  if (!/^[A-Za-z_]/.test(param.name)) throw new ShellError(`$${param.name}: cannot assign in this way`);
  const text = piecesText(sh, operand(arg, quoted));
  try {
    once(sh, () => sh.assign(param.name, param.index, text));
  } catch (error) {
    // In POSIX mode what cannot be assigned ends a script.
    if (error instanceof ShellError && sh.strict && !sh.posix && !error.cleanup)
      throw new ShellError(error.message, "exit");
    throw error;
  }
  return { text: sh.get(param.name, param.index) };
}

function slice(sh: Shell, param: Param, value: ParamValue): ParamValue {
  if (value.text === undefined && value.list === undefined) {
    requireSet(sh, param);
    return { text: undefined };
  }
  const number = (text: string): number => {
    try {
      return Number(once(sh, () => (text.trim() === "" ? 0 : arithText(sh, text))));
    } catch (error) {
      // Bash names the parameter as if it were the command.
      if (error instanceof ShellError && !error.unnamed && error.message.includes("error token"))
        throw new ShellError(`${param.name}: ${error.message}`);
      throw error;
    }
  };
  let offset = number(param.arg ?? "");
  const count = param.arg2 === undefined ? undefined : number(param.arg2);
  if (value.list) return sliceList(sh, param, value, offset, count);
  const chars = [...inLocale(sh, value.text!)];
  if (offset < 0) offset += chars.length;
  if (offset < 0 || offset > chars.length) return { text: "" };
  let end = count === undefined ? chars.length : count < 0 ? chars.length + count : offset + count;
  if (end < offset) {
    if (count! < 0) throw new ShellError(`${param.arg2}: substring expression < 0`);
    end = offset;
  }
  return { text: rejoin(chars.slice(offset, end).join("")) };
}

function sliceList(sh: Shell, param: Param, value: ParamValue, offset: number, count: number | undefined): ParamValue {
  if (count !== undefined && count < 0) throw new ShellError(`${param.arg2}: substring expression < 0`);
  let list = value.list!;
  if (param.index === undefined) {
    // Positional parameters: offset 0 includes $0.
    if (offset < 0) offset += list.length + 1;
    if (offset < 0) return { list: [], star: value.star };
    list = [sh.arg0, ...list];
    return { list: list.slice(offset, count === undefined ? undefined : offset + count), star: value.star };
  }
  const variable = sh.vars.find(sh.vars.target(param.name));
  if (variable?.list) {
    const keys = Object.keys(variable.list).map(Number);
    if (offset < 0) offset += (keys.at(-1) ?? -1) + 1;
    if (offset < 0) return { list: [], star: value.star };
    list = keys.filter((key) => key >= offset).map((key) => variable.list![key]!);
    offset = 0;
  } else if (offset < 0) offset += list.length;
  // The elements of an associative array are counted from 1, as if there were one before them.
  else if (variable?.map && offset > 0) offset--;
  if (offset < 0) return { list: [], star: value.star };
  return { list: list.slice(offset, count === undefined ? undefined : offset + count), star: value.star };
}

/** For `[[ -v name ]]`, `test -v` and `unset`: evaluates a subscript. */
export function subscript(sh: Shell, text: string): number {
  return Number(evaluate(text, sh.arith));
}
