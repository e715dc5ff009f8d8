const LETTERS = " KMGTPEZY";

/**
 * A size as BusyBox makes it readable (libbb make_human_readable_str): scaled by 1024 with one decimal place, or without
 * `tenths` rounded to a whole number.
 */
export function busyboxSize(bytes: number, tenths = true): string {
  if (bytes === 0) return "0";
  let value = bytes;
  let frac = 0;
  let unit = 0;
  while (value >= 1024) {
    frac = Math.floor(((value % 1024) * 10 + 512) / 1024);
    value = Math.floor(value / 1024);
    unit++;
  }
  if (frac >= 10) {
    value++;
    frac = 0;
  }
  if (!tenths) return `${frac >= 5 ? value + 1 : value}${LETTERS[unit]}`;
  return unit === 0 ? String(value) : `${value}.${frac}${LETTERS[unit]}`;
}
