import { alpineTree } from "./alpine.ts";
import type { ImageDef } from "./image.ts";
import { DEFAULT_PATH, rootfs, SKELETON } from "./rootfs.ts";

/** The overlay's daemon. Its DaemonSet names the command: `/opt/bin/flanneld --ip-masq --kube-subnet-mgr`. */
export const flannel: ImageDef = {
  names: ["docker.io/flannel/flannel", "ghcr.io/flannel-io/flannel"],
  tags: /^v0\.2[0-6]\.\d{1,2}$/,
  sizeBytes: 30_400_000,
  rootfs: () =>
    rootfs(SKELETON, alpineTree("3.20.3"), {
      "opt/bin/flanneld": { program: "flanneld" },
      "opt/bin/mk-docker-opts.sh": { text: "#!/bin/sh\nexit 0\n", mode: 0o755 },
    }),
  entrypoint: ["/opt/bin/flanneld"],
  cmd: [],
  env: () => ({ PATH: DEFAULT_PATH, FLANNEL_ARCH: "amd64" }),
};

/** Its companion, which copies the CNI plugin onto the node. */
export const flannelCniPlugin: ImageDef = {
  names: ["docker.io/flannel/flannel-cni-plugin", "ghcr.io/flannel-io/flannel-cni-plugin"],
  tags: /^v1\.[0-6]\.\d(-flannel\d)?$/,
  sizeBytes: 4_700_000,
  rootfs: () => rootfs(SKELETON, alpineTree("3.20.3"), { flannel: { program: "cni-plugin" } }),
  entrypoint: [],
  cmd: [],
  env: () => ({ PATH: DEFAULT_PATH }),
};
