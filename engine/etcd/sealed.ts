/**
 * Values that are encrypted in etcd. Inside the simulation they stay objects, held by reference; whoever reads bytes
 * (etcdctl, a snapshot) gets ciphertext.
 */

/** A key of a provider: `k8s:enc:aescbc:v1:key1:`. */
export interface Sealer {
  readonly prefix: string;
  /** Ciphertext with the prefix. `context`: the key in etcd; `revision` tells one writing from another. */
  seal(bytes: Uint8Array, context: string, revision: number): Uint8Array;
  /** Undefined when the bytes were not sealed with this key. */
  open(bytes: Uint8Array, context: string): Uint8Array | undefined;
}

const sealed = new WeakMap<object, { sealer: Sealer; revision: number }>();

/** Notes that a stored object is encrypted, since the revision at which it was written. */
export function sealObject(object: object, sealer: Sealer, revision: number): void {
  sealed.set(object, { sealer, revision });
}

export function sealerOf(object: object): Sealer | undefined {
  return sealed.get(object)?.sealer;
}

/** What etcd holds of an object whose plain bytes are these. */
export function sealedBytes(object: object, plain: Uint8Array, context: string): Uint8Array {
  const found = sealed.get(object);
  return found === undefined ? plain : found.sealer.seal(plain, context, found.revision);
}
