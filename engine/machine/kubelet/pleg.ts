import type { Sandbox } from "../runtime/index.ts";
import type { KubeletContext } from "./context.ts";
import { KUBELET } from "./durations.ts";
import { runtimePod } from "./runtime-view.ts";
import { podKey } from "./types.ts";

/**
 * The generic PLEG: what the runtime changed is seen at the next full second and told to the Pods' workers
 * (pkg/kubelet/pleg/generic.go). Nothing wakes while nothing changes.
 */
export class Pleg {
  private readonly ctx: KubeletContext;
  private readonly startedAt: number;
  private readonly changed = new Set<string>();
  /** State of every container and sandbox as last told. */
  private readonly states = new Map<string, string>();
  private planned = false;
  private readonly listener = (sandbox: Sandbox): void => this.note(sandbox.config.metadata.uid);

  constructor(ctx: KubeletContext) {
    this.ctx = ctx;
    this.startedAt = ctx.kernel.now;
  }

  start(): void {
    this.ctx.runtime.listeners.add(this.listener);
    for (const sandbox of this.ctx.runtime.sandboxes.values()) this.note(sandbox.config.metadata.uid);
  }

  stop(): void {
    this.ctx.runtime.listeners.delete(this.listener);
  }

  private note(uid: string): void {
    this.changed.add(uid);
    if (this.planned) return;
    this.planned = true;
    const { kernel } = this.ctx;
    const period = KUBELET.plegPeriod;
    const delay = period - ((kernel.now - this.startedAt) % period);
    this.ctx.after(delay, `pleg ${this.ctx.nodeName}`, () => this.relist());
  }

  private relist(): void {
    this.planned = false;
    const uids = [...this.changed];
    this.changed.clear();
    for (const uid of uids) {
      const events = this.compare(uid);
      if (events.length === 0) continue;
      const pod = this.ctx.pod(uid);
      for (const [type, id] of events) {
        if (pod === undefined) continue;
        this.ctx.log(
          "I",
          "kubelet.go:2505",
          "SyncLoop (PLEG): event for pod",
          { pod: podKey(pod), event: { ID: uid, Type: type, Data: id } },
          2,
        );
      }
      this.ctx.touch(uid);
    }
  }

  private compare(uid: string): [string, string][] {
    const out: [string, string][] = [];
    const view = runtimePod(this.ctx.runtime, uid);
    const seen = new Set<string>();
    const look = (id: string, state: string): void => {
      seen.add(id);
      const before = this.states.get(id);
      if (before === state) return;
      this.states.set(id, state);
      if (state === "running") out.push(["ContainerStarted", id]);
      else if (state === "exited") {
        if (before === undefined) out.push(["ContainerStarted", id]);
        out.push(["ContainerDied", id]);
      }
    };
    for (const container of view.containers) look(container.id, container.state);
    for (const sandbox of view.sandboxes) look(sandbox.id, sandbox.state === "ready" ? "running" : "exited");
    this.owned.set(uid, seen);
    return out;
  }

  private readonly owned = new Map<string, Set<string>>();

  /** A Pod is gone: its states need not be kept. */
  forget(uid: string): void {
    for (const id of this.owned.get(uid) ?? []) this.states.delete(id);
    this.owned.delete(uid);
    this.changed.delete(uid);
  }
}
