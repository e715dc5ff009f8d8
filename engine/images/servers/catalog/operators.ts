import type { HttpRequest, HttpResponse } from "../../../api/http.ts";
import { bodyOf } from "../agnhost-webhooks.ts";
import { answer } from "../serving.ts";
import { json, NAMED, type Row, titled } from "./row.ts";

/**
 * Controllers, agents and sidecars that manifests of platforms run: they hold their ports, answer their probes, and wait.
 * What they would do to the cluster they do not do, and what their webhooks are asked about they let pass.
 */
const operator = (
  names: readonly string[],
  runs: string,
  ports: readonly number[] = [],
  more: Partial<Row> = {},
): Row => ({
  names,
  tags: /^(latest|main|master|stable|[a-z]+|v?\d[\w.+-]*)$/,
  megabytes: 45,
  on: "debian",
  runs,
  ports,
  logs: 2,
  page: (_p, request) => passed(request) ?? answer(200, "ok"),
  ...more,
});

/** A webhook's answer that lets everything pass: to an admission review, or a conversion that changes the version only. */
function passed(request: HttpRequest): HttpResponse | undefined {
  const { kind, apiVersion, request: asked } = bodyOf(request) ?? {};
  const { uid, desiredAPIVersion, objects = [] } = asked ?? {};
  if (kind === "AdmissionReview") return json({ kind, apiVersion, response: { uid, allowed: true } });
  if (kind !== "ConversionReview") return undefined;
  const convertedObjects = objects.map((object: object) => ({ ...object, apiVersion: desiredAPIVersion }));
  return json({ kind, apiVersion, response: { uid, convertedObjects, result: { status: "Success" } } });
}

/** Those whose manifests name the command themselves. */
const CALLED = { cmd: true } as const;

