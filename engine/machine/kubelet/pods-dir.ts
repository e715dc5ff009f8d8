import type { DirNode } from "../inode.ts";
import type { Machine } from "../machine.ts";
import { ensureDir, sharedDir } from "../runtime/files.ts";

/** Where the kubelet keeps what belongs to Pods. */
export const PODS_DIR = "/var/lib/kubelet/pods";

/** The directory of a Pod, or one below it, made where it is missing. */
export function podDir(machine: Machine, uid: string, below = "", mode = 0o750): DirNode {
  return ensureDir(machine, below === "" ? uid : `${uid}/${below}`, mode, sharedDir(machine, PODS_DIR, mode));
}
