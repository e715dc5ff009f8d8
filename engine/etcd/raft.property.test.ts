import fc from "fast-check";
import { expect, test } from "vitest";
import { Kernel, SECOND } from "../kernel/index.ts";
import { DEFAULT_QUOTA, EtcdStore, hexId, type Member, memberId, RaftGroup } from "./index.ts";

/** Five members on a network whose cables can be pulled; processes only keep what they log. */
class World {
  readonly kernel = new Kernel({ seed: 1, epochMs: 0 });
  readonly store = new EtcdStore(this.kernel);
  readonly raft = new RaftGroup(this.kernel, this.store, "etcd");
  readonly members: Member[];
  readonly lines: string[] = [];
  /** Up to where each leader's log went when it was elected, and what had been agreed on. */
  readonly leaders: { had: number; agreed: number }[] = [];
  private readonly stops = new Map<number, (why: "terminated" | "lost") => void>();
  private readonly groups: number[];
  /** Entries that were agreed on, and in which term. */
  readonly agreed: { term: number; revision: number }[] = [];

  constructor(size: number) {
    this.members = Array.from({ length: size }, (_, i) => {
      const peerUrls = [`https://10.0.0.${i + 1}:2380`];
      return { id: memberId(peerUrls), name: "", peerUrls, clientUrls: [], isLearner: false };
    });
    this.groups = this.members.map(() => 0);
    this.raft.begin(this.members, "1");
    for (let i = 0; i < size; i++) this.start(i);
    this.wait(3);
  }

  start(i: number): void {
    if (this.stops.has(i)) return;
    const { id } = this.members[i]!;
    const stop = this.raft.start({
      id,
      name: `m${i}`,
      host: `m${i}`,
      clientUrls: [],
      clientCa: () => "",
      reaches: (peer) => this.groups[i] === this.groups[this.members.findIndex((member) => member.id === peer)],
      quota: DEFAULT_QUOTA,
      isStopped: () => false,
      pulse: () => false,
      notice: () => {},
      raft: (message) => {
        this.lines.push(message);
        if (message.includes("became leader")) {
          this.leaders.push({ had: this.raft.viewOf(id).revision, agreed: this.store.revision });
        }
      },
      log: () => {},
      removed: () => this.stop(i, "lost"),
    });
    this.stops.set(i, stop);
  }

  stop(i: number, why: "terminated" | "lost"): void {
    const stop = this.stops.get(i);
    this.stops.delete(i);
    stop?.(why);
  }

  cut(i: number, group: number): void {
    this.groups[i] = group;
  }

  wait(seconds: number): void {
    this.kernel.run(this.kernel.now + seconds * SECOND);
  }

  answering(): number[] {
    return this.members.flatMap((_, i) => (this.raft.answers(`m${i}`) ? [i] : []));
  }

  /** Writes through a member, if it answers. */
  put(i: number): void {
    if (!this.raft.answers(`m${i}`)) return;
    const { revision } = this.store.put({ key: "k", value: i });
    this.agreed.push({ term: this.raft.viewOf(this.raft.leading).term, revision });
  }

  /** The largest number of running members that reach each other. */
  mostTogether(): number {
    const counts = new Map<number, number>();
    for (const i of this.stops.keys()) counts.set(this.groups[i]!, (counts.get(this.groups[i]!) ?? 0) + 1);
    return Math.max(0, ...counts.values());
  }

  running(): number[] {
    return [...this.stops.keys()];
  }

  groupOf(i: number): number {
    return this.groups[i]!;
  }
}

interface Step {
  act: "start" | "kill" | "stop" | "cut" | "put" | "move" | "wait";
  /** A member; the network that its cable is in; seconds. */
  i: number;
  group: number;
  seconds: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  act: fc.constantFrom("start", "start", "kill", "stop", "cut", "cut", "put", "put", "put", "move", "wait", "wait"),
  i: fc.nat(4),
  group: fc.nat(1),
  seconds: fc.integer({ min: 1, max: 5 }),
});

test("whatever is cut and killed: one leader, with a quorum, that has all that was agreed on; terms never fall", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(3, 5),
      fc.array(step, { minLength: 20, maxLength: 80, size: "max" }),
      (size, wanted) => {
        const world = new World(size);
        const steps = wanted.filter(({ i }) => i < size);
        const majority = (size + 1) / 2;
        const { raft } = world;
        let term = 0;
        for (const one of steps) {
          if (one.act === "start") world.start(one.i);
          else if (one.act === "kill") world.stop(one.i, "lost");
          else if (one.act === "stop") world.stop(one.i, "terminated");
          else if (one.act === "cut") world.cut(one.i, one.group);
          else if (one.act === "put") world.put(one.i);
          else if (one.act === "move") raft.transfer(world.members[one.i]!.id);
          else world.wait(one.seconds);
          if (one.act !== "wait" && one.act !== "cut") continue;
          // A cut is noticed at the next look at the connections.
          world.wait(1);
          const answering = world.answering();
          if (answering.length > 0) {
            expect(answering.length).toBeGreaterThanOrEqual(majority);
            const views = answering.map((i) => raft.viewOf(world.members[i]!.id));
            expect(new Set(views.map((view) => `${view.term} ${view.lead} ${view.revision}`)).size).toBe(1);
            expect(views[0]!.revision).toBe(world.store.revision);
            expect(new Set(answering.map((i) => world.groupOf(i))).size).toBe(1);
            expect(views[0]!.term).toBeGreaterThanOrEqual(term);
            term = views[0]!.term;
          }
          // Who is cut off keeps what it had.
          for (const i of world.running()) {
            expect(raft.viewOf(world.members[i]!.id).revision).toBeLessThanOrEqual(world.store.revision);
          }
        }
        // Left alone, those who are a majority and reach each other agree within a few elections.
        world.wait(20);
        expect(world.answering().length > 0).toBe(world.mostTogether() >= majority);
        for (const { had, agreed } of world.leaders) expect(had).toBe(agreed);
        for (let i = 1; i < world.agreed.length; i++) {
          expect(world.agreed[i]!.term).toBeGreaterThanOrEqual(world.agreed[i - 1]!.term);
        }
      },
    ),
    { numRuns: 1000 },
  );
});

test("a leader that dies is followed after an election timeout, one that ends hands over at once", () => {
  const world = new World(3);
  const { raft } = world;
  const first = world.members.findIndex(({ id }) => id === raft.leading);
  const { term } = raft.viewOf(raft.leading);
  const start = world.kernel.now;
  world.stop(first, "lost");
  expect(raft.leading).toBe(0n);
  world.kernel.runUntil(() => raft.leading !== 0n, start + 10 * SECOND);
  expect(world.kernel.now - start).toBeGreaterThanOrEqual(SECOND);
  expect(world.kernel.now - start).toBeLessThan(2 * SECOND);
  expect(raft.viewOf(raft.leading).term).toBe(term + 1);
  world.start(first);
  world.wait(2);
  const second = world.members.findIndex(({ id }) => id === raft.leading);
  const id = hexId(world.members[second]!.id);
  world.lines.length = 0;
  world.stop(second, "terminated");
  expect(raft.leading).not.toBe(0n);
  expect(world.lines).toContain(`${id} [term ${term + 1}] starts to transfer leadership to ${hexId(raft.leading)}`);
  expect(world.lines).toContain(`raft.node: ${id} elected leader ${hexId(raft.leading)} at term ${term + 2}`);
});
