import { container, core, deployment, type Examples, mount, object, type Part, port, service, shell } from "./words.ts";

const example = { "app.kubernetes.io/name": "load-balancer-example" };
const HELLO = "gcr.io/google-samples/hello-app:2.0";
const frontend = { app: "hello", tier: "frontend" };
const backend = { app: "hello", tier: "backend" };
const mine = { run: "my-nginx" };

const access: Examples = {
  "service/load-balancer-example.yaml": deployment("hello-world", {
    replicas: 5,
    labels: example,
    containers: container("hello-world", HELLO, { ports: [port(8080)] }),
    meta: { labels: example },
  }),
  "service/access/hello-application.yaml": deployment("hello-world", {
    replicas: 2,
    labels: { run: "load-balancer-example" },
    containers: container("hello-world", "us-docker.pkg.dev/google-samples/containers/gke/hello-app:2.0", {
      ports: [{ containerPort: 8080, protocol: "TCP" }],
    }),
  }),
  "service/access/backend-deployment.yaml": deployment("backend", {
    replicas: 3,
    labels: { ...backend, track: "stable" },
    containers: container("hello", "gcr.io/google-samples/hello-go-gke:1.0", { ports: [port(80, "http")] }),
  }),
  "service/access/backend-service.yaml": service("hello", backend, [{ protocol: "TCP", port: 80, targetPort: "http" }]),
  "service/access/frontend-deployment.yaml": deployment("frontend", {
    replicas: 1,
    labels: { ...frontend, track: "stable" },
    containers: container("nginx", "gcr.io/google-samples/hello-frontend:1.0", {
      lifecycle: { preStop: { exec: { command: ["/usr/sbin/nginx", "-s", "quit"] } } },
    }),
  }),
  "service/access/frontend-service.yaml": service(
    "frontend",
    frontend,
    [{ protocol: "TCP", port: 80, targetPort: 80 }],
    { type: "LoadBalancer" },
  ),
  "service/networking/run-my-nginx.yaml": deployment("my-nginx", {
    replicas: 2,
    labels: mine,
    containers: container("my-nginx", "nginx", { ports: [port(80)] }),
  }),
  "service/networking/nginx-svc.yaml": service("my-nginx", mine, [{ port: 80, protocol: "TCP" }], {}, { labels: mine }),
  "service/nginx-service.yaml": service("nginx-service", { app: "nginx" }, [
    { port: 8000, targetPort: 80, protocol: "TCP" },
  ]),
  "service/networking/curlpod.yaml": deployment("curl-deployment", {
    replicas: 1,
    labels: { app: "curlpod" },
    containers: container("curlpod", "radial/busyboxplus:curl", {
      ...shell("while true; do sleep 1; done"),
      volumeMounts: [mount("secret-volume", "/etc/nginx/ssl")],
    }),
    pod: { volumes: [{ name: "secret-volume", secret: { secretName: "nginxsecret" } }] },
  }),
  "service/networking/nginx-secure-app.yaml": [
    service(
      "my-nginx",
      mine,
      [
        { port: 8080, targetPort: 80, protocol: "TCP", name: "http" },
        { port: 443, protocol: "TCP", name: "https" },
      ],
      { type: "NodePort" },
      { labels: mine },
    ),
    deployment("my-nginx", {
      replicas: 1,
      labels: mine,
      containers: container("nginxhttps", "bprashanth/nginxhttps:1.0", {
        ports: [port(443), port(80)],
        volumeMounts: [mount("secret-volume", "/etc/nginx/ssl"), mount("configmap-volume", "/etc/nginx/conf.d")],
      }),
      pod: {
        volumes: [
          { name: "secret-volume", secret: { secretName: "nginxsecret" } },
          { name: "configmap-volume", configMap: { name: "nginxconfigmap" } },
        ],
      },
    }),
  ],
};

