import {
  container,
  core,
  deployment,
  type Examples,
  fromConfig,
  limits,
  mount,
  object,
  type Part,
  pod,
  port,
  service,
  workload,
} from "./words.ts";

const NETWORKING = "networking.k8s.io/v1";
const GATEWAY = "gateway.networking.k8s.io/v1";
const PAUSE = "registry.k8s.io/pause:3.8";

const named = (name: string, more: Part = {}): Part => ({ "app.kubernetes.io/name": name, ...more });

const mongo = named("mongo", { "app.kubernetes.io/component": "backend" });
const mysql = { app: "mysql", ...named("mysql") };
const sql = [{ name: "mysql", port: 3306 }];

const logs = { volumeMounts: [mount("data", "/opt")] };

const applications: Examples = {
  "application/mongodb/mongo-deployment.yaml": deployment("mongo", {
    replicas: 1,
    labels: mongo,
    meta: { labels: mongo },
    containers: container("mongo", "mongo:4.2", {
      args: ["--bind_ip", "0.0.0.0"],
      ...limits(undefined, { cpu: "100m", memory: "100Mi" }),
      ports: [port(27_017)],
    }),
  }),
  "application/mongodb/mongo-service.yaml": service(
    "mongo",
    mongo,
    [{ port: 27_017, targetPort: 27_017 }],
    {},
    { labels: mongo },
  ),
  "application/mysql/mysql-services.yaml": [
    service("mysql", { app: "mysql" }, sql, { clusterIP: "None" }, { labels: mysql }),
    service("mysql-read", { app: "mysql" }, sql, {}, { labels: { ...mysql, readonly: "true" } }),
  ],
  "application/cassandra/cassandra-service.yaml": service(
    "cassandra",
    { app: "cassandra" },
    [{ port: 9042 }],
    { clusterIP: "None" },
    { labels: { app: "cassandra" } },
  ),
  "application/job/redis/redis-pod.yaml": pod(
    "redis-master",
    container("master", "redis", { env: [{ name: "MASTER", value: "true" }], ports: [port(6379)] }),
    {},
    { labels: { app: "redis" } },
  ),
  "application/job/redis/redis-service.yaml": service("redis", { app: "redis" }, [{ port: 6379, targetPort: 6379 }]),
  "application/deployment-sidecar.yaml": deployment("myapp", {
    replicas: 1,
    labels: { app: "myapp" },
    meta: { labels: { app: "myapp" } },
    containers: container("myapp", "alpine:latest", {
      command: ["sh", "-c", 'while true; do echo "logging" >> /opt/logs.txt; sleep 1; done'],
      ...logs,
    }),
    pod: {
      initContainers: [
        container("logshipper", "alpine:latest", {
          restartPolicy: "Always",
          command: ["sh", "-c", "tail -F /opt/logs.txt"],
          ...logs,
        }),
      ],
      volumes: [{ name: "data", emptyDir: {} }],
    },
  }),
  "application/basic-daemonset.yaml": workload("DaemonSet", "example-daemonset", {
    labels: named("example"),
    containers: container("pause", "registry.k8s.io/pause"),
    pod: {
      initContainers: [
        container("log-machine-id", "busybox:1.37", {
          command: ["sh", "-c", "cat /etc/machine-id > /var/log/machine-id.log"],
          volumeMounts: [mount("machine-id", "/etc/machine-id", { readOnly: true }), mount("log-dir", "/var/log")],
        }),
      ],
      volumes: [
        { name: "machine-id", hostPath: { path: "/etc/machine-id", type: "File" } },
        { name: "log-dir", hostPath: { path: "/var/log" } },
      ],
    },
  }),
  "application/ssa/nginx-deployment-no-replicas.yaml": deployment("nginx-deployment", {
    labels: { app: "nginx" },
    meta: { labels: { app: "nginx" } },
    containers: container("nginx", "nginx:1.14.2"),
  }),
  "controllers/daemonset-label-selector.yaml": object(
    "apps/v1",
    "DaemonSet",
    "nginx-ssd",
    {
      spec: {
        selector: { matchLabels: { app: "web-server" } },
        template: {
          metadata: { labels: { app: "web-server" } },
          spec: { nodeSelector: { ssd: "true" }, containers: [container("nginx", "nginx:latest")] },
        },
      },
    },
    { labels: { app: "nginx" } },
  ),
  "service/explore-graceful-termination-nginx.yaml": service("nginx-service", { app: "nginx" }, [
    { protocol: "TCP", port: 80, targetPort: 80 },
  ]),
  "service/pod-with-graceful-termination.yaml": deployment("nginx-deployment", {
    replicas: 1,
    labels: { app: "nginx" },
    meta: { labels: { app: "nginx" } },
    containers: container("nginx", "nginx:latest", {
      ports: [port(80)],
      lifecycle: { preStop: { exec: { command: ["/bin/sh", "-c", "sleep 180"] } } },
    }),
    pod: { terminationGracePeriodSeconds: 120 },
  }),
  "service/simple-service.yaml": service("my-service", named("MyApp"), [
    { protocol: "TCP", port: 80, targetPort: 9376 },
  ]),
};

