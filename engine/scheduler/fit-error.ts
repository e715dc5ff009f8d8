import type { Rejection } from "./framework.ts";

/** Why no node does, in upstream's words (pkg/scheduler/framework/types.go FitError). */
export class FitError {
  readonly rejections = new Map<string, Rejection & { plugin: string }>();
  /** Nodes that were never looked at, because a plugin named others. */
  absent: (Rejection & { plugin: string }) | undefined;
  preFilterMessage = "";
  postFilterMessage = "";
  readonly plugins = new Set<string>();
  readonly allNodes: number;

  constructor(allNodes: number) {
    this.allNodes = allNodes;
  }

  reject(node: string, plugin: string, rejection: Rejection): void {
    this.rejections.set(node, { ...rejection, plugin });
    this.plugins.add(plugin);
  }

  get message(): string {
    let message = `0/${this.allNodes} nodes are available:`;
    if (this.preFilterMessage !== "") message += ` ${this.preFilterMessage}.`;
    else {
      const histogram = this.histogram();
      if (histogram.length > 0) message += ` ${histogram.join(", ")}.`;
    }
    if (this.postFilterMessage !== "") message += ` ${this.postFilterMessage}`;
    return message;
  }

  /** `3 node(s) were unschedulable`, sorted as texts. */
  private histogram(): string[] {
    const counts = new Map<string, number>();
    const count = (reasons: readonly string[], by: number) => {
      for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + by);
    };
    for (const rejection of this.rejections.values()) count(rejection.reasons, 1);
    const rest = this.allNodes - this.rejections.size;
    if (this.absent && rest > 0) count(this.absent.reasons, rest);
    return [...counts].map(([reason, n]) => `${n} ${reason}`).sort();
  }
}
