/** kubeadm init phase certs (cmd/kubeadm/app/phases/certs): authorities, what they sign, and the key of ServiceAccounts. */
import type { Gen } from "../../kernel/index.ts";
import { addressOf } from "../../kubeadm/settings.ts";
import * as sys from "../../machine/sys.ts";
import { fromPem, pem } from "../../pki/der.ts";
import { type CertificateDocument, makeCertificate, readCertificate } from "../../pki/documents.ts";
import { type PrivateKey, publicOf, publicPem, readPrivatePem } from "../../pki/keys.ts";
import { OID } from "../../pki/oids.ts";
import { createCertificate, type KeyPair, keyPair, type Name, privateKeyPem } from "../../pki/x509.ts";
import { type Kubeadm, KubeadmError } from "./context.ts";
import { type InitSettings, serverOf } from "./init-settings.ts";

const DAY_MS = 86_400_000;

interface Wanted {
  /** As the subcommand is called. */
  name: string;
  /** Path below the directory without its ending, which messages name it by. */
  path: string;
  /** Path of its authority; none: it is one itself. */
  ca?: string;
  subject(s: InitSettings): Name;
  usages?: readonly ("serverAuth" | "clientAuth")[];
  /** Names and addresses that it serves under. */
  sans?(s: InitSettings): { dns: string[]; ips: string[] };
}

const named = (commonName: string, ...organizations: string[]): Name => ({ commonName, organizations });

const isAddress = (text: string): boolean => /^\d{1,3}(\.\d{1,3}){3}$/.test(text);

function apiNames(s: InitSettings): { dns: string[]; ips: string[] } {
  const host = s.endpoint === undefined ? [] : [new URL(serverOf(s)).hostname];
  const more = [...host, ...s.certSans];
  const service = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", `kubernetes.default.svc.${s.domain}`];
  const dns = [...new Set([s.nodeName, ...service, ...more.filter((one) => !isAddress(one))])].sort();
  return { dns, ips: [...new Set([addressOf(s.serviceCidr, 1), s.address, ...more.filter(isAddress)])] };
}

const etcdNames = (s: InitSettings) => ({ dns: [s.nodeName, "localhost"], ips: [s.address, "127.0.0.1"] });
const BOTH = ["serverAuth", "clientAuth"] as const;
const CLIENT = ["clientAuth"] as const;

const CERTIFICATES: readonly Wanted[] = [
  { name: "ca", path: "ca", subject: () => named("kubernetes") },
  {
    name: "apiserver",
    path: "apiserver",
    ca: "ca",
    subject: () => named("kube-apiserver"),
    usages: ["serverAuth"],
    sans: apiNames,
  },
  {
    name: "apiserver-kubelet-client",
    path: "apiserver-kubelet-client",
    ca: "ca",
    subject: () => named("kube-apiserver-kubelet-client", "kubeadm:cluster-admins"),
    usages: CLIENT,
  },
  { name: "front-proxy-ca", path: "front-proxy-ca", subject: () => named("front-proxy-ca") },
  {
    name: "front-proxy-client",
    path: "front-proxy-client",
    ca: "front-proxy-ca",
    subject: () => named("front-proxy-client"),
    usages: CLIENT,
  },
  { name: "etcd-ca", path: "etcd/ca", subject: () => named("etcd-ca") },
  {
    name: "etcd-server",
    path: "etcd/server",
    ca: "etcd/ca",
    subject: (s) => named(s.nodeName),
    usages: BOTH,
    sans: etcdNames,
  },
  {
    name: "etcd-peer",
    path: "etcd/peer",
    ca: "etcd/ca",
    subject: (s) => named(s.nodeName),
    usages: BOTH,
    sans: etcdNames,
  },
  {
    name: "etcd-healthcheck-client",
    path: "etcd/healthcheck-client",
    ca: "etcd/ca",
    subject: () => named("kube-etcd-healthcheck-client"),
    usages: CLIENT,
  },
  {
    name: "apiserver-etcd-client",
    path: "apiserver-etcd-client",
    ca: "etcd/ca",
    subject: () => named("kube-apiserver-etcd-client"),
    usages: CLIENT,
  },
];

/** What `certs all` may be asked for by name. */
export const CERTIFICATE_NAMES: readonly string[] = [...CERTIFICATES.map(({ name }) => name), "sa"];

export const certificatesFolder = (k: Kubeadm): string => k.flag("cert-dir") ?? "/etc/kubernetes/pki";

/** A key pair of this run's random numbers. */
function newPair(k: Kubeadm): KeyPair {
  const hex = k.p.machine.kernel.random(`kubeadm ${k.p.machine.hostname}`).hex(64);
  return keyPair(Uint8Array.from(hex.match(/../g)!, (two) => Number.parseInt(two, 16)));
}

const serialOf = (k: Kubeadm): Uint8Array => {
  const hex = k.p.machine.kernel.random(`kubeadm ${k.p.machine.hostname}`).hex(14);
  return Uint8Array.from(`01${hex}`.match(/../g)!, (two) => Number.parseInt(two, 16));
};

interface Authority {
  certificate: CertificateDocument;
  key: PrivateKey;
}

