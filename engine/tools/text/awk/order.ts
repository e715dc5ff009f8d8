/**
 * The order in which gawk walks an array: that of its hash tables, as cint_array.c, int_array.c and str_array.c of gawk
 * 5.2 keep them. Whole numbers from 0 up come in order; negative ones and texts by their hash.
 */
import { encode } from "../../../kernel/index.ts";

const SIZES = [13, 127, 1021, 8191, 131_071, 1_048_573, 8_388_593];
const INTEGER = /^(?:0|-?[1-9]\d{0,9})$/;

function isInteger(key: string): boolean {
  return INTEGER.test(key) && Math.abs(Number(key)) <= 2_147_483_647;
}

/** The keys of an array in gawk's order; `keys` as they were added. */
export function gawkOrder(keys: readonly string[]): string[] {
  const [first] = keys;
  if (first === undefined) return [];
  if (!isInteger(first)) return textOrder(keys);
  if (first.startsWith("-")) return integerOrder(keys);
  const numbers: number[] = [];
  const others: string[] = [];
  for (const key of keys) {
    if (isInteger(key) && !key.startsWith("-")) numbers.push(Number(key));
    else others.push(key);
  }
  const sorted = numbers.sort((a, b) => a - b).map(String);
  if (others.length === 0) return sorted;
  return [...(isInteger(others[0]!) ? integerOrder(others) : textOrder(others)), ...sorted];
}

/** sdbm's hash of a text's (signed) bytes. */
function textHash(text: string): number {
  let hash = 0;
  for (const byte of encode(text)) hash = (Math.imul(hash, 65_599) + (byte < 128 ? byte : byte - 256)) >>> 0;
  return hash;
}

/** A table of chains, new entries at their heads; it grows once chains are longer than two on average. */
function textOrder(keys: readonly string[]): string[] {
  type Entry = { key: string; hash: number };
  let level = 0;
  let buckets: Entry[][] = Array.from({ length: SIZES[0]! }, () => []);
  let count = 0;
  for (const key of keys) {
    if (Math.floor(count / buckets.length) > 2 && level + 1 < SIZES.length) {
      const old = buckets;
      buckets = Array.from({ length: SIZES[++level]! }, () => []);
      // Chains are kept with their heads last; moving one reverses it.
      for (const chain of old)
        for (let i = chain.length - 1; i >= 0; i--) buckets[chain[i]!.hash % buckets.length]!.push(chain[i]!);
    }
    const hash = textHash(key);
    buckets[hash % buckets.length]!.push({ key, hash });
    count++;
  }
  return buckets.flatMap((chain) => chain.reverse().map((entry) => entry.key));
}

/** The mixing of SuperFastHash. */
function integerHash(key: number): number {
  let k = key >>> 0;
  k = (k ^ (k << 3)) >>> 0;
  k = (k + (k >>> 5)) >>> 0;
  k = (k ^ (k << 4)) >>> 0;
  k = (k + (k >>> 17)) >>> 0;
  k = (k ^ (k << 25)) >>> 0;
  return (k + (k >>> 6)) >>> 0;
}

/** Whole numbers in buckets of two; texts have a table of their own, which comes first. */
function integerOrder(keys: readonly string[]): string[] {
  const texts = keys.filter((key) => !isInteger(key));
  let level = 0;
  let buckets: string[][][] = Array.from({ length: SIZES[0]! }, () => []);
  const put = (key: string) => {
    const chain = buckets[integerHash(Number(key)) % buckets.length]!;
    const head = chain.at(-1);
    if (head === undefined || head.length === 2) chain.push([key]);
    else head.push(key);
  };
  let count = 0;
  for (const key of keys) {
    if (!isInteger(key)) continue;
    if (Math.floor(count / buckets.length) > 2 && level + 1 < SIZES.length) {
      const old = buckets;
      buckets = Array.from({ length: SIZES[++level]! }, () => []);
      for (const chain of old) for (let i = chain.length - 1; i >= 0; i--) for (const moved of chain[i]!) put(moved);
    }
    put(key);
    count++;
  }
  return [...textOrder(texts), ...buckets.flatMap((chain) => chain.reverse().flat())];
}
