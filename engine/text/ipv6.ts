/** IPv6 addresses as eight groups of 16 bits, and the text that inet_ntop(3) gives them. */

/** The groups of an address; undefined when the text is none. */
export function ipv6Groups(text: string): number[] | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const groups = halves.map((half) => (half === "" ? [] : half.split(":")));
  const values: number[][] = [];
  for (const [i, half] of groups.entries()) {
    const own: number[] = [];
    for (const [j, group] of half.entries()) {
      const last = i === groups.length - 1 && j === half.length - 1;
      if (last && group.includes(".")) {
        const bytes = group.split(".").map((byte) => (/^\d{1,3}$/.test(byte) ? Number(byte) : 256));
        if (bytes.length !== 4 || bytes.some((byte) => byte > 255)) return undefined;
        own.push(bytes[0]! * 256 + bytes[1]!, bytes[2]! * 256 + bytes[3]!);
      } else if (/^[\da-fA-F]{1,4}$/.test(group)) own.push(Number.parseInt(group, 16));
      else return undefined;
    }
    values.push(own);
  }
  const [head = [], tail] = values;
  if (tail === undefined) return head.length === 8 ? head : undefined;
  const missing = 8 - head.length - tail.length;
  return missing < 1 ? undefined : [...head, ...Array<number>(missing).fill(0), ...tail];
}

/** Groups with the bits behind a prefix cleared. */
export function ipv6Network(groups: readonly number[], prefix: number): number[] {
  return groups.map((group, i) => {
    const bits = Math.min(16, Math.max(0, prefix - i * 16));
    return group & (0xffff << (16 - bits)) & 0xffff;
  });
}

/** The longest run of zeros is left out, the first of several. */
export function ipv6Text(groups: readonly number[]): string {
  let best = { at: -1, length: 1 };
  for (let at = 0; at < 8; at++) {
    let length = 0;
    while (at + length < 8 && groups[at + length] === 0) length++;
    if (length > best.length) best = { at, length };
  }
  const hex = (part: readonly number[]) => part.map((group) => group.toString(16)).join(":");
  if (best.at < 0) return hex(groups);
  const mapped = best.at === 0 && (best.length === 6 || (best.length === 5 && groups[5] === 0xffff));
  if (mapped) {
    const [a, b] = [groups[6]!, groups[7]!];
    return `${best.length === 6 ? "::" : "::ffff:"}${a >> 8}.${a & 255}.${b >> 8}.${b & 255}`;
  }
  return `${hex(groups.slice(0, best.at))}::${hex(groups.slice(best.at + best.length))}`;
}
