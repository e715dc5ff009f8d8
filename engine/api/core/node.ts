import { AGE, age, column, doc, NAME } from "../columns.ts";
import { define } from "../define.ts";
import type { Draft } from "../kind.ts";
import type { StatusCause } from "../status.ts";
import type { KubeObject } from "../types.ts";
import { duplicate, forbidden, internalError, invalid } from "../validation/field.ts";
import { CIDR, isCidr } from "../validation/names.ts";
import { validateTaints } from "./placement-validation.ts";

const INFO = "io.k8s.api.core.v1.NodeSystemInfo";
const ADDRESSES = "io.k8s.api.core.v1.NodeStatus#addresses";
const ROLE_PREFIX = "node-role.kubernetes.io/";

/** `Ready`, `NotReady,SchedulingDisabled`, `Unknown`. */
function statusCell(node: KubeObject): string {
  const words: string[] = [];
  const ready = node.status?.conditions?.find((c: { type: string }) => c.type === "Ready");
  if (ready) words.push(ready.status === "True" ? "Ready" : "NotReady");
  else words.push("Unknown");
  if (node.spec?.unschedulable) words.push("SchedulingDisabled");
  return words.join(",");
}

function roles(node: KubeObject): string {
  const found = new Set<string>();
  for (const [key, value] of Object.entries(node.metadata.labels ?? {})) {
    if (key.startsWith(ROLE_PREFIX) && key.length > ROLE_PREFIX.length) found.add(key.slice(ROLE_PREFIX.length));
    else if (key === "kubernetes.io/role" && value !== "") found.add(value);
  }
  return found.size === 0 ? "<none>" : [...found].sort().join(",");
}

function address(node: KubeObject, type: string): string {
  return node.status?.addresses?.find((a: { type: string }) => a.type === type)?.address ?? "<none>";
}

/** Ranges for Pods, one for each IP family at most (ValidateNode). */
function validatePodCidrs(ranges: readonly string[]): StatusCause[] {
  const at = "spec.podCIDRs";
  const causes = ranges.flatMap((range, i) => (isCidr(range) ? [] : [invalid(`${at}[${i}]`, range, CIDR)]));
  if (ranges.length < 2) return causes;
  const bad = ranges.findIndex((range) => !isCidr(range));
  if (bad >= 0) {
    const why = `invalid CIDR[${bad}]: <nil> (invalid CIDR address: ${ranges[bad]})`;
    causes.push(internalError(at, `invalid PodCIDRs. failed to check with dual stack with error:${why}`));
  }
  const families = new Set(ranges.filter(isCidr).map((range) => range.includes(":")));
  if (ranges.length > 2 || families.size < 2) {
    causes.push(invalid(at, ranges, "may specify no more than one CIDR for each IP family"));
  }
  ranges.forEach((range, i) => {
    if (i > 0 && ranges.indexOf(range) < i) causes.push(duplicate(`${at}[${i}]`, range));
  });
  return causes;
}

/** ValidateNodeUpdate: what is set once, by the kubelet or the controllers. */
function validateNodeUpdate(object: KubeObject, old: KubeObject): StatusCause[] {
  const [spec, before]: Draft[] = [object["spec"] ?? {}, old["spec"] ?? {}];
  const causes: StatusCause[] = [];
  const cidrs: readonly string[] = before.podCIDRs ?? [];
  const now: readonly string[] = spec.podCIDRs ?? [];
  const changed = now.length !== cidrs.length ? 1 : cidrs.filter((cidr, i) => cidr !== now[i]).length;
  for (let i = 0; cidrs.length > 0 && i < changed; i++) {
    causes.push(forbidden("spec.podCIDRs", 'node updates may not change podCIDR except from "" to valid'));
  }
  if (before.providerID && spec.providerID !== before.providerID) {
    causes.push(forbidden("spec.providerID", 'node updates may not change providerID except from "" to valid'));
  }
  if ((spec.externalID ?? "") !== (before.externalID ?? "")) {
    causes.push(forbidden("spec.externalID", "may not be updated"));
  }
  return causes;
}

export const node = define({
  group: "",
  version: "v1",
  kind: "Node",
  plural: "nodes",
  namespaced: false,
  defaults: (draft) => {
    // One range and the list of them say the same; where a kubelet's settings come from is asked no longer.
    const { spec } = draft;
    if (spec?.podCIDR && !spec.podCIDRs) spec.podCIDRs = [spec.podCIDR];
    if (spec?.podCIDRs?.length > 0 && !spec.podCIDR) spec.podCIDR = spec.podCIDRs[0];
    if (spec) delete spec.configSource;
    if (draft.status?.capacity && !draft.status.allocatable) draft.status.allocatable = { ...draft.status.capacity };
  },
  validateBody: (object) => [
    ...validateTaints(object["spec"]?.taints ?? [], "metadata.taints"),
    ...validatePodCidrs(object["spec"]?.podCIDRs ?? []),
  ],
  validateBodyUpdate: validateNodeUpdate,
  // A kubelet registers its Node together with the status.
  prepareForCreate: () => {},
  shortNames: ["no"],
  etcdPrefix: "minions",
  status: true,
  subresources: [
    {
      name: "proxy",
      kind: "NodeProxyOptions",
      group: "",
      version: "v1",
      verbs: ["create", "delete", "get", "patch", "update"],
    },
  ],
  fields: (object) => ({ "spec.unschedulable": object.spec?.unschedulable ? "true" : "false" }),
  columns: [
    NAME,
    column("Status", "string", "The status of the node"),
    column("Roles", "string", "The roles of the node"),
    AGE,
    column("Version", "string", doc(`${INFO}#kubeletVersion`)),
    column("Internal-IP", "string", doc(ADDRESSES), { wide: true }),
    column("External-IP", "string", doc(ADDRESSES), { wide: true }),
    column("OS-Image", "string", doc(`${INFO}#osImage`), { wide: true }),
    column("Kernel-Version", "string", doc(`${INFO}#kernelVersion`), { wide: true }),
    column("Container-Runtime", "string", doc(`${INFO}#containerRuntimeVersion`), { wide: true }),
  ],
  cells: (object, nowMs) => {
    const info = object.status?.nodeInfo ?? {};
    return [
      object.metadata.name,
      statusCell(object),
      roles(object),
      age(object, nowMs),
      info.kubeletVersion ?? "",
      address(object, "InternalIP"),
      address(object, "ExternalIP"),
      info.osImage || "<unknown>",
      info.kernelVersion || "<unknown>",
      info.containerRuntimeVersion || "<unknown>",
    ];
  },
});
