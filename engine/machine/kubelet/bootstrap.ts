import { klog } from "../../api/klog.ts";
import { clientFromKubeconfig, loadKubeconfig, RequestError, resolveContext } from "../../api/kubeconfig.ts";
import { CERTIFICATE_SIGNING_REQUESTS } from "../../api/resources.ts";
import { StatusError } from "../../api/status.ts";
import { formatTime } from "../../api/time.ts";
import type { KubeObject } from "../../api/types.ts";
import { decode, decodeBase64, encode, encodeBase64, type Gen, SECOND, sleep } from "../../kernel/index.ts";
import { pem, TAG } from "../../pki/der.ts";
import { makeRequest } from "../../pki/documents.ts";
import { generateEc, privatePem, publicOf } from "../../pki/keys.ts";
import { OID } from "../../pki/oids.ts";
import { createCertificate, keyPair, privateKeyPem } from "../../pki/x509.ts";
import type { Process } from "../process.ts";
import * as sys from "../sys.ts";
import type { KubeletOptions } from "./options.ts";

const DIRECTORY = "/var/lib/kubelet/pki";
const CURRENT = `${DIRECTORY}/kubelet-client-current.pem`;
const SIGNER = "kubernetes.io/kube-apiserver-client-kubelet";
const RETRY = SECOND;

const has = (p: Process, path: string | undefined): path is string =>
  path !== undefined && path !== "" && sys.find(p, path)?.kind === "file";

/**
 * TLS bootstrapping: a kubelet without a kubeconfig asks for a client certificate with the token of its bootstrap
 * kubeconfig, and writes both (pkg/kubelet/certificate/bootstrap). Nothing when there is a kubeconfig, or no token.
 */
export function* bootstrapCertificate(p: Process, options: KubeletOptions, agent: string): Gen {
  const { bootstrapKubeconfig, kubeconfig } = options;
  if (has(p, kubeconfig) || !has(p, bootstrapKubeconfig)) return;
  const { kernel, hostname } = p.machine;
  const log = function* (text: string): Gen {
    yield* sys.printError(p, `${klog(kernel, p.pid, "I", "bootstrap.go:101", text)}\n`);
  };
  yield* log("Use the bootstrap credentials to request a cert, and set kubeconfig to point to the certificate dir");
  const random = kernel.random(`kubelet bootstrap ${hostname}`);
  const key = generateEc("P-256", random);
  const subject = [
    [{ oid: OID.organization, value: "system:nodes", tag: TAG.printableString }],
    [{ oid: OID.commonName, value: `system:node:${options.hostnameOverride ?? hostname}`, tag: TAG.printableString }],
  ];
  const request = pem("CERTIFICATE REQUEST", makeRequest(subject, key, publicOf(key), [], "sha256"));
  const csr = {
    apiVersion: "certificates.k8s.io/v1",
    kind: "CertificateSigningRequest",
    metadata: { generateName: "csr-" },
    spec: {
      request: encodeBase64(encode(request)),
      signerName: SIGNER,
      usages: ["digital signature", "client auth"],
    },
  };
  const client = clientFromKubeconfig(p, bootstrapKubeconfig, agent);
  const certificate = yield* persistently(function* () {
    const made = yield* client.create<KubeObject>(CERTIFICATE_SIGNING_REQUESTS, csr);
    for (;;) {
      const now = yield* client.get<KubeObject>(CERTIFICATE_SIGNING_REQUESTS, undefined, made.metadata.name);
      if (now.status?.certificate) return decode(decodeBase64(now.status.certificate) ?? new Uint8Array(0));
      yield* sleep(RETRY);
    }
  });
  const stamp = formatTime(kernel.wallMs).slice(0, 19).replace("T", "-").replaceAll(":", "-");
  const path = `${DIRECTORY}/kubelet-client-${stamp}.pem`;
  sys.writeText(p, path, certificate + privatePem(key), 0o600);
  if (sys.find(p, CURRENT, false) !== undefined) sys.unlink(p, CURRENT);
  sys.symlink(p, path, CURRENT);
  const { cluster } = resolveContext(loadKubeconfig(sys.readText(p, bootstrapKubeconfig)));
  sys.writeText(p, kubeconfig, ownConfig(cluster["certificate-authority-data"] ?? "", cluster.server ?? ""), 0o600);
}

/**
 * A kubelet that was given no certificate to serve with makes one, of an authority that it makes as well, both in one
 * file (cmd/kubelet/app InitializeTLS, client-go util/cert).
 */
export function makeServingPair(p: Process, certificate: string, key: string): void {
  if (has(p, certificate) || has(p, key) || sys.find(p, DIRECTORY)?.kind !== "dir") return;
  const { kernel, hostname } = p.machine;
  const at = Math.floor(kernel.wallMs / 1000);
  const random = kernel.random(`kubelet serving ${hostname}`);
  const pair = () => keyPair(Uint8Array.from(random.hex(64).match(/../g)!, (two) => Number.parseInt(two, 16)));
  const serial = () => Uint8Array.from(random.hex(14).match(/../g)!, (two) => Number.parseInt(two, 16));
  const [authority, own] = [pair(), pair()];
  const name = { commonName: `${hostname}-ca@${at}`, organizations: [] };
  const life = { notBefore: at * 1000 - 3_600_000, notAfter: (at + 365 * 86_400) * 1000 };
  const ca = createCertificate({
    subject: name,
    publicKey: authority.public,
    key: authority,
    isCa: true,
    serial: serial(),
    ...life,
  });
  const leaf = createCertificate({
    subject: { commonName: `${hostname}@${at}`, organizations: [] },
    publicKey: own.public,
    issuer: { name, key: authority },
    usages: ["serverAuth"],
    dnsNames: [hostname],
    serial: serial(),
    ...life,
  });
  sys.writeText(p, certificate, pem("CERTIFICATE", leaf) + pem("CERTIFICATE", ca), 0o644);
  sys.writeText(p, key, privateKeyPem(own), 0o600);
}

/** Again and again while the server cannot be reached or refuses: a token may become valid. */
function* persistently<T>(step: () => Gen<T>): Gen<T> {
  for (;;) {
    try {
      return yield* step();
    } catch (error) {
      if (!(error instanceof RequestError) && !(error instanceof StatusError)) throw error;
    }
    yield* sleep(RETRY);
  }
}

function ownConfig(authority: string, server: string): string {
  return (
    `apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: ${authority}\n    server: ${server}\n` +
    "  name: default-cluster\ncontexts:\n- context:\n    cluster: default-cluster\n    namespace: default\n" +
    "    user: default-auth\n  name: default-context\ncurrent-context: default-context\nkind: Config\npreferences: {}\n" +
    `users:\n- name: default-auth\n  user:\n    client-certificate: ${CURRENT}\n    client-key: ${CURRENT}\n`
  );
}
