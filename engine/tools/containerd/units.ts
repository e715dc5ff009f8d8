/** Sizes and ages as docker/go-units writes them. */

/** `About a minute`, `3 hours`: units.HumanDuration of µs. */
export function humanDuration(us: number): string {
  const seconds = Math.floor(us / 1_000_000);
  if (seconds < 1) return "Less than a second";
  if (seconds === 1) return "1 second";
  if (seconds < 60) return `${seconds} seconds`;
  const minutes = Math.floor(seconds / 60);
  if (minutes === 1) return "About a minute";
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.floor(seconds / 3600 + 0.5);
  if (hours === 1) return "About an hour";
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 14) return `${Math.floor(hours / 24)} days`;
  if (hours < 24 * 60) return `${Math.floor(hours / 24 / 7)} weeks`;
  if (hours < 24 * 730) return `${Math.floor(hours / 24 / 30)} months`;
  return `${Math.floor(seconds / 3600 / 24 / 365)} years`;
}

const DECIMAL = ["B", "kB", "MB", "GB", "TB", "PB"];
const BINARY = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

function scaled(bytes: number, base: number, units: readonly string[]): [number, string] {
  let value = bytes;
  let unit = 0;
  while (value >= base && unit < units.length - 1) {
    value /= base;
    unit++;
  }
  return [value, units[unit]!];
}

/** `73.2MB`: units.HumanSizeWithPrecision; 4 digits unless told. */
export function humanSize(bytes: number, precision = 4): string {
  const [value, unit] = scaled(bytes, 1000, DECIMAL);
  return `${Number(value.toPrecision(precision))}${unit}`;
}

/** `69.8 MiB`: containerd's progress.Bytes. */
export function binarySize(bytes: number): string {
  const [value, unit] = scaled(bytes, 1024, BINARY);
  return `${value.toFixed(1)} ${unit}`;
}
