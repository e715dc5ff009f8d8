import { call, SECOND, sleep } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { alpineTree } from "../alpine.ts";
import type { ImageDef } from "../image.ts";
import { DEFAULT_PATH, rootfs, SKELETON } from "../rootfs.ts";
import { certgen } from "./certgen.ts";
import { ingressController } from "./controller.ts";

/** dumb-init: the first process of a container, which becomes what it is told to start. */
const dumbInit: Program = function* (p) {
  const [command, ...rest] = p.argv.slice(1).filter((word, i) => !(i === 0 && word === "--"));
  if (command === undefined) {
    yield* sys.printError(p, "Usage: /usr/bin/dumb-init [option] program [args]\n");
    return 1;
  }
  try {
    return yield* sys.exec(p, command, [command, ...rest]);
  } catch (error) {
    if (!isErrno(error)) throw error;
    yield* sys.printError(p, `[dumb-init] ${command}: ${error.message}\n`);
    return 2;
  }
};

/** /wait-shutdown: ends the controller and waits until nginx is gone (cmd/waitshutdown). */
const waitShutdown: Program = function* (p) {
  try {
    sys.kill(p, 1, "TERM");
  } catch (error) {
    if (!isErrno(error)) throw error;
    return 1;
  }
  while (p.ns.net.listening().some(({ program }) => program === "nginx")) yield* call(sleep(SECOND));
  return 0;
};

export const ingressPrograms: Readonly<Record<string, Program>> = {
  "dumb-init": dumbInit,
  "nginx-ingress-controller": ingressController,
  "ingress-wait-shutdown": waitShutdown,
  "kube-webhook-certgen": certgen,
};

export const INGRESS_IMAGES: readonly ImageDef[] = [
  {
    names: ["registry.k8s.io/ingress-nginx/controller"],
    tags: /^v1\.\d{1,2}\.\d{1,2}$/,
    sizeBytes: 117_000_000,
    rootfs: () => {
      const base = alpineTree("3.21.3");
      return rootfs(SKELETON, base, {
        "etc/passwd": `${base["etc/passwd"] as string}www-data:x:101:82:www-data:/usr/local/nginx:/sbin/nologin\n`,
        "etc/group": `${base["etc/group"] as string}www-data:x:82:www-data\n`,
        "etc/nginx": { dir: 0o755, uid: 101, gid: 82 },
        "etc/nginx/nginx.conf": {
          text: "# A very simple nginx configuration file that forces nginx to start.\npid /tmp/nginx/nginx.pid;\n\nevents {}\nhttp {}\ndaemon off;\n",
          uid: 101,
          gid: 82,
        },
        "etc/ingress-controller/ssl": { dir: 0o755, uid: 101, gid: 82 },
        "etc/ingress-controller/auth": { dir: 0o755, uid: 101, gid: 82 },
        "nginx-ingress-controller": { program: "nginx-ingress-controller" },
        "wait-shutdown": { program: "ingress-wait-shutdown" },
        "usr/bin/dumb-init": { program: "dumb-init" },
        "usr/bin/curl": { program: "curl" },
        "var/log/nginx/access.log": { link: "/dev/stdout" },
        "var/log/nginx/error.log": { link: "/dev/stderr" },
      });
    },
    entrypoint: ["/usr/bin/dumb-init", "--"],
    cmd: ["/nginx-ingress-controller"],
    env: () => ({
      PATH: `${DEFAULT_PATH}:/usr/local/luajit/bin`,
      LUA_PATH: "/usr/local/share/luajit-2.1.0-beta3/?.lua",
    }),
    user: "www-data",
    workingDir: "/etc/nginx",
    exposedPorts: ["80/tcp", "443/tcp"],
  },
  {
    names: ["registry.k8s.io/ingress-nginx/kube-webhook-certgen"],
    tags: /^v(\d{8}-[0-9a-z-]+|1\.\d\.\d{1,2}|2023.*)$/,
    sizeBytes: 23_000_000,
    rootfs: () => rootfs(SKELETON, { "kube-webhook-certgen": { program: "kube-webhook-certgen" } }),
    entrypoint: ["/kube-webhook-certgen"],
    cmd: [],
    env: () => ({ PATH: DEFAULT_PATH }),
    user: "65532",
  },
];
