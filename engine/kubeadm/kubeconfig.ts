/** Kubeconfig files as `kubeadm init phase kubeconfig` writes them. */

import { encode, encodeBase64 } from "../kernel/index.ts";
import type { Name } from "../pki/x509.ts";
import type { ClusterPki } from "./pki.ts";

export interface KubeconfigOptions {
  pki: ClusterPki;
  server: string;
  /** Name of the user's entry, e.g. `kubernetes-admin`. */
  user: string;
  subject: Name;
  /** Files instead of embedded data, as kubelet.conf has them. */
  clientFiles?: { certificate: string; key: string };
  clusterName?: string;
}

export function kubeconfig(options: KubeconfigOptions): string {
  const cluster = options.clusterName ?? "kubernetes";
  const context = `${options.user}@${cluster}`;
  const data = (text: string) => encodeBase64(encode(text));
  let credentials: string;
  if (options.clientFiles) {
    credentials = `    client-certificate: ${options.clientFiles.certificate}\n    client-key: ${options.clientFiles.key}\n`;
  } else {
    const issued = options.pki.kubernetes.issue({ subject: options.subject, usages: ["clientAuth"] });
    credentials = `    client-certificate-data: ${data(issued.certificate)}\n    client-key-data: ${data(issued.key)}\n`;
  }
  return (
    "apiVersion: v1\nclusters:\n- cluster:\n" +
    `    certificate-authority-data: ${data(options.pki.kubernetes.certificate)}\n` +
    `    server: ${options.server}\n  name: ${cluster}\n` +
    `contexts:\n- context:\n    cluster: ${cluster}\n    user: ${options.user}\n  name: ${context}\n` +
    `current-context: ${context}\nkind: Config\npreferences: {}\nusers:\n- name: ${options.user}\n  user:\n${credentials}`
  );
}
