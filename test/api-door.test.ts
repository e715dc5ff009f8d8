import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type RequestOptions, request } from "node:https";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ApiServing, serveApi } from "../cli/api.ts";

/** The real kubectl against a session that `kubetude api` serves, over real sockets and at twenty times real time. */
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const kubectlPath = ["/usr/bin/kubectl", "/usr/local/bin/kubectl"].find(existsSync);
const scriptPath = ["/usr/bin/script"].find(existsSync);
if (kubectlPath === undefined) console.warn("api-door: skipped, no kubectl on this machine");

interface Outcome {
  stdout: string;
  stderr: string;
  status: number | null;
}

describe.skipIf(kubectlPath === undefined)("the API door", () => {
  let serving: ApiServing;
  let home: string;
  let config: string;
  const running = new Set<ChildProcess>();

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), "kubetude-door-"));
    serving = await serveApi({ lab: "playground", seed: 3, port: 0, host: "127.0.0.1", speed: 20, paused: false });
    config = join(home, "config");
    writeFileSync(config, serving.kubeconfig);
    await ok("run", "web", "--image=nginx", "--labels=app=web");
    await ok("wait", "--for=condition=Ready", "pod/web", "--timeout=120s");
  }, 120_000);

  afterAll(() => {
    for (const child of running) child.kill("SIGKILL");
    serving?.close();
    rmSync(home, { recursive: true, force: true });
  });

  function start(file: string, args: string[], env: Record<string, string> = {}): ChildProcess {
    const child = spawn(file, args, {
      cwd: home,
      env: { PATH: "/usr/bin:/bin", HOME: home, KUBECONFIG: config, ...env },
    });
    running.add(child);
    child.on("exit", () => running.delete(child));
    return child;
  }

  function outcome(child: ChildProcess): Promise<Outcome> {
    const out = { stdout: "", stderr: "" };
    child.stdout!.on("data", (chunk) => (out.stdout += chunk));
    child.stderr!.on("data", (chunk) => (out.stderr += chunk));
    return new Promise((resolve) => child.on("close", (status) => resolve({ ...out, status })));
  }

  async function kubectl(args: string[], stdin = "", env: Record<string, string> = {}): Promise<Outcome> {
    const child = start(kubectlPath!, args, env);
    child.stdin!.end(stdin);
    return await outcome(child);
  }

  /** Standard output of a kubectl that must succeed. */
  async function ok(...args: string[]): Promise<string> {
    const { stdout, stderr, status } = await kubectl(args);
    expect({ args, stderr, status }).toEqual({ args, stderr: expect.anything(), status: 0 });
    return stdout;
  }

  async function until(done: () => boolean, what: string): Promise<void> {
    for (let i = 0; i < 400 && !done(); i++) await sleep(25);
    expect(done(), what).toBe(true);
  }

  /** Watches of Pods that the API servers carry. */
  function podWatches(): number {
    const { registry } = serving.runner.session.cluster;
    const pods = registry.kind("", "v1", "pods")!;
    return [...registry.cache(pods).openWatches()].length;
  }

  /** A request without kubectl, as the administrator. */
  function raw(options: RequestOptions, body?: string | Buffer): Promise<{ status: number; body: string }> {
    return new Promise((resolve, reject) => {
      const sent = request({ ...connection(), ...options }, (response) => {
        let text = "";
        response.on("data", (chunk) => (text += chunk));
        response.on("end", () => resolve({ status: response.statusCode!, body: text }));
      });
      sent.on("error", reject);
      sent.end(body);
    });
  }

  function connection(): RequestOptions {
    const field = (name: string) =>
      Buffer.from(new RegExp(`${name}: (\\S+)`).exec(serving.kubeconfig)![1]!, "base64").toString();
    return {
      host: "127.0.0.1",
      port: serving.port,
      ca: field("certificate-authority-data"),
      cert: field("client-certificate-data"),
      key: field("client-key-data"),
      agent: false,
    };
  }

  const manifest = (data: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: notes}\ndata: {a: "${data}"}\n`;

  it("tells a watcher what happens, in order", async () => {
    const watching = start(kubectlPath!, [
      "get",
      "cm",
      "-w",
      "--output-watch-events",
      "--field-selector=metadata.name=seen",
    ]);
    const seen = outcome(watching);
    let text = "";
    watching.stdout!.on("data", (chunk) => (text += chunk));
    await ok("create", "configmap", "seen", "--from-literal=a=1");
    await until(() => text.includes("ADDED"), "ADDED");
    await ok("patch", "configmap", "seen", "-p", '{"data":{"b":"2"}}');
    await ok("delete", "configmap", "seen");
    await until(() => text.includes("DELETED"), "DELETED");
    watching.kill("SIGTERM");
    const { stdout } = await seen;
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => line.split(/ +/).slice(0, 3));
    expect(lines).toEqual([
      ["EVENT", "NAME", "DATA"],
      ["ADDED", "seen", "1"],
      ["MODIFIED", "seen", "2"],
      ["DELETED", "seen", "2"],
    ]);
  });

  it("takes create, apply, replace, patch, delete and wait", async () => {
    expect((await kubectl(["create", "-f", "-"], manifest("1"))).stdout).toBe("configmap/notes created\n");
    expect((await kubectl(["create", "-f", "-"], manifest("1"))).stderr).toBe(
      'Error from server (AlreadyExists): error when creating "STDIN": configmaps "notes" already exists\n',
    );
    expect((await kubectl(["replace", "-f", "-"], manifest("2"))).stdout).toBe("configmap/notes replaced\n");
    const applied = await kubectl(["apply", "-f", "-"], manifest("3"));
    expect(applied.stdout).toBe("configmap/notes configured\n");
    expect((await kubectl(["apply", "-f", "-"], manifest("3"))).stdout).toBe("configmap/notes unchanged\n");
    expect(await ok("patch", "cm", "notes", "--type=merge", "-p", '{"data":{"a":"4"}}')).toBe(
      "configmap/notes patched\n",
    );
    expect(await ok("get", "cm", "notes", "-o", "jsonpath={.data.a}")).toBe("4");
    const gone = kubectl(["wait", "--for=delete", "cm/notes", "--timeout=30s"]);
    await sleep(300);
    expect(await ok("delete", "cm", "notes")).toBe('configmap "notes" deleted\n');
    expect(await gone).toMatchObject({ stdout: "configmap/notes condition met\n", status: 0 });
  });

  it("describes", async () => {
    const text = await ok("describe", "pod", "web");
    expect(text).toMatch(/^Name: +web\nNamespace: +default\n/);
    expect(text).toMatch(/Normal +Started +\S+ +kubelet +Started container web/);
  });

  it("follows logs until the Pod goes", async () => {
    await ok("run", "teller", "--image=busybox", "--", "sh", "-c", "while :; do echo tick; sleep 2; done");
    await ok("wait", "--for=condition=Ready", "pod/teller", "--timeout=120s");
    const following = start(kubectlPath!, ["logs", "-f", "teller"]);
    let text = "";
    following.stdout!.on("data", (chunk) => (text += chunk));
    const followed = outcome(following);
    await until(() => text.split("\n").length > 3, "some lines");
    expect(await ok("logs", "teller", "--tail=1")).toBe("tick\n");
    await ok("delete", "pod", "teller", "--grace-period=1");
    expect(await followed).toMatchObject({ status: 0, stdout: expect.stringMatching(/^(tick\n)+$/) });
  });

  it("tells new events to a watcher", async () => {
    const watching = start(kubectlPath!, ["events", "-w"]);
    let text = "";
    watching.stdout!.on("data", (chunk) => (text += chunk));
    await until(() => text.includes("Started container web"), "what there is");
    await ok("run", "short", "--image=busybox", "--restart=Never", "--", "true");
    await until(() => /Started +Pod\/short/.test(text), "Started");
    watching.kill("SIGTERM");
    await ok("delete", "pod", "short");
  });

  describe.each([
    ["WebSocket", "true"],
    ["SPDY", "false"],
  ])("over %s", (_name, websockets) => {
    const env = { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: websockets };

    it("keeps the two outputs apart and gives the status", async () => {
      const command = ["exec", "web", "--", "sh", "-c", "echo out; echo err >&2; exit 3"];
      const { stdout, stderr, status } = await kubectl(command, "", env);
      expect([stdout, stderr, status]).toEqual(["out\n", "err\ncommand terminated with exit code 3\n", 3]);
    });

    it("hands stdin on to its end", async () => {
      const bytes = "x".repeat(200_000);
      expect(await kubectl(["exec", "-i", "web", "--", "wc", "-c"], bytes, env)).toMatchObject({
        stdout: "200000\n",
        status: 0,
      });
    });

    it("brings all of a long output", async () => {
      const { stdout, status } = await kubectl(["exec", "web", "--", "seq", "30000"], "", env);
      expect([stdout.split("\n").length, status]).toEqual([30_001, 0]);
    });

    it("refuses as the server does", async () => {
      expect(await kubectl(["exec", "nobody", "--", "ls"], "", env)).toMatchObject({
        stderr: 'Error from server (NotFound): pods "nobody" not found\n',
        status: 1,
      });
      expect(await kubectl(["exec", "web", "-c", "other", "--", "ls"], "", env)).toMatchObject({
        stderr: "Error from server (BadRequest): container other is not valid for pod web\n",
        status: 1,
      });
    });

    it("attaches to a Pod that it runs", async () => {
      const name = `reader-${websockets}`;
      const run = ["run", name, "--rm", "-i", "--restart=Never", "--image=busybox", "--"];
      const { stdout } = await kubectl([...run, "sh", "-c", 'read x; echo "got $x"'], "word\n", env);
      expect(stdout).toBe(`got word\npod "${name}" deleted\n`);
    });

    it.skipIf(scriptPath === undefined)("gives a terminal to a Pod that it runs", async () => {
      const name = `shell-${websockets}`;
      const terminal = onTerminal(`${kubectlPath} run ${name} --rm -it --restart=Never --image=busybox -- sh`);
      await terminal.shows("/ # ");
      terminal.type("echo $((6 * 7))\r");
      await terminal.shows("42");
      terminal.type("exit 5\r");
      expect(await terminal.status).toBe(5);
      await terminal.shows(`pod "${name}" deleted`);
    });

    it.skipIf(scriptPath === undefined)("tells the terminal's size", async () => {
      const terminal = onTerminal(`stty rows 33 cols 99; ${kubectlPath} exec -it web -- bash`);
      await terminal.shows("# ");
      terminal.type("ls /\r");
      await terminal.shows("etc");
      terminal.type("echo size $LINES $COLUMNS\r");
      await terminal.shows("size 33 99");
      terminal.type("\x04");
      expect(await terminal.status).toBe(0);
    });

    function onTerminal(command: string) {
      const child = start(scriptPath!, ["-qec", command, "/dev/null"], { ...env, TERM: "xterm", SHELL: "/bin/sh" });
      let text = "";
      child.stdout!.on("data", (chunk) => (text += chunk));
      return {
        status: outcome(child).then(({ status }) => status),
        type: (keys: string) => child.stdin!.write(keys),
        shows: (wanted: string) => until(() => text.includes(wanted), wanted),
      };
    }
  });

  describe.each([
    ["SPDY inside a WebSocket", "true"],
    ["SPDY", "false"],
  ])("port-forward over %s", (_name, websockets) => {
    async function forwarded(port: number): Promise<{ child: ChildProcess; local: number; told: () => string }> {
      const env = { KUBECTL_PORT_FORWARD_WEBSOCKETS: websockets };
      const child = start(kubectlPath!, ["port-forward", "pod/web", `:${port}`], env);
      let text = "";
      for (const stream of [child.stdout!, child.stderr!]) stream.on("data", (chunk) => (text += chunk));
      await until(() => text.includes("Forwarding from 127.0.0.1:"), "a local port");
      return { child, local: Number(/127\.0\.0\.1:(\d+)/.exec(text)![1]), told: () => text };
    }

    it("carries one connection after another, and several at once", async () => {
      const { child, local } = await forwarded(80);
      const page = async () => await (await fetch(`http://127.0.0.1:${local}/`)).text();
      expect(await page()).toContain("<title>Welcome to nginx!</title>");
      const pages = await Promise.all(Array.from({ length: 8 }, page));
      expect(new Set(pages).size).toBe(1);
      expect((await fetch(`http://127.0.0.1:${local}/nothing`, { method: "HEAD" })).status).toBe(404);
      child.kill();
    });

    it("says that nobody listens, as kubectl does", async () => {
      const { child, local, told } = await forwarded(81);
      await expect(fetch(`http://127.0.0.1:${local}/`)).rejects.toThrow();
      await until(() => child.exitCode !== null, "kubectl's end");
      expect(told()).toContain("dial tcp4 127.0.0.1:81: connect: connection refused");
      expect(told()).toMatch(/error: lost connection to pod\n$/);
      expect(child.exitCode).toBe(1);
    });
  });

  it("leaves nothing behind when a client is killed", async () => {
    await until(() => serving.door.open === 0, "earlier requests over");
    const before = podWatches();
    const watching = start(kubectlPath!, ["get", "pods", "-w"]);
    let text = "";
    watching.stdout!.on("data", (chunk) => (text += chunk));
    await until(() => text.includes("web") && podWatches() === before + 1, "a watch");
    watching.kill("SIGKILL");
    await until(() => serving.door.open === 0 && podWatches() === before, "no watch");

    const executing = start(kubectlPath!, ["exec", "web", "--", "sh", "-c", "echo on; sleep 100000"]);
    text = "";
    executing.stdout!.on("data", (chunk) => (text += chunk));
    await until(() => text.includes("on"), "a command");
    executing.kill("SIGKILL");
    await until(() => serving.door.open === 0, "no request");
  });

  it("serves several clients at once", async () => {
    const names = ["a", "b", "c", "d", "e", "f"];
    await Promise.all(names.map((name) => ok("create", "configmap", `many-${name}`, "--from-literal=a=1")));
    const lists = await Promise.all(names.map(() => ok("get", "cm", "-o", "name")));
    for (const list of lists) expect(list.split("\n").filter((line) => line.includes("many-"))).toHaveLength(6);
    await ok("delete", "cm", ...names.map((name) => `many-${name}`));
  });

  it("refuses strangers and those who may not", async () => {
    const bad = await raw({
      path: "/api/v1/pods",
      cert: undefined,
      key: undefined,
      headers: { authorization: "Bearer nonsense" },
    });
    expect([bad.status, JSON.parse(bad.body).reason]).toEqual([401, "Unauthorized"]);
    expect(await kubectl(["get", "pods", "--as", "jane"])).toMatchObject({
      stderr:
        'Error from server (Forbidden): pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "default"\n',
      status: 1,
    });
  });

  it("refuses what is too large, malformed or of no known type", async () => {
    const post = { method: "POST", path: "/api/v1/namespaces/default/configmaps" };
    const json = { "content-type": "application/json" };
    const large = await raw({ ...post, headers: json }, Buffer.alloc(4 * 1024 * 1024, "x"));
    expect([large.status, JSON.parse(large.body).reason]).toEqual([413, "RequestEntityTooLarge"]);
    const broken = await raw({ ...post, headers: json }, '{"kind": "ConfigMap", ');
    expect([broken.status, JSON.parse(broken.body).reason]).toEqual([400, "BadRequest"]);
    const yaml = await raw({ ...post, headers: { "content-type": "application/yaml" } }, "kind: [\n");
    expect([yaml.status, JSON.parse(yaml.body).reason]).toEqual([400, "BadRequest"]);
    const odd = await raw({ ...post, headers: { "content-type": "text/csv" } }, "a,b\n");
    expect([odd.status, JSON.parse(odd.body).reason]).toEqual([415, "UnsupportedMediaType"]);
  });

  it("forgets an upload that was broken off", async () => {
    const before = serving.runner.session.inputs.length;
    const headers = { "content-type": "application/json", "content-length": 1000 };
    const sent = request({ ...connection(), method: "POST", path: "/api/v1/namespaces", headers });
    sent.on("error", () => {});
    sent.write('{"kind": ');
    await sleep(200);
    sent.destroy();
    await sleep(200);
    expect(serving.door.open).toBe(0);
    expect(serving.runner.session.inputs.length).toBe(before);
    await ok("get", "ns");
  });

  it("writes bodies as the real server does", async () => {
    const version = await raw({ path: "/version" });
    expect(version.body).toMatch(/^\{\n {2}"major": "1",\n {2}"minor": "32",/);
    expect(version.body.endsWith("}")).toBe(true);
    const list = JSON.parse((await raw({ path: "/api/v1/namespaces?limit=1" })).body);
    expect(list.kind).toBe("NamespaceList");
    expect(Object.keys(list.items[0])).not.toContain("kind");
    expect((await raw({ path: "/api" })).body).toMatch(/^\{"kind":"APIVersions".*\}\n$/);
    const curl = await raw({ path: "/api", headers: { "user-agent": "curl/8.5.0" } });
    expect(curl.body).toMatch(/^\{\n {2}"kind": "APIVersions"/);
  });

  it("had no fault of the engine", () => {
    expect(serving.runner.session.kernel.faults).toEqual([]);
  });
});

const cli = join(root, "bin", "kubetude.mjs");

it.skipIf(!existsSync(join(root, "dist", "cli.mjs")))("kubetude api ends with SIGTERM", async () => {
  const home = mkdtempSync(join(tmpdir(), "kubetude-door-"));
  const file = join(home, "config");
  const child = spawn(process.execPath, [cli, "api", "--lab", "playground", "--port", "0", "--kubeconfig", file]);
  let text = "";
  child.stdout.on("data", (chunk) => (text += chunk));
  const status = new Promise((resolve) => child.on("exit", (code, signal) => resolve(code ?? signal)));
  for (let i = 0; i < 2000 && !text.includes("export KUBECONFIG"); i++) await sleep(25);
  expect(readFileSync(file, "utf8")).toContain("server: https://127.0.0.1:");
  child.kill("SIGTERM");
  expect(await status).toBe(0);
  rmSync(home, { recursive: true, force: true });
});
