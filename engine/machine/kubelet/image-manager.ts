import { goDuration } from "../../api/go-time.ts";
import { type Image, ImageReferenceError, parseReference } from "../../images/index.ts";
import { type Gen, WaitQueue, wait } from "../../kernel/index.ts";
import { CriError } from "../runtime/index.ts";
import { BackOff } from "./backoff.ts";
import { type KubeletContext, SyncCancelled, SyncError } from "./context.ts";
import { type ContainerSpec, fieldPath, type Pod } from "./types.ts";

interface Pull {
  name: string;
  queuedAt: number;
  startedAt: number;
  image: Image | undefined;
  error: CriError | undefined;
  done: boolean;
  readonly ended: WaitQueue;
}

/** Sees to it that a container's image is on the node (pkg/kubelet/images/image_manager.go). Pulls one at a time. */
export class ImageManager {
  private readonly ctx: KubeletContext;
  private readonly backOff = new BackOff();
  private readonly lastErrors = new Map<string, string>();
  private readonly queue: Pull[] = [];
  private readonly times = new Map<string, [number, number]>();
  private pulling = false;

  constructor(ctx: KubeletContext) {
    this.ctx = ctx;
  }

  /** Throws SyncError: InvalidImageName, ErrImageNeverPull, ImagePullBackOff, ErrImagePull. `cancelled` ends the wait. */
  *ensure(pod: Pod, container: ContainerSpec, cancelled: () => boolean): Gen<Image> {
    const { recorder, runtime, kernel } = this.ctx;
    const name = container.image;
    const tell = (type: "Normal" | "Warning", reason: string, message: string): void =>
      recorder.event(pod, type, reason, message, fieldPath(pod, container.name));
    let full: string;
    try {
      parseReference(name);
      full = name.includes("@") || /:[^/]*$/.test(name) ? name : `${name}:latest`;
    } catch (error) {
      if (!(error instanceof ImageReferenceError)) throw error;
      const message = `Failed to apply default image tag "${name}": couldn't parse image name "${name}": ${error.message}`;
      tell("Warning", "InspectFailed", message);
      throw new SyncError("InvalidImageName", message);
    }
    const present = runtime.images.find(full);
    const policy = container.imagePullPolicy ?? "IfNotPresent";
    if (policy === "Never" || (policy === "IfNotPresent" && present)) {
      if (present) {
        tell("Normal", "Pulled", `Container image "${name}" already present on machine`);
        return present;
      }
      const message = `Container image "${name}" is not present with pull policy of Never`;
      tell("Warning", "ErrImageNeverPull", message);
      throw new SyncError("ErrImageNeverPull", message);
    }
    const key = `${pod.metadata.uid}_${full}`;
    if (this.backOff.waits(key, kernel.now)) {
      const message = `Back-off pulling image "${name}"`;
      tell("Normal", "BackOff", message);
      const before = this.lastErrors.get(key);
      throw new SyncError("ImagePullBackOff", before === undefined ? message : `${message}: ${before}`);
    }
    tell("Normal", "Pulling", `Pulling image "${name}"`);
    const pull = yield* this.pull(full, cancelled);
    if (pull.image === undefined) {
      const error = pull.error!;
      // The client strips the code where it says nothing (cri-client remote_image.go).
      const words = error.code === "Unknown" ? error.message : error.rpc;
      tell("Warning", "Failed", `Failed to pull image "${name}": ${words}`);
      this.backOff.next(key, kernel.now, kernel.now);
      this.lastErrors.set(key, `ErrImagePull: ${words}`);
      throw new SyncError("ErrImagePull", words);
    }
    this.lastErrors.delete(key);
    const before = this.times.get(pod.metadata.uid);
    this.times.set(pod.metadata.uid, [before?.[0] ?? pull.queuedAt, kernel.now]);
    const took = goDuration(kernel.now - pull.startedAt);
    const all = goDuration(kernel.now - pull.queuedAt);
    tell(
      "Normal",
      "Pulled",
      `Successfully pulled image "${name}" in ${took} (${all} including waiting). Image size: ${pull.image.sizeBytes} bytes.`,
    );
    return pull.image;
  }

  /** When a Pod's first pull began and its last one ended, in µs. */
  pullTimes(uid: string): readonly [number | undefined, number | undefined] {
    return this.times.get(uid) ?? [undefined, undefined];
  }

  forget(uid: string): void {
    this.times.delete(uid);
    this.backOff.forget(`${uid}_`);
    for (const key of this.lastErrors.keys()) if (key.startsWith(`${uid}_`)) this.lastErrors.delete(key);
  }

  private *pull(name: string, cancelled: () => boolean): Gen<Pull> {
    const { kernel } = this.ctx;
    const pull: Pull = {
      name,
      queuedAt: kernel.now,
      startedAt: 0,
      image: undefined,
      error: undefined,
      done: false,
      ended: new WaitQueue(),
    };
    this.queue.push(pull);
    if (!this.pulling) {
      this.pulling = true;
      this.ctx.spawn(`image pull ${this.ctx.nodeName}`, this.work());
    }
    while (!pull.done) {
      yield* wait(pull.ended);
      if (cancelled()) {
        const at = this.queue.indexOf(pull);
        if (at > 0) this.queue.splice(at, 1);
        throw new SyncCancelled();
      }
    }
    return pull;
  }

  /** Works through the queue: serializeImagePulls. */
  private *work(): Gen {
    try {
      for (let pull = this.queue[0]; pull !== undefined; pull = this.queue[0]) {
        pull.startedAt = this.ctx.kernel.now;
        try {
          pull.image = yield* this.ctx.runtime.pullImage(pull.name);
        } catch (error) {
          if (!(error instanceof CriError)) throw error;
          this.ctx.log("E", "log.go:32", "PullImage from image service failed", { err: error.rpc, image: pull.name });
          pull.error = error;
        }
        this.queue.splice(this.queue.indexOf(pull), 1);
        pull.done = true;
        pull.ended.wakeAll();
      }
    } finally {
      this.pulling = false;
    }
  }
}
