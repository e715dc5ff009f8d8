/** What package mirrors have of programs that this world knows: the same tools under the names of two distributions. */
export interface Offered {
  name: string;
  version: string;
  /** kB to download. */
  size: number;
  description: string;
  /** Programs by the path of their executable. */
  files: Readonly<Record<string, string>>;
  /** A service that it brings, which is enabled and started. */
  unit?: { name: string; text: string };
}

/** Services of packages, by the package's name. */
const UNITS: Readonly<Record<string, Offered["unit"]>> = {
  at: {
    name: "atd.service",
    text: `[Unit]
Description=Deferred execution scheduler
Documentation=man:atd(8)
After=remote-fs.target nss-user-lookup.target

[Service]
ExecStart=/usr/sbin/atd -f
IgnoreSIGPIPE=false
KillMode=process
Restart=on-failure

[Install]
WantedBy=multi-user.target
`,
  },
};

/** `name version kB paths… # description`: a path is its program's, unless `=program` follows it. */
function parse(text: string): ReadonlyMap<string, Offered> {
  const out = new Map<string, Offered>();
  for (const line of text.trim().split("\n")) {
    const [head = "", description = ""] = line.split(" # ");
    const [name = "", version = "", size = "0", ...paths] = head.split(" ");
    const files = paths.map((path): [string, string] => {
      const [file = "", program] = path.split("=") as [string, string?];
      return [file, program ?? file.slice(file.lastIndexOf("/") + 1)];
    });
    const unit = UNITS[name];
    out.set(name, { name, version, size: Number(size), description, files: Object.fromEntries(files), unit });
  }
  return out;
}

