import { container, core, type Examples, job, limits, mount, object, type Part, pod, shell } from "./words.ts";

const NETWORKING = "networking.k8s.io/v1";
const RBAC = "rbac.authorization.k8s.io/v1";
const ADMISSION = "admissionregistration.k8s.io/v1";

const networkPolicy = (name: string, spec: Part): Part =>
  object(NETWORKING, "NetworkPolicy", `default/${name}`, { spec });
const db = { podSelector: { matchLabels: { role: "db" } } };
const near = { to: [{ ipBlock: { cidr: "10.0.0.0/24" } }] };

const networks: Examples = {
  "service/networking/networkpolicy.yaml": networkPolicy("test-network-policy", {
    ...db,
    policyTypes: ["Ingress", "Egress"],
    ingress: [
      {
        from: [
          { ipBlock: { cidr: "172.17.0.0/16", except: ["172.17.1.0/24"] } },
          { namespaceSelector: { matchLabels: { project: "myproject" } } },
          { podSelector: { matchLabels: { role: "frontend" } } },
        ],
        ports: [{ protocol: "TCP", port: 6379 }],
      },
    ],
    egress: [{ ...near, ports: [{ protocol: "TCP", port: 5978 }] }],
  }),
  "service/networking/networkpolicy-multiport-egress.yaml": networkPolicy("multi-port-egress", {
    ...db,
    policyTypes: ["Egress"],
    egress: [{ ...near, ports: [{ protocol: "TCP", port: 32_000, endPort: 32_768 }] }],
  }),
};

const role = (kind: string, name: string, resource: string, verbs: readonly string[]): Part =>
  object(RBAC, kind, name, { rules: [{ apiGroups: [""], resources: [resource], verbs }] });

const binding = (kind: string, name: string, subject: Part, roleRef: Part): Part =>
  object(RBAC, kind, name, {
    subjects: [{ ...subject, apiGroup: "rbac.authorization.k8s.io" }],
    roleRef: { ...roleRef, apiGroup: "rbac.authorization.k8s.io" },
  });

const reading = ["get", "watch", "list"];
const requests = "certificates.k8s.io";
const signer = (verb: string): Part => ({
  apiGroups: [requests],
  resources: ["signers"],
  resourceNames: ["example.com/my-signer-name"],
  verbs: [verb],
});

const access: Examples = {
  "access/simple-role.yaml": role("Role", "default/pod-reader", "pods", reading),
  "access/simple-clusterrole.yaml": role("ClusterRole", "secret-reader", "secrets", reading),
  "access/simple-rolebinding-with-role.yaml": binding(
    "RoleBinding",
    "default/read-pods",
    { kind: "User", name: "jane" },
    { kind: "Role", name: "pod-reader" },
  ),
  "access/simple-rolebinding-with-clusterrole.yaml": binding(
    "RoleBinding",
    "development/read-secrets",
    { kind: "User", name: "dave" },
    { kind: "ClusterRole", name: "secret-reader" },
  ),
  "access/simple-clusterrolebinding.yaml": binding(
    "ClusterRoleBinding",
    "read-secrets-global",
    { kind: "Group", name: "manager" },
    { kind: "ClusterRole", name: "secret-reader" },
  ),
  "access/certificate-signing-request/clusterrole-create.yaml": object(RBAC, "ClusterRole", "csr-creator", {
    rules: [
      {
        apiGroups: [requests],
        resources: ["certificatesigningrequests"],
        verbs: ["create", "get", "list", "watch"],
      },
    ],
  }),
  "access/certificate-signing-request/clusterrole-approve.yaml": object(RBAC, "ClusterRole", "csr-approver", {
    rules: [
      { apiGroups: [requests], resources: ["certificatesigningrequests"], verbs: ["get", "list", "watch"] },
      { apiGroups: [requests], resources: ["certificatesigningrequests/approval"], verbs: ["update"] },
      signer("approve"),
    ],
  }),
  "access/certificate-signing-request/clusterrole-sign.yaml": object(RBAC, "ClusterRole", "csr-signer", {
    rules: [
      { apiGroups: [requests], resources: ["certificatesigningrequests"], verbs: ["get", "list", "watch"] },
      { apiGroups: [requests], resources: ["certificatesigningrequests/status"], verbs: ["update"] },
      signer("sign"),
    ],
  }),
};

const deployments = {
  resourceRules: [
    { apiGroups: ["apps"], apiVersions: ["v1"], operations: ["CREATE", "UPDATE"], resources: ["deployments"] },
  ],
};

const admissionPolicy = (name: string, spec: Part): Part =>
  object(ADMISSION, "ValidatingAdmissionPolicy", name, { spec: { matchConstraints: deployments, ...spec } });

