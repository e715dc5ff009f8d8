/** Texts of /etc as Debian 12 installs them, as far as programs and learners read them. */

export interface EtcOptions {
  hostname: string;
  machineId: string;
  /** Lines of /etc/hosts besides the machine's own. */
  hosts: readonly { address: string; names: readonly string[] }[];
  /** Nameservers of /etc/resolv.conf. */
  nameservers: readonly string[];
}

export const PASSWD = `root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
bin:x:2:2:bin:/bin:/usr/sbin/nologin
sys:x:3:3:sys:/dev:/usr/sbin/nologin
sync:x:4:65534:sync:/bin:/bin/sync
games:x:5:60:games:/usr/games:/usr/sbin/nologin
man:x:6:12:man:/var/cache/man:/usr/sbin/nologin
lp:x:7:7:lp:/var/spool/lpd:/usr/sbin/nologin
mail:x:8:8:mail:/var/mail:/usr/sbin/nologin
news:x:9:9:news:/var/spool/news:/usr/sbin/nologin
uucp:x:10:10:uucp:/var/spool/uucp:/usr/sbin/nologin
proxy:x:13:13:proxy:/bin:/usr/sbin/nologin
www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin
backup:x:34:34:backup:/var/backups:/usr/sbin/nologin
list:x:38:38:Mailing List Manager:/var/list:/usr/sbin/nologin
irc:x:39:39:ircd:/run/ircd:/usr/sbin/nologin
_apt:x:42:65534::/nonexistent:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
systemd-network:x:998:998:systemd Network Management:/:/usr/sbin/nologin
systemd-timesync:x:997:997:systemd Time Synchronization:/:/usr/sbin/nologin
messagebus:x:100:107::/nonexistent:/usr/sbin/nologin
sshd:x:101:65534::/run/sshd:/usr/sbin/nologin
learner:x:1000:1000:learner:/home/learner:/bin/bash
`;

export const GROUP = `root:x:0:
daemon:x:1:
bin:x:2:
sys:x:3:
adm:x:4:learner
tty:x:5:
disk:x:6:
lp:x:7:
mail:x:8:
news:x:9:
uucp:x:10:
man:x:12:
proxy:x:13:
kmem:x:15:
dialout:x:20:
fax:x:21:
voice:x:22:
cdrom:x:24:
floppy:x:25:
tape:x:26:
sudo:x:27:learner
audio:x:29:
dip:x:30:
www-data:x:33:
backup:x:34:
operator:x:37:
list:x:38:
irc:x:39:
src:x:40:
shadow:x:42:
utmp:x:43:
video:x:44:
sasl:x:45:
plugdev:x:46:
staff:x:50:
games:x:60:
users:x:100:learner
nogroup:x:65534:
systemd-journal:x:999:
systemd-network:x:998:
systemd-timesync:x:997:
input:x:101:
sgx:x:102:
kvm:x:103:
render:x:104:
crontab:x:105:
netdev:x:106:
messagebus:x:107:
_ssh:x:108:
learner:x:1000:
`;

/** No password opens an account: logins come by key or through sudo. */
export function shadow(): string {
  const names = PASSWD.trimEnd()
    .split("\n")
    .map((line) => line.split(":")[0]!);
  return names.map((name) => `${name}:${name === "learner" ? "!" : "*"}:20149:0:99999:7:::\n`).join("");
}

export function hostsFile({ hostname, hosts }: EtcOptions): string {
  const lines = hosts.map(({ address, names }) => `${address} ${names.join(" ")}`);
  return [
    "127.0.0.1\tlocalhost",
    `127.0.1.1\t${hostname}`,
    ...lines,
    "",
    "# The following lines are desirable for IPv6 capable hosts",
    "::1     localhost ip6-localhost ip6-loopback",
    "ff02::1 ip6-allnodes",
    "ff02::2 ip6-allrouters",
    "",
  ].join("\n");
}

