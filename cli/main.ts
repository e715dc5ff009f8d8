import { Command, CommanderError } from "commander";
import packageJson from "../package.json" with { type: "json" };
import { api } from "./api.ts";
import { exec, MOST_WORK } from "./exec.ts";
import { grade } from "./grade.ts";
import { labCheck } from "./lab-check.ts";
import { labs } from "./labs.ts";
import { writeFailed } from "./output.ts";
import { replay } from "./replay.ts";
import { serve } from "./serve.ts";
import { integerOption, UsageError } from "./usage.ts";

const PORT = integerOption("--port", 0, 65_535);
const SEED = integerOption("--seed", 0, 0xffff_ffff);

for (const stream of ["stdout", "stderr"] as const) process[stream].on("error", (error) => writeFailed(stream, error));

let status = 0;
const program = new Command("kubetude")
  .description("Labs on a whole simulated Kubernetes cluster: run, grade, serve.")
  .version(packageJson.version)
  .exitOverride()
  .showHelpAfterError("(kubetude --help shows the commands)");

program
  .command("serve")
  .description("serve the labs in the browser")
  .option("--port <n>", "port; 0 takes a free one", PORT, 3000)
  .option("--host <address>", "address to listen on", "127.0.0.1")
  .option("--data <dir>", "where people and sessions are stored", "data")
  .action(async (options) => {
    status = await serve(options);
  });

program
  .command("labs")
  .description("list labs and their tasks")
  .option("--json", "as JSON")
  .action((options: { json?: boolean }) => {
    status = labs(options.json ?? false);
  });

program
  .command("exec")
  .description("run a script on a machine of a fresh session, on virtual time")
  .requiredOption("--lab <id>", "lab whose cluster it runs on: its id, or its directory (./my-lab)")
  .option("--seed <n>", "seed of the session", SEED, 1)
  .option("--host <name>", "machine that runs it", "workstation")
  .option(
    "--timeout <seconds>",
    "virtual seconds after which it is given up",
    integerOption("--timeout", 1, 10_000_000),
    3600,
  )
  .option(
    "--work <events>",
    "events beyond a cluster's own after which it is given up",
    integerOption("--work", 1, Number.MAX_SAFE_INTEGER),
    MOST_WORK,
  )
  .argument("<file>", "the script, or - for standard input")
  .action((file: string, options: { lab: string; seed: number; host: string; timeout: number; work: number }) => {
    status = exec({ ...options, file });
  });

program
  .command("grade")
  .description("run a script, or replay a session, and judge every task of its lab")
  .requiredOption("--lab <id>", "the lab: its id, or its directory (./my-lab)")
  .option("--seed <n>", "seed of the session", SEED, 1)
  .option(
    "--timeout <seconds>",
    "virtual seconds after which the script is given up",
    integerOption("--timeout", 1, 10_000_000),
    3600,
  )
  .option(
    "--work <events>",
    "events beyond a cluster's own after which it is given up",
    integerOption("--work", 1, Number.MAX_SAFE_INTEGER),
    MOST_WORK,
  )
  .option("--json <file>", "write the report as JSON")
  .option("--junit <file>", "write the report as JUnit XML")
  .argument("<file>", "a script, - for standard input, or a session.json")
  .action((file: string, options) => {
    status = grade({ ...options, file });
  });

program
  .command("lab")
  .description("work on labs")
  .command("check")
  .description("prove that solutions pass, wrong attempts fail as they should, and idling passes nothing")
  .argument("[ids...]", "ids of labs, or their directories (./my-lab); all labs by default")
  .action((ids: string[]) => {
    status = labCheck(ids);
  });

program
  .command("api")
  .description("serve the Kubernetes API of a lab's cluster for real clients")
  .requiredOption("--lab <id>", "lab whose cluster it is")
  .option("--seed <n>", "seed of the session", SEED, 1)
  .option("--port <n>", "port; 0 takes a free one", PORT, 0)
  .option("--host <address>", "address to listen on", "127.0.0.1")
  .option("--kubeconfig <file>", "where to write the kubeconfig")
  .option("--speed <x>", "virtual seconds a second", Number, 1)
  .option("--paused", "let no virtual time pass", false)
  .action(async (options) => {
    if (!(options.speed > 0)) throw new UsageError("--speed: must be greater than 0");
    status = await api(options);
  });

program
  .command("replay")
  .description("replay a recorded session and print its digest")
  .argument("<session.json>")
  .option("--until <time>", "stop at this virtual time, e.g. 90s or 1h5m")
  .action((file: string, options: { until?: string }) => {
    status = replay(file, options.until);
  });

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) status = error.exitCode === 0 ? 0 : 2;
  else {
    // Everything that can go wrong before a verdict is "could not be run".
    console.error(`kubetude: ${(error as Error).message}`);
    if (process.env["KUBETUDE_DEBUG"]) console.error(error);
    status = 2;
  }
}
process.exitCode = status;
