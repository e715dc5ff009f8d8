/** Rates as iptables reads and lists them, and the credit by which they are kept (xt_limit.c, xt_hashlimit.c). */

/** Units in which a rate may be said; the first letters of one will do. */
const WORDS: readonly [string, number][] = [
  ["second", 1],
  ["minute", 60],
  ["hour", 3_600],
  ["day", 86_400],
];

/** Units in which rates are listed, the longest first, in seconds. */
const UNITS: readonly [string, number][] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["min", 60],
  ["sec", 1],
];

/** Seconds of a unit that a list names. */
export function secondsOf(unit: string): number | undefined {
  return UNITS.find(([name]) => name === unit)?.[1];
}

/** `10/min` as the time between two packets, in parts of a second; undefined for what is no rate. */
export function periodOf(text: string, scale: number): number | undefined {
  const slash = text.indexOf("/");
  const word = slash < 0 ? "second" : text.slice(slash + 1).toLowerCase();
  const unit = word === "" ? undefined : WORDS.find(([name]) => name.startsWith(word));
  const rate = Number.parseInt(text, 10);
  return unit === undefined || Number.isNaN(rate) || rate <= 0 ? undefined : (scale * unit[1]) / rate;
}

/** The rate of such a period in the unit in which the tools list it: `10/min`. */
export function rateText(period: number, scale: number): string {
  let [name, seconds] = UNITS[0]!;
  for (const [unit, each] of UNITS.slice(1)) {
    const whole = each * scale;
    if (period > whole || Math.floor(whole / period) < whole % period) break;
    [name, seconds] = [unit, each];
  }
  return `${Math.floor((seconds * scale) / period)}/${name}`;
}

/** What may still pass: full at first, refilled by time, µs. */
export class Credit {
  private left: number | undefined;
  private at = 0;

  /** Whether `cost` can be paid at `now`, with at most `most` saved up. It is paid unless this is a `look` only. */
  pays(cost: number, most: number, now: number, look = false): boolean {
    const credit = this.left === undefined ? most : Math.min(most, this.left + (now - this.at));
    const enough = credit >= cost;
    if (!look) {
      this.left = enough ? credit - cost : credit;
      this.at = now;
    }
    return enough;
  }
}
