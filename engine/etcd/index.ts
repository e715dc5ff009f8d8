export { EtcdError } from "./errors.ts";
export { type Etcd, SingleEtcd } from "./etcd.ts";
export { type Sealer, sealerOf, sealObject } from "./sealed.ts";
export { readSnapshot, restore, type Snapshot, snapshotBytes } from "./snapshot.ts";
export { EtcdStore, leaseName } from "./store.ts";
export type * from "./types.ts";
export { prefixEnd, valueBytes } from "./value.ts";
