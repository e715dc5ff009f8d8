import type { Draft } from "../kind.ts";
import type { StatusCause } from "../status.ts";
import type { KubeObject } from "../types.ts";
import { duplicate, forbidden, invalid, notFoundValue } from "../validation/field.ts";
import { validateMetaUpdate } from "../validation/meta.ts";
import { semanticEqual } from "../validation/value.ts";
import { validateCommon } from "./container-validation.ts";
import { UNTRIMMED, validatePod } from "./pod-validation.ts";
import { validateVolumes } from "./volume-validation.ts";

const UNFIT = "cannot be set for an Ephemeral Container";
const PATH = "spec.ephemeralContainers";
/** What an ephemeral container may not have (pkg/apis/core/validation allowedEphemeralContainerFields). */
const FORBIDDEN = [
  "ports",
  "resources",
  "resizePolicy",
  "restartPolicy",
  "livenessProbe",
  "readinessProbe",
  "startupProbe",
  "lifecycle",
];

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
  const { containers = [], initContainers = [], volumes = [] } = pod["spec"];
  const others = new Set<string>([...containers, ...initContainers].map((one: Draft) => one.name));
  const names = new Set(others);
  const mountable = validateVolumes(volumes, "spec.volumes").good;
  for (const [i, container] of list.entries()) {
    const path = `${PATH}[${i}]`;
    const { name, image = "", targetContainerName } = container;
    causes.push(...validateCommon(container, mountable, path));
    if (image !== image.trim()) causes.push(invalid(`${path}.image`, image, UNTRIMMED));
    if (names.has(name)) causes.push(duplicate(`${path}.name`, name));
    names.add(name);
    if (targetContainerName && !others.has(targetContainerName)) {
      causes.push(notFoundValue(`${path}.targetContainerName`, targetContainerName));
    }
    for (const field of FORBIDDEN) {
      const value = container[field];
      const empty = value === undefined || (typeof value === "object" && Object.keys(value).length === 0);
      if (!empty) causes.push(forbidden(`${path}.${field}`, UNFIT));
    }
    for (const [j, mount] of (container.volumeMounts ?? []).entries()) {
      for (const field of ["subPath", "subPathExpr"]) {
        if (mount[field]) causes.push(forbidden(`${path}.volumeMounts[${j}].${field}`, UNFIT));
      }
    }
  }
  for (const before of (old["spec"].ephemeralContainers ?? []) as Draft[]) {
    const now = list.find(({ name }) => name === before.name);
    if (now === undefined) {
      causes.push(forbidden(PATH, `existing ephemeral containers ${JSON.stringify(before.name)} may not be removed\n`));
    } else if (!semanticEqual(now, before)) {
      causes.push(forbidden(PATH, `existing ephemeral containers ${JSON.stringify(before.name)} may not be changed\n`));
    }
  }
  return causes;
}
