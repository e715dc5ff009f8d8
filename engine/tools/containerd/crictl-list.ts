/** crictl ps, pods, images, stats and statsp. */
import { goTime } from "../../api/go-time.ts";
import { type Gen, SECOND, sleep } from "../../kernel/index.ts";
import { type Container, type ContainerRuntime, CriError, type Sandbox } from "../../machine/runtime/index.ts";
import { compileRegex, type Regex, RegexError } from "../../text/regex/index.ts";
import { flag } from "./cli.ts";
import {
  byPrefix,
  containerMessage,
  containers,
  imageAsked,
  imageMessages,
  nanos,
  sandboxes,
  sandboxMessage,
  usage,
} from "./cri.ts";
import { type Crictl, type CrictlCommand, CrictlError, LogFatal, ShowHelp } from "./crictl-context.ts";
import { humanDuration, humanSize } from "./units.ts";

const short = (id: string) => id.replace(/^sha256:/, "").slice(0, 13);

const OUTPUT = flag.string("output", "o", "Output format, One of: json|yaml|table", "table");
const CONTAINER_FILTERS = [
  flag.string("name", "", "Filter by container name regular expression pattern"),
  flag.string("pod", "p", "Filter by pod id"),
  flag.string("image", "", "Filter by container image"),
  flag.string("state", "s", "Filter by container state"),
  flag.list("label", "", "Filter by key=value label"),
  flag.bool("latest", "l", "Show the most recently created container (includes all states)"),
  flag.int("last", "n", "Show last n recently created containers (includes all states). Set 0 for unlimited."),
];

function pattern(text: string): Regex | undefined {
  if (text === "") return undefined;
  try {
    return compileRegex(text, { syntax: "perl" });
  } catch (error) {
    if (error instanceof RegexError) return undefined;
    throw error;
  }
}

function labelsOf(c: Crictl): [string, string][] {
  return c.list("label").map((text) => {
    const pair = text.split("=");
    if (pair.length !== 2) throw new CrictlError(`incorrectly specified label: ${text}`);
    return [pair[0]!, pair[1]!];
  });
}

function labelled(labels: Readonly<Record<string, string>>, wanted: readonly [string, string][]): boolean {
  return wanted.every(([key, value]) => labels[key] === value);
}

/** The containers that the flags of ps, inspect and exec choose, newest first. */
export function chosenContainers(c: Crictl, runtime: ContainerRuntime): Container[] {
  const wanted = labelsOf(c);
  const state = c.value("state").toLowerCase();
  if (state !== "" && !["created", "running", "exited", "unknown"].includes(state)) {
    throw new LogFatal("--state should be one of created, running, exited or unknown");
  }
  const name = pattern(c.value("name"));
  const namespace = pattern(c.value("namespace"));
  const anyState = c.on("latest") || Number(c.value("last", "0")) > 0;
  const image = c.value("image") === "" ? undefined : (imageNamed(runtime, c.value("image"))?.id ?? "");
  const found = containers(c.machine).filter((container) => {
    const { config, sandbox } = container;
    if (c.isSet("id") && !container.id.startsWith(c.value("id"))) return false;
    if (c.isSet("pod") && !sandbox.id.startsWith(c.value("pod"))) return false;
    if (!anyState && state === "" && !c.on("all") && container.state !== "running") return false;
    if (!anyState && state !== "" && container.state !== state) return false;
    if (!labelled(config.labels, wanted)) return false;
    if (name && !name.test(config.metadata.name)) return false;
    if (namespace && !namespace.test(podNamespace(container))) return false;
    return image === undefined || container.image.id === image;
  });
  return first(found, c);
}

function first<T>(list: T[], c: Crictl): T[] {
  const last = Number(c.value("last", "0"));
  const count = last > 0 ? last : c.on("latest") ? 1 : list.length;
  return list.slice(0, count);
}

/** An image by name, id or the beginning of an id. */
export function imageNamed(runtime: ContainerRuntime, name: string) {
  const found = runtime.images.find(name);
  if (found !== undefined || name === "") return found;
  const images = runtime.images.list().map(({ image }) => ({ id: image.id.slice(7), image }));
  return byPrefix(images, name.replace(/^sha256:/, ""))?.image;
}

