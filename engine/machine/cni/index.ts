export { Cni, CniError } from "./cni.ts";
