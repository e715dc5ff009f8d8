import type { Interface } from "./namespace.ts";
import type { Network } from "./network.ts";
import type { Path } from "./path.ts";

/** What a device does to packets that leave by it (net/sched/sch_netem.c). */
export interface Netem {
  /** µs, and how much more or less it may be. */
  delay: number;
  jitter: number;
  /** Of a hundred packets, how many are lost. */
  loss: number;
}

/** How packets wait on a device for being sent: the root discipline, and what is kept of what it was told. */
export interface Discipline {
  kind: string;
  /** `8001:`. */
  handle: string;
  /** As tc lists its options, e.g. `limit 1000 delay 100ms`. */
  options: string;
  netem?: Netem;
}

/** µs after which a first packet of TCP is sent again, and one of an open connection; each time it takes twice as long. */
const FIRST_RETRY = 1_000_000;
const RETRY = 200_000;
const MOST_RETRIES = 6;

/** Gives a device a discipline, or takes it away. */
export function setDiscipline(network: Network, device: Interface, discipline: Discipline | undefined): void {
  if (device.discipline?.netem !== undefined) network.shaped--;
  if (discipline === undefined) delete device.discipline;
  else device.discipline = discipline;
  if (discipline?.netem !== undefined) network.shaped++;
  network.changes++;
}

/** One packet there and its answer back: µs that they wait, undefined when one of them is lost. */
export function onceAround(network: Network, shapes: readonly Netem[]): number | undefined {
  const random = network.kernel.random("netem");
  let wait = 0;
  for (const { delay, jitter, loss } of shapes) {
    if (loss > 0 && random.int(0, 999_999) < loss * 10_000) return undefined;
    wait += Math.max(0, delay + (jitter === 0 ? 0 : random.int(-jitter, jitter)));
  }
  return wait;
}

/** The same for who sends again what is lost; `first`: a connection's first packet. undefined: it is given up. */
export function withRetries(network: Network, path: Path | undefined, first: boolean): number | undefined {
  const shapes = path?.shapes;
  if (shapes === undefined || shapes.length === 0) return 0;
  let spent = 0;
  for (let i = 0; i <= MOST_RETRIES; i++) {
    const wait = onceAround(network, shapes);
    if (wait !== undefined) return spent + wait;
    spent += (first ? FIRST_RETRY : RETRY) * 2 ** i;
  }
  return undefined;
}
