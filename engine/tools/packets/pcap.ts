/** Capture files (libpcap's format 2.4, microseconds, little-endian). */
import { concat } from "../../kernel/index.ts";
import type { Captured } from "../../network/index.ts";

const MAGIC = 0xa1b2c3d4;
const LINK_ETHERNET = 1;
/** Linux cooked, second version: what a capture on all devices is made of. */
const LINK_SLL2 = 276;
const SLL2_HEAD = 20;

function words(...values: readonly [number, 2 | 4][]): Uint8Array {
  const out: number[] = [];
  for (const [value, size] of values) for (let i = 0; i < size; i++) out.push((value >>> (8 * i)) & 255);
  return Uint8Array.from(out);
}

/** `any`: of all devices, so that each packet says which one it was. */
export function fileHead(snapshot: number, any: boolean): Uint8Array {
  return words([MAGIC, 4], [2, 2], [4, 2], [0, 4], [0, 4], [snapshot, 4], [any ? LINK_SLL2 : LINK_ETHERNET, 4]);
}

/** A packet's record; `micros`: µs since 1970. */
export function record(micros: number, bytes: Uint8Array, snapshot: number): Uint8Array {
  const seconds = Math.floor(micros / 1_000_000);
  const kept = bytes.subarray(0, snapshot);
  return concat([words([seconds, 4], [micros - seconds * 1_000_000, 4], [kept.length, 4], [bytes.length, 4]), kept]);
}

/** The packets of a file; undefined when it is none. */
export function readCapture(
  bytes: Uint8Array,
): { any: boolean; packets: { micros: number; bytes: Uint8Array }[] } | undefined {
  if (bytes.length < 24) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== MAGIC) return undefined;
  const out: { micros: number; bytes: Uint8Array }[] = [];
  for (let at = 24; at + 16 <= bytes.length; ) {
    const length = view.getUint32(at + 8, true);
    const micros = view.getUint32(at, true) * 1_000_000 + view.getUint32(at + 4, true);
    out.push({ micros, bytes: bytes.subarray(at + 16, at + 16 + length) });
    at += 16 + length;
  }
  return { any: view.getUint32(20, true) === LINK_SLL2, packets: out };
}

/** A captured frame with the head that says which device it was on (LINKTYPE_LINUX_SLL2). */
export function cooked({ bytes, direction }: Captured, index: number): Uint8Array {
  const head = [...bytes.subarray(12, 14), 0, 0, 0, 0, index >> 8, index & 255, 0, 1, direction === "Out" ? 4 : 0, 6];
  return concat([Uint8Array.from(head), bytes.subarray(6, 12), Uint8Array.of(0, 0), bytes.subarray(14)]);
}

/** The frame in it, and what tcpdump prints before it: the device that bears the number here and now. */
export function uncooked(bytes: Uint8Array, devices: readonly string[]): { frame: Uint8Array; where: string } {
  const source = bytes.subarray(12, 18);
  const frame = concat([new Uint8Array(6), source, bytes.subarray(0, 2), bytes.subarray(SLL2_HEAD)]);
  const index = ((bytes[6] ?? 0) << 8) | (bytes[7] ?? 0);
  const device = devices[index - 1]?.padEnd(5) ?? `ifindex ${index}`;
  return { frame, where: `${device} ${bytes[10] === 4 ? "Out" : "In "} ` };
}
