import { CONNTRACK_TIMEOUTS } from "../../netfilter/index.ts";
import type { NetNamespace } from "../../network/index.ts";
import { Errno } from "../errno.ts";
import { type DirNode, dirNode, type Inode } from "../inode.ts";
import type { Namespaces } from "../process.ts";
import { computed, KERNEL_RELEASE, KERNEL_VERSION } from "./proc.ts";

/** What /proc/sys begins with on a cluster machine: Debian's values, and what kubeadm's guide and kubelet set. */
const SETTINGS: Readonly<Record<string, string>> = {
  "fs.file-max": "9223372036854775807",
  "fs.inotify.max_user_instances": "128",
  "fs.inotify.max_user_watches": "29414",
  "fs.nr_open": "1048576",
  "kernel.keys.root_maxbytes": "25000000",
  "kernel.keys.root_maxkeys": "1000000",
  "kernel.panic": "10",
  "kernel.panic_on_oops": "1",
  "kernel.randomize_va_space": "2",
  "kernel.msgmax": "8192",
  "kernel.msgmnb": "16384",
  "kernel.msgmni": "32000",
  "kernel.sem": "32000\t1024000000\t500\t32000",
  "kernel.shm_rmid_forced": "0",
  "kernel.shmall": "18446744073692774399",
  "kernel.shmmax": "18446744073692774399",
  "kernel.shmmni": "4096",
  "kernel.threads-max": "31230",
  "kernel.yama.ptrace_scope": "0",
  "net.bridge.bridge-nf-call-arptables": "1",
  "net.bridge.bridge-nf-call-ip6tables": "1",
  "net.bridge.bridge-nf-call-iptables": "1",
  "net.core.rmem_max": "212992",
  "net.core.somaxconn": "4096",
  "net.core.wmem_max": "212992",
  "net.ipv4.conf.all.forwarding": "1",
  "net.ipv4.conf.all.rp_filter": "0",
  "net.ipv4.conf.default.rp_filter": "0",
  "net.ipv4.ip_forward": "1",
  "net.ipv4.ip_local_port_range": "32768\t60999",
  "net.ipv4.ip_unprivileged_port_start": "1024",
  "net.ipv4.ping_group_range": "0\t2147483647",
  "net.ipv4.tcp_fin_timeout": "60",
  "net.ipv4.tcp_keepalive_intvl": "75",
  "net.ipv4.tcp_keepalive_probes": "9",
  "net.ipv4.tcp_keepalive_time": "7200",
  "net.ipv4.tcp_max_syn_backlog": "256",
  "net.ipv4.tcp_syncookies": "1",
  "net.ipv6.conf.all.disable_ipv6": "1",
  "net.ipv6.conf.all.forwarding": "0",
  "net.ipv6.conf.default.disable_ipv6": "1",
  "vm.dirty_ratio": "20",
  "vm.max_map_count": "65530",
  "vm.overcommit_memory": "1",
  "vm.panic_on_oom": "0",
  "vm.swappiness": "60",
  "fs.aio-max-nr": "65536",
  "fs.inotify.max_queued_events": "16384",
  "fs.pipe-max-size": "1048576",
  "fs.protected_fifos": "1",
  "fs.protected_hardlinks": "1",
  "fs.protected_regular": "2",
  "fs.protected_symlinks": "1",
  "kernel.core_pattern": "core",
  "kernel.dmesg_restrict": "1",
  "kernel.kptr_restrict": "0",
  "kernel.numa_balancing": "0",
  "kernel.perf_event_paranoid": "3",
  "kernel.printk": "4\t4\t1\t7",
  "kernel.sched_rt_runtime_us": "950000",
  "kernel.sysrq": "438",
  "kernel.unprivileged_bpf_disabled": "2",
  "kernel.unprivileged_userns_clone": "1",
  "net.core.bpf_jit_enable": "1",
  "net.core.default_qdisc": "pfifo_fast",
  "net.core.netdev_budget": "300",
  "net.core.netdev_budget_usecs": "8000",
  "net.core.netdev_max_backlog": "1000",
  "net.core.rmem_default": "212992",
  "net.core.rps_sock_flow_entries": "0",
  "net.core.wmem_default": "212992",
  "net.ipv4.conf.all.accept_redirects": "0",
  "net.ipv4.conf.all.accept_source_route": "0",
  "net.ipv4.conf.all.arp_announce": "0",
  "net.ipv4.conf.all.arp_ignore": "0",
  "net.ipv4.conf.all.log_martians": "0",
  "net.ipv4.conf.all.route_localnet": "1",
  "net.ipv4.conf.all.secure_redirects": "1",
  "net.ipv4.conf.all.send_redirects": "1",
  "net.ipv4.conf.default.accept_redirects": "1",
  "net.ipv4.conf.default.accept_source_route": "1",
  "net.ipv4.conf.default.send_redirects": "1",
  "net.ipv4.icmp_echo_ignore_all": "0",
  "net.ipv4.icmp_echo_ignore_broadcasts": "1",
  "net.ipv4.ip_nonlocal_bind": "0",
  "net.ipv4.neigh.default.gc_thresh1": "128",
  "net.ipv4.neigh.default.gc_thresh2": "512",
  "net.ipv4.neigh.default.gc_thresh3": "1024",
  "net.ipv4.tcp_available_congestion_control": "reno cubic",
  "net.ipv4.tcp_congestion_control": "cubic",
  "net.ipv4.tcp_max_tw_buckets": "8192",
  "net.ipv4.tcp_mem": "45393\t60526\t90786",
  "net.ipv4.tcp_retries2": "15",
  "net.ipv4.tcp_rmem": "4096\t131072\t6291456",
  "net.ipv4.tcp_syn_retries": "6",
  "net.ipv4.tcp_tw_reuse": "2",
  "net.ipv4.tcp_wmem": "4096\t16384\t4194304",
  // net/netfilter/ipvs/ip_vs_ctl.c
  "net.ipv4.vs.am_droprate": "10",
  "net.ipv4.vs.amemthresh": "1024",
  "net.ipv4.vs.backup_only": "0",
  "net.ipv4.vs.cache_bypass": "0",
  "net.ipv4.vs.conn_reuse_mode": "1",
  "net.ipv4.vs.conntrack": "0",
  "net.ipv4.vs.drop_entry": "0",
  "net.ipv4.vs.drop_packet": "0",
  "net.ipv4.vs.expire_nodest_conn": "0",
  "net.ipv4.vs.expire_quiescent_template": "0",
  "net.ipv4.vs.ignore_tunneled": "0",
  "net.ipv4.vs.nat_icmp_send": "0",
  "net.ipv4.vs.pmtu_disc": "1",
  "net.ipv4.vs.run_estimation": "1",
  "net.ipv4.vs.schedule_icmp": "0",
  "net.ipv4.vs.secure_tcp": "0",
  "net.ipv4.vs.sloppy_sctp": "0",
  "net.ipv4.vs.sloppy_tcp": "0",
  "net.ipv4.vs.snat_reroute": "1",
  "net.ipv6.conf.all.accept_ra": "1",
  "net.ipv6.conf.lo.disable_ipv6": "1",
  "vm.dirty_background_ratio": "10",
  "vm.drop_caches": "0",
  "vm.min_free_kbytes": "45056",
  "vm.nr_hugepages": "0",
  "vm.numa_stat": "1",
  "vm.overcommit_ratio": "50",
  "vm.vfs_cache_pressure": "100",
  "vm.zone_reclaim_mode": "0",
};

