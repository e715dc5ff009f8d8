import { encode } from "../kernel/index.ts";
import { argoCdCrds, argoCdParts } from "./argo-cd.ts";
import { ingressNginxManifest } from "./ingress-nginx.ts";
import { metricsServerManifest } from "./metrics-server.ts";
import { tarball } from "./tarball.ts";

/** A chart of a public repository, in our own words: what it makes, and the values that people set. */
export interface PublishedChart {
  name: string;
  version: string;
  appVersion: string;
  description: string;
  values: string;
  templates: Readonly<Record<string, string>>;
  /** Definitions, made before all else. */
  crds?: string;
}

/** The name of a release's objects: the release's own where it has the chart's in it. */
export const fullname = (chart: string): string => `{{- define "${chart}.fullname" -}}
{{- if contains "${chart}" .Release.Name }}{{ .Release.Name }}{{ else }}{{ .Release.Name }}-${chart}{{ end }}
{{- end }}
`;

const WEB_SERVERS = {
  nginx: "NGINX Open Source is a web server that can be also used as a reverse proxy, load balancer, and HTTP cache.",
  apache: "Apache HTTP Server is an open-source HTTP server for modern operating systems.",
} as const;

const labels = (chart: string, indent: number): string =>
  [
    "app.kubernetes.io/instance: {{ .Release.Name }}",
    "app.kubernetes.io/managed-by: Helm",
    `app.kubernetes.io/name: ${chart}`,
  ]
    .map((line) => " ".repeat(indent) + line)
    .join("\n");

/** A web server of Bitnami's: nginx or Apache. */
function bitnamiWeb(name: keyof typeof WEB_SERVERS, version: string, appVersion: string): PublishedChart {
  const include = `{{ include "${name}.fullname" . }}`;
  return {
    name,
    version,
    appVersion,
    description: WEB_SERVERS[name],
    values: `replicaCount: 1
image:
  registry: docker.io
  repository: bitnami/${name}
  tag: ${appVersion}
  pullPolicy: IfNotPresent
containerPorts:
  http: 8080
resources: {}
nodeSelector: {}
service:
  type: LoadBalancer
  ports:
    http: 80
  nodePorts:
    http: ""
`,
    templates: {
      "_helpers.tpl": fullname(name),
      "deployment.yaml": `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${include}
  namespace: {{ .Release.Namespace | quote }}
  labels:
${labels(name, 4)}
    helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
spec:
  replicas: {{ .Values.replicaCount }}
  selector:
    matchLabels:
      app.kubernetes.io/instance: {{ .Release.Name }}
      app.kubernetes.io/name: ${name}
  template:
    metadata:
      labels:
${labels(name, 8)}
    spec:
      serviceAccountName: ${include}
      automountServiceAccountToken: false
      {{- with .Values.nodeSelector }}
      nodeSelector: {{- toYaml . | nindent 8 }}
      {{- end }}
      containers:
        - name: ${name}
          image: {{ .Values.image.registry }}/{{ .Values.image.repository }}:{{ .Values.image.tag }}
          imagePullPolicy: {{ .Values.image.pullPolicy | quote }}
          ports:
            - name: http
              containerPort: {{ .Values.containerPorts.http }}
          livenessProbe:
            tcpSocket: { port: http }
            initialDelaySeconds: 30
            periodSeconds: 10
          readinessProbe:
            httpGet: { path: /, port: http }
            initialDelaySeconds: 5
            periodSeconds: 5
          {{- with .Values.resources }}
          resources: {{- toYaml . | nindent 12 }}
          {{- end }}
`,
      "svc.yaml": `apiVersion: v1
kind: Service
metadata:
  name: ${include}
  namespace: {{ .Release.Namespace | quote }}
  labels:
${labels(name, 4)}
spec:
  type: {{ .Values.service.type }}
  ports:
    - name: http
      port: {{ .Values.service.ports.http }}
      targetPort: http
      {{- if and (ne .Values.service.type "ClusterIP") .Values.service.nodePorts.http }}
      nodePort: {{ .Values.service.nodePorts.http }}
      {{- end }}
  selector:
    app.kubernetes.io/instance: {{ .Release.Name }}
    app.kubernetes.io/name: ${name}
`,
      "serviceaccount.yaml": `apiVersion: v1
kind: ServiceAccount
metadata:
  name: ${include}
  namespace: {{ .Release.Namespace | quote }}
  labels:
${labels(name, 4)}
automountServiceAccountToken: false
`,
      "NOTES.txt": `CHART NAME: {{ .Chart.Name }}
CHART VERSION: {{ .Chart.Version }}
APP VERSION: {{ .Chart.AppVersion }}

The server is reached within the cluster as ${include}.{{ .Release.Namespace }}.svc.cluster.local (port {{ .Values.service.ports.http }})
`,
    },
  };
}

