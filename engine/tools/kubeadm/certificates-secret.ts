/** `kubeadm init phase upload-certs`, and the other end of it: certificates that control planes share, in a Secret. */
import { hexToBytes } from "@noble/hashes/utils.js";
import type { ApiClient } from "../../api/client.ts";
import { isStatus } from "../../api/status.ts";
import type { KubeObject, Resource } from "../../api/types.ts";
import { concat, decodeBase64, encode, encodeBase64, type Gen } from "../../kernel/index.ts";
import { Aes, gcmOpen, gcmSeal } from "../../pki/aes.ts";
import { type Kubeadm, KubeadmError, SECRETS } from "./context.ts";

const NAMESPACE = "kube-system";
const NAME = "kubeadm-certs";
const DIRECTORY = "/etc/kubernetes/pki";
const SHARED = [
  "ca.crt",
  "ca.key",
  "sa.pub",
  "sa.key",
  "front-proxy-ca.crt",
  "front-proxy-ca.key",
  "etcd/ca.crt",
  "etcd/ca.key",
];
const NONCE = 12;
const NOTHING = new Uint8Array(0);

const entryOf = (file: string) => file.replace("etcd/", "etcd-");

function random(k: Kubeadm, bytes: number): string {
  return k.p.machine.kernel.random(`kubeadm ${k.p.machine.hostname}`).hex(2 * bytes);
}

/** A key that nobody had before. */
export const certificateKey = (k: Kubeadm): string => random(k, 32);

export function* printCertificateKey(k: Kubeadm): Gen {
  yield* k.print(`${certificateKey(k)}\n`);
}

export function* uploadPhase(k: Kubeadm): Gen {
  const key = k.on("upload-certs") ? (k.flag("certificate-key") ?? certificateKey(k)) : undefined;
  yield* uploadCertificates(k, k.client(), key);
}

/** Stores the shared certificates under a key; none: they stay where they are. */
export function* uploadCertificates(k: Kubeadm, client: ApiClient, key: string | undefined): Gen {
  if (key === undefined) return yield* k.print("[upload-certs] Skipping phase. Please see --upload-certs\n");
  const aes = new Aes(hexToBytes(key));
  const data: Record<string, string> = {};
  for (const file of SHARED) {
    const text = k.read(`${DIRECTORY}/${file}`);
    if (text === undefined) continue;
    const nonce = hexToBytes(random(k, NONCE));
    data[entryOf(file)] = encodeBase64(concat([nonce, gcmSeal(aes, nonce, encode(text), NOTHING)]));
  }
  const secret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: NAME, namespace: NAMESPACE },
    type: "Opaque",
    data,
  };
  yield* k.print(`[upload-certs] Storing the certificates in Secret "${NAME}" in the "${NAMESPACE}" Namespace\n`);
  yield* k.ask(function* () {
    try {
      yield* client.create(SECRETS, secret);
    } catch (error) {
      if (!isStatus(error, "AlreadyExists")) throw error;
      yield* client.patch(SECRETS, NAMESPACE, NAME, { data });
    }
    for (const [resource, object] of readers()) {
      try {
        yield* client.create(resource, object);
      } catch (error) {
        if (!isStatus(error, "AlreadyExists")) throw error;
      }
    }
  });
  yield* k.print(`[upload-certs] Using certificate key:\n${key}\n`);
}

const RBAC = "rbac.authorization.k8s.io";
const rbacResource = (resource: string, kind: string): Resource => ({
  group: RBAC,
  version: "v1",
  resource,
  kind,
  namespaced: true,
});

/** The Role by which whoever joins reads the Secret, and its binding. */
function readers(): [Resource, object][] {
  const metadata = { name: `kubeadm:${NAME}`, namespace: NAMESPACE };
  const rules = [{ apiGroups: [""], resources: ["secrets"], resourceNames: [NAME], verbs: ["get"] }];
  const group = "system:bootstrappers:kubeadm:default-node-token";
  return [
    [rbacResource("roles", "Role"), { apiVersion: `${RBAC}/v1`, kind: "Role", metadata, rules }],
    [
      rbacResource("rolebindings", "RoleBinding"),
      {
        apiVersion: `${RBAC}/v1`,
        kind: "RoleBinding",
        metadata,
        roleRef: { apiGroup: RBAC, kind: "Role", name: metadata.name },
        subjects: [{ apiGroup: RBAC, kind: "Group", name: group }],
      },
    ],
  ];
}

/** The shared files by their names, opened with the key that `join --control-plane` was given; throws where it does not fit. */
export function* downloadCertificates(client: ApiClient, key: string): Gen<ReadonlyMap<string, Uint8Array>> {
  const refuse = (why: string) =>
    new KubeadmError(`error execution phase control-plane-prepare/download-certs: error downloading certs: ${why}`);
  let secret: KubeObject;
  try {
    secret = yield* client.get<KubeObject>(SECRETS, NAMESPACE, NAME);
  } catch (error) {
    if (!isStatus(error, "NotFound") && !isStatus(error, "Forbidden")) throw error;
    throw refuse(
      `error downloading the secret: Secret "${NAME}" was not found in the "${NAMESPACE}" Namespace. This Secret might have expired. ` +
        "Please, run `kubeadm init phase upload-certs --upload-certs` on a control plane to generate a new one",
    );
  }
  if (!/^[0-9a-f]{64}$/.test(key)) throw refuse("error decoding certificate key: encoding/hex: invalid byte");
  const aes = new Aes(hexToBytes(key));
  const files = new Map<string, Uint8Array>();
  for (const file of SHARED) {
    const text: string | undefined = secret["data"]?.[entryOf(file)];
    if (text === undefined) continue;
    const bytes = decodeBase64(text) ?? NOTHING;
    const plain = gcmOpen(aes, bytes.subarray(0, NONCE), bytes.subarray(NONCE), NOTHING);
    if (plain === undefined)
      throw refuse("error decoding secret data with provided key: cipher: message authentication failed");
    files.set(file, plain);
  }
  return files;
}