/** Of connections that are kept track of: timeouts in seconds, and what a kernel of less than 4 GiB begins with. */
const CONNTRACK: Readonly<Record<string, number>> = {
  ...{ acct: 0, buckets: 65_536, checksum: 1, events: 2, expect_max: 1024, generic_timeout: 600, gre_timeout: 30 },
  ...{ gre_timeout_stream: 180, icmpv6_timeout: 30, log_invalid: 0, max: 65_536, tcp_be_liberal: 0 },
  ...{ tcp_ignore_invalid_rst: 0, tcp_loose: 1, tcp_max_retrans: 3, tcp_timeout_close: 10 },
  ...{ tcp_timeout_close_wait: 60, tcp_timeout_fin_wait: 120, tcp_timeout_last_ack: 30 },
  ...{ tcp_timeout_max_retrans: 300, tcp_timeout_syn_recv: 60, tcp_timeout_unacknowledged: 300, timestamp: 0 },
  ...CONNTRACK_TIMEOUTS,
};

/** Other names of a setting. */
const SAME: Readonly<Record<string, string>> = { "net.ipv4.conf.all.forwarding": "net.ipv4.ip_forward" };

/**
 * /proc/sys of a procfs. What is written stays, of the network in its namespace; the uts namespace's name is read where
 * it stands.
 */