/** ImageStatus: none is no failure, an empty name fits every image. */
export function* imageStatus(c: Crictl, runtime: ContainerRuntime, name: string, prefix: string) {
  return yield* c.rpc("Get ImageStatus", "image", { image: name }, prefix, function* () {
    if (name === "") throw new CriError("Unknown", `can not resolve "" locally: ambiguous digest string`);
    return imageNamed(runtime, name);
  });
}

const ago = (c: Crictl, at: number) => `${humanDuration(c.machine.kernel.now - at)} ago`;
const title = (text: string) => text[0]!.toUpperCase() + text.slice(1);

/** A section of verbose output; nothing when it is empty. */
export function pairs(head: string, values: Readonly<Record<string, string>>): string {
  if (Object.keys(values).length === 0) return "";
  const lines = Object.keys(values)
    .sort()
    .map((key) => `\t${key} -> ${values[key]}\n`);
  return `${head}:\n${lines.join("")}`;
}

/** What stands for labels that only a kubelet gives its containers. */
const UNKNOWN = "unknown";
const podNamespace = ({ config }: Container): string => config.labels["io.kubernetes.pod.namespace"] ?? UNKNOWN;

function verboseContainer(c: Crictl, container: Container): string {
  const { config, sandbox } = container;
  return (
    `ID: ${container.id}\nPodID: ${sandbox.id}\nNamespace: ${podNamespace(container)}\n` +
    `Name: ${config.metadata.name}\nAttempt: ${config.metadata.attempt}\nState: ${title(container.state)}\n` +
    `Image: ${imageAsked(container)}\nCreated: ${ago(c, container.createdAt)}\n` +
    `${pairs("Labels", config.labels)}${pairs("Annotations", config.annotations)}\n`
  );
}

export const ps: CrictlCommand = {
  name: "ps",
  usage: "List containers",
  flags: [
    flag.bool("verbose", "v", "Show verbose information for containers"),
    flag.string("id", "", "Filter by container id"),
    ...CONTAINER_FILTERS,
    flag.bool("quiet", "q", "Only display container IDs"),
    OUTPUT,
    flag.bool("all", "a", "Show all containers"),
    flag.bool("no-trunc", "", "Show output without truncating the ID"),
    flag.bool("resolve-image-path", "r", "Show image path instead of image id"),
    flag.string("namespace", "", "Filter by pod namespace regular expression pattern"),
  ],
  *run(c) {
    if (c.args.length > 0) throw new ShowHelp();
    const runtime = yield* c.runtime();
    yield* c.images();
    const list = chosenContainers(c, runtime);
    const format = c.value("output", "table");
    if (format === "json" || format === "yaml") {
      return yield* c.message(format, { containers: list.map((one) => containerMessage(c.machine, one)) });
    }
    if (format !== "table") throw new CrictlError(`listing containers: unsupported output format "${format}"`);
    if (c.on("quiet")) return yield* c.print(list.map(({ id }) => `${id}\n`).join(""));
    if (c.on("verbose")) return yield* c.print(list.map((one) => verboseContainer(c, one)).join(""));
    const whole = c.on("no-trunc");
    const rows = list.map((container) => {
      const { config, sandbox, image } = container;
      const named = imageAsked(container);
      const imageText = c.on("resolve-image-path")
        ? image.reference
        : whole || !named.startsWith("sha256:")
          ? named
          : short(named);
      return [
        whole ? container.id : short(container.id),
        imageText,
        ago(c, container.createdAt),
        title(container.state),
        config.metadata.name,
        String(config.metadata.attempt),
        whole ? sandbox.id : short(sandbox.id),
        config.labels["io.kubernetes.pod.name"] ?? UNKNOWN,
        podNamespace(container),
      ];
    });
    const head = ["CONTAINER", "IMAGE", "CREATED", "STATE", "NAME", "ATTEMPT", "POD ID", "POD", "NAMESPACE"];
    yield* c.print(c.table([head, ...rows]));
  },
};

