import { column, doc } from "../columns.ts";
import type { Column } from "../kind.ts";

/** Columns that workloads share. */
export const CONTAINERS = column("Containers", "string", "Names of each container in the template.", { wide: true });
export const IMAGES = column("Images", "string", "Images referenced by each container in the template.", {
  wide: true,
});
export const READY = column("Ready", "string", "Number of the pod with ready state");
export const SELECTOR = (ref: string): Column => column("Selector", "string", doc(ref), { wide: true });
