import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { serveApi } from "../cli/api.ts";

/** Debian's Python and its Kubernetes client: what they do to a socket differs from Go's and Node's. */
const python = "/usr/bin/python3";
const installed = existsSync(python) && existsSync("/usr/lib/python3/dist-packages/kubernetes");
if (!installed) console.warn("python-client: skipped, Debian's python3-kubernetes is not installed");

it.skipIf(!installed)("the Python client cannot tell it from a cluster", { timeout: 120_000 }, async () => {
  const home = mkdtempSync(join(tmpdir(), "kubetude-python-"));
  const config = join(home, "config");
  const serving = await serveApi({ lab: "playground", seed: 6, port: 0, host: "127.0.0.1", speed: 20, paused: false });
  try {
    writeFileSync(config, serving.kubeconfig);
    const child = spawn(python, [join(import.meta.dirname, "python-client.py"), config], {
      env: { PATH: "/usr/bin:/bin", HOME: home },
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk) => (stdout += chunk));
    child.stderr.on("data", (chunk) => (stderr += chunk));
    await new Promise((resolve) => child.on("close", resolve));
    const told = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect({ told, stderr }).toEqual({
      told: [
        ["nodes", ["cp-1", "cp-2"]],
        ["created", "Pending"],
        ["watched", "py"],
        ["log", "hello\n"],
        ["exec", "out\n"],
        ["shell", ["3\n", 3]],
        ["exec was quick", true],
        ["twice", [409, 'pods "py" already exists']],
        ["patched", { x: "y" }],
        ["scaled", 2],
        ["forwarded", "HTTP/1.1 200 OK"],
        ["dynamic", ["web"]],
        ["utils", { a: "b" }],
        ["version", "32"],
        ["deleted", "py"],
      ],
      stderr: "",
    });
    expect(serving.runner.session.kernel.faults).toEqual([]);
  } finally {
    serving.close();
    rmSync(home, { recursive: true, force: true });
  }
});
