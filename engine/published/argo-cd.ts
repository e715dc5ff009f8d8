import { writeYaml } from "../machine/kubelet/yaml.ts";
import { definitionOf } from "./definition.ts";

/**
 * Argo CD as its manifests and its chart install it: kinds, accounts, rights, configuration and parts that run. They sync
 * nothing.
 */

const GROUP = "argoproj.io";
const RBAC = "rbac.authorization.k8s.io";
const REDIS = "redis:7.0.15-alpine";
const DEX = "ghcr.io/dexidp/dex:v2.41.1";

type Part = Record<string, unknown>;

const text = (description: string): Part => ({ type: "string", description });
const open = (description: string): Part => ({
  type: "object",
  description,
  "x-kubernetes-preserve-unknown-fields": true,
});
const listOf = (items: Part, description: string): Part => ({ type: "array", items, description });

const SOURCE: Part = {
  type: "object",
  description: "Where the manifests of an application come from.",
  properties: {
    repoURL: text("URL of the Git or Helm repository."),
    path: text("Directory within the Git repository."),
    targetRevision: text("Revision, branch or version to sync to."),
    chart: text("Name of a Helm chart."),
    ref: text("Name by which other sources refer to this one."),
    helm: open("Options of Helm."),
    kustomize: open("Options of Kustomize."),
    directory: open("Options of a plain directory."),
    plugin: open("Options of a plug-in."),
  },
  required: ["repoURL"],
};

const APPLICATION: Part = {
  type: "object",
  description: "Desired state of an application.",
  properties: {
    destination: {
      type: "object",
      description: "Cluster and namespace to deploy to.",
      properties: {
        server: text("URL of the cluster's API server."),
        name: text("Name of the cluster."),
        namespace: text("Namespace for resources that name none."),
      },
    },
    project: text("Project that the application belongs to."),
    source: SOURCE,
    sources: listOf(SOURCE, "Several places that manifests come from."),
    syncPolicy: open("When and how it is synced."),
    ignoreDifferences: listOf(open("Fields that may differ."), "Differences that do not matter."),
    info: listOf(open("A name and a value."), "Notes about the application."),
    revisionHistoryLimit: { type: "integer", format: "int64", description: "How many syncs are remembered." },
  },
  required: ["destination", "project"],
};

const KINDS = [
  {
    file: "application",
    kind: "Application",
    shortNames: ["app", "apps"],
    spec: APPLICATION,
    columns: [
      { name: "Sync Status", jsonPath: ".status.sync.status", type: "string" },
      { name: "Health Status", jsonPath: ".status.health.status", type: "string" },
      { name: "Revision", jsonPath: ".status.sync.revision", type: "string", priority: 10 },
      { name: "Project", jsonPath: ".spec.project", type: "string", priority: 10 },
    ],
  },
  {
    file: "applicationset",
    kind: "ApplicationSet",
    shortNames: ["appset", "appsets"],
    spec: {
      type: "object",
      description: "Generators and the template of the applications they make.",
      properties: {
        generators: listOf(open("What applications are made from."), "Generators."),
        template: open("Template of an application."),
        syncPolicy: open("How applications are kept."),
        strategy: open("In which order they are synced."),
        goTemplate: { type: "boolean", description: "Templates are Go's." },
      },
      required: ["generators", "template"],
    },
    columns: [],
    status: true,
  },
  {
    file: "appproject",
    kind: "AppProject",
    shortNames: ["appproj", "appprojs"],
    spec: {
      type: "object",
      description: "What the applications of a project may do.",
      properties: {
        description: text("What it is for."),
        sourceRepos: listOf({ type: "string" }, "Repositories that manifests may come from."),
        destinations: listOf(open("A cluster and a namespace."), "Where applications may be deployed."),
        clusterResourceWhitelist: listOf(open("A kind."), "Kinds of the whole cluster that are allowed."),
        namespaceResourceBlacklist: listOf(open("A kind."), "Kinds of a namespace that are not allowed."),
        namespaceResourceWhitelist: listOf(open("A kind."), "Kinds of a namespace that are allowed."),
        roles: listOf(open("A role."), "Roles of the project."),
        syncWindows: listOf(open("A time."), "When applications may be synced."),
      },
    },
    columns: [],
  },
] as const;

