/** jq's dates: broken down times, their texts and back. */
import { calendar, DAYS, MONTH_NAMES, strftime, toEpoch } from "../../../text/time.ts";
import { isNumber, type Json, numeric } from "./json.ts";
import { natives, unary, valued } from "./natives.ts";
import { JqError } from "./stream.ts";

function brokenDown(seconds: number): Json[] {
  const whole = Math.floor(seconds);
  const t = calendar(whole);
  return [t.year, t.month - 1, t.day, t.hour, t.minute, t.second + (seconds - whole), t.weekday, t.yearday - 1];
}
unary("gmtime", (v) => {
  if (!isNumber(v)) throw new JqError("gmtime() requires a number");
  return brokenDown(numeric(v));
});
natives.set("localtime/0", natives.get("gmtime/0")!);
unary("mktime", (v) => {
  if (!Array.isArray(v)) throw new JqError("mktime requires array inputs");
  if (v.length < 6 || !v.every(isNumber)) throw new JqError("mktime requires parsed datetime inputs");
  const n = v.map((x) => numeric(x));
  return toEpoch(n[0]!, n[1]! + 1, n[2]!, n[3]!, n[4]!, Math.floor(n[5]!));
});
const format = (name: string) =>
  valued(name, 1, (v, [pattern]) => {
    const time = isNumber(v) ? brokenDown(numeric(v)) : v;
    if (!Array.isArray(time) || time.length < 8 || !time.every(isNumber))
      throw new JqError(`${name}/1 requires parsed datetime inputs`);
    if (typeof pattern !== "string") throw new JqError(`${name}/1 requires a string format`);
    const n = time.map((x) => numeric(x));
    return strftime(pattern, calendar(toEpoch(n[0]!, n[1]! + 1, n[2]!, n[3]!, n[4]!, Math.floor(n[5]!))), "libc");
  });
format("strftime");
format("strflocaltime");
valued("strptime", 1, (v, [pattern]) => {
  if (typeof v !== "string" || typeof pattern !== "string")
    throw new JqError("strptime/1 requires string inputs and arguments");
  const failed = () => new JqError(`date "${v}" does not match format "${pattern}"`);
  let [year, month, day, hour, minute, second] = [1900, 1, 0, 0, 0, 0];
  let at = 0;
  let epoch: number | undefined;
  const number = (digits: number): number => {
    const match = /^[ ]*(\d+)/.exec(v.slice(at, at + digits));
    if (match === null) throw failed();
    at += match[0].length;
    return Number(match[1]);
  };
  const name = (names: readonly string[]): number => {
    const rest = v.slice(at).toLowerCase();
    const index = names.findIndex((candidate) => rest.startsWith(candidate.slice(0, 3).toLowerCase()));
    if (index < 0) throw failed();
    at += rest.startsWith(names[index]!.toLowerCase()) ? names[index]!.length : 3;
    return index;
  };
  const source = pattern
    .split("%T")
    .join("%H:%M:%S")
    .split("%F")
    .join("%Y-%m-%d")
    .split("%D")
    .join("%m/%d/%y")
    .split("%R")
    .join("%H:%M");
  for (let i = 0; i < source.length; i++) {
    if (source[i] !== "%") {
      if (/\s/.test(source[i]!)) while (/\s/.test(v[at] ?? "")) at++;
      else if (v[at++] !== source[i]) throw failed();
      continue;
    }
    switch (source[++i]) {
      case "Y":
        year = number(4);
        break;
      case "y":
        year = number(2);
        year += year < 69 ? 2000 : 1900;
        break;
      case "m":
        month = number(2);
        break;
      case "d":
      case "e":
        day = number(2);
        break;
      case "H":
        hour = number(2);
        break;
      case "M":
        minute = number(2);
        break;
      case "S":
        second = number(2);
        break;
      case "j":
        day = number(3);
        break;
      case "s":
        epoch = number(20);
        break;
      case "b":
      case "B":
      case "h":
        month = name(MONTH_NAMES) + 1;
        break;
      case "a":
      case "A":
        name(DAYS);
        break;
      case "Z":
        at += /^[A-Za-z]*/.exec(v.slice(at))![0].length;
        break;
      case "z": {
        const match = /^(?:Z|[-+]\d{2}:?\d{2})/.exec(v.slice(at));
        if (match === null) throw failed();
        at += match[0].length;
        break;
      }
      default:
        if (v[at++] !== source[i]) throw failed();
    }
  }
  if (at < v.length) throw failed();
  return brokenDown(epoch ?? toEpoch(year, month, day, hour, minute, second));
});
