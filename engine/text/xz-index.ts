/** What the indexes at the ends of an xz file's streams tell, without unpacking anything. */
import { XzError } from "./unlzma.ts";
import { type BlockHeader, blockHeader, CHECK_SIZES, streamFooter, streamHeader, XzReader } from "./xz.ts";

export interface XzBlock extends BlockHeader {
  /** Where it begins in the file; bytes with header, check and padding. */
  at: number;
  total: number;
  /** Bytes of packed data. */
  data: number;
  made: number;
  check: Uint8Array;
}

export interface XzStream {
  at: number;
  size: number;
  /** Zeros behind it. */
  padding: number;
  check: number;
  made: number;
  blocks: XzBlock[];
}

/** The streams of a file in order. Throws `XzError`. */
export function xzStreams(bytes: Uint8Array): XzStream[] {
  streamHeader(new XzReader(bytes));
  const out: XzStream[] = [];
  for (let end = bytes.length; end > 0; ) {
    let padding = 0;
    while (end - padding >= 4 && bytes.subarray(end - padding - 4, end - padding).every((byte) => byte === 0))
      padding += 4;
    const one = streamBefore(bytes, end - padding);
    one.padding = padding;
    out.unshift(one);
    end = one.at;
  }
  return out;
}

function streamBefore(bytes: Uint8Array, end: number): XzStream {
  if (end < 24) throw new XzError("data");
  const { index, check } = streamFooter(new XzReader(bytes, end - 12));
  const from = end - 12 - index;
  if (from < 12 || bytes[from] !== 0) throw new XzError("data");
  const r = new XzReader(bytes, from + 1);
  const records: [number, number][] = [];
  for (let left = r.variable(); left > 0; left--) records.push([r.variable(), r.variable()]);
  while ((r.at - from) % 4 !== 0) if (r.byte() !== 0) throw new XzError("data");
  r.crc(from);
  const padded = (size: number) => Math.ceil(size / 4) * 4;
  const body = records.reduce((sum, [unpadded]) => sum + padded(unpadded), 0);
  const at = from - body - 12;
  if (at < 0) throw new XzError("data");
  if (streamHeader(new XzReader(bytes, at)) !== check) throw new XzError("data");
  const blocks: XzBlock[] = [];
  let place = at + 12;
  for (const [unpadded, made] of records) {
    const header = blockHeader(new XzReader(bytes, place));
    const data = unpadded - header.size - CHECK_SIZES[check]!;
    const total = padded(unpadded);
    const last = place + total;
    blocks.push({ ...header, at: place, total, data, made, check: bytes.subarray(last - CHECK_SIZES[check]!, last) });
    place = last;
  }
  return { at, size: end - at, padding: 0, check, made: blocks.reduce((sum, one) => sum + one.made, 0), blocks };
}
