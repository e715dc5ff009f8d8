import type { Draft } from "../kind.ts";
import type { StatusCause } from "../status.ts";
import { duplicate, forbidden, invalid, notFoundValue } from "../validation/field.ts";
import { UNTRIMMED, validateCommon } from "./container-validation.ts";
import type { Volumes } from "./mount-validation.ts";

const UNFIT = "cannot be set for an Ephemeral Container";
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

/** Those of a spec (validateEphemeralContainers). `volumes`: what may be mounted. */
export function validateEphemeral(spec: Draft, volumes: Volumes, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const others = new Set<string>(
    [...(spec.containers ?? []), ...(spec.initContainers ?? [])].map((one: Draft) => one.name),
  );
  const names = new Set(others);
  ((spec.ephemeralContainers ?? []) as Draft[]).forEach((container, i) => {
    const at = `${path}[${i}]`;
    const { name, image = "", targetContainerName } = container;
    causes.push(...validateCommon(container, volumes, at));
    if (image !== image.trim()) causes.push(invalid(`${at}.image`, image, UNTRIMMED));
    if (names.has(name)) causes.push(duplicate(`${at}.name`, name));
    names.add(name);
    if (targetContainerName && !others.has(targetContainerName)) {
      causes.push(notFoundValue(`${at}.targetContainerName`, targetContainerName));
    }
    for (const field of FORBIDDEN) {
      const value = container[field];
      const isObject = typeof value === "object" && !Array.isArray(value);
      const empty = value === undefined || (field === "resources" && isObject && Object.keys(value).length === 0);
      if (!empty) causes.push(forbidden(`${at}.${field}`, UNFIT));
    }
    for (const [j, mount] of (container.volumeMounts ?? []).entries()) {
      for (const field of ["subPath", "subPathExpr"]) {
        if (mount[field]) causes.push(forbidden(`${at}.volumeMounts[${j}].${field}`, UNFIT));
      }
    }
  });
  return causes;
}
