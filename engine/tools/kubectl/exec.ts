import type { KubeObject } from "../../api/types.ts";
import type { Gen } from "../../kernel/index.ts";
import { KubectlError, usageError } from "./errors.ts";
import type { Invocation } from "./invocation.ts";
import { attachablePod, chooseContainer, containersOf, POD_TIMEOUT_ERROR, podOrOwner, podPath } from "./pods.ts";
import { setupTty, stream } from "./remote.ts";
import { build } from "./resources.ts";

/** kubectl exec. */
export function* exec(k: Invocation): Gen<number> {
  const { flags, args } = k;
  const { dash } = flags;
  const files = flags.list("filename");
  const name = args.length > 0 && dash !== 0 ? args[0]! : "";
  if (dash < 0 && (args.length > 1 || (args.length > 0 && files.length > 0))) {
    throw usageError("exec", "exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead");
  }
  const command = dash >= 0 ? args.slice(dash) : [];
  const timeout = flags.duration("pod-running-timeout");
  if (timeout <= 0) throw usageError("exec", POD_TIMEOUT_ERROR);
  if (name === "" && files.length === 0) throw new KubectlError("pod, type/name or --filename must be specified");
  if (command.length === 0) throw new KubectlError("you must specify at least one command for the container");
  let object: KubeObject;
  if (files.length > 0)
    object = (yield* build(k, { filenames: files, latest: true, flatten: true, typed: true })).infos[0]!.object!;
  else object = (yield* podOrOwner(k, name)).object!;
  const pod = yield* attachablePod(k, object, timeout);
  const { phase } = pod.status ?? {};
  if (phase === "Succeeded" || phase === "Failed") {
    throw new KubectlError(`cannot exec into a container in a completed pod; current phase is ${phase}`);
  }
  const quiet = flags.bool("quiet");
  const container = flags.string("container") || chooseContainer(k, pod, "", quiet).name;
  const stdin = flags.bool("stdin");
  const tty = setupTty(k, { stdin, tty: flags.bool("tty"), quiet });
  const query = [
    ...command.map((word) => `command=${encodeURIComponent(word)}`),
    `container=${encodeURIComponent(container)}`,
  ];
  if (!tty) query.push("stderr=true");
  if (stdin) query.push("stdin=true");
  query.push("stdout=true");
  if (tty) query.push("tty=true");
  yield* stream(k, `${podPath(pod, "exec")}?${query.join("&")}`, stdin, tty);
  return 0;
}

/** kubectl attach. */
export function* attach(k: Invocation): Gen<number> {
  const { flags, args } = k;
  if (args.length === 0) throw new KubectlError("at least 1 argument is required for attach");
  if (args.length > 2) {
    throw new KubectlError(
      `expected POD, TYPE/NAME, or TYPE NAME, (at most 2 arguments) saw ${args.length}: [${args.join(" ")}]`,
    );
  }
  const timeout = flags.duration("pod-running-timeout");
  if (timeout <= 0) throw usageError("attach", POD_TIMEOUT_ERROR);
  const word = args.length === 2 ? `${args[0]}/${args[1]}` : args[0]!;
  const pod = yield* attachablePod(k, (yield* podOrOwner(k, word)).object!, timeout);
  const { phase } = pod.status ?? {};
  if (phase === "Succeeded" || phase === "Failed") {
    throw new KubectlError(`cannot attach a container in a completed pod; current phase is ${phase}`);
  }
  yield* attachTo(k, pod, {
    container: flags.string("container"),
    stdin: flags.bool("stdin"),
    tty: flags.bool("tty"),
    quiet: flags.bool("quiet"),
    commandName: "kubectl attach",
  });
  return 0;
}

export interface AttachOptions {
  container: string;
  stdin: boolean;
  tty: boolean;
  quiet: boolean;
  commandName: string;
}

/** Attaches to a running container of a Pod. */
export function* attachTo(k: Invocation, pod: KubeObject, options: AttachOptions): Gen {
  const { stdin, quiet } = options;
  const known =
    options.container === "" || containersOf(pod).some(({ container }) => container.name === options.container);
  if (!known)
    throw new KubectlError(
      `cannot attach to the container: container ${options.container} not found in pod ${pod.metadata.name}`,
    );
  const container = chooseContainer(k, pod, options.container, quiet);
  let wantTty = options.tty;
  if (wantTty && !container.tty) {
    wantTty = false;
    if (!quiet) k.err(`error: Unable to use a TTY - container ${container.name} did not allocate one\n`);
  } else if (!wantTty && container.tty) wantTty = true;
  const tty = setupTty(k, { stdin, tty: wantTty, quiet });
  if (!quiet) k.err("If you don't see a command prompt, try pressing enter.\n");
  const query = [`container=${encodeURIComponent(container.name)}`];
  if (!tty) query.push("stderr=true");
  if (stdin) query.push("stdin=true");
  query.push("stdout=true");
  if (tty) query.push("tty=true");
  yield* stream(k, `${podPath(pod, "attach")}?${query.join("&")}`, stdin, tty);
  if (!quiet && stdin && tty && pod.spec.restartPolicy === "Always") {
    k.out(
      `Session ended, resume using '${options.commandName} ${pod.metadata.name} -c ${container.name} -i -t' command when the pod is running\n`,
    );
  }
}
