/** What etcdctl's JSON answers begin with. */
import { CLUSTER_ID, EtcdctlError } from "./client.ts";
import type { Run } from "./etcdctl.ts";

export const header = (r: Run, withRevision = true) => ({
  cluster_id: 0,
  member_id: 0,
  ...(withRevision ? { revision: r.client.store.revision } : {}),
  raft_term: r.client.members.term,
});

/** What answers in the form `fields` begin with. */
export function headFields(r: Run, member: bigint, withRevision = true): string {
  const { term } = r.client.members;
  const revision = withRevision ? r.client.store.revision : 0;
  return `"ClusterID" : ${CLUSTER_ID}\n"MemberID" : ${member}\n"Revision" : ${revision}\n"RaftTerm" : ${term}\n`;
}

/** Answers about keys and leases cannot be drawn as tables. */
export const noTable = (): EtcdctlError => new EtcdctlError("table not supported as output format", 4);

/** JSON with the 64-bit ids that JavaScript's numbers cannot hold. */
export function json(value: object, member: bigint): string {
  return `${JSON.stringify(value).replace('"cluster_id":0,"member_id":0', `"cluster_id":${CLUSTER_ID},"member_id":${member}`)}\n`;
}
