import {
  container,
  core,
  deployment,
  type Examples,
  fromSecret,
  job,
  limits,
  mount,
  object,
  type Part,
  pod,
  port,
  service,
  shell,
  workload,
} from "./words.ts";

const labels = { app: "nginx" };
const web = (image: string, more: Part = {}) => container("nginx", image, more);
const open = { ports: [port(80)] };

/** nginx behind a Deployment's name; `labelled` when the Deployment bears the labels too. */
const nginx = (
  name: string,
  replicas: number | undefined,
  { image = "nginx:1.14.2", labelled = false, spec = {} }: { image?: string; labelled?: boolean; spec?: Part } = {},
) =>
  deployment(name, {
    labels,
    containers: web(image, open),
    ...(replicas !== undefined && { replicas }),
    ...(labelled && { meta: { labels } }),
    spec,
  });

const balanced = service("my-nginx-svc", labels, [{ port: 80 }], { type: "LoadBalancer" }, { labels });

const deployments: Examples = {
  "application/deployment.yaml": nginx("nginx-deployment", 2),
  "application/deployment-update.yaml": nginx("nginx-deployment", 2, { image: "nginx:1.16.1" }),
  "application/deployment-scale.yaml": nginx("nginx-deployment", 4),
  "application/simple_deployment.yaml": nginx("nginx-deployment", undefined, { spec: { minReadySeconds: 5 } }),
  "application/update_deployment.yaml": nginx("nginx-deployment", undefined, { image: "nginx:1.16.1" }),
  "application/deployment-patch.yaml": deployment("patch-demo", {
    replicas: 2,
    labels,
    containers: container("patch-demo-ctr", "nginx"),
    pod: { tolerations: [{ effect: "NoSchedule", key: "dedicated", value: "test-team" }] },
  }),
  "application/deployment-retainkeys.yaml": deployment("retainkeys-demo", {
    labels,
    containers: container("retainkeys-demo-ctr", "nginx"),
    spec: { strategy: { rollingUpdate: { maxSurge: "30%" } } },
  }),
  "application/nginx-with-request.yaml": deployment("nginx-deployment", {
    replicas: 2,
    labels,
    containers: web("nginx", {
      ...limits({ memory: "128Mi", cpu: "500m" }, { memory: "128Mi", cpu: "500m" }),
      ...open,
    }),
  }),
  "application/ssa/nginx-deployment.yaml": deployment("nginx-deployment", {
    replicas: 3,
    labels,
    containers: web("nginx:1.14.2"),
    meta: { labels },
  }),
  "application/ssa/nginx-deployment-replicas-only.yaml": object("apps/v1", "Deployment", "nginx-deployment", {
    spec: { replicas: 3 },
  }),
  "application/nginx/nginx-deployment.yaml": nginx("my-nginx", 3, { labelled: true }),
  "application/nginx/nginx-svc.yaml": balanced,
  "application/nginx-app.yaml": [balanced, nginx("my-nginx", 3, { labelled: true })],
  "controllers/nginx-deployment.yaml": nginx("nginx-deployment", 3, { labelled: true }),
  "admin/resource/quota-pod-deployment.yaml": deployment("pod-quota-demo", {
    replicas: 3,
    labels: { purpose: "quota-demo" },
    containers: container("pod-quota-demo", "nginx"),
  }),
  "admin/snowflake-deployment.yaml": deployment("snowflake", {
    replicas: 2,
    labels: { app: "snowflake" },
    containers: container("snowflake", "registry.k8s.io/serve_hostname", { imagePullPolicy: "Always" }),
    meta: { labels: { app: "snowflake" } },
  }),
};

const FLUENTD = "quay.io/fluentd_elasticsearch/fluentd:";

const fluentd = (more: Part, spec: Part = {}, version = "v5.0.1") =>
  workload("DaemonSet", "kube-system/fluentd-elasticsearch", {
    labels: { name: "fluentd-elasticsearch" },
    meta: { labels: { "k8s-app": "fluentd-logging" } },
    spec,
    containers: container("fluentd-elasticsearch", `${FLUENTD}${version}`, {
      ...more,
      volumeMounts: [mount("varlog", "/var/log")],
    }),
    pod: {
      tolerations: ["control-plane", "master"].map((role) => ({
        key: `node-role.kubernetes.io/${role}`,
        operator: "Exists",
        effect: "NoSchedule",
      })),
      terminationGracePeriodSeconds: 30,
      volumes: [{ name: "varlog", hostPath: { path: "/var/log" } }],
    },
  });

