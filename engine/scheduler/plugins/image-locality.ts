import type { KubeObject } from "../../api/types.ts";
import { MAX_NODE_SCORE, type Plugin } from "../framework.ts";

/** Bytes below which images on a node earn nothing, and per container above which they earn no more. */
const MIN = 23 * 1024 * 1024;
const MAX_PER_CONTAINER = 1000 * 1024 * 1024;

/** An image without tag or digest means `:latest`. */
function normalizedName(image: string): string {
  return image.lastIndexOf(":") <= image.lastIndexOf("/") ? `${image}:latest` : image;
}

/** Nodes that hold the Pod's images are better, the more so the more nodes hold them (plugins/imagelocality). */
export const imageLocality: Plugin = {
  name: "ImageLocality",
  score: (cycle, node) => {
    const containers: KubeObject[] = [...(cycle.pod.spec.initContainers ?? []), ...cycle.pod.spec.containers];
    const nodes = cycle.view.nodes();
    let sum = 0;
    for (const container of containers) {
      const image = normalizedName(container["image"] ?? "");
      const size = node.images.get(image);
      if (size === undefined) continue;
      const holders = cycle.once(`ImageLocality ${image}`, () => nodes.filter((n) => n.images.has(image)).length);
      sum += Math.floor(size * (holders / nodes.length));
    }
    const max = MAX_PER_CONTAINER * containers.length;
    const bounded = Math.min(Math.max(sum, MIN), max);
    return Math.floor((MAX_NODE_SCORE * (bounded - MIN)) / (max - MIN));
  },
};
