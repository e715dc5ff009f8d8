import type { Change } from "../chronicle.ts";
import type { Cluster } from "../cluster.ts";
import { podItem } from "./items.ts";
import { ClusterMap } from "./map.ts";

/**
 * What somebody may wait for: `event`, anything that is written but heartbeats; `change`, a Pod, node or Service that
 * looks different on the map; `settled`, that no Pod is on its way any more.
 */
export type WaitFor = "event" | "change" | "settled";

const NODES = "/registry/minions/";
const EVENTS = "/registry/events/";
/** States of Pods that are on their way to another. */
const UNSETTLED: ReadonlySet<string> = new Set(["pending", "unready", "terminating"]);

/** Watches clusters until what somebody waits for has come. It only reads. */
export class Waiting {
  private readonly what: WaitFor;
  private readonly clusters: readonly Cluster[];
  private readonly maps: readonly ClusterMap[];
  private noted = false;
  private written = false;
  private readonly hear = ({ key, object }: Change) => {
    // A node's own heartbeat is in its status; whether more of it changed, its looks tell.
    if (key.startsWith(NODES)) return;
    // Events go by themselves an hour after they came.
    if (object !== undefined || !key.startsWith(EVENTS)) this.written = true;
  };

  constructor(clusters: Iterable<Cluster>, what: WaitFor) {
    this.what = what;
    this.clusters = [...clusters];
    this.maps = this.clusters.map((cluster) => {
      const map = new ClusterMap(cluster, () => {
        this.noted = true;
      });
      map.all();
      if (what === "event") cluster.chronicle.listeners.add(this.hear);
      return map;
    });
    // It may be so already.
    this.noted = what === "settled";
  }

  /** Whether it has come; cheap as long as nothing is written. */
  reached(): boolean {
    if (this.written) return true;
    if (!this.noted) return false;
    this.noted = false;
    const looks = this.maps.filter((map) => map.update() !== undefined);
    return this.what === "settled" ? this.settled() : looks.length > 0;
  }

  stop(): void {
    for (const map of this.maps) map.stop();
    for (const { chronicle } of this.clusters) chronicle.listeners.delete(this.hear);
  }

  private settled(): boolean {
    return this.clusters.every((cluster) =>
      cluster.objects("", "pods").every((pod) => !UNSETTLED.has(podItem(pod, () => undefined).state)),
    );
  }
}
