import { writeYaml } from "../machine/kubelet/yaml.ts";
import { definitionOf } from "./definition.ts";

const NAMESPACE = "metallb-system";
const GROUP = "metallb.io";
const RBAC = "rbac.authorization.k8s.io";
const READ = ["get", "list", "watch"];

type Schema = Record<string, unknown>;
const texts: Schema = { type: "array", items: { type: "string" } };
const selectors: Schema = {
  type: "array",
  items: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
};

const KINDS: readonly {
  kind: string;
  plural: string;
  spec: Record<string, Schema>;
  required?: string[];
  columns: object[];
}[] = [
  {
    kind: "IPAddressPool",
    plural: "ipaddresspools",
    spec: {
      addresses: texts,
      autoAssign: { type: "boolean", default: true },
      avoidBuggyIPs: { type: "boolean", default: false },
      serviceAllocation: {
        type: "object",
        properties: {
          priority: { type: "integer" },
          namespaces: texts,
          namespaceSelectors: selectors,
          serviceSelectors: selectors,
        },
      },
    },
    required: ["addresses"],
    columns: [
      { name: "Auto Assign", type: "boolean", jsonPath: ".spec.autoAssign" },
      { name: "Avoid Buggy IPs", type: "boolean", jsonPath: ".spec.avoidBuggyIPs" },
      { name: "Addresses", type: "string", jsonPath: ".spec.addresses" },
    ],
  },
  {
    kind: "L2Advertisement",
    plural: "l2advertisements",
    spec: {
      ipAddressPools: texts,
      ipAddressPoolSelectors: selectors,
      nodeSelectors: selectors,
      interfaces: texts,
    },
    columns: [
      { name: "IPAddressPools", type: "string", jsonPath: ".spec.ipAddressPools" },
      { name: "IPAddressPool Selectors", type: "string", jsonPath: ".spec.ipAddressPoolSelectors" },
      { name: "Interfaces", type: "string", jsonPath: ".spec.interfaces" },
      { name: "Node Selectors", type: "string", priority: 10, jsonPath: ".spec.nodeSelectors" },
    ],
  },
];

function definition({ kind, plural, spec, required, columns }: (typeof KINDS)[number]): object {
  return definitionOf({
    group: GROUP,
    kind,
    plural,
    scope: "Namespaced",
    version: { name: "v1beta1", subresources: { status: {} }, additionalPrinterColumns: columns },
    spec: { type: "object", properties: spec, ...(required && { required }) },
    status: { type: "object" },
    ...(required && { required: ["spec"] }),
  });
}

const rule = (group: string, resources: string[], verbs: string[]) => ({ apiGroups: [group], resources, verbs });

function account(name: string, rules: object[]): object[] {
  const cluster = `${NAMESPACE}:${name}`;
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace: NAMESPACE, labels: { app: "metallb" } } },
    { apiVersion: `${RBAC}/v1`, kind: "ClusterRole", metadata: { name: cluster, labels: { app: "metallb" } }, rules },
    {
      apiVersion: `${RBAC}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name: cluster, labels: { app: "metallb" } },
      roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: cluster },
      subjects: [{ kind: "ServiceAccount", name, namespace: NAMESPACE }],
    },
  ];
}

function podTemplate(component: string, version: string, more: object): object {
  return {
    metadata: { labels: { app: "metallb", component } },
    spec: {
      serviceAccountName: component,
      nodeSelector: { "kubernetes.io/os": "linux" },
      terminationGracePeriodSeconds: component === "speaker" ? 2 : 0,
      ...more,
      containers: [
        {
          name: component,
          image: `quay.io/metallb/${component}:${version}`,
          args: ["--port=7472", "--log-level=info"],
          env: [{ name: "METALLB_NODE_NAME", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } }],
          ports: [{ name: "monitoring", containerPort: 7472 }],
          readinessProbe: {
            httpGet: { path: "/metrics", port: "monitoring" },
            initialDelaySeconds: 10,
            periodSeconds: 10,
          },
        },
      ],
    },
  };
}

/** What config/manifests/metallb-native.yaml of metallb/metallb makes, in our own words: layer 2 mode. */
export function metallbManifest(version: string): string {
  const selector = (component: string) => ({ matchLabels: { app: "metallb", component } });
  const own = rule(GROUP, ["ipaddresspools", "l2advertisements"], READ);
  const meta = (name: string) => ({ name, namespace: NAMESPACE, labels: { app: "metallb", component: name } });
  const toleration = (key: string) => ({ effect: "NoSchedule", key, operator: "Exists" });
  const docs = [
    {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: NAMESPACE, labels: { "pod-security.kubernetes.io/enforce": "privileged" } },
    },
    ...KINDS.map(definition),
    ...account("controller", [
      rule("", ["services", "namespaces"], READ),
      rule("", ["services"], ["update", "patch"]),
      rule("", ["services/status"], ["update", "patch"]),
      rule("", ["events"], ["create", "patch"]),
      own,
    ]),
    ...account("speaker", [
      rule("", ["services", "endpoints", "nodes", "namespaces"], READ),
      rule("discovery.k8s.io", ["endpointslices"], READ),
      rule("", ["events"], ["create", "patch"]),
      own,
    ]),
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: meta("controller"),
      spec: { selector: selector("controller"), template: podTemplate("controller", version, {}) },
    },
    {
      apiVersion: "apps/v1",
      kind: "DaemonSet",
      metadata: meta("speaker"),
      spec: {
        selector: selector("speaker"),
        template: podTemplate("speaker", version, {
          hostNetwork: true,
          tolerations: [
            toleration("node-role.kubernetes.io/master"),
            toleration("node-role.kubernetes.io/control-plane"),
          ],
        }),
      },
    },
  ];
  return docs.map((one) => writeYaml(one)).join("---\n");
}
