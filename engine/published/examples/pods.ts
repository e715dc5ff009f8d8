import { container, core, type Examples, mount, type Part, pod, port, shell } from "./words.ts";

const nginx = (name: string, more: Part = {}) => container(name, "nginx", more);
const BUSYBOX = "registry.k8s.io/busybox:1.27.2";
const disk = { key: "disktype", operator: "In", values: ["ssd"] };
const emptyDir = (name: string): Part => ({ name, emptyDir: {} });

const placed: Examples = {
  "pods/simple-pod.yaml": pod("nginx", container("nginx", "nginx:1.14.2", { ports: [port(80)] })),
  "pods/pod-nginx.yaml": pod(
    "nginx",
    nginx("nginx", { imagePullPolicy: "IfNotPresent" }),
    { nodeSelector: { disktype: "ssd" } },
    { labels: { env: "test" } },
  ),
  "pods/pod-nginx-specific-node.yaml": pod("nginx", nginx("nginx", { imagePullPolicy: "IfNotPresent" }), {
    nodeName: "foo-node",
  }),
  "pods/pod-nginx-required-affinity.yaml": pod("nginx", nginx("nginx", { imagePullPolicy: "IfNotPresent" }), {
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [disk] }] },
      },
    },
  }),
  "pods/pod-nginx-preferred-affinity.yaml": pod("nginx", nginx("nginx", { imagePullPolicy: "IfNotPresent" }), {
    affinity: {
      nodeAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference: { matchExpressions: [disk] } }],
      },
    },
  }),
  "pods/pod-with-toleration.yaml": pod(
    "nginx",
    nginx("nginx", { imagePullPolicy: "IfNotPresent" }),
    { tolerations: [{ key: "example-key", operator: "Exists", effect: "NoSchedule" }] },
    { labels: { env: "test" } },
  ),
  "pods/pod-with-scheduling-gates.yaml": pod("test-pod", container("pause", "registry.k8s.io/pause:3.6"), {
    schedulingGates: [{ name: "example.com/foo" }, { name: "example.com/bar" }],
  }),
  "pods/pod-without-scheduling-gates.yaml": pod("test-pod", container("pause", "registry.k8s.io/pause:3.6")),
  "pods/topology-spread-constraints/one-constraint.yaml": spread(["zone"]),
  "pods/topology-spread-constraints/two-constraints.yaml": spread(["zone", "node"]),
  "admin/sched/pod1.yaml": scheduled("no-annotation", "no"),
  "admin/sched/pod2.yaml": scheduled("annotation-default-scheduler", "default", "default-scheduler"),
  "admin/sched/pod3.yaml": scheduled("annotation-second-scheduler", "second", "my-scheduler"),
};

function spread(keys: readonly string[]): Part {
  const constraint = (topologyKey: string) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: "DoNotSchedule",
    labelSelector: { matchLabels: { foo: "bar" } },
  });
  return pod(
    "mypod",
    container("pause", "registry.k8s.io/pause:3.1"),
    { topologySpreadConstraints: keys.map(constraint) },
    { labels: { foo: "bar" } },
  );
}

function scheduled(name: string, which: string, schedulerName?: string): Part {
  return pod(
    name,
    container(`pod-with-${which}-annotation-container`, "registry.k8s.io/pause:3.8"),
    schedulerName === undefined ? {} : { schedulerName },
    { labels: { name: "multischeduler-example" } },
  );
}

const probed: Examples = {
  "pods/probe/exec-liveness.yaml": pod(
    "liveness-exec",
    container("liveness", BUSYBOX, {
      args: ["/bin/sh", "-c", "touch /tmp/healthy; sleep 30; rm -f /tmp/healthy; sleep 600"],
      livenessProbe: { exec: { command: ["cat", "/tmp/healthy"] }, initialDelaySeconds: 5, periodSeconds: 5 },
    }),
    {},
    { labels: { test: "liveness" } },
  ),
  "pods/probe/http-liveness.yaml": pod(
    "liveness-http",
    container("liveness", "registry.k8s.io/e2e-test-images/agnhost:2.40", {
      args: ["liveness"],
      livenessProbe: {
        httpGet: { path: "/healthz", port: 8080, httpHeaders: [{ name: "Custom-Header", value: "Awesome" }] },
        initialDelaySeconds: 3,
        periodSeconds: 3,
      },
    }),
    {},
    { labels: { test: "liveness" } },
  ),
  "pods/probe/tcp-liveness-readiness.yaml": pod(
    "goproxy",
    container("goproxy", "registry.k8s.io/goproxy:0.1", {
      ports: [port(8080)],
      readinessProbe: { tcpSocket: { port: 8080 }, initialDelaySeconds: 15, periodSeconds: 10 },
      livenessProbe: { tcpSocket: { port: 8080 }, initialDelaySeconds: 15, periodSeconds: 10 },
    }),
    {},
    { labels: { app: "goproxy" } },
  ),
  "pods/lifecycle-events.yaml": pod(
    "lifecycle-demo",
    nginx("lifecycle-demo-container", {
      lifecycle: {
        postStart: { exec: shell("echo Hello from the postStart handler > /usr/share/message") },
        preStop: { exec: shell("nginx -s quit; while killall -0 nginx; do sleep 1; done") },
      },
    }),
  ),
  "debug/termination.yaml": pod(
    "termination-demo",
    container("termination-demo-container", "debian", shell("sleep 10 && echo Sleep expired > /dev/termination-log")),
  ),
  "debug/counter-pod.yaml": counter("counter"),
  "admin/logging/two-files-counter-pod.yaml": twoFiles(),
  "admin/logging/two-files-counter-pod-streaming-sidecar.yaml": twoFiles("1", "2"),
};

