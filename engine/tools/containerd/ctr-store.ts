/** ctr snapshots, content, leases, plugins and info: what containerd keeps, as far as the model has it. */
import * as sys from "../../machine/sys.ts";
import { flag } from "./cli.ts";
import { type Command, CtrError, K8S, on, printList, table, units } from "./ctr-context.ts";
import { binarySize } from "./units.ts";

export const snapshots: Command = {
  names: ["snapshots", "snapshot"],
  usage: "Manage snapshots",
  flags: [
    {
      ...flag.string("snapshotter", "", "Snapshotter name. Empty value stands for the default value."),
      env: "CONTAINERD_SNAPSHOTTER",
    },
  ],
  commands: [
    {
      names: ["list", "ls"],
      usage: "List snapshots",
      *run(c) {
        const layers = new Set<string>();
        if (c.namespace === K8S) for (const { image } of c.runtime.images.list()) layers.add(image.id);
        const active = units(c.p.machine, c.namespace).map(({ id, container }) => [
          id,
          container?.image.id ?? "",
          "Active",
          "",
        ]);
        const rows = [...[...layers].map((id) => [id, "", "Committed", ""]), ...active];
        rows.sort(([a = ""], [b = ""]) => (a < b ? -1 : 1));
        yield* sys.print(c.p, table("KEY\tPARENT\tKIND\t", rows, 1, 1));
      },
    },
  ],
};

export const content: Command = {
  names: ["content"],
  usage: "Manage content",
  commands: [
    {
      names: ["get"],
      usage: "Get the data for an object",
      argsUsage: "[<digest>, ...]",
      description: "display the image object",
      *run(c) {
        const [digest = ""] = c.given.args;
        if (!/^sha256:[0-9a-f]{64}$/.test(digest)) throw new CtrError("invalid checksum digest format");
        throw new CtrError(`content ${digest}: not found`);
      },
    },
    {
      names: ["list", "ls"],
      usage: "List all blobs in the store",
      argsUsage: "[flags]",
      description: "list blobs in the content store",
      flags: [flag.bool("quiet", "q", "Print only the blob digest")],
      *run(c) {
        const list = c.namespace === K8S ? c.runtime.images.list() : [];
        const digest = (text: string) => text.slice(text.indexOf("@") + 1);
        if (on(c, "quiet"))
          return yield* printList(
            c,
            list.map(({ image }) => digest(image.repoDigest)),
          );
        const rows = list.map(({ image }) => `${digest(image.repoDigest)}\t${binarySize(image.sizeBytes)}\t-\t\t-\n`);
        yield* sys.print(c.p, `DIGEST\t\t\t\t\t\t\t\t\tSIZE\tAGE\t\tLABELS\n${rows.join("")}`);
      },
    },
  ],
};

export const leases: Command = {
  names: ["leases"],
  usage: "Manage leases",
  commands: [
    {
      names: ["list", "ls"],
      usage: "List all active leases",
      argsUsage: "[flags] <filter>",
      description: "list active leases by containerd",
      flags: [flag.bool("quiet", "q", "Print only the blob digest")],
      *run(c) {
        yield* sys.print(c.p, on(c, "quiet") ? "" : table("ID\tCREATED AT\tLABELS\t", [], 1, 1));
      },
    },
  ],
};

/** Plugins of containerd 1.7 as a node of the model has them: type, id, platforms, status. */
const PLUGINS: readonly (readonly [type: string, id: string, platforms?: string, status?: string])[] = [
  ["io.containerd.event.v1", "exchange"],
  ["io.containerd.content.v1", "content"],
  ["io.containerd.snapshotter.v1", "native", "linux/amd64"],
  ["io.containerd.snapshotter.v1", "overlayfs", "linux/amd64"],
  ["io.containerd.metadata.v1", "bolt"],
  ["io.containerd.gc.v1", "scheduler"],
  ["io.containerd.runtime.v2", "task", "linux/amd64"],
  ["io.containerd.service.v1", "containers-service"],
  ["io.containerd.service.v1", "images-service"],
  ["io.containerd.service.v1", "namespaces-service"],
  ["io.containerd.service.v1", "tasks-service"],
  ["io.containerd.grpc.v1", "containers"],
  ["io.containerd.grpc.v1", "images"],
  ["io.containerd.grpc.v1", "namespaces"],
  ["io.containerd.grpc.v1", "snapshots"],
  ["io.containerd.grpc.v1", "tasks"],
  ["io.containerd.grpc.v1", "version"],
  ["io.containerd.grpc.v1", "cri", "linux/amd64"],
];

export const plugins: Command = {
  names: ["plugins", "plugin"],
  usage: "Provides information about containerd plugins",
  commands: [
    {
      names: ["list", "ls"],
      usage: "Lists containerd plugins",
      flags: [
        flag.bool("quiet", "q", "Print only the plugin ids"),
        flag.bool("detailed", "d", "Print detailed information about each plugin"),
      ],
      *run(c) {
        const found = PLUGINS.filter(([, id]) => c.given.args.every((filter) => filter === `id==${id}`));
        if (on(c, "quiet"))
          return yield* printList(
            c,
            found.map(([, id]) => id),
          );
        const rows = found.map(([type, id, platforms = "-", status = "ok"]) => [type, id, platforms, status, ""]);
        yield* sys.print(c.p, table("TYPE\tID\tPLATFORMS\tSTATUS\t", rows, 4, 4));
      },
    },
  ],
};

export const info: Command = {
  names: ["info"],
  usage: "Print the server info",
  *run(c) {
    const { machine } = c.p;
    const server = { uuid: machine.machineId, pid: c.runtime.daemon?.pid ?? 0, pidns: 4_026_531_836 };
    yield* sys.print(c.p, `${JSON.stringify({ server }, null, 4)}\n`);
  },
};