const rolling = { updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1 } } };
const some = limits({ memory: "200Mi" }, { cpu: "100m", memory: "200Mi" });

/** The Service without an address and the StatefulSet behind it. */
const webSet = (spec: Part = {}): readonly Part[] => [
  service("nginx", labels, [{ port: 80, name: "web" }], { clusterIP: "None" }, { labels }),
  workload("StatefulSet", "web", {
    replicas: 2,
    labels,
    containers: web("registry.k8s.io/nginx-slim:0.21", {
      ports: [port(80, "web")],
      volumeMounts: [mount("www", "/usr/share/nginx/html")],
    }),
    spec: {
      serviceName: "nginx",
      ...spec,
      volumeClaimTemplates: [
        {
          metadata: { name: "www" },
          spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
        },
      ],
    },
  }),
];

const PI = container("pi", "perl:5.34.0", { command: ["perl", "-Mbignum=bpi", "-wle", "print bpi(2000)"] });

const hello = (image: string) =>
  container("hello", image, {
    imagePullPolicy: "IfNotPresent",
    ...shell("date; echo Hello from the Kubernetes cluster"),
  });

const controllers: Examples = {
  "controllers/daemonset.yaml": fluentd(some),
  "controllers/fluentd-daemonset.yaml": fluentd({}, rolling, "v2.5.2"),
  "controllers/fluentd-daemonset-update.yaml": fluentd(some, rolling, "v2.5.2"),
  "controllers/frontend.yaml": workload("ReplicaSet", "frontend", {
    replicas: 3,
    labels: { tier: "frontend" },
    containers: container("php-redis", "us-docker.pkg.dev/google-samples/containers/gke/gb-frontend:v5"),
    meta: { labels: { app: "guestbook", tier: "frontend" } },
  }),
  "controllers/replicaset.yaml": workload("ReplicaSet", "my-repset", {
    replicas: 3,
    labels: { "pod-is-for": "garbage-collection-example" },
    containers: container("nginx", "nginx"),
  }),
  "pods/pod-rs.yaml": ["1", "2"].map((n) =>
    pod(
      `pod${n}`,
      container(`hello${n}`, `gcr.io/google-samples/hello-app:${n}.0`),
      {},
      { labels: { tier: "frontend" } },
    ),
  ),
  "controllers/replication.yaml": core("ReplicationController", "nginx", {
    spec: {
      replicas: 3,
      selector: labels,
      template: { metadata: { name: "nginx", labels }, spec: { containers: [web("nginx", open)] } },
    },
  }),
  "controllers/hpa-rs.yaml": object("autoscaling/v1", "HorizontalPodAutoscaler", "frontend-scaler", {
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "ReplicaSet", name: "frontend" },
      minReplicas: 3,
      maxReplicas: 10,
      targetCPUUtilizationPercentage: 50,
    },
  }),
  "application/hpa/php-apache.yaml": object("autoscaling/v1", "HorizontalPodAutoscaler", "php-apache", {
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "php-apache" },
      minReplicas: 1,
      maxReplicas: 10,
      targetCPUUtilizationPercentage: 50,
    },
  }),
  "controllers/job.yaml": job("pi", { containers: [PI], restartPolicy: "Never" }, { backoffLimit: 4 }),
  "controllers/job-backoff-limit-per-index-example.yaml": job(
    "job-backoff-limit-per-index-example",
    {
      restartPolicy: "Never",
      containers: [
        container("example", "busybox", {
          command: ["sh", "-c", "[ $((JOB_COMPLETION_INDEX % 2)) -eq 1 ]"],
        }),
      ],
    },
    { completions: 10, parallelism: 3, completionMode: "Indexed", backoffLimitPerIndex: 1, maxFailedIndexes: 5 },
  ),
  "application/job/cronjob.yaml": object("batch/v1", "CronJob", "hello", {
    spec: {
      schedule: "* * * * *",
      jobTemplate: {
        spec: { template: { spec: { containers: [hello("busybox:1.28")], restartPolicy: "OnFailure" } } },
      },
    },
  }),
  "application/job/job-tmpl.yaml": object(
    "batch/v1",
    "Job",
    "process-item-$ITEM",
    {
      spec: {
        template: {
          metadata: { name: "jobexample", labels: { jobgroup: "jobexample" } },
          spec: {
            containers: [
              container("c", "busybox:1.28", { command: ["sh", "-c", "echo Processing item $ITEM && sleep 5"] }),
            ],
            restartPolicy: "Never",
          },
        },
      },
    },
    { labels: { jobgroup: "jobexample" } },
  ),
  "application/job/indexed-job.yaml": indexed({
    initContainers: [
      container("input", "docker.io/library/bash", {
        command: [
          "bash",
          "-c",
          "items=(foo bar baz qux xyz)\necho ${items[$JOB_COMPLETION_INDEX]} > /input/data.txt\n",
        ],
        volumeMounts: [mount("input", "/input")],
      }),
    ],
    volumes: [{ name: "input", emptyDir: {} }],
  }),
  "application/job/indexed-job-vol.yaml": indexed({
    volumes: [
      {
        name: "input",
        downwardAPI: {
          items: [
            {
              path: "data.txt",
              fieldRef: { fieldPath: "metadata.annotations['batch.kubernetes.io/job-completion-index']" },
            },
          ],
        },
      },
    ],
  }),
  "application/web/web.yaml": webSet(),
  "application/web/web-parallel.yaml": webSet({ podManagementPolicy: "Parallel" }),
};

