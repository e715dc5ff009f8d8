import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ApiServing, serveApi } from "../../cli/api.ts";
import { MINUTE, Session } from "../../engine/index.ts";
import { type Case, corpus } from "./corpus.ts";

/**
 * Every line of the corpus runs twice: by the real kubectl over HTTPS against one session, and by the terminal's kubectl
 * inside another session of the same seed and inputs. Both are paused, so both act on one frozen state; what changes it
 * changes both. stdout, stderr and exit status must be the same bytes, ages aside.
 */
const here = dirname(fileURLToPath(import.meta.url));
const folder = join(here, "kubectl");
const kubectl = ["/usr/bin/kubectl", "/usr/local/bin/kubectl"].find(existsSync);
const SEED = 11;

interface Outcome {
  stdout: string;
  stderr: string;
  status: number;
}

/** Brings a fresh cluster into the state the corpus speaks of: things running, failing, waiting. */
const PRELUDE = readFileSync(join(folder, "prelude.sh"), "utf8");
const PRELUDE_TIME = 12 * MINUTE;

describe.skipIf(kubectl === undefined)("kubectl: the terminal's and the real one", () => {
  let serving: ApiServing;
  let ours: Session;
  let home: string;
  let sink: { out: string; err: string; status: number | undefined };

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), "kubetude-kubectl-"));
    serving = await serveApi({ lab: "playground", seed: SEED, port: 0, host: "127.0.0.1", speed: 1, paused: true });
    mkdirSync(join(home, ".kube"));
    writeFileSync(join(home, ".kube", "config"), serving.kubeconfig);
    cpSync(join(folder, "files"), home, { recursive: true });
    const real = serving.runner.session;
    sink = { out: "", err: "", status: undefined };
    ours = new Session(real.spec, {
      output: (_id, bytes, stream) => {
        if (stream === "stdout") sink.out += Buffer.from(bytes).toString("latin1");
        else sink.err += Buffer.from(bytes).toString("latin1");
      },
      ended: (_id, status) => {
        sink.status = status;
      },
    });
    ours.boot();
    for (const session of [real, ours]) {
      stageFiles(session);
      session.apply({
        type: "script",
        id: "prelude",
        machine: "workstation",
        user: "learner",
        name: "prelude.sh",
        text: PRELUDE,
      });
      session.kernel.run(session.kernel.now + PRELUDE_TIME);
    }
    expect(sink.err).toBe("");
    expect(ours.kernel.faults).toEqual([]);
    expect(real.digest()).toBe(ours.digest());
  }, 300_000);

  afterAll(() => {
    serving?.close();
    rmSync(home, { recursive: true, force: true });
  });

  /** The corpus's files in the learner's home. */
  function stageFiles(session: Session): void {
    let script = "cd\n";
    for (const name of readdirSync(join(folder, "files"))) {
      script += `cat > '${name}' <<'KUBETUDE'\n${readFileSync(join(folder, "files", name), "utf8")}KUBETUDE\n`;
    }
    session.apply({
      type: "script",
      id: "files",
      machine: "workstation",
      user: "learner",
      name: "files.sh",
      text: script,
      instant: true,
    });
    session.kernel.run(session.kernel.now);
  }

  function runReal(command: string): Promise<Outcome> {
    const env = {
      PATH: process.env["PATH"] ?? "",
      HOME: home,
      TERM: "dumb",
      LANG: "C.UTF-8",
      KUBECACHEDIR: join(home, ".kube/cache"),
    };
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

  let count = 0;
  function runOurs(command: string): Outcome {
    sink = { out: "", err: "", status: undefined };
    const text = `cd\n${command}`;
    ours.apply({
      type: "script",
      id: `c${++count}`,
      machine: "workstation",
      user: "learner",
      name: "case.sh",
      text,
      instant: true,
    });
    ours.kernel.run(ours.kernel.now);
    // A command that waits for something lets time pass.
    if (sink.status === undefined) ours.kernel.runUntil(() => sink.status !== undefined, ours.kernel.now + 5 * MINUTE);
    return { stdout: sink.out, stderr: sink.err, status: sink.status ?? 124 };
  }

  for (const [file, cases] of corpus(folder)) {
    describe(file, () => {
      it.each(cases.map((each) => [each.name, each.command, each] as [string, string, Case]))(
        "%s %s",
        async (_name, command) => {
          const real = normalize(await runReal(command), serving.port);
          const own = normalize(runOurs(command), serving.port);
          expect(own).toEqual(real);
        },
      );
    });
  }
});

/** What may differ: where the server is, how long ago things were, and what the clients' clocks say. */
function normalize({ stdout, stderr, status }: Outcome, port: number): Outcome {
  const text = (raw: string) =>
    Buffer.from(raw, "latin1")
      .toString("utf8")
      .replaceAll(`127.0.0.1:${port}`, "SERVER")
      .replaceAll("192.168.108.10:6443", "SERVER")
      .replace(/^([EWIF])\d{4} \d\d:\d\d:\d\d\.\d{6} +\d+ /gm, "$1#### ")
      .split("\n")
      .map(maskAges)
      .join("\n");
  return { stdout: text(stdout), stderr: text(stderr), status };
}

const AGE = /(?<![\w.-])(?:\d+[dhms]){1,2}(?![\w.-])|<invalid>/;

function maskAges(line: string): string {
  if (!AGE.test(line)) return line;
  return line.replace(new RegExp(AGE, "g"), "AGE").replace(/ {2,}/g, "  ").trimEnd();
}
