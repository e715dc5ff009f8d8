import { wholeUnits } from "../../api/quantity.ts";
import { CONFIG_MAPS, SECRETS, SERVICE_ACCOUNTS } from "../../api/resources.ts";
import { StatusError } from "../../api/status.ts";
import { formatTime } from "../../api/time.ts";
import type { KubeObject } from "../../api/types.ts";
import { decodeBase64, encode, type Gen, SECOND, sleep } from "../../kernel/index.ts";
import { isNetError } from "../../network/error.ts";
import { type Content, type DirNode, entriesOf, LazyContent } from "../inode.ts";
import { ensureDir, putFile, putLink, removeEntry, sharedDir } from "../runtime/files.ts";
import { hostView } from "../runtime/host-view.ts";
import * as sys from "../sys.ts";
import { claimedPath, claimOf } from "./claims.ts";
import { drawMs, type KubeletContext, SyncCancelled, SyncError } from "./context.ts";
import { KUBELET } from "./durations.ts";
import { fieldValue, resourceValue } from "./env.ts";
import { MountError, NotAttached, ProcessError } from "./mount-error.ts";
import { PODS_DIR, podDir } from "./pods-dir.ts";
import { type DownwardItem, type KeyToPath, type Pod, podKey, type VolumeSpec } from "./types.ts";
import { refuseSource, setUpHostPath } from "./volume-plugins.ts";

export { PODS_DIR };

/** A ServiceAccount's token as it was issued. */
interface Token {
  /** Its text, made when somebody reads it. */
  text: () => string;
  content: LazyContent;
  /** When the kubelet asks for a new one: at 80 % of its life, after 24 h at the latest (pkg/kubelet/token), in µs. */
  renewAt: number;
}

const DAY = 86_400;
const FAILED_AT = "nestedpendingoperations.go:348";

/** A file of a volume. */
interface Projected {
  bytes: Uint8Array | (() => Uint8Array);
  mode: number;
  /** Makes the bytes when somebody reads the file. */
  content?: LazyContent;
}

function bytesOf({ bytes }: Projected): Uint8Array {
  return typeof bytes === "function" ? bytes() : bytes;
}

const PLUGIN: Partial<Record<keyof VolumeSpec, string>> = {
  emptyDir: "kubernetes.io~empty-dir",
  configMap: "kubernetes.io~configmap",
  secret: "kubernetes.io~secret",
  projected: "kubernetes.io~projected",
  downwardAPI: "kubernetes.io~downward-api",
};

/** Path on the node of a volume that a Pod mounts. */
export function volumePath(pod: Pod, volume: VolumeSpec): string {
  if (volume.hostPath) return volume.hostPath.path;
  for (const [kind, plugin] of Object.entries(PLUGIN)) {
    if (volume[kind as keyof VolumeSpec]) return `${PODS_DIR}/${pod.metadata.uid}/volumes/${plugin}/${volume.name}`;
  }
  return `${PODS_DIR}/${pod.metadata.uid}/volumes/kubernetes.io~csi/${volume.name}/mount`;
}

/** Lies on a tmpfs: what is secret, and what follows from the Pod (wrappedVolumeSpec of the plugins). */
export function inMemory(volume: VolumeSpec): boolean {
  return Boolean(volume.secret || volume.projected || volume.downwardAPI) || volume.emptyDir?.medium === "Memory";
}

/**
 * Bytes that a volume on a tmpfs may take (pkg/volume/emptydir calculateEmptyDirMemorySize): what Pods may of the node, or
 * the Pod where each of its containers has a limit, or what the volume says if that is less.
 */
export function memoryBound(ctx: KubeletContext, pod: Pod, { emptyDir }: VolumeSpec): number {
  const known = (ctx.node()?.["status"]?.allocatable as Record<string, string> | undefined)?.["memory"];
  const bounds = [known === undefined ? ctx.machine.hardware.memoryKib * 1024 : wholeUnits(known)];
  const limits = pod.spec.containers.map(({ resources }) => resources?.limits?.["memory"]);
  if (limits.every((limit) => limit !== undefined)) {
    const whole = limits.reduce((sum, limit) => sum + wholeUnits(limit), 0);
    if (whole > 0) bounds.push(whole);
  }
  const own = emptyDir?.sizeLimit === undefined ? 0 : wholeUnits(emptyDir.sizeLimit);
  if (own > 0) bounds.push(own);
  return Math.min(...bounds);
}

