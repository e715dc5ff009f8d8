/** nerdctl inspect, container inspect and image inspect (pkg/inspecttypes). */
import type { Gen } from "../../../kernel/index.ts";
import type { NamedImage } from "../../../machine/runtime/index.ts";
import { formatNano } from "../../../machine/runtime/log-file.ts";
import * as sys from "../../../machine/sys.ts";
import type { NetNamespace } from "../../../network/index.ts";
import { structJson, toJson } from "../../kubectl/go.ts";
import { GoTemplateError } from "../../kubectl/printers/go-template.ts";
import { containerInfo } from "../cri-info.ts";
import type { Unit } from "../ctr-context.ts";
import { digestOf } from "../named-images.ts";
import { formatOf, HOSTNAME, MOUNTS, type Nerd, NerdError, portsOf, STATE_DIR } from "./context.ts";
import { configOf, historyOf, IMAGE_MADE } from "./image-config.ts";
import { commandWords, createdAt, UNPACKED } from "./list.ts";
import { familiar, imagesFound, layersOf } from "./references.ts";

const NEVER = "0001-01-01T00:00:00Z";

function networkSettings(net: NetNamespace, unit: Unit): object {
  const links = [...net.interfaces.values()].filter(({ name, up }) => name !== "lo" && up);
  const settings = links.map(({ name, addresses, mac }) => {
    const [ip = "", prefix = "0"] = (addresses.find((one) => !one.includes(":")) ?? "").split("/");
    const [ip6 = "", prefix6 = "0"] = (addresses.find((one) => one.includes(":")) ?? "").split("/");
    const own = {
      IPAddress: ip,
      IPPrefixLen: Number(prefix),
      GlobalIPv6Address: ip6,
      GlobalIPv6PrefixLen: Number(prefix6),
      MacAddress: mac,
    };
    return [`unknown-${name}`, own] as const;
  });
  const first = settings[0]?.[1];
  const ports: Record<string, object[]> = {};
  for (const { ContainerPort, Protocol, HostIP, HostPort } of portsOf(unit))
    (ports[`${ContainerPort}/${Protocol}`] ??= []).push({ HostIp: HostIP, HostPort: String(HostPort) });
  return {
    Ports: ports,
    GlobalIPv6Address: first?.GlobalIPv6Address ?? "",
    GlobalIPv6PrefixLen: first?.GlobalIPv6PrefixLen ?? 0,
    IPAddress: first?.IPAddress ?? "",
    IPPrefixLen: first?.IPPrefixLen ?? 0,
    MacAddress: first?.MacAddress ?? "",
    Networks: Object.fromEntries(settings.sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

const sorted = (labels: ReadonlyMap<string, string>): Record<string, string> =>
  Object.fromEntries([...labels].sort(([a], [b]) => (a < b ? -1 : 1)));

const STATES = { RUNNING: "running", PAUSED: "paused", STOPPED: "exited", CREATED: "created" } as const;

/** A container as docker shows it. */
function dockerContainer(c: Nerd, unit: Unit): object {
  const { id, labels, status, process, container } = unit;
  const { epochMs } = c.machine.kernel;
  const [Path = "", ...Args] = commandWords(unit);
  const dir = labels.get(STATE_DIR);
  const file = (name: string) => (dir && sys.find(c.p, `${dir}/${name}`) ? `${dir}/${name}` : "");
  const alive = status === "RUNNING" || status === "PAUSED";
  const restarting = labels.get("containerd.io/restart.status") === "running";
  const started = process !== undefined;
  const mounts = labels.has(MOUNTS) ? (JSON.parse(labels.get(MOUNTS)!) as object[]) : null;
  return {
    Id: id,
    Created: formatNano(epochMs, createdAt(unit)),
    Path,
    Args: Args.length === 0 ? null : Args,
    State: {
      Status: started ? STATES[status] : "",
      Running: status === "RUNNING",
      Paused: status === "PAUSED",
      Restarting: restarting,
      Pid: started ? process.pid : 0,
      ExitCode: status === "STOPPED" ? (container?.exitCode ?? 0) : 0,
      Error: "",
      FinishedAt: !started ? "" : status === "STOPPED" ? formatNano(epochMs, container?.finishedAt ?? 0) : NEVER,
    },
    Image: unit.image,
    ResolvConfPath: file("resolv.conf"),
    HostnamePath: file("hostname"),
    LogPath: file(`${id}-json.log`),
    Name: labels.get("nerdctl/name") ?? "",
    RestartCount: restarting ? Number(labels.get("containerd.io/restart.count") ?? "0") : 0,
    Driver: "overlayfs",
    Platform: "linux",
    AppArmorProfile: "",
    Mounts: mounts,
    Config: {
      ...(labels.has(HOSTNAME) && { Hostname: labels.get(HOSTNAME) }),
      AttachStdin: false,
      Labels: sorted(labels),
    },
    NetworkSettings: alive ? networkSettings(container?.sandbox.net ?? process!.ns.net, unit) : null,
  };
}

/** A container as containerd has it. */
function nativeContainer(c: Nerd, unit: Unit): object {
  const { id, labels, container, process, status } = unit;
  const at = formatNano(c.machine.kernel.epochMs, createdAt(unit));
  const alive = status === "RUNNING" || status === "PAUSED";
  const spec = container === undefined ? undefined : JSON.parse(toJson(containerInfo(container).runtimeSpec));
  return {
    ID: id,
    Labels: sorted(labels),
    Image: unit.image,
    Runtime: { Name: "io.containerd.runc.v2", Options: { type_url: "containerd.runc.v1.Options" } },
    SnapshotKey: id,
    Snapshotter: "overlayfs",
    CreatedAt: at,
    UpdatedAt: at,
    Extensions: {},
    SandboxID: unit.bare === undefined ? (container?.sandbox.id ?? id) : "",
    ...(spec && { Spec: spec }),
    ...(process && {
      Process: {
        Pid: process.pid,
        Status: {
          Status: alive ? STATES[status] : "stopped",
          ExitStatus: status === "STOPPED" ? (container?.exitCode ?? 0) : 0,
          ExitTime: status === "STOPPED" ? formatNano(c.machine.kernel.epochMs, container?.finishedAt ?? 0) : NEVER,
        },
      },
    }),
  };
}

/** An image as docker shows it. */
function dockerImage(named: NamedImage): object {
  const { image, name, commit } = named;
  const { Env, Cmd, Entrypoint, WorkingDir, User, ExposedPorts, Volumes } = configOf(named);
  const short = familiar(name);
  const digestName = short.replace(/:[^/:]*$/, "").replace(/@.*$/, "");
  return {
    Id: image.id,
    RepoTags: /@|^sha256:/.test(name) ? [] : [short],
    RepoDigests: [`${digestName}@${digestOf(image)}`],
    Comment: commit?.comment ?? "",
    Created: IMAGE_MADE,
    Author: commit?.author ?? "",
    Config: {
      ...(User && { User }),
      AttachStdin: false,
      ...(ExposedPorts && { ExposedPorts }),
      ...(Env && { Env }),
      ...(Cmd && { Cmd }),
      ...(Volumes && { Volumes }),
      ...(WorkingDir && { WorkingDir }),
      ...(Entrypoint && { Entrypoint }),
    },
    Architecture: "amd64",
    Os: "linux",
    Size: Math.round(image.sizeBytes * UNPACKED),
    RootFS: { Type: "layers", Layers: layersOf(named) },
    Metadata: { LastTagTime: NEVER },
  };
}

/** An image as containerd has it. */
function nativeImage(c: Nerd, named: NamedImage): object {
  const { image, name, labels, createdAt: at } = named;
  const time = formatNano(c.machine.kernel.epochMs, at);
  const manifest = "application/vnd.docker.distribution.manifest.v2+json";
  const target = { mediaType: manifest, digest: digestOf(image), size: 610 };
  const config = { mediaType: "application/vnd.docker.container.image.v1+json", digest: image.id, size: 1456 };
  return {
    Image: {
      Name: name,
      Labels: labels.size === 0 ? null : sorted(labels),
      Target: target,
      CreatedAt: time,
      UpdatedAt: time,
    },
    ManifestDesc: target,
    Manifest: {
      schemaVersion: 2,
      mediaType: manifest,
      config,
      layers: layersOf(named).map((digest) => ({
        mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip",
        digest,
        size: image.sizeBytes,
      })),
    },
    ImageConfigDesc: config,
    ImageConfig: {
      created: IMAGE_MADE,
      architecture: "amd64",
      os: "linux",
      config: configOf(named),
      rootfs: { type: "layers", diff_ids: layersOf(named) },
      history: historyOf(named).map(({ created, createdBy, comment }) => ({
        created,
        created_by: createdBy,
        ...(comment && { comment }),
      })),
    },
    size: Math.round(image.sizeBytes * UNPACKED),
  };
}

/** Prints the objects, or each through the template; a template's failure is only told of. */
function* show(c: Nerd, list: readonly object[]): Gen {
  if (list.length === 0) return;
  const format = c.value("format");
  if (format === "") return yield* c.print(`${structJson(list, "    ")}\n`);
  const template = formatOf(format);
  for (const one of list) {
    try {
      yield* c.print(`${template.execute(one)}\n`);
    } catch (error) {
      if (!(error instanceof GoTemplateError)) throw error;
      return yield* c.log("error", `template parsing error: ${error.message}`);
    }
  }
}

function* containerShown(c: Nerd, unit: Unit): Gen<object> {
  const mode = modeOf(c);
  if (unit.status === "STOPPED") {
    const why = `failed to Statfs "/proc/${unit.process?.pid}/ns/net": no such file or directory`;
    yield* c.log("warning", "failed to inspect NetNS", why, ` id=${unit.id}`);
  }
  return mode === "native" ? nativeContainer(c, unit) : dockerContainer(c, unit);
}

function imageShown(c: Nerd, image: NamedImage): object {
  return modeOf(c) === "native" ? nativeImage(c, image) : dockerImage(image);
}

function modeOf(c: Nerd): string {
  const mode = c.value("mode", "dockercompat");
  if (mode !== "native" && mode !== "dockercompat")
    throw new NerdError(`${JSON.stringify(mode)} is not a valid value for --mode`);
  return mode;
}

export function* inspectContainer(c: Nerd): Gen {
  const out: object[] = [];
  const errors: string[] = [];
  for (const word of c.args) {
    try {
      out.push(yield* containerShown(c, c.one(word, `no such container: ${word}`)));
    } catch (error) {
      if (!(error instanceof NerdError)) throw error;
      errors.push(error.message);
    }
  }
  yield* show(c, out);
  yield* c.fail(errors);
}

export function* inspectImage(c: Nerd): Gen {
  const out: object[] = [];
  const errors: string[] = [];
  for (const word of c.args) {
    const [image] = imagesFound(c, word);
    if (image === undefined) errors.push(`no such image: ${word}`);
    else out.push(imageShown(c, image));
  }
  yield* show(c, out);
  yield* c.fail(errors);
}

/** inspect: a container, or else an image. */
export function* inspect(c: Nerd): Gen {
  const type = c.value("type");
  if (!["", "container", "image"].includes(type))
    throw new NerdError(`${JSON.stringify(type)} is not a valid value for --type`);
  const out: object[] = [];
  const errors: string[] = [];
  for (const word of c.args) {
    const units = type === "image" ? [] : c.found(word);
    const [image] = type === "container" ? [] : imagesFound(c, word);
    if (units.length > 1) errors.push(`multiple IDs found with provided prefix: ${word}`);
    else if (units[0]) out.push(yield* containerShown(c, units[0]));
    else if (image) out.push(imageShown(c, image));
    else errors.push(`no such object ${word}`);
  }
  yield* show(c, out);
  if (errors.length > 0) throw new NerdError(`${errors.length} errors: [${errors.join(" ")}]`);
}
