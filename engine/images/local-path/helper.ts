import type { ApiClient } from "../../api/client.ts";
import { PODS } from "../../api/resources.ts";
import { isStatus } from "../../api/status.ts";
import type { KubeObject } from "../../api/types.ts";
import { type Gen, SECOND, sleep } from "../../kernel/index.ts";

const LONGEST_NAME = 128;
const SCRIPTS = "/script";

/** A directory that a helper Pod is to make or to remove. */
export interface Volume {
  readonly name: string;
  /** Absolute path on the node. */
  readonly path: string;
  readonly mode: string;
  readonly bytes: number;
  /** "" where any node will do. */
  readonly node: string;
}

export interface HelperOptions {
  readonly client: ApiClient;
  readonly namespace: string;
  readonly configMap: string;
  readonly serviceAccount: string;
  /** The Pod of helperPod.yaml. */
  readonly template: KubeObject;
  /** `setupCommand` or `teardownCommand`; "" for the script of that name in the ConfigMap. */
  readonly command: string;
  /** Seconds until it is given up. */
  readonly timeout: number;
  readonly say: (level: "info" | "error", message: string) => void;
}

/** The Pod on the volume's node that runs the script (provisioner.go createHelperPod). */
export function helperPod(action: "create" | "delete", volume: Volume, options: HelperOptions): KubeObject {
  const { template, command, configMap, namespace, serviceAccount } = options;
  const slash = volume.path.lastIndexOf("/");
  const parent = volume.path.slice(0, slash);
  const items = ["setup", "teardown"].map((key) => ({ key, path: key }));
  const [first, ...rest] = template["spec"].containers;
  const mounts: { name: string; mountPath?: string }[] = [...(first.volumeMounts ?? [])];
  const mount = (name: string, mountPath: string): void => {
    const at = mounts.findIndex((one) => one.name === name);
    if (at < 0) mounts.push({ name, mountPath });
    else mounts[at] = { ...mounts[at]!, mountPath: mounts[at]!.mountPath || mountPath };
  };
  mount("script", SCRIPTS);
  mount("data", `${parent}/`);
  const script = action === "create" ? "setup" : "teardown";
  const container = {
    ...first,
    command: command === "" ? ["/bin/sh", `${SCRIPTS}/${script}`] : [command],
    args: ["-p", volume.path, "-s", String(volume.bytes), "-m", volume.mode, "-a", action],
    env: [
      ...(first.env ?? []),
      { name: "VOL_DIR", value: volume.path },
      { name: "VOL_MODE", value: volume.mode },
      { name: "VOL_SIZE_BYTES", value: String(volume.bytes) },
    ],
    volumeMounts: mounts,
  };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      ...template.metadata,
      name: `${template.metadata?.name ?? "helper-pod"}-${action}-${volume.name}`.slice(0, LONGEST_NAME),
      namespace,
    },
    spec: {
      ...template["spec"],
      ...(volume.node !== "" && { nodeName: template["spec"].nodeName ?? volume.node }),
      serviceAccountName: serviceAccount,
      restartPolicy: "Never",
      tolerations: template["spec"].tolerations ?? [
        { key: "node.kubernetes.io/disk-pressure", operator: "Exists", effect: "NoSchedule" },
      ],
      containers: [container, ...rest],
      volumes: [
        ...(template["spec"].volumes ?? []),
        { name: "data", hostPath: { path: `${parent}/`, type: "DirectoryOrCreate" } },
        { name: "script", configMap: { name: configMap, items } },
      ],
    },
  } as unknown as KubeObject;
}

/** Runs the helper Pod and waits until it has succeeded. Throws an Error in the provisioner's words, StatusError, NetError. */
export function* runHelper(action: "create" | "delete", volume: Volume, options: HelperOptions): Gen {
  const { client, namespace, timeout, say } = options;
  const pod = helperPod(action, volume, options);
  const { name } = pod.metadata;
  say("info", `create the helper pod ${name} into ${namespace}`);
  try {
    yield* client.create(PODS, pod);
  } catch (error) {
    // What an earlier try left behind does as well.
    if (!isStatus(error, "AlreadyExists")) throw error;
  }
  try {
    for (let second = 0; second < timeout; second++) {
      const { status } = yield* client.get<KubeObject>(PODS, namespace, name);
      if (status?.phase === "Succeeded") {
        const where = volume.node === "" ? volume.path : `${volume.node}:${volume.path}`;
        say("info", `Volume ${volume.name} has been ${action}d on ${where}`);
        return;
      }
      yield* sleep(SECOND);
    }
  } finally {
    yield* remove(options, name);
  }
  throw new Error(`failed to ${action} volume ${volume.name}: create process timeout after ${timeout} seconds`);
}

function* remove({ client, namespace, say }: HelperOptions, name: string): Gen {
  try {
    yield* client.delete(PODS, namespace, name);
  } catch (error) {
    say("error", `unable to delete the helper pod: ${(error as Error).message}`);
  }
}
