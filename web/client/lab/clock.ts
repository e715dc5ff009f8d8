/** `01:02:03` of µs. */
export function clockText(us: number): string {
  const seconds = Math.max(0, Math.floor(us / 1_000_000));
  const two = (value: number) => String(value).padStart(2, "0");
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}
