/** crictl events, and the calls that containerd 1.7 does not answer. */
import { type Gen, MS, sleep } from "../../kernel/index.ts";
import type { Container } from "../../machine/runtime/index.ts";
import { flag } from "./cli.ts";
import { containers, nanos, sandboxStatus } from "./cri.ts";
import { type Crictl, type CrictlCommand, CrictlError } from "./crictl-context.ts";

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
  argsUsage: "",
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

/** A command whose call containerd's CRI plugin leaves unimplemented. */
function unimplemented(name: string, usage: string, argsUsage: string, method: string, prefix: string): CrictlCommand {
  return {
    name,
    usage,
    argsUsage,
    flags: [],
    *run(c) {
      yield* c.runtime();
      throw new CrictlError(`${prefix}rpc error: code = Unimplemented desc = method ${method} not implemented`);
    },
  };
}

export const checkpoint = unimplemented(
  "checkpoint",
  "Checkpoint one or more running containers",
  "CONTAINER-ID [CONTAINER-ID...]",
  "CheckpointContainer",
  "",
);
export const metricdescs = unimplemented(
  "metricdescs",
  "List metric descriptors",
  "",
  "ListMetricDescriptors",
  "list metric descriptors: ",
);
export const metricsp = unimplemented(
  "metricsp",
  "List pod metrics",
  "",
  "ListPodSandboxMetrics",
  "list pod metrics: ",
);