/** An authority as it lies on disk; throws in kubeadm's words where it does not. */
export function authorityOf(k: Kubeadm, path: string): Authority {
  const file = `${certificatesFolder(k)}/${path}`;
  const der = fromPem("CERTIFICATE", k.read(`${file}.crt`) ?? "");
  const certificate = der && readCertificate(der);
  if (certificate === undefined) {
    throw new KubeadmError(
      `couldn't load CA certificate ${path}: couldn't load the certificate file ${file}.crt: open ${file}.crt: no such file or directory`,
    );
  }
  const key = readPrivatePem(k.read(`${file}.key`) ?? "");
  if (key === undefined) {
    throw new KubeadmError(
      `couldn't load CA certificate ${path}: couldn't load the private key file ${file}.key: open ${file}.key: no such file or directory`,
    );
  }
  return { certificate, key };
}

interface Asked {
  subject: Name;
  usages: readonly ("serverAuth" | "clientAuth")[];
  dns?: readonly string[];
  ips?: readonly string[];
}

/** A certificate for a year with a key of its own, signed by whatever kind of key the authority has; both PEM. */
export function issue(k: Kubeadm, authority: Authority, asked: Asked): { certificate: string; key: string } {
  const pair = newPair(k);
  const notBefore = Math.floor(k.nowMs / 1000) * 1000;
  const shape = createCertificate({
    subject: asked.subject,
    publicKey: pair.public,
    key: pair,
    usages: asked.usages,
    dnsNames: asked.dns ?? [],
    ipAddresses: asked.ips ?? [],
    serial: serialOf(k),
    notBefore,
    notAfter: notBefore + 365 * DAY_MS,
  });
  const { subject, spki, extensions } = readCertificate(shape)!;
  const der = makeCertificate(
    {
      serial: serialOf(k),
      issuer: authority.certificate.subject,
      subject,
      notBefore,
      notAfter: notBefore + 365 * DAY_MS,
      spki,
      extensions: extensions.filter(({ oid }) => oid !== OID.authorityKeyId),
    },
    authority.key,
    "sha256",
  );
  return { certificate: pem("CERTIFICATE", der), key: privateKeyPem(pair) };
}

function newAuthority(k: Kubeadm, subject: Name): { certificate: string; key: string } {
  const pair = newPair(k);
  const notBefore = Math.floor(k.nowMs / 1000) * 1000;
  const der = createCertificate({
    subject,
    publicKey: pair.public,
    key: pair,
    isCa: true,
    serial: serialOf(k),
    notBefore,
    notAfter: notBefore + 10 * 365 * DAY_MS,
  });
  return { certificate: pem("CERTIFICATE", der), key: privateKeyPem(pair) };
}

function* one(k: Kubeadm, s: InitSettings, wanted: Wanted): Gen {
  const { path, ca, sans } = wanted;
  const file = `${certificatesFolder(k)}/${path}`;
  const there = k.read(`${file}.crt`) !== undefined && k.read(`${file}.key`) !== undefined;
  if (there) {
    yield* k.print(
      ca === undefined
        ? `[certs] Using existing ${path} certificate authority\n`
        : `[certs] Using existing ${path} certificate and key on disk\n`,
    );
    return;
  }
  if (ca === undefined && k.read(`${file}.crt`) !== undefined) {
    yield* k.print(`[certs] Using existing ${path} keyless certificate authority\n`);
    return;
  }
  const names = sans?.(s);
  const made =
    ca === undefined
      ? newAuthority(k, wanted.subject(s))
      : issue(k, authorityOf(k, ca), { subject: wanted.subject(s), usages: wanted.usages ?? [], ...names });
  yield* k.print(`[certs] Generating "${path}" certificate and key\n`);
  if (names !== undefined) {
    const ips = [...names.ips, ...(path.startsWith("etcd/") ? ["::1"] : [])];
    yield* k.print(
      `[certs] ${path} serving cert is signed for DNS names [${names.dns.join(" ")}] and IPs [${ips.join(" ")}]\n`,
    );
  }
  yield* k.run("mkdir", "-p", file.slice(0, file.lastIndexOf("/")));
  sys.writeText(k.p, `${file}.crt`, made.certificate, 0o644);
  sys.writeText(k.p, `${file}.key`, made.key, 0o600);
}

/** The key pair that signs ServiceAccounts' tokens. */
function* serviceAccounts(k: Kubeadm): Gen {
  const folder = certificatesFolder(k);
  const there = readPrivatePem(k.read(`${folder}/sa.key`) ?? "");
  if (there !== undefined) {
    yield* k.print('[certs] Using the existing "sa" key\n');
    if (k.read(`${folder}/sa.pub`) === undefined)
      sys.writeText(k.p, `${folder}/sa.pub`, publicPem(publicOf(there)), 0o600);
    return;
  }
  yield* k.print('[certs] Generating "sa" key and public key\n');
  const text = privateKeyPem(newPair(k));
  yield* k.run("mkdir", "-p", folder);
  sys.writeText(k.p, `${folder}/sa.key`, text, 0o600);
  sys.writeText(k.p, `${folder}/sa.pub`, publicPem(publicOf(readPrivatePem(text)!)), 0o600);
}

/** `certs all`, or one of them. */
export function* certsPhase(k: Kubeadm, s: InitSettings, which = "all"): Gen {
  if (which === "all") yield* k.print(`[certs] Using certificateDir folder "${certificatesFolder(k)}"\n`);
  for (const wanted of CERTIFICATES) if (which === "all" || which === wanted.name) yield* one(k, s, wanted);
  if (which === "all" || which === "sa") yield* serviceAccounts(k);
}

/** PEM of the cluster's authority. */
export const authorityText = (k: Kubeadm): string => k.read(`${certificatesFolder(k)}/ca.crt`) ?? "";
