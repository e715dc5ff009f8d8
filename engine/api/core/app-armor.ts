import type { Draft } from "../kind.ts";

/** Profiles for AppArmor in annotations, as before 1.30, and in fields (pkg/registry/core/pod/strategy.go). */

export const APPARMOR_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/";
export const APPARMOR_DEPRECATED = 'deprecated since v1.30; use the "appArmorProfile" field instead';

interface Profile {
  type: string;
  localhostProfile?: string;
}

function annotationOf({ type, localhostProfile }: Profile): string {
  if (type === "Unconfined") return "unconfined";
  if (type === "RuntimeDefault") return "runtime/default";
  return type === "Localhost" && localhostProfile !== undefined ? `localhost/${localhostProfile}` : "";
}

function profileOf(annotation: string): Profile | undefined {
  if (annotation === "unconfined") return { type: "Unconfined" };
  if (annotation === "runtime/default") return { type: "RuntimeDefault" };
  const path = annotation.startsWith("localhost/") ? annotation.slice("localhost/".length) : "";
  if (path === "" || path.trim() !== path || path.length > 4095) return undefined;
  return { type: "Localhost", localhostProfile: path };
}

/** Makes each container's annotation and field say the same, where only one is there. Returns what to warn of. */
export function syncAppArmor(pod: Draft): string[] {
  const { spec, metadata } = pod;
  if (!spec || spec.os?.name === "windows") return [];
  const warnings: string[] = [];
  const general: Profile | undefined = spec.securityContext?.appArmorProfile;
  for (const list of ["initContainers", "containers", "ephemeralContainers"]) {
    for (const container of spec[list] ?? []) {
      const key = APPARMOR_ANNOTATION + container.name;
      const annotation = metadata.annotations?.[key];
      const own: Profile | undefined = container.securityContext?.appArmorProfile;
      if (annotation === undefined) {
        const text = own ? annotationOf(own) : general ? annotationOf(general) : "";
        if (text !== "") metadata.annotations = { ...metadata.annotations, [key]: text };
        continue;
      }
      if (own) continue;
      const profile = profileOf(annotation);
      const same = profile?.type === general?.type && profile?.localhostProfile === general?.localhostProfile;
      if (profile && !same) container.securityContext = { ...container.securityContext, appArmorProfile: profile };
      if (!profile || !same) warnings.push(`metadata.annotations[${key}]: ${APPARMOR_DEPRECATED}`);
    }
  }
  return warnings;
}
