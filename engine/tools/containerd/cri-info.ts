/** What containerd tells of containers and sandboxes besides their status: configurations, and runtime specifications. */
import type { Container, Sandbox } from "../../machine/runtime/index.ts";
import { containerSpec, MASKED, READ_ONLY, sandboxSpec } from "../../machine/runtime/oci-spec.ts";

type Json = Record<string, unknown>;

/** runtime.v1.ContainerConfig as the kubelet of this model gives it. */
function kubeletConfig({ config, image }: Container): Json {
  return {
    annotations: config.annotations,
    ...(config.args.length > 0 ? { args: config.args } : {}),
    ...(config.command.length > 0 ? { command: config.command } : {}),
    envs: config.env.map(([key, value]) => ({ key, value })),
    image: { image: image.id, user_specified_image: config.image },
    labels: config.labels,
    linux: {
      resources: {},
      security_context: {
        masked_paths: MASKED,
        namespace_options: { pid: 1 },
        readonly_paths: READ_ONLY,
        run_as_user: {},
      },
    },
    log_path: config.logPath,
    metadata: config.metadata.attempt === 0 ? { name: config.metadata.name } : { ...config.metadata },
    mounts: config.mounts.map(({ containerPath, hostPath, readOnly }) => ({
      container_path: containerPath,
      host_path: hostPath,
      ...(readOnly ? { readonly: true } : {}),
    })),
    ...(config.workingDir === "" ? {} : { working_dir: config.workingDir }),
  };
}

/** Metadata of a configuration; an attempt of 0 is left out. */
function named({ metadata }: Json): unknown {
  const { attempt, ...rest } = metadata as Json;
  return attempt ? metadata : rest;
}

/** The verbose part of ContainerStatus: what containerd knows besides. */
export function containerInfo(container: Container): Json {
  const { config, id, sandbox } = container;
  const given = config.given && {
    ...config.given,
    metadata: named(config.given),
    image: { image: config.image, user_specified_image: config.image },
  };
  return {
    config: given ?? kubeletConfig(container),
    pid: container.state === "running" ? (container.process?.pid ?? 0) : 0,
    removing: false,
    runtimeOptions: { systemd_cgroup: true },
    runtimeSpec: containerSpec(container),
    runtimeType: "io.containerd.runc.v2",
    sandboxID: sandbox.id,
    snapshotKey: id,
    snapshotter: "overlayfs",
  };
}

/** runtime.v1.PodSandboxConfig as the kubelet of this model gives it. */
function kubeletSandbox({ config }: Sandbox): Json {
  const { name, uid, namespace, attempt } = config.metadata;
  return {
    annotations: config.annotations,
    dns_config: {},
    ...(config.hostNetwork ? {} : { hostname: config.hostname }),
    labels: config.labels,
    linux: { cgroup_parent: config.cgroupParent },
    log_directory: config.logDirectory,
    metadata: { ...(attempt === 0 ? {} : { attempt }), name, namespace, uid },
  };
}

/** The verbose part of PodSandboxStatus. */
export function sandboxInfo(sandbox: Sandbox): Json {
  const { config, id } = sandbox;
  const running = sandbox.pause.status === undefined;
  return {
    cniResult: config.hostNetwork
      ? null
      : { Interfaces: { eth0: { IPConfigs: sandbox.ips.map((IP) => ({ Gateway: gateway(IP), IP })) }, lo: {} } },
    config: config.given === undefined ? kubeletSandbox(sandbox) : { ...config.given, metadata: named(config.given) },
    image: "registry.k8s.io/pause:3.10",
    netNamespaceClosed: sandbox.state !== "ready" && !config.hostNetwork,
    pid: running ? sandbox.pause.pid : 0,
    processStatus: running ? "running" : "deleted",
    runtimeHandler: "",
    runtimeOptions: { systemd_cgroup: true },
    runtimeSpec: sandboxSpec(sandbox),
    runtimeType: "io.containerd.runc.v2",
    snapshotKey: id,
    snapshotter: "overlayfs",
  };
}

function gateway(ip: string): string {
  return ip.replace(/\.\d+$/, ".1");
}