/** The sandboxes that the flags of pods and inspectp choose, newest first. */
export function chosenSandboxes(c: Crictl): Sandbox[] {
  const wanted = labelsOf(c);
  const state = c.value("state").toLowerCase();
  if (state !== "" && state !== "ready" && state !== "notready") {
    throw new LogFatal("--state should be ready or notready");
  }
  const name = pattern(c.value("name"));
  const namespace = pattern(c.value("namespace"));
  const found = sandboxes(c.machine).filter((sandbox) => {
    const { metadata, labels } = sandbox.config;
    if (c.isSet("id") && !sandbox.id.startsWith(c.value("id"))) return false;
    if (state !== "" && sandbox.state !== state) return false;
    if (name && !name.test(metadata.name)) return false;
    if (namespace && !namespace.test(metadata.namespace)) return false;
    return labelled(labels, wanted);
  });
  return first(found, c);
}

const POD_STATES = { ready: "Ready", notready: "NotReady" } as const;

export const pods: CrictlCommand = {
  name: "pods",
  usage: "List pods",
  flags: [
    flag.string("id", "", "filter by pod id"),
    flag.string("name", "", "Filter by pod name regular expression pattern"),
    flag.string("namespace", "", "Filter by pod namespace regular expression pattern"),
    flag.string("state", "s", "Filter by pod state"),
    flag.list("label", "", "Filter by key=value label"),
    flag.bool("verbose", "v", "Show verbose info for pods"),
    flag.bool("quiet", "q", "List only pod IDs"),
    OUTPUT,
    flag.bool("latest", "l", "Show the most recently created pod"),
    flag.int("last", "n", "Show last n recently created pods. Set 0 for unlimited"),
    flag.bool("no-trunc", "", "Show output without truncating the ID"),
  ],
  *run(c) {
    yield* c.runtime();
    const list = chosenSandboxes(c);
    const format = c.value("output", "table");
    if (format === "json" || format === "yaml") {
      return yield* c.message(format, { items: list.map((one) => sandboxMessage(c.machine, one)) });
    }
    if (format !== "table") throw new CrictlError(`listing pod sandboxes: unsupported output format "${format}"`);
    if (c.on("quiet")) return yield* c.print(list.map(({ id }) => `${id}\n`).join(""));
    if (c.on("verbose")) {
      const texts = list.map(({ id, config, state, createdAt }) => {
        const { name, uid, namespace, attempt } = config.metadata;
        const tried = attempt === 0 ? "" : `Attempt: ${attempt}\n`;
        return (
          `ID: ${id}\nName: ${name}\nUID: ${uid}\nNamespace: ${namespace}\n${tried}Status: ${POD_STATES[state]}\n` +
          `Created: ${goTime(c.machine.kernel.epochMs + createdAt / 1000)}\n${pairs("Labels", config.labels)}` +
          `${pairs("Annotations", config.annotations)}Runtime: (default)\n\n`
        );
      });
      return yield* c.print(texts.join(""));
    }
    const rows = list.map(({ id, config, state, createdAt }) => [
      c.on("no-trunc") ? id : short(id),
      ago(c, createdAt),
      POD_STATES[state],
      config.metadata.name,
      config.metadata.namespace,
      String(config.metadata.attempt),
      "(default)",
    ]);
    yield* c.print(c.table([["POD ID", "CREATED", "STATE", "NAME", "NAMESPACE", "ATTEMPT", "RUNTIME"], ...rows]));
  },
};

interface ImageMessage {
  id: string;
  repoTags: string[];
  repoDigests: string[];
  size: string;
  username: string;
  pinned: boolean;
}

/** containerd gives every image whatever name was asked for; only crictl's own conditions choose. */
function filterImages(c: Crictl, given: readonly ImageMessage[]): readonly ImageMessage[] {
  let list = given;
  for (const condition of c.list("filter")) {
    const place = /^(before|since)=(.*)$/.exec(condition);
    if (place) {
      const [, side, name = ""] = place;
      const images = side === "before" ? [...list].reverse() : list;
      const at = images.findIndex(
        ({ id, repoTags, repoDigests }) =>
          (!/[:@]/.test(name) && id.startsWith(name)) ||
          repoTags[0] === name ||
          (name.includes("@") && repoDigests[0]?.startsWith(name) === true),
      );
      const kept = at < 0 ? images : images.slice(0, at);
      list = side === "before" ? [...kept].reverse() : kept;
      continue;
    }
    const equals = condition.indexOf("=");
    const [key, value] = [condition.slice(0, equals), condition.slice(equals + 1)];
    if (key === "dangling") list = list.filter(({ repoTags }) => (repoTags.length === 0) === (value === "true"));
    else if (key === "reference") {
      const wanted = pattern(value);
      list = list.filter(({ repoDigests }) => wanted?.test((repoDigests[0] ?? "").split("@")[0]!) ?? true);
    } else throw new CrictlError(`listing images: filter images: unknown filter flag: ${condition}`);
  }
  return list;
}

