/** What etcdctl's JSON answers begin with. */
import { EtcdctlError } from "./client.ts";
import type { Run } from "./etcdctl.ts";

export const header = (r: Run, withRevision = true) => ({
  cluster_id: 0,
  member_id: 0,
  ...(withRevision ? { revision: r.client.view.revision } : {}),
  raft_term: r.client.view.term,
});

/** What answers in the form `fields` begin with. */
export function headFields(r: Run, withRevision = true): string {
  const { asked, raft, view } = r.client;
  const revision = withRevision ? view.revision : 0;
  return `"ClusterID" : ${raft.id}\n"MemberID" : ${asked}\n"Revision" : ${revision}\n"RaftTerm" : ${view.term}\n`;
}

/** Answers about keys and leases cannot be drawn as tables. */
export const noTable = (): EtcdctlError => new EtcdctlError("table not supported as output format", 4);

/** JSON with the 64-bit ids that JavaScript's numbers cannot hold. */
export function json(r: Run, value: object): string {
  const { asked, raft } = r.client;
  return `${JSON.stringify(value).replace('"cluster_id":0,"member_id":0', `"cluster_id":${raft.id},"member_id":${asked}`)}\n`;
}
