/** Applets of BusyBox as its images link them; those without a program here answer `applet not found`. */
export const BUSYBOX_APPLETS: readonly string[] = (
  "[ [[ arch arp arping ascii ash awk base32 base64 basename bc bunzip2 bzcat bzip2 cal cat chgrp chmod chown " +
  "chroot cksum clear cmp comm cp crc32 crond crontab cut date dc dd df diff dirname dmesg dnsdomainname dos2unix " +
  "du echo egrep env expand expr factor fallocate false fgrep find flock fold free fsync ftpget ftpput getopt grep " +
  "groups gunzip gzip head hexdump hostid hostname httpd id ifconfig init install ip ipaddr ipcalc iplink ipneigh " +
  "iproute iprule kill killall killall5 less link linux32 linux64 ln logger login logname ls lsof lzcat md5sum " +
  "mkdir mkfifo mknod mktemp more mount mountpoint mv nc netstat nice nl nohup nproc nsenter nslookup od paste " +
  "patch pgrep pidof ping ping6 pkill pmap printenv printf ps pstree pwd rdate readlink realpath renice reset " +
  "resize rev rm rmdir route sed seq setsid sh sha1sum sha256sum sha3sum sha512sum shred shuf sleep sort split " +
  "ssl_client stat strings stty su sum sync sysctl syslogd tac tail tar tee telnet test tftp time timeout top touch " +
  "tr traceroute tree true truncate ts tsort tty tunctl umount uname unexpand uniq unix2dos unlink unshare unxz " +
  "unzip uptime usleep uudecode uuencode vi watch wc wget which who whoami xargs xxd xz xzcat yes zcat"
).split(" ");

/** Other names under which a program of the registry is known to BusyBox. */
export const APPLET_PROGRAMS: Readonly<Record<string, string>> = {
  ash: "sh",
  "[[": "[",
  egrep: "grep",
  fgrep: "grep",
  ping6: "ping",
  arp: "busybox-arp",
  df: "busybox-df",
  dnsdomainname: "busybox-dnsdomainname",
  factor: "busybox-factor",
  free: "busybox-free",
  hostid: "busybox-hostid",
  httpd: "busybox-httpd",
  ifconfig: "busybox-ifconfig",
  killall: "busybox-killall",
  route: "busybox-route",
  telnet: "busybox-telnet",
  tree: "busybox-tree",
  usleep: "busybox-usleep",
};
