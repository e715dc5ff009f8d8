import { debianTree } from "./debian.ts";
import type { ImageDef } from "./image.ts";
import { DEFAULT_PATH, type Entry, rootfs, SKELETON } from "./rootfs.ts";

const TAGS = /^(v3\.(1[5-9]|2\d|3\d)\.\d{1,2}|latest)$/;

function image(
  name: string,
  sizeBytes: number,
  cmd: readonly string[],
  files: Readonly<Record<string, Entry>>,
): ImageDef {
  return {
    names: [`docker.io/calico/${name}`, `quay.io/calico/${name}`],
    tags: TAGS,
    sizeBytes,
    rootfs: () => rootfs(SKELETON, debianTree(), files),
    entrypoint: [],
    cmd,
    env: () => ({ PATH: DEFAULT_PATH }),
  };
}

const plugin = { program: "cni-plugin" };

/** Calico: its agent, what installs its plug-ins, and its controllers. */
export const CALICO_IMAGES: readonly ImageDef[] = [
  image("node", 140_000_000, ["start_runit"], {
    "bin/calico-node": { program: "calico-node" },
    "usr/local/bin/start_runit": { program: "calico-node" },
  }),
  image("cni", 94_000_000, ["/opt/cni/bin/install"], {
    "opt/cni/bin/install": { program: "calico-install" },
    "opt/cni/bin/calico-ipam": { program: "calico-well" },
    "opt/cni/bin/calico": plugin,
  }),
  image("kube-controllers", 34_000_000, ["/usr/bin/kube-controllers"], {
    "usr/bin/kube-controllers": { program: "calico-controllers" },
    "usr/bin/check-status": { program: "calico-well" },
  }),
  image("typha", 31_000_000, ["calico-typha"], { "usr/local/bin/calico-typha": { program: "calico-controllers" } }),
  {
    names: ["quay.io/tigera/operator"],
    tags: /^v1\.\d+\.\d+$/,
    sizeBytes: 21_000_000,
    rootfs: () => rootfs(SKELETON, { "usr/local/bin/operator": { program: "tigera-operator" } }),
    entrypoint: ["operator"],
    cmd: [],
    env: () => ({ PATH: DEFAULT_PATH }),
  },
];