/** The definition of one kind by the name of its file: `application`, `applicationset`, `appproject`. */
function definition(file: string): object {
  const of = KINDS.find((one) => one.file === file)!;
  const columns: readonly object[] = of.columns;
  return definitionOf({
    group: GROUP,
    kind: of.kind,
    plural: `${of.kind.toLowerCase()}s`,
    scope: "Namespaced",
    labels: {
      "app.kubernetes.io/name": `${of.kind.toLowerCase()}s.${GROUP}`,
      "app.kubernetes.io/part-of": "argocd",
    },
    names: { shortNames: of.shortNames },
    version: {
      name: "v1alpha1",
      ...("status" in of && { subresources: { status: {} } }),
      ...(columns.length > 0 && { additionalPrinterColumns: columns }),
    },
    spec: of.spec,
    required: ["metadata", "spec"],
  });
}

/** What makes the names of a release's objects; its namespace where the manifest says one. */
export interface ArgoNames {
  /** `argocd-server` from `server`. */
  name: (part: string) => string;
  namespace?: string;
}

const PLAIN: ArgoNames = { name: (part) => `argocd-${part}` };

interface Component {
  part: string;
  image?: string;
  command?: readonly string[];
  ports: readonly [name: string, port: number][];
  service?: readonly object[];
  account?: boolean;
  rules?: readonly object[];
  cluster?: boolean;
  stateful?: boolean;
}

const all = { apiGroups: ["*"], resources: ["*"], verbs: ["*"] };
const own = [
  {
    apiGroups: [""],
    resources: ["secrets", "configmaps"],
    verbs: ["get", "list", "watch", "create", "update", "patch"],
  },
  {
    apiGroups: [GROUP],
    resources: ["applications", "appprojects", "applicationsets"],
    verbs: ["create", "get", "list", "watch", "update", "patch", "delete"],
  },
  { apiGroups: [""], resources: ["events"], verbs: ["create", "list"] },
];
const served = (name: string, port: number, targetPort: number | string = port) => ({
  name,
  port,
  protocol: "TCP",
  targetPort,
});

const COMPONENTS: readonly Component[] = [
  {
    part: "application-controller",
    command: ["/usr/local/bin/argocd-application-controller"],
    ports: [["metrics", 8082]],
    rules: own,
    cluster: true,
    stateful: true,
  },
  {
    part: "applicationset-controller",
    command: ["/usr/local/bin/argocd-applicationset-controller"],
    ports: [
      ["webhook", 7000],
      ["metrics", 8080],
    ],
    service: [served("webhook", 7000, "webhook"), served("metrics", 8080, "metrics")],
    rules: own,
    cluster: true,
  },
  {
    part: "dex-server",
    image: DEX,
    ports: [
      ["http", 5556],
      ["grpc", 5557],
      ["metrics", 5558],
    ],
    service: [served("http", 5556), served("grpc", 5557), served("metrics", 5558)],
    rules: own.slice(0, 1),
  },
  {
    part: "notifications-controller",
    command: ["/usr/local/bin/argocd-notifications"],
    ports: [["metrics", 9001]],
    rules: own,
  },
  { part: "redis", image: REDIS, ports: [["redis", 6379]], service: [served("tcp-redis", 6379)] },
  {
    part: "repo-server",
    command: ["/usr/local/bin/argocd-repo-server"],
    ports: [
      ["repo-server", 8081],
      ["metrics", 8084],
    ],
    service: [served("server", 8081), served("metrics", 8084)],
  },
  {
    part: "server",
    command: ["/usr/local/bin/argocd-server"],
    ports: [
      ["server", 8080],
      ["metrics", 8083],
    ],
    service: [served("http", 80, 8080), served("https", 443, 8080)],
    rules: own,
    cluster: true,
  },
];

const CONFIG: readonly [name: string, data?: Record<string, string>][] = [
  ["argocd-cm"],
  ["argocd-cmd-params-cm"],
  ["argocd-gpg-keys-cm"],
  ["argocd-notifications-cm"],
  ["argocd-rbac-cm"],
  ["argocd-ssh-known-hosts-cm", { ssh_known_hosts: "" }],
  ["argocd-tls-certs-cm"],
];

