import { stringify } from "yaml";
import { encode, encodeBase64 } from "../../kernel/index.ts";
import { kubeletConfiguration } from "../kubelet-configuration.ts";
import { CLUSTER_DOMAIN, POD_CIDR, SERVICE_CIDR, VERSION } from "../topology.ts";
import { configMap, type Manifest, rbac, role, SYSTEM, subject } from "./manifest.ts";

/** What nodes need to join: configuration, who may read it, whose certificates are approved. `ca`: PEM. */
export function bootstrapObjects(server: string, ca: string): Manifest[] {
  const clusterConfiguration = stringify(
    {
      apiServer: {},
      apiVersion: "kubeadm.k8s.io/v1beta4",
      caCertificateValidityPeriod: "87600h0m0s",
      certificateValidityPeriod: "8760h0m0s",
      certificatesDir: "/etc/kubernetes/pki",
      clusterName: "kubernetes",
      controlPlaneEndpoint: server.replace("https://", ""),
      controllerManager: {},
      dns: {},
      encryptionAlgorithm: "ECDSA-P256",
      etcd: { local: { dataDir: "/var/lib/etcd" } },
      imageRepository: "registry.k8s.io",
      kind: "ClusterConfiguration",
      kubernetesVersion: VERSION,
      networking: { dnsDomain: CLUSTER_DOMAIN, podSubnet: POD_CIDR, serviceSubnet: SERVICE_CIDR },
      proxy: {},
      scheduler: {},
    },
    { lineWidth: 0 },
  );
  return [
    rbac("ClusterRoleBinding", "kubeadm:cluster-admins", {
      roleRef: role("cluster-admin"),
      subjects: [subject.group("kubeadm:cluster-admins")],
    }),
    configMap("kubeadm-config", SYSTEM, { ClusterConfiguration: clusterConfiguration }),
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
        subjects: [subject.group("system:bootstrappers:kubeadm:default-node-token"), subject.group("system:nodes")],
      },
      SYSTEM,
    ),
    configMap("kubelet-config", SYSTEM, { kubelet: kubeletConfiguration() }),
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
        subjects: [subject.group("system:nodes"), subject.group("system:bootstrappers:kubeadm:default-node-token")],
      },
      SYSTEM,
    ),
    rbac("ClusterRole", "kubeadm:get-nodes", { rules: [{ apiGroups: [""], resources: ["nodes"], verbs: ["get"] }] }),
    rbac("ClusterRoleBinding", "kubeadm:get-nodes", {
      roleRef: role("kubeadm:get-nodes"),
      subjects: [subject.group("system:bootstrappers:kubeadm:default-node-token")],
    }),
    rbac("ClusterRoleBinding", "kubeadm:kubelet-bootstrap", {
      roleRef: role("system:node-bootstrapper"),
      subjects: [subject.group("system:bootstrappers:kubeadm:default-node-token")],
    }),
    rbac("ClusterRoleBinding", "kubeadm:node-autoapprove-bootstrap", {
      roleRef: role("system:certificates.k8s.io:certificatesigningrequests:nodeclient"),
      subjects: [subject.group("system:bootstrappers:kubeadm:default-node-token")],
    }),
    rbac("ClusterRoleBinding", "kubeadm:node-autoapprove-certificate-rotation", {
      roleRef: role("system:certificates.k8s.io:certificatesigningrequests:selfnodeclient"),
      subjects: [subject.group("system:nodes")],
    }),
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
