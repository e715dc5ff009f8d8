/** What etcdctl's JSON answers begin with. */
import { CLUSTER_ID } from "./client.ts";
import type { Run } from "./etcdctl.ts";

export const header = (r: Run, withRevision = true) => ({
  cluster_id: 0,
  member_id: 0,
  ...(withRevision ? { revision: r.client.store.revision } : {}),
  raft_term: r.client.members.term,
});

/** JSON with the 64-bit ids that JavaScript's numbers cannot hold. */
export function json(value: object, member: bigint): string {
  return `${JSON.stringify(value).replace('"cluster_id":0,"member_id":0', `"cluster_id":${CLUSTER_ID},"member_id":${member}`)}\n`;
}
