import {
  container,
  core,
  type Examples,
  fromConfig,
  fromField,
  fromSecret,
  limits,
  mount,
  type Part,
  pod,
  shell,
} from "./words.ts";

const nginx = (name: string, more: Part = {}) => container(name, "nginx", more);
const BUSYBOX = "registry.k8s.io/busybox:1.27.2";

const envars = (more: Part) => nginx("envars-test-container", more);
const cpuAndMemory = limits({ memory: "64Mi", cpu: "250m" }, { memory: "32Mi", cpu: "125m" });
const PODINFO = [mount("podinfo", "/etc/podinfo")];

/** A loop that shows each of the files every five seconds. */
const showing = (...files: string[]) =>
  shell(
    `while true; do ${files.map((file) => `if [ -e /etc/podinfo/${file} ]; then echo; echo; cat /etc/podinfo/${file}; fi; `).join("")}sleep 5; done`,
  );

const resource = (path: string, name: string, divisor: string): Part => ({
  path,
  resourceFieldRef: { containerName: "client-container", resource: name, divisor },
});

const measured = (name: string, of: string): Part => ({
  name,
  valueFrom: { resourceFieldRef: { containerName: "test-container", resource: of } },
});

const injected: Examples = {
  "pods/inject/secret.yaml": core("Secret", "test-secret", {
    data: { username: "bXktYXBw", password: "Mzk1MjgkdmRnN0pi" },
  }),
  "pods/inject/secret-pod.yaml": pod(
    "secret-test-pod",
    nginx("test-container", { volumeMounts: [mount("secret-volume", "/etc/secret-volume", { readOnly: true })] }),
    { volumes: [{ name: "secret-volume", secret: { secretName: "test-secret" } }] },
  ),
  "pods/inject/pod-single-secret-env-variable.yaml": pod(
    "env-single-secret",
    envars({ env: [fromSecret("SECRET_USERNAME", "backend-user", "backend-username")] }),
  ),
  "pods/inject/pod-multiple-secret-env-variable.yaml": pod(
    "envvars-multiple-secrets",
    envars({
      env: [
        fromSecret("BACKEND_USERNAME", "backend-user", "backend-username"),
        fromSecret("DB_USERNAME", "db-user", "db-username"),
      ],
    }),
  ),
  "pods/inject/pod-secret-envFrom.yaml": pod(
    "envfrom-secret",
    envars({ envFrom: [{ secretRef: { name: "test-secret" } }] }),
  ),
  "pods/inject/envars.yaml": pod(
    "envar-demo",
    container("envar-demo-container", "gcr.io/google-samples/hello-app:2.0", {
      env: [
        { name: "DEMO_GREETING", value: "Hello from the environment" },
        { name: "DEMO_FAREWELL", value: "Such a sweet sorrow" },
      ],
    }),
    {},
    { labels: { purpose: "demonstrate-envars" } },
  ),
  "pods/inject/dependent-envars.yaml": pod(
    "dependent-envars-demo",
    container("dependent-envars-demo", "busybox:1.28", {
      command: ["sh", "-c"],
      args: [
        'while true; do printf \'UNCHANGED_REFERENCE=%s\\nSERVICE_ADDRESS=%s\\nESCAPED_REFERENCE=%s\\n\' "$UNCHANGED_REFERENCE" "$SERVICE_ADDRESS" "$ESCAPED_REFERENCE"; sleep 30; done;',
      ],
      env: [
        { name: "SERVICE_PORT", value: "80" },
        { name: "SERVICE_IP", value: "172.17.0.1" },
        { name: "UNCHANGED_REFERENCE", value: "$(PROTOCOL)://$(SERVICE_IP):$(SERVICE_PORT)" },
        { name: "PROTOCOL", value: "https" },
        { name: "SERVICE_ADDRESS", value: "$(PROTOCOL)://$(SERVICE_IP):$(SERVICE_PORT)" },
        { name: "ESCAPED_REFERENCE", value: "$$(PROTOCOL)://$(SERVICE_IP):$(SERVICE_PORT)" },
      ],
    }),
  ),
  "pods/inject/dapi-volume.yaml": pod(
    "kubernetes-downwardapi-volume-example",
    container("client-container", BUSYBOX, { ...showing("labels", "annotations"), volumeMounts: PODINFO }),
    {
      volumes: [
        {
          name: "podinfo",
          downwardAPI: {
            items: [
              { path: "labels", fieldRef: { fieldPath: "metadata.labels" } },
              { path: "annotations", fieldRef: { fieldPath: "metadata.annotations" } },
            ],
          },
        },
      ],
    },
    {
      labels: { zone: "us-est-coast", cluster: "test-cluster1", rack: "rack-22" },
      annotations: { build: "two", builder: "john-doe" },
    },
  ),
  "pods/inject/dapi-volume-resources.yaml": pod(
    "kubernetes-downwardapi-volume-example-2",
    container("client-container", BUSYBOX, {
      ...showing("cpu_limit", "cpu_request", "mem_limit", "mem_request"),
      ...cpuAndMemory,
      volumeMounts: PODINFO,
    }),
    {
      volumes: [
        {
          name: "podinfo",
          downwardAPI: {
            items: [
              resource("cpu_limit", "limits.cpu", "1m"),
              resource("cpu_request", "requests.cpu", "1m"),
              resource("mem_limit", "limits.memory", "1Mi"),
              resource("mem_request", "requests.memory", "1Mi"),
            ],
          },
        },
      ],
    },
  ),
  "pods/inject/dapi-envars-pod.yaml": pod(
    "dapi-envars-fieldref",
    container("test-container", BUSYBOX, {
      ...shell(
        "while true; do echo; printenv MY_NODE_NAME MY_POD_NAME MY_POD_NAMESPACE; printenv MY_POD_IP MY_POD_SERVICE_ACCOUNT; sleep 10; done",
      ),
      env: [
        fromField("MY_NODE_NAME", "spec.nodeName"),
        fromField("MY_POD_NAME", "metadata.name"),
        fromField("MY_POD_NAMESPACE", "metadata.namespace"),
        fromField("MY_POD_IP", "status.podIP"),
        fromField("MY_POD_SERVICE_ACCOUNT", "spec.serviceAccountName"),
      ],
    }),
    { restartPolicy: "Never" },
  ),
  "pods/inject/dapi-envars-container.yaml": pod(
    "dapi-envars-resourcefieldref",
    container("test-container", BUSYBOX, {
      ...shell(
        "while true; do echo; printenv MY_CPU_REQUEST MY_CPU_LIMIT; printenv MY_MEM_REQUEST MY_MEM_LIMIT; sleep 10; done",
      ),
      ...cpuAndMemory,
      env: [
        measured("MY_CPU_REQUEST", "requests.cpu"),
        measured("MY_CPU_LIMIT", "limits.cpu"),
        measured("MY_MEM_REQUEST", "requests.memory"),
        measured("MY_MEM_LIMIT", "limits.memory"),
      ],
    }),
    { restartPolicy: "Never" },
  ),
  "configmap/configmaps.yaml": [
    core("ConfigMap", "default/special-config", { data: { "special.how": "very" } }),
    core("ConfigMap", "default/env-config", { data: { log_level: "INFO" } }),
  ],
  "configmap/configmap-multikeys.yaml": core("ConfigMap", "default/special-config", {
    data: { SPECIAL_LEVEL: "very", SPECIAL_TYPE: "charm" },
  }),
  "pods/pod-single-configmap-env-variable.yaml": configured({
    command: ["/bin/sh", "-c", "env"],
    env: [fromConfig("SPECIAL_LEVEL_KEY", "special-config", "special.how")],
  }),
  "pods/pod-multiple-configmap-env-variable.yaml": configured({
    command: ["/bin/sh", "-c", "env"],
    env: [
      fromConfig("SPECIAL_LEVEL_KEY", "special-config", "special.how"),
      fromConfig("LOG_LEVEL", "env-config", "log_level"),
    ],
  }),
  "pods/pod-configmap-envFrom.yaml": configured({
    command: ["/bin/sh", "-c", "env"],
    envFrom: [{ configMapRef: { name: "special-config" } }],
  }),
  "pods/pod-configmap-env-var-valueFrom.yaml": configured({
    command: ["/bin/echo", "$(SPECIAL_LEVEL_KEY) $(SPECIAL_TYPE_KEY)"],
    env: [
      fromConfig("SPECIAL_LEVEL_KEY", "special-config", "SPECIAL_LEVEL"),
      fromConfig("SPECIAL_TYPE_KEY", "special-config", "SPECIAL_TYPE"),
    ],
  }),
  "pods/pod-configmap-volume.yaml": configured(
    { command: ["/bin/sh", "-c", "ls /etc/config/"], volumeMounts: [mount("config-volume", "/etc/config")] },
    { name: "special-config" },
  ),
  "pods/pod-configmap-volume-specific-key.yaml": configured(
    { command: ["/bin/sh", "-c", "cat /etc/config/keys"], volumeMounts: [mount("config-volume", "/etc/config")] },
    { name: "special-config", items: [{ key: "SPECIAL_LEVEL", path: "keys" }] },
  ),
};

