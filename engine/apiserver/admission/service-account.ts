import type { Draft } from "../../api/kind.ts";
import type { AdmissionPlugin, Attributes } from "./admission.ts";
import { isResource, MIRROR_ANNOTATION, refuse } from "./refuse.ts";

const MOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount";
const VOLUME_PREFIX = "kube-api-access-";
/** An hour and seven seconds marks tokens that the server may extend (pkg/serviceaccount WarnOnlyBoundTokenExpirationPeriod). */
const TOKEN_SECONDS = 3607;
const FILE_MODE = 0o644;

/** Gives Pods a ServiceAccount and mounts its token (plugin/pkg/admission/serviceaccount). */
export const serviceAccount: AdmissionPlugin = {
  name: "ServiceAccount",
  mutate(attributes) {
    if (!isResource(attributes, "", "pods") || attributes.operation !== "CREATE") return;
    const pod: Draft = attributes.object;
    if (pod.metadata.annotations?.[MIRROR_ANNOTATION]) return mirror(attributes, pod);
    const spec = pod.spec;
    spec.serviceAccountName ||= spec.serviceAccount || "default";
    spec.serviceAccount = spec.serviceAccountName;
    const { namespace, context } = attributes;
    const account = context.registry.cacheOf("", "v1", "serviceaccounts")?.get(namespace, spec.serviceAccountName);
    if (account === undefined) {
      const name = spec.serviceAccountName;
      throw refuse(
        attributes,
        `error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`,
      );
    }
    const wanted = spec.automountServiceAccountToken ?? account["automountServiceAccountToken"] ?? true;
    if (wanted) mountToken(attributes, spec);
    const secrets: { name: string }[] = account["imagePullSecrets"] ?? [];
    if (!spec.imagePullSecrets?.length && secrets.length > 0) {
      spec.imagePullSecrets = secrets.map(({ name }) => ({ name }));
    }
  },
};

/** Mirror Pods are what a kubelet made of a file: they may not reach into the API. */
function mirror(attributes: Attributes, pod: Draft): void {
  if (pod.spec.serviceAccountName) throw refuse(attributes, "a mirror pod may not reference service accounts");
  for (const volume of pod.spec.volumes ?? []) {
    if (volume.secret) throw refuse(attributes, "a mirror pod may not reference secrets");
  }
}

function mountToken({ context }: Attributes, spec: Draft): void {
  const volumes: Draft[] = (spec.volumes ??= []);
  let name: string | undefined = volumes.find((volume) => volume.name.startsWith(VOLUME_PREFIX))?.name;
  const existing = name;
  let needed = false;
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) {
    const mounts: Draft[] = (container.volumeMounts ??= []);
    if (mounts.some((mount) => mount.mountPath === MOUNT_PATH)) continue;
    name ??= VOLUME_PREFIX + context.registry.kernel.random("apiserver names").string(5);
    mounts.push({ name, readOnly: true, mountPath: MOUNT_PATH });
    needed = true;
  }
  if (needed && existing === undefined) volumes.push(tokenVolume(name!));
}

function tokenVolume(name: string): object {
  const field = { fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" }, path: "namespace" };
  return {
    name,
    projected: {
      defaultMode: FILE_MODE,
      sources: [
        { serviceAccountToken: { expirationSeconds: TOKEN_SECONDS, path: "token" } },
        { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
        { downwardAPI: { items: [field] } },
      ],
    },
  };
}
