import { formatTime } from "./time.ts";

/** Go's time.Duration.String for whole seconds and more: `10s`, `1m20s`, `5m0s`. */
export function goDuration(us: number): string {
  const ms = Math.floor(us / 1000);
  if (ms < 1000) return ms === 0 ? "0s" : `${ms}ms`;
  const fraction =
    ms % 1000 === 0
      ? ""
      : `.${String(ms % 1000)
          .padStart(3, "0")
          .replace(/0+$/, "")}`;
  const seconds = Math.floor(ms / 1000);
  const s = `${seconds % 60}${fraction}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes === 0) return s;
  if (minutes < 60) return `${minutes}m${s}`;
  return `${Math.floor(minutes / 60)}h${minutes % 60}m${s}`;
}

/** Go's time.Time.String of a UTC time: `2025-03-01 09:00:33.123456 +0000 UTC`. */
export function goTime(ms: number): string {
  const text = formatTime(ms).replace("T", " ").replace("Z", "");
  const micros = Math.round((ms - Math.floor(ms / 1000) * 1000) * 1000);
  const fraction = micros === 0 ? "" : `.${String(micros).padStart(6, "0").replace(/0+$/, "")}`;
  return `${text}${fraction} +0000 UTC`;
}

const UNITS: Record<string, number> = { ns: 1, us: 1e3, µs: 1e3, μs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/** time.ParseDuration in ns; the error's text when it is none. */
export function parseDuration(text: string): number | string {
  let rest = text;
  let sign = 1;
  if (/^[+-]/.test(rest)) {
    if (rest[0] === "-") sign = -1;
    rest = rest.slice(1);
  }
  if (rest === "0") return 0;
  if (rest === "") return `time: invalid duration ${JSON.stringify(text)}`;
  let total = 0;
  while (rest !== "") {
    const match = /^(\d*)(\.\d*)?([^\d.]*)/.exec(rest)!;
    const number = `${match[1]}${match[2] ?? ""}`;
    if (!/\d/.test(number)) return `time: invalid duration ${JSON.stringify(text)}`;
    const unit = match[3]!;
    if (unit === "") return `time: missing unit in duration ${JSON.stringify(text)}`;
    const scale = UNITS[unit];
    if (scale === undefined) return `time: unknown unit ${JSON.stringify(unit)} in duration ${JSON.stringify(text)}`;
    total += Number(number) * scale;
    rest = rest.slice(match[0].length);
  }
  return sign * Math.round(total);
}
