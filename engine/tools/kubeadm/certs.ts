/** kubeadm certs: check-expiration and renew. */
import { shortHumanDuration } from "../../api/duration.ts";
import { loadKubeconfig } from "../../api/kubeconfig.ts";
import { decode, decodeBase64, encode, encodeBase64, type Gen } from "../../kernel/index.ts";
import * as sys from "../../machine/sys.ts";
import { fromPem, pem } from "../../pki/der.ts";
import { type CertificateDocument, makeCertificate, readCertificate } from "../../pki/documents.ts";
import { generateEc, privatePem, publicKeyInfo, publicOf, readPrivatePem } from "../../pki/keys.ts";
import { bigIntToBytes } from "../../pki/rsa.ts";
import { calendar, strftime } from "../../text/time.ts";
import { TabWriter } from "../kubectl/printers/tabwriter.ts";
import { type Kubeadm, KubeadmError } from "./context.ts";

const DIR = "/etc/kubernetes";
const YEAR_MS = 365 * 86_400_000;

interface Entry {
  name: string;
  ca: string;
  /** Path below /etc/kubernetes/pki without its ending; a kubeconfig when it ends in .conf. */
  path: string;
  /** As `renew` speaks of it. */
  about: string;
}

const ENTRIES: readonly Entry[] = [
  [
    "admin.conf",
    "ca",
    "admin.conf",
    "certificate embedded in the kubeconfig file for the admin to use and for kubeadm itself",
  ],
  ["apiserver", "ca", "apiserver", "certificate for serving the Kubernetes API"],
  ["apiserver-etcd-client", "etcd-ca", "apiserver-etcd-client", "certificate the apiserver uses to access etcd"],
  [
    "apiserver-kubelet-client",
    "ca",
    "apiserver-kubelet-client",
    "certificate for the API server to connect to kubelet",
  ],
  [
    "controller-manager.conf",
    "ca",
    "controller-manager.conf",
    "certificate embedded in the kubeconfig file for the controller manager to use",
  ],
  [
    "etcd-healthcheck-client",
    "etcd-ca",
    "etcd/healthcheck-client",
    "certificate for liveness probes to healthcheck etcd",
  ],
  ["etcd-peer", "etcd-ca", "etcd/peer", "certificate for etcd nodes to communicate with each other"],
  ["etcd-server", "etcd-ca", "etcd/server", "certificate for serving etcd"],
  ["front-proxy-client", "front-proxy-ca", "front-proxy-client", "certificate for the front proxy client"],
  [
    "scheduler.conf",
    "ca",
    "scheduler.conf",
    "certificate embedded in the kubeconfig file for the scheduler manager to use",
  ],
  ["super-admin.conf", "ca", "super-admin.conf", "certificate embedded in the kubeconfig file for the super-admin"],
].map(([name, ca, path, about]) => ({ name: name!, ca: ca!, path: path!, about: about! }));

const AUTHORITIES: Readonly<Record<string, string>> = {
  ca: "ca",
  "etcd-ca": "etcd/ca",
  "front-proxy-ca": "front-proxy-ca",
};

function documentIn(text: string | undefined): CertificateDocument | undefined {
  const bytes = text && fromPem("CERTIFICATE", text);
  return bytes ? readCertificate(bytes) : undefined;
}

function certificateOf(k: Kubeadm, path: string): CertificateDocument | undefined {
  if (!path.endsWith(".conf")) return documentIn(k.read(`${DIR}/pki/${path}.crt`));
  const text = k.read(`${DIR}/${path}`);
  if (text === undefined) return undefined;
  const data = loadKubeconfig(text).users[0]?.user["client-certificate-data"] ?? "";
  return documentIn(decode(decodeBase64(data) ?? new Uint8Array(0)));
}

function dateText(ms: number): string {
  return strftime("%b %d, %Y %H:%M UTC", calendar(Math.floor(ms / 1000)));
}

function* known(k: Kubeadm, tag: string): Gen {
  yield* k.configuration(tag);
  yield* k.print("\n");
}

