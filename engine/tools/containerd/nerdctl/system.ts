/** nerdctl version, info, login, logout, build, top, events and system prune. */
import { formatTime } from "../../../api/time.ts";
import { decode, type Gen, WaitQueue, wait } from "../../../kernel/index.ts";
import { KERNEL_RELEASE } from "../../../machine/base/proc.ts";
import { RUNTIME_VERSION } from "../../../machine/runtime/index.ts";
import * as sys from "../../../machine/sys.ts";
import { pruneContainers } from "./change.ts";
import { columns, formatOf, type Nerd, NerdError } from "./context.ts";
import { pruneImages } from "./images.ts";
import { processesOf } from "./life.ts";
import { pruneNetworks } from "./networks.ts";
import { pruneVolumes } from "./volumes.ts";

export const VERSION = "1.7.7";
const COMMIT = "5882c720f4e7f358fb26b759e514b3ae9dd8ea83";
const CONTAINERD_COMMIT = "05044ec0a9a75232cad458027ca83437aae3f4da";
const RUNC_VERSION = "1.2.5";
const RUNC_COMMIT = "v1.2.5-0-g59923ef1";

export function* version(c: Nerd): Gen {
  yield* c.log("warning", 'unable to determine buildctl version: exec: "buildctl": executable file not found in $PATH');
  const shown = {
    Client: {
      Version: `v${VERSION}`,
      GitCommit: COMMIT,
      GoVersion: "go1.22.7",
      Os: "linux",
      Arch: "amd64",
      Components: [{ Name: "buildctl", Version: "" }],
    },
    Server: {
      Components: [
        { Name: "containerd", Version: `v${RUNTIME_VERSION}`, Details: { GitCommit: CONTAINERD_COMMIT } },
        { Name: "runc", Version: RUNC_VERSION, Details: { GitCommit: RUNC_COMMIT } },
      ],
    },
  };
  const format = c.value("format");
  if (format !== "") return yield* c.print(`${formatOf(format).execute(shown)}\n`);
  const component = (name: string, text: string, commit: string) =>
    ` ${name}:\n  Version:\t${text}\n${commit === "" ? "" : `  GitCommit:\t${commit}\n`}`;
  yield* c.print(
    `Client:\n Version:\tv${VERSION}\n OS/Arch:\tlinux/amd64\n Git commit:\t${COMMIT}\n${component("buildctl", "", "")}\n` +
      `Server:\n${component("containerd", `v${RUNTIME_VERSION}`, CONTAINERD_COMMIT)}${component("runc", RUNC_VERSION, RUNC_COMMIT)}`,
  );
}

export function* info(c: Nerd): Gen {
  const { hardware, hostname, machineId, kernel } = c.machine;
  const memory = hardware.memoryKib * 1024;
  const format = c.value("format");
  const stored = sys.find(c.p, "/etc/os-release") ? sys.readText(c.p, "/etc/os-release") : "";
  const system = /^PRETTY_NAME="([^"]*)"/m.exec(stored)?.[1] ?? "Linux";
  const id = machineId.replace(/^(.{8})(.{4})(.{4})(.{4})(.*)$/, "$1-$2-$3-$4-$5");
  if (c.value("mode") === "native" && format === "") {
    return yield* c.print(
      columns(
        [
          ["Namespace:", c.namespace],
          ["Snapshotter:", "overlayfs"],
          ["Cgroup Manager:", "systemd"],
          ["Rootless:", "false"],
          ["containerd Version:", `v${RUNTIME_VERSION} (${CONTAINERD_COMMIT})`],
          ["containerd UUID:", id],
        ],
        1,
        1,
      ),
    );
  }
  if (format !== "") {
    const shown = {
      ID: id,
      Driver: "overlayfs",
      Plugins: { Log: ["fluentd", "journald", "json-file", "syslog"], Storage: ["native", "overlayfs"] },
      MemoryLimit: true,
      SwapLimit: true,
      CpuCfsPeriod: true,
      CpuCfsQuota: true,
      CPUShares: true,
      CPUSet: true,
      PidsLimit: true,
      IPv4Forwarding: true,
      SystemTime: formatTime(kernel.wallMs),
      LoggingDriver: "json-file",
      CgroupDriver: "systemd",
      CgroupVersion: "2",
      KernelVersion: KERNEL_RELEASE,
      OperatingSystem: system,
      OSType: "linux",
      Architecture: "x86_64",
      NCPU: hardware.cpus,
      MemTotal: memory,
      Name: hostname,
      ServerVersion: `v${RUNTIME_VERSION}`,
      SecurityOptions: ["name=apparmor", "name=seccomp,profile=builtin", "name=cgroupns"],
    };
    return yield* c.print(`${formatOf(format).execute(shown)}\n`);
  }
  const lines = [
    "Client:",
    ` Namespace:\t${c.namespace}`,
    ` Debug Mode:\t${c.on("debug")}`,
    "",
    "Server:",
    ` Server Version: v${RUNTIME_VERSION}`,
    " Storage Driver: overlayfs",
    " Logging Driver: json-file",
    " Cgroup Driver: systemd",
    " Cgroup Version: 2",
    " Plugins:",
    "  Log: fluentd journald json-file syslog",
    "  Storage: native overlayfs",
    " Security Options:",
    "  apparmor",
    "  seccomp",
    "   Profile: builtin",
    "  cgroupns",
    ` Kernel Version: ${KERNEL_RELEASE}`,
    ` Operating System: ${system}`,
    " OSType: linux",
    " Architecture: x86_64",
    ` CPUs: ${hardware.cpus}`,
    ` Total Memory: ${Number((memory / 1024 ** 3).toPrecision(4))}GiB`,
    ` Name: ${hostname}`,
    ` ID: ${id}`,
    "",
  ];
  yield* c.print(`${lines.join("\n")}\n`);
}