function objects(version: string, { name, namespace }: ArgoNames): object[] {
  const at = namespace === undefined ? {} : { namespace };
  const labelled = (part: string, component = part) => ({
    "app.kubernetes.io/component": component,
    "app.kubernetes.io/name": name(part),
    "app.kubernetes.io/part-of": "argocd",
  });
  const meta = (part: string, labels = labelled(part)) => ({ labels, name: name(part), ...at });
  const rights = (kind: "Role" | "ClusterRole", { part }: Component, rules: readonly object[]): object[] => [
    {
      apiVersion: `${RBAC}/v1`,
      kind,
      metadata: kind === "Role" ? meta(part) : { labels: labelled(part), name: name(part) },
      rules,
    },
    {
      apiVersion: `${RBAC}/v1`,
      kind: `${kind}Binding`,
      metadata: kind === "Role" ? meta(part) : { labels: labelled(part), name: name(part) },
      roleRef: { apiGroup: RBAC, kind, name: name(part) },
      subjects: [{ kind: "ServiceAccount", name: name(part), namespace: namespace ?? "argocd" }],
    },
  ];
  const workload = ({ part, image, command, ports, stateful }: Component): object => {
    const selector = { "app.kubernetes.io/name": name(part) };
    return {
      apiVersion: "apps/v1",
      kind: stateful ? "StatefulSet" : "Deployment",
      metadata: meta(part),
      spec: {
        ...(stateful && { replicas: 1, serviceName: name(part) }),
        selector: { matchLabels: selector },
        template: {
          metadata: { labels: selector },
          spec: {
            serviceAccountName: name(part),
            nodeSelector: { "kubernetes.io/os": "linux" },
            containers: [
              {
                name: name(part),
                image: image ?? `quay.io/argoproj/argocd:${version}`,
                imagePullPolicy: "Always",
                ...(command && { args: command }),
                ports: ports.map(([portName, containerPort]) => ({ name: portName, containerPort })),
                securityContext: {
                  allowPrivilegeEscalation: false,
                  capabilities: { drop: ["ALL"] },
                  seccompProfile: { type: "RuntimeDefault" },
                },
              },
            ],
          },
        },
      },
    };
  };
  const parts = { "app.kubernetes.io/part-of": "argocd" };
  return [
    ...COMPONENTS.map(({ part }) => ({ apiVersion: "v1", kind: "ServiceAccount", metadata: meta(part) })),
    ...COMPONENTS.flatMap((one) => (one.rules ? rights("Role", one, one.rules) : [])),
    ...COMPONENTS.flatMap((one) => (one.cluster ? rights("ClusterRole", one, [all]) : [])),
    ...CONFIG.map(([of, data]) => ({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { labels: { ...parts, "app.kubernetes.io/name": of }, name: of, ...at },
      ...(data && { data }),
    })),
    ...["argocd-notifications-secret", "argocd-secret"].map((of) => ({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { labels: { ...parts, "app.kubernetes.io/name": of }, name: of, ...at },
      type: "Opaque",
    })),
    ...COMPONENTS.flatMap(({ part, service }) =>
      service === undefined
        ? []
        : [
            {
              apiVersion: "v1",
              kind: "Service",
              metadata: meta(part),
              spec: { ports: service, selector: { "app.kubernetes.io/name": name(part) } },
            },
          ],
    ),
    ...COMPONENTS.map(workload),
  ];
}

const stream = (list: readonly object[]): string => list.map((one) => writeYaml(one)).join("---\n");

/** The definitions of all kinds, or of the one whose file is asked for (manifests/crds/application-crd.yaml). */
export function argoCdCrds(file?: string): string {
  return stream(file === undefined ? KINDS.map((one) => definition(one.file)) : [definition(file)]);
}

/** manifests/install.yaml of a version: `v2.13.0`. */
export function argoCdManifest(version: string): string {
  return `${argoCdCrds()}---\n${stream(objects(version, PLAIN))}`;
}

/** What the chart renders without its definitions, with names that a template makes. */
export function argoCdParts(version: string, names: ArgoNames): string {
  return stream(objects(version, names));
}