const admissionBinding = (name: string, policyName: string, environment: Part, paramRef?: Part): Part =>
  object(ADMISSION, "ValidatingAdmissionPolicyBinding", name, {
    spec: {
      policyName,
      validationActions: ["Deny"],
      ...(paramRef && { paramRef: { ...paramRef, namespace: "default" } }),
      matchResources: { namespaceSelector: environment },
    },
  });

const test = { matchLabels: { environment: "test" } };
const production = { matchLabels: { environment: "production" } };
const replicaLimit = (environment: string, maxReplicas: number): Part => ({
  apiVersion: "rules.example.com/v1",
  kind: "ReplicaLimit",
  metadata: { name: `replica-limit-${environment}.example.com`, namespace: "default" },
  maxReplicas,
});
const withParam = (failurePolicy: string) =>
  admissionPolicy("replicalimit-policy.example.com", {
    failurePolicy,
    paramKind: { apiVersion: "rules.example.com/v1", kind: "ReplicaLimit" },
    validations: [{ expression: "object.spec.replicas <= params.maxReplicas", reason: "Invalid" }],
  });

const admission: Examples = {
  "validatingadmissionpolicy/basic-example-policy.yaml": admissionPolicy("demo-policy.example.com", {
    failurePolicy: "Fail",
    validations: [{ expression: "object.spec.replicas <= 5" }],
  }),
  "validatingadmissionpolicy/basic-example-binding.yaml": admissionBinding(
    "demo-binding-test.example.com",
    "demo-policy.example.com",
    test,
  ),
  "validatingadmissionpolicy/policy-with-param.yaml": withParam("Fail"),
  "validatingadmissionpolicy/binding-with-param.yaml": admissionBinding(
    "replicalimit-binding-test.example.com",
    "replicalimit-policy.example.com",
    test,
    { name: "replica-limit-test.example.com", parameterNotFoundAction: "Deny" },
  ),
  "validatingadmissionpolicy/binding-with-param-prod.yaml": admissionBinding(
    "replicalimit-binding-nontest",
    "replicalimit-policy.example.com",
    production,
    { name: "replica-limit-prod.example.com", parameterNotFoundAction: "Deny" },
  ),
  "validatingadmissionpolicy/replicalimit-param.yaml": replicaLimit("test", 3),
  "validatingadmissionpolicy/replicalimit-param-prod.yaml": replicaLimit("prod", 100),
};

const limitRange = (name: string, limit: Part): Part => core("LimitRange", name, { spec: { limits: [limit] } });

const claim = (name: string, storage: string): Part =>
  core("PersistentVolumeClaim", name, {
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage } } },
  });

/** Four containers, with and without requests and limits. */
const mixed = (number: number): Part => {
  const some = { memory: "100Mi", cpu: "100m" };
  const more = { memory: "200Mi", cpu: "500m" };
  const named = (n: number, resources: Part) =>
    container(`busybox-cnt0${n}`, "busybox:1.28", {
      command: ["/bin/sh"],
      args: ["-c", `while true; do echo hello from cnt0${n}; sleep 10;done`],
      ...resources,
    });
  return pod(`busybox${number}`, [
    named(1, limits(more, some)),
    named(2, limits(undefined, some)),
    named(3, limits(more)),
    named(4, {}),
  ]);
};

const ranges: Examples = {
  "admin/resource/limit-mem-cpu-container.yaml": limitRange("limit-mem-cpu-per-container", {
    max: { cpu: "800m", memory: "1Gi" },
    min: { cpu: "100m", memory: "99Mi" },
    default: { cpu: "700m", memory: "900Mi" },
    defaultRequest: { cpu: "110m", memory: "111Mi" },
    type: "Container",
  }),
  "admin/resource/limit-mem-cpu-pod.yaml": limitRange("limit-mem-cpu-per-pod", {
    max: { cpu: "2", memory: "2Gi" },
    type: "Pod",
  }),
  "admin/resource/limit-memory-ratio-pod.yaml": limitRange("limit-memory-ratio-pod", {
    maxLimitRequestRatio: { memory: 2 },
    type: "Pod",
  }),
  "admin/resource/storagelimits.yaml": limitRange("storagelimits", {
    type: "PersistentVolumeClaim",
    max: { storage: "2Gi" },
    min: { storage: "1Gi" },
  }),
  "admin/resource/limit-range-pod-1.yaml": mixed(1),
  "admin/resource/limit-range-pod-2.yaml": mixed(2),
  "admin/resource/limit-range-pod-3.yaml": pod(
    "busybox3",
    container("busybox-cnt01", "busybox:1.28", {
      command: ["sleep", "3600"],
      ...limits({ memory: "300Mi" }, { memory: "100Mi" }),
    }),
  ),
  "admin/resource/pvc-limit-greater.yaml": claim("pvc-limit-greater", "5Gi"),
  "admin/resource/pvc-limit-lower.yaml": claim("pvc-limit-lower", "500Mi"),
};

