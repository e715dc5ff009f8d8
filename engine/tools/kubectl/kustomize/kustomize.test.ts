import { describe, expect, it } from "vitest";
import { world } from "../harness.ts";

const POD = `apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  containers:
  - name: c
    image: nginx:1.25
    envFrom: [{configMapRef: {name: settings}}]
`;

/** Builds `/k/overlay` over `/k/base`, whose files are given by their paths. */
function build(files: Record<string, string>) {
  const w = world();
  for (const [path, text] of Object.entries(files)) w.write(`/k/${path}`, text);
  return w.run("kubectl kustomize /k/overlay");
}

describe("kubectl kustomize", () => {
  it("renames what it makes, and what speaks of it", () => {
    const { stdout, stderr, code } = build({
      "base/kustomization.yaml": "resources: [pod.yaml]\nconfigMapGenerator:\n- name: settings\n  literals: [a=b]\n",
      "base/pod.yaml": POD,
      "overlay/kustomization.yaml": "resources: [../base]\nnamePrefix: x-\nimages: [{name: nginx, newTag: '2'}]\n",
    });
    expect(stderr).toBe("");
    expect(code).toBe(0);
    const [, name] = /name: (x-settings-[a-z0-9]{10})\n/.exec(stdout)!;
    expect(stdout).toContain(`configMapRef:\n        name: ${name}\n`);
    expect(stdout).toContain("image: nginx:2\n");
    expect(stdout).toContain("name: x-p\n");
  });

  it("puts a patch's new elements first and deletes by directive", () => {
    const { stdout } = build({
      "overlay/kustomization.yaml": "resources: [pod.yaml]\npatches: [{path: patch.yaml}]\n",
      "overlay/pod.yaml": POD,
      "overlay/patch.yaml": `apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  containers: [{name: side, image: busybox}, {name: c, envFrom: null}]
`,
    });
    expect(stdout).toContain("  - image: busybox\n    name: side\n  - image: nginx:1.25\n    name: c\n");
  });

  it.each([
    ["an unknown field", "resource: []\n", 'invalid Kustomization: json: unknown field "resource"'],
    [
      "a number for a tag",
      "images: [{name: a, newTag: 1.5}]\n",
      "invalid Kustomization: json: cannot unmarshal number into Go struct field Image.images.newTag of type string",
    ],
    ["nothing at all", "", "kustomization.yaml is empty"],
    [
      "a cycle",
      "resources: [../overlay]\n",
      "cycle detected: candidate root '/k/overlay' contains visited root '/k/overlay'",
    ],
  ])("complains about %s", (_what, text, words) => {
    const { stderr, code } = build({ "overlay/kustomization.yaml": text });
    expect(stderr).toContain(words);
    expect(code).toBe(1);
  });
});
