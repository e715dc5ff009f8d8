import type { Program } from "../../machine/process.ts";
import { alpineTree } from "../alpine.ts";
import type { ImageDef } from "../image.ts";
import { DEFAULT_PATH, rootfs, SKELETON } from "../rootfs.ts";
import { idle } from "../servers/serving.ts";
import { gatewayFabric } from "./controller.ts";

/** nginx beside the controller, which speaks for it: the two share their network. */
const fabricNginx: Program = (p) => idle(p, 24_000);

export const fabricPrograms: Readonly<Record<string, Program>> = {
  "gateway-fabric": gatewayFabric,
  "gateway-fabric-nginx": fabricNginx,
};

const both = (name: string) => [
  `ghcr.io/nginx/nginx-gateway-fabric${name}`,
  `ghcr.io/nginxinc/nginx-gateway-fabric${name}`,
];
const TAGS = /^1\.[3-6]\.\d{1,2}$/;

/** The images of nginx-gateway-fabric 1.x. */
export const FABRIC_IMAGES: readonly ImageDef[] = [
  {
    names: both(""),
    tags: TAGS,
    sizeBytes: 21_000_000,
    rootfs: () => rootfs(SKELETON, { "usr/bin/gateway": { program: "gateway-fabric" } }),
    entrypoint: ["/usr/bin/gateway"],
    cmd: [],
    env: () => ({ PATH: DEFAULT_PATH }),
    user: "101",
  },
  {
    names: both("/nginx"),
    tags: TAGS,
    sizeBytes: 17_000_000,
    rootfs: () =>
      rootfs(SKELETON, alpineTree("3.21.3"), {
        "usr/sbin/nginx": { program: "gateway-fabric-nginx" },
        "usr/bin/curl": { program: "curl" },
        "var/log/nginx/access.log": { link: "/dev/stdout" },
        "var/log/nginx/error.log": { link: "/dev/stderr" },
      }),
    entrypoint: ["/usr/sbin/nginx", "-g", "daemon off;"],
    cmd: [],
    env: () => ({ PATH: DEFAULT_PATH }),
    exposedPorts: ["80/tcp", "443/tcp"],
  },
];