const secret = (name: string, type: string | undefined, content: Part, meta: Part = {}): Part =>
  core("Secret", name, { ...(type !== undefined && { type }), ...content }, meta);

const secretVolume = (more: Part = {}) => ({
  volumes: [{ name: "secret-volume", secret: { secretName: "dotfile-secret", ...more } }],
});

const secrets: Examples = {
  "secret/basicauth-secret.yaml": secret("secret-basic-auth", "kubernetes.io/basic-auth", {
    stringData: { username: "admin", password: "t0p-Secret" },
  }),
  "secret/ssh-auth-secret.yaml": secret("secret-ssh-auth", "kubernetes.io/ssh-auth", {
    data: { "ssh-privatekey": "UG91cmluZzYlRW1vdGljb24lU2N1YmE=" },
  }),
  "secret/serviceaccount-token-secret.yaml": secret(
    "secret-sa-sample",
    "kubernetes.io/service-account-token",
    { data: { extra: "YmFyCg==" } },
    { annotations: { "kubernetes.io/service-account.name": "sa-name" } },
  ),
  "secret/serviceaccount/mysecretname.yaml": secret(
    "mysecretname",
    "kubernetes.io/service-account-token",
    {},
    { annotations: { "kubernetes.io/service-account.name": "myserviceaccount" } },
  ),
  "secret/dotfile-secret.yaml": [
    secret("dotfile-secret", undefined, { data: { ".secret-file": "dmFsdWUtMg0KDQo=" } }),
    pod(
      "secret-dotfiles-pod",
      container("dotfile-test-container", "registry.k8s.io/busybox", {
        command: ["ls", "-l", "/etc/secret-volume"],
        volumeMounts: [mount("secret-volume", "/etc/secret-volume", { readOnly: true })],
      }),
      secretVolume(),
    ),
  ],
  "secret/optional-secret.yaml": pod(
    "mypod",
    container("mypod", "redis", { volumeMounts: [mount("foo", "/etc/foo", { readOnly: true })] }),
    { volumes: [{ name: "foo", secret: { secretName: "mysecret", optional: true } }] },
  ),
};

const shirt = (n: number, color: string, size: string): Part =>
  object("stable.example.com/v1", "Shirt", `example${n}`, { spec: { color, size } });

const definitions: Examples = {
  "customresourcedefinition/shirt-resource-definition.yaml": object(
    "apiextensions.k8s.io/v1",
    "CustomResourceDefinition",
    "shirts.stable.example.com",
    {
      spec: {
        group: "stable.example.com",
        scope: "Namespaced",
        names: { plural: "shirts", singular: "shirt", kind: "Shirt" },
        versions: [
          {
            name: "v1",
            served: true,
            storage: true,
            schema: {
              openAPIV3Schema: {
                type: "object",
                properties: {
                  spec: { type: "object", properties: { color: { type: "string" }, size: { type: "string" } } },
                },
              },
            },
            selectableFields: [{ jsonPath: ".spec.color" }, { jsonPath: ".spec.size" }],
            additionalPrinterColumns: [
              { jsonPath: ".spec.color", name: "Color", type: "string" },
              { jsonPath: ".spec.size", name: "Size", type: "string" },
            ],
          },
        ],
      },
    },
  ),
  "customresourcedefinition/shirt-resources.yaml": [
    shirt(1, "blue", "S"),
    shirt(2, "blue", "M"),
    shirt(3, "green", "M"),
  ],
};

const failing = (name: string, numbers: Part, main: Part, rules: readonly Part[]): Part =>
  job(name, { restartPolicy: "Never", containers: [main] }, { ...numbers, podFailurePolicy: { rules } });

const bash = (script: string) =>
  container("main", "docker.io/library/bash:5", { command: ["bash"], args: ["-c", script] });
const on42 = { onExitCodes: { containerName: "main", operator: "In", values: [42] } };
const disrupted = { onPodConditions: [{ type: "DisruptionTarget", status: "True" }] };