function indexed(more: Part): Part {
  const worker = container("worker", "docker.io/library/busybox", {
    command: ["rev", "/input/data.txt"],
    volumeMounts: [mount("input", "/input")],
  });
  return job(
    "indexed-job",
    { restartPolicy: "Never", ...more, containers: [worker] },
    { completions: 5, parallelism: 3, completionMode: "Indexed" },
  );
}

const volume = (name: string, claimName: string): Part => ({ name, persistentVolumeClaim: { claimName } });

const claim = (name: string, app: string): Part =>
  core(
    "PersistentVolumeClaim",
    name,
    { spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "20Gi" } } } },
    { labels: { app } },
  );

const mysql = (image: string, env: readonly Part[]): Part =>
  container("mysql", image, {
    env,
    ports: [port(3306, "mysql")],
    volumeMounts: [mount("mysql-persistent-storage", "/var/lib/mysql")],
  });

const once = { strategy: { type: "Recreate" } };
const PASSWORD = ["mysql-pass", "password"] as const;
const mysqlLabels = { app: "wordpress", tier: "mysql" };
const wordpressLabels = { app: "wordpress", tier: "frontend" };

const GUESTBOOK = "us-docker.pkg.dev/google-samples/containers/gke";
const little = limits(undefined, { cpu: "100m", memory: "100Mi" });
const redisLabels = (role: string) => ({ app: "redis", role, tier: "backend" });

const redis = (role: string, replicas: number, image: string): Part => ({
  ...deployment(`redis-${role}`, {
    replicas,
    labels: redisLabels(role),
    meta: { labels: redisLabels(role) },
    containers: container(role, image, { ...little, ports: [port(6379)] }),
  }),
});

const redisService = (role: string, target: Part): Part =>
  service(`redis-${role}`, redisLabels(role), [{ port: 6379, ...target }], {}, { labels: redisLabels(role) });

const guest = { app: "guestbook", tier: "frontend" };

