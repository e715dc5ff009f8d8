import { writeYaml } from "../machine/kubelet/yaml.ts";
import { fullname, type PublishedChart } from "./charts.ts";

const NAME = "nginx-gateway";
const LABELS = { "app.kubernetes.io/name": NAME, "app.kubernetes.io/instance": NAME };
const RBAC = "rbac.authorization.k8s.io";
const READ = ["get", "list", "watch"];
const rule = (group: string, resources: string[], verbs: string[]) => ({ apiGroups: [group], resources, verbs });
const named = (kind: string, apiVersion: string, rest: object, namespaced = true) => ({
  apiVersion,
  kind,
  metadata: { name: NAME, ...(namespaced && { namespace: NAME }), labels: LABELS },
  ...rest,
});

/** How the data plane is reached. */
export type FabricService = "LoadBalancer" | "NodePort";

/** `deploy/crds.yaml`: the fabric's own kinds, as far as its manifest uses them. */
export function fabricCrds(): string {
  const schema = {
    type: "object",
    properties: {
      spec: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
      status: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    },
  };
  return writeYaml({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "nginxgateways.gateway.nginx.org" },
    spec: {
      group: "gateway.nginx.org",
      names: { kind: "NginxGateway", listKind: "NginxGatewayList", plural: "nginxgateways", singular: "nginxgateway" },
      scope: "Namespaced",
      versions: [
        {
          name: "v1alpha1",
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: { openAPIV3Schema: schema },
          additionalPrinterColumns: [{ name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" }],
        },
      ],
    },
  });
}

/**
 * What deploy/default/deploy.yaml and deploy/nodeport/deploy.yaml of nginx/nginx-gateway-fabric 1.x make, in our own
 * words: the controller with nginx beside it, its rights, its Service and the class `nginx`.
 */
export function fabricManifest(version: string, type: FabricService): string {
  const image = "ghcr.io/nginx/nginx-gateway-fabric";
  const GATEWAY = "gateway.networking.k8s.io";
  const kinds = ["gatewayclasses", "gateways", "httproutes", "grpcroutes", "referencegrants"];
  const docs: object[] = [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: NAME } },
    named("ServiceAccount", "v1", {}),
    named(
      "ClusterRole",
      `${RBAC}/v1`,
      {
        rules: [
          rule("", ["namespaces", "services", "secrets", "configmaps", "pods", "nodes"], READ),
          rule("", ["events"], ["create", "patch"]),
          rule("discovery.k8s.io", ["endpointslices"], READ),
          rule(GATEWAY, kinds, READ),
          rule(
            GATEWAY,
            ["gatewayclasses/status", "gateways/status", "httproutes/status", "grpcroutes/status"],
            ["update"],
          ),
          rule("gateway.nginx.org", ["nginxgateways"], READ),
          rule("gateway.nginx.org", ["nginxgateways/status"], ["update"]),
          rule("coordination.k8s.io", ["leases"], ["create", "get", "update"]),
          rule("apiextensions.k8s.io", ["customresourcedefinitions"], ["list", "watch"]),
        ],
      },
      false,
    ),
    named(
      "ClusterRoleBinding",
      `${RBAC}/v1`,
      {
        roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: NAME },
        subjects: [{ kind: "ServiceAccount", name: NAME, namespace: NAME }],
      },
      false,
    ),
    named("Service", "v1", {
      spec: {
        externalTrafficPolicy: "Local",
        ports: [
          { name: "http", port: 80, protocol: "TCP", targetPort: 80 },
          { name: "https", port: 443, protocol: "TCP", targetPort: 443 },
        ],
        selector: LABELS,
        type,
      },
    }),
    named("Deployment", "apps/v1", {
      spec: {
        replicas: 1,
        selector: { matchLabels: LABELS },
        template: {
          metadata: { labels: LABELS },
          spec: {
            serviceAccountName: NAME,
            shareProcessNamespace: true,
            terminationGracePeriodSeconds: 30,
            containers: [
              {
                name: NAME,
                image: `${image}:${version.slice(1)}`,
                imagePullPolicy: "Always",
                args: [
                  "static-mode",
                  "--gateway-ctlr-name=gateway.nginx.org/nginx-gateway-controller",
                  "--gatewayclass=nginx",
                  "--config=nginx-gateway-config",
                  "--service=nginx-gateway",
                  "--metrics-port=9113",
                  "--health-port=8081",
                  "--leader-election-lock-name=nginx-gateway-leader-election",
                ],
                env: [
                  { name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
                  { name: "POD_NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } },
                  { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
                ],
                ports: [
                  { name: "metrics", containerPort: 9113 },
                  { name: "health", containerPort: 8081 },
                ],
                readinessProbe: {
                  httpGet: { path: "/readyz", port: "health" },
                  initialDelaySeconds: 3,
                  periodSeconds: 1,
                },
              },
              {
                name: "nginx",
                image: `${image}/nginx:${version.slice(1)}`,
                imagePullPolicy: "Always",
                ports: [
                  { name: "http", containerPort: 80 },
                  { name: "https", containerPort: 443 },
                ],
              },
            ],
          },
        },
      },
    }),
    {
      apiVersion: `${GATEWAY}/v1`,
      kind: "GatewayClass",
      metadata: { name: "nginx", labels: LABELS },
      spec: { controllerName: "gateway.nginx.org/nginx-gateway-controller" },
    },
    {
      apiVersion: "gateway.nginx.org/v1alpha1",
      kind: "NginxGateway",
      metadata: { name: "nginx-gateway-config", namespace: NAME, labels: LABELS },
      spec: { logging: { level: "info" } },
    },
  ];
  return docs.map((one) => writeYaml(one)).join("---\n");
}

/** The chart of a version of the fabric 1.x, from its registry. */
export function gatewayFabric(version: string): PublishedChart {
  const name = "nginx-gateway-fabric";
  const own = `{{ include "${name}.fullname" . }}`;
  const manifest = fabricManifest(`v${version}`, "LoadBalancer");
  const templated = manifest
    .slice(manifest.indexOf("---\n") + 4)
    .replaceAll(/^( *(?:- )?(?:name|serviceAccountName): )"?nginx-gateway"?$/gm, `$1${own}`)
    .replaceAll(/^( *namespace: )"?nginx-gateway"?$/gm, "$1{{ .Release.Namespace }}")
    .replaceAll("--service=nginx-gateway", `--service=${own}`)
    .replaceAll(/^( *app\.kubernetes\.io\/name: )"?nginx-gateway"?$/gm, `$1${name}`)
    .replaceAll(/^( *app\.kubernetes\.io\/instance: )"?nginx-gateway"?$/gm, "$1{{ .Release.Name }}")
    .replace(/^( *)type: "?LoadBalancer"?$/m, "$1type: {{ .Values.service.type }}");
  return {
    name,
    version,
    appVersion: version,
    description: "NGINX Gateway Fabric",
    values: "service:\n  create: true\n  type: LoadBalancer\n",
    templates: { "_helpers.tpl": fullname(name), "deployment.yaml": templated },
    crds: fabricCrds(),
  };
}