function unmounted(todo: readonly VolumeSpec[], unprocessed: readonly string[], why: string): string {
  const names = todo.map((volume) => volume.name).sort();
  return `Unable to attach or mount volumes: unmounted volumes=[${names.join(" ")}], unattached volumes=[], failed to process volumes=[${[...unprocessed].sort().join(" ")}]: ${why}`;
}

/** Sets up a Pod's volumes on the node, before its sandbox is made (pkg/kubelet/volumemanager). */
export class VolumeManager {
  private readonly ctx: KubeletContext;
  /** Names that are mounted, by uid. */
  private readonly mounted = new Map<string, Set<string>>();
  /** Mounts that failed, by uid and name, and when they are tried again: it outlasts a sync that gave up. */
  private readonly failed = new Map<string, { pause: number; until: number }>();
  /** Paths behind claims, by uid and name. */
  private readonly claimed = new Map<string, string>();
  /** Tokens in projected volumes, by uid and by audience and path. */
  private readonly tokens = new Map<string, Map<string, Token>>();

  constructor(ctx: KubeletContext) {
    this.ctx = ctx;
  }

  /**
   * Waits until every volume is there: a failing one is retried with back-off and told as FailedMount. Throws SyncError
   * after 2 min 3 s, SyncCancelled when the Pod is to end meanwhile.
   */
  *mountAll(pod: Pod, cancelled: () => boolean): Gen<void> {
    const { kernel, recorder, random, log } = this.ctx;
    const { uid } = pod.metadata;
    const done = this.mounted.get(uid) ?? new Set<string>();
    this.mounted.set(uid, done);
    const todo = (pod.spec.volumes ?? []).filter((volume) => !done.has(volume.name));
    if (todo.length === 0 && done.size > 0) return;
    podDir(this.ctx.machine, uid, "volumes");
    if (todo.length === 0) return;
    for (const volume of todo) {
      log(
        "I",
        "reconciler_common.go:251",
        `operationExecutor.VerifyControllerAttachedVolume started for volume "${volume.name}" (UniqueName: "${uniqueName(pod, volume)}") pod "${pod.metadata.name}" (UID: "${uid}") `,
        { pod: podKey(pod) },
      );
    }
    const deadline = kernel.now + KUBELET.mountTimeout;
    yield* sleep(drawMs(random, KUBELET.volumeMs));
    for (;;) {
      const unprocessed = new Map<string, string>();
      for (let i = 0; i < todo.length; ) {
        const volume = todo[i]!;
        const key = `${uid} ${volume.name}`;
        const failed = this.failed.get(key);
        if (failed !== undefined && failed.until > kernel.now) {
          i++;
          continue;
        }
        try {
          yield* this.setUp(pod, volume);
          this.failed.delete(key);
          done.add(volume.name);
          todo.splice(i, 1);
          log(
            "I",
            "operation_generator.go:615",
            `MountVolume.SetUp succeeded for volume "${volume.name}" (UniqueName: "${uniqueName(pod, volume)}") pod "${pod.metadata.name}" (UID: "${uid}") `,
            { pod: podKey(pod) },
            1,
          );
        } catch (error) {
          if (error instanceof ProcessError) {
            unprocessed.set(volume.name, error.message);
            i++;
            continue;
          }
          if (error instanceof NotAttached) {
            const words = `${error.message} pod "${pod.metadata.name}" (UID: "${uid}")`;
            log("E", FAILED_AT, `Operation for "${uniqueName(pod, volume)}" failed. Error: ${words}`);
            this.later(key);
            i++;
            continue;
          }
          if (!(error instanceof MountError)) throw error;
          const words = `${error.step} for volume "${error.volume ?? volume.name}" : ${error.message}`;
          recorder.event(pod, "Warning", "FailedMount", words);
          log("E", FAILED_AT, `Operation for "${uniqueName(pod, volume)}" failed. Error: ${words}`);
          this.later(key);
          i++;
        }
        if (cancelled()) throw new SyncCancelled();
      }
      if (todo.length === 0) return;
      if (unprocessed.size > 0) {
        const words = unmounted(todo, [...unprocessed.keys()], [...unprocessed.values()].join("; "));
        recorder.event(pod, "Warning", "FailedMount", words);
        throw new SyncError("FailedMount", words);
      }
      const next = Math.min(...todo.map((volume) => this.failed.get(`${uid} ${volume.name}`)?.until ?? kernel.now));
      if (next >= deadline) {
        yield* sleep(Math.max(0, deadline - kernel.now));
        if (cancelled()) throw new SyncCancelled();
        // Who waited in vain is not told of it once more.
        throw new SyncError("FailedMount", unmounted(todo, [], "context deadline exceeded"));
      }
      yield* sleep(next - kernel.now);
      if (cancelled()) throw new SyncCancelled();
    }
  }

