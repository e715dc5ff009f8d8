/** The certificates and keys that `kubeadm init` makes (kubeadm's phases/certs), on P-256. */
import { sha256 } from "@noble/hashes/sha2.js";
import { encode } from "../kernel/index.ts";
import { createCertificate, type KeyPair, keyPair, type Name, pem, privateKeyPem, publicKeyPem } from "../pki/x509.ts";

const DAY = 86_400_000;

export interface IssueOptions {
  subject: Name;
  usages: readonly ("serverAuth" | "clientAuth")[];
  dnsNames?: readonly string[];
  ipAddresses?: readonly string[];
  /** What else tells it from one with the same names: it has a key of its own. */
  purpose?: string;
}

interface Issued {
  certificate: string;
  key: string;
}

/**
 * Keys are drawn from their names, not from the session's seed: they guard nothing but a simulation, and so every
 * session of a process shares the work. Certificates depend on the name and on the cluster's birth only.
 */
const keys = new Map<string, KeyPair>();
const certificates = new Map<string, string>();

function keyNamed(name: string): KeyPair {
  let key = keys.get(name);
  if (key === undefined) keys.set(name, (key = keyPair(sha256(encode(`kubetude key ${name}`)))));
  return key;
}

/** One certificate authority of the cluster: `kubernetes`, `etcd-ca` or `front-proxy-ca`. */
export class Authority {
  readonly name: Name;
  /** When the cluster was made, in whole seconds. */
  readonly bornMs: number;
  private readonly cluster: string;

  /** `bornMs`: when the cluster was made, in ms since 1970; `cluster`: "" or what tells it from others of the session. */
  constructor(commonName: string, bornMs: number, cluster = "") {
    this.name = { commonName, organizations: [] };
    this.cluster = cluster === "" ? commonName : `${cluster}/${commonName}`;
    this.bornMs = Math.floor(bornMs / 1000) * 1000;
  }

  private get key(): KeyPair {
    return keyNamed(this.cluster);
  }

  /** What a kubelet without a serving certificate makes itself: one of its own authority's, both in one file (client-go util/cert). */
  selfMade(host: string): Issued {
    const at = Math.floor(this.bornMs / 1000);
    const authority = new Authority(`${host}-ca@${at}`, this.bornMs, this.cluster);
    const subject = { commonName: `${host}@${at}`, organizations: [] };
    const { certificate, key } = authority.issue({ subject, usages: ["serverAuth"], dnsNames: [host] });
    return { certificate: certificate + authority.certificate, key };
  }

  /** The authority's own certificate, valid for ten years. */
  get certificate(): string {
    return this.sign("self", () => ({
      subject: this.name,
      publicKey: this.key.public,
      key: this.key,
      isCa: true,
      years: 10,
    }));
  }

  get privateKey(): string {
    return privateKeyPem(this.key);
  }

  /** A certificate valid for a year, as kubeadm makes them, with its private key; both PEM. */
  issue(options: IssueOptions): Issued {
    const { purpose = "" } = options;
    const id = `${purpose}${options.subject.commonName} ${options.subject.organizations.join()} ${options.usages.join()} ${(options.dnsNames ?? []).join()} ${(options.ipAddresses ?? []).join()}`;
    const key = keyNamed(`${this.cluster}/${id}`);
    const certificate = this.sign(id, () => ({
      ...options,
      publicKey: key.public,
      issuer: { name: this.name, key: this.key },
      years: 1,
    }));
    return { certificate, key: privateKeyPem(key) };
  }

  /** Signs somebody else's public key (a CertificateSigningRequest). */
  signFor(publicKey: Uint8Array, options: IssueOptions): string {
    return this.sign(`csr ${options.subject.commonName} ${publicKey.join()}`, () => ({
      ...options,
      publicKey,
      issuer: { name: this.name, key: this.key },
      years: 1,
    }));
  }

  private sign(
    id: string,
    request: () => Omit<Parameters<typeof createCertificate>[0], "serial" | "notBefore" | "notAfter"> & {
      years: number;
    },
  ): string {
    const known = `${this.cluster} ${this.bornMs} ${id}`;
    let made = certificates.get(known);
    if (made === undefined) {
      if (certificates.size > 2_000) certificates.clear();
      const { years, ...rest } = request();
      const serial = sha256(encode(known)).subarray(0, 8);
      serial[0]! &= 0x7f;
      const notBefore = this.bornMs;
      made = pem(
        "CERTIFICATE",
        createCertificate({ ...rest, serial, notBefore, notAfter: notBefore + years * 365 * DAY }),
      );
      certificates.set(known, made);
    }
    return made;
  }
}

/** The key pair that signs a cluster's ServiceAccount tokens: `sa.key` and `sa.pub`. */
class ServiceAccountKey {
  readonly pair: KeyPair;

  constructor(cluster: string) {
    this.pair = keyNamed(cluster === "" ? "sa" : `${cluster}/sa`);
  }

  get private(): string {
    return privateKeyPem(this.pair);
  }

  get public(): string {
    return publicKeyPem(this.pair.public);
  }
}

/** All authorities of a cluster. */
export interface ClusterPki {
  kubernetes: Authority;
  etcd: Authority;
  frontProxy: Authority;
  serviceAccount: ServiceAccountKey;
}

export function clusterPki(bornMs: number, cluster = ""): ClusterPki {
  return {
    kubernetes: new Authority("kubernetes", bornMs, cluster),
    etcd: new Authority("etcd-ca", bornMs, cluster),
    frontProxy: new Authority("front-proxy-ca", bornMs, cluster),
    serviceAccount: new ServiceAccountKey(cluster),
  };
}