const has = (key: string, ...values: readonly string[]): Part => ({
  matchExpressions: [{ key, operator: "In", values }],
});
const hard = "requiredDuringSchedulingIgnoredDuringExecution";
const soft = "preferredDuringSchedulingIgnoredDuringExecution";
const term = (value: string): Part => ({
  labelSelector: has("security", value),
  topologyKey: "topology.kubernetes.io/zone",
});
const prefers = (weight: number, key: string, value: string): Part => ({ weight, preference: has(key, value) });

/** Pods that choose their nodes. */
const placed: Examples = {
  "pods/pod-with-node-affinity.yaml": pod("with-node-affinity", container("with-node-affinity", PAUSE), {
    affinity: {
      nodeAffinity: {
        [hard]: {
          nodeSelectorTerms: [has("topology.kubernetes.io/zone", "antarctica-east1", "antarctica-west1")],
        },
        [soft]: [prefers(1, "another-node-label-key", "another-node-label-value")],
      },
    },
  }),
  "pods/pod-with-affinity-preferred-weight.yaml": pod(
    "with-affinity-preferred-weight",
    container("with-node-affinity", PAUSE),
    {
      affinity: {
        nodeAffinity: {
          [hard]: { nodeSelectorTerms: [has("kubernetes.io/os", "linux")] },
          [soft]: [prefers(1, "label-1", "key-1"), prefers(50, "label-2", "key-2")],
        },
      },
    },
  ),
  "pods/pod-with-pod-affinity.yaml": pod("with-pod-affinity", container("with-pod-affinity", PAUSE), {
    affinity: {
      podAffinity: { [hard]: [term("S1")] },
      podAntiAffinity: { [soft]: [{ weight: 100, podAffinityTerm: term("S2") }] },
    },
  }),
  "pods/topology-spread-constraints/one-constraint-with-nodeaffinity.yaml": pod(
    "mypod",
    container("pause", "registry.k8s.io/pause:3.1"),
    {
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: "zone",
          whenUnsatisfiable: "DoNotSchedule",
          labelSelector: { matchLabels: { foo: "bar" } },
        },
      ],
      affinity: {
        nodeAffinity: {
          [hard]: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: "zone", operator: "NotIn", values: ["zoneC"] }] }],
          },
        },
      },
    },
    { labels: { foo: "bar" } },
  ),
};

const enough = { memory: "200Mi", cpu: "700m" };