  /** A mount that failed is tried again with back-off. */
  private later(key: string): void {
    const before = this.failed.get(key)?.pause;
    const pause = before === undefined ? KUBELET.mountRetryFirst : Math.min(before * 2, KUBELET.mountRetryLast);
    this.failed.set(key, { pause, until: this.ctx.kernel.now + pause });
  }

  /** Path on the node of a volume that is mounted. */
  path(pod: Pod, volume: VolumeSpec): string {
    return this.claimed.get(`${pod.metadata.uid} ${volume.name}`) ?? volumePath(pod, volume);
  }

  /** Takes away what was set up; the directory of the Pod goes too. */
  unmountAll(pod: Pod): void {
    const { uid } = pod.metadata;
    this.mounted.delete(uid);
    this.tokens.delete(uid);
    for (const { name } of pod.spec.volumes ?? []) {
      this.failed.delete(`${uid} ${name}`);
      this.claimed.delete(`${uid} ${name}`);
    }
    const { machine } = this.ctx;
    removeEntry(machine, sharedDir(machine, PODS_DIR), uid);
  }

  /** From when on what this Pod mounts is older than it should be, in µs; undefined when nothing grows old. */
  staleFrom({ metadata: { uid } }: Pod): number | undefined {
    const { kernel, objects } = this.ctx;
    if (objects.isStale(uid)) return kernel.now;
    let first: number | undefined;
    for (const { renewAt } of this.tokens.get(uid)?.values() ?? [])
      if (first === undefined || renewAt < first) first = renewAt;
    return first;
  }

  /** Writes configMaps, secrets and projections anew where their objects changed. */
  *refresh(pod: Pod): Gen<void> {
    this.ctx.objects.renew(pod.metadata.uid);
    for (const volume of pod.spec.volumes ?? []) {
      if (!this.mounted.get(pod.metadata.uid)?.has(volume.name)) continue;
      if (!(volume.configMap || volume.secret || volume.projected || volume.downwardAPI)) continue;
      try {
        yield* this.setUp(pod, volume);
      } catch (error) {
        if (!(error instanceof MountError || error instanceof ProcessError)) throw error;
      }
    }
  }

  private *setUp(pod: Pod, volume: VolumeSpec): Gen<void> {
    const { machine } = this.ctx;
    if (volume.hostPath) {
      setUpHostPath(this.ctx, volume.hostPath);
      return;
    }
    const path = volumePath(pod, volume);
    if (volume.emptyDir) {
      const dir = ensureDir(machine, path);
      const group = pod.spec.securityContext?.fsGroup;
      dir.mode = group === undefined ? 0o777 : 0o2777;
      if (group !== undefined) dir.gid = group;
      return;
    }
    const claim = claimOf(pod, volume);
    if (claim !== undefined) {
      const target = yield* claimedPath(this.ctx, pod, claim);
      this.claimed.set(`${pod.metadata.uid} ${volume.name}`, target);
      const group = pod.spec.securityContext?.fsGroup;
      const dir = group === undefined ? undefined : sys.find(hostView(machine), target);
      if (dir?.kind === "dir") {
        dir.gid = group!;
        dir.mode |= 0o2070;
      }
      return;
    }
    yield* refuseSource(this.ctx, pod, volume);
    const files = yield* this.content(pod, volume);
    const mode = volume.configMap?.defaultMode ?? volume.secret?.defaultMode ?? volume.projected?.defaultMode;
    const below = path.slice(PODS_DIR.length + 1);
    writeAtomically(
      this.ctx,
      ensureDir(machine, below, 0o755, sharedDir(machine, PODS_DIR)),
      files,
      mode ?? 0o644,
      inMemory(volume) ? 0o1777 : 0o777,
    );
  }

