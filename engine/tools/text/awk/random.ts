/** gawk's rand(): the additive feedback generator of BSD's random(3) behind a Bays-Durham shuffle, two draws a number. */

const DEGREE = 63;
const SHUFFLED = 512;
/** What random(3) gives is below 2 to the power of 31. */
const RANGE = 2 ** 31;

/** The next number of Park and Miller's minimal standard generator. */
function minimal(previous: number): number {
  const x = previous === 0 ? 123_459_876 : previous;
  const high = Math.trunc(x / 127_773);
  const next = 16_807 * (x - high * 127_773) - 2_836 * high;
  return next < 0 ? next + 0x7fff_ffff : next;
}

/** The same seed gives the numbers that gawk gives. */
export class Random {
  private readonly state = new Int32Array(DEGREE);
  private readonly shuffle: number[] = [];
  private front = 1;
  private rear = 0;
  private last = 0;

  constructor(seed: number) {
    this.state[0] = Number(BigInt.asIntN(32, BigInt(Math.trunc(seed))));
    for (let i = 1; i < DEGREE; i++) this.state[i] = minimal(this.state[i - 1]!);
    for (let i = 0; i < SHUFFLED; i++) this.shuffle.push(this.feedback());
    this.last = this.feedback();
    for (let i = 0; i < 10 * DEGREE; i++) this.draw();
  }

  /** At least 0 and below 1. */
  next(): number {
    for (;;) {
      const low = this.draw();
      const value = 0.5 + (low / RANGE + this.draw()) / RANGE - 0.5;
      if (value < 1) return value;
    }
  }

  private draw(): number {
    const made = this.feedback();
    const at = this.last & (SHUFFLED - 1);
    this.last = this.shuffle[at]!;
    this.shuffle[at] = made;
    return this.last;
  }

  private feedback(): number {
    const { state } = this;
    state[this.front]! += state[this.rear]!;
    const value = state[this.front]! >>> 1;
    this.front = (this.front + 1) % DEGREE;
    this.rear = (this.rear + 1) % DEGREE;
    return value;
  }
}