export const OPERATOR_ROWS: readonly Row[] = [
  operator(["quay.io/argoproj/argocd", "argoproj/argocd"], "/usr/local/bin/argocd", [8080, 8082, 8083, 8084], {
    ...CALLED,
    user: "999",
    also: ["server", "repo-server", "application-controller", "applicationset-controller", "notifications", "dex"].map(
      (name) => `/usr/local/bin/argocd-${name}`,
    ),
    page: () => titled("Argo CD", '<div id="app"></div>'),
  }),
  operator(["ghcr.io/dexidp/dex"], "/usr/local/bin/dex", [5556, 5557, 5558]),
  operator(["quay.io/jetstack/cert-manager-controller"], "/app/cmd/controller/controller", [9402, 9403]),
  operator(["quay.io/jetstack/cert-manager-cainjector"], "/app/cmd/cainjector/cainjector", [9402]),
  operator(["quay.io/jetstack/cert-manager-webhook"], "/app/cmd/webhook/webhook", [6080, 10_250]),
  operator(
    ["registry.k8s.io/kube-state-metrics/kube-state-metrics", "quay.io/coreos/kube-state-metrics"],
    "/kube-state-metrics",
    [8080],
    { user: "65534", others: (p) => [Number(/--telemetry-port=(\d+)/.exec(p.argv.join(" "))?.[1] ?? 8081)] },
  ),
  operator(["registry.k8s.io/prometheus-adapter/prometheus-adapter"], "/adapter", [6443], {
    user: "65534",
    secure: [6443],
  }),
  operator(["quay.io/prometheus-operator/prometheus-operator"], "/bin/operator", [8080], { user: "65534" }),
  operator(["quay.io/prometheus-operator/prometheus-config-reloader"], "/bin/prometheus-config-reloader", [8080], {
    user: "65534",
  }),
  operator(["ghcr.io/jimmidyson/configmap-reload", "jimmidyson/configmap-reload"], "/configmap-reload", [9533], {
    user: "65534",
  }),
  operator(
    [
      "quay.io/brancz/kube-rbac-proxy",
      "gcr.io/kubebuilder/kube-rbac-proxy",
      "registry.k8s.io/kubebuilder/kube-rbac-proxy",
    ],
    "/usr/local/bin/kube-rbac-proxy",
    [8443],
    { user: "65532", secure: "all", page: () => answer(401, "Unauthorized\n") },
  ),
  operator(["quay.io/kiwigrid/k8s-sidecar", "kiwigrid/k8s-sidecar"], "/usr/local/bin/python", [], CALLED),
  operator(["registry.k8s.io/external-dns/external-dns"], "/bin/external-dns", [7979]),
  operator(
    ["registry.k8s.io/autoscaling/cluster-autoscaler", "registry.k8s.io/cluster-autoscaler"],
    "/cluster-autoscaler",
    [8085],
    CALLED,
  ),
  operator(["registry.k8s.io/autoscaling/vpa-recommender"], "/recommender", [8942]),
  operator(["registry.k8s.io/autoscaling/vpa-updater"], "/updater", [8943]),
  operator(["registry.k8s.io/autoscaling/vpa-admission-controller"], "/admission-controller", [8000, 8944]),
  operator(
    ["registry.k8s.io/sig-storage/nfs-subdir-external-provisioner", "quay.io/external_storage/nfs-client-provisioner"],
    "/nfs-subdir-external-provisioner",
  ),
  operator(
    [
      "csi-provisioner",
      "csi-attacher",
      "csi-resizer",
      "csi-snapshotter",
      "csi-node-driver-registrar",
      "livenessprobe",
      "hostpathplugin",
      "snapshot-controller",
      "nfsplugin",
    ].map((name) => `registry.k8s.io/sig-storage/${name}`),
    "/csi-sidecar",
  ),
  operator(
    ["itsthenetwork/nfs-server-alpine", "erichough/nfs-server", "registry.k8s.io/volume-nfs", "cpuguy83/nfs-server"],
    "/usr/bin/nfsd.sh",
    [2049],
  ),
  operator(["openpolicyagent/opa"], "/opa", [8181], { on: "scratch", user: "1000" }),
  operator(["openpolicyagent/gatekeeper"], "/manager", [8443, 8888, 9090]),
  operator(["ghcr.io/kyverno/kyverno", "reg.kyverno.io/kyverno/kyverno"], "/ko-app/kyverno", [9443, 8000]),
  operator(["falcosecurity/falco"], "/usr/bin/falco", [8765], CALLED),
  operator(["falcosecurity/falcosidekick"], "/bin/falcosidekick", [2801]),
  operator(["velero/velero"], "/velero", [8085], CALLED),
  operator(["stakater/reloader", "ghcr.io/stakater/reloader"], "/manager", [9090]),
  operator(["nginx/nginx-ingress", "nginx/nginx-ingress-operator"], "/nginx-ingress", [80, 443, 8081]),
  operator(["haproxytech/kubernetes-ingress"], "/start.sh", [8080, 8443, 1042]),
  operator(["library/kong"], "/docker-entrypoint.sh", [8000, 8443, 8001], {
    ...CALLED,
    page: () => answer(404, '{"message":"no Route matched with those values"}'),
  }),
  operator(["istio/pilot"], "/usr/local/bin/pilot-discovery", [8080, 15_010, 15_012, 15_014, 15_017]),
  operator(["cr.l5d.io/linkerd/proxy", "cr.l5d.io/linkerd/controller"], "/usr/bin/linkerd", [4143, 4191]),
  operator(["grafana/loki"], "/usr/bin/loki", [3100], { user: "10001", page: () => "ready\n" }),
  operator(["grafana/promtail", "grafana/tempo", "grafana/agent"], "/usr/bin/promtail", [3101]),
  operator(
    ["jaegertracing/all-in-one", "jaegertracing/jaeger"],
    "/go/bin/all-in-one-linux",
    [16_686, 14_268, 4317, 4318, 14_269],
    { page: () => titled("Jaeger UI", '<div id="jaeger-ui-root"></div>') },
  ),
  operator(["openzipkin/zipkin"], "/usr/local/bin/start-zipkin", [9411]),
  operator(["otel/opentelemetry-collector", "otel/opentelemetry-collector-contrib"], "/otelcol", [4317, 4318, 13_133]),
  operator(["library/telegraf"], "/entrypoint.sh", [], CALLED),
  operator(["timberio/vector"], "/usr/local/bin/vector"),
  operator(
    ["datadog/agent", "gcr.io/datadoghq/agent", "sysdig/agent", "newrelic/infrastructure"],
    "/bin/entrypoint.sh",
    [],
    { ...CALLED, tags: NAMED },
  ),
  operator(["kbudde/rabbitmq-exporter"], "/rabbitmq_exporter", [9419]),
  operator(["oliver006/redis_exporter", "bitnami/redis-exporter"], "/redis_exporter", [9121]),
  operator(["prom/mysqld-exporter"], "/bin/mysqld_exporter", [9104]),
  operator(["prometheuscommunity/postgres-exporter"], "/bin/postgres_exporter", [9187]),
  operator(["prom/statsd-exporter"], "/bin/statsd_exporter", [9102]),
  operator(["nginx/nginx-prometheus-exporter"], "/usr/bin/nginx-prometheus-exporter", [9113], {
    page: () => "# TYPE nginx_up gauge\nnginx_up 1\n",
  }),
  operator(["kong/httpbin", "mccutchen/go-httpbin", "ghcr.io/mccutchen/go-httpbin"], "/bin/go-httpbin", [8080], {
    cmd: true,
  }),
  operator(["library/neo4j"], "/startup/docker-entrypoint.sh", [7474, 7687], { volumes: ["/data", "/logs"] }),
  operator(["library/couchdb"], "/docker-entrypoint.sh", [5984], {
    volumes: ["/opt/couchdb/data"],
    page: () => '{"couchdb":"Welcome","version":"3.4.2"}\n',
  }),
  operator(["cockroachdb/cockroach"], "/cockroach/cockroach.sh", [26_257, 8080]),
  operator(
    ["quay.io/coreos/etcd", "bitnami/etcd", "gcr.io/etcd-development/etcd"],
    "/usr/local/bin/etcd",
    [2379, 2380],
    CALLED,
  ),
  operator(["confluentinc/cp-zookeeper"], "/etc/confluent/docker/run", [2181], {
    ...CALLED,
    refuses: (p) => (p.env.get("ZOOKEEPER_CLIENT_PORT") ? undefined : "ZOOKEEPER_CLIENT_PORT is required.\n"),
  }),
  operator(["dpage/pgadmin4"], "/entrypoint.sh", [80, 443], {
    user: "5050",
    page: () => titled("pgAdmin 4", ""),
    refuses: (p) =>
      p.env.get("PGADMIN_DEFAULT_EMAIL") &&
      (p.env.get("PGADMIN_DEFAULT_PASSWORD") || p.env.get("PGADMIN_DEFAULT_PASSWORD_FILE"))
        ? undefined
        : "You need to define the PGADMIN_DEFAULT_EMAIL and PGADMIN_DEFAULT_PASSWORD or PGADMIN_DEFAULT_PASSWORD_FILE environment variables.\n",
  }),
  operator(["gitea/gitea"], "/usr/bin/entrypoint", [3000, 22], { volumes: ["/data"] }),
  operator(["sonatype/nexus3"], "/opt/sonatype/nexus/bin/nexus", [8081], { volumes: ["/nexus-data"], rssKib: 900_000 }),
  operator(["mailhog/mailhog"], "/usr/local/bin/MailHog", [8025, 1025]),
  operator(["locustio/locust"], "/usr/local/bin/locust", [8089]),
  operator(["fortio/fortio"], "/usr/bin/fortio", [8080, 8079], { ...CALLED, page: () => "" }),
  operator(["networkstatic/iperf3"], "/usr/bin/iperf3", [5201], CALLED),
  operator(
    [
      "selenium/hub",
      "selenium/standalone-chrome",
      "selenium/standalone-firefox",
      "selenium/node-chrome",
      "selenium/node-firefox",
    ],
    "/opt/bin/entry_point.sh",
    [4444],
    CALLED,
  ),
  operator(["library/docker"], "/usr/local/bin/dockerd-entrypoint.sh", [2375, 2376], {
    cmd: true,
    tags: /^(latest|dind|\d[\d.]*-dind(-rootless)?)$/,
  }),
  operator(["moby/buildkit"], "/usr/bin/buildkitd"),
  operator(["openresty/openresty"], "/usr/bin/openresty", [80], {
    ...CALLED,
    page: () => titled("Welcome to OpenResty!", "<h1>Welcome to OpenResty!</h1>"),
  }),
  operator(["ubuntu/squid", "sameersbn/squid"], "/usr/local/bin/entrypoint.sh", [3128]),
  operator(["registry.k8s.io/e2e-test-images/resource-consumer"], "/consumer", [8080]),
  operator(
    ["registry.k8s.io/e2e-test-images/nautilus", "registry.k8s.io/e2e-test-images/kitten"],
    "/test-webserver",
    [80],
  ),
  operator(["registry.k8s.io/cuda-vector-add"], "/usr/local/cuda/vectorAdd", [], CALLED),
];