function verboseImage(image: ImageMessage): string {
  return (
    `ID: ${image.id}\n${image.repoTags.map((tag) => `RepoTags: ${tag}\n`).join("")}` +
    `${image.repoDigests.map((digest) => `RepoDigests: ${digest}\n`).join("")}Size: ${image.size}\n` +
    `${image.username === "" ? "" : `Username: ${image.username}\n`}${image.pinned ? "Pinned: true\n" : ""}\n`
  );
}

export const FILTER = flag.list(
  "filter",
  "f",
  `Filter output based on provided conditions.
      Available filters: 
      * dangling=(boolean - true or false)
      * reference=/regular expression/
      * before=<image-name>[:<tag>]|<image id>|<image@digest>
      * since=<image-name>[:<tag>]|<image id>|<image@digest>
      Multiple filters can be combined together.`,
);

export const images: CrictlCommand = {
  name: "images",
  aliases: ["image", "img"],
  usage: "List images",
  argsUsage: "[REPOSITORY[:TAG]]",
  flags: [
    flag.bool("verbose", "v", "Show verbose info for images"),
    flag.bool("quiet", "q", "Only show image IDs"),
    FILTER,
    flag.string("output", "o", "Output format, One of: json|yaml|table"),
    flag.bool("digests", "", "Show digests"),
    flag.bool("no-trunc", "", "Show output without truncating the ID"),
    flag.bool("pinned", "", "Show whether the image is pinned or not"),
  ],
  *run(c) {
    if (c.args.length > 1) throw new ShowHelp();
    const runtime = yield* c.images();
    const list = filterImages(c, imageMessages(runtime) as unknown as ImageMessage[]);
    const format = c.value("output");
    if (format === "json" || format === "yaml") return yield* c.message(format, { images: list });
    if (c.on("quiet")) return yield* c.print(list.map(({ id }) => `${id}\n`).join(""));
    if (c.on("verbose")) return yield* c.print(list.map(verboseImage).join(""));
    const whole = c.on("no-trunc");
    const row = (name: string, tag: string, digest: string, id: string, size: string, pinned: string) => [
      name,
      tag,
      ...(c.on("digests") ? [digest] : []),
      id,
      size,
      ...(c.on("pinned") ? [pinned] : []),
    ];
    const rows = list.flatMap((image) => {
      const [repository = "<none>", digest = "<none>"] = (image.repoDigests[0] ?? "").split("@");
      const tags = image.repoTags.length === 0 ? [`${repository}:<none>`] : image.repoTags;
      return tags.map((tag) => {
        const colon = tag.lastIndexOf(":");
        return row(
          tag.slice(0, colon),
          tag.slice(colon + 1),
          whole ? digest : short(digest),
          whole ? image.id : short(image.id),
          humanSize(Number(image.size), 3),
          String(image.pinned),
        );
      });
    });
    yield* c.print(c.table([row("IMAGE", "TAG", "DIGEST", "IMAGE ID", "SIZE", "PINNED"), ...rows]));
  },
};

const CLEAR = "\x1b[2J\x1b[H";

function statsMessage(c: Crictl, container: Container): object {
  const { cpu, memory } = usage(c.machine, container);
  const limit = container.config.memoryLimitInBytes;
  const timestamp = nanos(c.machine, c.machine.kernel.now);
  return {
    attributes: {
      id: container.id,
      metadata: container.config.metadata,
      labels: container.config.labels,
      annotations: container.config.annotations,
    },
    cpu: { timestamp, usageCoreNanoSeconds: { value: String(cpu) }, usageNanoCores: { value: "0" } },
    memory: {
      timestamp,
      workingSetBytes: { value: String(memory) },
      availableBytes: { value: limit === undefined ? "0" : String(Math.max(0, limit - memory)) },
      usageBytes: { value: String(memory) },
      rssBytes: { value: String(memory) },
      pageFaults: { value: String(Math.ceil(memory / 4096)) },
      majorPageFaults: { value: "0" },
    },
    writableLayer: {
      timestamp,
      fsId: { mountpoint: "/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs" },
      usedBytes: { value: "4096" },
      inodesUsed: { value: "2" },
    },
  };
}

