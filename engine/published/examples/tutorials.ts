import {
  container,
  core,
  deployment,
  type Examples,
  fromConfig,
  limits,
  mount,
  type Part,
  pod,
  port,
  shell,
  workload,
} from "./words.ts";

const CONFIG = "config-volume";
const mounted = mount(CONFIG, "/etc/config");
const fromMap = (name: string): Part => ({ name: CONFIG, configMap: { name } });
const shared: Part = { name: "shared-data", emptyDir: {} };

/** Says every ten seconds what a ConfigMap holds, into a file or its log. */
const saying = (text: string, into = "") =>
  shell(`while true; do echo "$(date) ${text}"${into}; sleep 10; done;`).command;

const showing = (name: string, map: string, text: string) => configured(name, alpine(text), [fromMap(map)]);

const alpine = (text: string): Part =>
  container("alpine", "alpine:3", { command: saying(text), ports: [port(80)], volumeMounts: [mounted] });

function configured(
  name: string,
  containers: Part | readonly Part[],
  volumes?: readonly Part[],
  more: Part = {},
): Part {
  const labels = { "app.kubernetes.io/name": name };
  return deployment(name, {
    replicas: 3,
    labels,
    meta: { labels },
    containers,
    pod: { ...(volumes && { volumes }), ...more },
  });
}

const nginx = container("nginx", "nginx", { volumeMounts: [mount("shared-data", "/usr/share/nginx/html")] });
const color = container("alpine", "alpine:3", {
  volumeMounts: [mount("shared-data", "/pod-data"), mounted],
  command: saying("My preferred color is $(cat /etc/config/color)", " > /pod-data/index.html"),
});
const colored = [shared, fromMap("color")];

/** Updating configuration via a ConfigMap. */
const updates: Examples = {
  "deployments/deployment-with-configmap-as-volume.yaml": showing(
    "configmap-volume",
    "sport",
    "My preferred sport is $(cat /etc/config/sport)",
  ),
  "deployments/deployment-with-configmap-as-envvar.yaml": configured(
    "configmap-env-var",
    container("alpine", "alpine:3", {
      env: [fromConfig("FRUITS", "fruits", "fruits")],
      command: saying("The basket is full of $FRUITS"),
      ports: [port(80)],
    }),
  ),
  "deployments/deployment-with-configmap-two-containers.yaml": configured(
    "configmap-two-containers",
    [nginx, color],
    colored,
  ),
  "deployments/deployment-with-configmap-and-sidecar-container.yaml": configured(
    "configmap-sidecar-container",
    nginx,
    colored,
    { initContainers: [{ ...color, restartPolicy: "Always" }] },
  ),
  "deployments/deployment-with-immutable-configmap-as-volume.yaml": showing(
    "immutable-configmap-volume",
    "company-name-20150801",
    "The name of the company is $(cat /etc/config/company_name)",
  ),
  "configmap/new-immutable-configmap.yaml": core("ConfigMap", "company-name-20240312", {
    data: { company_name: "Fiktivesunternehmen GmbH" },
    immutable: true,
  }),
};

const seccomp = (name: string, profile: string): Part =>
  pod(
    name,
    container("test-container", "hashicorp/http-echo:1.0", {
      args: ["-text=just made some syscalls!"],
      securityContext: { allowPrivilegeEscalation: false },
    }),
    { securityContext: { seccompProfile: { type: "Localhost", localhostProfile: `profiles/${profile}.json` } } },
    { labels: { app: name } },
  );

const groups = (more: Part = {}): Part =>
  pod(
    "security-context-demo",
    container("sec-ctx-demo", "registry.k8s.io/e2e-test-images/agnhost:2.45", {
      command: ["sh", "-c", "sleep 1h"],
      securityContext: { allowPrivilegeEscalation: false },
    }),
    { securityContext: { runAsUser: 1000, runAsGroup: 3000, supplementalGroups: [4000], ...more } },
  );