export const DEBIAN_OFFERS = parse(`
apache2-utils 2.4.62-1~deb12u2 209 /usr/bin/htpasswd # Apache HTTP Server (utility programs for web servers)
at 3.2.5-1+deb12u1 38 /usr/bin/at /usr/bin/atq /usr/bin/atrm /usr/bin/batch /usr/sbin/atd # Delayed job execution and batch processing
apt-transport-https 2.6.1 25 # transitional package for https support
bash 5.2.15-2+b7 1491 /usr/bin/bash # GNU Bourne Again SHell
bc 1.07.1-3+b1 105 /usr/bin/bc # GNU bc arbitrary precision calculator language
bind9-dnsutils 1:9.18.33-1~deb12u2 407 /usr/bin/dig /usr/bin/nslookup # Clients provided with BIND 9
bind9-host 1:9.18.33-1~deb12u2 305 /usr/bin/host # DNS Lookup Utility
binutils 2.40-2 72 /usr/bin/ar # GNU assembler, linker and binary utilities
bsdextrautils 2.38.1-5+deb12u3 88 /usr/bin/hexdump /usr/bin/column # extra utilities from 4.4BSD-Lite
ca-certificates 20230311 155 # Common CA certificates
conntrack 1:1.4.7-1+b2 33 /usr/sbin/conntrack # Program to modify the conntrack tables
curl 7.88.1-10+deb12u12 315 /usr/bin/curl # command line tool for transferring data with URL syntax
dnsutils 1:9.18.33-1~deb12u2 12 /usr/bin/dig /usr/bin/nslookup # Transitional package for bind9-dnsutils
file 1:5.44-3 43 /usr/bin/file # Recognize the type of data in a file using "magic" numbers
gawk 1:5.2.1-2 673 /usr/bin/gawk=awk /usr/bin/awk # GNU awk, a pattern scanning and processing language
gnupg 2.2.40-1.1 846 # GNU privacy guard - a free PGP replacement
gpg 2.2.40-1.1 949 # GNU Privacy Guard -- minimalist public key operations
iproute2 6.1.0-3 1046 /usr/sbin/ip /usr/bin/ss /usr/sbin/bridge /usr/sbin/tc # networking and traffic control tools
iptables 1.8.9-2 360 /usr/sbin/iptables /usr/sbin/iptables-save /usr/sbin/iptables-restore # administration tools for packet filtering and NAT
iputils-arping 3:20221126-1+deb12u1 21 /usr/bin/arping # Tool to send ICMP echo requests to an ARP address
iputils-tracepath 3:20221126-1+deb12u1 24 /usr/bin/tracepath # Tools to trace the network path to a remote host
mtr-tiny 0.95-1 71 /usr/bin/mtr # Full screen ncurses traceroute tool
iputils-ping 3:20221126-1+deb12u1 47 /usr/bin/ping # Tools to test the reachability of network hosts
ipvsadm 1:1.31-1+b1 41 /usr/sbin/ipvsadm # Linux Virtual Server support programs
ipset 7.17-1 46 /usr/sbin/ipset # administration tool for kernel IP sets
jq 1.6-2.1+deb12u1 64 /usr/bin/jq # lightweight and flexible command-line JSON processor
less 590-2.1~deb12u2 131 /usr/bin/less # pager program similar to more
lsb-release 12.0-1 6 # Linux Standard Base version reporting utility (minimal implementation)
nano 7.2-1+deb12u1 690 /usr/bin/nano # small, friendly text editor inspired by Pico
net-tools 2.10-0.1+deb12u2 243 /usr/bin/netstat /usr/sbin/ifconfig=busybox-ifconfig /usr/sbin/route=busybox-route /usr/sbin/arp=busybox-arp # NET-3 networking toolkit
netcat-openbsd 1.219-1 41 /usr/bin/nc /usr/bin/netcat=nc # TCP/IP swiss army knife
netcat-traditional 1.10-47 65 /usr/bin/nc /usr/bin/netcat=nc # TCP/IP swiss army knife
ncat 7.93+dfsg1-1 391 /usr/bin/ncat=nc # NMAP netcat reimplementation
openssh-client 1:9.2p1-2+deb12u5 992 /usr/bin/ssh /usr/bin/scp /usr/bin/sftp # secure shell (SSH) client, for secure access to remote machines
openssl 3.0.15-1~deb12u1 1419 /usr/bin/openssl # Secure Sockets Layer toolkit - cryptographic utility
procps 2:4.0.2-3 709 /usr/bin/ps /usr/bin/top /usr/bin/free /usr/bin/pgrep /usr/bin/pkill /usr/bin/watch /usr/bin/uptime # /proc file system utilities
psmisc 23.6-1 259 /usr/bin/killall=busybox-killall # utilities that use the proc file system
redis-tools 5:7.0.15-1~deb12u3 982 /usr/bin/redis-cli # Persistent key-value database with network interface (client)
rsync 3.2.7-1+deb12u2 417 /usr/bin/rsync # fast, versatile, remote (and local) file-copying tool
software-properties-common 0.99.30-4.1~deb12u1 95 # manage the repositories that you install software from
stress 1.0.7-1 22 /usr/bin/stress # tool to impose load on and stress test a computer system
sudo 1.9.13p3-1+deb12u1 1889 /usr/bin/sudo # Provide limited super user privileges to specific users
tcpdump 4.99.3-1 467 /usr/bin/tcpdump # command-line network traffic analyzer
telnet 0.17+2.4-2+deb12u1 36 /usr/bin/telnet=busybox-telnet # Transitional dummy package for inetutils-telnet
inetutils-telnet 2:2.4-2+deb12u1 119 /usr/bin/telnet=busybox-telnet # telnet client
tmux 3.3a-3 455 /usr/bin/tmux # terminal multiplexer
traceroute 1:2.1.2-1 54 /usr/bin/traceroute # Traces the route taken by packets over an IPv4/IPv6 network
tree 2.1.0-1 52 /usr/bin/tree # displays an indented directory tree, in color
unzip 6.0-28 166 /usr/bin/unzip /usr/bin/zipinfo=unzip # De-archiver for .zip files
vim 2:9.0.1378-2+deb12u2 1567 /usr/bin/vim /usr/bin/vi=vim # Vi IMproved - enhanced vi editor
vim-tiny 2:9.0.1378-2+deb12u2 720 /usr/bin/vi=vim # Vi IMproved - enhanced vi editor - compact version
wget 1.21.3-1+deb12u1 937 /usr/bin/wget # retrieves files from the web
xxd 2:9.0.1378-2+deb12u2 83 /usr/bin/xxd # tool to make (or reverse) a hex dump
zip 3.0-13 229 /usr/bin/zip # Archiver for .zip files
apparmor 3.0.8-3 616 # user-space parser utility for AppArmor
containerd 1.6.20~ds1-1+deb12u1 25900 /usr/bin/containerd /usr/bin/ctr # open and reliable container runtime
dialog 1.3-20230209-1 270 # Displays user-friendly dialog boxes from shell scripts
etcd-client 3.4.23-4+b7 8180 /usr/bin/etcdctl # highly-available key value store -- client
gnupg2 2.2.40-1.1 445 # GNU privacy guard - a free PGP replacement (dummy transitional package)
locales 2.36-9+deb12u10 3900 # GNU C Library: National Language (locale) data [support]
lsof 4.95.0-1 318 /usr/bin/lsof # utility to list open files
man-db 2.11.2-2 1386 # tools for reading manual pages
nfs-common 1:2.6.2-4+deb12u1 309 # NFS support files common to client and server
nftables 1.0.6-2+deb12u2 69 /usr/sbin/nft # Program to control packet filtering rules by Netfilter project
python3 3.11.2-1+b1 26 /usr/bin/python3 # interactive high-level object-oriented language (default python3 version)
tzdata 2025b-0+deb12u1 301 # time zone and daylight-saving time data
uidmap 1:4.13+dfsg1-1+b1 188 # programs to help use subuids
uuid-runtime 2.38.1-5+deb12u3 81 /usr/bin/uuidgen # runtime components for the Universally Unique ID library
`);

