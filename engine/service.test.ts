import { describe, expect, it } from "vitest";
import type { Input } from "./input.ts";
import type { HostClock } from "./runner.ts";
import { type HostMessage, type SessionMessage, SessionService } from "./service.ts";

const SPEC = { lab: "playground", seed: 5, epochMs: 0, topology: { controlPlanes: 1, workers: 1, loadBalancers: 1 } };

/** A host whose thread turns only when told, and whose clock moves by `perLook` ms whenever it is looked at. */
function host(perLook = 0) {
  let line: (() => void)[] = [];
  let now = 0;
  const clock: HostClock = {
    now: () => {
      now += perLook;
      return now;
    },
    after: (ms, callback) => {
      if (ms === 0) line.push(callback);
      return () => {
        line = line.filter((each) => each !== callback);
      };
    },
  };
  const heard: SessionMessage[] = [];
  const service = new SessionService((message) => heard.push(message), clock);
  const turn = () => {
    for (const callback of line.splice(0)) callback();
    return line.length > 0;
  };
  const digest = () => {
    service.receive({ type: "ask", id: 9, what: "digest" });
    return (heard.at(-1) as Extract<SessionMessage, { type: "answer" }>).value;
  };
  return { service, heard, turn, digest };
}

const terminal: Input = { type: "terminal", id: "t1", machine: "workstation", user: "learner", columns: 80, rows: 24 };

describe("a session that boots in slices", () => {
  it("gives the thread back again and again, lets requests wait, and is the same session", () => {
    const whole = host();
    whole.service.receive({ type: "start", spec: SPEC, paused: true });
    whole.service.receive({ type: "input", input: terminal });
    whole.service.receive({ type: "run", us: 5_000_000 });
    whole.service.receive({ type: "input", input: { type: "keys", id: "t1", text: "kubectl get nodes\r" } });
    whole.service.receive({ type: "run", us: 5_000_000 });
    const sliced = host(4);
    const messages: HostMessage[] = [
      { type: "start", spec: SPEC, paused: true, inSlices: true },
      { type: "input", input: terminal },
    ];
    for (const message of messages) sliced.service.receive(message);
    let turns = 0;
    while (sliced.turn()) turns++;
    expect(turns).toBeGreaterThan(10);
    expect(sliced.heard[0]).toMatchObject({ type: "started" });
    const { inputs } = whole.service.session!;
    expect(sliced.service.session!.inputs).toEqual(inputs.slice(0, 1));

    const replayed = host(4);
    const { now: at, eventIndex: index } = whole.service.session!.kernel;
    const file = { inputs: [...inputs], end: { at, index } };
    replayed.service.receive({ type: "start", spec: SPEC, file, paused: true, inSlices: true });
    expect(replayed.service.session).toBeUndefined();
    while (replayed.turn());
    expect(replayed.digest()).toBe(whole.digest());
  });

  it("says when it cannot be replayed, and stops when it is told to", () => {
    const broken = host(4);
    const file = {
      inputs: [{ type: "keys", id: "none", text: "x", at: 0, index: 0 } as const],
      end: { at: 0, index: 0 },
    };
    broken.service.receive({ type: "start", spec: SPEC, file, inSlices: true });
    while (broken.turn());
    expect(broken.heard).toEqual([{ type: "error", message: "session: no terminal none" }]);
    const stopped = host(4);
    stopped.service.receive({ type: "start", spec: SPEC, inSlices: true });
    stopped.turn();
    stopped.service.stop();
    for (let i = 0; i < 20; i++) stopped.turn();
    expect(stopped.heard).toEqual([]);
  });
});
