import { goFloat, type Sample } from "./exposition.ts";

/** Counts of what was observed, by upper bounds. */
export class Histogram {
  private readonly bounds: readonly number[];
  private readonly counts: number[];
  private sum = 0;
  private total = 0;

  /** `bounds` ascend; what is above the last counts under +Inf. */
  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = bounds.map(() => 0);
  }

  observe(value: number): void {
    this.sum += value;
    this.total++;
    for (let i = 0; i < this.bounds.length; i++) {
      if (value > this.bounds[i]!) continue;
      this.counts[i]!++;
      return;
    }
  }

  /** The samples of a family of type histogram, with these labels. */
  samples(labels: Readonly<Record<string, string>> = {}): Sample[] {
    const bucket = (le: string, value: number): Sample => ({ suffix: "_bucket", labels: { ...labels, le }, value });
    let below = 0;
    return [
      ...this.bounds.map((bound, i) => {
        below += this.counts[i]!;
        return bucket(goFloat(bound), below);
      }),
      bucket("+Inf", this.total),
      { suffix: "_sum", labels, value: this.sum },
      { suffix: "_count", labels, value: this.total },
    ];
  }
}

/** `count` bounds, each `factor` times the one before (Prometheus' ExponentialBuckets). */
export function exponentialBounds(first: number, factor: number, count: number): number[] {
  const out: number[] = [];
  for (let bound = first; out.length < count; bound *= factor) out.push(bound);
  return out;
}
