import { describe, expect, it } from "vitest";
import { type Input, MINUTE, SECOND, Session, type SessionFile, type SessionSpec } from "../engine/index.ts";
import { Grader } from "../grader/grade.ts";
import { loadLab, sessionSpec } from "../grader/lab.ts";
import { checkSessionFile } from "../grader/session-file.ts";

const lab = loadLab("01-pod-trace");

/** A learner at work: two terminals, a typo, an interrupt, an outside request, an answer, pauses between. */
const script: [number, Input][] = [
  [1, { type: "terminal", id: "a", machine: "workstation", user: "learner", columns: 100, rows: 30 }],
  [2, { type: "keys", id: "a", text: "kubectl get events -w\r" }],
  [3, { type: "terminal", id: "b", machine: "cp-1", user: "learner", columns: 80, rows: 24 }],
  [4, { type: "keys", id: "b", text: "kubectl run ngi\x7f\x7f\x7f; ls /etc/kuber\t\r" }],
  [
    5,
    {
      type: "api",
      id: "r1",
      method: "GET",
      path: "/api/v1/namespaces/default/pods?watch=true",
      headers: {},
      address: "10.0.0.1",
    },
  ],
  [6, { type: "keys", id: "a", text: "\x03" }],
  [
    7,
    {
      type: "keys",
      id: "a",
      text: "kubectl run nginx-test --image=nginx && kubectl wait --for=condition=Ready pod/nginx-test\r",
    },
  ],
  [40, { type: "resize", id: "a", columns: 60, rows: 20 }],
  [41, { type: "keys", id: "a", text: "kubectl get pods -o wide; echo $RANDOM $$\r" }],
  [42, { type: "answer", task: "order", value: "Scheduled, Pulling, Pulled, Created, Started" }],
  [43, { type: "api-close", id: "r1" }],
  [44, { type: "fault", fault: { kind: "unplug", machine: "worker-2" } }],
  [110, { type: "keys", id: "a", text: "kubectl get nodes\r" }],
  [115, { type: "close", id: "b" }],
];

function work(spec: SessionSpec): { file: SessionFile; screen: string; tasks: unknown } {
  let screen = "";
  const session = new Session(spec, {
    output: (id, bytes) => {
      screen += `${id}:${Buffer.from(bytes).toString("latin1")}`;
    },
  });
  session.boot();
  const start = session.kernel.now;
  for (const [at, input] of script) {
    session.kernel.run(start + at * SECOND);
    session.apply(input);
  }
  session.kernel.run(start + 2 * MINUTE);
  expect(session.kernel.faults).toEqual([]);
  return { file: session.save(), screen, tasks: new Grader(lab, session).tasks() };
}

describe("a session is its input log", () => {
  const spec = sessionSpec(lab, 5, "test");
  const first = work(spec);
  const onPaper = checkSessionFile(JSON.parse(JSON.stringify(first.file)));

  it("did what was typed", () => {
    expect(first.screen).toContain("pod/nginx-test condition met");
    expect(first.screen).toMatch(/worker-2\s+NotReady/);
  });

  it("gives the same file and bytes for the same seed, others for another", () => {
    expect(work(spec)).toEqual(first);
    expect(work(sessionSpec(lab, 6, "test")).file.digest).not.toBe(first.file.digest);
  });

  it("replays to the same digest, screen and grade", () => {
    let screen = "";
    const session = new Session(spec, {
      output: (id, bytes) => {
        screen += `${id}:${Buffer.from(bytes).toString("latin1")}`;
      },
    });
    session.boot();
    session.replay(onPaper.inputs, onPaper.end);
    expect(session.digest()).toBe(first.file.digest);
    expect(screen).toBe(first.screen);
    expect(new Grader(lab, session).tasks()).toEqual(first.tasks);
    expect(session.save()).toEqual(first.file);
  });

  it("replays part of the way, and goes on from there", () => {
    const session = new Session(spec);
    session.boot();
    session.replay(onPaper.inputs, onPaper.end, session.kernel.now + 20 * SECOND);
    expect(session.inputs.length).toBeLessThan(script.length);
    session.apply({ type: "keys", id: "a", text: "echo somewhere else\r" });
    session.kernel.run(session.kernel.now + SECOND);
    expect(session.digest()).not.toBe(first.file.digest);
  });

  it.each([
    ["no format", { ...onPaper, format: 2 }],
    ["an unknown input", { ...onPaper, inputs: [{ type: "magic", at: 0, index: 0 }] }],
    ["a negative seed", { ...onPaper, seed: -1 }],
    ["text", "hello"],
  ])("is refused with %s", (_name, value) => expect(() => checkSessionFile(value)).toThrow());
});