function ingressNginx(version: string, appVersion: string): PublishedChart {
  const manifest = ingressNginxManifest(`v${appVersion}`, "cloud");
  const templated = manifest
    .slice(manifest.indexOf("---\n"))
    .replace(
      "  type: LoadBalancer\n  externalTrafficPolicy: Local\n",
      "  type: {{ .Values.controller.service.type }}\n",
    )
    .replaceAll(/namespace: ingress-nginx\b/g, "namespace: {{ .Release.Namespace }}")
    .replaceAll(/ingress-nginx-(controller|admission)/g, '{{ include "ingress-nginx.fullname" . }}-$1')
    .replaceAll(/app.kubernetes.io\/instance: ingress-nginx/g, "app.kubernetes.io/instance: {{ .Release.Name }}");
  return {
    name: "ingress-nginx",
    version,
    appVersion,
    description: "Ingress controller for Kubernetes using NGINX as a reverse proxy and load balancer",
    values: "controller:\n  service:\n    type: LoadBalancer\n",
    templates: { "_helpers.tpl": fullname("ingress-nginx"), "controller.yaml": templated },
  };
}

function metricsServer(version: string, appVersion: string): PublishedChart {
  const manifest = metricsServerManifest(`v${appVersion}`);
  return {
    name: "metrics-server",
    version,
    appVersion,
    description:
      "Metrics Server is a scalable, efficient source of container resource metrics for Kubernetes built-in autoscaling pipelines.",
    values: "args: []\n",
    templates: {
      "metrics-server.yaml": manifest.replace(
        /^( *)- --cert-dir=\/tmp$/m,
        (line, pad: string) => `${line}\n${pad}{{- range .Values.args }}\n${pad}- {{ . }}\n${pad}{{- end }}`,
      ),
    },
  };
}

function argoCd(version: string, appVersion: string): PublishedChart {
  const names = { name: (part: string) => `FULLNAME-${part}`, namespace: "NAMESPACE" };
  const parts = argoCdParts(appVersion, names)
    .replaceAll("FULLNAME", '{{ include "argo-cd.fullname" . }}')
    .replaceAll(/namespace: "?NAMESPACE"?/g, "namespace: {{ .Release.Namespace }}")
    .replaceAll(
      /^( *)ports:\n(?=( *)- name: "?http"?\n *port: 80$)/gm,
      "$1type: {{ .Values.server.service.type }}\n$1ports:\n",
    );
  return {
    name: "argo-cd",
    version,
    appVersion,
    description: "A Helm chart for Argo CD, a declarative, GitOps continuous delivery tool for Kubernetes.",
    values: "nameOverride: argocd\ncrds:\n  install: true\n  keep: true\nserver:\n  service:\n    type: ClusterIP\n",
    templates: {
      "_helpers.tpl": `{{- define "argo-cd.fullname" -}}
{{- if contains .Values.nameOverride .Release.Name }}{{ .Release.Name }}{{ else }}{{ .Release.Name }}-{{ .Values.nameOverride }}{{ end }}
{{- end }}
`,
      "crds.yaml": `{{- if .Values.crds.install }}\n${argoCdCrds()}{{- end }}\n`,
      "argocd.yaml": parts,
      "NOTES.txt": `The server is reached by a forwarded port:

kubectl port-forward service/{{ include "argo-cd.fullname" . }}-server -n {{ .Release.Namespace }} 8080:443
`,
    },
  };
}