/** What a server of HTTP calls, by what it is for. */
const CALLS =
  "accept4 bind connect listen socket recvfrom sendto setsockopt getsockname epoll_create1 epoll_ctl epoll_wait epoll_pwait poll pselect6 " +
  "open openat close read write writev dup2 pipe2 fcntl ioctl fstatfs getdents64 readlinkat " +
  "mmap munmap mprotect madvise brk " +
  "clone vfork execve exit exit_group arch_prctl set_tid_address gettid getpid getuid getrlimit sched_getaffinity sched_yield futex " +
  "rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack setitimer nanosleep clock_gettime";

/** Restricting a container's system calls, and its groups. */
const security: Examples = {
  "pods/security/seccomp/ga/audit-pod.yaml": seccomp("audit-pod", "audit"),
  "pods/security/seccomp/ga/violation-pod.yaml": seccomp("violation-pod", "violation"),
  "pods/security/seccomp/ga/fine-pod.yaml": seccomp("fine-pod", "fine-grained"),
  "pods/security/seccomp/profiles/audit.json": { defaultAction: "SCMP_ACT_LOG" },
  "pods/security/seccomp/profiles/violation.json": { defaultAction: "SCMP_ACT_ERRNO" },
  "pods/security/seccomp/profiles/fine-grained.json": {
    defaultAction: "SCMP_ACT_ERRNO",
    architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
    syscalls: [{ names: CALLS.split(" "), action: "SCMP_ACT_ALLOW" }],
  },
  "pods/security/security-context-5.yaml": groups(),
  "pods/security/security-context-6.yaml": groups({ supplementalGroupsPolicy: "Strict" }),
  "pods/private-reg-pod.yaml": pod("private-reg", container("private-reg-container", "<your-private-image>"), {
    imagePullSecrets: [{ name: "regcred" }],
  }),
  "pods/image-volumes.yaml": pod(
    "image-volume",
    container("shell", "debian", { command: ["sleep", "infinity"], volumeMounts: [mount("volume", "/volume")] }),
    { volumes: [{ name: "volume", image: { reference: "quay.io/crio/artifact:v1", pullPolicy: "IfNotPresent" } }] },
  ),
};

const windows = (name: string, of: string, more: Part = {}): Part =>
  pod(
    name,
    container(of, "mcr.microsoft.com/windows/servercore:ltsc2019", { command: ["ping", "-t", "localhost"], ...more }),
    {
      securityContext: { windowsOptions: { runAsUserName: "ContainerUser" } },
      nodeSelector: { "kubernetes.io/os": "windows" },
    },
  );

const pods: Examples = {
  "windows/run-as-username-pod.yaml": windows("run-as-username-pod-demo", "run-as-username-demo"),
  "windows/run-as-username-container.yaml": windows("run-as-username-container-demo", "run-as-username-demo", {
    securityContext: { windowsOptions: { runAsUserName: "ContainerAdministrator" } },
  }),
};

const problems = { "k8s-app": "node-problem-detector", version: "v0.1", "kubernetes.io/cluster-service": "true" };

const detector = (mounts: readonly Part[], volumes: readonly Part[]): Part =>
  workload("DaemonSet", "kube-system/node-problem-detector-v0.1", {
    labels: problems,
    meta: { labels: problems },
    containers: container("node-problem-detector", "registry.k8s.io/node-problem-detector:v0.1", {
      securityContext: { privileged: true },
      ...limits({ cpu: "200m", memory: "100Mi" }, { cpu: "20m", memory: "20Mi" }),
      volumeMounts: [mount("log", "/log", { readOnly: true }), ...mounts],
    }),
    pod: { hostNetwork: true, volumes: [{ name: "log", hostPath: { path: "/var/log/" } }, ...volumes] },
  });

const debugging: Examples = {
  "debug/node-problem-detector.yaml": detector([], []),
  "debug/node-problem-detector-configmap.yaml": detector(
    [mount("config", "/config", { readOnly: true })],
    [{ name: "config", configMap: { name: "node-problem-detector-config" } }],
  ),
};

/** What tutorials about configuration and security apply. */
export const tutorialExamples: Examples = { ...updates, ...security, ...pods, ...debugging };