const pods: Examples = {
  "pods/static-web.yaml": pod(
    "static-web",
    container("web", "nginx", { ports: [{ name: "web", containerPort: 80, protocol: "TCP" }] }),
    {},
    { labels: { role: "myrole" } },
  ),
  "pods/qos/qos-pod-5.yaml": pod(
    "qos-example/qos-demo-5",
    container("qos-demo-ctr-5", "nginx", limits(enough, enough)),
  ),
  "pods/resource/pod-resize.yaml": pod(
    "qos-example/resize-demo",
    container("pause", PAUSE, {
      resizePolicy: [
        { resourceName: "cpu", restartPolicy: "NotRequired" },
        { resourceName: "memory", restartPolicy: "RestartContainer" },
      ],
      ...limits(enough, enough),
    }),
  ),
  "pods/user-namespaces-stateless.yaml": pod(
    "userns",
    container("shell", "debian", { command: ["sleep", "infinity"] }),
    { hostUsers: false },
  ),
  "pods/probe/grpc-liveness.yaml": pod(
    "etcd-with-grpc",
    container("etcd", "registry.k8s.io/etcd:3.5.1-0", {
      command: [
        "/usr/local/bin/etcd",
        "--data-dir",
        "/var/lib/etcd",
        "--listen-client-urls",
        "http://0.0.0.0:2379",
        "--advertise-client-urls",
        "http://127.0.0.1:2379",
        "--log-level",
        "debug",
      ],
      ports: [port(2379)],
      livenessProbe: { grpc: { port: 2379 }, initialDelaySeconds: 10 },
    }),
  ),
  "configmap/configure-pod.yaml": pod(
    "configmap-demo-pod",
    container("demo", "alpine", {
      command: ["sleep", "3600"],
      env: [
        fromConfig("PLAYER_INITIAL_LIVES", "game-demo", "player_initial_lives"),
        fromConfig("UI_PROPERTIES_FILE_NAME", "game-demo", "ui_properties_file_name"),
      ],
      volumeMounts: [mount("config", "/config", { readOnly: true })],
    }),
    {
      volumes: [
        {
          name: "config",
          configMap: {
            name: "game-demo",
            items: ["game.properties", "user-interface.properties"].map((key) => ({ key, path: key })),
          },
        },
      ],
    },
  ),
  "configmap/env-configmap.yaml": pod(
    "env-configmap",
    container("app", "busybox:latest", {
      command: ["/bin/sh", "-c", "printenv"],
      envFrom: [{ configMapRef: { name: "myconfigmap" } }],
    }),
    { restartPolicy: "Never" },
  ),
  "debug/counter-pod-err.yaml": pod(
    "counter-err",
    container("count", "busybox:1.28", {
      args: ["/bin/sh", "-c", 'i=0; while true; do echo "$i: $(date)"; echo "$i: err" >&2 ; i=$((i+1)); sleep 1; done'],
    }),
  ),
  "service/networking/custom-dns.yaml": pod("default/dns-example", container("test", "nginx"), {
    dnsPolicy: "None",
    dnsConfig: {
      nameservers: ["192.0.2.1"],
      searches: ["ns1.svc.cluster-domain.example", "my.dns.search.suffix"],
      options: [{ name: "ndots", value: "2" }, { name: "edns0" }],
    },
  }),
  "pods/security/seccomp/ga/default-pod.yaml": pod(
    "default-pod",
    container("test-container", "hashicorp/http-echo:1.0", {
      args: ["-text=just made some more syscalls!"],
      securityContext: { allowPrivilegeEscalation: false },
    }),
    { securityContext: { seccompProfile: { type: "RuntimeDefault" } } },
    { labels: { app: "default-pod" } },
  ),
};

const to = (name: string): Part => ({ service: { name, port: { number: 80 } } });
const path = (at: string, backend: Part, pathType = "Prefix"): Part => ({ path: at, pathType, backend });
const rule = (host: string | undefined, ...paths: readonly Part[]): Part => ({
  ...(host !== undefined && { host }),
  http: { paths },
});
const bucket = (name: string): Part => ({ resource: { apiGroup: "k8s.example.com", kind: "StorageBucket", name } });

const twoFamilies = (spec: Part): Part =>
  service("my-service", named("MyApp"), [{ protocol: "TCP", port: 80 }], spec, { labels: named("MyApp") });

