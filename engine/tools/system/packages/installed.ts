/** What is installed: Debian 12's own packages as far as anybody asks, and kubeadm's. */
import type { Process } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import { COMPONENTS, installedRelease } from "./kubernetes.ts";

export interface Package {
  name: string;
  version: string;
  /** `amd64` or `all`. */
  architecture: string;
  description: string;
  section: string;
  /** Programs that come with it. */
  files: readonly string[];
}

const DEBIAN = `
adduser 3.134 all admin add and remove users and groups|/usr/sbin/adduser /usr/sbin/deluser
apt 2.6.1 amd64 admin commandline package manager|/usr/bin/apt /usr/bin/apt-get /usr/bin/apt-cache /usr/bin/apt-mark
bash 5.2.15-2+b7 amd64 shells GNU Bourne Again SHell|/usr/bin/bash
bash-completion 1:2.11-6 all shells programmable completion for the bash shell|
bsdutils 1:2.38.1-5+deb12u3 amd64 utils basic utilities from 4.4BSD-Lite|/usr/bin/logger
ca-certificates 20230311+deb12u1 all misc Common CA certificates|
coreutils 9.1-1 amd64 utils GNU core utilities|/usr/bin/ls /usr/bin/cp /usr/bin/cat
cron 3.0pl1-162 amd64 admin process scheduling daemon|/usr/sbin/cron /usr/bin/crontab
curl 7.88.1-10+deb12u12 amd64 web command line tool for transferring data with URL syntax|/usr/bin/curl
dash 0.5.12-2 amd64 shells POSIX-compliant shell|/usr/bin/dash
debianutils 5.7-0.5~deb12u1 amd64 utils Miscellaneous utilities specific to Debian|/usr/bin/which
diffutils 1:3.8-4 amd64 utils File comparison utilities|/usr/bin/diff
dnsutils 1:9.18.33-1~deb12u2 all net Transitional package for bind9-dnsutils|/usr/bin/dig /usr/bin/nslookup
dpkg 1.21.22 amd64 admin Debian package management system|/usr/bin/dpkg
findutils 4.9.0-4 amd64 utils utilities for finding files--find, xargs|/usr/bin/find /usr/bin/xargs
gawk 1:5.2.1-2 amd64 interpreters GNU awk, a pattern scanning and processing language|/usr/bin/awk
grep 3.8-5 amd64 utils GNU grep, egrep and fgrep|/usr/bin/grep
gzip 1.12-1 amd64 utils GNU compression utilities|/usr/bin/gzip
hostname 3.23+nmu1 amd64 admin utility to set/show the host name or domain name|/usr/bin/hostname
iproute2 6.1.0-3 amd64 net networking and traffic control tools|/usr/bin/ip /usr/bin/ss
iptables 1.8.9-2 amd64 net administration tools for packet filtering and NAT|/usr/sbin/iptables
iputils-ping 3:20221126-1+deb12u1 amd64 net Tools to test the reachability of network hosts|/usr/bin/ping
jq 1.6-2.1+deb12u1 amd64 utils lightweight and flexible command-line JSON processor|/usr/bin/jq
kmod 30+20221128-1 amd64 admin tools for managing Linux kernel modules|/usr/sbin/modprobe
libc6 2.36-9+deb12u10 amd64 libs GNU C Library: Shared libraries|
linux-image-6.1.0-32-amd64 6.1.129-1 amd64 kernel Linux 6.1 for 64-bit PCs (signed)|
mount 2.38.1-5+deb12u3 amd64 admin tools for mounting and manipulating filesystems|/usr/bin/mount
nano 7.2-1+deb12u1 amd64 editors small, friendly text editor inspired by Pico|/usr/bin/nano
netcat-openbsd 1.219-1 amd64 net TCP/IP swiss army knife|/usr/bin/nc
openssh-client 1:9.2p1-2+deb12u5 amd64 net secure shell (SSH) client, for secure access to remote machines|/usr/bin/ssh /usr/bin/scp
openssh-server 1:9.2p1-2+deb12u5 amd64 net secure shell (SSH) server, for secure access from remote machines|/usr/sbin/sshd
openssl 3.0.15-1~deb12u1 amd64 utils Secure Sockets Layer toolkit - cryptographic utility|/usr/bin/openssl
passwd 1:4.13+dfsg1-1+deb12u1 amd64 admin change and administer password and group data|/usr/bin/passwd /usr/sbin/useradd
procps 2:4.0.2-3 amd64 admin /proc file system utilities|/usr/bin/ps /usr/bin/top
sed 4.9-1 amd64 utils GNU stream editor for filtering/transforming text|/usr/bin/sed
sudo 1.9.13p3-1+deb12u1 amd64 admin Provide limited super user privileges to specific users|/usr/bin/sudo
systemd 252.36-1~deb12u1 amd64 admin system and service manager|/usr/bin/systemctl /usr/bin/journalctl
tar 1.34+dfsg-1.2+deb12u1 amd64 utils GNU version of the tar archiving utility|/usr/bin/tar
util-linux 2.38.1-5+deb12u3 amd64 utils miscellaneous system utilities|/usr/bin/dmesg
vim 2:9.0.1378-2+deb12u2 amd64 editors Vi IMproved - enhanced vi editor|/usr/bin/vim
wget 1.21.3-1+deb12u1 amd64 web retrieves files from the web|/usr/bin/wget
`;

