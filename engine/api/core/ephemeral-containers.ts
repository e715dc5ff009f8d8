import type { Draft } from "../kind.ts";
import type { StatusCause } from "../status.ts";
import type { KubeObject } from "../types.ts";
import { forbidden } from "../validation/field.ts";
import { validateMetaUpdate } from "../validation/meta.ts";
import { semanticEqual } from "../validation/value.ts";
import { goDiff } from "./go-diff.ts";
import { validatePod } from "./pod-validation.ts";

const PATH = "spec.ephemeralContainers";

/** `/ephemeralcontainers` changes that list alone (pkg/registry/core/pod/strategy.go podEphemeralContainersStrategy). */
export function prepareEphemeralContainers(draft: Draft, old: KubeObject): void {
  const list = draft.spec?.ephemeralContainers;
  for (const field of Object.keys(draft)) if (!(field in old)) delete draft[field];
  for (const field of Object.keys(old)) if (field !== "metadata") draft[field] = old[field];
  const { ephemeralContainers: _, ...spec } = old["spec"];
  draft.spec = list === undefined ? spec : { ...spec, ephemeralContainers: list };
  draft.metadata = { ...old.metadata };
}

/** New ones may come, those that are there stay as they are (ValidatePodEphemeralContainersUpdate). */
export function validateEphemeralContainers(pod: KubeObject, old: KubeObject): StatusCause[] {
  const list: readonly Draft[] = pod["spec"].ephemeralContainers ?? [];
  const causes = [...validateMetaUpdate(pod, old), ...validatePod(pod)];
  for (const before of (old["spec"].ephemeralContainers ?? []) as Draft[]) {
    const now = list.find(({ name }) => name === before.name);
    if (now === undefined) {
      causes.push(forbidden(PATH, `existing ephemeral containers ${JSON.stringify(before.name)} may not be removed\n`));
    } else if (!semanticEqual(now, before)) {
      const changes = goDiff("EphemeralContainer", before, now);
      const why = `existing ephemeral containers ${JSON.stringify(before.name)} may not be changed\n${changes}`;
      causes.push(forbidden(PATH, why));
    }
  }
  return causes;
}