/** Repositories by their URL. */
const REPOSITORIES: Readonly<Record<string, () => readonly PublishedChart[]>> = {
  "https://charts.bitnami.com/bitnami": () => [
    bitnamiWeb("nginx", "18.3.5", "1.27.4"),
    bitnamiWeb("nginx", "18.2.0", "1.27.1"),
    bitnamiWeb("nginx", "15.14.0", "1.25.4"),
    bitnamiWeb("apache", "11.3.4", "2.4.63"),
    bitnamiWeb("apache", "11.2.17", "2.4.62"),
    bitnamiWeb("apache", "10.9.1", "2.4.59"),
  ],
  "https://argoproj.github.io/argo-helm": () => [
    argoCd("8.3.0", "v3.1.0"),
    argoCd("7.9.1", "v2.14.11"),
    argoCd("7.8.2", "v2.14.2"),
    argoCd("7.7.3", "v2.13.0"),
    argoCd("7.7.0", "v2.13.0"),
    argoCd("5.51.6", "v2.9.3"),
  ],
  "https://kubernetes.github.io/ingress-nginx": () => [
    ingressNginx("4.12.1", "1.12.1"),
    ingressNginx("4.11.5", "1.11.5"),
  ],
  "https://kubernetes-sigs.github.io/metrics-server": () => [
    metricsServer("3.12.2", "0.7.2"),
    metricsServer("3.12.1", "0.7.1"),
  ],
};

const fileName = ({ name, version }: PublishedChart): string => `${name}-${version}.tgz`;

/** The packed chart. */
export function archive(chart: PublishedChart): Uint8Array {
  const { name, version, appVersion, description, values, templates, crds } = chart;
  const files: Record<string, string> = {
    "Chart.yaml": `apiVersion: v2\nname: ${name}\nversion: ${version}\nappVersion: ${appVersion}\ndescription: ${JSON.stringify(description)}\n`,
    "values.yaml": values,
    ...(crds !== undefined && { "crds/crds.yaml": crds }),
    ...Object.fromEntries(Object.entries(templates).map(([path, text]) => [`templates/${path}`, text])),
  };
  return tarball(Object.entries(files).map(([path, text]) => ({ name: `${name}/${path}`, bytes: encode(text) })));
}

function index(charts: readonly PublishedChart[]): string {
  const names = [...new Set(charts.map(({ name }) => name))];
  const entry = (chart: PublishedChart): string =>
    `  - apiVersion: v2\n    name: ${chart.name}\n    version: ${chart.version}\n    appVersion: ${chart.appVersion}\n    description: ${JSON.stringify(chart.description)}\n    urls: [${fileName(chart)}]\n`;
  const entries = names.map(
    (name) =>
      `  ${name}:\n${charts
        .filter((chart) => chart.name === name)
        .map(entry)
        .join("")}`,
  );
  return `apiVersion: v1\nentries:\n${entries.join("")}generated: "2026-02-01T00:00:00Z"\n`;
}

/** Chart repositories as files by their URLs: the index, and an archive for each version. */
export const CHART_FILES: Readonly<Record<string, () => string | Uint8Array>> = Object.fromEntries(
  Object.entries(REPOSITORIES).flatMap(([url, charts]) => [
    [`${url}/index.yaml`, () => index(charts())],
    ...charts().map((chart): [string, () => Uint8Array] => [`${url}/${fileName(chart)}`, () => archive(chart)]),
  ]),
);