const NODE = `
conntrack 1:1.4.7-1+b2 amd64 net Program to modify the conntrack tables|
containerd.io 1.7.27-1 amd64 devel An open and reliable container runtime|/usr/bin/containerd /usr/bin/ctr
cri-tools 1.32.0-1.1 amd64 admin Command-line utility for interacting with a container runtime|/usr/bin/crictl
ebtables 2.0.11-5 amd64 net Ethernet bridge frame table administration|
ethtool 1:6.1-1 amd64 net display or change Ethernet device settings|
kubeadm 1.32.3-1.1 amd64 admin Command-line utility for administering a Kubernetes cluster|/usr/bin/kubeadm
kubectl 1.32.3-1.1 amd64 admin Command-line utility for interacting with a Kubernetes cluster|/usr/bin/kubectl
kubelet 1.32.3-1.1 amd64 admin Node agent for Kubernetes clusters|/usr/bin/kubelet
kubernetes-cni 1.6.0-1.1 amd64 admin Binaries required to provision kubernetes container networking|
socat 1.7.4.4-2 amd64 net multipurpose relay for bidirectional data transfer|
`;

const KUBECTL = `
kubectl 1.32.3-1.1 amd64 admin Command-line utility for interacting with a Kubernetes cluster|/usr/bin/kubectl
`;

function parse(text: string): Package[] {
  return text
    .trim()
    .split("\n")
    .map((line) => {
      const [head = "", files = ""] = line.split("|");
      const [name = "", version = "", architecture = "", section = "", ...words] = head.split(" ");
      return {
        name,
        version,
        architecture,
        section,
        description: words.join(" "),
        files: files.split(" ").filter(Boolean),
      };
    });
}

const lists = new Map<string, readonly Package[]>();

/** What every image of Debian has, whatever else it lacks. */
const ESSENTIAL =
  /^(apt|bash|base-files|base-passwd|coreutils|dash|debianutils|diffutils|dpkg|findutils|grep|gzip|hostname|libc6|login|mount|passwd|perl-base|sed|tar|util-linux)$/;

/** Packages of a machine, by name: nodes have kubeadm's. An image has only what its files tell of. */
export function installed(p: Process): readonly Package[] {
  const all = ofMachine(p).map((one) => {
    if (!COMPONENTS.includes(one.name)) return one;
    return { ...one, version: `${installedRelease(p, one.name).slice(1)}-1.1` };
  });
  if (sys.find(p, "/usr/bin/systemctl") !== undefined) return all;
  return all.filter(
    ({ name, files }) => ESSENTIAL.test(name) || (files.length > 0 && files.every((file) => sys.find(p, file))),
  );
}

function ofMachine(p: Process): readonly Package[] {
  const kind = sys.find(p, "/usr/bin/kubelet") ? "node" : "other";
  let list = lists.get(kind);
  if (list === undefined) {
    const more = parse(kind === "node" ? NODE : KUBECTL);
    list = [...parse(DEBIAN), ...more].sort((a, b) => (a.name < b.name ? -1 : 1));
    lists.set(kind, list);
  }
  return list;
}

const HOLDS = "/var/lib/dpkg/holds";

/** Names of packages on hold. */
export function holds(p: Process): string[] {
  return sys.find(p, HOLDS) === undefined ? [] : sys.readText(p, HOLDS).split("\n").filter(Boolean);
}

export function setHolds(p: Process, names: readonly string[]): void {
  sys.writeText(
    p,
    HOLDS,
    [...names]
      .sort()
      .map((name) => `${name}\n`)
      .join(""),
  );
}
