/** nerdctl ps, port and stats. */
import type { Gen } from "../../../kernel/index.ts";
import { formatNano } from "../../../machine/runtime/log-file.ts";
import { commandOf } from "../../../machine/runtime/spec.ts";
import { quoteString } from "../../../text/go-quote.ts";
import { usage } from "../cri.ts";
import type { Unit } from "../ctr-context.ts";
import { binarySize, humanDuration } from "../units.ts";
import { columns, fill, formatOf, MOUNTS, type Nerd, NerdError, nameOf, networksOf, portsOf } from "./context.ts";
import { processesOf, wantsRestart } from "./life.ts";
import type { MountPoint } from "./mounts.ts";

/** `Up`, `Exited (0) 3 seconds ago`, `Created` (formatter.ContainerStatus). */
export function statusText(c: Nerd, { status, container, bare }: Unit): string {
  if (status === "RUNNING") return "Up";
  if (status !== "STOPPED") return status === "PAUSED" ? "Paused" : "Created";
  const word = bare && wantsRestart(bare) ? "Restarting" : "Exited";
  return `${word} (${container?.exitCode ?? 0}) ${humanDuration(c.machine.kernel.now - (container?.finishedAt ?? 0))} ago`;
}

/** The words of its command; of a sandbox pause's. */
export const commandWords = ({ container }: Unit): string[] =>
  container === undefined ? ["/pause"] : commandOf(container.image, container.config);

const portText = (unit: Unit): string =>
  portsOf(unit)
    .map(({ HostIP, HostPort, ContainerPort, Protocol }) => `${HostIP}:${HostPort}->${ContainerPort}/${Protocol}`)
    .join(", ");

/** When a container was made, in µs. */
export const createdAt = ({ container, process }: Unit): number => container?.createdAt ?? process?.startedAt ?? 0;

type Test = (unit: Unit) => boolean;

/** What `--filter` asks for (pkg/cmd/container/list_util.go). Throws NerdError. */
function filterOf(c: Nerd, text: string): { about: "info" | "task"; test: Test } {
  const name = ["id", "name", "before", "since", "network", "label", "volume", "status", "exited"].find((one) =>
    text.startsWith(one),
  );
  if (name === undefined) throw new NerdError(`invalid filter '${text}'`);
  const at = text.indexOf("=");
  if (at < 0)
    throw new NerdError(`invalid argument "${name}" for "-f, --filter": bad format of filter (expected name=value)`);
  const value = text.slice(at + 1);
  const info = (test: Test) => ({ about: "info" as const, test });
  if (name === "id") return info(({ id }) => value !== "" && id.startsWith(value));
  if (name === "name") return info((unit) => (unit.labels.get("nerdctl/name") ?? "").includes(value));
  if (name === "network") return info((unit) => networksOf(unit).includes(value));
  if (name === "label") {
    const equals = value.indexOf("=");
    const [key, wanted] = equals < 0 ? [value, undefined] : [value.slice(0, equals), value.slice(equals + 1)];
    return info(({ labels }) => labels.has(key) && (wanted === undefined || labels.get(key) === wanted));
  }
  if (name === "volume")
    return info(({ labels }) =>
      (JSON.parse(labels.get(MOUNTS) ?? "[]") as MountPoint[]).some(
        ({ Source, Destination, Name }) => Source === value || Destination === value || Name === value,
      ),
    );
  if (name === "before" || name === "since") {
    const other = c.containers().find((unit) => unit.id.startsWith(value) || unit.labels.get("nerdctl/name") === value);
    if (other === undefined) throw new NerdError(`no such container ${value}`);
    const then = createdAt(other);
    return info((unit) => (name === "before" ? createdAt(unit) < then : createdAt(unit) > then));
  }
  if (name === "exited") {
    if (!/^[+-]?\d+$/.test(value))
      throw new NerdError(`strconv.Atoi: parsing ${JSON.stringify(value)}: invalid syntax`);
    return {
      about: "task",
      test: ({ status, container }) => status === "STOPPED" && container?.exitCode === Number(value),
    };
  }
  const status = value === "exited" ? "stopped" : value;
  if (!["running", "created", "stopped", "paused", "pausing", "unknown"].includes(status))
    throw new NerdError(`invalid filter '${text}'`);
  return { about: "task", test: (unit) => unit.status === status.toUpperCase() };
}

/** The containers that are wanted, one of a kind of filter is enough. */
function* chosen(c: Nerd): Gen<Unit[]> {
  const filters = c.list("filter").map((text) => ({ kind: /^[a-z]*/.exec(text)![0], ...filterOf(c, text) }));
  const kinds = new Set(filters.map(({ kind }) => kind));
  const out: Unit[] = [];
  for (const unit of c.containers()) {
    const matches = (about: string) =>
      [...kinds].every((kind) => {
        const own = filters.filter((one) => one.kind === kind && one.about === about);
        return own.length === 0 || own.some(({ test }) => test(unit));
      });
    if (!matches("info")) continue;
    if (filters.some(({ about }) => about === "task") && unit.process === undefined) {
      yield* c.log("warning", `no running task found: task ${unit.id} not found: not found`);
      continue;
    }
    if (matches("task")) out.push(unit);
  }
  return out;
}

