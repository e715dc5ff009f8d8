import type { Program } from "../../machine/process.ts";
import { crictl } from "./crictl.ts";
import { ctr } from "./ctr.ts";
import { nerdctl } from "./nerdctl/nerdctl.ts";
import { runc } from "./runc.ts";
import { shim } from "./shim.ts";

/** Clients of a node's container runtime, by name. */
export const containerdPrograms: Record<string, Program> = {
  "containerd-shim-runc-v2": shim,
  crictl,
  ctr,
  nerdctl,
  runc,
};
