/** crictl events, and the calls that containerd 1.7 does not answer. */
import { type Gen, MS, sleep } from "../../kernel/index.ts";
import type { Container } from "../../machine/runtime/index.ts";
import { flag } from "./cli.ts";
import { containers, nanos, sandboxStatus } from "./cri.ts";
import { type Crictl, type CrictlCommand, CrictlError, ShowHelp } from "./crictl-context.ts";

/** How often the runtime is looked at while somebody listens. */
const LOOK = 100 * MS;

const KINDS = {
  created: "CONTAINER_CREATED_EVENT",
  running: "CONTAINER_STARTED_EVENT",
  exited: "CONTAINER_STOPPED_EVENT",
  gone: "CONTAINER_DELETED_EVENT",
};

export const events: CrictlCommand = {
  name: "events",
  aliases: ["event"],
  usage: "Stream the events of containers",
  flags: [
    flag.string("output", "o", "Output format, One of: json|yaml|go-template", "json"),
    flag.string(
      "template",
      "",
      "The template string is only used when output is go-template; The Template format is golang template",
    ),
  ],
  *run(c) {
    yield* c.runtime();
    let known = new Map(containers(c.machine).map((one) => [one, one.state]));
    for (;;) {
      yield* sleep(LOOK);
      const now = new Map(containers(c.machine).map((one) => [one, one.state]));
      for (const [container, state] of now) {
        const before = known.get(container);
        if (before === state) continue;
        if (before === undefined && state !== "created") yield* tell(c, container, "created");
        yield* tell(c, container, state);
      }
      for (const container of known.keys()) if (!now.has(container)) yield* tell(c, container, "gone");
      known = now;
    }
  },
};

function* tell(c: Crictl, container: Container, kind: keyof typeof KINDS): Gen {
  const event = {
    containerId: container.id,
    containerEventType: KINDS[kind],
    createdAt: nanos(c.machine, c.machine.kernel.now),
    podSandboxStatus: sandboxStatus(c.machine, container.sandbox),
  };
  yield* c.statuses([event], c.value("output", "json"));
}

export const checkpoint: CrictlCommand = {
  name: "checkpoint",
  usage: "Checkpoint one or more running containers",
  argsUsage: "CONTAINER-ID [CONTAINER-ID...]",
  flags: [
    flag.string(
      "export",
      "e",
      "Specify the name of the tar archive (/path/to/checkpoint.tar) used to export the checkpoint image.",
    ),
  ],
  *run(c) {
    if (c.args.length === 0) throw new CrictlError("ID cannot be empty");
    if (!c.isSet("export"))
      throw new CrictlError(
        "cannot checkpoint a container without specifying the checkpoint destination. Use --export=/path/to/checkpoint.tar",
      );
    yield* c.runtime();
    const [id] = c.args;
    yield* c.unimplemented("CheckpointContainer", `checkpointing the container "${id}" failed: `, { containerID: id });
  },
};

export const metricsp: CrictlCommand = {
  name: "metricsp",
  usage:
    "List pod metrics. Metrics are unstructured key/value pairs gathered by CRI meant to replace cAdvisor's /metrics/cadvisor endpoint.",
  flags: [flag.string("output", "o", "Output format, One of: json|yaml"), flag.bool("watch", "w", "Watch pod metrics")],
  *run(c) {
    if (c.args.length > 0) throw new ShowHelp();
    yield* c.runtime();
    if (!["", "json", "yaml"].includes(c.value("output"))) throw new ShowHelp();
    yield* c.unimplemented("ListPodSandboxMetrics", "get pod metrics: list pod sandbox metrics: ");
  },
};