export function* checkExpiration(k: Kubeadm): Gen {
  yield* known(k, "check-expiration");
  const writer = new TabWriter(10, 3);
  writer.write("CERTIFICATE\tEXPIRES\tRESIDUAL TIME\tCERTIFICATE AUTHORITY\tEXTERNALLY MANAGED\n");
  for (const { name, ca, path } of ENTRIES) {
    const one = certificateOf(k, path);
    if (one === undefined) {
      writer.write(`!MISSING! ${name}\t\t\t\t\n`);
      continue;
    }
    const left = shortHumanDuration(one.notAfter - k.nowMs);
    writer.write(`${name}\t${dateText(one.notAfter)}\t${left}\t${ca}\t${"no".padEnd(8)}\n`);
  }
  yield* k.print(`${writer.flush()}\n`);
  const authorities = new TabWriter(10, 3);
  authorities.write("CERTIFICATE AUTHORITY\tEXPIRES\tRESIDUAL TIME\tEXTERNALLY MANAGED\n");
  for (const [name, path] of Object.entries(AUTHORITIES)) {
    const one = certificateOf(k, path);
    if (one === undefined) {
      authorities.write(`!MISSING! ${name}\t\t\t\n`);
      continue;
    }
    authorities.write(
      `${name}\t${dateText(one.notAfter)}\t${shortHumanDuration(one.notAfter - k.nowMs)}\t${"no".padEnd(8)}\n`,
    );
  }
  yield* k.print(authorities.flush());
}

/** A new key and certificate for the same name, valid for a year from now. */
function renewed(k: Kubeadm, { name, ca, path }: Entry): void {
  const old = certificateOf(k, path);
  const authority = certificateOf(k, AUTHORITIES[ca]!);
  const caKey = readPrivatePem(k.read(`${DIR}/pki/${AUTHORITIES[ca]}.key`) ?? "");
  if (old === undefined || authority === undefined || caKey === undefined) {
    throw new KubeadmError(
      `failed to renew certificate ${name}: unable to load the certificate authority or the certificate`,
    );
  }
  const random = k.p.machine.kernel.random(`kubeadm ${k.p.machine.hostname}`);
  const key = generateEc("P-256", random);
  const notBefore = Math.floor(k.nowMs / 1000) * 1000;
  const der = makeCertificate(
    {
      serial: bigIntToBytes(BigInt(`0x${random.hex(16)}`) >> 1n),
      issuer: authority.subject,
      subject: old.subject,
      notBefore,
      notAfter: notBefore + YEAR_MS,
      spki: publicKeyInfo(publicOf(key)),
      extensions: old.extensions,
    },
    caKey,
    "sha256",
  );
  const [crt, secret] = [pem("CERTIFICATE", der), privatePem(key, true)];
  if (!path.endsWith(".conf")) {
    sys.writeText(k.p, `${DIR}/pki/${path}.crt`, crt, 0o644);
    sys.writeText(k.p, `${DIR}/pki/${path}.key`, secret, 0o600);
    return;
  }
  const text = k.read(`${DIR}/${path}`)!;
  const changed = text
    .replace(/(client-certificate-data: ).*/, `$1${encodeBase64(encode(crt))}`)
    .replace(/(client-key-data: ).*/, `$1${encodeBase64(encode(secret))}`);
  sys.writeText(k.p, `${DIR}/${path}`, changed, 0o600);
}

const DONE =
  "\nDone renewing certificates. You must restart the kube-apiserver, kube-controller-manager, kube-scheduler and etcd, so that they can use the new certificates.\n";

export function* renew(k: Kubeadm): Gen {
  const [which] = k.args;
  if (which === undefined) {
    throw new KubeadmError('missing subcommand; "renew" is not meant to be run on its own', 1);
  }
  const chosen = which === "all" ? ENTRIES : ENTRIES.filter(({ name }) => name === which);
  if (chosen.length === 0) throw new KubeadmError(`unknown command "${which}" for "kubeadm certs renew"`);
  yield* known(k, "renew");
  for (const entry of chosen) {
    renewed(k, entry);
    yield* k.print(`${entry.about} renewed\n`);
  }
  if (which === "all") yield* k.print(DONE);
}

/** Certificates by the component that serves or asks with them (phases/upgrade/staticpods.go renewCertsByComponent). */
const OF_COMPONENT: Readonly<Record<string, readonly string[]>> = {
  etcd: ["etcd-server", "etcd-peer", "etcd-healthcheck-client"],
  "kube-apiserver": ["apiserver", "apiserver-kubelet-client", "front-proxy-client", "apiserver-etcd-client"],
  "kube-controller-manager": ["controller-manager.conf"],
  "kube-scheduler": ["scheduler.conf"],
};

/** Renews what a component has, before it is upgraded; gives the certificates' names. */
export function renewFor(k: Kubeadm, component: string): readonly string[] {
  const names = OF_COMPONENT[component] ?? [];
  for (const name of names) renewed(k, ENTRIES.find((entry) => entry.name === name)!);
  return names;
}