function configured(more: Part, configMap?: Part): Part {
  const volumes = configMap === undefined ? {} : { volumes: [{ name: "config-volume", configMap }] };
  return pod("dapi-test-pod", container("test-container", BUSYBOX, more), { ...volumes, restartPolicy: "Never" });
}

/** A Pod of nginx whose one container is called after it. */
const limited = (name: string, limit?: Part, request?: Part, image = "nginx") =>
  pod(name, container(`${name.split("/").pop()}-ctr`, image, limit || request ? limits(limit, request) : {}));

const stress = (name: string, bytes: string, limit: string, request: string) =>
  pod(
    `mem-example/${name}`,
    container(`${name}-ctr`, "polinux/stress", {
      ...limits({ memory: limit }, { memory: request }),
      command: ["stress"],
      args: ["--vm", "1", "--vm-bytes", bytes, "--vm-hang", "1"],
    }),
  );

const burning = (name: string, ctr: string, limit: string, request: string) =>
  pod(
    `cpu-example/${name}`,
    container(ctr, "vish/stress", { ...limits({ cpu: limit }, { cpu: request }), args: ["-cpus", "2"] }),
  );

const dongles = (name: string, count: number) =>
  limited(name, { "example.com/dongle": count }, { "example.com/dongle": count });

const bounded: Examples = {
  "pods/resource/memory-request-limit.yaml": stress("memory-demo", "150M", "200Mi", "100Mi"),
  "pods/resource/memory-request-limit-2.yaml": stress("memory-demo-2", "250M", "100Mi", "50Mi"),
  "pods/resource/memory-request-limit-3.yaml": stress("memory-demo-3", "150M", "1000Gi", "1000Gi"),
  "pods/resource/cpu-request-limit.yaml": burning("cpu-demo", "cpu-demo-ctr", "1", "0.5"),
  "pods/resource/cpu-request-limit-2.yaml": burning("cpu-demo-2", "cpu-demo-ctr-2", "100", "100"),
  "pods/resource/extended-resource-pod.yaml": dongles("extended-resource-demo", 3),
  "pods/resource/extended-resource-pod-2.yaml": dongles("extended-resource-demo-2", 2),
  "pods/qos/qos-pod.yaml": limited(
    "qos-example/qos-demo",
    { memory: "200Mi", cpu: "700m" },
    { memory: "200Mi", cpu: "700m" },
  ),
  "pods/qos/qos-pod-2.yaml": limited("qos-example/qos-demo-2", { memory: "200Mi" }, { memory: "100Mi" }),
  "pods/qos/qos-pod-3.yaml": limited("qos-example/qos-demo-3"),
  "pods/qos/qos-pod-4.yaml": pod("qos-example/qos-demo-4", [
    nginx("qos-demo-4-ctr-1", limits(undefined, { memory: "200Mi" })),
    container("qos-demo-4-ctr-2", "redis"),
  ]),
  "admin/resource/quota-mem-cpu-pod.yaml": limited(
    "quota-mem-cpu-demo",
    { memory: "800Mi", cpu: "800m" },
    { memory: "600Mi", cpu: "400m" },
  ),
  "admin/resource/quota-mem-cpu-pod-2.yaml": limited(
    "quota-mem-cpu-demo-2",
    { memory: "1Gi", cpu: "800m" },
    { memory: "700Mi", cpu: "400m" },
    "redis",
  ),
  "admin/resource/memory-defaults-pod.yaml": limited("default-mem-demo"),
  "admin/resource/memory-defaults-pod-2.yaml": limited("default-mem-demo-2", { memory: "1Gi" }),
  "admin/resource/memory-defaults-pod-3.yaml": limited("default-mem-demo-3", undefined, { memory: "128Mi" }),
  "admin/resource/memory-constraints-pod.yaml": limited(
    "constraints-mem-demo",
    { memory: "800Mi" },
    { memory: "600Mi" },
  ),
  "admin/resource/memory-constraints-pod-2.yaml": limited(
    "constraints-mem-demo-2",
    { memory: "1.5Gi" },
    { memory: "800Mi" },
  ),
  "admin/resource/memory-constraints-pod-3.yaml": limited(
    "constraints-mem-demo-3",
    { memory: "800Mi" },
    { memory: "100Mi" },
  ),
  "admin/resource/memory-constraints-pod-4.yaml": limited("constraints-mem-demo-4"),
  "admin/resource/cpu-defaults-pod.yaml": limited("default-cpu-demo"),
  "admin/resource/cpu-defaults-pod-2.yaml": limited("default-cpu-demo-2", { cpu: "1" }),
  "admin/resource/cpu-defaults-pod-3.yaml": limited("default-cpu-demo-3", undefined, { cpu: "0.75" }),
  "admin/resource/cpu-constraints-pod.yaml": limited("constraints-cpu-demo", { cpu: "800m" }, { cpu: "500m" }),
  "admin/resource/cpu-constraints-pod-2.yaml": limited("constraints-cpu-demo-2", { cpu: "1.5" }, { cpu: "500m" }),
  "admin/resource/cpu-constraints-pod-3.yaml": limited("constraints-cpu-demo-3", { cpu: "800m" }, { cpu: "100m" }),
  "admin/resource/cpu-constraints-pod-4.yaml": limited("constraints-cpu-demo-4", undefined, undefined, "vish/stress"),
};

export const configuredExamples: Examples = { ...injected, ...bounded };
