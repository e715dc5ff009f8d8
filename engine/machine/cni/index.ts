export { Cni, CniError, spaceName } from "./cni.ts";
