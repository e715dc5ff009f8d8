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
  "net.ipv6.conf.all.disable_ipv6": "0",
  "net.ipv6.conf.all.forwarding": "0",
  "net.ipv6.conf.default.disable_ipv6": "0",
  "net.netfilter.nf_conntrack_max": "131072",
  "net.netfilter.nf_conntrack_tcp_timeout_close_wait": "3600",
  "net.netfilter.nf_conntrack_tcp_timeout_established": "86400",
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
  "net.ipv4.vs.conntrack": "0",
  "net.ipv6.conf.all.accept_ra": "1",
  "net.ipv6.conf.lo.disable_ipv6": "0",
  "vm.dirty_background_ratio": "10",
  "vm.drop_caches": "0",
  "vm.min_free_kbytes": "45056",
  "vm.nr_hugepages": "0",
  "vm.numa_stat": "1",
  "vm.overcommit_ratio": "50",
  "vm.vfs_cache_pressure": "100",
  "vm.zone_reclaim_mode": "0",
};

/** /proc/sys of a procfs. What is written stays; the uts namespace's name is read where it stands. */
export function sysctlTree(ns: Pick<Namespaces, "uts">): DirNode {
  return directory(() => {
    const values = [...Object.entries(SETTINGS), ...(ns.uts.sysctls ?? [])];
    const leaves = new Map<string, Inode>(values.map(([name, value]) => [name, setting(value)]));
    leaves.set(
      "kernel.hostname",
      computed(() => `${ns.uts.hostname}\n`, 0o644),
    );
    leaves.set(
      "kernel.osrelease",
      computed(() => `${KERNEL_RELEASE}\n`),
    );
    leaves.set(
      "kernel.ostype",
      computed(() => "Linux\n"),
    );
    leaves.set(
      "kernel.version",
      computed(() => `${KERNEL_VERSION}\n`),
    );
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

/** A writable value. */
function setting(initial: string): Inode {
  let value = initial;
  return computed(
    () => `${value}\n`,
    0o644,
    (bytes) => {
      const given = String.fromCharCode(...bytes.subarray(0, 64)).trim();
      // The kernel takes as many numbers as there are, and nothing else for them.
      if (/^-?\d[\d\t-]*$/.test(value) && !/^-?\d+([\t ]+-?\d+)*$/.test(given)) throw new Errno("EINVAL");
      value = given.replace(/[ \t]+/g, /^[\d\t -]+$/.test(given) ? "\t" : " ");
    },
  );
}