const NETWORKING = "networking.k8s.io/v1";
const policy = (name: string, spec: Part): Part => object(NETWORKING, "NetworkPolicy", name, { spec });

const backendOf = (name: string, number: number): Part => ({ service: { name, port: { number } } });
const path = (at: string, to: Part, pathType = "Prefix"): Part => ({ path: at, pathType, backend: to });
const ingress = (name: string, spec: Part, annotations?: Part): Part =>
  object(NETWORKING, "Ingress", name, { spec }, annotations === undefined ? {} : { annotations });

const networking: Examples = {
  "service/networking/nginx-policy.yaml": policy("access-nginx", {
    podSelector: { matchLabels: { app: "nginx" } },
    ingress: [{ from: [{ podSelector: { matchLabels: { access: "true" } } }] }],
  }),
  "service/networking/network-policy-default-deny-ingress.yaml": policy("default-deny-ingress", {
    podSelector: {},
    policyTypes: ["Ingress"],
  }),
  "service/networking/network-policy-default-deny-egress.yaml": policy("default-deny-egress", {
    podSelector: {},
    policyTypes: ["Egress"],
  }),
  "service/networking/network-policy-default-deny-all.yaml": policy("default-deny-all", {
    podSelector: {},
    policyTypes: ["Ingress", "Egress"],
  }),
  "service/networking/network-policy-allow-all-ingress.yaml": policy("allow-all-ingress", {
    podSelector: {},
    ingress: [{}],
    policyTypes: ["Ingress"],
  }),
  "service/networking/network-policy-allow-all-egress.yaml": policy("allow-all-egress", {
    podSelector: {},
    egress: [{}],
    policyTypes: ["Egress"],
  }),
  "service/networking/minimal-ingress.yaml": ingress(
    "minimal-ingress",
    { ingressClassName: "nginx-example", rules: [{ http: { paths: [path("/testpath", backendOf("test", 80))] } }] },
    { "nginx.ingress.kubernetes.io/rewrite-target": "/" },
  ),
  "service/networking/test-ingress.yaml": ingress("test-ingress", { defaultBackend: backendOf("test", 80) }),
  "service/networking/example-ingress.yaml": ingress("example-ingress", {
    ingressClassName: "nginx",
    rules: [{ host: "hello-world.example", http: { paths: [path("/", backendOf("web", 8080))] } }],
  }),
  "service/networking/simple-fanout-example.yaml": ingress("simple-fanout-example", {
    rules: [
      {
        host: "foo.bar.com",
        http: { paths: [path("/foo", backendOf("service1", 4200)), path("/bar", backendOf("service2", 8080))] },
      },
    ],
  }),
  "service/networking/name-virtual-host-ingress.yaml": ingress("name-virtual-host-ingress", {
    rules: [
      { host: "foo.bar.com", http: { paths: [path("/", backendOf("service1", 80))] } },
      { host: "bar.foo.com", http: { paths: [path("/", backendOf("service2", 80))] } },
    ],
  }),
  "service/networking/name-virtual-host-ingress-no-third-host.yaml": ingress(
    "name-virtual-host-ingress-no-third-host",
    {
      rules: [
        { host: "first.bar.com", http: { paths: [path("/", backendOf("service1", 80))] } },
        { host: "second.bar.com", http: { paths: [path("/", backendOf("service2", 80))] } },
        { http: { paths: [path("/", backendOf("service3", 80))] } },
      ],
    },
  ),
  "service/networking/external-lb.yaml": {
    apiVersion: "networking.k8s.io/v1",
    kind: "IngressClass",
    metadata: { name: "external-lb" },
    spec: {
      controller: "example.com/ingress-controller",
      parameters: { apiGroup: "k8s.example.com", kind: "IngressParameters", name: "external-lb" },
    },
  },
};

