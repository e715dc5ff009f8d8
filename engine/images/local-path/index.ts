import type { Program } from "../../machine/process.ts";
import { alpineTree } from "../alpine.ts";
import type { ImageDef } from "../image.ts";
import { DEFAULT_PATH, rootfs, SKELETON } from "../rootfs.ts";
import { localPathProvisioner } from "./provisioner.ts";

export const localPathPrograms: Readonly<Record<string, Program>> = { "local-path-provisioner": localPathProvisioner };

/** The provisioner of StorageClass `local-path`, which small clusters come with. */
export const localPathImage: ImageDef = {
  names: ["docker.io/rancher/local-path-provisioner"],
  tags: /^v0\.0\.\d{1,2}$/,
  sizeBytes: 20_400_000,
  rootfs: () =>
    rootfs(SKELETON, alpineTree("3.20.3"), { "usr/bin/local-path-provisioner": { program: "local-path-provisioner" } }),
  entrypoint: [],
  cmd: ["local-path-provisioner"],
  env: () => ({ PATH: DEFAULT_PATH }),
};
