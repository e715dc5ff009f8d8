import { call, type Gen } from "../kernel/index.ts";
import { type Process, type Program, shortName } from "../machine/process.ts";
import * as sys from "../machine/sys.ts";
import { oldNslookup } from "./applets/nslookup-1.28.ts";
import { APPLET_PROGRAMS, BUSYBOX_APPLETS } from "./busybox-applets.ts";
import type { ImageDef } from "./image.ts";
import { DEFAULT_PATH, type Entry, rootfs, SKELETON } from "./rootfs.ts";

const VERSION = "1.37.0";

/** `busybox APPLET …`, or the applet whose name it was called by. */
export const busyboxProgram: Program = (p) => run(p, {});

/** The same of the images before 1.29. */
export const oldBusyboxProgram: Program = (p) => run(p, { nslookup: oldNslookup });

/** `own`: applets that are other programs in this release. */
function* run(p: Process, own: Readonly<Record<string, Program>>): Gen<number> {
  let argv = p.argv;
  let name = shortName(argv[0] ?? "").replace(/^-/, "");
  if (name === "busybox") {
    if (argv.length === 1) return yield* usage(p);
    argv = argv.slice(1);
    name = argv[0]!;
    if (name === "--list") {
      yield* sys.print(p, `${BUSYBOX_APPLETS.join("\n")}\n`);
      return 0;
    }
    if (name === "--help") return yield* usage(p);
    p.argv = argv;
    p.comm = shortName(name);
  }
  const main =
    own[name] ?? (BUSYBOX_APPLETS.includes(name) ? p.machine.programs.get(APPLET_PROGRAMS[name] ?? name) : undefined);
  if (main === undefined) {
    yield* sys.printError(p, `${name}: applet not found\n`);
    return 127;
  }
  p.applet = true;
  return yield* call(main(p));
}

function* usage(p: Process): Gen<number> {
  yield* sys.print(p, `BusyBox v${VERSION} multi-call binary.\nUsage: busybox [function [arguments]...]\n`);
  return 0;
}

/** /bin of a BusyBox image: every applet is the one program under another name (hard links upstream). */
export function applets(directory: string, program = "busybox"): Record<string, Entry> {
  const out: Record<string, Entry> = { [`${directory}/busybox`]: { program } };
  for (const name of BUSYBOX_APPLETS) out[`${directory}/${name}`] = { program };
  return out;
}

const ETC: Record<string, Entry> = {
  "etc/passwd": [
    "root:x:0:0:root:/root:/bin/sh",
    "daemon:x:1:1:daemon:/usr/sbin:/bin/false",
    "bin:x:2:2:bin:/bin:/bin/false",
    "sys:x:3:3:sys:/dev:/bin/false",
    "sync:x:4:100:sync:/bin:/bin/sync",
    "mail:x:8:8:mail:/var/spool/mail:/bin/false",
    "www-data:x:33:33:www-data:/var/www:/bin/false",
    "operator:x:37:37:Operator:/var:/bin/false",
    "nobody:x:65534:65534:nobody:/home:/bin/false",
    "",
  ].join("\n"),
  "etc/group": [
    "root:x:0:",
    "daemon:x:1:",
    "bin:x:2:",
    "sys:x:3:",
    "adm:x:4:",
    "tty:x:5:",
    "disk:x:6:",
    "mail:x:8:",
    "www-data:x:33:",
    "users:x:100:",
    "nobody:x:65534:",
    "",
  ].join("\n"),
  "etc/shadow": { text: "root:*:::::::\n", mode: 0o600 },
  "etc/nsswitch.conf": "hosts: files dns\n",
  "etc/network/interfaces": "",
  "usr/bin/env": { link: "../../bin/env" },
  "usr/sbin": { dir: 0o755, uid: 1, gid: 1 },
  "var/spool/mail": { dir: 0o755, uid: 8, gid: 8 },
  "var/www": { dir: 0o755, uid: 33, gid: 33 },
};

export const busybox: ImageDef = {
  names: ["docker.io/library/busybox", "registry.k8s.io/e2e-test-images/busybox"],
  tags: /^(latest|stable|unstable|musl|glibc|uclibc|1|1\.(2[0-9]|3[0-7])(\.\d)?)(-(\d|musl|glibc|uclibc))?$/,
  sizeBytes: 2_154_000,
  sizes: { latest: 2_156_518, "1.37": 2_156_518, "1.37.0": 2_156_518, "1.36": 2_160_406, "1.28": 727_869 },
  rootfs: (tag) => rootfs(SKELETON, applets("bin", /^1\.2[0-8]/.test(tag) ? "busybox-1.28" : "busybox"), ETC),
  entrypoint: [],
  cmd: ["sh"],
  env: () => ({ PATH: DEFAULT_PATH }),
};

/** Kubernetes' own copy was made in 2015 and 2017 and never again: its nslookup is the old one. */
export const frozenBusybox: ImageDef = {
  ...busybox,
  names: ["registry.k8s.io/busybox"],
  tags: /^(latest|1|1\.24|1\.27|1\.27\.2)$/,
  sizes: {},
  sizeBytes: 727_869,
  rootfs: () => rootfs(SKELETON, applets("bin", "busybox-1.28"), ETC),
};

/** BusyBox 1.22 with curl, which the documentation asks names and Services with; not made anew since 2015. */
export const busyboxPlus: ImageDef = {
  ...busybox,
  names: ["docker.io/radial/busyboxplus"],
  tags: /^(latest|base|curl|git)$/,
  sizes: {},
  sizeBytes: 4_235_000,
  rootfs: (tag) =>
    rootfs(
      SKELETON,
      applets("bin", "busybox-1.28"),
      ETC,
      /^(curl|git)$/.test(tag) ? { "usr/bin/curl": { program: "curl" } } : {},
    ),
  cmd: ["/bin/sh"],
};