const SAMPLE = [
  flag.list("label", "", "Filter by key=value label"),
  flag.string("output", "o", "Output format, One of: json|yaml|table"),
  flag.int("seconds", "s", "Sample duration for CPU usage in seconds", "1"),
  flag.bool("watch", "w", "Watch pod resources"),
];

/** Repeats a display until Ctrl-C when `--watch` is given. */
function* display(c: Crictl, show: () => Gen): Gen {
  do yield* show();
  while (c.on("watch"));
}

const byId = <T extends { id: string }>(list: T[]): T[] => list.sort((a, b) => (a.id < b.id ? -1 : 1));

export const stats: CrictlCommand = {
  name: "stats",
  usage: "List container(s) resource usage statistics",
  argsUsage: "[ID]",
  flags: [
    flag.bool("all", "a", "Show all containers (default shows just running)"),
    flag.string("id", "", "Filter by container id"),
    flag.string("pod", "p", "Filter by pod id"),
    ...SAMPLE,
  ],
  *run(c) {
    if (c.args.length > 1) throw new ShowHelp();
    yield* c.runtime();
    const id = c.value("id") || (c.args[0] ?? "");
    const wanted = labelsOf(c);
    const chosen = () =>
      byId(
        containers(c.machine).filter(
          (one) =>
            one.id.startsWith(id) &&
            one.sandbox.id.startsWith(c.value("pod")) &&
            labelled(one.config.labels, wanted) &&
            (c.on("all") || one.state === "running"),
        ),
      );
    const format = c.value("output");
    if (format === "json" || format === "yaml") {
      return yield* c.message(format, { stats: chosen().map((one) => statsMessage(c, one)) });
    }
    const seconds = Math.max(1, Number(c.value("seconds", "1")));
    yield* display(c, function* () {
      const before = new Map(chosen().map((one) => [one.id, usage(c.machine, one).cpu]));
      yield* sleep(seconds * SECOND);
      const rows = chosen()
        .filter((one) => before.has(one.id))
        .map((one) => {
          const { cpu, memory } = usage(c.machine, one);
          const percent = ((cpu - before.get(one.id)!) / (seconds * 1e9)) * 100;
          const name = one.config.metadata.name;
          return [short(one.id), name, percent.toFixed(2), humanSize(memory), humanSize(4096), "2", "0B"];
        });
      yield* c.print(CLEAR + c.table([["CONTAINER", "NAME", "CPU %", "MEM", "DISK", "INODES", "SWAP"], ...rows]));
    });
  },
};

export const statsp: CrictlCommand = {
  name: "statsp",
  usage:
    "List pod statistics. Stats represent a structured API that will fulfill the Kubelet's /stats/summary endpoint.",
  argsUsage: "[ID]",
  flags: [flag.string("id", "", "Filter by pod id"), ...SAMPLE],
  *run(c) {
    if (c.args.length > 1) throw new ShowHelp();
    yield* c.runtime();
    const id = c.value("id") || (c.args[0] ?? "");
    const chosen = () => byId(sandboxes(c.machine).filter((one) => one.id.startsWith(id) && one.state === "ready"));
    const sum = (sandbox: Sandbox) => {
      let cpu = sandbox.pause.cpuUsed * 1000;
      let memory = sandbox.pause.rssKib * 1024;
      for (const one of sandbox.containers) {
        const used = usage(c.machine, one);
        cpu += used.cpu;
        memory += used.memory;
      }
      return { cpu, memory };
    };
    const seconds = Math.max(1, Number(c.value("seconds", "1")));
    yield* display(c, function* () {
      const before = new Map(chosen().map((one) => [one.id, sum(one).cpu]));
      yield* sleep(seconds * SECOND);
      const rows = chosen()
        .filter((one) => before.has(one.id))
        .map((one) => {
          const { cpu, memory } = sum(one);
          const percent = ((cpu - before.get(one.id)!) / (seconds * 1e9)) * 100;
          return [one.config.metadata.name, short(one.id), percent.toFixed(2), humanSize(memory)];
        });
      yield* c.print(CLEAR + c.table([["POD", "POD ID", "CPU %", "MEM"], ...rows]));
    });
  },
};
