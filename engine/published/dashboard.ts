import { writeYaml } from "../machine/kubelet/yaml.ts";

const NAMESPACE = "kubernetes-dashboard";
const SCRAPER = "dashboard-metrics-scraper";
const RBAC = "rbac.authorization.k8s.io";
const GROUP = { apiGroup: RBAC };

/** The dashboard's aio/deploy/recommended.yaml of its second major version: `v2.7.0`. */
export function dashboardManifest(version: string): string {
  const labels = { "k8s-app": NAMESPACE };
  const scraping = { "k8s-app": SCRAPER };
  const meta = (name = NAMESPACE) => ({ labels, name, namespace: NAMESPACE });
  const secret = (suffix: string, data?: object) => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: meta(`${NAMESPACE}-${suffix}`),
    type: "Opaque",
    ...(data && { data }),
  });
  const subjects = [{ kind: "ServiceAccount", name: NAMESPACE, namespace: NAMESPACE }];
  const binding = (kind: "Role" | "ClusterRole", metadata: object) => ({
    apiVersion: `${RBAC}/v1`,
    kind: `${kind}Binding`,
    metadata,
    roleRef: { ...GROUP, kind, name: NAMESPACE },
    subjects,
  });
  const service = (selector: object, name: string, port: number, targetPort: number) => ({
    apiVersion: "v1",
    kind: "Service",
    metadata: { labels: selector, name, namespace: NAMESPACE },
    spec: { ports: [{ port, targetPort }], selector },
  });
  const named = (...names: string[]) => names.map((name) => `${NAMESPACE}-${name}`);
  const tolerations = [{ key: "node-role.kubernetes.io/master", effect: "NoSchedule" }];
  const securityContext = {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    runAsUser: 1001,
    runAsGroup: 2001,
  };
  const deployment = (selector: object, name: string, container: object, volumes: object[]) => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { labels: selector, name, namespace: NAMESPACE },
    spec: {
      replicas: 1,
      revisionHistoryLimit: 10,
      selector: { matchLabels: selector },
      template: {
        metadata: { labels: selector },
        spec: {
          securityContext: { seccompProfile: { type: "RuntimeDefault" } },
          containers: [{ name, ...container, securityContext }],
          serviceAccountName: NAMESPACE,
          nodeSelector: { "kubernetes.io/os": "linux" },
          tolerations,
          volumes: [...volumes, { name: "tmp-volume", emptyDir: {} }],
        },
      },
    },
  });
  const get = (path: string, port: number, scheme: string) => ({
    livenessProbe: { httpGet: { scheme, path, port }, initialDelaySeconds: 30, timeoutSeconds: 30 },
  });
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } },
    { apiVersion: "v1", kind: "ServiceAccount", metadata: meta() },
    service(labels, NAMESPACE, 443, 8443),
    secret("certs"),
    secret("csrf", { csrf: "" }),
    secret("key-holder"),
    { apiVersion: "v1", kind: "ConfigMap", metadata: meta(`${NAMESPACE}-settings`) },
    {
      apiVersion: `${RBAC}/v1`,
      kind: "Role",
      metadata: meta(),
      rules: [
        {
          apiGroups: [""],
          resources: ["secrets"],
          resourceNames: named("key-holder", "certs", "csrf"),
          verbs: ["get", "update", "delete"],
        },
        { apiGroups: [""], resources: ["configmaps"], resourceNames: named("settings"), verbs: ["get", "update"] },
        { apiGroups: [""], resources: ["services"], resourceNames: ["heapster", SCRAPER], verbs: ["proxy"] },
        {
          apiGroups: [""],
          resources: ["services/proxy"],
          resourceNames: ["heapster", "http:heapster:", "https:heapster:", SCRAPER, `http:${SCRAPER}`],
          verbs: ["get"],
        },
      ],
    },
    {
      apiVersion: `${RBAC}/v1`,
      kind: "ClusterRole",
      metadata: { labels, name: NAMESPACE },
      rules: [{ apiGroups: ["metrics.k8s.io"], resources: ["pods", "nodes"], verbs: ["get", "list", "watch"] }],
    },
    binding("Role", meta()),
    binding("ClusterRole", { name: NAMESPACE }),
    deployment(
      labels,
      NAMESPACE,
      {
        image: `kubernetesui/dashboard:${version}`,
        imagePullPolicy: "Always",
        ports: [{ containerPort: 8443, protocol: "TCP" }],
        args: ["--auto-generate-certificates", `--namespace=${NAMESPACE}`],
        volumeMounts: [
          { name: `${NAMESPACE}-certs`, mountPath: "/certs" },
          { mountPath: "/tmp", name: "tmp-volume" },
        ],
        ...get("/", 8443, "HTTPS"),
      },
      [{ name: `${NAMESPACE}-certs`, secret: { secretName: `${NAMESPACE}-certs` } }],
    ),
    service(scraping, SCRAPER, 8000, 8000),
    deployment(
      scraping,
      SCRAPER,
      {
        image: "kubernetesui/metrics-scraper:v1.0.8",
        ports: [{ containerPort: 8000, protocol: "TCP" }],
        ...get("/", 8000, "HTTP"),
        volumeMounts: [{ mountPath: "/tmp", name: "tmp-volume" }],
      },
      [],
    ),
  ]
    .map((one) => writeYaml(one))
    .join("---\n");
}
