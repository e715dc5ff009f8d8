/** One value of a metric: its labels in the order in which they are printed, and when it was taken (ms since 1970), where that is said. */
export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
  readonly at?: number;
  /** `_sum`, `_count`, `_bucket` of a histogram. */
  readonly suffix?: string;
}

/** How a value that is alone, without labels, is given. */
const only = (value: number): readonly Sample[] => [{ value }];

/**
 * Metrics in Prometheus' text form, version 0.0.4: one family after the other, in the order of their names. A family
 * without samples is left out.
 */
export class Exposition {
  private readonly families: { readonly name: string; readonly text: string }[] = [];

  /** `help` with the stability that Kubernetes' components write before it: `[STABLE] …`. */
  add(name: string, type: "counter" | "gauge" | "histogram", help: string, samples: readonly Sample[] | number): void {
    const all = typeof samples === "number" ? only(samples) : samples;
    if (all.length === 0) return;
    let text = `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
    for (const { labels, value, at, suffix = "" } of all) {
      const stamp = at === undefined ? "" : ` ${at}`;
      text += `${name}${suffix}${labelText(labels)} ${goFloat(value)}${stamp}\n`;
    }
    this.families.push({ name, text });
  }

  page(): string {
    const inOrder = this.families.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
    return inOrder.map(({ text }) => text).join("");
  }
}

function labelText(labels: Readonly<Record<string, string>> | undefined): string {
  if (labels === undefined) return "";
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(value: string): string {
  return value.includes("\\") || value.includes('"') || value.includes("\n")
    ? value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"')
    : value;
}

/** Go's shortest form of a float, as Prometheus prints it. */
export function goFloat(value: number): string {
  if (value === 0) return "0";
  const exponent = Math.floor(Number(value.toExponential().split("e")[1]));
  if (exponent < 21 && exponent >= -4) return exponent >= 6 ? exponential(value) : String(value);
  return exponential(value);
}

function exponential(value: number): string {
  const [mantissa, exponent] = value.toExponential().split("e") as [string, string];
  return `${mantissa}e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`;
}
