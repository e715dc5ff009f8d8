/** crictl stop, rm, start, stopp, rmp, rmi and pull. */
import type { Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import { type Container, type ContainerRuntime, CriError, isCriError } from "../../machine/runtime/index.ts";
import * as sys from "../../machine/sys.ts";
import { flag } from "./cli.ts";
import { containerById, containers, logPath, sandboxById } from "./cri.ts";
import {
  AggregateFailure,
  type Crictl,
  type CrictlCommand,
  CrictlError,
  requireId,
  ShowHelp,
} from "./crictl-context.ts";
import { imageStatus } from "./crictl-list.ts";

function requireIds(c: Crictl): readonly string[] {
  if (c.args.length === 0) throw new ShowHelp();
  return c.args;
}

/** Runs one step an id; goes on after failures and ends with all of them, as AggregateGoroutines does. */
function* each(ids: readonly string[], step: (id: string) => Gen): Gen {
  const failed: string[] = [];
  for (const id of ids) {
    try {
      yield* step(id);
    } catch (error) {
      if (!(error instanceof CrictlError)) throw error;
      failed.push(error.message);
    }
  }
  if (failed.length > 0) throw new AggregateFailure(failed.join("\n"));
}

/** containerd takes the end of what nobody knows for success. */
function known<T>(find: () => T): T | undefined {
  try {
    return find();
  } catch (error) {
    if (isCriError(error) && error.code === "NotFound") return undefined;
    throw error;
  }
}

export const stop: CrictlCommand = {
  name: "stop",
  usage: "Stop one or more running containers",
  argsUsage: "CONTAINER-ID [CONTAINER-ID...]",
  flags: [flag.int("timeout", "t", "Seconds to wait to kill the container after a graceful stop is requested")],
  *run(c) {
    if (c.args.length === 0) throw new CrictlError("ID cannot be empty");
    const runtime = yield* c.runtime();
    for (const id of c.args) {
      const prefix = `stopping the container "${id}": `;
      requireId(id, prefix);
      yield* c.rpc("StopContainer", "runtime", { containerID: id }, prefix, function* () {
        const container = known(() => containerById(runtime, id));
        if (container) yield* runtime.stopContainer(container.id, Number(c.value("timeout", "0")));
      });
      yield* c.print(`${id}\n`);
    }
  },
};

export const start: CrictlCommand = {
  name: "start",
  usage: "Start one or more created containers",
  argsUsage: "CONTAINER-ID [CONTAINER-ID...]",
  flags: [],
  *run(c) {
    if (c.args.length === 0) throw new CrictlError("ID cannot be empty");
    const runtime = yield* c.runtime();
    for (const id of c.args) {
      const prefix = `starting the container "${id}": `;
      requireId(id, prefix);
      yield* c.rpc("StartContainer", "runtime", { containerID: id }, prefix, function* () {
        const container = containerById(runtime, id);
        if (container.state !== "created") {
          const state = `CONTAINER_${container.state.toUpperCase()}`;
          throw new CriError(
            "Unknown",
            `failed to set starting state for container "${container.id}": container is in ${state} state`,
          );
        }
        yield* runtime.startContainer(container.id);
      });
      yield* c.print(`${id}\n`);
    }
  },
};

/** The ids of a command with `--all`; says so when there are none. */
function* selected(c: Crictl, all: () => readonly { id: string }[], what: string): Gen<readonly string[]> {
  if (!c.on("all")) return requireIds(c);
  const ids = all().map(({ id }) => id);
  if (ids.length === 0) yield* c.log("info", `No ${what}s to remove`);
  return ids;
}

function* removeLogs(c: Crictl, container: Container): Gen {
  const path = logPath(container);
  try {
    sys.unlink(c.p, path);
  } catch (error) {
    if (!isErrno(error)) throw error;
    const why = `remove ${path}: ${error.message.toLowerCase()}`;
    yield* c.log("error", `removing log file ${path} for container "${container.id}" failed: ${why}`);
  }
}

export const rm: CrictlCommand = {
  name: "rm",
  usage: "Remove one or more containers",
  argsUsage: "CONTAINER-ID [CONTAINER-ID...]",
  flags: [
    flag.bool("force", "f", "Force removal of the container, disregarding if running"),
    flag.bool("keep-logs", "k", "Preserve the container log file and its rotations"),
    flag.bool("all", "a", "Remove all containers"),
  ],
  *run(c) {
    const runtime = yield* c.runtime();
    const ids = yield* selected(c, () => containers(c.machine), "container");
    yield* each(ids, function* (id) {
      const status = `getting container status "${id}": `;
      const container = yield* c.rpc("ContainerStatus", "runtime", { containerID: id }, status, function* () {
        return containerById(runtime, id);
      });
      if (container.state === "running") {
        if (!c.on("force")) throw new CrictlError(`container "${id}" is running, please stop it first`);
        yield* c.rpc("StopContainer", "runtime", { containerID: id }, `stopping the container "${id}": `, () =>
          runtime.stopContainer(container.id, 0),
        );
        yield* c.print(`${id}\n`);
      }
      yield* c.rpc("RemoveContainer", "runtime", { containerID: id }, `removing container "${id}": `, () =>
        runtime.removeContainer(container.id),
      );
      yield* c.print(`${id}\n`);
      if (!c.on("keep-logs")) yield* removeLogs(c, container);
    });
  },
};

function* stopSandbox(c: Crictl, runtime: ContainerRuntime, id: string): Gen {
  const prefix = `stopping the pod sandbox "${id}": `;
  requireId(id, prefix);
  yield* c.rpc("StopPodSandbox", "runtime", { podSandboxID: id }, prefix, function* () {
    const sandbox = known(() => sandboxById(runtime, id));
    if (sandbox) yield* runtime.stopPodSandbox(sandbox.id);
  });
  yield* c.print(`Stopped sandbox ${id}\n`);
}

export const stopp: CrictlCommand = {
  name: "stopp",
  usage: "Stop one or more running pods",
  argsUsage: "POD-ID [POD-ID...]",
  flags: [],
  *run(c) {
    const ids = requireIds(c);
    const runtime = yield* c.runtime();
    for (const id of ids) yield* stopSandbox(c, runtime, id);
  },
};

export const rmp: CrictlCommand = {
  name: "rmp",
  usage: "Remove one or more pods",
  argsUsage: "POD-ID [POD-ID...]",
  flags: [
    flag.bool("force", "f", "Force removal of the pod sandbox, disregarding if running"),
    flag.bool("all", "a", "Remove all pods"),
  ],
  *run(c) {
    const runtime = yield* c.runtime();
    const ids = yield* selected(c, () => [...runtime.sandboxes.values()], "pod");
    yield* each(ids, function* (id) {
      const sandbox = c.quietly(`getting sandbox status of pod "${id}": `, () => sandboxById(runtime, id));
      if (sandbox.state === "ready") {
        if (!c.on("force")) throw new CrictlError(`pod sandbox "${id}" is running, please stop it first`);
        yield* stopSandbox(c, runtime, id);
      }
      yield* c.rpc("RemovePodSandbox", "runtime", { podSandboxID: id }, `removing the pod sandbox "${id}": `, () =>
        runtime.removePodSandbox(sandbox.id),
      );
      yield* c.print(`Removed sandbox ${id}\n`);
    });
  },
};

export const rmi: CrictlCommand = {
  name: "rmi",
  usage: "Remove one or more images",
  argsUsage: "IMAGE-ID [IMAGE-ID...]",
  flags: [flag.bool("all", "a", "Remove all images"), flag.bool("prune", "q", "Remove all unused images")],
  *run(c) {
    const runtime = yield* c.images();
    const ids = new Set(c.args);
    const prune = c.on("prune");
    if (c.on("all") || prune) {
      const used = new Set(prune ? containers(c.machine).map(({ image }) => image.id) : []);
      for (const { image } of runtime.images.list()) {
        if (prune && (used.has(image.id) || image.reference.startsWith("registry.k8s.io/pause:"))) continue;
        ids.add(image.id);
      }
      if (ids.size === 0) return yield* c.log("info", "No images to remove");
    }
    if (ids.size === 0) throw new ShowHelp();
    yield* each([...ids], function* (id) {
      const image = yield* imageStatus(c, runtime, id, `image status request for "${id}" failed: `);
      if (image === undefined) throw new CrictlError(`no such image ${id}`);
      const { tags, digests } = runtime.images.list().find((one) => one.image.id === image.id)!;
      runtime.images.remove(image.id);
      yield* c.print((tags.length > 0 ? tags : digests).map((name) => `Deleted: ${name}\n`).join(""));
    });
  },
};

export const pull: CrictlCommand = {
  name: "pull",
  usage: "Pull an image from a registry",
  argsUsage: "NAME[:TAG|@DIGEST]",
  below: [["jsonschema, js", "Display the JSON schema for the pod-config.json, "]],
  flags: [
    { ...flag.string("creds", "", "Use `USERNAME[:PASSWORD]` for accessing the registry"), env: "CRICTL_CREDS" },
    {
      ...flag.string(
        "auth",
        "",
        "Use `AUTH_STRING` for accessing the registry. AUTH_STRING is a base64 encoded 'USERNAME[:PASSWORD]'",
      ),
      env: "CRICTL_AUTH",
    },
    flag.string(
      "username",
      "u",
      "Use `USERNAME` for accessing the registry. The password will be requested on the command line",
    ),
    flag.string("pod-config", "", "Use `pod-config.[json|yaml]` to override the pull c"),
    flag.list("annotation", "a", "Annotation to be set on the pulled image"),
    {
      ...flag.duration("pull-timeout", "pt", "Maximum time to be used for pulling the image, disabled if set to 0s"),
      env: "CRICTL_PULL_TIMEOUT",
    },
  ],
  *run(c) {
    const [name] = c.args;
    if (!name) throw new CrictlError("image name cannot be empty");
    if (c.args.length > 1) throw new ShowHelp();
    const runtime = yield* c.images();
    const image = yield* c.rpc(
      "PullImage",
      "image",
      { image: name },
      "pulling image: ",
      () => runtime.pullImage(name),
      true,
    );
    yield* c.print(`Image is up to date for ${image.id}\n`);
  },
};
