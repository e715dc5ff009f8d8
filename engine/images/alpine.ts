import { BUSYBOX_APPLETS } from "./busybox-applets.ts";
import type { ImageDef } from "./image.ts";
import { DEFAULT_PATH, type Entry, rootfs, SKELETON } from "./rootfs.ts";

/** Applets that Alpine puts outside /bin. */
const SBIN = new Set(["arp", "ifconfig", "init", "ip", "mkfs", "route", "syslogd", "sysctl"]);
const BIN = new Set(
  (
    "arch ash base64 cat chgrp chmod chown cp date dd df dmesg dnsdomainname echo egrep false fgrep getopt grep gunzip " +
    "gzip hostname kill link linux32 linux64 ln login ls mkdir mknod mktemp more mount mv netstat nice pidof ping ping6 " +
    "printenv ps pwd reset rev rm rmdir sed sh sleep stat stty su sync tar touch true umount uname usleep watch zcat"
  ).split(" "),
);

/** Symbolic links to /bin/busybox, as apk's trigger makes them. */
export function alpineTree(release: string): Record<string, Entry> {
  const out: Record<string, Entry> = { "bin/busybox": { program: "busybox" }, "sbin/apk": { program: "apk" } };
  for (const name of BUSYBOX_APPLETS) {
    const directory = BIN.has(name) ? "bin" : SBIN.has(name) ? "sbin" : "usr/bin";
    out[`${directory}/${name}`] = { link: "/bin/busybox" };
  }
  return {
    ...out,
    "etc/alpine-release": `${release}\n`,
    "etc/os-release": [
      'NAME="Alpine Linux"',
      "ID=alpine",
      `VERSION_ID=${release}`,
      `PRETTY_NAME="Alpine Linux v${release.split(".").slice(0, 2).join(".")}"`,
      'HOME_URL="https://alpinelinux.org/"',
      'BUG_REPORT_URL="https://gitlab.alpinelinux.org/alpine/aports/-/issues"',
      "",
    ].join("\n"),
    "etc/passwd": [
      "root:x:0:0:root:/root:/bin/sh",
      "bin:x:1:1:bin:/bin:/sbin/nologin",
      "daemon:x:2:2:daemon:/sbin:/sbin/nologin",
      "lp:x:4:7:lp:/var/spool/lpd:/sbin/nologin",
      "sync:x:5:0:sync:/sbin:/bin/sync",
      "shutdown:x:6:0:shutdown:/sbin:/sbin/shutdown",
      "halt:x:7:0:halt:/sbin:/sbin/halt",
      "mail:x:8:12:mail:/var/mail:/sbin/nologin",
      "news:x:9:13:news:/usr/lib/news:/sbin/nologin",
      "uucp:x:10:14:uucp:/var/spool/uucppublic:/sbin/nologin",
      "cron:x:16:16:cron:/var/spool/cron:/sbin/nologin",
      "ftp:x:21:21::/var/lib/ftp:/sbin/nologin",
      "sshd:x:22:22:sshd:/dev/null:/sbin/nologin",
      "games:x:35:35:games:/usr/games:/sbin/nologin",
      "ntp:x:123:123:NTP:/var/empty:/sbin/nologin",
      "guest:x:405:100:guest:/dev/null:/sbin/nologin",
      "nobody:x:65534:65534:nobody:/:/sbin/nologin",
      "",
    ].join("\n"),
    "etc/group":
      "root:x:0:root\nbin:x:1:root,bin,daemon\ndaemon:x:2:root,bin,daemon\nusers:x:100:games\nnobody:x:65534:\n",
    "etc/shadow": { text: "root:*::0:::::\nnobody:!::0:::::\n", mode: 0o640 },
    "etc/hostname": "localhost\n",
    "etc/nsswitch.conf": "hosts: files dns\n",
    "etc/shells": "# valid login shells\n/bin/sh\n/bin/ash\n",
    "etc/motd": "Welcome to Alpine!\n",
    lib: { dir: 0o755 },
    "media/cdrom": { dir: 0o755 },
    "media/floppy": { dir: 0o755 },
    "media/usb": { dir: 0o755 },
    mnt: { dir: 0o755 },
    opt: { dir: 0o755 },
    run: { dir: 0o755 },
    srv: { dir: 0o755 },
    "var/cache": { dir: 0o755 },
    "var/log": { dir: 0o755 },
  };
}

function releaseOf(tag: string): string {
  if (/^3\.\d+\.\d+$/.test(tag)) return tag;
  if (/^3\.\d+$/.test(tag)) return `${tag}.3`;
  return "3.21.3";
}

export const alpine: ImageDef = {
  names: ["docker.io/library/alpine"],
  tags: /^(latest|edge|3|3\.([0-9]|1[0-9]|2[0-2])(\.\d)?)$/,
  sizeBytes: 3_640_000,
  sizes: { latest: 3_642_247, "3.21": 3_642_247, "3.21.3": 3_642_247, "3": 3_642_247 },
  rootfs: (tag) => rootfs(SKELETON, alpineTree(releaseOf(tag))),
  entrypoint: [],
  cmd: ["/bin/sh"],
  env: () => ({ PATH: DEFAULT_PATH }),
  workingDir: "/",
};
