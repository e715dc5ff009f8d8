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
