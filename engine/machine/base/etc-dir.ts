import { type DirNode, dirNode, fileNode, type Inode, symlinkNode } from "../inode.ts";
import type { Machine } from "../machine.ts";
import { containerdConfig } from "../runtime/containerd-config.ts";
import { snapshot } from "../runtime/snapshot.ts";
import * as etc from "./etc.ts";
import { AT, dir, isNode, text } from "./nodes.ts";
import { enabledUnits, type Role } from "./units.ts";

export interface BaseOptions {
  role?: Role;
  /** Names of programs to install; by default all the machine knows that belong on a machine of its role. */
  programs?: Iterable<string>;
  /** Lines of /etc/hosts for the other machines. */
  hosts?: readonly { address: string; names: readonly string[] }[];
  nameservers?: readonly string[];
}

/** /etc/apt: Debian's sources, and on nodes those of kubeadm's packages. */
function aptEntries(role: Role): Map<string, Inode> {
  const lists = isNode(role) ? new Map([["kubernetes.list", text(etc.KUBERNETES_LIST)]]) : new Map<string, Inode>();
  return new Map<string, Inode>([
    ["apt.conf.d", dir()],
    ["keyrings", dir()],
    ["preferences.d", dir()],
    ["sources.list", text(etc.SOURCES_LIST)],
    ["sources.list.d", dir(() => lists)],
    ["trusted.gpg.d", dir()],
  ]);
}

/** /etc of a machine: that of its role, and the few files that are its own. */
export function etcDir(machine: Machine, role: Role, { hosts = [], nameservers = [] }: BaseOptions): DirNode {
  const { hostname, machineId } = machine;
  let shared = etcs.get(role);
  if (shared === undefined) etcs.set(role, (shared = dir(() => etcEntries(role))));
  const etcDir = snapshot(shared, machine.programs);
  const { load } = etcDir;
  etcDir.load = () => {
    const entries = load!();
    entries.set("hostname", text(`${hostname}\n`));
    entries.set("hosts", text(etc.hostsFile({ hostname, machineId, hosts, nameservers })));
    entries.set("machine-id", text(`${machineId}\n`, 0o444));
    entries.set("resolv.conf", text(nameservers.map((address) => `nameserver ${address}\n`).join("")));
    return entries;
  };
  return etcDir;
}

/** /etc of all machines of a role, in whichever session. */
const etcs = new Map<Role, DirNode>();

/** What is a machine's own stands here empty, for its place among the others. */
function etcEntries(role: Role): Map<string, Inode> {
  return new Map<string, Inode>([
    ["apt", dir(() => aptEntries(role))],
    ["bash.bashrc", text(etc.BASH_BASHRC)],
    ["bash_completion", text(". /usr/share/bash-completion/bash_completion\n")],
    ["bash_completion.d", dir()],
    ...(isNode(role)
      ? ([
          ["containerd", dir(() => new Map([["config.toml", text(containerdConfig(true))]]))],
          ["crictl.yaml", text("runtime-endpoint: unix:///run/containerd/containerd.sock\n")],
          ["modules-load.d", dir(() => new Map([["k8s.conf", text("overlay\nbr_netfilter\n")]]))],
        ] as const)
      : []),
    ["cron.d", dir()],
    ["cron.daily", dir()],
    ["cron.hourly", dir()],
    ["cron.monthly", dir()],
    ["cron.weekly", dir()],
    ["crontab", text(etc.CRONTAB)],
    ["debian_version", text("12.10\n")],
    [
      "default",
      dir(
        () =>
          new Map([
            ["kubelet", text("KUBELET_EXTRA_ARGS=\n")],
            ["useradd", text("SHELL=/bin/sh\n")],
          ]),
      ),
    ],
    ["environment", text("")],
    ["fstab", text(etc.FSTAB)],
    ["group", text(etc.GROUP)],
    ["host.conf", text("multi on\n")],
    ["hostname", text("")],
    ["hosts", text("")],
    ["iproute2", dir(() => new Map([["rt_tables", text(etc.RT_TABLES)]]))],
    ["issue", text("Debian GNU/Linux 12 \\n \\l\n\n")],
    ["localtime", symlinkNode("/usr/share/zoneinfo/Etc/UTC", AT)],
    ["login.defs", text(etc.LOGIN_DEFS)],
    ["machine-id", text("")],
    ["motd", text(etc.MOTD)],
    ["mtab", symlinkNode("../proc/self/mounts", AT)],
    ["nsswitch.conf", text(etc.NSSWITCH)],
    ["os-release", symlinkNode("../usr/lib/os-release", AT)],
    ["passwd", text(etc.PASSWD)],
    ["profile", text(etc.PROFILE)],
    ["profile.d", dir()],
    ["resolv.conf", text("")],
    ["services", text(etc.SERVICES)],
    ["protocols", text(etc.PROTOCOLS)],
    ["shadow", fileNode(etc.shadow(), { ...AT, mode: 0o640, gid: 42 })],
    ["shells", text("/bin/sh\n/usr/bin/sh\n/bin/bash\n/usr/bin/bash\n/bin/dash\n/usr/bin/dash\n")],
    [
      "ssh",
      dir(
        () =>
          new Map([
            [
              "sshd_config",
              text(
                "PermitRootLogin prohibit-password\nUsePAM yes\nX11Forwarding yes\nPrintMotd no\nAcceptEnv LANG LC_*\n",
              ),
            ],
          ]),
      ),
    ],
    [
      "skel",
      dir(
        () =>
          new Map([
            [".bashrc", text(etc.USER_BASHRC)],
            [".profile", text(etc.USER_PROFILE)],
          ]),
      ),
    ],
    ["sudoers", text(etc.SUDOERS, 0o440)],
    [
      "sudoers.d",
      dirNode(
        { ...AT, mode: 0o750 },
        () => new Map([["learner", text("learner ALL=(ALL:ALL) NOPASSWD:ALL\n", 0o440)]]),
      ),
    ],
    ["sysctl.conf", text(etc.SYSCTL_CONF)],
    ["sysctl.d", dir(() => sysctlEntries(role))],
    ["systemd", dir(() => new Map([["system", dir(() => enabledLinks(role))]]))],
    ["timezone", text("Etc/UTC\n")],
    ["tmpfiles.d", dir(() => new Map())],
  ]);
}

function sysctlEntries(role: Role): Map<string, Inode> {
  const usual = symlinkNode("../sysctl.conf", AT);
  if (role === "workstation" || role === "load-balancer") return new Map([["99-sysctl.conf", usual]]);
  const settings =
    "net.bridge.bridge-nf-call-iptables  = 1\nnet.bridge.bridge-nf-call-ip6tables = 1\nnet.ipv4.ip_forward                 = 1\n";
  return new Map<string, Inode>([
    ["99-sysctl.conf", usual],
    ["k8s.conf", text(settings)],
  ]);
}

/** /etc/systemd/system: what `systemctl enable` has linked. */
function enabledLinks(role: Role): Map<string, Inode> {
  const link = (name: string): [string, Inode] => [name, symlinkNode(`/lib/systemd/system/${name}`, AT)];
  return new Map<string, Inode>([
    ["multi-user.target.wants", dir(() => new Map(enabledUnits(role).map(link)))],
    ["sshd.service", symlinkNode("/lib/systemd/system/ssh.service", AT)],
  ]);
}
