/** Whether members may be added, promoted, moved and taken out (server/etcdserver/server.go, mayAddMember and its neighbours; --strict-reconfig-check). */
import { SECOND } from "../kernel/index.ts";
import {
  errLearnerNotReady,
  errMemberNotFound,
  errMemberNotLearner,
  errNotEnoughStarted,
  errPeerUrlExists,
  errTooManyLearners,
  errUnhealthy,
} from "./errors.ts";
import { type Member, memberId } from "./membership.ts";
import type { RaftGroup } from "./raft.ts";

/** Members must have been in touch for this long (HealthInterval). */
const HEALTH_INTERVAL = 5 * SECOND;
/** `--experimental-max-learners`. */
const MOST_LEARNERS = 1;

const isStarted = ({ name }: Member): boolean => name !== "";
const majority = (count: number): number => Math.floor(count / 2) + 1;
const voters = (raft: RaftGroup): Member[] => raft.members().filter(({ isLearner }) => !isLearner);
const isConnected = (raft: RaftGroup, { id }: Member): boolean => (raft.inTouchFor(id) ?? -1) >= HEALTH_INTERVAL;

/** Adds a member, asked at `self`. `seconds`: since 1970, of which its id is made. Throws EtcdError. */
export function addMember(
  raft: RaftGroup,
  self: bigint,
  peerUrls: readonly string[],
  isLearner: boolean,
  seconds: number,
): Member {
  const all = voters(raft);
  if (!isLearner) {
    const started = all.filter(isStarted).length;
    // The only member of a cluster may get a second one.
    const isFirst = started === 1 && all.length === 1;
    if (!isFirst && started < majority(all.length + 1)) throw errNotEnoughStarted();
  }
  if (all.some((member) => member.id !== self && !isConnected(raft, member))) throw errUnhealthy();
  if (raft.memberAt(peerUrls) !== undefined) throw errPeerUrlExists();
  if (isLearner && raft.members().filter((member) => member.isLearner).length >= MOST_LEARNERS) {
    throw errTooManyLearners();
  }
  const member = { id: memberId(peerUrls, "", seconds), name: "", peerUrls, clientUrls: [], isLearner };
  raft.add(member);
  return member;
}

/** Takes a member out, asked at `self`. Throws EtcdError. */
export function removeMember(raft: RaftGroup, self: bigint, id: bigint): void {
  const member = raft.member(id);
  if (member === undefined) throw errMemberNotFound();
  if (!member.isLearner) {
    const all = voters(raft);
    const rest = all.filter((other) => other.id !== id);
    if (rest.length === 0 || rest.filter(isStarted).length < majority(rest.length)) throw errNotEnoughStarted();
    // One that is down is no part of the quorum that is there.
    const isDown = id !== self && raft.inTouchFor(id) === undefined;
    const active = all.filter((other) => other.id === self || isConnected(raft, other)).length;
    if (!isDown && active - 1 < 1 + Math.floor((all.length - 1) / 2)) throw errUnhealthy();
  }
  raft.remove(id);
}

/** Makes a voter of a learner that has all entries. Throws EtcdError. */
export function promoteMember(raft: RaftGroup, id: bigint): void {
  const member = raft.member(id);
  if (member === undefined) throw errMemberNotFound();
  if (!member.isLearner) throw errMemberNotLearner();
  if (raft.inTouchFor(id) === undefined) throw errLearnerNotReady();
  const all = voters(raft);
  if (all.filter(isStarted).length + 1 < majority(all.length + 1)) throw errNotEnoughStarted();
  raft.promote(id);
}

/** Gives a member other peer URLs. Throws EtcdError. */
export function moveMember(raft: RaftGroup, id: bigint, peerUrls: readonly string[]): void {
  if (raft.member(id) === undefined) throw errMemberNotFound();
  const other = raft.memberAt(peerUrls);
  if (other !== undefined && other.id !== id) throw errPeerUrlExists();
  raft.move(id, peerUrls);
}