const networks: Examples = {
  "service/networking/ingress-wildcard-host.yaml": object(NETWORKING, "Ingress", "ingress-wildcard-host", {
    spec: {
      rules: [rule("foo.bar.com", path("/bar", to("service1"))), rule("*.foo.com", path("/foo", to("service2")))],
    },
  }),
  "service/networking/tls-example-ingress.yaml": object(NETWORKING, "Ingress", "tls-example-ingress", {
    spec: {
      tls: [{ hosts: ["https-example.foo.com"], secretName: "testsecret-tls" }],
      rules: [rule("https-example.foo.com", path("/", to("service1")))],
    },
  }),
  "service/networking/ingress-resource-backend.yaml": object(NETWORKING, "Ingress", "ingress-resource-backend", {
    spec: {
      defaultBackend: bucket("static-assets"),
      rules: [rule(undefined, path("/icons", bucket("icon-assets"), "ImplementationSpecific"))],
    },
  }),
  "service/networking/default-ingressclass.yaml": object(
    NETWORKING,
    "IngressClass",
    "example-class",
    { spec: { controller: "k8s.io/example-class" } },
    {
      labels: { "app.kubernetes.io/component": "controller" },
      annotations: { "ingressclass.kubernetes.io/is-default-class": "true" },
    },
  ),
  "service/networking/gatewayclass.yaml": object(GATEWAY, "GatewayClass", "example-class", {
    spec: { controllerName: "example.com/gateway-controller" },
  }),
  "service/networking/gateway.yaml": object(GATEWAY, "Gateway", "example-gateway", {
    spec: { gatewayClassName: "example-class", listeners: [{ name: "http", protocol: "HTTP", port: 80 }] },
  }),
  "service/networking/httproute.yaml": object(GATEWAY, "HTTPRoute", "example-httproute", {
    spec: {
      parentRefs: [{ name: "example-gateway" }],
      hostnames: ["www.example.com"],
      rules: [
        {
          matches: [{ path: { type: "PathPrefix", value: "/login" } }],
          backendRefs: [{ name: "example-svc", port: 8080 }],
        },
      ],
    },
  }),
  "service/networking/dual-stack-default-svc.yaml": twoFamilies({}),
  "service/networking/dual-stack-preferred-svc.yaml": twoFamilies({ ipFamilyPolicy: "PreferDualStack" }),
  "service/networking/dual-stack-preferred-ipfamilies-svc.yaml": twoFamilies({
    ipFamilyPolicy: "PreferDualStack",
    ipFamilies: ["IPv6", "IPv4"],
  }),
  "service/networking/dual-stack-ipfamilies-ipv6.yaml": twoFamilies({ ipFamilies: ["IPv6"] }),
};

const storageClass = (name: string, provisioner: string, content: Part, meta: Part = {}): Part =>
  object("storage.k8s.io/v1", "StorageClass", name, { provisioner, ...content }, meta);

const storage: Examples = {
  "storage/storageclass-low-latency.yaml": storageClass(
    "low-latency",
    "csi-driver.example-vendor.example",
    {
      reclaimPolicy: "Retain",
      allowVolumeExpansion: true,
      mountOptions: ["discard"],
      volumeBindingMode: "WaitForFirstConsumer",
      parameters: { guaranteedReadWriteLatency: "true" },
    },
    { annotations: { "storageclass.kubernetes.io/is-default-class": "false" } },
  ),
  "storage/storageclass/storageclass-local.yaml": storageClass("local-storage", "kubernetes.io/no-provisioner", {
    volumeBindingMode: "WaitForFirstConsumer",
  }),
  "storage/storageclass/storageclass-aws-ebs.yaml": storageClass("ebs-sc", "ebs.csi.aws.com", {
    volumeBindingMode: "WaitForFirstConsumer",
    parameters: { "csi.storage.k8s.io/fstype": "xfs", type: "io1", iopsPerGB: "50", encrypted: "true" },
    allowedTopologies: [{ matchLabelExpressions: [{ key: "topology.ebs.csi.aws.com/zone", values: ["us-east-2c"] }] }],
  }),
  "configmap/immutable-configmap.yaml": core("ConfigMap", "company-name-20150801", {
    data: { company_name: "ACME, Inc." },
    immutable: true,
  }),
};

/** Whole applications, Pods that choose their nodes, and ways into a cluster. */
export const applicationExamples: Examples = { ...applications, ...placed, ...pods, ...networks, ...storage };