export const ALPINE_OFFERS = parse(`
apache2-utils 2.4.62-r0 284 /usr/bin/htpasswd
bash 5.2.37-r0 1264 /bin/bash
bind-tools 9.18.34-r0 405 /usr/bin/dig /usr/bin/nslookup /usr/bin/host
busybox-extras 1.37.0-r12 68 /usr/bin/telnet=busybox-telnet /usr/sbin/httpd=busybox-httpd
ca-certificates 20241121-r1 684
conntrack-tools 1.4.8-r0 264 /usr/sbin/conntrack
coreutils 9.5-r2 1024
curl 8.12.1-r1 256 /usr/bin/curl
file 5.46-r2 32 /usr/bin/file
gawk 5.3.1-r0 616 /usr/bin/gawk=awk
grep 3.11-r0 152 /bin/grep
iproute2 6.11.0-r0 1200 /sbin/ip /sbin/ss /sbin/bridge
iptables 1.8.11-r1 1400 /sbin/iptables /sbin/iptables-save /sbin/iptables-restore
iputils 20240905-r0 64 /bin/ping
iputils-ping 20240905-r0 48 /bin/ping
ipvsadm 1.31-r3 52 /sbin/ipvsadm
jq 1.7.1-r0 284 /usr/bin/jq
less 668-r0 144 /usr/bin/less
nano 8.2-r0 560 /usr/bin/nano
net-tools 2.10-r3 512 /bin/netstat
netcat-openbsd 1.226.1.1-r0 36 /usr/bin/nc
nmap-ncat 7.95-r1 412 /usr/bin/ncat=nc
openssh-client 9.9_p2-r0 620 /usr/bin/ssh /usr/bin/scp /usr/bin/sftp
openssl 3.3.3-r0 744 /usr/bin/openssl
procps 4.0.4-r2 320 /usr/bin/free /bin/ps /usr/bin/top
redis 7.2.7-r0 1500 /usr/bin/redis-cli
sed 4.9-r2 92 /bin/sed
sudo 1.9.16_p2-r0 880 /usr/bin/sudo
tcpdump 4.99.5-r0 540 /usr/bin/tcpdump
tmux 3.5a-r1 460 /usr/bin/tmux
tree 2.2.1-r0 60 /usr/bin/tree=busybox-tree
unzip 6.0-r15 320 /usr/bin/unzip
util-linux 2.40.4-r1 4000
vim 9.1.1105-r0 2600 /usr/bin/vim
wget 1.25.0-r0 360 /usr/bin/wget
yq 4.44.5-r2 4600 /usr/bin/yq
zip 3.0-r13 416 /usr/bin/zip
`);
