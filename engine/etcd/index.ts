export { EtcdError } from "./errors.ts";
export { type Etcd, SingleEtcd } from "./etcd.ts";
export { EtcdStore, leaseName } from "./store.ts";
export type * from "./types.ts";
export { prefixEnd, valueBytes } from "./value.ts";
