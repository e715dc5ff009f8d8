import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { labAt } from "./lab.ts";

/** A lab that is right, of which each case changes a part. */
const RIGHT = `
title: { ko: 하나, en: One }
summary: { ko: 둘, en: Two }
topology: { controlPlanes: 1, workers: 1, loadBalancers: 0 }
files:
  - { machine: worker-1, path: /opt/note, mode: 0640, content: "x" }
tasks:
  - id: make
    title: { ko: 만들기, en: Make }
    points: 1
    machine: cp-1
    checks:
      - { kind: object, resource: pods, name: web, cel: 'object.status.phase == "Running"' }
  - id: tell
    title: { ko: 말하기, en: Tell }
    points: 1
    question: { text: { ko: 누구?, en: Who? } }
    checks:
      - { kind: answer, subject: { resource: pods, name: web }, cel: object.spec.nodeName }
`;

function lab(text: string, setup?: string) {
  const dir = mkdtempSync(join(tmpdir(), "kubetude-lab-"));
  writeFileSync(join(dir, "lab.yaml"), text);
  if (setup !== undefined) writeFileSync(join(dir, "setup.sh"), setup);
  return labAt(dir);
}

describe("a lab somewhere else", () => {
  it("is read by its directory, with its setup", () => {
    const { files, setup, id } = lab(RIGHT, "echo hello\n");
    expect(files[0]).toMatchObject({ mode: 0o640 });
    expect(setup).toBe("echo hello\n");
    expect(id).toMatch(/^kubetude-lab-/);
  });

  it("says when there is none", () => expect(() => labAt("/nowhere/lab")).toThrow("/nowhere/lab: no lab.yaml there"));
});

describe("what is wrong with a lab is told", () => {
  it.each<[string, string, string, RegExp]>([
    [
      "a misspelt field",
      "points: 1\n    machine",
      "point: 1\n    machine",
      /Unrecognized key: "point"[\s\S]*tasks\[0\]/,
    ],
    ["a text in one language", "{ ko: 둘, en: Two }", "{ en: Two }", /expected string[\s\S]*summary\.ko/],
    ["another kind of check", "kind: object", "kind: objekt", /tasks\[0\]\.checks\[0\]\.kind/],
    ["YAML that does not parse", "summary: {", "summary: [", /lab\.yaml: .* at line 3/],
    [
      "an unknown machine of a file",
      "machine: worker-1",
      "machine: worker-2",
      /file \/opt\/note: no machine "worker-2"; machines: workstation, cp-1, worker-1/,
    ],
    ["an unknown machine of a task", "machine: cp-1", "machine: cp-2", /task make: no machine "cp-2"/],
    ["a cluster that is not there", "machine: cp-1", "cluster: other", /task make: no cluster "other"/],
    ["an id twice", "id: tell", "id: make", /task make: the id is taken by an earlier task/],
    [
      "CEL that does not parse",
      'phase == "Running"',
      'phase = "Running"',
      /task make, check 1 \(object\): cel: compilation failed/,
    ],
    [
      "CEL that names what is not there",
      "cel: object.spec.nodeName",
      "cel: answer == object.spec.nodeName",
      /undeclared reference to 'answer'/,
    ],
    [
      "a question that nobody judges",
      "kind: answer, subject: { resource: pods, name: web }, cel: object.spec.nodeName",
      "kind: etcd, key: /registry/pods/default/web",
      /task tell: its question has no answer check/,
    ],
  ])("%s", (_, from, to, message) => {
    expect(RIGHT).toContain(from);
    expect(() => lab(RIGHT.replace(from, to))).toThrow(message);
  });
});
