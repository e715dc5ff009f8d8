import { execFileSync, spawn, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { SECOND, Session } from "../engine/index.ts";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const cli = join(root, "dist", "cli.mjs");
const scratch = mkdtempSync(join(tmpdir(), "kubetude-cli-"));

function kubetude(args: string[], input = ""): { stdout: string; stderr: string; status: number | null } {
  const { stdout, stderr, status } = spawnSync(process.execPath, [cli, ...args], {
    input,
    encoding: "utf8",
    cwd: scratch,
  });
  return { stdout, stderr, status };
}

const script = (name: string, text: string) => {
  const path = join(scratch, name);
  writeFileSync(path, text);
  return path;
};

describe("kubetude exec", () => {
  it("passes stdout, stderr and the exit status through unchanged", () => {
    const text = 'echo "out $(hostname)"; echo err >&2; printf "\\303\\xff"; exit 7\n';
    const result = spawnSync(process.execPath, [cli, "exec", "--lab", "playground", "-"], { input: text });
    expect(result.stdout).toEqual(Buffer.concat([Buffer.from("out workstation\n"), Buffer.from([0xc3, 0xff])]));
    expect(result.stderr.toString()).toBe("err\n");
    expect(result.status).toBe(7);
  });

  it("runs as a file, on the machine that is named, with stdin empty and no terminal", () => {
    const file = script("where.sh", 'echo "$0" "$(hostname)"; cat; test -t 0 || echo no terminal\n');
    const { stdout, status } = kubetude(["exec", "--lab", "playground", "--host", "worker-2", file]);
    expect([stdout, status]).toEqual(["/tmp/where.sh worker-2\nno terminal\n", 0]);
  });

  it("gives up after the virtual timeout with 124", () => {
    expect(kubetude(["exec", "--lab", "playground", "--timeout", "60", "-"], "sleep 61; echo late\n")).toEqual({
      stdout: "",
      stderr: "",
      status: 124,
    });
  });

  it("gives up a fork bomb by the work it does", () => {
    const bomb = ":(){ :|:& };:\nsleep 3000; echo late\n";
    const { stdout, stderr, status } = kubetude(["exec", "--lab", "playground", "--work", "6000", "-"], bomb);
    expect([stdout, status]).toEqual(["", 124]);
    expect(stderr).toContain("line 1: fork: retry: Resource temporarily unavailable\n");
    expect(stderr).toMatch(/\nkubetude: given up after \d+ virtual seconds: too much work \(--work\)\n$/);
  });

  it("hands the script's bytes on as they are", () => {
    const input = Buffer.concat([Buffer.from("printf '%s' '"), Buffer.from([0xff, 0xc3]), Buffer.from("'")]);
    const { stdout } = spawnSync(process.execPath, [cli, "exec", "--lab", "playground", "-"], { input });
    expect([...stdout]).toEqual([0xff, 0xc3]);
  });

  const piped = (text: string, into: string) => {
    const line = `'${process.execPath}' '${cli}' exec --lab playground <(echo '${text}') ${into}; echo "\${PIPESTATUS[0]}"`;
    const { stdout, stderr } = spawnSync("bash", ["-c", line], { encoding: "utf8" });
    return { stdout, stderr };
  };

  it.each(["yes | head -50000", "while :; do echo y; done"])("ends quietly when nobody reads on: %s", (text) => {
    expect(piped(text, "| head -1")).toEqual({ stdout: "y\n141\n", stderr: "" });
  });

  it("waits for who reads slowly", () => {
    expect(piped("yes | head -100000", "| (sleep 1; wc -l)")).toEqual({ stdout: "100000\n0\n", stderr: "" });
  });

  it("says what is wrong with its own output", () => {
    const { stdout, stderr } = piped("echo y", "> /dev/full");
    expect([stdout, stderr]).toEqual(["2\n", expect.stringMatching(/^kubetude: stdout: ENOSPC: [^\n]*\n$/)]);
  });

  it("gives the same bytes for the same seed", () => {
    const run = (seed: string) =>
      kubetude(["exec", "--lab", "playground", "--seed", seed, "-"], "kubectl get pods -A -o wide; echo $RANDOM\n")
        .stdout;
    expect(run("3")).toBe(run("3"));
    expect(run("3")).not.toBe(run("4"));
  });
});

describe("kubetude grade", () => {
  it("prints a line a task and the score, writes reports, and says with its status whether all passed", () => {
    const [json, junit] = [join(scratch, "report.json"), join(scratch, "report.xml")];
    const solution = join(root, "labs/01-pod-trace/solution.sh");
    const { stdout, status } = kubetude(["grade", "--lab", "01-pod-trace", "--json", json, "--junit", junit, solution]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^✓ create {2}/m);
    expect(stdout.trim().split("\n").at(-1)).toBe("14/14");
    const report = JSON.parse(readFileSync(json, "utf8"));
    expect(report).toMatchObject({ lab: "01-pod-trace", seed: 1, score: 14, maxScore: 14, passed: true });
    expect(Object.keys(report.tasks[0])).toEqual(["id", "title", "passed", "points", "maxPoints", "checks"]);
    expect(Object.keys(report.tasks[0].checks[0])).toEqual(["kind", "passed", "evidence", "message"]);
    expect(readFileSync(junit, "utf8")).toContain('<testsuite name="01-pod-trace" tests="6" failures="0">');
    expect(kubetude(["grade", "--lab", "01-pod-trace", "-"], "true\n").status).toBe(1);
  });
});

describe("kubetude labs", () => {
  it("lists every lab and under it its tasks", () => {
    const { stdout } = kubetude(["labs"]);
    expect(stdout).toMatch(/^01-pod-trace {2}\S.*\n {2}create {2}\S/m);
    expect(stdout).toMatch(/^playground {2}/m);
  });
});

describe("session files", () => {
  const session = new Session({ lab: "01-pod-trace", seed: 4, epochMs: Date.UTC(2026, 2, 2, 9), engine: "another" });
  session.boot();
  session.apply({ type: "answer", task: "order", value: "Scheduled" });
  session.kernel.run(session.kernel.now + 5 * SECOND);
  const saved = JSON.stringify(session.save());
  const file = (name: string, change: (text: string) => string) => script(name, change(saved));
  const good = file("good.json", (text) => text);

  it("are replayed to their digest, or said to differ", () => {
    const { stdout, status } = kubetude(["replay", good]);
    expect([stdout.trim(), status]).toEqual([session.save().digest, 0]);
    const changed = file("changed.json", (text) => text.replace(session.save().digest, "0".repeat(16)));
    const other = kubetude(["replay", changed]);
    expect([other.stdout.trim(), other.status]).toEqual([session.save().digest, 1]);
    expect(other.stderr).toContain("made on engine another");
    expect(kubetude(["replay", "--until", "1s", good]).status).toBe(0);
    const graded = kubetude(["grade", "--lab", "01-pod-trace", changed]);
    expect(graded.status).toBe(1);
    expect(graded.stderr).toContain("the replay differs");
  });

  it.each([
    ["no.json", () => "{"],
    ["empty.json", () => "{}"],
    ["list.json", () => "[]"],
    ["format.json", (text: string) => text.replace('"format":1', '"format":99')],
    ["type.json", (text: string) => text.replace('"answer"', '"bribe"')],
    ["extra.json", (text: string) => text.replace('"task"', '"score":14,"task"')],
    ["lab.json", (text: string) => text.replace("01-pod-trace", "playground")],
  ] as [string, (text: string) => string][])("%s could not be run", (name, change) => {
    const { status, stderr } = kubetude(["grade", "--lab", "01-pod-trace", file(name, change)]);
    expect(status).toBe(2);
    expect(stderr).toContain(name);
  });
});

describe("a lab in a directory of its own", () => {
  const dir = join(scratch, "my-lab");
  mkdirSync(join(dir, "wrong"), { recursive: true });
  const write = (name: string, text: string) => writeFileSync(join(dir, name), text);
  write(
    "lab.yaml",
    `title: { ko: 리더, en: Leader }
summary: { ko: 리더, en: Leader }
topology: { controlPlanes: 1, workers: 1, loadBalancers: 0 }
tasks:
  - id: leader
    title: { ko: 리더, en: Leader }
    points: 1
    question: { text: { ko: 누구?, en: Who? } }
    checks:
      - { kind: answer, subject: { resource: leases, namespace: kube-system, name: kube-scheduler }, cel: 'object.spec.holderIdentity.split("_")[0]' }
  - id: web
    title: { ko: 웹, en: Web }
    points: 1
    checks:
      - { kind: object, when: end, resource: pods, name: web, match: { spec: { nodeName: worker-1 } } }
`,
  );
  const steps = '# kube-scheduler web\n\n{{task "leader"}}\n{{task "web"}}\n';
  write("text.ko.md", steps);
  write("text.en.md", steps);
  write(
    "setup.sh",
    "set -e\nssh worker-1 sudo systemctl stop kubelet\nkubectl create configmap seed --from-literal=is=$SEED\n",
  );
  write(
    "solution.sh",
    "# task: leader web\nssh worker-1 sudo systemctl start kubelet; kubectl run web --image=nginx\nkubectl wait --for=condition=Ready pod/web --timeout=120s\n" +
      "answer leader $(kubectl get lease kube-scheduler -n kube-system -o jsonpath={.spec.holderIdentity} | cut -d_ -f1)\n",
  );
  write("wrong/leader--the-node.sh", "answer leader worker-1\n");

  it("runs, after its setup", () => {
    const ask =
      "kubectl get configmap seed -o jsonpath={.data.is}; ssh worker-1 systemctl is-active kubelet; ls /tmp\n";
    expect(kubetude(["exec", "--lab", "./my-lab", "--seed", "5", "-"], ask).stdout).toMatch(/^5inactive\nscript\.sh\n/);
  });

  it("is checked", () => expect(kubetude(["lab", "check", dir])).toMatchObject({ stderr: "", status: 0 }));

  it("is told of texts that cannot be shown, of buttons that lead nowhere, and of marks of no task", () => {
    const broken = join(scratch, "broken");
    cpSync(dir, broken, { recursive: true });
    const text = join(broken, "text.en.md");
    writeFileSync(text, `${steps}\n\`\`\`sh run worker-9\ntrue\n\`\`\`\n`);
    writeFileSync(join(broken, "text.ko.md"), `${steps}{{#if\n`);
    writeFileSync(join(broken, "solution.sh"), "# task: Leader\nfalse\n");
    const { stderr, status } = kubetude(["lab", "check", broken]);
    expect(status).toBe(1);
    expect(stderr).toContain('broken: text.en.md runs a command on "worker-9"; machines: workstation, ');
    expect(stderr).toContain("broken: text.ko.md: Parse error on line 5:");
    expect(stderr).toContain('broken: solution.sh: "# task: Leader" names no task of the lab\n');
  });

  it("says what its setup said when that fails", () => {
    write("setup.sh", "echo no such luck >&2; exit 3\n");
    expect(kubetude(["exec", "--lab", dir, "-"], "true\n")).toMatchObject({
      stderr: "kubetude: setup.sh ended with status 3:\nno such luck\n",
      status: 2,
    });
  });
});

describe("every command", () => {
  it.each([
    [["--help"], 0],
    [["exec", "--help"], 0],
    [["grade", "--help"], 0],
    [["api", "--help"], 0],
    [["serve", "--help"], 0],
    [["replay", "--help"], 0],
    [["lab", "check", "--help"], 0],
    [["--version"], 0],
    [["labs"], 0],
    [["labs", "--json"], 0],
    [["nothing"], 2],
    [["exec", "--lab", "nothing", "-"], 2],
    [["exec", "-"], 2],
    [["exec", "--lab", "playground", "--seed", "x", "-"], 2],
    [["exec", "--lab", "playground", "--host", "nowhere", "-"], 2],
    [["exec", "--lab", "playground", "/nowhere/script.sh"], 2],
    [["grade", "--lab", "01-pod-trace", "/nowhere/session.json"], 2],
    [["replay", "/nowhere/session.json"], 2],
    [["api", "--lab", "playground", "--port", "123456"], 2],
    [["api", "--lab", "playground", "--speed", "fast"], 2],
    [["api", "--lab", "playground", "--kubeconfig", "/nowhere/kubeconfig"], 2],
    [["replay", "--until", "soon", "/dev/null"], 2],
    [["lab", "check", "nothing"], 2],
    [["lab", "chek"], 2],
  ] as [string[], number][])("%j ends with %i", (args, expected) => {
    const { stdout, stderr, status } = kubetude(args);
    expect(status).toBe(expected);
    if (expected === 2) expect(stderr.trim()).not.toBe("");
    else expect(stdout.trim()).not.toBe("");
  });

  it("serve and api end with 0 on SIGTERM", async () => {
    for (const args of [
      ["serve", "--port", "0", "--data", join(scratch, "data")],
      ["api", "--lab", "playground", "--kubeconfig", join(scratch, "kubeconfig")],
    ]) {
      const child = spawn(process.execPath, [cli, ...args], { stdio: ["ignore", "pipe", "inherit"] });
      await new Promise((resolve) => child.stdout.once("data", resolve));
      child.kill("SIGTERM");
      expect(await new Promise((resolve) => child.once("exit", resolve))).toBe(0);
    }
  });

  it("is the bin of the package", () => {
    expect(execFileSync(process.execPath, [join(root, "bin/kubetude.mjs"), "labs"], { encoding: "utf8" })).toContain(
      "01-pod-trace",
    );
  });
});
