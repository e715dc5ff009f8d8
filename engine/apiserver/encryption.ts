import type { KindDef } from "../api/kind.ts";
import type { KubeObject } from "../api/types.ts";
import { type Sealer, sealerOf, sealObject } from "../etcd/index.ts";
import { internalError } from "./errors.ts";

/** A provider of an EncryptionConfiguration: keys, the first of which writes. */
export interface Provider {
  /** `k8s:enc:aescbc:v1:`; "" for identity. */
  readonly prefix: string;
  /** `AES`, `Secretbox`: as its failures name it. */
  readonly name: string;
  readonly keys: readonly Sealer[];
}

export interface EncryptionRule {
  /** `secrets`, `deployments.apps`, `*.apps`, `*.`, `*.*`. */
  readonly resources: readonly string[];
  readonly providers: readonly Provider[];
}

const IDENTITY: Provider = { prefix: "", name: "identity", keys: [] };

/** How objects of a kind are written to etcd and read from it by one server (apiserver pkg/server/options/encryptionconfig). */
export class ObjectStorage {
  private readonly providers: readonly Provider[];

  constructor(providers: readonly Provider[]) {
    this.providers = providers;
  }

  /** The key that writes now; undefined: plain. */
  private get writing(): Sealer | undefined {
    return this.providers[0]?.keys[0];
  }

  /** Notes how an object that was just written lies in etcd. */
  wrote(object: KubeObject, revision: number): void {
    const sealer = this.writing;
    if (sealer !== undefined) sealObject(object, sealer, revision);
  }

  /** An object lies there otherwise than it would be written now: an update that changes nothing rewrites it. */
  isStale(object: KubeObject): boolean {
    return sealerOf(object) !== this.writing;
  }

  /** Throws what a read of the object gives when its key is not among those of this server. */
  requireReadable(object: KubeObject, key: string): void {
    const sealer = sealerOf(object);
    const why = this.unreadable(sealer);
    if (why !== undefined) throw internalError(`unable to transform key ${JSON.stringify(key)}: ${why}`);
  }

  private unreadable(sealer: Sealer | undefined): string | undefined {
    const prefix = sealer?.prefix ?? "";
    const provider = this.providers.find((one) => prefix.startsWith(one.prefix));
    if (provider === undefined) return "no matching prefix found";
    if (sealer === undefined) return undefined;
    if (provider.prefix === "") return "identity transformer tried to read encrypted data";
    return provider.keys.includes(sealer)
      ? undefined
      : `no matching key was found for the provided ${provider.name} transformer`;
  }
}

const PLAIN = new ObjectStorage([IDENTITY]);

/** What `--encryption-provider-config` says; without it everything is plain. */
export class Encryption {
  private readonly rules: readonly EncryptionRule[];
  private readonly byKind = new WeakMap<KindDef, ObjectStorage>();

  constructor(rules: readonly EncryptionRule[] = []) {
    this.rules = rules;
  }

  get encrypts(): boolean {
    return this.rules.length > 0;
  }

  *sealers(): Iterable<Sealer> {
    for (const { providers } of this.rules) for (const { keys } of providers) yield* keys;
  }

  of(def: KindDef): ObjectStorage {
    let storage = this.byKind.get(def);
    if (storage === undefined) {
      const rule = this.rules.find(({ resources }) => resources.some((resource) => covers(resource, def)));
      storage = rule === undefined ? PLAIN : new ObjectStorage(rule.providers);
      this.byKind.set(def, storage);
    }
    return storage;
  }
}

function covers(resource: string, { resource: { group, resource: plural } }: KindDef): boolean {
  if (resource === "*.*") return true;
  const dot = resource.indexOf(".");
  const [name, of] = dot < 0 ? [resource, ""] : [resource.slice(0, dot), resource.slice(dot + 1)];
  return of === group && (name === "*" || name === plural);
}
