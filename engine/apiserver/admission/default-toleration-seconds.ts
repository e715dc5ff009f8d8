import type { AdmissionPlugin } from "./admission.ts";
import { isResource } from "./refuse.ts";

const SECONDS = 300;
const TAINTS = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] as const;

interface Toleration {
  key?: string;
  operator?: string;
  effect?: string;
}

/** Pods stay five minutes on a node that is lost (plugin/pkg/admission/defaulttolerationseconds). */
export const defaultTolerationSeconds: AdmissionPlugin = {
  name: "DefaultTolerationSeconds",
  mutate(attributes) {
    if (!isResource(attributes, "", "pods") || !["CREATE", "UPDATE"].includes(attributes.operation)) return;
    const { spec } = attributes.object;
    const tolerations: Toleration[] = spec.tolerations ?? [];
    for (const key of TAINTS) {
      if (tolerations.some((one) => tolerates(one, key))) continue;
      tolerations.push({ key, operator: "Exists", effect: "NoExecute", tolerationSeconds: SECONDS } as Toleration);
    }
    spec.tolerations = tolerations;
  },
};

function tolerates(toleration: Toleration, key: string): boolean {
  if (toleration.effect && toleration.effect !== "NoExecute") return false;
  return !toleration.key || toleration.key === key;
}
