/** A module of Debian's kernel: bytes, and the modules that it needs. */
interface Known {
  size: number;
  needs: readonly string[];
  about: string;
}

/** Modules of clusters and their guides, with Debian 12's sizes. */
const KNOWN: ReadonlyMap<string, Known> = new Map(
  `overlay 163840 - Overlay filesystem
br_netfilter 36864 bridge Linux ethernet netfilter firewall bridge
bridge 311296 stp,llc -
stp 16384 llc -
llc 16384 stp -
nf_conntrack 188416 nf_defrag_ipv4,nf_defrag_ipv6 -
nf_defrag_ipv4 16384 - -
nf_defrag_ipv6 24576 - -
nf_nat 57344 nf_conntrack -
nf_tables 303104 - -
nft_chain_nat 16384 nf_nat -
ip_tables 36864 - IPv4 packet filter
ip6_tables 36864 - IPv6 packet filter
iptable_nat 16384 ip_tables,nf_nat iptables legacy nat table
iptable_filter 16384 ip_tables iptables legacy filter table
ip6table_filter 16384 ip6_tables ip6tables legacy filter table
ip_vs 184320 nf_conntrack -
ip_vs_rr 16384 ip_vs -
ip_vs_wrr 16384 ip_vs -
ip_vs_sh 16384 ip_vs -
ip_vs_lc 16384 ip_vs -
ip_vs_wlc 16384 ip_vs -
ip_vs_dh 16384 ip_vs -
ip_vs_sed 16384 ip_vs -
ip_vs_nq 16384 ip_vs -
ip_vs_mh 16384 ip_vs -
ip_set 61440 - core IP set support
ip_set_hash_ip 40960 ip_set -
ip_set_hash_net 49152 ip_set -
xt_set 20480 ip_set Xtables: IP set match and target module
xt_conntrack 16384 nf_conntrack Xtables: connection tracking state match
xt_MASQUERADE 20480 nf_nat Xtables: automatic-address SNAT
vxlan 122880 udp_tunnel Driver for VXLAN encapsulated traffic
udp_tunnel 28672 - IPv4 Foo over UDP tunnel driver
geneve 49152 udp_tunnel Interface driver for GENEVE encapsulated traffic
ipip 20480 ip_tunnel IP/IP protocol decoder library
ip_tunnel 32768 - -
wireguard 94208 udp_tunnel WireGuard secure network tunnel
veth 36864 - Virtual Ethernet Tunnel
tun 61440 - Universal TUN/TAP device driver
dummy 16384 - -
macvlan 28672 - Driver for MAC address based VLANs
ipvlan 40960 - Driver for L3 (IPv6/IPv4) based VLANs
8021q 40960 - -
bonding 200704 - Ethernet Channel Bonding Driver
nbd 61440 - Network Block Device
rbd 122880 libceph RADOS Block Device (RBD) driver
libceph 466944 - Ceph core library
iscsi_tcp 24576 - iSCSI/TCP data-path
dm_crypt 61440 dm_mod -
dm_snapshot 49152 dm_mod -
dm_thin_pool 86016 dm_mod -
dm_mod 184320 - -
loop 36864 - -
nfs 507904 - -
kvm 1101824 - -
uinput 20480 - User level driver support for input subsystem
configs 53248 - Echo the kernel .config file used to build the kernel
softdog 16384 - Software Watchdog Device Driver
zram 40960 - Compressed RAM Block Device
fuse 176128 - Filesystem in Userspace
binfmt_misc 24576 - -`
    .split("\n")
    .map((line) => {
      const [name, size, needs, ...about] = line.split(" ") as [string, string, string, ...string[]];
      const text = about.join(" ");
      return [
        name,
        { size: Number(size), needs: needs === "-" ? [] : needs.split(","), about: text === "-" ? "" : text },
      ];
    }),
);

/** A module's name as the kernel has it. */
export const moduleName = (text: string): string => text.replaceAll("-", "_");

/** What is known of a module; undefined when there is none of that name. */
export const knownModule = (name: string): Known | undefined => KNOWN.get(moduleName(name));

/** The modules that a machine's kernel has loaded, the newest first as /proc/modules lists them. */
export class KernelModules {
  private loaded: string[] = [];

  constructor(names: readonly string[]) {
    for (const name of names) this.load(name);
  }

  has(name: string): boolean {
    return this.loaded.includes(moduleName(name));
  }

  /** Loads a module after what it needs. */
  load(name: string): void {
    const visit = (one: string, above: readonly string[]): void => {
      if (this.loaded.includes(one) || above.includes(one)) return;
      for (const need of KNOWN.get(one)?.needs ?? []) visit(need, [...above, one]);
      if (!this.loaded.includes(one)) this.loaded.unshift(one);
    };
    visit(moduleName(name), []);
  }

  /** Modules that need this one. */
  users(name: string): string[] {
    const own = moduleName(name);
    return this.loaded.filter((one) => one !== own && KNOWN.get(one)?.needs.includes(own) && !mutual(one, own));
  }

  /** Takes a module out, and what nothing else needs any longer; false while another needs it. */
  unload(name: string): boolean {
    const own = moduleName(name);
    if (this.users(own).length > 0) return false;
    this.loaded = this.loaded.filter((one) => one !== own);
    for (const need of KNOWN.get(own)?.needs ?? []) if (this.has(need)) this.unload(need);
    return true;
  }

  /** /proc/modules. */
  text(): string {
    return this.loaded
      .map((name) => {
        const users = this.users(name);
        const by = users.length > 0 ? `${users.join(",")},` : "-";
        return `${name} ${KNOWN.get(name)?.size ?? 16_384} ${users.length} ${by} Live 0x0000000000000000\n`;
      })
      .join("");
  }
}

/** stp and llc name each other; who came first is used by the other. */
const mutual = (a: string, b: string): boolean => a === "llc" && b === "stp";
