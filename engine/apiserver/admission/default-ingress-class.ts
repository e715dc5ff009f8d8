import type { AdmissionPlugin } from "./admission.ts";
import { isResource } from "./refuse.ts";

const IS_DEFAULT = "ingressclass.kubernetes.io/is-default-class";
const OLD_ANNOTATION = "kubernetes.io/ingress.class";

/** Ingresses that name no class get the default one, of several the newest (plugin/pkg/admission/network/defaultingressclass). */
export const defaultIngressClass: AdmissionPlugin = {
  name: "DefaultIngressClass",
  mutate(attributes) {
    if (attributes.operation !== "CREATE" || !isResource(attributes, "networking.k8s.io", "ingresses")) return;
    const { metadata, spec } = attributes.object;
    if (!spec || spec.ingressClassName !== undefined || metadata.annotations?.[OLD_ANNOTATION] !== undefined) return;
    const all = attributes.context.registry.cacheOf("networking.k8s.io", "v1", "ingressclasses")?.everything() ?? [];
    const defaults = all.filter((one) => one.metadata.annotations?.[IS_DEFAULT] === "true");
    if (defaults.length === 0) return;
    const [first] = defaults.sort((a, b) => {
      const [x, y] = [a.metadata, b.metadata];
      if (x.creationTimestamp !== y.creationTimestamp) return x.creationTimestamp > y.creationTimestamp ? -1 : 1;
      return x.name < y.name ? -1 : 1;
    });
    spec.ingressClassName = first!.metadata.name;
  },
};