export const OS_RELEASE = `PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
NAME="Debian GNU/Linux"
VERSION_ID="12"
VERSION="12 (bookworm)"
VERSION_CODENAME=bookworm
ID=debian
HOME_URL="https://www.debian.org/"
SUPPORT_URL="https://www.debian.org/support"
BUG_REPORT_URL="https://bugs.debian.org/"
`;

export const PROFILE = `# System-wide settings of login shells (see bash(1)).

if [ "$(id -u)" -eq 0 ]; then
  PATH="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
else
  PATH="/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games"
fi
export PATH

if [ "\${PS1-}" ]; then
  if [ "\${BASH-}" ] && [ "$BASH" != "/bin/sh" ]; then
    if [ -f /etc/bash.bashrc ]; then
      . /etc/bash.bashrc
    fi
  fi
fi

if [ -d /etc/profile.d ]; then
  for i in /etc/profile.d/*.sh; do
    if [ -r $i ]; then
      . $i
    fi
  done
  unset i
fi
`;

export const BASH_BASHRC = `# System-wide settings of interactive shells (see bash(1)).
[ -z "\${PS1-}" ] && return
shopt -s checkwinsize
PS1='\\u@\\h:\\w\\$ '

if ! shopt -oq posix; then
  if [ -f /usr/share/bash-completion/bash_completion ]; then
    . /usr/share/bash-completion/bash_completion
  elif [ -f /etc/bash_completion ]; then
    . /etc/bash_completion
  fi
fi
`;

export const USER_PROFILE = `# Run by login shells (see bash(1)).
if [ -n "$BASH_VERSION" ]; then
  if [ -f "$HOME/.bashrc" ]; then
    . "$HOME/.bashrc"
  fi
fi

if [ -d "$HOME/bin" ] ; then
  PATH="$HOME/bin:$PATH"
fi
`;

export const USER_BASHRC = `# Run by interactive shells (see bash(1)).
case $- in
  *i*) ;;
  *) return ;;
esac

HISTCONTROL=ignoreboth
HISTSIZE=1000
HISTFILESIZE=2000
PS1='\\[\\033[01;32m\\]\\u@\\h\\[\\033[00m\\]:\\[\\033[01;34m\\]\\w\\[\\033[00m\\]\\$ '
[ -x /usr/bin/dircolors ] && eval "$(dircolors -b)"
alias ls='ls --color=auto'
alias grep='grep --color=auto'

if [ -f ~/.bash_aliases ]; then
  . ~/.bash_aliases
fi
`;

export const SUDOERS = `Defaults\tenv_reset
Defaults\tmail_badpass
Defaults\tsecure_path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
Defaults\tuse_pty

root\tALL=(ALL:ALL) ALL
%sudo\tALL=(ALL:ALL) ALL

@includedir /etc/sudoers.d
`;

export const NSSWITCH = `passwd:         files systemd
group:          files systemd
shadow:         files systemd
gshadow:        files systemd

hosts:          files dns
networks:       files

protocols:      db files
services:       db files
ethers:         db files
rpc:            db files

netgroup:       nis
`;

export const FSTAB = `# <file system> <mount point>   <type>  <options>       <dump>  <pass>
/dev/vda1 /               ext4    errors=remount-ro 0       1
`;

export const PROTOCOLS = `ip\t0\tIP
icmp\t1\tICMP
igmp\t2\tIGMP
ipencap\t4\tIP-ENCAP
tcp\t6\tTCP
egp\t8\tEGP
udp\t17\tUDP
ipv6\t41\tIPv6
gre\t47\tGRE
esp\t50\tIPSEC-ESP
ah\t51\tIPSEC-AH
ipv6-icmp\t58\tIPv6-ICMP
ospf\t89\tOSPFIGP
vrrp\t112\tVRRP
sctp\t132\tSCTP
`;

