/** nerdctl 1.7: the client of containerd with docker's commands. */

import type { Gen } from "../../../kernel/index.ts";
import { isErrno } from "../../../machine/errno.ts";
import type { Process, Program } from "../../../machine/process.ts";
import { runtimeOf } from "../../../machine/runtime/index.ts";
import * as sys from "../../../machine/sys.ts";
import { quoteString } from "../../../text/go-quote.ts";
import { suggestions } from "../../suggest.ts";
import { EndsWith } from "../cli.ts";
import { logrus } from "../crictl-context.ts";
import { CtrError, socketError } from "../ctr-context.ts";
import { badNamespace } from "../ctr-namespaces.ts";
import { ACTIONS, WITHOUT_DAEMON } from "./actions.ts";
import {
  argumentProblem,
  type CommandLine,
  commandLine,
  helpOf,
  isGroup,
  mainPath,
  namesBelow,
  UsageError,
} from "./commands.ts";
import { Nerd, NerdError, SOCKET } from "./context.ts";
import { compose, VERSION } from "./system.ts";

/** The address by which others reach the machine. */
function addressOf(p: Process): string {
  const link = [...p.machine.net.interfaces.values()].find(({ name }) => name !== "lo");
  return link?.addresses[0]?.split("/")[0] ?? "127.0.0.1";
}

const ROOTLESS =
  "rootless containerd not running? (hint: use `containerd-rootless-setuptool.sh install` to start rootless containerd)";

/** Who is not root looks for a containerd of his own, of which there is none. */
function* requireRoot(p: Process): Gen {
  if (p.cred.uid === 0) return;
  const dir = p.env.get("XDG_RUNTIME_DIR");
  const unset =
    "environment variable XDG_RUNTIME_DIR is not set, see https://rootlesscontaine.rs/getting-started/common/login/";
  const why = dir ? `stat ${dir}/containerd-rootless: no such file or directory` : unset;
  throw new NerdError(`${ROOTLESS}: ${why}`);
}

function requireSocket(p: Process, address: string): void {
  if (address.includes("://") && !address.startsWith("unix://"))
    throw new NerdError(`invalid address ${quoteString(address)}`);
  const path = address.replace(/^unix:\/\//, "");
  if (socketError(p, path) === undefined) return;
  const there = sys.find(p, path) !== undefined && runtimeOf(p.machine).daemon !== undefined;
  const why = there ? "connection refused" : "no such file or directory";
  throw new NerdError(`cannot access containerd socket ${quoteString(path)}: ${why}`);
}

function* follow(p: Process, { path, flags, args }: CommandLine): Gen {
  const help = helpOf(path, addressOf(p));
  if (flags.on("help")) return yield* sys.print(p, help);
  if (path === "" && flags.on("version")) return yield* sys.print(p, `nerdctl version ${VERSION}\n`);
  const [first] = args;
  if (isGroup(path)) {
    if (first === undefined) return yield* sys.print(p, help);
    if (path === "" && first === "help") return yield* topic(p, args.slice(1));
    if (path === "" && first === "completion") return;
    // Only of the root has cobra set how far a suggestion may be.
    const close = suggestions(first, namesBelow(path), {}, path === "" ? 2 : 0);
    throw new NerdError(
      `unknown subcommand ${quoteString(first)} for "${path.split(" ").at(-1) || "nerdctl"}"${close}`,
    );
  }
  yield* requireRoot(p);
  const problem = argumentProblem(path, args.length, first ?? "");
  if (problem !== undefined) throw new NerdError(problem);
  const namespace = flags.value("namespace", p.env.get("CONTAINERD_NAMESPACE") || "default");
  const action = ACTIONS[mainPath(path)] ?? (path.startsWith("compose ") ? compose : undefined);
  if (action === undefined) throw new NerdError(`nerdctl ${path} is not modelled here`);
  if (action !== compose && !WITHOUT_DAEMON.has(mainPath(path))) {
    requireSocket(p, flags.value("address", p.env.get("CONTAINERD_ADDRESS") || SOCKET));
    const bad = badNamespace(namespace);
    if (bad !== undefined) throw new NerdError(bad);
  }
  yield* action(new Nerd(p, namespace, flags, args));
}

function* topic(p: Process, words: readonly string[]): Gen {
  const { path, args } = commandLine(words);
  if (args.length === 0) return yield* sys.print(p, helpOf(path, addressOf(p)));
  yield* sys.printError(p, `Unknown help topic [${words.map((word) => `\`${word}\``).join(" ")}]\n`);
  yield* sys.print(p, helpOf("", addressOf(p)).replace(/^.*?(?=Usage:)/s, ""));
}

export const nerdctl: Program = function* (p): Gen<number> {
  try {
    yield* follow(p, commandLine(p.argv.slice(1)));
    return 0;
  } catch (error) {
    if (error instanceof EndsWith) return error.status;
    const known = error instanceof UsageError || error instanceof NerdError || error instanceof CtrError;
    if (!known && !isErrno(error)) throw error;
    yield* logrus(p, "fatal", error.message);
    return 1;
  }
};
