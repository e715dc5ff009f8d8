import { MS, type RandomStream } from "../../kernel/index.ts";

/** Lowest and highest duration of a step, in ms; a draw lies between, to the µs. */
export const DURATION = {
  /** RunPodSandbox without the network: shim, pause, namespaces. */
  sandbox: [140, 200],
  /** The CNI plugins of one ADD or DEL. */
  cniAdd: [60, 95],
  cniDel: [25, 45],
  /** CreateContainer: snapshot and specification. */
  create: [38, 62],
  /** StartContainer: shim task, runc create and start. */
  start: [42, 70],
  /** Removing a container or a sandbox. */
  remove: [12, 25],
  /** Starting a command in a running container. */
  exec: [35, 60],
  /** Resolving an image's name at its registry. */
  resolve: [420, 780],
  /** A registry that refuses. */
  refuse: [900, 1_600],
  /** Between a container's exit and its stop being reported. */
  reap: [4, 12],
} as const satisfies Record<string, readonly [number, number]>;

/** What a node's link to a registry carries, in bytes per ms; shared by nobody, since pulls are serialized. */
const LINK_BYTES_PER_MS = [30_000, 45_000] as const;
/** Unpacking a compressed layer, in bytes per ms. */
const UNPACK_BYTES_PER_MS = 42_000;

/** A duration in µs. */
export function draw(random: RandomStream, step: keyof typeof DURATION): number {
  const [low, high] = DURATION[step];
  return random.int(low * MS, high * MS);
}

/** Time to download and unpack `bytes`, in µs. */
export function pullTime(random: RandomStream, bytes: number): number {
  const rate = random.int(LINK_BYTES_PER_MS[0], LINK_BYTES_PER_MS[1]);
  return Math.floor((bytes * MS) / rate) + Math.floor((bytes * MS) / UNPACK_BYTES_PER_MS);
}