function counter(name: string): Part {
  const script = 'n=0; while true; do echo "$n: $(date)"; n=$((n+1)); sleep 1; done';
  return pod(name, container("count", "busybox:1.28", { args: ["/bin/sh", "-c", script] }));
}

/** A Pod that writes two logs; a sidecar streams each that is named. */
function twoFiles(...streamed: string[]): Part {
  const script =
    'n=0; while true; do echo "$n: $(date)" >> /var/log/1.log; echo "$(date) INFO $n" >> /var/log/2.log; n=$((n+1)); sleep 1; done';
  const volumeMounts = [mount("varlog", "/var/log")];
  const sidecar = (n: string) =>
    container(`count-log-${n}`, "busybox:1.28", {
      args: ["/bin/sh", "-c", `tail -n+1 -F /var/log/${n}.log`],
      volumeMounts,
    });
  return pod(
    "counter",
    [container("count", "busybox:1.28", { args: ["/bin/sh", "-c", script], volumeMounts }), ...streamed.map(sidecar)],
    { volumes: [emptyDir("varlog")] },
  );
}

const shared: Examples = {
  "pods/two-container-pod.yaml": pod(
    "two-containers",
    [
      nginx("nginx-container", { volumeMounts: [mount("shared-data", "/usr/share/nginx/html")] }),
      container("debian-container", "debian", {
        volumeMounts: [mount("shared-data", "/pod-data")],
        ...shell("echo Hello from the debian container > /pod-data/index.html"),
      }),
    ],
    { restartPolicy: "Never", volumes: [emptyDir("shared-data")] },
  ),
  "pods/share-process-namespace.yaml": pod(
    "nginx",
    [
      nginx("nginx"),
      container("shell", "busybox:1.28", {
        command: ["sleep", "3600"],
        securityContext: { capabilities: { add: ["SYS_PTRACE"] } },
        stdin: true,
        tty: true,
      }),
    ],
    { shareProcessNamespace: true },
  ),
  "pods/init-containers.yaml": pod(
    "init-demo",
    nginx("nginx", { ports: [port(80)], volumeMounts: [mount("workdir", "/usr/share/nginx/html")] }),
    {
      initContainers: [
        container("install", "busybox:1.28", {
          command: ["wget", "-O", "/work-dir/index.html", "http://info.cern.ch"],
          volumeMounts: [mount("workdir", "/work-dir")],
        }),
      ],
      dnsPolicy: "Default",
      volumes: [emptyDir("workdir")],
    },
  ),
  "application/shell-demo.yaml": pod(
    "shell-demo",
    nginx("nginx", { volumeMounts: [mount("shared-data", "/usr/share/nginx/html")] }),
    { volumes: [emptyDir("shared-data")], hostNetwork: true, dnsPolicy: "Default" },
  ),
  "pods/commands.yaml": pod(
    "command-demo",
    container("command-demo-container", "debian", { command: ["printenv"], args: ["HOSTNAME", "KUBERNETES_PORT"] }),
    { restartPolicy: "OnFailure" },
    { labels: { purpose: "demonstrate-command" } },
  ),
  "service/networking/hostaliases-pod.yaml": pod(
    "hostaliases-pod",
    container("cat-hosts", "busybox:1.28", { command: ["cat"], args: ["/etc/hosts"] }),
    {
      restartPolicy: "Never",
      hostAliases: [
        { ip: "127.0.0.1", hostnames: ["foo.local", "bar.local"] },
        { ip: "10.1.2.3", hostnames: ["foo.remote", "bar.remote"] },
      ],
    },
  ),
  "admin/dns/dnsutils.yaml": pod(
    "default/dnsutils",
    container("dnsutils", "registry.k8s.io/e2e-test-images/agnhost:2.39", { imagePullPolicy: "IfNotPresent" }),
    { restartPolicy: "Always" },
  ),
  "admin/dns/busybox.yaml": pod(
    "default/busybox",
    container("busybox", "busybox:1.28", { command: ["sleep", "3600"], imagePullPolicy: "IfNotPresent" }),
    { restartPolicy: "Always" },
  ),
};

