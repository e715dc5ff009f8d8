import { byId, clusterId, type Member } from "./membership.ts";

/** Who the members of a cluster are, as all of them have agreed (raft's configuration). */
export class Configuration {
  private readonly current = new Map<bigint, Member>();
  private readonly removed = new Set<bigint>();
  /** The cluster's: of its first members, for as long as it lives. */
  id = 0n;

  /** A cluster begins with these members; `first`: those whom it began with before the others were added. */
  begin(members: readonly Member[], first: readonly Member[] = members): void {
    this.current.clear();
    this.removed.clear();
    for (const member of members) this.current.set(member.id, member);
    this.id = clusterId(first.map(({ id }) => id));
  }

  /** All members, by their ids. */
  all(): Member[] {
    return [...this.current.values()].sort(byId);
  }

  get size(): number {
    return this.current.size;
  }

  get(id: bigint): Member | undefined {
    return this.current.get(id);
  }

  has(id: bigint): boolean {
    return this.current.has(id);
  }

  isRemoved(id: bigint): boolean {
    return this.removed.has(id);
  }

  /** The member whose peers know it at one of these URLs. */
  at(peerUrls: readonly string[]): Member | undefined {
    return this.all().find((member) => member.peerUrls.some((url) => peerUrls.includes(url)));
  }

  put(member: Member): void {
    this.current.set(member.id, member);
  }

  /** Takes a member out for good. */
  remove(id: bigint): void {
    this.current.delete(id);
    this.removed.add(id);
  }

  /** Leaves one member alone. */
  keep(id: bigint): void {
    for (const other of this.current.keys()) if (other !== id) this.current.delete(other);
  }

  voters(): bigint[] {
    return this.all()
      .filter(({ isLearner }) => !isLearner)
      .map(({ id }) => id);
  }

  isVoter(id: bigint): boolean {
    return this.current.get(id)?.isLearner === false;
  }

  majority(): number {
    return Math.floor(this.voters().length / 2) + 1;
  }

  /** `voters=(1 2) learners=(3)`, as raft prints it. */
  text(): string {
    const learners = this.all()
      .filter(({ isLearner }) => isLearner)
      .map(({ id }) => String(id));
    return `voters=(${this.voters().join(" ")})${learners.length === 0 ? "" : ` learners=(${learners.join(" ")})`}`;
  }
}
