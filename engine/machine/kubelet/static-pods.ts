import { formatMicroTime } from "../../api/time.ts";
import { type Kernel, sha256Hex } from "../../kernel/index.ts";
import { entriesOf } from "../inode.ts";
import type { Machine } from "../machine.ts";
import { hostView } from "../runtime/host-view.ts";
import * as sys from "../sys.ts";
import type { ContainerSpec, Pod, Probe } from "./types.ts";
import { parseYaml } from "./yaml.ts";

/** What a manifest directory holds, and what could not be read. */
export interface ManifestRead {
  pods: Pod[];
  errors: { path: string; message: string }[];
}

/** Reads every manifest of staticPodPath (pkg/kubelet/config/file.go). Names that begin with a dot are skipped. */
export function readManifests(machine: Machine, nodeName: string, path: string): ManifestRead {
  const out: ManifestRead = { pods: [], errors: [] };
  const view = hostView(machine);
  const dir = sys.find(view, path);
  if (dir?.kind !== "dir") return out;
  for (const name of [...entriesOf(dir).keys()].sort()) {
    const file = `${path}/${name}`;
    if (name.startsWith(".") || sys.find(view, file)?.kind !== "file") continue;
    try {
      out.pods.push(staticPod(machine.kernel, nodeName, file, sys.readText(view, file)));
    } catch (error) {
      const [first = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
      const at = /^(.*) at line (\d+), column \d+:?$/.exec(first);
      out.errors.push({ path: file, message: at ? `yaml: line ${at[2]}: ${at[1]}` : first });
    }
  }
  return out;
}

const seen = new WeakMap<Kernel, Map<string, string>>();

/** When a static Pod with this uid was first seen by this node, as `kubernetes.io/config.seen` has it. */
function firstSeen(kernel: Kernel, uid: string): string {
  let byUid = seen.get(kernel);
  if (byUid === undefined) seen.set(kernel, (byUid = new Map()));
  let at = byUid.get(uid);
  if (at === undefined) byUid.set(uid, (at = formatMicroTime(kernel.epochMs * 1000 + kernel.now)));
  return at;
}

/** A Pod from a manifest, with the defaults that the API would have set (pkg/kubelet/config/common.go). */
export function staticPod(kernel: Kernel, nodeName: string, path: string, text: string): Pod {
  const raw = parseYaml(text) as Pod | null;
  if (raw?.kind !== "Pod" || !raw.spec?.containers?.length || !raw.metadata?.name) {
    throw new Error(`invalid pod: ${raw === null ? "empty file" : "no containers"}`);
  }
  const uid = raw.metadata.uid || hashOf(`${nodeName} file:${path} ${text}`);
  const spec = {
    restartPolicy: "Always",
    terminationGracePeriodSeconds: 30,
    dnsPolicy: "ClusterFirst",
    schedulerName: "default-scheduler",
    securityContext: {},
    enableServiceLinks: true,
    ...raw.spec,
    nodeName,
    tolerations: [
      ...((raw.spec["tolerations" as never] as unknown[]) ?? []),
      { operator: "Exists", effect: "NoExecute" },
    ],
    containers: raw.spec.containers.map(containerDefaults),
  };
  if (raw.spec.initContainers) spec.initContainers = raw.spec.initContainers.map(containerDefaults);
  if (raw.spec.volumes)
    spec.volumes = raw.spec.volumes.map((v) => (v.hostPath ? { ...v, hostPath: { type: "", ...v.hostPath } } : v));
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      ...raw.metadata,
      name: `${raw.metadata.name}-${nodeName.toLowerCase()}`,
      namespace: raw.metadata.namespace || "default",
      uid,
      resourceVersion: "",
      creationTimestamp: null as unknown as string,
      annotations: {
        ...raw.metadata.annotations,
        "kubernetes.io/config.hash": uid,
        "kubernetes.io/config.seen": firstSeen(kernel, uid),
        "kubernetes.io/config.source": "file",
      },
    },
    spec,
  } as Pod;
}

const hashes = new Map<string, string>();

/** The directory is read again at each change of one file, and the same few manifests stand in most of them. */
function hashOf(text: string): string {
  let hash = hashes.get(text);
  if (hash === undefined) {
    if (hashes.size >= 256) hashes.clear();
    hash = sha256Hex(text).slice(0, 32);
    hashes.set(text, hash);
  }
  return hash;
}

function containerDefaults(container: ContainerSpec): ContainerSpec {
  const untagged = !container.image.includes("@") && !/:[^/]*$/.test(container.image);
  const latest = untagged || container.image.endsWith(":latest");
  const out: ContainerSpec = {
    terminationMessagePath: "/dev/termination-log",
    terminationMessagePolicy: "File",
    imagePullPolicy: latest ? "Always" : "IfNotPresent",
    resources: {},
    ...container,
  };
  for (const name of ["livenessProbe", "readinessProbe", "startupProbe"] as const) {
    const probe = container[name];
    if (probe) out[name] = probeDefaults(probe);
  }
  if (container.ports) out.ports = container.ports.map((port) => ({ protocol: "TCP", ...port }));
  return out;
}

function probeDefaults(probe: Probe): Probe {
  const out: Probe = { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3, ...probe };
  if (out.httpGet) out.httpGet = { path: "/", scheme: "HTTP", ...out.httpGet };
  return out;
}
