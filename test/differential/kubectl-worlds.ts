import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type ApiServing, serveApi } from "../../cli/api.ts";
import { MINUTE, Session } from "../../engine/index.ts";

const SEED = 11;
const PRELUDE_TIME = 12 * MINUTE;

/**
 * The corpora: `*.txt`, the files they speak of (`files`), and what brings a fresh cluster into the state they are about
 * (`prelude.sh`); a folder without these has those of `kubectl`.
 */
export const folders: [world: string, folder: string][] = [
  "kubectl",
  "kubectl-metrics",
  "kubectl-more",
  "kubectl-rich",
  "kubectl-client",
  "kubectl-completion",
].map((name) => [name, join(dirname(fileURLToPath(import.meta.url)), name)]);

/** The real one, when it is installed. */
export const kubectl = ["/usr/bin/kubectl", "/usr/local/bin/kubectl"].find(existsSync);

export interface Outcome {
  stdout: string;
  stderr: string;
  status: number;
}

/** Two sessions of one seed and the same inputs: behind an HTTPS door for the real kubectl, and with a terminal. */
export interface Worlds {
  real: Session;
  ours: Session;
  port: number;
  /** Directory of the host that the real one's files are in. */
  home: string;
  runReal(command: string): Promise<Outcome>;
  runOurs(command: string): Outcome;
  /** Tells what terminals of ours show. */
  shown: (id: string, bytes: Uint8Array) => void;
  close(): void;
}

/** Boots both and runs the prelude in both. Both are paused: each acts on a frozen state, which only its inputs change. */
export async function openWorlds(folder: string): Promise<Worlds> {
  const corpus = existsSync(join(folder, "prelude.sh")) ? folder : folders[0]![1];
  const home = mkdtempSync(join(tmpdir(), "kubetude-kubectl-"));
  const serving: ApiServing = await serveApi({
    lab: "playground",
    seed: SEED,
    port: 0,
    host: "127.0.0.1",
    speed: 1,
    paused: true,
  });
  mkdirSync(join(home, ".kube"));
  writeFileSync(join(home, ".kube", "config"), serving.kubeconfig);
  cpSync(join(corpus, "files"), home, { recursive: true });
  const real = serving.runner.session;
  let sink = { out: "", err: "", status: undefined as number | undefined };
  const ours = new Session(real.spec, {
    output: (id, bytes, stream) => {
      if (id.startsWith("t")) worlds.shown(id, bytes);
      else if (stream === "stdout") sink.out += Buffer.from(bytes).toString("latin1");
      else sink.err += Buffer.from(bytes).toString("latin1");
    },
    ended: (_id, status) => {
      sink.status = status;
    },
  });
  ours.boot();
  let count = 0;
  const script = (session: Session, text: string, instant: boolean) =>
    session.apply({
      type: "script",
      id: `c${++count}`,
      machine: "workstation",
      user: "learner",
      name: "case.sh",
      text,
      instant,
    });
  // Both begin without what earlier commands found out about the server.
  const prelude = `${readFileSync(join(corpus, "prelude.sh"), "utf8")}\nrm -rf ~/.kube/cache\n`;
  for (const session of [real, ours]) {
    count = 0;
    script(session, `cd\n${stagingScript(join(corpus, "files"))}`, true);
    session.kernel.run(session.kernel.now);
    script(session, prelude, false);
    session.kernel.run(session.kernel.now + PRELUDE_TIME);
  }
  if (sink.err !== "") throw new Error(`prelude: ${sink.err}`);
  const worlds: Worlds = {
    real,
    ours,
    port: serving.port,
    home,
    runReal: (command) => runReal(command, home),
    runOurs(command) {
      sink = { out: "", err: "", status: undefined };
      script(ours, `cd\n${command}`, true);
      ours.kernel.run(ours.kernel.now);
      // A command that waits for something lets time pass.
      if (sink.status === undefined) {
        ours.kernel.runUntil(() => sink.status !== undefined, ours.kernel.now + 5 * MINUTE);
      }
      return { stdout: sink.out, stderr: sink.err, status: sink.status ?? 124 };
    },
    shown: () => {},
    close() {
      serving.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
  return worlds;
}

/** Writes a folder's files, byte for byte, into the directory the script runs in. */
function stagingScript(from: string, to = ""): string {
  let script = "";
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const path = `${to}${entry.name}`;
    const source = join(from, entry.name);
    if (entry.isDirectory()) script += `mkdir '${path}'\n${stagingScript(source, `${path}/`)}`;
    else script += `base64 -d > '${path}' <<'END'\n${readFileSync(source).toString("base64")}\nEND\n`;
  }
  return script;
}

/** Variables of the real kubectl. */
export function realEnvironment(home: string): Record<string, string> {
  return {
    PATH: process.env["PATH"] ?? "",
    HOME: home,
    TERM: "dumb",
    LANG: "C.UTF-8",
    KUBECACHEDIR: join(home, ".kube/cache"),
    // A process lives for a tenth of a second: collecting garbage would be a quarter of its work.
    GOGC: "off",
  };
}

function runReal(command: string, home: string): Promise<Outcome> {
  const env = realEnvironment(home);
  return new Promise((resolve) => {
    const child = execFile(
      "/bin/bash",
      ["-c", command],
      { cwd: home, env, timeout: 30_000, encoding: "latin1", maxBuffer: 1 << 26 },
      (error, stdout, stderr) => {
        const status = error === null ? 0 : typeof error.code === "number" ? error.code : 255;
        resolve({ stdout, stderr, status });
      },
    );
    child.stdin?.end();
  });
}

/** What may differ: where the server is, how long ago things were, and what the clients' clocks say. */
export function normalize({ stdout, stderr, status }: Outcome, port: number, command = ""): Outcome {
  // `300m` of CPU looks like an age.
  const mask = command.startsWith("kubectl top") ? (line: string) => line : maskAges;
  const text = (raw: string) =>
    Buffer.from(raw, "latin1")
      .toString("utf8")
      .replaceAll(`127.0.0.1:${port}`, "SERVER")
      .replaceAll("192.168.108.10:6443", "SERVER")
      .replace(/\/tmp\/kubetude-kubectl-\w+|\/home\/learner/g, "HOME")
      .replace(/^([EWIF])\d{4} \d\d:\d\d:\d\d\.\d{6} +\d+ /gm, "$1#### ")
      .split("\n")
      .map(mask)
      .join("\n");
  return { stdout: text(stdout), stderr: text(stderr), status };
}

const AGE = /(?<![\w.-])(?:\d+[dhms]){1,2}(?![\w.-])|<invalid>/;

function maskAges(line: string): string {
  if (!AGE.test(line)) return line;
  return line.replace(new RegExp(AGE, "g"), "AGE").replace(/ {2,}/g, "  ").trimEnd();
}
