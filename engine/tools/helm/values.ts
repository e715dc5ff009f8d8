import { HelmError } from "./error.ts";

export type Values = Record<string, unknown>;

export const isTable = (value: unknown): value is Values =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** `over` upon `base`, tables joined; a null in `over` stays, to delete what a chart has. */
export function mergeValues(base: Values, over: Values): Values {
  const out: Values = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const mine = out[key];
    out[key] = isTable(mine) && isTable(value) ? mergeValues(mine, value) : value;
  }
  return out;
}

/** What a user gave upon a chart's own values; a null takes the key away (chartutil CoalesceTables). */
export function coalesce(given: Values, defaults: Values): Values {
  const out: Values = {};
  for (const [key, value] of Object.entries(defaults)) if (!(key in given)) out[key] = value;
  for (const [key, value] of Object.entries(given)) {
    if (value === null && key in defaults) continue;
    const mine = defaults[key];
    out[key] = isTable(value) && isTable(mine) ? coalesce(value, mine) : value;
  }
  return out;
}

type Step = string | number;

const MOST_INDEX = 65_536;

/** `a.b=1,c[0]=x,l={1,2}` into values (pkg/strvals). `typed`: numbers, booleans and null are read as such. */
export function parseSet(text: string, into: Values, typed: boolean, json = false): void {
  let i = 0;
  while (i < text.length) {
    const path: Step[] = [];
    let key = "";
    for (; i < text.length && text[i] !== "="; i++) {
      const char = text[i]!;
      if (char === "\\" && i + 1 < text.length) key += text[++i];
      else if (char === ".") {
        if (key !== "") path.push(key);
        key = "";
      } else if (char === "[") {
        if (key !== "") path.push(key);
        key = "";
        const close = text.indexOf("]", i);
        const index = Number(text.slice(i + 1, close));
        if (close < 0 || !Number.isInteger(index))
          throw new HelmError(
            `failed parsing --set data: error parsing index: strconv.Atoi: parsing ${JSON.stringify(text.slice(i + 1, close))}: invalid syntax`,
          );
        if (index < 0 || index > MOST_INDEX)
          throw new HelmError(
            `failed parsing --set data: index of ${index} is greater than maximum supported index of ${MOST_INDEX}`,
          );
        path.push(index);
        i = close;
      } else if (char === ",")
        throw new HelmError(`failed parsing --set data: key ${JSON.stringify(key)} has no value (cannot end with ,)`);
      else key += char;
    }
    if (key !== "") path.push(key);
    if (i >= text.length)
      throw new HelmError(`failed parsing --set data: key ${JSON.stringify(path.at(-1) ?? "")} has no value`);
    i++;
    if (json) {
      put(into, path, parseJson(text.slice(i)));
      return;
    }
    const [value, end] = valueAt(text, i, typed);
    put(into, path, value);
    i = end;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new HelmError(`failed parsing --set-json data ${text}`);
  }
}

function valueAt(text: string, from: number, typed: boolean): [unknown, number] {
  if (text[from] === "{") {
    const items: unknown[] = [];
    let i = from + 1;
    let item = "";
    let any = false;
    for (; i < text.length && text[i] !== "}"; i++) {
      any = true;
      if (text[i] === "\\" && i + 1 < text.length) item += text[++i];
      else if (text[i] === ",") {
        items.push(scalar(item, typed));
        item = "";
      } else item += text[i];
    }
    if (i >= text.length) throw new HelmError("failed parsing --set data: list must terminate with '}'");
    if (any) items.push(scalar(item, typed));
    return [items, text[i + 1] === "," ? i + 2 : i + 1];
  }
  let value = "";
  let i = from;
  for (; i < text.length && text[i] !== ","; i++)
    value += text[i] === "\\" && i + 1 < text.length ? text[++i] : text[i];
  return [scalar(value, typed), i + 1];
}

function scalar(text: string, typed: boolean): unknown {
  if (!typed) return text;
  if (text === "true" || text === "false") return text === "true";
  if (text === "null") return null;
  if (text === "0" || /^-?[1-9]\d*$/.test(text)) return Number(text);
  return text;
}

function put(into: Values, path: readonly Step[], value: unknown): void {
  let at: Record<Step, unknown> = into;
  path.forEach((step, i) => {
    if (i === path.length - 1) {
      at[step] = value;
      return;
    }
    const next = path[i + 1];
    const held = at[step];
    if (typeof next === "number" ? !Array.isArray(held) : !isTable(held)) at[step] = typeof next === "number" ? [] : {};
    else at[step] = Array.isArray(held) ? [...held] : { ...(held as Values) };
    at = at[step] as Record<Step, unknown>;
  });
}
