/** curl's progress meter (lib/progress.c). */
import { SECOND } from "../../kernel/index.ts";

const ROW = "  0     0    0     0    0     0      0      0 --:--:-- --:--:-- --:--:--     0";

/** Its first lines. */
export const METER = `  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current\n                                 Dload  Upload   Total   Spent    Left  Speed\n\r${ROW}`;

/** Its last line, of a transfer that came to nothing. */
export const NOTHING = `\r${ROW}\n`;

/** Five characters for a number of bytes. */
function amount(n: number): string {
  if (n < 100_000) return String(Math.floor(n)).padStart(5);
  if (n < 10_000 * 1024) return `${Math.floor(n / 1024)}k`.padStart(5);
  if (n < 100 * 1_048_576) return `${Math.floor(n / 1_048_576)}.${Math.floor((n % 1_048_576) / 104_858)}M`.padStart(5);
  if (n < 10_000 * 1_048_576) return `${Math.floor(n / 1_048_576)}M`.padStart(5);
  return `${Math.floor(n / 1_073_741_824)}G`.padStart(5);
}

function clock(seconds: number): string {
  if (seconds <= 0) return "--:--:--";
  const part = (n: number) => String(Math.floor(n)).padStart(2, "0");
  return `${String(Math.floor(seconds / 3600)).padStart(2)}:${part((seconds / 60) % 60)}:${part(seconds % 60)}`;
}

/**
 * Its last line. `received` and `sent`: bytes; `expected`: those that were announced and did not come, as of a HEAD;
 * `total`: µs.
 */
export function meterLine(received: number, sent: number, expected: number, total: number): string {
  const rate = (bytes: number) => bytes / Math.max(total / SECOND, 0.000_001);
  const whole = Math.max(received, expected) + sent;
  const percent = (bytes: number, of: number) => String(of === 0 ? 0 : Math.floor((100 * bytes) / of)).padStart(3);
  const seconds = Math.floor(total / SECOND);
  const estimate = (bytes: number, of: number) => (bytes === 0 ? 0 : Math.floor(of / rate(bytes)));
  const expects = Math.max(estimate(received, Math.max(received, expected)), estimate(sent, sent));
  const current = ((received + sent) * 1000) / Math.max(1, Math.floor(total / 1000));
  const counts = `${percent(received + sent, whole)} ${amount(whole)}  ${percent(received, Math.max(received, expected))} ${amount(received)}  ${percent(sent, sent)} ${amount(sent)}`;
  const times = `${clock(expects)} ${clock(seconds)} ${clock(expects - seconds)}`;
  return `\r${counts}  ${amount(rate(received))}  ${amount(rate(sent))} ${times} ${amount(current)}\n`;
}
