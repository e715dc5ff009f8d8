/** What `kubectl debug --profile` adds to the Pod it makes (cmd/debug/profiles.go). */
import type { KubeObject } from "../../api/types.ts";
import { KubectlError } from "./errors.ts";

// biome-ignore lint/suspicious/noExplicitAny: parts of Pod specifications
export type Part = any;
export type Style = "node" | "copy" | "ephemeral";

const PROFILES = ["legacy", "general", "baseline", "netadmin", "restricted", "sysadmin"];

/** Throws for a profile that there is not. */
export function checkProfile(profile: string): void {
  if (!PROFILES.includes(profile)) throw new KubectlError(`unknown profile: ${profile}`);
}

/** The container list of a spec that `style` puts its container in. */
export const listOf = (style: Style) => (style === "ephemeral" ? "ephemeralContainers" : "containers");

/** The Pod with what the profile wants for its debugging container. */
export function applyProfile(pod: KubeObject, name: string, profile: string, style: Style): KubeObject {
  switch (profile) {
    case "legacy":
      return style === "node" ? hostNamespaces(hostRoot(pod, name)) : pod;
    case "general": {
      if (style === "node") return hostNamespaces(hostRoot(pod, name));
      const shared = style === "copy" ? sharing(pod) : pod;
      return withCapabilities(shared, name, style, ["SYS_PTRACE"]);
    }
    case "baseline":
      return style === "copy" ? sharing(pod) : pod;
    case "restricted": {
      const security = {
        allowPrivilegeEscalation: false,
        capabilities: { drop: ["ALL"] },
        runAsNonRoot: true,
        seccompProfile: { type: "RuntimeDefault" },
      };
      const shared = style === "copy" ? sharing(pod) : pod;
      return withSecurity(shared, name, style, security);
    }
    case "netadmin": {
      const spaced = style === "node" ? hostNamespaces(pod) : style === "copy" ? sharing(pod) : pod;
      return withCapabilities(spaced, name, style, ["NET_ADMIN", "NET_RAW"]);
    }
    default: {
      const spaced = style === "node" ? hostNamespaces(hostRoot(pod, name)) : style === "copy" ? sharing(pod) : pod;
      return withSecurity(spaced, name, style, { privileged: true });
    }
  }
}

const withSpec = (pod: KubeObject, more: object): KubeObject => ({ ...pod, spec: { ...pod.spec, ...more } });

/** The named container changed. */
export function withContainer(
  pod: KubeObject,
  name: string,
  style: Style,
  change: (container: Part) => Part,
): KubeObject {
  const field = listOf(style);
  const list = (pod.spec[field] as Part[]).map((one) => (one.name === name ? change(one) : one));
  return withSpec(pod, { [field]: list });
}

function withSecurity(pod: KubeObject, name: string, style: Style, security: object): KubeObject {
  return withContainer(pod, name, style, (one) => ({
    ...one,
    securityContext: { ...one.securityContext, ...security },
  }));
}

function withCapabilities(pod: KubeObject, name: string, style: Style, add: readonly string[]): KubeObject {
  return withContainer(pod, name, style, (one) => {
    const { capabilities = {} } = one.securityContext ?? {};
    const list = [...new Set([...(capabilities.add ?? []), ...add])];
    return { ...one, securityContext: { ...one.securityContext, capabilities: { ...capabilities, add: list } } };
  });
}

/** The node's files at /host. */
function hostRoot(pod: KubeObject, name: string): KubeObject {
  const volume = { name: "host-root", hostPath: { path: "/" } };
  const mounted = withContainer(pod, name, "node", (one) => ({
    ...one,
    volumeMounts: [...(one.volumeMounts ?? []), { mountPath: "/host", name: "host-root" }],
  }));
  return withSpec(mounted, { volumes: [...(pod.spec.volumes ?? []), volume] });
}

const hostNamespaces = (pod: KubeObject) => withSpec(pod, { hostNetwork: true, hostPID: true, hostIPC: true });

/** One process namespace for all containers, unless something was said about it. */
const sharing = (pod: KubeObject) =>
  pod.spec["shareProcessNamespace"] === undefined ? withSpec(pod, { shareProcessNamespace: true }) : pod;
