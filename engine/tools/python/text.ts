/** How values show: str, repr, and the format specification mini-language. */
import { decode } from "../../kernel/index.ts";
import {
  numeric,
  PyDict,
  PyFunction,
  PyList,
  PyModule,
  PyNative,
  PyObject,
  PyRange,
  PySet,
  PyTuple,
  PyType,
  raised,
  typeName,
  type Value,
} from "./values.ts";

export function floatText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (Object.is(value, -0)) return "-0.0";
  const text = String(value);
  const [, digits, sign, exponent] = /^(.*)e([+-])(\d+)$/.exec(text) ?? [];
  if (exponent !== undefined) return `${digits}e${sign}${exponent.padStart(2, "0")}`;
  if (Math.abs(value) >= 1e16) return value.toExponential().replace(/e\+(\d)$/, "e+0$1");
  if (value !== 0 && Math.abs(value) < 1e-4) return value.toExponential().replace(/e-(\d)$/, "e-0$1");
  return text.includes(".") ? text : `${text}.0`;
}

function stringRepr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  let out = "";
  for (const one of text) {
    const code = one.codePointAt(0)!;
    if (one === quote || one === "\\") out += `\\${one}`;
    else if (one === "\n") out += "\\n";
    else if (one === "\r") out += "\\r";
    else if (one === "\t") out += "\\t";
    else if (code < 0x20 || code === 0x7f) out += `\\x${code.toString(16).padStart(2, "0")}`;
    else out += one;
  }
  return quote + out + quote;
}

const inside = (items: Iterable<Value>): string => [...items].map(repr).join(", ");

export function repr(value: Value): string {
  if (typeof value === "string") return stringRepr(value);
  if (value instanceof PyList) return `[${inside(value.items)}]`;
  if (value instanceof PyTuple) return `(${inside(value.items)}${value.items.length === 1 ? "," : ""})`;
  if (value instanceof PyDict) {
    const text = `{${[...value.entries.values()].map(([key, one]) => `${repr(key)}: ${repr(one)}`).join(", ")}}`;
    return value.missing === undefined ? text : `defaultdict(${repr(value.missing)}, ${text})`;
  }
  if (value instanceof PySet) return value.entries.size === 0 ? "set()" : `{${inside(value.entries.values())}}`;
  if (value instanceof Uint8Array) {
    const text = stringRepr(String.fromCharCode(...value));
    return `b${text.replace(/[\x80-\xff]/g, (one) => `\\x${one.charCodeAt(0).toString(16)}`)}`;
  }
  if (value instanceof PyRange)
    return `range(${value.start}, ${value.stop}${value.step === 1n ? "" : `, ${value.step}`})`;
  const own = value instanceof PyObject ? value.attributes.get("__repr__") : undefined;
  if (typeof own === "string") return own;
  if (value instanceof PyObject && value.attributes.get("args") instanceof PyTuple) {
    const { items } = value.attributes.get("args") as PyTuple;
    return `${value.type.name.split(".").pop()}(${inside(items)})`;
  }
  return str(value);
}

export function str(value: Value): string {
  if (typeof value === "string") return value;
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "number") return floatText(value);
  if (value instanceof PyType) return `<class '${value.module === undefined ? "" : `${value.module}.`}${value.name}'>`;
  if (value instanceof PyNative) return `<built-in function ${value.name}>`;
  if (value instanceof PyFunction) return `<function ${value.name} at 0x7f3a5c1d2e50>`;
  if (value instanceof PyModule) return `<module '${value.name}'>`;
  if (value instanceof PyObject) {
    const shown = value.attributes.get("__str__");
    if (typeof shown === "string") return shown;
    const args = value.attributes.get("args");
    if (args instanceof PyTuple) {
      if (args.items.length === 0) return "";
      if (args.items.length > 1) return repr(args);
      return value.type.name === "KeyError" ? repr(args.items[0]!) : str(args.items[0]!);
    }
    return `<${value.type.name} object at 0x7f3a5c1d2e50>`;
  }
  return repr(value);
}

const SPEC = /^(?:(.)?([<>=^]))?([-+ ])?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?([a-zA-Z%])?$/su;

/** format(value, spec). */
export function formatValue(value: Value, spec: string): string {
  if (spec === "") return str(value);
  const match = SPEC.exec(spec);
  if (match === null)
    throw raised("ValueError", `Invalid format specifier '${spec}' for object of type '${typeName(value)}'`);
  const [, fill, align, sign, alternate, zero, width, group, precision, type] = match;
  const number = typeof value === "boolean" && type === undefined ? undefined : numeric(value);
  let body: string;
  let minus = "";
  if (number === undefined) {
    if (type !== undefined && type !== "s")
      throw raised("ValueError", `Unknown format code '${type}' for object of type '${typeName(value)}'`);
    body = str(value);
    if (precision !== undefined) body = [...body].slice(0, Number(precision)).join("");
  } else {
    const negative = number < 0 || Object.is(number, -0);
    minus = negative ? "-" : sign === "+" || sign === " " ? sign : "";
    body = digits(
      negative ? -number : number,
      type,
      precision === undefined ? undefined : Number(precision),
      !!alternate,
    );
    if (group !== undefined) body = body.replace(/^\d+/, (all) => all.replace(/\B(?=(\d{3})+$)/g, group));
  }
  const room = Number(width ?? 0) - [...body].length - minus.length;
  if (room <= 0) return minus + body;
  const how = align ?? (zero ? "=" : number === undefined ? "<" : ">");
  const pad = (fill ?? (zero ? "0" : " ")).repeat(room);
  if (how === "=") return minus + pad + body;
  if (how === "<") return minus + body + pad;
  if (how === ">") return pad + minus + body;
  const left = Math.floor(room / 2) * (pad.length / room);
  return pad.slice(0, left) + minus + body + pad.slice(left);
}

function digits(
  value: bigint | number,
  type: string | undefined,
  precision: number | undefined,
  alternate: boolean,
): string {
  if (typeof value === "bigint" && (type === undefined || "dnxXobc".includes(type))) {
    const bases: Record<string, number> = { x: 16, X: 16, o: 8, b: 2 };
    if (type === "c") return String.fromCodePoint(Number(value));
    const text = value.toString(bases[type ?? ""] ?? 10);
    const prefix = alternate && type !== undefined && type in bases ? `0${type}` : "";
    return prefix + (type === "X" ? text.toUpperCase() : text);
  }
  const number = Number(value);
  if (type === "%") return `${(number * 100).toFixed(precision ?? 6)}%`;
  if (type === "f" || type === "F") return number.toFixed(precision ?? 6);
  if (type === "e" || type === "E") {
    const text = number.toExponential(precision ?? 6).replace(/([+-])(\d)$/, "$10$2");
    return type === "E" ? text.toUpperCase() : text;
  }
  if (type === undefined && precision === undefined) return floatText(number);
  const text = number.toPrecision(Math.max(precision ?? 6, 1));
  return text.includes("e")
    ? text.replace(/\.?0*e/, "e").replace(/([+-])(\d)$/, "$10$2")
    : text.replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
}

export const bytesText = (value: Uint8Array): string => decode(value);
