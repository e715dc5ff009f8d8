/**
 * Go's `sort.Sort`: a pattern-defeating quicksort, which is not stable, so that the order of equal items is a fact of the
 * algorithm (Orson Peters, "Pattern-defeating Quicksort", 2021; Go src/sort/zsortinterface.go for the constants).
 */

const INSERTION_MAX = 12;
const NINTHER_MIN = 50;
const MAX_SWAPS = 12;
const MAX_STEPS = 5;
const SHIFTING_MIN = 50;

type Less<T> = (a: T, b: T) => boolean;

/** A sorted copy, its equal items where Go leaves them. `less` may be asked of an item and itself. */
export function goSort<T>(items: readonly T[], less: Less<T>): T[] {
  const data = [...items];
  if (data.length > 1) new Sorter(data, less).sort(0, data.length, bitLength(data.length));
  return data;
}

const bitLength = (n: number) => 32 - Math.clz32(n);

class Sorter<T> {
  private swaps = 0;

  constructor(
    private readonly data: T[],
    private readonly lessThan: Less<T>,
  ) {}

  private less(i: number, j: number): boolean {
    return this.lessThan(this.data[i]!, this.data[j]!);
  }

  private swap(i: number, j: number): void {
    const { data } = this;
    [data[i], data[j]] = [data[j]!, data[i]!];
  }

  sort(from: number, to: number, allowed: number): void {
    let [a, b, limit] = [from, to, allowed];
    let balanced = true;
    let partitioned = true;
    for (;;) {
      const length = b - a;
      if (length <= INSERTION_MAX) {
        this.insertion(a, b);
        return;
      }
      if (limit === 0) {
        this.heap(a, b);
        return;
      }
      if (!balanced) {
        this.breakPatterns(a, b);
        limit--;
      }
      let { pivot, order } = this.choosePivot(a, b);
      if (order === "falling") {
        this.data.splice(a, length, ...this.data.slice(a, b).reverse());
        pivot = b - 1 - (pivot - a);
        order = "rising";
      }
      if (balanced && partitioned && order === "rising" && this.partialInsertion(a, b)) return;
      if (a > 0 && !this.less(a - 1, pivot)) {
        a = this.partitionEqual(a, b, pivot);
        continue;
      }
      const split = this.partition(a, b, pivot);
      partitioned = split.already;
      const [left, right] = [split.middle - a, b - split.middle];
      balanced = Math.min(left, right) >= Math.floor(length / 8);
      if (left < right) {
        this.sort(a, split.middle, limit);
        a = split.middle + 1;
      } else {
        this.sort(split.middle + 1, b, limit);
        b = split.middle;
      }
    }
  }

  private insertion(a: number, b: number): void {
    for (let i = a + 1; i < b; i++) for (let j = i; j > a && this.less(j, j - 1); j--) this.swap(j, j - 1);
  }

  private heap(a: number, b: number): void {
    const length = b - a;
    for (let i = Math.floor((length - 1) / 2); i >= 0; i--) this.siftDown(i, length, a);
    for (let i = length - 1; i >= 0; i--) {
      this.swap(a, a + i);
      this.siftDown(0, i, a);
    }
  }

  private siftDown(low: number, high: number, first: number): void {
    for (let root = low; ; ) {
      let child = 2 * root + 1;
      if (child >= high) return;
      if (child + 1 < high && this.less(first + child, first + child + 1)) child++;
      if (!this.less(first + root, first + child)) return;
      this.swap(first + root, first + child);
      root = child;
    }
  }

  /** Moves three items about, by an xorshift generator that the length seeds. */
  private breakPatterns(a: number, b: number): void {
    const length = b - a;
    if (length < 8) return;
    let random = BigInt(length);
    const next = () => {
      random ^= BigInt.asUintN(64, random << 13n);
      random ^= random >> 7n;
      random ^= BigInt.asUintN(64, random << 17n);
      return random;
    };
    const mask = (1n << BigInt(bitLength(length))) - 1n;
    const index = a + Math.floor(length / 4) * 2 - 1;
    for (let i = 0; i < 3; i++) {
      let other = Number(next() & mask);
      if (other >= length) other -= length;
      this.swap(index + i, a + other);
    }
  }

  private choosePivot(a: number, b: number): { pivot: number; order: "rising" | "falling" | "unknown" } {
    const length = b - a;
    const quarter = Math.floor(length / 4);
    let [i, j, k] = [a + quarter, a + quarter * 2, a + quarter * 3];
    this.swaps = 0;
    if (length >= 8) {
      if (length >= NINTHER_MIN) {
        i = this.median(i - 1, i, i + 1);
        j = this.median(j - 1, j, j + 1);
        k = this.median(k - 1, k, k + 1);
      }
      j = this.median(i, j, k);
    }
    return { pivot: j, order: this.swaps === 0 ? "rising" : this.swaps === MAX_SWAPS ? "falling" : "unknown" };
  }

  private median(a: number, b: number, c: number): number {
    const order = (x: number, y: number): [number, number] => {
      if (!this.less(y, x)) return [x, y];
      this.swaps++;
      return [y, x];
    };
    const [low, high] = order(a, b);
    const [middle] = order(high, c);
    return order(low, middle)[1];
  }

  private partialInsertion(a: number, b: number): boolean {
    let i = a + 1;
    for (let step = 0; step < MAX_STEPS; step++) {
      while (i < b && !this.less(i, i - 1)) i++;
      if (i === b) return true;
      if (b - a < SHIFTING_MIN) return false;
      this.swap(i, i - 1);
      if (i - a >= 2) for (let j = i - 1; j >= 1 && this.less(j, j - 1); j--) this.swap(j, j - 1);
      if (b - i >= 2) for (let j = i + 1; j < b && this.less(j, j - 1); j++) this.swap(j, j - 1);
    }
    return false;
  }

  /** Items equal to the pivot first, greater ones after; the first of the greater. */
  private partitionEqual(a: number, b: number, pivot: number): number {
    this.swap(a, pivot);
    let [i, j] = [a + 1, b - 1];
    for (;;) {
      while (i <= j && !this.less(a, i)) i++;
      while (i <= j && this.less(a, j)) j--;
      if (i > j) return i;
      this.swap(i++, j--);
    }
  }

  private partition(a: number, b: number, pivot: number): { middle: number; already: boolean } {
    this.swap(a, pivot);
    let [i, j] = [a + 1, b - 1];
    for (let first = true; ; first = false) {
      while (i <= j && this.less(i, a)) i++;
      while (i <= j && !this.less(j, a)) j--;
      if (i > j) {
        this.swap(j, a);
        return { middle: j, already: first };
      }
      this.swap(i++, j--);
    }
  }
}
