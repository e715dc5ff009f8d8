import { BUSYBOX_APPLETS } from "./busybox-applets.ts";
import type { ImageDef } from "./image.ts";
import { DEFAULT_PATH, type Entry, rootfs, SKELETON } from "./rootfs.ts";

/** The tools of a Debian image that containers are asked to run; a name without a program stays away. */
const TOOLS = new Set([...BUSYBOX_APPLETS, "bash", "dash"]);
/** BusyBox applets that debian:bookworm-slim does not have. */
const ABSENT = new Set(
  "ash arp arping awk bc clear crond fuser hexdump ifconfig ip killall less nc netstat nslookup patch pgrep ping ping6 pkill ps pstree route strings telnet top traceroute tree unzip vi watch wget xxd xz".split(
    " ",
  ),
);

/** /bin of a Debian image, with further programs where the image adds some. */
export function debianTools(...more: readonly string[]): Record<string, Entry> {
  const out: Record<string, Entry> = { bin: { link: "usr/bin" }, lib: { link: "usr/lib" }, sbin: { link: "usr/sbin" } };
  for (const name of TOOLS) if (!ABSENT.has(name)) out[`usr/bin/${name}`] = { program: name };
  for (const name of ["apt", "apt-get", "dpkg", ...more]) out[`usr/bin/${name}`] = { program: name };
  return out;
}

const PASSWD =
  "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n" +
  "www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n";
const GROUP = "root:x:0:\ndaemon:x:1:\nadm:x:4:\nwww-data:x:33:\nnogroup:x:65534:\n";

/** What every image made from Debian holds; `user`: one more user of that name and id. */
export function debianTree(user?: { name: string; uid: number; home?: string }): Record<string, Entry> {
  const line = user ? `${user.name}:x:${user.uid}:${user.uid}::${user.home ?? "/nonexistent"}:/bin/sh\n` : "";
  return {
    ...debianTools(),
    "etc/debian_version": "12.10\n",
    "etc/os-release":
      'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\n' +
      'VERSION="12 (bookworm)"\nVERSION_CODENAME=bookworm\nID=debian\n',
    "etc/passwd": PASSWD + line,
    "etc/group": GROUP + (user ? `${user.name}:x:${user.uid}:\n` : ""),
    run: { dir: 0o755 },
    "var/log": { dir: 0o755 },
    "var/run": { link: "/run" },
  };
}

/** Releases of Debian by their number: the point release, and the name. */
const DEBIAN: Readonly<Record<string, readonly [string, string]>> = {
  "8": ["8.11", "jessie"],
  "9": ["9.13", "stretch"],
  "10": ["10.13", "buster"],
  "11": ["11.11", "bullseye"],
  "12": ["12.10", "bookworm"],
  "13": ["13.1", "trixie"],
};

/** The number of the release that a tag names; the stable one otherwise. */
function releaseOf(tag: string): string {
  const word = tag.split("-")[0]!;
  const byName = Object.entries(DEBIAN).find(([, [, name]]) => name === word)?.[0];
  return byName ?? (DEBIAN[word.split(".")[0]!] ? word.split(".")[0]! : "12");
}

export const debian: ImageDef = {
  names: ["docker.io/library/debian"],
  tags: /^(latest|stable|oldstable|sid|unstable|testing|jessie|stretch|buster|bullseye|bookworm|trixie|(8|9|1[0-3])(\.\d+)?)(-slim|-backports|-v\d+(\.\d+)*)?$/,
  sizeBytes: 48_490_000,
  rootfs: (tag) => {
    const number = releaseOf(tag);
    const [point, name] = DEBIAN[number]!;
    return rootfs(SKELETON, debianTree(), {
      "etc/debian_version": `${point}\n`,
      "etc/os-release":
        `PRETTY_NAME="Debian GNU/Linux ${number} (${name})"\nNAME="Debian GNU/Linux"\nVERSION_ID="${number}"\n` +
        `VERSION="${number} (${name})"\nVERSION_CODENAME=${name}\nID=debian\n`,
    });
  },
  entrypoint: [],
  cmd: ["bash"],
  env: () => ({ PATH: DEFAULT_PATH }),
};

const UBUNTU: Readonly<Record<string, readonly [string, string]>> = {
  "14.04": ["14.04.6", "trusty"],
  "16.04": ["16.04.7", "xenial"],
  "18.04": ["18.04.6", "bionic"],
  "20.04": ["20.04.6", "focal"],
  "22.04": ["22.04.5", "jammy"],
  "24.04": ["24.04.2", "noble"],
};
const CODES: Readonly<Record<string, string>> = {
  trusty: "14.04",
  xenial: "16.04",
  bionic: "18.04",
  focal: "20.04",
  jammy: "22.04",
  noble: "24.04",
};

export const ubuntu: ImageDef = {
  names: ["docker.io/library/ubuntu"],
  tags: /^(latest|rolling|14\.04|16\.04|18\.04|20\.04|22\.04|24\.04|trusty|xenial|bionic|focal|jammy|noble)$/,
  sizeBytes: 29_720_000,
  rootfs: (tag) => {
    const release = UBUNTU[tag] ? tag : (CODES[tag] ?? "24.04");
    const [full, code] = UBUNTU[release]!;
    return rootfs(SKELETON, debianTree(), debianTools("ps", "pgrep", "pkill", "top", "watch"), {
      "etc/os-release":
        `PRETTY_NAME="Ubuntu ${full} LTS"\nNAME="Ubuntu"\nVERSION_ID="${release}"\nVERSION="${full} LTS"\n` +
        `VERSION_CODENAME=${code}\nID=ubuntu\nID_LIKE=debian\nUBUNTU_CODENAME=${code}\n`,
    });
  },
  entrypoint: [],
  cmd: ["/bin/bash"],
  env: () => ({ PATH: DEFAULT_PATH }),
};
