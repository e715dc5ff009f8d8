import { stringify } from "yaml";
import { encode, encodeBase64 } from "../../kernel/index.ts";
import { kubeletConfiguration } from "../kubelet-configuration.ts";
import type { ClusterSettings } from "../settings.ts";
import { configMap, type Manifest, rbac, role, SYSTEM, subject } from "./manifest.ts";

/** Those who hold a token that kubeadm made. */
const BOOTSTRAPPERS = "system:bootstrappers:kubeadm:default-node-token";

/** Gives a group a role of the cluster. */
function bind(name: string, to: string, group: string): Manifest {
  return rbac("ClusterRoleBinding", name, { roleRef: role(to), subjects: [subject.group(group)] });
}

const argumentsOf = (given: Readonly<Record<string, string>>): object =>
  Object.keys(given).length === 0 ? {} : { extraArgs: Object.entries(given).map(([name, value]) => ({ name, value })) };

/** The ClusterConfiguration that a cluster keeps. */
function clusterConfiguration(settings: ClusterSettings): string {
  const { endpoint, extra, certSans, podCidr } = settings;
  return stringify(
    {
      apiServer: { ...(certSans.length > 0 && { certSANs: [...certSans] }), ...argumentsOf(extra.apiServer) },
      apiVersion: "kubeadm.k8s.io/v1beta4",
      caCertificateValidityPeriod: "87600h0m0s",
      certificateValidityPeriod: "8760h0m0s",
      certificatesDir: "/etc/kubernetes/pki",
      clusterName: settings.clusterName,
      ...(endpoint !== undefined && { controlPlaneEndpoint: endpoint }),
      controllerManager: argumentsOf(extra.controllerManager),
      dns: {},
      encryptionAlgorithm: "ECDSA-P256",
      etcd: { local: { dataDir: "/var/lib/etcd", ...argumentsOf(extra.etcd) } },
      imageRepository: "registry.k8s.io",
      kind: "ClusterConfiguration",
      kubernetesVersion: settings.version,
      networking: {
        dnsDomain: settings.domain,
        ...(podCidr !== undefined && { podSubnet: podCidr }),
        serviceSubnet: settings.serviceCidr,
      },
      proxy: {},
      scheduler: argumentsOf(extra.scheduler),
    },
    { lineWidth: 0 },
  );
}

/** Makes those of admin.conf administrators. */
export const adminBinding = (): Manifest => bind("kubeadm:cluster-admins", "cluster-admin", "kubeadm:cluster-admins");

/** What nodes need to join: configuration, who may read it, whose certificates are approved. `ca`: PEM. */
export function bootstrapObjects(server: string, ca: string, settings: ClusterSettings): Manifest[] {
  return [
    adminBinding(),
    configMap("kubeadm-config", SYSTEM, { ClusterConfiguration: clusterConfiguration(settings) }),
    rbac(
      "Role",
      "kubeadm:nodes-kubeadm-config",
      {
        rules: [{ apiGroups: [""], resourceNames: ["kubeadm-config"], resources: ["configmaps"], verbs: ["get"] }],
      },
      SYSTEM,
    ),
    rbac(
      "RoleBinding",
      "kubeadm:nodes-kubeadm-config",
      {
        roleRef: role("kubeadm:nodes-kubeadm-config", "Role"),
        subjects: [subject.group(BOOTSTRAPPERS), subject.group("system:nodes")],
      },
      SYSTEM,
    ),
    configMap("kubelet-config", SYSTEM, { kubelet: kubeletConfiguration(settings) }),
    rbac(
      "Role",
      "kubeadm:kubelet-config",
      {
        rules: [{ apiGroups: [""], resourceNames: ["kubelet-config"], resources: ["configmaps"], verbs: ["get"] }],
      },
      SYSTEM,
    ),
    rbac(
      "RoleBinding",
      "kubeadm:kubelet-config",
      {
        roleRef: role("kubeadm:kubelet-config", "Role"),
        subjects: [subject.group("system:nodes"), subject.group(BOOTSTRAPPERS)],
      },
      SYSTEM,
    ),
    rbac("ClusterRole", "kubeadm:get-nodes", { rules: [{ apiGroups: [""], resources: ["nodes"], verbs: ["get"] }] }),
    bind("kubeadm:get-nodes", "kubeadm:get-nodes", BOOTSTRAPPERS),
    bind("kubeadm:kubelet-bootstrap", "system:node-bootstrapper", BOOTSTRAPPERS),
    bind(
      "kubeadm:node-autoapprove-bootstrap",
      "system:certificates.k8s.io:certificatesigningrequests:nodeclient",
      BOOTSTRAPPERS,
    ),
    bind(
      "kubeadm:node-autoapprove-certificate-rotation",
      "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient",
      "system:nodes",
    ),
    configMap("cluster-info", "kube-public", {
      kubeconfig: stringify(
        {
          apiVersion: "v1",
          clusters: [{ cluster: { "certificate-authority-data": encodeBase64(encode(ca)), server }, name: "" }],
          contexts: null,
          "current-context": "",
          kind: "Config",
          preferences: {},
          users: null,
        },
        { indentSeq: false, lineWidth: 0 },
      ),
    }),
    rbac(
      "Role",
      "kubeadm:bootstrap-signer-clusterinfo",
      {
        rules: [{ apiGroups: [""], resourceNames: ["cluster-info"], resources: ["configmaps"], verbs: ["get"] }],
      },
      "kube-public",
    ),
    rbac(
      "RoleBinding",
      "kubeadm:bootstrap-signer-clusterinfo",
      {
        roleRef: role("kubeadm:bootstrap-signer-clusterinfo", "Role"),
        subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "system:anonymous" }],
      },
      "kube-public",
    ),
  ];
}
