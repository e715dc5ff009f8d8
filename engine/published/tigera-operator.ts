import { writeYaml } from "../machine/kubelet/yaml.ts";
import { calicoCrds } from "./calico.ts";
import { definitionOf } from "./definition.ts";

const GROUP = "operator.tigera.io";
const RBAC = "rbac.authorization.k8s.io";
const NAME = "tigera-operator";

/** Kinds by which the operator is told what to do, and tells how far it is. */
const KINDS: Readonly<Record<string, string>> = {
  apiservers: "APIServer",
  imagesets: "ImageSet",
  installations: "Installation",
  tigerastatuses: "TigeraStatus",
};

const column = (type: string) => ({
  name: type,
  type: "string",
  jsonPath: `.status.conditions[?(@.type=="${type}")].status`,
  description: `Whether the component is ${type.toLowerCase()}.`,
});

function crd([plural, kind]: [string, string]): object {
  const columns = [
    ...["Available", "Progressing", "Degraded"].map(column),
    { name: "Since", type: "date", jsonPath: '.status.conditions[?(@.type=="Available")].lastTransitionTime' },
  ];
  const shown = kind === "TigeraStatus" && { additionalPrinterColumns: columns };
  return definitionOf({
    group: GROUP,
    kind,
    plural,
    scope: "Cluster",
    version: { ...shown, subresources: { status: {} } },
  });
}

/** manifests/tigera-operator.yaml: the operator, its kinds and Calico's, and who it is. */
export function tigeraOperatorManifest(): string {
  const labels = { "k8s-app": NAME, name: NAME };
  const objects = [
    {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: NAME, labels: { name: NAME, "pod-security.kubernetes.io/enforce": "privileged" } },
    },
    ...calicoCrds(),
    ...Object.entries(KINDS).map(crd),
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: NAME, namespace: NAME } },
    {
      apiVersion: `${RBAC}/v1`,
      kind: "ClusterRole",
      metadata: { name: NAME },
      rules: [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }],
    },
    {
      apiVersion: `${RBAC}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name: NAME },
      roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: NAME },
      subjects: [{ kind: "ServiceAccount", name: NAME, namespace: NAME }],
    },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: NAME, namespace: NAME, labels: { "k8s-app": NAME } },
      spec: {
        replicas: 1,
        selector: { matchLabels: { name: NAME } },
        template: {
          metadata: { labels },
          spec: {
            nodeSelector: { "kubernetes.io/os": "linux" },
            tolerations: [
              { effect: "NoExecute", operator: "Exists" },
              { effect: "NoSchedule", operator: "Exists" },
            ],
            serviceAccountName: NAME,
            hostNetwork: true,
            dnsPolicy: "ClusterFirstWithHostNet",
            containers: [
              {
                name: NAME,
                image: "quay.io/tigera/operator:v1.36.2",
                imagePullPolicy: "IfNotPresent",
                command: ["operator"],
                env: [{ name: "OPERATOR_NAME", value: NAME }],
              },
            ],
          },
        },
      },
    },
  ];
  return objects.map((object) => writeYaml(object)).join("---\n");
}

/** manifests/operator-crds.yaml. */
export function operatorCrdsManifest(): string {
  return [...calicoCrds(), ...Object.entries(KINDS).map(crd)].map((object) => writeYaml(object)).join("---\n");
}

/** manifests/custom-resources.yaml: what the operator is to set up, over the range that nobody has edited yet. */
export function calicoCustomResources(): string {
  const meta = { apiVersion: `${GROUP}/v1`, metadata: { name: "default" } };
  const pool = {
    name: "default-ipv4-ippool",
    blockSize: 26,
    cidr: "192.168.0.0/16",
    encapsulation: "VXLANCrossSubnet",
    natOutgoing: "Enabled",
    nodeSelector: "all()",
  };
  return [
    { ...meta, kind: "Installation", spec: { calicoNetwork: { ipPools: [pool] } } },
    { ...meta, kind: "APIServer", spec: {} },
  ]
    .map((object) => writeYaml(object))
    .join("---\n");
}