  private *content(pod: Pod, volume: VolumeSpec): Gen<Map<string, Projected>> {
    const files = new Map<string, Projected>();
    const { configMap, secret, downwardAPI, projected } = volume;
    try {
      if (configMap) yield* this.fromKeys(pod, "configmap", configMap, files);
      else if (secret) yield* this.fromKeys(pod, "secret", { ...secret, name: secret.secretName }, files);
      else if (downwardAPI) this.fromDownward(pod, downwardAPI.items, files);
      else if (projected) {
        // Every source is asked; all that they lack is told at once.
        const lacking = new Set<string>();
        for (const source of projected.sources ?? [])
          try {
            if (source.configMap) yield* this.fromKeys(pod, "configmap", source.configMap, files);
            if (source.secret) yield* this.fromKeys(pod, "secret", source.secret, files);
            if (source.downwardAPI) this.fromDownward(pod, source.downwardAPI.items, files);
            if (source.serviceAccountToken) yield* this.token(pod, source.serviceAccountToken, files);
          } catch (error) {
            if (!(error instanceof MountError)) throw error;
            lacking.add(error.message);
          }
        const [first, ...more] = lacking;
        if (first !== undefined) throw new MountError(more.length === 0 ? first : `[${[...lacking].join(", ")}]`);
      }
    } catch (error) {
      if (error instanceof StatusError || isNetError(error)) throw new MountError(error.message);
      throw error;
    }
    return files;
  }

  /** Files of a ConfigMap or Secret. */
  private *fromKeys(
    pod: Pod,
    kind: "configmap" | "secret",
    source: { name: string; items?: KeyToPath[]; optional?: boolean },
    files: Map<string, Projected>,
  ): Gen<void> {
    const { name, items, optional } = source;
    const resource = kind === "secret" ? SECRETS : CONFIG_MAPS;
    const found = yield* this.ctx.objects.get(resource, pod.metadata.namespace!, name);
    if (found === undefined) {
      if (optional) return;
      throw new MountError(`${kind} "${name}" not found`);
    }
    pick(valuesOf(found, kind), items, optional, files);
  }

  private fromDownward(pod: Pod, items: DownwardItem[] | undefined, files: Map<string, Projected>): void {
    for (const item of items ?? []) {
      let text = "";
      if (item.fieldRef) text = fieldValue(this.ctx, pod, item.fieldRef.fieldPath, []);
      else if (item.resourceFieldRef)
        text = resourceValue(this.ctx, pod, pod.spec.containers[0]!, item.resourceFieldRef);
      files.set(item.path, { bytes: encode(text), mode: item.mode ?? 0 });
    }
  }

  private *token(
    pod: Pod,
    source: { audience?: string; expirationSeconds?: number; path: string },
    files: Map<string, Projected>,
  ): Gen<void> {
    const { namespace, name, uid } = pod.metadata;
    const { kernel } = this.ctx;
    const key = `${source.audience ?? ""} ${source.expirationSeconds ?? 3600}`;
    const kept = this.tokens.get(uid)?.get(key);
    if (kept !== undefined && kernel.now < kept.renewAt) {
      files.set(source.path, tokenFile(kept));
      return;
    }
    const account = pod.spec.serviceAccountName || "default";
    try {
      const answer = yield* this.ctx.client.create<{ status?: { token?: string } }>(
        SERVICE_ACCOUNTS,
        {
          apiVersion: "authentication.k8s.io/v1",
          kind: "TokenRequest",
          metadata: { namespace },
          spec: {
            audiences: source.audience ? [source.audience] : [],
            expirationSeconds: source.expirationSeconds ?? 3600,
            boundObjectRef: { kind: "Pod", apiVersion: "v1", name, uid },
          },
        },
        { name: account, path: "token" },
      );
      const text = () => answer.status?.token ?? "";
      const issued: Token = {
        text,
        content: new LazyContent(text),
        renewAt: kernel.now + Math.min((source.expirationSeconds ?? 3600) * 0.8, DAY) * SECOND,
      };
      const all = this.tokens.get(uid) ?? new Map<string, Token>();
      this.tokens.set(uid, all.set(key, issued));
      files.set(source.path, tokenFile(issued));
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      throw new MountError(`failed to fetch token: ${error.message}`);
    }
  }
}

/** The values of a ConfigMap or Secret as bytes, which all Pods that mount it share. */
function valuesOf(object: KubeObject, kind: "configmap" | "secret"): ReadonlyMap<string, Uint8Array> {
  const known = values.get(object);
  if (known !== undefined) return known;
  const all = new Map<string, Uint8Array>();
  const add = (values: unknown, bytes: (value: string) => Uint8Array) => {
    for (const [key, value] of Object.entries((values ?? {}) as Record<string, string>)) all.set(key, bytes(value));
  };
  const decoded = (value: string) => decodeBase64(value) ?? new Uint8Array(0);
  add(object["data"], kind === "secret" ? decoded : encode);
  if (kind === "configmap") add(object["binaryData"], decoded);
  values.set(object, all);
  return all;
}