export function sysctlTree(ns: Pick<Namespaces, "uts" | "net">): DirNode {
  return directory(() => {
    const conntrack = Object.entries(CONNTRACK).map(
      ([name, value]) => [`net.netfilter.nf_conntrack_${name}`, String(value)] as const,
    );
    const values = [...Object.entries(SETTINGS), ...conntrack, ...(ns.uts.sysctls ?? [])];
    const leaves = new Map<string, Inode>(
      values.map(([name, value]) => [name, name.startsWith("net.") ? ofNetwork(ns.net, name, value) : setting(value)]),
    );
    leaves.set(
      "net.netfilter.nf_conntrack_count",
      told(() => String(ns.net.netfilter?.conntrack.list(ns.net.network.kernel.now).length ?? 0)),
    );
    leaves.set(
      "kernel.hostname",
      computed(() => `${ns.uts.hostname}\n`, 0o644),
    );
    for (const [name, value] of Object.entries(TOLD)) {
      leaves.set(
        `kernel.${name}`,
        told(() => value),
      );
    }
    if (!leaves.has("kernel.pid_max")) leaves.set("kernel.pid_max", setting("4194304"));
    return leaves;
  });
}

/** A tree from dotted names, made when somebody looks. */
function directory(leaves: () => ReadonlyMap<string, Inode>): DirNode {
  return dirNode({ mode: 0o555 }, () => {
    const out = new Map<string, Inode>();
    const below = new Map<string, Map<string, Inode>>();
    for (const [name, node] of [...leaves()].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const dot = name.indexOf(".");
      if (dot < 0) {
        out.set(name, node);
        continue;
      }
      const first = name.slice(0, dot);
      let inner = below.get(first);
      if (inner === undefined) below.set(first, (inner = new Map()));
      inner.set(name.slice(dot + 1), node);
    }
    for (const [name, inner] of below)
      out.set(
        name,
        directory(() => inner),
      );
    return out;
  });
}

const TOLD = { osrelease: KERNEL_RELEASE, ostype: "Linux", version: KERNEL_VERSION };

/** What may only be read. */
function told(text: () => string): Inode {
  return computed(
    () => `${text()}\n`,
    0o444,
    () => {
      throw new Errno("EPERM");
    },
  );
}

/** A setting of a network namespace. */
function ofNetwork(net: NetNamespace, given: string, initial: string): Inode {
  const name = SAME[given] ?? given;
  return setting(initial, { read: () => net.settings.get(name), write: (value) => net.set(name, value) });
}

/** A writable value; `place`: where it is kept once it was changed. */
function setting(initial: string, place?: { read(): string | undefined; write(value: string): void }): Inode {
  let own = initial;
  const read = () => place?.read() ?? own;
  return computed(
    () => `${read()}\n`,
    0o644,
    (bytes) => {
      const value = read();
      const given = String.fromCharCode(...bytes.subarray(0, 64)).trim();
      // The kernel takes as many numbers as there are, and nothing else for them.
      if (/^-?\d[\d\t-]*$/.test(value) && !/^-?\d+([\t ]+-?\d+)*$/.test(given)) throw new Errno("EINVAL");
      const changed = given.replace(/[ \t]+/g, /^[\d\t -]+$/.test(given) ? "\t" : " ");
      if (place === undefined) own = changed;
      else place.write(changed);
    },
  );
}
