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
  ["yq -Poy . list.json", "a:\n  - 1\n  - 2\n", 0],
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
    "a: 1\nb: {x: 1, y: 2}\nb: {x: 1, y: 2}\n{y: 2}\n",
    0,
  ],
  // What follows is what pkg/yqlib/doc says of each operator, on other documents.
  [
    "yq '.spec.containers[] |= . * {\"tty\": true} | .spec.containers[0]' pod.yaml",
    "name: c\nimage: nginx:1.27\ntty: true\n",
    0,
  ],
  ['yq -n \'{"a": [1,2]} *+ {"a": [3]} | .a\'', "- 1\n- 2\n- 3\n", 0],
  ['yq -n \'{"a": 1} *n {"a": 2, "b": 3}\'', "a: 1\nb: 3\n", 0],
  ["yq '.metadata.labels | to_entries' pod.yaml", "- key: app\n  value: web\n", 0],
  ["yq '.metadata.labels | with_entries(.key |= \"x-\" + .)' pod.yaml", "x-app: web\n", 0],
  ["yq '.spec.containers | sort_by(.image) | .[0].name' pod.yaml", "side\n", 0],
  ["yq '[.spec.containers[] | {.name: .image}]' pod.yaml", "- c: nginx:1.27\n- side: busybox\n", 0],
  [
    'yq \'.. | select(tag == "!!str") | path | join(".")\' pod.yaml | tail -2',
    "spec.containers.1.name\nspec.containers.1.image\n",
    0,
  ],
  ["yq '.metadata.name style=\"double\" | .metadata' pod.yaml", 'name: "web"\nlabels:\n  app: web\n', 0],
  ['yq \'(.metadata.name line_comment="who") | ... comments="" | .metadata.name\' noted.yaml', "web\n", 0],
  ["yq '... comments=\"\"' noted.yaml | grep -c '#'; yq '.kind | line_comment' noted.yaml", "0\nkind of it\n", 0],
  [
    "printf 'a: &x\\n  c: 1\\nb: *x\\nd:\\n  <<: *x\\n  e: 2\\n' > k; yq '.d.c' k; yq '.b | alias' k; yq 'explode(.) | .d' k",
    "1\nx\nc: 1\ne: 2\n",
    0,
  ],
  [
    "yq '.spec.containers as $c | $c[0].name' pod.yaml; yq '.metadata.name |= sub(\"w(.)\", \"${1}w\") | .metadata.name' pod.yaml",
    "c\newb\n",
    0,
  ],
  ['yq -n \'["a=1", "true", "", "a: b", "007"]\'', '- a=1\n- "true"\n- ""\n- \'a: b\'\n- "007"\n', 0],
  [
    "yq '.spec.containers' -o=csv pod.yaml; yq -o=xml '{\"m\": .metadata}' pod.yaml",
    "name,image\nc,nginx:1.27\nside,busybox\n<m>\n  <name>web</name>\n  <labels>\n    <app>web</app>\n  </labels>\n</m>\n",
    0,
  ],
  [
    "printf '{\"a\":1}\\n{\"a\":2}\\n' > n.json; yq -p=json -o=json -I=0 '.a += 1' n.json; yq '.a' n.json",
    '{"a":2}\n{"a":3}\n1\n2\n',
    0,
  ],
  [
    "yq '.spec.containers | map(.image) | unique | length' pod.yaml; yq '.spec.containers | map(has(\"tty\")) | any' pod.yaml; yq -n '1 == 1 and (2 > 3 | not)'",
    "2\nfalse\ntrue\n",
    0,
  ],
  [
    "yq '.metadata | pick([\"name\"])' pod.yaml; yq '.metadata | omit([\"name\"])' pod.yaml; yq 'with(.metadata; .name = \"n\" | .x = 1) | .metadata' pod.yaml",
    "name: web\nlabels:\n  app: web\nname: n\nlabels:\n  app: web\nx: 1\n",
    0,
  ],
  [
    "echo 'v: 3' > v.yaml; yq '.v = load(\"v.yaml\").v | .v' pod.yaml; A='[1, x]' yq -n '.a = env(A)'; yq -n 'env(NOPE)' 2>&1",
    "3\na: [1, x]\nError: value for env variable 'NOPE' not provided in env()\n",
    1,
  ],
  [
    "yq '.a.' pod.yaml 2>&1; yq '(.a' pod.yaml 2>&1; yq '.a)' pod.yaml 2>&1",
    "Error: 1:3: invalid input text \".\"\nError: bad expression - probably missing close bracket on ')'\nError: bad expression, got close brackets without matching opening bracket\n",
    1,
  ],
  ["yq .kind -- pod.yaml; yq -- .kind pod.yaml", "Pod\nPod\n", 0],
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
