/** What is installed: Debian 12's own packages as far as anybody asks, and kubeadm's. */
import type { Process } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import { DEBIAN_OFFERS } from "./catalogue.ts";
import { COMPONENTS, installedRelease } from "./kubernetes.ts";
import { placed } from "./mirror.ts";

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
bsdutils 1:2.38.1-5+deb12u3 amd64 utils basic utilities from 4.4BSD-Lite|/usr/bin/logger /usr/bin/script /usr/bin/scriptreplay /usr/bin/wall
bzip2 1.0.8-5+b1 amd64 utils high-quality block-sorting file compressor - utilities|/usr/bin/bzip2 /usr/bin/bunzip2 /usr/bin/bzcat
ca-certificates 20230311+deb12u1 all misc Common CA certificates|
coreutils 9.1-1 amd64 utils GNU core utilities|/usr/bin/ls /usr/bin/cp /usr/bin/cat /usr/bin/[ /usr/bin/arch /usr/bin/b2sum /usr/bin/base32 /usr/bin/base64 /usr/bin/basename /usr/bin/basenc /usr/bin/chcon /usr/bin/chgrp /usr/bin/chmod /usr/bin/chown /usr/bin/cksum /usr/bin/comm /usr/bin/csplit /usr/bin/cut /usr/bin/date /usr/bin/dd /usr/bin/df /usr/bin/dir /usr/bin/dircolors /usr/bin/dirname /usr/bin/du /usr/bin/echo /usr/bin/env /usr/bin/expand /usr/bin/expr /usr/bin/factor /usr/bin/false /usr/bin/fmt /usr/bin/fold /usr/bin/groups /usr/bin/head /usr/bin/id /usr/bin/install /usr/bin/join /usr/bin/link /usr/bin/ln /usr/bin/logname /usr/bin/md5sum /usr/bin/mkdir /usr/bin/mkfifo /usr/bin/mknod /usr/bin/mktemp /usr/bin/mv /usr/bin/nice /usr/bin/nl /usr/bin/nohup /usr/bin/nproc /usr/bin/numfmt /usr/bin/od /usr/bin/paste /usr/bin/pathchk /usr/bin/pinky /usr/bin/pr /usr/bin/printenv /usr/bin/printf /usr/bin/pwd /usr/bin/readlink /usr/bin/realpath /usr/bin/rm /usr/bin/rmdir /usr/bin/runcon /usr/bin/seq /usr/bin/sha1sum /usr/bin/sha224sum /usr/bin/sha256sum /usr/bin/sha384sum /usr/bin/sha512sum /usr/bin/shred /usr/bin/shuf /usr/bin/sleep /usr/bin/sort /usr/bin/split /usr/bin/stat /usr/bin/stdbuf /usr/bin/stty /usr/bin/sum /usr/bin/sync /usr/bin/tac /usr/bin/tail /usr/bin/tee /usr/bin/test /usr/bin/timeout /usr/bin/touch /usr/bin/tr /usr/bin/true /usr/bin/truncate /usr/bin/tsort /usr/bin/tty /usr/bin/uname /usr/bin/unexpand /usr/bin/uniq /usr/bin/unlink /usr/bin/users /usr/bin/vdir /usr/bin/wc /usr/bin/who /usr/bin/whoami /usr/bin/yes /usr/sbin/chroot
cpio 2.13+dfsg-7.1 amd64 utils GNU cpio -- a program to manage archives of files|/usr/bin/cpio
cron 3.0pl1-162 amd64 admin process scheduling daemon|/usr/sbin/cron /usr/bin/crontab
curl 7.88.1-10+deb12u12 amd64 web command line tool for transferring data with URL syntax|/usr/bin/curl
dash 0.5.12-2 amd64 shells POSIX-compliant shell|/usr/bin/dash
debianutils 5.7-0.5~deb12u1 amd64 utils Miscellaneous utilities specific to Debian|/usr/bin/which /usr/bin/run-parts
diffutils 1:3.8-4 amd64 utils File comparison utilities|/usr/bin/diff /usr/bin/cmp /usr/bin/diff3 /usr/bin/sdiff
dnsutils 1:9.18.33-1~deb12u2 all net Transitional package for bind9-dnsutils|/usr/bin/dig /usr/bin/nslookup
dpkg 1.21.22 amd64 admin Debian package management system|/usr/bin/dpkg /usr/bin/dpkg-query /usr/bin/update-alternatives
e2fsprogs 1.47.0-2 amd64 admin ext2/ext3/ext4 file system utilities|/usr/bin/chattr /usr/bin/lsattr
fdisk 2.38.1-5+deb12u3 amd64 utils collection of partitioning utilities|/usr/sbin/fdisk
findutils 4.9.0-4 amd64 utils utilities for finding files--find, xargs|/usr/bin/find /usr/bin/xargs
gawk 1:5.2.1-2 amd64 interpreters GNU awk, a pattern scanning and processing language|/usr/bin/awk /usr/bin/gawk /usr/bin/nawk
grep 3.8-5 amd64 utils GNU grep, egrep and fgrep|/usr/bin/grep /usr/bin/egrep /usr/bin/fgrep
gzip 1.12-1 amd64 utils GNU compression utilities|/usr/bin/gzip /usr/bin/gunzip /usr/bin/zcat /usr/bin/zgrep /usr/bin/zless /usr/bin/zmore
hostname 3.23+nmu1 amd64 admin utility to set/show the host name or domain name|/usr/bin/hostname
iproute2 6.1.0-3 amd64 net networking and traffic control tools|/usr/bin/ip /usr/bin/ss /usr/sbin/bridge /usr/sbin/tc
iptables 1.8.9-2 amd64 net administration tools for packet filtering and NAT|/usr/sbin/iptables /usr/sbin/iptables-save /usr/sbin/iptables-restore /usr/sbin/ip6tables
iputils-ping 3:20221126-1+deb12u1 amd64 net Tools to test the reachability of network hosts|/usr/bin/ping
jq 1.6-2.1+deb12u1 amd64 utils lightweight and flexible command-line JSON processor|/usr/bin/jq
kmod 30+20221128-1 amd64 admin tools for managing Linux kernel modules|/usr/sbin/modprobe /usr/bin/lsmod /usr/sbin/modinfo /usr/sbin/rmmod
libc6 2.36-9+deb12u10 amd64 libs GNU C Library: Shared libraries|
linux-image-6.1.0-32-amd64 6.1.129-1 amd64 kernel Linux 6.1 for 64-bit PCs (signed)|
mount 2.38.1-5+deb12u3 amd64 admin tools for mounting and manipulating filesystems|/usr/bin/mount /usr/bin/umount /usr/bin/findmnt /usr/sbin/swapon /usr/sbin/swapoff
nano 7.2-1+deb12u1 amd64 editors small, friendly text editor inspired by Pico|/usr/bin/nano
netcat-openbsd 1.219-1 amd64 net TCP/IP swiss army knife|/usr/bin/nc
openssh-client 1:9.2p1-2+deb12u5 amd64 net secure shell (SSH) client, for secure access to remote machines|/usr/bin/ssh /usr/bin/scp /usr/bin/sftp /usr/bin/ssh-add /usr/bin/ssh-agent /usr/bin/ssh-copy-id /usr/bin/ssh-keygen /usr/bin/ssh-keyscan
openssh-server 1:9.2p1-2+deb12u5 amd64 net secure shell (SSH) server, for secure access from remote machines|/usr/sbin/sshd
openssl 3.0.15-1~deb12u1 amd64 utils Secure Sockets Layer toolkit - cryptographic utility|/usr/bin/openssl
passwd 1:4.13+dfsg1-1+deb12u1 amd64 admin change and administer password and group data|/usr/bin/passwd /usr/sbin/useradd /usr/bin/chage /usr/bin/chsh /usr/bin/gpasswd /usr/sbin/chpasswd /usr/sbin/groupadd /usr/sbin/groupdel /usr/sbin/groupmod /usr/sbin/userdel /usr/sbin/usermod
procps 2:4.0.2-3 amd64 admin /proc file system utilities|/usr/bin/ps /usr/bin/top /usr/bin/free /usr/bin/kill /usr/bin/pgrep /usr/bin/pidof /usr/bin/pkill /usr/bin/pmap /usr/bin/uptime /usr/bin/vmstat /usr/bin/w /usr/bin/watch /usr/sbin/sysctl
rsync 3.2.7-1+deb12u2 amd64 net fast, versatile, remote (and local) file-copying tool|/usr/bin/rsync
sed 4.9-1 amd64 utils GNU stream editor for filtering/transforming text|/usr/bin/sed
sudo 1.9.13p3-1+deb12u1 amd64 admin Provide limited super user privileges to specific users|/usr/bin/sudo /usr/sbin/visudo
systemd 252.36-1~deb12u1 amd64 admin system and service manager|/usr/bin/systemctl /usr/bin/journalctl /usr/bin/hostnamectl /usr/bin/localectl /usr/bin/loginctl /usr/bin/systemd-analyze /usr/bin/systemd-cat /usr/bin/systemd-cgls /usr/bin/systemd-cgtop /usr/bin/systemd-detect-virt /usr/bin/systemd-run /usr/bin/timedatectl
tar 1.34+dfsg-1.2+deb12u1 amd64 utils GNU version of the tar archiving utility|/usr/bin/tar
unzip 6.0-28 amd64 utils De-archiver for .zip files|/usr/bin/unzip /usr/bin/zipinfo
util-linux 2.38.1-5+deb12u3 amd64 utils miscellaneous system utilities|/usr/bin/dmesg /usr/bin/choom /usr/bin/chrt /usr/bin/fallocate /usr/bin/flock /usr/bin/getopt /usr/bin/i386 /usr/bin/ionice /usr/bin/last /usr/bin/linux32 /usr/bin/linux64 /usr/bin/lsblk /usr/bin/lscpu /usr/bin/lsns /usr/bin/more /usr/bin/mountpoint /usr/bin/namei /usr/bin/nsenter /usr/bin/prlimit /usr/bin/rev /usr/bin/setarch /usr/bin/setpriv /usr/bin/setsid /usr/bin/su /usr/bin/taskset /usr/bin/unshare /usr/bin/whereis /usr/bin/x86_64 /usr/sbin/blkid /usr/sbin/hwclock /usr/sbin/losetup /usr/sbin/nologin /usr/sbin/runuser
vim 2:9.0.1378-2+deb12u2 amd64 editors Vi IMproved - enhanced vi editor|/usr/bin/vim /usr/bin/vi /usr/bin/view
wget 1.21.3-1+deb12u1 amd64 web retrieves files from the web|/usr/bin/wget
xz-utils 5.4.1-1 amd64 utils XZ-format compression utilities|/usr/bin/xz /usr/bin/unxz /usr/bin/xzcat /usr/bin/lzma /usr/bin/unlzma /usr/bin/lzcat
zip 3.0-13 amd64 utils Archiver for .zip files|/usr/bin/zip
`;

const NODE = `
conntrack 1:1.4.7-1+b2 amd64 net Program to modify the conntrack tables|
containerd.io 1.7.27-1 amd64 devel An open and reliable container runtime|/usr/bin/containerd /usr/bin/containerd-shim-runc-v2 /usr/bin/ctr /usr/bin/runc
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

/** Where it is noted what was installed since. */
export const RECORDS = "/var/lib/dpkg/added";

function asInstalled(name: string): Package {
  const { version = "", description = "", files = {} } = DEBIAN_OFFERS.get(name) ?? {};
  return { name, version, architecture: "amd64", description, section: "misc", files: Object.keys(files) };
}

/** Packages of a machine, by name: nodes have kubeadm's. An image has only what its files tell of. */
export function installed(p: Process): readonly Package[] {
  const all = ofMachine(p).map((one) => {
    if (!COMPONENTS.includes(one.name)) return one;
    return { ...one, version: `${installedRelease(p, one.name).slice(1)}-1.1` };
  });
  if (sys.find(p, "/usr/bin/systemctl") !== undefined) {
    const added = placed(p, RECORDS).filter((name) => !all.some((one) => one.name === name));
    if (added.length === 0) return all;
    return [...all, ...added.map(asInstalled)].sort((a, b) => (a.name < b.name ? -1 : 1));
  }
  return all.filter(
    ({ name, files }) => ESSENTIAL.test(name) || (files.length > 0 && sys.find(p, files[0]!) !== undefined),
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
