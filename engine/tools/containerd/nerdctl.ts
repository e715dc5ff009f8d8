/** The part of nerdctl that shows: ps, images and namespace ls. */
import type { Gen } from "../../kernel/index.ts";
import type { Process, Program } from "../../machine/process.ts";
import { runtimeOf } from "../../machine/runtime/index.ts";
import * as sys from "../../machine/sys.ts";
import { FlagError, flag, type Given, isOn, parseFlags } from "./cli.ts";
import { containers as allContainers, sandboxes as allSandboxes } from "./cri.ts";
import { CtrError, K8S, socketError, table, units } from "./ctr-context.ts";
import { binarySize, humanDuration } from "./units.ts";

const NERDCTL_FLAGS = [
  flag.string("namespace", "n", "containerd namespace"),
  flag.string("address", "a", "containerd address"),
  flag.bool("version", "v", "version for nerdctl"),
];

/** nerdctl ps, images and namespace ls. */
export const nerdctl: Program = function* (p): Gen<number> {
  try {
    const global = parseFlags(NERDCTL_FLAGS, p.argv.slice(1), false);
    if (isOn(global, "version")) {
      yield* sys.print(p, "nerdctl version 2.0.3\n");
      return 0;
    }
    const [verb = "", ...rest] = global.args;
    const given = parseFlags(
      [
        flag.bool("all", "a", "Show all"),
        flag.bool("quiet", "q", "Only IDs"),
        flag.bool("no-trunc", "", "No truncation"),
      ],
      rest,
    );
    const closed = socketError(p, "/run/containerd/containerd.sock");
    if (closed !== undefined) {
      const hint =
        p.cred.uid === 0
          ? `cannot access containerd socket "/run/containerd/containerd.sock": no such file or directory`
          : "rootless containerd not running? (hint: use `containerd-rootless-setuptool.sh install` to start rootless containerd)";
      yield* sys.printError(p, `level=fatal msg=${JSON.stringify(hint)}\n`);
      return 1;
    }
    const namespace = global.values.get("namespace")?.[0] ?? "default";
    yield* sys.print(p, nerdctlText(p, verb, rest, given, namespace));
    return 0;
  } catch (error) {
    if (!(error instanceof FlagError) && !(error instanceof CtrError)) throw error;
    yield* sys.printError(p, `level=fatal msg=${JSON.stringify(error.message)}\n`);
    return 1;
  }
};

function nerdctlText(p: Process, verb: string, rest: readonly string[], given: Given, namespace: string): string {
  const { now } = p.machine.kernel;
  const quiet = isOn(given, "quiet");
  const short = (id: string) => (isOn(given, "no-trunc") ? id : id.slice(0, 12));
  if (verb === "ps" || (verb === "container" && rest[0] === "ls")) {
    const rows = units(p.machine, namespace).filter(({ status }) => status === "RUNNING" || isOn(given, "all"));
    if (quiet) return rows.map(({ id }) => `${short(id)}\n`).join("");
    const cells = rows.map(({ id, image, status, labels }) => {
      const pod = `k8s://${labels.get("io.kubernetes.pod.namespace")}/${labels.get("io.kubernetes.pod.name")}`;
      const name = labels.get("io.kubernetes.container.name");
      const made =
        allContainers(p.machine).find((one) => one.id === id)?.createdAt ??
        allSandboxes(p.machine).find((one) => one.id === id)?.createdAt ??
        0;
      return [
        short(id),
        image,
        "",
        `${humanDuration(now - made)} ago`,
        status === "RUNNING" ? "Up" : "Created",
        "",
        name ? `${pod}/${name}` : pod,
      ];
    });
    return table("CONTAINER ID\tIMAGE\tCOMMAND\tCREATED\tSTATUS\tPORTS\tNAMES", cells, 4, 4);
  }
  if (verb === "images" || (verb === "image" && rest[0] === "ls")) {
    const list = namespace === K8S ? runtimeOf(p.machine).images.list() : [];
    if (quiet) return list.map(({ image }) => `${short(image.id.slice(7))}\n`).join("");
    const cells = list.map(({ image, pulledAt }) => {
      const colon = image.reference.lastIndexOf(":");
      const name = image.reference.slice(0, colon).replace(/^docker\.io\/(library\/)?/, "");
      const age = `${humanDuration(Math.max(1, now - pulledAt))} ago`;
      return [
        name,
        image.tag,
        short(image.id.slice(7)),
        age,
        "linux/amd64",
        binarySize(image.sizeBytes * 2.6).replace(" ", ""),
        binarySize(image.sizeBytes).replace(" ", ""),
      ];
    });
    return table("REPOSITORY\tTAG\tIMAGE ID\tCREATED\tPLATFORM\tSIZE\tBLOB SIZE", cells, 4, 4);
  }
  if (verb === "namespace" || verb === "ns") {
    const count = units(p.machine, K8S).length;
    return table(
      "NAME\tCONTAINERS\tIMAGES\tVOLUMES\tLABELS",
      [["k8s.io", String(count), String(runtimeOf(p.machine).images.list().length), "0", ""]],
      4,
      4,
    );
  }
  if (verb === "") return "nerdctl is a command line interface for containerd\n\nUsage: nerdctl [flags]\n";
  throw new CtrError(`unknown subcommand "${verb}" for "nerdctl"`);
}