/** Objects are frozen, and bytes of files are never changed in place. */
const values = new WeakMap<KubeObject, ReadonlyMap<string, Uint8Array>>();

function tokenFile({ text, content }: Token): Projected {
  return { bytes: () => encode(text()), mode: 0o644, content };
}

function pick(
  all: ReadonlyMap<string, Uint8Array>,
  items: KeyToPath[] | undefined,
  optional: boolean | undefined,
  files: Map<string, Projected>,
): void {
  if (items === undefined || items.length === 0) {
    for (const [key, bytes] of all) files.set(key, { bytes, mode: 0 });
    return;
  }
  for (const { key, path, mode } of items) {
    const bytes = all.get(key);
    if (bytes !== undefined) files.set(path, { bytes, mode: mode ?? 0 });
    else if (!optional) throw new MountError(`configmap references non-existent config key: ${key}`);
  }
}

function uniqueName(pod: Pod, volume: VolumeSpec): string {
  const plugin = volume.hostPath
    ? "host-path"
    : volume.emptyDir
      ? "empty-dir"
      : volume.configMap
        ? "configmap"
        : volume.secret
          ? "secret"
          : volume.downwardAPI
            ? "downward-api"
            : "projected";
  return `kubernetes.io/${plugin}/${pod.metadata.uid}-${volume.name}`;
}

/** pkg/volume/util/atomic_writer.go: a dated directory, `..data` leading to it, and a link for every name. */
function writeAtomically(
  ctx: KubeletContext,
  dir: DirNode,
  files: ReadonlyMap<string, Projected>,
  mode: number,
  dirMode: number,
): void {
  const { machine, kernel } = ctx;
  const entries = entriesOf(dir);
  const before = currentDir(dir);
  if (before !== undefined && sameFiles(before, files)) return;
  dir.mode = dirMode;
  const digits = formatTime(kernel.wallMs).replace(/[-T:]/g, "_").slice(0, 19);
  const name = `..${digits}.${ctx.random.int(100_000_000, 999_999_999)}${kernel.now % SECOND === 0 ? "0" : ""}`;
  const dated = ensureDir(machine, name, 0o755, dir);
  for (const [path, file] of files) {
    const slash = path.lastIndexOf("/");
    const parent = slash < 0 ? dated : ensureDir(machine, path.slice(0, slash), 0o755, dated);
    const content = file.content?.untouched ? file.content : bytesOf(file);
    putFile(machine, parent, path.slice(slash + 1), content, file.mode || mode);
  }
  const old = entries.get("..data");
  putLink(machine, dir, "..data", name);
  if (old?.kind === "symlink") removeEntry(machine, dir, old.target);
  const tops = new Set([...files.keys()].map((path) => path.split("/")[0]!));
  for (const top of tops) if (!entries.has(top)) putLink(machine, dir, top, `..data/${top}`);
  for (const existing of [...entries.keys()]) {
    if (!existing.startsWith("..") && !tops.has(existing)) removeEntry(machine, dir, existing);
  }
}

function currentDir(dir: DirNode): DirNode | undefined {
  const link = entriesOf(dir).get("..data");
  const found = link?.kind === "symlink" ? entriesOf(dir).get(link.target) : undefined;
  return found?.kind === "dir" ? found : undefined;
}

function sameFiles(dir: DirNode, files: ReadonlyMap<string, Projected>): boolean {
  const flat = new Map<string, Content>();
  const walk = (from: DirNode, prefix: string): void => {
    for (const [name, node] of entriesOf(from)) {
      if (node.kind === "dir") walk(node, `${prefix}${name}/`);
      else if (node.kind === "file") flat.set(prefix + name, node.content);
    }
  };
  walk(dir, "");
  if (flat.size !== files.size) return false;
  for (const [path, file] of files) {
    const there = flat.get(path);
    if (there === undefined) return false;
    // A token nobody has read is told by its identity, without being made.
    if (file.content?.untouched) {
      if (there !== file.content) return false;
      continue;
    }
    const have = there.bytes();
    const want = bytesOf(file);
    if (have !== want && (have.length !== want.length || have.some((byte, i) => byte !== want[i]))) return false;
  }
  return true;
}