// ---- registries and builds ------------------------------------------------------------------------------------------

export function* login(c: Nerd): Gen {
  const host = (c.args[0] ?? "index.docker.io").replace(/^https?:\/\//, "").replace(/\/.*$/, "");
  const fromInput = c.on("password-stdin");
  if (c.flags.has("password")) {
    yield* c.log("warning", "WARNING! Using --password via the CLI is insecure. Use --password-stdin.");
    if (fromInput) throw new NerdError("--password and --password-stdin are mutually exclusive");
  }
  if (fromInput && !c.flags.has("username")) throw new NerdError("must provide --username with --password-stdin");
  if (fromInput) yield* sys.readAll(c.p, 0);
  else if (!c.flags.has("password")) {
    if (!c.flags.has("username")) yield* c.print("Enter Username: ");
    if (c.p.fds.get(0)?.tty === undefined)
      throw new NerdError("stdin is not a terminal (Hint: use `nerdctl login --username=USERNAME --password-stdin`)");
    yield* sys.read(c.p, 0);
  }
  const why = `failed to call rh.Client.Do: Get "https://${host}/v2/": dial tcp: lookup ${host.replace(/:\d+$/, "")}: no such host`;
  yield* c.log("error", "failed to call tryLoginWithRegHost", why, " i=0");
  throw new NerdError(why);
}

export function* logout(c: Nerd): Gen {
  yield* c.print(`Removing login credentials for ${c.args[0] ?? "https://index.docker.io/v1/"}\n`);
}

const PING = (dir: string) =>
  `failed to ping to host unix:///run/${dir}/buildkitd.sock: exec: "buildctl": executable file not found in $PATH`;

/** There is no BuildKit. */
function* noBuildkit(c: Nerd): Gen<string> {
  const space = c.namespace === "default" ? "buildkit-default" : `buildkit-${c.namespace}`;
  const tried = `${PING(space)}\n${PING("buildkit")}`;
  const hint =
    "`buildctl` needs to be installed and `buildkitd` needs to be running, see https://github.com/moby/buildkit";
  yield* c.log("error", hint, tried);
  return `no buildkit host is available, tried 2 candidates: ${tried}`;
}

export function* build(c: Nerd): Gen {
  throw new NerdError(yield* noBuildkit(c));
}

export function* compose(): Gen {
  throw new NerdError("no configuration file provided: not found");
}

// ---- the machine ----------------------------------------------------------------------------------------------------

/** Runs `ps` on the machine and shows the container's lines (container/top_unix.go). */
export function* top(c: Nerd): Gen {
  const [word = "", ...options] = c.args;
  const unit = c.one(word);
  if (unit.process === undefined) throw new NerdError(`no running task found: task ${unit.id} not found: not found`);
  if (unit.status !== "RUNNING") return;
  const [reader, writer] = sys.pipe();
  const argv = ["ps", ...(options.length === 0 ? ["-ef"] : options)];
  const ps = yield* sys.spawn(c.p, "/usr/bin/ps", { argv, fds: new Map([[1, writer]]) });
  let text = "";
  for (;;) {
    const bytes = yield* reader.read(65_536);
    if (bytes === "interrupted" || bytes.length === 0) break;
    text += decode(bytes);
  }
  yield* sys.waitFor(c.p, ps);
  const [head = "", ...lines] = text.trimEnd().split("\n");
  const titles = head.trim().split(/\s+/);
  const at = titles.indexOf("PID");
  if (at < 0) throw new NerdError("couldn't find PID field in ps output");
  const pids = new Set(processesOf(c, unit).map(({ pid }) => String(pid)));
  const rows = lines.map((line) => {
    const words = line.trim().split(/\s+/);
    return [...words.slice(0, titles.length - 1), words.slice(titles.length - 1).join(" ")];
  });
  yield* c.print(columns([titles, ...rows.filter((row) => pids.has(row[at]!))], 20, 3));
}

/** What happens from now on: nobody tells of it here, so nothing is printed until somebody ends it. */
export function* events(c: Nerd): Gen {
  const never = new WaitQueue();
  for (;;) if ((yield* wait(never)) === "interrupted") return yield* c.print("");
}

export function* systemPrune(c: Nerd): Gen {
  const tried = yield* noBuildkit(c);
  yield* c.log("warning", "BuildKit is not running. Build caches will not be pruned.", tried);
  const lines = [
    "WARNING! This will remove:",
    "  - all stopped containers",
    "  - all networks not used by at least one container",
    ...(c.on("volumes") ? ["  - all volumes not used by at least one container"] : []),
    c.on("all") ? "  - all images without at least one container associated to them" : "  - all dangling images",
    c.on("all") ? "  - all build cache" : "  - all dangling build cache",
  ];
  if (!(yield* c.agreed(lines.join("\n")))) return;
  yield* pruneContainers(c);
  yield* pruneNetworks(c);
  if (c.on("volumes")) yield* pruneVolumes(c);
  yield* pruneImages(c, c.on("all"));
}
