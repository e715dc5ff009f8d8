/** kubeadm init phase kubeconfig (cmd/kubeadm/app/phases/kubeconfig). */
import { encode, encodeBase64, type Gen } from "../../kernel/index.ts";
import * as sys from "../../machine/sys.ts";
import type { Name } from "../../pki/x509.ts";
import { authorityOf, authorityText, issue } from "./certificates.ts";
import type { Kubeadm } from "./context.ts";
import { type InitSettings, serverOf } from "./init-settings.ts";

interface Config {
  user: (s: InitSettings) => string;
  organizations: readonly string[];
  /** It asks this machine's own API server, not the shared endpoint. */
  local?: boolean;
}

const fixed = (name: string) => () => name;

const CONFIGS: Readonly<Record<string, Config>> = {
  admin: { user: fixed("kubernetes-admin"), organizations: ["kubeadm:cluster-admins"] },
  "super-admin": { user: fixed("kubernetes-super-admin"), organizations: ["system:masters"] },
  kubelet: { user: (s) => `system:node:${s.nodeName}`, organizations: ["system:nodes"] },
  "controller-manager": { user: fixed("system:kube-controller-manager"), organizations: [], local: true },
  scheduler: { user: fixed("system:kube-scheduler"), organizations: [], local: true },
};

export const KUBECONFIG_NAMES: readonly string[] = Object.keys(CONFIGS);

const data = (text: string): string => encodeBase64(encode(text));

/** A kubeconfig with a certificate for a year. */
function configText(k: Kubeadm, s: InitSettings, server: string, user: string, subject: Name): string {
  const { certificate, key } = issue(k, authorityOf(k, "ca"), { subject, usages: ["clientAuth"] });
  const context = `${user}@${s.clusterName}`;
  return (
    `apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: ${data(authorityText(k))}\n    server: ${server}\n  name: ${s.clusterName}\n` +
    `contexts:\n- context:\n    cluster: ${s.clusterName}\n    user: ${user}\n  name: ${context}\ncurrent-context: ${context}\n` +
    `kind: Config\npreferences: {}\nusers:\n- name: ${user}\n  user:\n` +
    `    client-certificate-data: ${data(certificate)}\n    client-key-data: ${data(key)}\n`
  );
}

/** Writes them, but for those that are there. */
export function* writeKubeconfigs(k: Kubeadm, s: InitSettings, names: readonly string[], folder: string): Gen {
  yield* k.run("mkdir", "-p", folder);
  for (const name of names) {
    const path = `${folder}/${name}.conf`;
    if (sys.find(k.p, path) !== undefined) {
      yield* k.print(`[kubeconfig] Using existing kubeconfig file: "${path}"\n`);
      continue;
    }
    const { user, organizations, local } = CONFIGS[name]!;
    const server = local ? `https://${s.address}:${s.port}` : serverOf(s);
    const text = configText(k, s, server, user(s), { commonName: user(s), organizations });
    yield* k.print(`[kubeconfig] Writing "${name}.conf" kubeconfig file\n`);
    sys.writeText(k.p, path, text, 0o600);
  }
}

/** `kubeadm kubeconfig user`: a kubeconfig for somebody else, on standard output. */
export function* kubeconfigUser(k: Kubeadm, s: InitSettings): Gen {
  const user = k.flag("client-name") ?? "";
  const organizations = (k.flag("org") ?? "").split(",").filter((name) => name !== "");
  yield* k.print(configText(k, s, serverOf(s), user, { commonName: user, organizations }));
}
