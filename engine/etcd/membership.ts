import { sha1 } from "@noble/hashes/legacy.js";
import { encode } from "../kernel/index.ts";

/** One member of a cluster, as all of its members have agreed (server/etcdserver/api/membership/member.go). */
export interface Member {
  readonly id: bigint;
  /** "" until it has started for the first time. */
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly clientUrls: readonly string[];
  /** It gets all that is written and has no vote. */
  readonly isLearner: boolean;
}

export const DEFAULT_TOKEN = "etcd-cluster";

/**
 * Id of a member by its peers' URLs and the cluster's token (membership/member.go, computeMemberId). Members that are
 * added later have the second of it in their ids, so that a URL that comes back is another member.
 */
export function memberId(peerUrls: readonly string[], token = DEFAULT_TOKEN, seconds?: number): bigint {
  return idOf(encode([...peerUrls].sort().join("") + token + (seconds === undefined ? "" : String(seconds))));
}

/** Id of a cluster by the ids of its first members (membership/cluster.go, genID). */
export function clusterId(ids: readonly bigint[]): bigint {
  const sorted = [...ids].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const bytes = new Uint8Array(8 * sorted.length);
  const view = new DataView(bytes.buffer);
  sorted.forEach((id, i) => {
    view.setBigUint64(8 * i, id);
  });
  return idOf(bytes);
}

function idOf(bytes: Uint8Array): bigint {
  return new DataView(sha1(bytes).buffer).getBigUint64(0);
}

/** An id as etcd prints it: hexadecimal, without leading zeros. */
export const hexId = (id: bigint): string => id.toString(16);

/** By their ids, as etcd lists them. */
export const byId = (a: { id: bigint }, b: { id: bigint }): number => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

/** `--initial-cluster`: names and peers' URLs, the URLs of one name together. */
export function initialCluster(text: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const pair of text.split(",")) {
    const mark = pair.indexOf("=");
    if (mark < 0) continue;
    const name = pair.slice(0, mark);
    found.set(name, [...(found.get(name) ?? []), pair.slice(mark + 1)]);
  }
  return found;
}