export const SERVICES = `echo\t\t7/tcp
echo\t\t7/udp
ftp\t\t21/tcp
ssh\t\t22/tcp
telnet\t\t23/tcp
smtp\t\t25/tcp\t\tmail
domain\t\t53/tcp
domain\t\t53/udp
http\t\t80/tcp\t\twww
kerberos\t88/tcp\t\tkerberos5 krb5 kerberos-sec
pop3\t\t110/tcp\t\tpop-3
sunrpc\t\t111/tcp\t\tportmapper
ntp\t\t123/udp
imap2\t\t143/tcp\t\timap
snmp\t\t161/udp
bgp\t\t179/tcp
ldap\t\t389/tcp
https\t\t443/tcp
https\t\t443/udp
ldaps\t\t636/tcp
nfs\t\t2049/tcp
mysql\t\t3306/tcp
postgresql\t5432/tcp\t\tpostgres
amqp\t\t5672/tcp
redis\t\t6379/tcp
http-alt\t8080/tcp\twebcache
`;

export const LOGIN_DEFS = `UID_MIN\t\t\t 1000
UID_MAX\t\t\t60000
GID_MIN\t\t\t 1000
GID_MAX\t\t\t60000
UMASK\t\t022
`;

export const MOTD = `
The programs included with the Debian GNU/Linux system are free software;
the exact distribution terms for each program are described in the
individual files in /usr/share/doc/*/copyright.

Debian GNU/Linux comes with ABSOLUTELY NO WARRANTY, to the extent
permitted by applicable law.
`;

/** A stand-in: nothing here encrypts, so there is no secret in it. */
export const PRIVATE_KEY = `-----BEGIN OPENSSH PRIVATE KEY-----
(simulated key: it opens the machines of this session and nothing else)
-----END OPENSSH PRIVATE KEY-----
`;

/** Names of the kernel's routing tables; people add theirs. */
export const RT_TABLES = `#
# reserved values
#
255\tlocal
254\tmain
253\tdefault
0\tunspec
#
# local
#
#1\tinr.ruhep
`;

export const CRONTAB = `# System-wide tasks (see crontab(5)); each line names a user.
SHELL=/bin/sh
PATH=/usr/local/sbin:/usr/local/bin:/sbin:/bin:/usr/sbin:/usr/bin

17 *\t* * *\troot\tcd / && run-parts --report /etc/cron.hourly
25 6\t* * *\troot\tcd / && run-parts --report /etc/cron.daily
47 6\t* * 7\troot\tcd / && run-parts --report /etc/cron.weekly
52 6\t1 * *\troot\tcd / && run-parts --report /etc/cron.monthly
`;

export const SOURCES_LIST = `deb http://deb.debian.org/debian bookworm main
deb http://deb.debian.org/debian bookworm-updates main
deb http://deb.debian.org/debian-security bookworm-security main
`;

export const KUBERNETES_LIST = `deb [signed-by=/etc/apt/keyrings/kubernetes-apt-keyring.gpg] https://pkgs.k8s.io/core:/stable:/v1.32/deb/ /
`;

/** /etc/sysctl.conf of Debian 12 sets nothing: what may be set stands there as comments. */
export const SYSCTL_CONF = `#
# Kernel settings that are applied at boot; see also /etc/sysctl.d/.
#

#net.ipv4.conf.default.rp_filter=1
#net.ipv4.conf.all.rp_filter=1
#net.ipv4.tcp_syncookies=1

# Forward packets of IPv4, and of IPv6:
#net.ipv4.ip_forward=1
#net.ipv6.conf.all.forwarding=1

#net.ipv4.conf.all.accept_redirects = 0
#net.ipv4.conf.all.send_redirects = 0
#net.ipv4.conf.all.accept_source_route = 0
#net.ipv4.conf.all.log_martians = 1

#kernel.sysrq=438
`;

/** Files of /usr/lib/sysctl.d: systemd's, and procps's. */
export const SYSCTL_DIRECTORY: Readonly<Record<string, string>> = {
  "50-pid-max.conf": "kernel.pid_max = 4194304\n",
  "99-protect-links.conf":
    "fs.protected_fifos = 1\nfs.protected_hardlinks = 1\nfs.protected_regular = 2\nfs.protected_symlinks = 1\n",
};
