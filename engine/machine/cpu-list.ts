/** Numbers of CPUs in ranges: `0-2,5`. Two in a row are a range of the kernel's and Go's, and two items of util-linux'. */
export function cpuList(cpus: readonly number[], shortest = 2): string {
  const parts: string[] = [];
  for (let i = 0; i < cpus.length; ) {
    let end = i;
    while (cpus[end + 1] === cpus[end]! + 1) end++;
    if (end - i + 1 >= shortest) parts.push(`${cpus[i]}-${cpus[end]}`);
    else parts.push(...cpus.slice(i, end + 1).map(String));
    i = end + 1;
  }
  return parts.join(",");
}

/** The numbers that such a text names, in order. */
export function parseCpuList(text: string): number[] {
  const out = new Set<number>();
  for (const part of text.split(",").filter(Boolean)) {
    const [from, to = from] = part.split("-").map(Number);
    for (let cpu = from!; cpu <= to!; cpu++) out.add(cpu);
  }
  return [...out].sort((a, b) => a - b);
}

/** The same as the mask in hexadecimal. */
export const cpuMask = (cpus: readonly number[]): string => cpus.reduce((mask, cpu) => mask + 2 ** cpu, 0).toString(16);
