import { debianTree } from "./debian.ts";
import type { ImageDef } from "./image.ts";
import { DEFAULT_PATH, rootfs, SKELETON } from "./rootfs.ts";

const TAGS = /^v1\.1[4-7]\.\d{1,2}$/;

/** The agent's image: with the tool under both of its names (`cilium` until 1.15, `cilium-dbg` since). */
const agent: ImageDef = {
  names: ["quay.io/cilium/cilium"],
  tags: TAGS,
  sizeBytes: 223_000_000,
  rootfs: () =>
    rootfs(SKELETON, debianTree(), {
      "usr/bin/cilium-agent": { program: "cilium-agent" },
      "usr/bin/cilium-dbg": { program: "cilium-dbg" },
      "usr/bin/cilium": { program: "cilium-dbg" },
    }),
  entrypoint: [],
  cmd: ["/usr/bin/cilium-agent"],
  env: () => ({ PATH: DEFAULT_PATH }),
};

const operator: ImageDef = {
  names: ["quay.io/cilium/operator-generic"],
  tags: TAGS,
  sizeBytes: 33_000_000,
  rootfs: () => rootfs(SKELETON, { "usr/bin/cilium-operator-generic": { program: "cilium-operator-generic" } }),
  entrypoint: [],
  cmd: ["/usr/bin/cilium-operator-generic"],
  env: () => ({ PATH: DEFAULT_PATH }),
};

export const CILIUM_IMAGES: readonly ImageDef[] = [agent, operator];
