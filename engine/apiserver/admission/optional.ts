import type { Draft } from "../../api/kind.ts";
import { isStatus } from "../../api/status.ts";
import type { Gen } from "../../kernel/index.ts";
import { forbidden } from "../errors.ts";
import { fillMeta, inOrder } from "../objectmeta.ts";
import type { Registry } from "../registry.ts";
import { insert } from "../store.ts";
import type { AdmissionPlugin, Attributes } from "./admission.ts";
import { isResource, refuse } from "./refuse.ts";

/** Plugins that are off unless `--enable-admission-plugins` names them. */

/** Whoever may start a Pod must be able to pull its images (plugin/pkg/admission/alwayspullimages). */
export const alwaysPullImages: AdmissionPlugin = {
  name: "AlwaysPullImages",
  mutate(attributes) {
    if (!isWritten(attributes, "pods")) return;
    const { spec } = attributes.object;
    const old = attributes.old?.["spec"];
    for (const list of ["initContainers", "containers", "ephemeralContainers"]) {
      const known = new Set((old?.[list] ?? []).map(({ image }: Draft) => image));
      for (const container of spec[list] ?? []) {
        if (!known.has(container.image)) container.imagePullPolicy = "Always";
      }
    }
  },
};

/** Makes namespaces that are missing (plugin/pkg/admission/namespace/autoprovision). */
export const namespaceAutoProvision: AdmissionPlugin = {
  name: "NamespaceAutoProvision",
  mutate({ context, def, operation, namespace, dryRun }) {
    if (operation !== "CREATE" || dryRun || namespace === "" || def.resource.group === "authorization.k8s.io") return;
    if (context.registry.cacheOf("", "v1", "namespaces")?.get("", namespace) !== undefined) return;
    return provide(context.registry, namespace);
  },
};

function* provide(registry: Registry, name: string): Gen {
  const def = registry.kind("", "v1", "namespaces");
  if (def === undefined) return;
  const draft: Draft = { apiVersion: "v1", kind: "Namespace", metadata: { name }, spec: {}, status: {} };
  def.defaults?.(draft);
  fillMeta(registry.kernel, def, draft, "");
  def.prepareForCreate?.(draft);
  try {
    yield* insert(registry, def, inOrder(draft));
  } catch (error) {
    if (!isStatus(error, "AlreadyExists")) throw error;
  }
}

const NODE_SELECTOR = "scheduler.alpha.kubernetes.io/node-selector";

/** Pods go where their namespace's annotation says (plugin/pkg/admission/podnodeselector). */
export const podNodeSelector: AdmissionPlugin = {
  name: "PodNodeSelector",
  mutate(attributes) {
    if (attributes.operation !== "CREATE" || !isResource(attributes, "", "pods")) return;
    const { context, namespace, object } = attributes;
    const found = context.registry.cacheOf("", "v1", "namespaces")?.get("", namespace);
    const text = found?.metadata.annotations?.[NODE_SELECTOR];
    if (!text) return;
    const own: Record<string, string> = object.spec.nodeSelector ?? {};
    const wanted: Record<string, string> = {};
    for (const pair of text.split(",")) {
      const [key = "", value] = pair.split("=");
      if (value === undefined) throw refuse(attributes, `cannot parse selector: ${text}`);
      wanted[key.trim()] = value.trim();
    }
    if (Object.entries(wanted).some(([key, value]) => own[key] !== undefined && own[key] !== value)) {
      throw refuse(attributes, "pod node label selector conflicts with its namespace node label selector");
    }
    object.spec.nodeSelector = { ...wanted, ...own };
  },
};

/** Pods that ask for an extended resource tolerate the taint of its name (plugin/pkg/admission/extendedresourcetoleration). */
export const extendedResourceToleration: AdmissionPlugin = {
  name: "ExtendedResourceToleration",
  mutate(attributes) {
    if (!isWritten(attributes, "pods")) return;
    const { spec } = attributes.object;
    const names = new Set<string>();
    for (const { resources } of [...spec.containers, ...(spec.initContainers ?? [])]) {
      for (const name of Object.keys(resources?.requests ?? {})) if (isExtended(name)) names.add(name);
    }
    const tolerations: Draft[] = spec.tolerations ?? [];
    for (const key of [...names].sort()) {
      const same = (one: Draft) => one.key === key && one.operator === "Exists" && one.effect === "NoSchedule";
      if (!tolerations.some(same)) tolerations.push({ key, operator: "Exists", effect: "NoSchedule" });
    }
    if (names.size > 0) spec.tolerations = tolerations;
  },
};

function isExtended(name: string): boolean {
  if (!name.includes("/") || name.startsWith("requests.")) return false;
  const domain = name.slice(0, name.indexOf("/"));
  return domain !== "kubernetes.io" && !domain.endsWith(".kubernetes.io");
}

/** Services may not take addresses that the cluster does not give (plugin/pkg/admission/denyserviceexternalips). */
export const denyServiceExternalIPs: AdmissionPlugin = {
  name: "DenyServiceExternalIPs",
  validate(attributes) {
    if (!isWritten(attributes, "services")) return;
    const known: string[] = attributes.old?.["spec"]?.externalIPs ?? [];
    const taken: string[] = attributes.object.spec.externalIPs ?? [];
    if (taken.some((ip) => !known.includes(ip))) {
      throw refuse(attributes, "Use of external IPs is denied by admission control");
    }
  },
};

/** Refuses everything (apiserver plugin/pkg/admission/deny). */
export const alwaysDeny: AdmissionPlugin = {
  name: "AlwaysDeny",
  validate({ def, name, object }) {
    const { group, resource } = def.resource;
    throw forbidden(
      group,
      resource,
      name || object?.metadata?.name || "",
      "admission control is denying all modifications",
    );
  },
};

function isWritten(attributes: Attributes, resource: string): boolean {
  const { operation } = attributes;
  return (operation === "CREATE" || operation === "UPDATE") && isResource(attributes, "", resource);
}