const stored: Examples = {
  "pods/storage/redis.yaml": pod(
    "redis",
    container("redis", "redis", { volumeMounts: [mount("redis-storage", "/data/redis")] }),
    { volumes: [emptyDir("redis-storage")] },
  ),
  "pods/storage/pv-volume.yaml": core(
    "PersistentVolume",
    "task-pv-volume",
    {
      spec: {
        storageClassName: "manual",
        capacity: { storage: "10Gi" },
        accessModes: ["ReadWriteOnce"],
        hostPath: { path: "/mnt/data" },
      },
    },
    { labels: { type: "local" } },
  ),
  "pods/storage/pv-claim.yaml": claim("task-pv-claim", "3Gi"),
  "pods/storage/pv-pod.yaml": pod(
    "task-pv-pod",
    nginx("task-pv-container", {
      ports: [port(80, "http-server")],
      volumeMounts: [mount("task-pv-storage", "/usr/share/nginx/html")],
    }),
    { volumes: [{ name: "task-pv-storage", persistentVolumeClaim: { claimName: "task-pv-claim" } }] },
  ),
  "pods/storage/pv-duplicate.yaml": pod(
    "test",
    nginx("test", {
      volumeMounts: [
        mount("config", "/usr/share/nginx/html", { subPath: "html" }),
        mount("config", "/etc/nginx/nginx.conf", { subPath: "nginx.conf" }),
      ],
    }),
    { volumes: [{ name: "config", persistentVolumeClaim: { claimName: "task-pv-storage" } }] },
  ),
  "pods/storage/projected.yaml": pod(
    "test-projected-volume",
    container("test-projected-volume", "busybox:1.28", {
      args: ["sleep", "86400"],
      volumeMounts: [mount("all-in-one", "/projected-volume", { readOnly: true })],
    }),
    {
      volumes: [
        { name: "all-in-one", projected: { sources: [{ secret: { name: "user" } }, { secret: { name: "pass" } }] } },
      ],
    },
  ),
  "pods/pod-projected-svc-token.yaml": pod(
    "nginx",
    nginx("nginx", { volumeMounts: [mount("vault-token", "/var/run/secrets/tokens")] }),
    {
      serviceAccountName: "build-robot",
      volumes: [
        {
          name: "vault-token",
          projected: {
            sources: [{ serviceAccountToken: { path: "vault-token", expirationSeconds: 7200, audience: "vault" } }],
          },
        },
      ],
    },
  ),
  "admin/resource/quota-objects-pvc.yaml": claim("pvc-quota-demo", "3Gi"),
  "admin/resource/quota-objects-pvc-2.yaml": claim("pvc-quota-demo-2", "4Gi"),
};

function claim(name: string, storage: string): Part {
  const spec = { storageClassName: "manual", accessModes: ["ReadWriteOnce"], resources: { requests: { storage } } };
  return core("PersistentVolumeClaim", name, { spec });
}

const HELLO = "gcr.io/google-samples/hello-app:2.0";

const secured: Examples = {
  "pods/security/security-context.yaml": pod(
    "security-context-demo",
    container("sec-ctx-demo", "busybox:1.28", {
      command: ["sh", "-c", "sleep 1h"],
      volumeMounts: [mount("sec-ctx-vol", "/data/demo")],
      securityContext: { allowPrivilegeEscalation: false },
    }),
    {
      securityContext: { runAsUser: 1000, runAsGroup: 3000, fsGroup: 2000, supplementalGroups: [4000] },
      volumes: [emptyDir("sec-ctx-vol")],
    },
  ),
  "pods/security/security-context-2.yaml": pod(
    "security-context-demo-2",
    container("sec-ctx-demo-2", HELLO, { securityContext: { runAsUser: 2000, allowPrivilegeEscalation: false } }),
    { securityContext: { runAsUser: 1000 } },
  ),
  "pods/security/security-context-3.yaml": pod("security-context-demo-3", container("sec-ctx-3", HELLO)),
  "pods/security/security-context-4.yaml": pod(
    "security-context-demo-4",
    container("sec-ctx-4", HELLO, { securityContext: { capabilities: { add: ["NET_ADMIN", "SYS_TIME"] } } }),
  ),
  "security/example-baseline-pod.yaml": pod("nginx", container("nginx", "nginx", { ports: [port(80)] })),
};

export const podExamples: Examples = { ...placed, ...probed, ...shared, ...stored, ...secured };
