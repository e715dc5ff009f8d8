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
}

/** A cluster, a user of it, and the context of both. */
export interface KubeconfigEntry extends KubeconfigOptions {
  name: string;
  context: string;
}

export function kubeconfig(options: KubeconfigOptions): string {
  const context = `${options.user}@kubernetes`;
  return kubeconfigOf([{ ...options, name: "kubernetes", context }], context);
}

/** A kubeconfig of several clusters, entries in the order of their names as client-go writes them. */
export function kubeconfigOf(entries: readonly KubeconfigEntry[], current: string): string {
  const sorted = (key: "name" | "context" | "user") => [...entries].sort((a, b) => (a[key] < b[key] ? -1 : 1));
  const clusters = sorted("name").map(
    ({ pki, server, name }) =>
      `- cluster:\n    certificate-authority-data: ${data(pki.kubernetes.certificate)}\n    server: ${server}\n  name: ${name}\n`,
  );
  const contexts = sorted("context").map(
    ({ name, user, context }) => `- context:\n    cluster: ${name}\n    user: ${user}\n  name: ${context}\n`,
  );
  const users = sorted("user").map((entry) => `- name: ${entry.user}\n  user:\n${credentials(entry)}`);
  return (
    `apiVersion: v1\nclusters:\n${clusters.join("")}contexts:\n${contexts.join("")}current-context: ${current}\n` +
    `kind: Config\npreferences: {}\nusers:\n${users.join("")}`
  );
}

/** Base64 of a PEM: those of a cluster's authority stand in many files. */
function data(pem: string): string {
  let made = encodings.get(pem);
  if (made === undefined) {
    if (encodings.size >= 256) encodings.clear();
    encodings.set(pem, (made = encodeBase64(encode(pem))));
  }
  return made;
}

const encodings = new Map<string, string>();

function credentials({ pki, subject, clientFiles }: KubeconfigEntry): string {
  if (clientFiles) {
    return `    client-certificate: ${clientFiles.certificate}\n    client-key: ${clientFiles.key}\n`;
  }
  const issued = pki.kubernetes.issue({ subject, usages: ["clientAuth"] });
  return `    client-certificate-data: ${data(issued.certificate)}\n    client-key-data: ${data(issued.key)}\n`;
}