const range = (name: string, ...all: readonly Part[]): Part => core("LimitRange", name, { spec: { limits: all } });
const quota = (name: string, hard: Part): Part => core("ResourceQuota", name, { spec: { hard } });
const priority = (name: string): Part => {
  const scope = { operator: "In", scopeName: "PriorityClass", values: [name.replace(/^pods-/, "")] };
  const hard = { low: ["5", "10Gi", "10"], medium: ["10", "20Gi", "10"], high: ["1k", "200Gi", "10"] }[
    scope.values[0]!
  ]!;
  return core("ResourceQuota", name, {
    spec: { hard: { cpu: hard[0], memory: hard[1], pods: hard[2] }, scopeSelector: { matchExpressions: [scope] } },
  });
};
const namespace = (name: string): Part => core("Namespace", name, {}, { labels: { name } });
const baseline = (name: string, levels: Part): Part => core("Namespace", name, {}, { labels: levels });
const standard = (mode: string, level: string): Part => ({
  [`pod-security.kubernetes.io/${mode}`]: level,
  [`pod-security.kubernetes.io/${mode}-version`]: "latest",
});

const policies: Examples = {
  "admin/resource/memory-defaults.yaml": range("mem-limit-range", {
    default: { memory: "512Mi" },
    defaultRequest: { memory: "256Mi" },
    type: "Container",
  }),
  "admin/resource/memory-constraints.yaml": range("mem-min-max-demo-lr", {
    max: { memory: "1Gi" },
    min: { memory: "500Mi" },
    type: "Container",
  }),
  "admin/resource/cpu-defaults.yaml": range("cpu-limit-range", {
    default: { cpu: 1 },
    defaultRequest: { cpu: 0.5 },
    type: "Container",
  }),
  "admin/resource/cpu-constraints.yaml": range("cpu-min-max-demo-lr", {
    max: { cpu: "800m" },
    min: { cpu: "200m" },
    type: "Container",
  }),
  "admin/resource/quota-mem-cpu.yaml": quota("mem-cpu-demo", {
    "requests.cpu": "1",
    "requests.memory": "1Gi",
    "limits.cpu": "2",
    "limits.memory": "2Gi",
  }),
  "admin/resource/quota-pod.yaml": quota("pod-demo", { pods: "2" }),
  "admin/resource/quota-objects.yaml": quota("object-quota-demo", {
    persistentvolumeclaims: "1",
    "services.loadbalancers": "2",
    "services.nodeports": "0",
  }),
  "policy/quota.yaml": ["high", "medium", "low"].map((name) => priority(`pods-${name}`)),
  "policy/priority-class-resourcequota.yaml": core("ResourceQuota", "pods-cluster-services", {
    spec: {
      scopeSelector: {
        matchExpressions: [{ operator: "In", scopeName: "PriorityClass", values: ["cluster-services"] }],
      },
    },
  }),
  "policy/zookeeper-pod-disruption-budget-minavailable.yaml": budget({ minAvailable: 2 }),
  "policy/zookeeper-pod-disruption-budget-maxunavailable.yaml": budget({ maxUnavailable: 1 }),
  "admin/namespace-dev.yaml": namespace("development"),
  "admin/namespace-prod.yaml": namespace("production"),
  "admin/namespace-dev.json": namespace("development"),
  "admin/namespace-prod.json": namespace("production"),
  "security/podsecurity-privileged.yaml": baseline("my-privileged-namespace", standard("enforce", "privileged")),
  "security/podsecurity-baseline.yaml": baseline("my-baseline-namespace", {
    ...standard("enforce", "baseline"),
    ...standard("audit", "restricted"),
    ...standard("warn", "restricted"),
  }),
  "security/podsecurity-restricted.yaml": baseline("my-restricted-namespace", standard("enforce", "restricted")),
};

function budget(spec: Part): Part {
  return object("policy/v1", "PodDisruptionBudget", "zk-pdb", {
    spec: { ...spec, selector: { matchLabels: { app: "zookeeper" } } },
  });
}

export const serviceExamples: Examples = { ...access, ...networking, ...policies };
