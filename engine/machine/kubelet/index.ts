export { Kubelet } from "./kubelet.ts";
export type { KubeletOptions } from "./options.ts";
export { kubelet } from "./program.ts";
