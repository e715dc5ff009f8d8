import {
  container,
  type Examples,
  fromField,
  limits,
  mount,
  object,
  type Part,
  port,
  service,
  workload,
} from "./words.ts";

const claim = (name: string, storage: string, more: Part = {}): Part => ({
  metadata: { name },
  spec: { accessModes: ["ReadWriteOnce"], ...more, resources: { requests: { storage } } },
});

const run = (...command: readonly string[]): Part => ({ exec: { command } });

const zk = { app: "zk" };
const ready: Part = { ...run("sh", "-c", "zookeeper-ready 2181"), initialDelaySeconds: 10, timeoutSeconds: 5 };

/** Flags of start-zookeeper, which writes the configuration from them. */
const ENSEMBLE =
  "--servers=3 --data_dir=/var/lib/zookeeper/data --data_log_dir=/var/lib/zookeeper/data/log --conf_dir=/opt/zookeeper/conf " +
  "--client_port=2181 --election_port=3888 --server_port=2888 --tick_time=2000 --init_limit=10 --sync_limit=5 --heap=512M " +
  "--max_client_cnxns=60 --snap_retain_count=3 --purge_interval=12 --max_session_timeout=40000 --min_session_timeout=4000 --log_level=INFO";

const CASSANDRA: Part = {
  MAX_HEAP_SIZE: "512M",
  HEAP_NEWSIZE: "100M",
  CASSANDRA_SEEDS: "cassandra-0.cassandra.default.svc.cluster.local",
  CASSANDRA_CLUSTER_NAME: "K8Demo",
  CASSANDRA_DC: "DC1-K8Demo",
  CASSANDRA_RACK: "Rack1-K8Demo",
};

const queue = { "app.kubernetes.io/name": "task-queue", "app.kubernetes.io/component": "rabbitmq" };
const rabbit = { labels: { component: "rabbitmq" } };

const half = { cpu: "500m", memory: "1Gi" };

/** StatefulSets of the tutorials. */
export const statefulExamples: Examples = {
  "application/zookeeper/zookeeper.yaml": [
    service(
      "zk-hs",
      zk,
      [
        { port: 2888, name: "server" },
        { port: 3888, name: "leader-election" },
      ],
      { clusterIP: "None" },
      { labels: zk },
    ),
    service("zk-cs", zk, [{ port: 2181, name: "client" }], {}, { labels: zk }),
    object("policy/v1", "PodDisruptionBudget", "zk-pdb", {
      spec: { selector: { matchLabels: zk }, maxUnavailable: 1 },
    }),
    workload("StatefulSet", "zk", {
      replicas: 3,
      labels: zk,
      spec: {
        serviceName: "zk-hs",
        updateStrategy: { type: "RollingUpdate" },
        podManagementPolicy: "OrderedReady",
        volumeClaimTemplates: [claim("datadir", "10Gi")],
      },
      containers: container("kubernetes-zookeeper", "registry.k8s.io/kubernetes-zookeeper:1.0-3.4.10", {
        imagePullPolicy: "Always",
        ...limits(undefined, { memory: "1Gi", cpu: "0.5" }),
        ports: [port(2181, "client"), port(2888, "server"), port(3888, "leader-election")],
        command: ["sh", "-c", `start-zookeeper ${ENSEMBLE}`],
        readinessProbe: ready,
        livenessProbe: ready,
        volumeMounts: [mount("datadir", "/var/lib/zookeeper")],
      }),
      pod: {
        affinity: {
          podAntiAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: [
              {
                labelSelector: { matchExpressions: [{ key: "app", operator: "In", values: ["zk"] }] },
                topologyKey: "kubernetes.io/hostname",
              },
            ],
          },
        },
        securityContext: { runAsUser: 1000, fsGroup: 1000 },
      },
    }),
  ],
  "application/job/rabbitmq/rabbitmq-service.yaml": service("rabbitmq-service", queue, [{ port: 5672 }], {}, rabbit),
  "application/job/rabbitmq/rabbitmq-statefulset.yaml": workload("StatefulSet", "rabbitmq", {
    replicas: 1,
    labels: queue,
    meta: rabbit,
    spec: { serviceName: "rabbitmq-service" },
    containers: container("rabbitmq", "rabbitmq", {
      ports: [port(5672)],
      ...limits({ cpu: "250m", memory: "512M" }, { memory: "16M" }),
      volumeMounts: [mount("rabbitmq-data", "/var/lib/rabbitmq")],
    }),
    pod: { volumes: [{ name: "rabbitmq-data", emptyDir: {} }] },
  }),
  "application/cassandra/cassandra-statefulset.yaml": [
    workload("StatefulSet", "cassandra", {
      replicas: 3,
      labels: { app: "cassandra" },
      meta: { labels: { app: "cassandra" } },
      spec: {
        serviceName: "cassandra",
        volumeClaimTemplates: [claim("cassandra-data", "1Gi", { storageClassName: "fast" })],
      },
      containers: container("cassandra", "gcr.io/google-samples/cassandra:v13", {
        imagePullPolicy: "Always",
        ports: [port(7000, "intra-node"), port(7001, "tls-intra-node"), port(7199, "jmx"), port(9042, "cql")],
        ...limits(half, half),
        securityContext: { capabilities: { add: ["IPC_LOCK"] } },
        lifecycle: { preStop: run("/bin/sh", "-c", "nodetool drain") },
        env: [
          ...Object.entries(CASSANDRA).map(([name, value]) => ({ name, value })),
          fromField("POD_IP", "status.podIP"),
        ],
        readinessProbe: { ...run("/bin/bash", "-c", "/ready-probe.sh"), initialDelaySeconds: 15, timeoutSeconds: 5 },
        volumeMounts: [mount("cassandra-data", "/cassandra_data")],
      }),
      pod: { terminationGracePeriodSeconds: 500 },
    }),
    object("storage.k8s.io/v1", "StorageClass", "fast", {
      provisioner: "k8s.io/minikube-hostpath",
      parameters: { type: "pd-ssd" },
    }),
  ],
};