export function* ps(c: Nerd): Gen {
  let list = yield* chosen(c);
  const last = c.on("latest") ? 1 : Number(c.value("last", "-1"));
  if (last > 0) list = list.sort((a, b) => createdAt(b) - createdAt(a)).slice(0, last);
  else if (!c.on("all")) list = list.filter(({ status }) => status === "RUNNING");
  const format = c.value("format");
  const wide = format === "wide";
  const { now, epochMs } = c.machine.kernel;
  const short = (id: string) => (c.on("no-trunc") ? id : id.slice(0, 12));
  if (c.on("quiet")) return yield* c.print(list.map(({ id }) => `${short(id)}\n`).join(""));
  const size = wide || c.on("size");
  const items = list.map((unit) => ({
    Command: quoteString(cut(commandWords(unit).join(" "), c.on("no-trunc"))),
    CreatedAt: formatNano(epochMs, createdAt(unit)),
    ID: short(unit.id),
    Image: unit.image,
    Platform: unit.labels.get("nerdctl/platform") ?? "",
    Names: nameOf(unit),
    Ports: portText(unit),
    Status: statusText(c, unit),
    Runtime: "io.containerd.runc.v2",
    Size: size ? sizeText(unit) : "",
    Labels: Object.fromEntries(unit.labels),
  }));
  if (!["", "table", "wide"].includes(format)) {
    const template = formatOf(format);
    return yield* c.print(items.map((item) => `${fill(template, item, "*container.ListItem")}\n`).join(""));
  }
  const head = ["CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES"];
  if (wide) head.push("RUNTIME", "PLATFORM");
  if (size) head.push("SIZE");
  const rows = items.map((item, at) => [
    item.ID,
    item.Image,
    item.Command,
    `${humanDuration(now - createdAt(list[at]!))} ago`,
    item.Status,
    item.Ports,
    item.Names,
    ...(wide ? [item.Runtime, item.Platform] : []),
    ...(size ? [item.Size] : []),
  ]);
  yield* c.print(columns([head, ...rows]));
}

/** formatter.Ellipsis: 20 bytes at most. */
function cut(text: string, whole: boolean): string {
  return whole || text.length <= 20 ? text : `${text.slice(0, 19)}…`;
}

/** What a container wrote, and with its image. */
function sizeText({ container }: Unit): string {
  const own = 8192;
  return `${binarySize(own)} (virtual ${binarySize((container?.image.sizeBytes ?? 0) * UNPACKED + own)})`;
}

/** How much larger an image is unpacked than its layers are compressed. */
export const UNPACKED = 2.6;

export function* port(c: Nerd): Gen {
  const [word = "", wanted] = c.args;
  const unit = c.one(word);
  const ports = portsOf(unit);
  if (wanted === undefined) {
    const lines = ports.map((one) => `${one.ContainerPort}/${one.Protocol} -> ${one.HostIP}:${one.HostPort}\n`);
    return yield* c.print(lines.join(""));
  }
  const [number = "", protocol = "tcp"] = wanted.split("/");
  if (!/^\d+$/.test(number)) {
    throw new NerdError(
      `invalid port ${JSON.stringify(number)}: strconv.Atoi: parsing ${JSON.stringify(number)}: invalid syntax`,
    );
  }
  const found = ports.find(({ ContainerPort, Protocol }) => ContainerPort === Number(number) && Protocol === protocol);
  if (found === undefined)
    throw new NerdError(`no public port ${Number(number)}/${protocol} published for "${unit.id}"`);
  yield* c.print(`${found.HostIP}:${found.HostPort}\n`);
}

/** One reading of what containers use; a live view is its first picture. */
export function* stats(c: Nerd): Gen {
  const units =
    c.args.length > 0
      ? c.args.map((word) => c.one(word, `no such container: ${word}`))
      : c.containers().filter(({ status }) => c.on("all") || status === "RUNNING");
  const items = units.map((unit) => {
    const { container, process, id } = unit;
    const used = container ? usage(c.machine, container) : { cpu: 0, memory: (process?.rssKib ?? 0) * 1024 };
    const group = process?.ns.cgroup ?? "";
    const limit = (c.machine.memory.limitOf(group) ?? c.machine.hardware.memoryKib) * 1024;
    const life = Math.max(1, c.machine.kernel.now - (process?.startedAt ?? 0)) * 1000;
    return {
      CPUPerc: `${((used.cpu / life) * 100).toFixed(2)}%`,
      Container: id,
      ID: c.on("no-trunc") ? id : id.slice(0, 12),
      MemPerc: `${((used.memory / limit) * 100).toFixed(2)}%`,
      MemUsage: `${bytesSize(used.memory)} / ${bytesSize(limit)}`,
      Name: unit.labels.get("nerdctl/name") ?? "--",
      NetIO: "0B / 0B",
      BlockIO: "0B / 0B",
      PIDs: String(processesOf(c, unit).length),
    };
  });
  const format = c.value("format");
  if (!["", "table"].includes(format)) {
    const template = formatOf(format);
    return yield* c.print(items.map((item) => `${fill(template, item, "*statsutil.FormattedStatsEntry")}\n`).join(""));
  }
  const head = "CONTAINER ID,NAME,CPU %,MEM USAGE / LIMIT,MEM %,NET I/O,BLOCK I/O,PIDS".split(",");
  const rows = items.map((one) => [
    one.ID,
    one.Name,
    one.CPUPerc,
    one.MemUsage,
    one.MemPerc,
    one.NetIO,
    one.BlockIO,
    one.PIDs,
  ]);
  yield* c.print(columns([head, ...rows], 10, 3));
}

/** units.BytesSize: `556KiB`. */
function bytesSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < 5) {
    value /= 1024;
    unit++;
  }
  return `${Number(value.toPrecision(4))}${["B", "KiB", "MiB", "GiB", "TiB", "PiB"][unit]}`;
}
