import { writeYaml } from "../machine/kubelet/yaml.ts";

const NAMESPACE = "local-path-storage";
const ACCOUNT = "local-path-provisioner-service-account";
const ROLE = "local-path-provisioner-role";
const RBAC = "rbac.authorization.k8s.io";
const ALL = ["get", "list", "watch", "create", "patch", "update", "delete"];
const READ = ["get", "list", "watch"];

const subjects = [{ kind: "ServiceAccount", name: ACCOUNT, namespace: NAMESPACE }];
const rule = (group: string, resources: string[], verbs: string[]) => ({ apiGroups: [group], resources, verbs });

function binding(kind: "Role" | "ClusterRole"): object {
  return {
    apiVersion: `${RBAC}/v1`,
    kind: `${kind}Binding`,
    metadata: { name: "local-path-provisioner-bind", ...(kind === "Role" && { namespace: NAMESPACE }) },
    roleRef: { apiGroup: RBAC, kind, name: ROLE },
    subjects,
  };
}

const CONFIG = {
  "config.json": JSON.stringify(
    { nodePathMap: [{ node: "DEFAULT_PATH_FOR_NON_LISTED_NODES", paths: ["/opt/local-path-provisioner"] }] },
    undefined,
    2,
  ),
  setup: '#!/bin/sh\nset -eu\nmkdir -m 0777 -p "$VOL_DIR"\n',
  teardown: '#!/bin/sh\nset -eu\nrm -rf "$VOL_DIR"\n',
  "helperPod.yaml": writeYaml({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "helper-pod" },
    spec: {
      priorityClassName: "system-node-critical",
      tolerations: [{ key: "node.kubernetes.io/disk-pressure", operator: "Exists", effect: "NoSchedule" }],
      containers: [{ name: "helper-pod", image: "busybox", imagePullPolicy: "IfNotPresent" }],
    },
  }),
};

const deployment = (version: string) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "local-path-provisioner", namespace: NAMESPACE },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: "local-path-provisioner" } },
    template: {
      metadata: { labels: { app: "local-path-provisioner" } },
      spec: {
        serviceAccountName: ACCOUNT,
        containers: [
          {
            name: "local-path-provisioner",
            image: `rancher/local-path-provisioner:${version}`,
            imagePullPolicy: "IfNotPresent",
            command: ["local-path-provisioner", "--debug", "start", "--config", "/etc/config/config.json"],
            volumeMounts: [{ name: "config-volume", mountPath: "/etc/config/" }],
            env: [
              { name: "POD_NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } },
              { name: "CONFIG_MOUNT_PATH", value: "/etc/config/" },
            ],
          },
        ],
        volumes: [{ name: "config-volume", configMap: { name: "local-path-config" } }],
      },
    },
  },
});

/** What local-path-storage.yaml of rancher/local-path-provisioner makes; `isDefault`: its class serves claims that name none. */
export function localPathObjects(version: string, isDefault = false): readonly object[] {
  const marks = { annotations: { "storageclass.kubernetes.io/is-default-class": "true" } };
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } },
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: ACCOUNT, namespace: NAMESPACE } },
    {
      apiVersion: `${RBAC}/v1`,
      kind: "Role",
      metadata: { name: ROLE, namespace: NAMESPACE },
      rules: [rule("", ["pods"], ALL)],
    },
    {
      apiVersion: `${RBAC}/v1`,
      kind: "ClusterRole",
      metadata: { name: ROLE },
      rules: [
        rule("", ["nodes", "persistentvolumeclaims", "configmaps", "pods", "pods/log"], READ),
        rule("", ["persistentvolumes"], ALL),
        rule("", ["events"], ["create", "patch"]),
        rule("storage.k8s.io", ["storageclasses"], READ),
      ],
    },
    binding("Role"),
    binding("ClusterRole"),
    deployment(version),
    {
      apiVersion: "storage.k8s.io/v1",
      kind: "StorageClass",
      metadata: { name: "local-path", ...(isDefault && marks) },
      provisioner: "rancher.io/local-path",
      volumeBindingMode: "WaitForFirstConsumer",
      reclaimPolicy: "Delete",
    },
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "local-path-config", namespace: NAMESPACE },
      data: CONFIG,
    },
  ];
}

export function localPathManifest(version: string): string {
  return localPathObjects(version)
    .map((object) => writeYaml(object))
    .join("---\n");
}
