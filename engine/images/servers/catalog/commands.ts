import type { Process } from "../../../machine/process.ts";
import type { Row } from "./row.ts";

/** Tools in an image of their own, which are called with something to do: they say why they cannot, and end. */
const command = (
  names: readonly string[],
  runs: string,
  says: (p: Process) => string,
  more: Partial<Row> = {},
): Row => ({
  names,
  tags: /^(latest|debug|slim|alpine|[a-z]+|v?\d[\w.+-]*)$/,
  megabytes: 40,
  on: "alpine",
  runs,
  refuses: says,
  ...more,
});

/** A name of the outside world cannot be looked up. */
const lookup = (url: string): string => `lookup ${url.replace(/^\w+:\/\//, "").split("/")[0]}: no such host`;

function flag(p: Process, name: string): string | undefined {
  const at = p.argv.findIndex((arg) => arg === name || arg.startsWith(`${name}=`));
  return at < 0 ? undefined : (p.argv[at]!.split("=")[1] ?? p.argv[at + 1]);
}

function kaniko(p: Process): string {
  const context = flag(p, "--context") ?? "/workspace/";
  if (flag(p, "--destination") === undefined && !p.argv.includes("--no-push") && !p.argv.includes("--no-push=true")) {
    return "Error: you must provide --destination, or use --no-push\n";
  }
  if (/^(git|https?):\/\//.test(context)) {
    return `Enumerating objects: 0, done.\nError: error resolving source context: dial tcp: ${lookup(context)}\n`;
  }
  return `Error: error resolving dockerfile path: please provide a valid path to a Dockerfile within the build context with --dockerfile\n`;
}

function git(p: Process): string {
  const url = p.argv.find((arg) => /^(https?|git):\/\/|^git@/.test(arg));
  if (p.argv.includes("clone") && url !== undefined) {
    const into = /([^/]+?)(\.git)?$/.exec(url)?.[1] ?? "repository";
    const site = url.replace(/^\w+:\/\//, "").split("/")[0];
    return `Cloning into '${p.argv[p.argv.indexOf(url) + 1] ?? into}'...\nfatal: unable to access '${url}/': Could not resolve host: ${site}\n`;
  }
  return "usage: git [-v | --version] [-h | --help] [-C <path>] [-c <name>=<value>]\n           <command> [<args>]\n";
}

export const COMMAND_ROWS: readonly Row[] = [
  command(["gcr.io/kaniko-project/executor", "gcr.io/kaniko-project/warmer"], "/kaniko/executor", kaniko, {
    on: "scratch",
  }),
  command(["alpine/git", "bitnami/git"], "/usr/bin/git", git, { refusal: 128, workingDir: "/git" }),
  command(
    ["amazon/aws-cli"],
    "/usr/local/bin/aws",
    () => "usage: aws [options] <command> <subcommand> [<subcommand> ...] [parameters]\n",
    { refusal: 252, on: "debian" },
  ),
  command(["hashicorp/terraform"], "/bin/terraform", () => "Usage: terraform [global options] <subcommand> [args]\n", {
    refusal: 127,
  }),
  command(
    ["minio/mc", "quay.io/minio/mc"],
    "/usr/bin/mc",
    () => "NAME:\n  mc - MinIO Client for object storage and filesystems.\n",
    { on: "debian" },
  ),
  command(
    ["aquasec/trivy", "ghcr.io/aquasecurity/trivy"],
    "/usr/local/bin/trivy",
    () =>
      `FATAL\tFatal error\tinit error: DB error: failed to download vulnerability DB: dial tcp: ${lookup("https://mirror.gcr.io")}\n`,
  ),
  command(["postman/newman"], "/usr/local/bin/newman", () => "error: missing required argument 'collection'\n"),
];