const failures: Examples = {
  "controllers/job-pod-failure-policy-example.yaml": failing(
    "job-pod-failure-policy-example",
    { completions: 12, parallelism: 3, backoffLimit: 6 },
    bash('echo "Hello world!" && sleep 5 && exit 42'),
    [
      { action: "FailJob", ...on42 },
      { action: "Ignore", ...disrupted },
    ],
  ),
  "controllers/job-pod-failure-policy-failjob.yaml": failing(
    "job-pod-failure-policy-failjob",
    { completions: 8, parallelism: 2, backoffLimit: 6 },
    bash('echo "Hello world! A bug is about to end this with 42." && sleep 30 && exit 42'),
    [{ action: "FailJob", ...on42 }],
  ),
  "controllers/job-pod-failure-policy-ignore.yaml": failing(
    "job-pod-failure-policy-ignore",
    { completions: 4, parallelism: 2, backoffLimit: 0 },
    bash('echo "Hello world! This is going to end with 0." && sleep 90 && exit 0'),
    [{ action: "Ignore", ...disrupted }],
  ),
  "controllers/job-pod-failure-policy-config-issue.yaml": failing(
    "job-pod-failure-policy-config-issue",
    { completions: 8, parallelism: 2, backoffLimit: 6 },
    container("main", "non-existing-repo/non-existing-image:example"),
    [{ action: "FailJob", onPodConditions: [{ type: "ConfigIssue", status: "True" }] }],
  ),
  "application/job/job-sidecar.yaml": job("myjob", {
    containers: [
      container("myjob", "alpine:latest", {
        command: ["sh", "-c", 'echo "logging" > /opt/logs.txt'],
        volumeMounts: [mount("data", "/opt")],
      }),
    ],
    initContainers: [
      container("logshipper", "alpine:latest", {
        restartPolicy: "Always",
        command: ["sh", "-c", "tail -F /opt/logs.txt"],
        volumeMounts: [mount("data", "/opt")],
      }),
    ],
    restartPolicy: "Never",
    volumes: [{ name: "data", emptyDir: {} }],
  }),
  "policy/high-priority-pod.yaml": pod(
    "high-priority",
    container("high-priority", "ubuntu", {
      ...shell("while true; do echo hello; sleep 10;done"),
      ...limits({ memory: "10Gi", cpu: "500m" }, { memory: "10Gi", cpu: "500m" }),
    }),
    { priorityClassName: "high" },
  ),
};

const AUTOSCALER = "kube-dns-autoscaler";
const autoscaled = { "k8s-app": AUTOSCALER };
const allowed = (apiGroup: string, resources: string[], verbs: string[]): Part => ({
  apiGroups: [apiGroup],
  resources,
  verbs,
});
const LINEAR = { coresPerReplica: 256, nodesPerReplica: 16, preventSinglePointFailure: true };

/** Its reader fills in what is to be scaled. */
const autoscaling: Examples = {
  "admin/dns/dns-horizontal-autoscaler.yaml": [
    object("v1", "ServiceAccount", `kube-system/${AUTOSCALER}`, {}),
    object(RBAC, "ClusterRole", `system:${AUTOSCALER}`, {
      rules: [
        allowed("", ["nodes"], ["list", "watch"]),
        allowed("", ["replicationcontrollers/scale"], ["get", "update"]),
        allowed("apps", ["deployments/scale", "replicasets/scale"], ["get", "update"]),
        allowed("", ["configmaps"], ["get", "create"]),
      ],
    }),
    object(RBAC, "ClusterRoleBinding", `system:${AUTOSCALER}`, {
      subjects: [{ kind: "ServiceAccount", name: AUTOSCALER, namespace: "kube-system" }],
      roleRef: { kind: "ClusterRole", name: `system:${AUTOSCALER}`, apiGroup: "rbac.authorization.k8s.io" },
    }),
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: {
        name: AUTOSCALER,
        namespace: "kube-system",
        labels: { ...autoscaled, "kubernetes.io/cluster-service": "true" },
      },
      spec: {
        selector: { matchLabels: autoscaled },
        template: {
          metadata: { labels: autoscaled },
          spec: {
            priorityClassName: "system-cluster-critical",
            securityContext: {
              seccompProfile: { type: "RuntimeDefault" },
              supplementalGroups: [65534],
              fsGroup: 65534,
            },
            nodeSelector: { "kubernetes.io/os": "linux" },
            containers: [
              container("autoscaler", "registry.k8s.io/cpa/cluster-proportional-autoscaler:1.8.4", {
                resources: { requests: { cpu: "20m", memory: "10Mi" } },
                command: [
                  "/cluster-proportional-autoscaler",
                  "--namespace=kube-system",
                  `--configmap=${AUTOSCALER}`,
                  "--target=<SCALE_TARGET>",
                  `--default-params=${JSON.stringify({ linear: { ...LINEAR, includeUnschedulableNodes: true } })}`,
                  "--logtostderr=true",
                  "--v=2",
                ],
              }),
            ],
            tolerations: [{ key: "CriticalAddonsOnly", operator: "Exists" }],
            serviceAccountName: AUTOSCALER,
          },
        },
      },
    },
  ],
};

/** Rules, limits and secrets. */
export const policyExamples: Examples = {
  ...networks,
  ...access,
  ...admission,
  ...ranges,
  ...secrets,
  ...definitions,
  ...failures,
  ...autoscaling,
};
