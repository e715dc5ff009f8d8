import { isPrint, quoteString } from "../../text/go-quote.ts";
import { ELLIPSIS, List, type Mark, type Text } from "./go-layout.ts";
import { fieldsOf, type GoType, goField, isZero } from "./go-types.ts";

/** How go-cmp's reports print one value (cmp/report_reflect.go). */
export interface Options {
  /** What is the same on both sides, gone or new; undefined while both sides are told. */
  mode?: Mark | "same";
  /** Whether a value stands with its type: `auto` where it is made of parts. */
  types: "emit" | "elide" | "auto";
  /** Bounds what is printed of lists, structs and texts. */
  verbosity: number;
  /** Values that print themselves are printed by their parts. */
  bare?: boolean;
}

const NIL = "nil";
const COMPOSITE = new Set(["struct", "slice", "map"]);

const level = ({ verbosity }: Options) => Math.max(0, Math.min(16, verbosity));

/** A value's text with its type before it, where that is asked for. */
export function typed(type: GoType, text: Text, { types, mode }: Options): Text {
  if (types === "elide") return text;
  if (types === "auto" && (!COMPOSITE.has(type.kind) || text === NIL || mode === "same")) return text;
  const name = type.kind === "pointer" ? `(${type.name})` : type.name;
  const enclosed =
    typeof text !== "string" && !(text instanceof List) && /^[({]/.test(text.open) && /[)}]$/.test(text.close);
  return { open: name, inner: enclosed ? text : { open: "(", inner: text, close: ")" }, close: "" };
}

export function shownValue(type: GoType, value: unknown, options: Options): Text {
  const none = value === undefined || value === null;
  const own = options.bare ? undefined : printsItself(type, value);
  if (own !== undefined) return textOf(own, options, "s");
  switch (type.kind) {
    case "text":
    case "time":
      return typed(type, textOf(String(value ?? ""), options), options);
    case "number":
    case "bool":
      return typed(type, String(value ?? (type.kind === "bool" ? false : 0)), options);
    case "pointer":
      if (none) return typed(type, NIL, options);
      return { open: "&", inner: shownValue(type.of!, value, options), close: "" };
    case "struct":
      return typed(type, { open: "{", inner: fieldsShown(type, value, options), close: "}" }, options);
    case "slice":
    case "map":
      if (none) return typed(type, NIL, options);
      return typed(type, { open: "{", inner: elementsShown(type, value as object, options), close: "}" }, options);
  }
}

const bound = (options: Options) => ((1 << level(options)) >> 1) << 2;

function fieldsShown(type: GoType, value: unknown, options: Options): List {
  const list = new List();
  const inner: Options = { ...options, types: "auto", verbosity: level(options) - 1 };
  for (const field of fieldsOf(type)) {
    const part = goField(type, value, field);
    if (isZero(field.type, part)) continue;
    if (list.records.length === bound(options)) {
      list.leaveOut();
      break;
    }
    list.records.push({ key: field.name, value: shownValue(field.type, part, inner) });
  }
  return list;
}

function elementsShown(type: GoType, value: object, options: Options): List {
  const list = new List();
  const inner: Options = { ...options, types: "elide", verbosity: level(options) - 1 };
  const entries = Array.isArray(value)
    ? value.map((one) => ["", one] as const)
    : Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [key, part] of entries) {
    if (list.records.length === bound(options)) {
      list.leaveOut();
      break;
    }
    list.records.push({ key: keyOf(type, key), value: shownValue(type.of!, part, inner) });
  }
  return list;
}

/** How a field or a key of a map stands before its value; elements have none. */
export function keyOf(type: GoType, key: string): string {
  if (type.kind !== "map") return key;
  return (type.key!.name === "core.ResourceName" ? "s" : "") + quoted(key);
}

/** What types with a String method say of themselves. */
function printsItself(type: GoType, value: unknown): string | undefined {
  if (type.name === "core.ResourceName") return String(value ?? "");
  if (type.kind !== "pointer" || value === undefined || value === null) return undefined;
  if (type.of!.name === "resource.Quantity") return String(value);
  return type.of!.name === "v1.LabelSelector" ? selectorText(value) : undefined;
}

/** `&LabelSelector{MatchLabels:map[string]string{a: b,},MatchExpressions:[]LabelSelectorRequirement{},}` */
function selectorText(value: object): string {
  const { matchLabels = {}, matchExpressions = [] } = value as {
    matchLabels?: Record<string, string>;
    matchExpressions?: { key: string; operator: string; values?: string[] }[];
  };
  const labels = Object.keys(matchLabels)
    .sort()
    .map((key) => `${key}: ${matchLabels[key]},`);
  const requirements = matchExpressions.map(
    ({ key, operator, values = [] }) =>
      `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(" ")}],},`,
  );
  return `&LabelSelector{MatchLabels:map[string]string{${labels.join("")}},MatchExpressions:[]LabelSelectorRequirement{${requirements.join("")}},}`;
}

function textOf(text: string, options: Options, prefix = ""): Text {
  const most = (1 << level(options)) << 5;
  const lines = text.replace(/\n$/, "").split("\n");
  const marked = options.mode === "-" || options.mode === "+";
  if (marked && lines.length >= 4 && lines.every((line) => isPlainLine(line, prefix) && line.length <= most)) {
    return tripleQuoted(lines, prefix, options);
  }
  if (text.length > most + ELLIPSIS.length) return prefix + quoted(text.slice(0, most)) + ELLIPSIS;
  return prefix + quoted(text);
}

/** Whether a line can stand between triple quotes and be read as what it is. */
export function isPlainLine(line: string, prefix = ""): boolean {
  const bare = line.startsWith(prefix) ? line.slice(prefix.length) : line;
  return !bare.startsWith('"""') && !line.startsWith(ELLIPSIS) && [...line].every((c) => c === "\t" || isPrint(c));
}

function tripleQuoted(lines: readonly string[], prefix: string, options: Options): Text {
  const mark = options.mode as Mark;
  const most = (1 << level(options)) << 2;
  const list = new List();
  const add = (value: string, comment?: string) =>
    list.records.push({ mark, value, noComma: true, ...(comment !== undefined && { comment }) });
  add(`${prefix}"""`);
  for (const [i, line] of lines.entries()) {
    const left = lines.length - i;
    if (i === most - 1 && left > 1) {
      add(ELLIPSIS, `${left} elided lines`);
      break;
    }
    add(line);
  }
  add(`${prefix}"""`);
  return { open: "(", inner: list, close: ")" };
}

/** A text between double quotes, or between backquotes where that needs no escapes. */
export function quoted(text: string): string {
  const escaped = quoteString(text);
  if (escaped.length === text.length + 2) return escaped;
  const raw = [...text].every((c) => c === "\t" || (c !== "`" && isPrint(c)));
  return raw ? `\`${text}\`` : escaped;
}
