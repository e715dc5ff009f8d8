import { describe, expect, it } from "vitest";
import type { Input } from "./input.ts";
import type { HostClock } from "./runner.ts";
import { type HostMessage, PATIENCE, type SessionMessage, SessionService, type SessionStatus } from "./service.ts";

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

describe("waiting", () => {
  const started = () => {
    const own = host(1);
    own.service.receive({ type: "start", spec: SPEC, paused: true });
    own.service.receive({ type: "input", input: terminal });
    return own;
  };
  const status = ({ service, heard }: ReturnType<typeof host>) => {
    service.receive({ type: "ask", id: 1, what: "status" });
    return (heard.at(-1) as Extract<SessionMessage, { type: "answer" }>).value as SessionStatus;
  };
  const finish = (own: ReturnType<typeof host>) => {
    for (let i = 0; i < 100_000 && status(own).skipping; i++) own.service.receive({ type: "clock", speed: 1 });
    return status(own);
  };
  const type = (own: ReturnType<typeof host>, text: string) => {
    own.service.receive({ type: "input", input: { type: "keys", id: "t1", text: `${text}\r` } });
    own.service.receive({ type: "run", us: 500_000 });
  };
  const pods = ({ service }: ReturnType<typeof host>) =>
    service.session!.objects("", "pods", "default").map((pod) => pod["status"]?.phase as string);

  it("ends at the instant at which a Pod looks different, and not at a heartbeat", () => {
    const own = started();
    type(own, "kubectl run a --image=busybox --restart=Never -- sleep 900");
    own.service.receive({ type: "clock", waitFor: "settled" });
    expect(finish(own)).toMatchObject({ skipping: false, waited: { what: "settled", end: "came" } });
    expect(pods(own)).toEqual(["Running"]);
    const before = status(own).now;
    own.service.receive({ type: "clock", waitFor: "change" });
    const after = finish(own);
    expect(after.waited).toEqual({ what: "change", end: "came" });
    expect(pods(own)).toEqual(["Succeeded"]);
    expect((after.now - before) / 1e6).toBeGreaterThan(890);
    expect((after.now - before) / 1e6).toBeLessThan(905);
  });

  it("ends at what is written next, can be stopped, and says when nothing came", () => {
    const own = started();
    type(own, "kubectl run b --image=nginx");
    own.service.receive({ type: "clock", waitFor: "settled" });
    finish(own);
    const { now } = status(own);
    own.service.receive({ type: "clock", waitFor: "change" });
    expect(status(own)).toMatchObject({ skipping: true, waited: { what: "change", end: "waiting" } });
    own.service.receive({ type: "clock", stopSkipping: true });
    expect(status(own).skipping).toBe(false);
    expect(status(own).now).toBeLessThan(now + PATIENCE);
    own.service.receive({ type: "clock", waitFor: "change" });
    expect(finish(own)).toMatchObject({ waited: { what: "change", end: "not" } });
    expect(status(own).now).toBeGreaterThanOrEqual(now + PATIENCE);
    type(own, "(sleep 60; kubectl create configmap c) &");
    const start = status(own).now;
    own.service.receive({ type: "clock", skipToEvent: true });
    expect(finish(own).waited).toEqual({ what: "event", end: "came" });
    expect(Math.round((status(own).now - start) / 1e7)).toBe(6);
  });
});
