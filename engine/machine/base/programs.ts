/** Where the files of programs lie on a Debian machine. All other programs lie in /usr/bin. */

/** Programs of /usr/sbin; with those that Debian links from /usr/bin as well the short way is kept. */
export const SBIN: ReadonlySet<string> = new Set([
  "arp",
  "blkid",
  "fdisk",
  "hwclock",
  "losetup",
  "brctl",
  "bridge",
  "cron",
  "adduser",
  "chpasswd",
  "chroot",
  "deluser",
  "ethtool",
  "groupadd",
  "groupdel",
  "groupmod",
  "haproxy",
  "ifconfig",
  "ip6tables",
  "ip6tables-restore",
  "ip6tables-save",
  "conntrack",
  "ipset",
  "iptables",
  "iptables-nft",
  "iptables-nft-restore",
  "iptables-nft-save",
  "iptables-restore",
  "iptables-translate",
  "iptables-save",
  "ipvsadm",
  "ipvsadm-restore",
  "ipvsadm-save",
  "keepalived",
  "modinfo",
  "modprobe",
  "rmmod",
  "nologin",
  "poweroff",
  "reboot",
  "route",
  "runuser",
  "service",
  "shutdown",
  "sshd",
  "sysctl",
  "tc",
  "swapoff",
  "swapon",
  "useradd",
  "userdel",
  "usermod",
  "visudo",
  "xtables-monitor",
  "xtables-nft-multi",
]);

/** Programs of kubeadm's packages and the container runtime: on cluster machines only. */
export const NODE_ONLY: ReadonlySet<string> = new Set([
  "containerd",
  "containerd-shim-runc-v2",
  "crictl",
  "ctr",
  "kubeadm",
  "nerdctl",
  "kubelet",
  "runc",
]);

/** What administrators put on control-plane machines besides. */
export const CONTROL_PLANE_ONLY: ReadonlySet<string> = new Set(["etcdctl", "etcdutl"]);

export const LOAD_BALANCER_ONLY: ReadonlySet<string> = new Set(["haproxy", "keepalived"]);

/** Programs of the control plane, and Alpine's own, which lie on no machine but in images. */
export const IMAGES_ONLY: ReadonlySet<string> = new Set([
  "apk",
  "cni-plugin",
  "coredns",
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-proxy",
  "kube-scheduler",
]);

/** Programs that lie on no machine until their package is installed: they are nothing without its service. */
export const INSTALLED_ONLY: ReadonlySet<string> = new Set(["at", "atd", "atq", "atrm", "batch"]);

/** Programs of /lib/systemd. */
export const LIB_SYSTEMD: ReadonlySet<string> = new Set(["systemd", "systemd-journald", "systemd-logind"]);
