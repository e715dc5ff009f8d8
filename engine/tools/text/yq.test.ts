import { describe, expect, it } from "vitest";
import { runShell } from "../../shell/harness.ts";
import { textPrograms } from "./index.ts";

const POD = `apiVersion: v1
kind: Pod
metadata:
  name: web
  labels:
    app: web
spec:
  containers:
    - name: c
      image: nginx:1.27
    - name: side
      image: busybox
`;

const NOTED = `# A Pod of the lab
apiVersion: v1
kind: Pod   # kind of it

metadata:
  name: "web"
  labels: {app: web}
# what it runs
spec:
  containers:
    # the server
    - name: c
      image: nginx:1 # pinned
    - name: side
      image: busybox
`;

/** There is no yq here to compare with: expected texts are those of its manual (mikefarah/yq v4, "How it works", "Output format"). */
const CASES: [string, string, number][] = [
  ["yq .kind pod.yaml", "Pod\n", 0],
  ["yq '.spec.containers[].image' pod.yaml", "nginx:1.27\nbusybox\n", 0],
  ["yq e '.metadata' pod.yaml", "name: web\nlabels:\n  app: web\n", 0],
  ["yq '.spec.containers' pod.yaml", "- name: c\n  image: nginx:1.27\n- name: side\n  image: busybox\n", 0],
  ["yq -o json -I0 .metadata pod.yaml", '{"name":"web","labels":{"app":"web"}}\n', 0],
  ["yq -o=json .metadata.labels pod.yaml", '{\n  "app": "web"\n}\n', 0],
  ["yq -i '.metadata.name = \"db\"' pod.yaml; yq .metadata.name pod.yaml", "db\n", 0],
  ["yq '.' pod.yaml", POD, 0],
  ["yq pod.yaml", POD, 0],
  ["cat pod.yaml | yq '.spec.containers | length'", "2\n", 0],
  ["cat pod.yaml | yq '.spec.containers[] | select(.name == \"side\") | .image' -", "busybox\n", 0],
  ["N=db yq '.metadata.name = strenv(N) | .metadata.name' pod.yaml", "db\n", 0],
  ["yq 'del(.spec, .metadata.labels)' pod.yaml", "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\n", 0],
  ["yq -n '.a.b = 1'", "a:\n  b: 1\n", 0],
  ["yq .none pod.yaml", "null\n", 0],
  ["printf 'a: 1\\n---\\na: 2\\n' | yq .a", "1\n---\n2\n", 0],
  ["yq -o props .metadata pod.yaml", "name = web\nlabels.app = web\n", 0],
  ["yq -P . list.json", "a:\n  - 1\n  - 2\n", 0],
  ["yq .a nope 2>&1", "Error: open nope: no such file or directory\n", 1],
  ["yq -e .none pod.yaml 2>&1", "null\nError: no matches found\n", 1],
  ["yq . noted.yaml", NOTED.replace("\n\n", "\n").replace("Pod   #", "Pod #"), 0],
  [
    'yq -i \'.metadata.name = "db" | .spec.containers[0].image = "nginx:2"\' noted.yaml; cat noted.yaml',
    NOTED.replace("\n\n", "\n").replace("Pod   #", "Pod #").replace('"web"', '"db"').replace("nginx:1", "nginx:2"),
    0,
  ],
  ["yq '.spec.containers[1]' noted.yaml", "name: side\nimage: busybox\n", 0],
  ["yq '.metadata.labels' noted.yaml; yq -P '.metadata' noted.yaml", "{app: web}\nname: web\nlabels:\n  app: web\n", 0],
  ["yq '.spec.containers | map(.name)' noted.yaml", "- c\n- side\n", 0],
  ["printf '# one\\na: 1\\n---\\na: 2 # x\\n' | yq '.a += 1'", "# one\na: 2\n---\na: 3 # x\n", 0],
  ["echo '{\"a\": [1]}' | yq -P .", "a:\n  - 1\n", 0],
  [
    "printf 'a: 1\\nb: {x: 1}\\n' > a; printf 'b: {y: 2}\\n' > b; yq ea 'select(fi == 0) * select(fi == 1)' a b; yq ea '. as $i ireduce ({}; . * $i)' a b | tail -1; yq ea .b b",
    "a: 1\nb:\n  x: 1\n  y: 2\n  y: 2\ny: 2\n",
    0,
  ],
  ["yq --foo 2>&1", "Error: unknown flag: --foo\n", 1],
];

describe("yq", () => {
  it.each(CASES)("%s", (line, stdout, status) => {
    const run = runShell(["bash", "-c", line], {
      programs: textPrograms,
      files: { "pod.yaml": POD, "noted.yaml": NOTED, "list.json": '{"a":[1,2]}' },
    });
    expect(run).toEqual({ stdout, stderr: "", status });
  });
});
