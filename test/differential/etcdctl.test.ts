import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { onTheHost } from "../host.ts";
import { Stage } from "../stage.ts";

/**
 * Every line of etcdctl/commands.txt runs in one shell against a real etcd, and in one on cp-1; what each prints, errors
 * among it, and its status are the same. Set aside: lines of the client's log, which name addresses and times.
 */
const LINES = readFileSync(join(import.meta.dirname, "etcdctl/commands.txt"), "utf8")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"));
const PORT = 23_791;
const PKI = "/etc/kubernetes/pki/etcd";

function script(settings: string): string {
  const piped = (line: string) => /^(echo|printf)/.test(line);
  const lines = LINES.map(
    (line, i) => `echo "@@@${i}"; ( ${line} ) 2>&1 ${piped(line) ? "" : "</dev/null"}; echo "=$?"\n`,
  );
  return `export ${settings}\n${lines.join("")}`;
}

function answers(output: string): string[] {
  return output
    .split(/^@@@\d+\n/m)
    .slice(1)
    .map((text) => text.replace(/^\{"level":.*\n/gm, ""));
}

async function real(): Promise<string[]> {
  const dir = mkdtempSync(join(tmpdir(), "etcd-"));
  const client = `http://127.0.0.1:${PORT}`;
  const peer = `http://127.0.0.1:${PORT + 1}`;
  const etcd = spawn(
    "etcd",
    ["--data-dir", dir, "--listen-client-urls", client, "--advertise-client-urls", client, "--listen-peer-urls", peer]
      .concat(["--initial-advertise-peer-urls", peer, "--initial-cluster", `default=${peer}`])
      .concat(["--log-level", "error"]),
    { stdio: "ignore" },
  );
  try {
    const env = { PATH: "/usr/bin:/bin", ETCDCTL_ENDPOINTS: `127.0.0.1:${PORT}` };
    for (let i = 0; i < 50; i++) {
      if (spawnSync("etcdctl", ["endpoint", "health"], { env }).status === 0) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const input = script("LC_ALL=C.UTF-8");
    return answers(spawnSync("bash", [], { input, env, cwd: dir, encoding: "utf8" }).stdout);
  } finally {
    etcd.kill("SIGKILL");
    rmSync(dir, { recursive: true, force: true });
  }
}

function ours(): string[] {
  const settings =
    "ETCDCTL_ENDPOINTS=127.0.0.1:2379 " +
    `ETCDCTL_CACERT=${PKI}/ca.crt ETCDCTL_CERT=${PKI}/server.crt ETCDCTL_KEY=${PKI}/server.key`;
  const text = `sudo bash <<'END OF COMMANDS'\n${script(settings)}END OF COMMANDS\n`;
  const { all, faults } = new Stage({ seed: 7 }).run(text, { machine: "cp-1", seconds: 600 });
  expect(faults).toEqual([]);
  return answers(all);
}

describe.skipIf(!existsSync("/usr/bin/etcd") || !existsSync("/usr/bin/etcdctl"))("etcdctl", onTheHost, () => {
  it("answers as the real one", async () => {
    const show = (all: readonly string[]) => LINES.map((line, i) => `${line}\n${all[i]}`);
    expect(show(ours())).toEqual(show(await real()));
  });
});