const applications: Examples = {
  "application/mysql/mysql-pv.yaml": [
    core(
      "PersistentVolume",
      "mysql-pv-volume",
      {
        spec: {
          storageClassName: "manual",
          capacity: { storage: "20Gi" },
          accessModes: ["ReadWriteOnce"],
          hostPath: { path: "/mnt/data" },
        },
      },
      { labels: { type: "local" } },
    ),
    core("PersistentVolumeClaim", "mysql-pv-claim", {
      spec: {
        storageClassName: "manual",
        accessModes: ["ReadWriteOnce"],
        resources: { requests: { storage: "20Gi" } },
      },
    }),
  ],
  "application/mysql/mysql-deployment.yaml": [
    service("mysql", { app: "mysql" }, [{ port: 3306 }], { clusterIP: "None" }),
    deployment("mysql", {
      labels: { app: "mysql" },
      containers: mysql("mysql:9", [{ name: "MYSQL_ROOT_PASSWORD", value: "password" }]),
      spec: once,
      pod: { volumes: [volume("mysql-persistent-storage", "mysql-pv-claim")] },
    }),
  ],
  "application/mysql/mysql-configmap.yaml": core(
    "ConfigMap",
    "mysql",
    { data: { "primary.cnf": "[mysqld]\nlog-bin\n", "replica.cnf": "[mysqld]\nsuper-read-only\n" } },
    { labels: { app: "mysql", "app.kubernetes.io/name": "mysql" } },
  ),
  "application/wordpress/mysql-deployment.yaml": [
    service("wordpress-mysql", mysqlLabels, [{ port: 3306 }], { clusterIP: "None" }, { labels: { app: "wordpress" } }),
    claim("mysql-pv-claim", "wordpress"),
    deployment("wordpress-mysql", {
      labels: mysqlLabels,
      containers: mysql("mysql:8.0", [
        fromSecret("MYSQL_ROOT_PASSWORD", ...PASSWORD),
        { name: "MYSQL_DATABASE", value: "wordpress" },
        { name: "MYSQL_USER", value: "wordpress" },
        fromSecret("MYSQL_PASSWORD", ...PASSWORD),
      ]),
      meta: { labels: { app: "wordpress" } },
      spec: once,
      pod: { volumes: [volume("mysql-persistent-storage", "mysql-pv-claim")] },
    }),
  ],
  "application/wordpress/wordpress-deployment.yaml": [
    service("wordpress", wordpressLabels, [{ port: 80 }], { type: "LoadBalancer" }, { labels: { app: "wordpress" } }),
    claim("wp-pv-claim", "wordpress"),
    deployment("wordpress", {
      labels: wordpressLabels,
      containers: container("wordpress", "wordpress:6.2.1-apache", {
        env: [
          { name: "WORDPRESS_DB_HOST", value: "wordpress-mysql" },
          fromSecret("WORDPRESS_DB_PASSWORD", ...PASSWORD),
          { name: "WORDPRESS_DB_USER", value: "wordpress" },
        ],
        ports: [port(80, "wordpress")],
        volumeMounts: [mount("wordpress-persistent-storage", "/var/www/html")],
      }),
      meta: { labels: { app: "wordpress" } },
      spec: once,
      pod: { volumes: [volume("wordpress-persistent-storage", "wp-pv-claim")] },
    }),
  ],
  "application/guestbook/redis-leader-deployment.yaml": redis("leader", 1, "docker.io/redis:6.0.5"),
  "application/guestbook/redis-leader-service.yaml": redisService("leader", { targetPort: 6379 }),
  "application/guestbook/redis-follower-deployment.yaml": redis("follower", 2, `${GUESTBOOK}/gb-redis-follower:v2`),
  "application/guestbook/redis-follower-service.yaml": redisService("follower", {}),
  "application/guestbook/frontend-deployment.yaml": deployment("frontend", {
    replicas: 3,
    labels: guest,
    containers: container("php-redis", `${GUESTBOOK}/gb-frontend:v5`, {
      env: [{ name: "GET_HOSTS_FROM", value: "dns" }],
      ...little,
      ports: [port(80)],
    }),
  }),
  "application/guestbook/frontend-service.yaml": service("frontend", guest, [{ port: 80 }], {}, { labels: guest }),
  "pods/config/example-redis-config.yaml": core("ConfigMap", "example-redis-config", { data: { "redis-config": "" } }),
  "pods/config/redis-pod.yaml": pod(
    "redis",
    container("redis", "redis:8.0.2", {
      command: ["redis-server", "/redis-master/redis.conf"],
      env: [{ name: "MASTER", value: "true" }],
      ports: [port(6379)],
      ...limits({ cpu: "0.1" }),
      volumeMounts: [mount("data", "/redis-master-data"), mount("config", "/redis-master")],
    }),
    {
      volumes: [
        { name: "data", emptyDir: {} },
        {
          name: "config",
          configMap: { name: "example-redis-config", items: [{ key: "redis-config", path: "redis.conf" }] },
        },
      ],
    },
  ),
};

export const workloadExamples: Examples = { ...deployments, ...controllers, ...applications };
