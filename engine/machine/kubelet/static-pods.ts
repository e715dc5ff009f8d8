import { defaultPod } from "../../api/core/pod-defaults.ts";
import { validateNewPod } from "../../api/core/pod-validation.ts";
import { decodeObject } from "../../api/decode.ts";
import type { Draft } from "../../api/kind.ts";
import { formatMicroTime } from "../../api/time.ts";
import type { KubeObject } from "../../api/types.ts";
import { type Kernel, sha256Hex } from "../../kernel/index.ts";
import { entriesOf } from "../inode.ts";
import type { Machine } from "../machine.ts";
import { hostView } from "../runtime/host-view.ts";
import * as sys from "../sys.ts";
import type { Pod } from "./types.ts";
import { freeze, parseYaml } from "./yaml.ts";

/** The Pods of a manifest directory by their files, and what could not be read. */
export interface ManifestRead {
  pods: Map<string, Pod>;
  errors: { path: string; message: string; text: string }[];
}

/** Reads every manifest of staticPodPath (pkg/kubelet/config/file.go). Names that begin with a dot are skipped. */
export function readManifests(machine: Machine, nodeName: string, path: string): ManifestRead {
  const out: ManifestRead = { pods: new Map(), errors: [] };
  const view = hostView(machine);
  const dir = sys.find(view, path);
  if (dir?.kind !== "dir") return out;
  for (const name of [...entriesOf(dir).keys()].sort()) {
    const file = `${path}/${name}`;
    if (name.startsWith(".") || sys.find(view, file)?.kind !== "file") continue;
    const text = sys.readText(view, file);
    try {
      out.pods.set(file, staticPod(machine.kernel, nodeName, file, text));
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      const readable = error instanceof InvalidPod;
      out.errors.push({
        path: file,
        text,
        message: readable ? words : `${file}: couldn't parse as pod(${words}), please check config file`,
      });
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

/** A Pod from a manifest, as the API would have it for this node (pkg/kubelet/config/common.go applyDefaults). */
export function staticPod(kernel: Kernel, nodeName: string, path: string, text: string): Pod {
  const raw = readPod(parseYaml(text), nodeName);
  const uid = raw.metadata.uid || hashOf(`${nodeName} file:${path} ${text}`);
  return {
    ...raw,
    metadata: {
      ...raw.metadata,
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
  };
}

/** What texts that are read at every change of the directory mean on each node. */
const read = new WeakMap<object, Map<string, Pod>>();

/** Decodes, defaults and validates the Pod of a file (pkg/kubelet/config/common.go tryDecodeSinglePod). Throws Error. */
function readPod(value: unknown, nodeName: string): Pod {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Error(`Object 'Kind' is missing in '${JSON.stringify(value)}'`);
  let byNode = read.get(value);
  if (byNode === undefined) read.set(value, (byNode = new Map()));
  let pod = byNode.get(nodeName);
  if (pod === undefined) byNode.set(nodeName, (pod = freeze(decodePod(value, nodeName))));
  return pod;
}

function decodePod(value: object, nodeName: string): Pod {
  const { apiVersion = "", kind = "" } = value as { apiVersion?: string; kind?: string };
  if (kind === "") throw new Error(`Object 'Kind' is missing in '${JSON.stringify(value)}'`);
  if (apiVersion !== "v1" || kind !== "Pod") {
    throw new Error(
      `no kind "${kind}" is registered for version "${apiVersion}" in scheme "pkg/api/legacyscheme/scheme.go:30"`,
    );
  }
  const decoded = decodeObject(value, POD);
  if (decoded.error !== undefined) throw new Error(decoded.error);
  const pod = decoded.object as Draft;
  if (!pod.metadata?.name) throw new InvalidPod("invalid pod: name is needed for the pod");
  pod.metadata.name = `${pod.metadata.name}-${nodeName.toLowerCase()}`;
  pod.metadata.namespace ||= "default";
  const spec = (pod.spec ??= {});
  spec.nodeName = nodeName;
  spec.tolerations = [...(spec.tolerations ?? []), { operator: "Exists", effect: "NoExecute" }];
  defaultPod(pod);
  const causes = validateNewPod(pod as KubeObject);
  if (causes.length > 0) {
    const words = causes.map(({ field, message }) => `${field}: ${message}`);
    throw new InvalidPod(`invalid pod: [${words.join(" ")}]`);
  }
  return pod as Pod;
}

const POD = { group: "", version: "v1", kind: "Pod" };

/** A file that holds a Pod, but not one that can run. */
class InvalidPod extends Error {}

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
