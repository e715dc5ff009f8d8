import type { Draft } from "../../api/kind.ts";

/** The Pod Security Standards (pod-security-admission/policy): every check of 1.32 in the order of their ids. */

export type Level = "privileged" | "baseline" | "restricted";

export interface Violation {
  readonly reason: string;
  readonly detail: string;
}

interface Check {
  readonly level: "baseline" | "restricted";
  /** Baseline check that it stands for at the restricted level. */
  readonly overrides?: string;
  readonly id: string;
  /** First minor version that has it. */
  readonly since?: number;
  judge(spec: Draft, annotations: Readonly<Record<string, string>>, minor: number): Violation | undefined;
}

const quoted = (items: readonly string[]) => items.map((item) => `"${item}"`).join(", ");
const plural = (one: string, many: string, count: number) => (count === 1 ? one : many);
const sorted = (items: Iterable<string>) => [...new Set(items)].sort();
const named = (containers: readonly string[]) =>
  `${plural("container", "containers", containers.length)} ${quoted(containers)}`;

function containersOf(spec: Draft): Draft[] {
  return [...(spec.initContainers ?? []), ...(spec.containers ?? []), ...(spec.ephemeralContainers ?? [])];
}

function namesWhere(spec: Draft, bad: (container: Draft) => boolean): string[] {
  return containersOf(spec)
    .filter(bad)
    .map((container) => container.name);
}

const context = (container: Draft): Draft => container.securityContext ?? {};

/** `pod and containers "a", "b"`: who sets something it may not. */
function setters(pod: boolean, containers: readonly string[]): string {
  return [...(pod ? ["pod"] : []), ...(containers.length > 0 ? [named(containers)] : [])].join(" and ");
}

const DEFAULT_CAPABILITIES = new Set([
  "AUDIT_WRITE",
  "CHOWN",
  "DAC_OVERRIDE",
  "FOWNER",
  "FSETID",
  "KILL",
  "MKNOD",
  "NET_BIND_SERVICE",
  "SETFCAP",
  "SETGID",
  "SETPCAP",
  "SETUID",
  "SYS_CHROOT",
]);

const SAFE_SYSCTLS: readonly [minor: number, name: string][] = [
  [0, "kernel.shm_rmid_forced"],
  [0, "net.ipv4.ip_local_port_range"],
  [0, "net.ipv4.tcp_syncookies"],
  [0, "net.ipv4.ping_group_range"],
  [0, "net.ipv4.ip_unprivileged_port_start"],
  [27, "net.ipv4.ip_local_reserved_ports"],
  [29, "net.ipv4.tcp_keepalive_time"],
  [29, "net.ipv4.tcp_fin_timeout"],
  [29, "net.ipv4.tcp_keepalive_intvl"],
  [29, "net.ipv4.tcp_keepalive_probes"],
  [32, "net.ipv4.tcp_rmem"],
  [32, "net.ipv4.tcp_wmem"],
];

const RESTRICTED_VOLUMES = new Set([
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "persistentVolumeClaim",
  "projected",
  "secret",
]);

const SELINUX_TYPES = ["", "container_t", "container_init_t", "container_kvm_t"];
const SECCOMP_TYPES = ["Localhost", "RuntimeDefault"];
const APPARMOR_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/";

const isWindows = (spec: Draft, minor: number) => minor >= 25 && spec.os?.name === "windows";

const CHECKS: readonly Check[] = [
  {
    id: "appArmorProfile",
    level: "baseline",
    judge(spec, annotations) {
      const bad = (profile: Draft) => profile !== undefined && !["RuntimeDefault", "Localhost"].includes(profile.type);
      const pod = bad(spec.securityContext?.appArmorProfile);
      const containers = containersOf(spec).filter((one) => bad(context(one).appArmorProfile));
      const values = sorted([
        ...(pod ? [spec.securityContext.appArmorProfile.type] : []),
        ...containers.map((one) => context(one).appArmorProfile.type),
      ]);
      const forbidden = Object.entries(annotations)
        .filter(([key, value]) => key.startsWith(APPARMOR_ANNOTATION) && !allowedAppArmor(value))
        .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
        .sort();
      const who = [
        setters(
          pod,
          containers.map(({ name }) => name),
        ),
      ].filter((text) => text !== "");
      if (forbidden.length > 0) who.push(plural("annotation", "annotations", forbidden.length));
      if (who.length === 0) return undefined;
      const all = [...values, ...forbidden];
      return {
        reason: plural("forbidden AppArmor profile", "forbidden AppArmor profiles", all.length),
        detail: `${who.join(" and ")} must not set AppArmor profile type to ${quoted(all)}`,
      };
    },
  },
  {
    id: "capabilities_baseline",
    level: "baseline",
    judge(spec) {
      const extra = (one: Draft): string[] =>
        (context(one).capabilities?.add ?? []).filter((name: string) => !DEFAULT_CAPABILITIES.has(name));
      const bad = namesWhere(spec, (one) => extra(one).length > 0);
      if (bad.length === 0) return undefined;
      const names = sorted(containersOf(spec).flatMap(extra));
      return {
        reason: "non-default capabilities",
        detail: `${named(bad)} must not include ${quoted(names)} in securityContext.capabilities.add`,
      };
    },
  },
  {
    id: "hostNamespaces",
    level: "baseline",
    judge(spec) {
      const used = ["hostNetwork", "hostPID", "hostIPC"].filter((name) => spec[name]).map((name) => `${name}=true`);
      return used.length > 0 ? { reason: "host namespaces", detail: used.join(", ") } : undefined;
    },
  },
  {
    id: "hostPathVolumes",
    level: "baseline",
    judge(spec) {
      const bad = (spec.volumes ?? []).filter((one: Draft) => one.hostPath).map((one: Draft) => one.name);
      if (bad.length === 0) return undefined;
      return { reason: "hostPath volumes", detail: `${plural("volume", "volumes", bad.length)} ${quoted(bad)}` };
    },
  },
  {
    id: "hostPorts",
    level: "baseline",
    judge(spec) {
      const used = (one: Draft): string[] =>
        (one.ports ?? []).filter((port: Draft) => port.hostPort).map((port: Draft) => String(port.hostPort));
      const bad = namesWhere(spec, (one) => used(one).length > 0);
      if (bad.length === 0) return undefined;
      const ports = sorted(containersOf(spec).flatMap(used));
      return {
        reason: "hostPort",
        detail: `${named(bad)} ${plural("uses", "use", bad.length)} ${plural("hostPort", "hostPorts", ports.length)} ${ports.join(", ")}`,
      };
    },
  },
  {
    id: "privileged",
    level: "baseline",
    judge(spec) {
      const bad = namesWhere(spec, (one) => context(one).privileged === true);
      if (bad.length === 0) return undefined;
      return { reason: "privileged", detail: `${named(bad)} must not set securityContext.privileged=true` };
    },
  },
  {
    id: "procMount",
    level: "baseline",
    judge(spec) {
      const mount = (one: Draft): string | undefined => context(one).procMount;
      const is = (one: Draft) => mount(one) !== undefined && mount(one) !== "Default";
      const bad = namesWhere(spec, is);
      if (bad.length === 0) return undefined;
      const types = sorted(
        containersOf(spec)
          .filter(is)
          .map((one) => mount(one)!),
      );
      return {
        reason: "procMount",
        detail: `${named(bad)} must not set securityContext.procMount to ${quoted(types)}`,
      };
    },
  },
  {
    id: "seLinuxOptions",
    level: "baseline",
    judge(spec, _annotations, minor) {
      const types = minor >= 31 ? [...SELINUX_TYPES, "container_engine_t"] : SELINUX_TYPES;
      const wrongType = (options: Draft) => !types.includes(options.type ?? "");
      const bad = (options: Draft) => options && (wrongType(options) || options.user || options.role);
      const all = [spec.securityContext, ...containersOf(spec).map(context)]
        .map((one) => one?.seLinuxOptions)
        .filter(bad);
      if (all.length === 0) return undefined;
      const wrong = sorted(all.filter(wrongType).map((options) => options.type));
      const what = wrong.length > 0 ? [`${plural("type", "types", wrong.length)} ${quoted(wrong)}`] : [];
      if (all.some((options) => options.user)) what.push("user may not be set");
      if (all.some((options) => options.role)) what.push("role may not be set");
      const who = setters(
        Boolean(bad(spec.securityContext?.seLinuxOptions)),
        namesWhere(spec, (one) => Boolean(bad(context(one).seLinuxOptions))),
      );
      return {
        reason: "seLinuxOptions",
        detail: `${who} set forbidden securityContext.seLinuxOptions: ${what.join("; ")}`,
      };
    },
  },
  {
    id: "seccompProfile_baseline",
    level: "baseline",
    since: 19,
    judge: (spec) => badSeccomp(spec),
  },
  {
    id: "sysctls",
    level: "baseline",
    judge(spec, _annotations, minor) {
      const safe = new Set(SAFE_SYSCTLS.filter(([since]) => minor >= since).map(([, name]) => name));
      const bad = (spec.securityContext?.sysctls ?? [])
        .map((one: Draft) => one.name)
        .filter((name: string) => !safe.has(name));
      return bad.length > 0 ? { reason: "forbidden sysctls", detail: bad.join(", ") } : undefined;
    },
  },
  {
    id: "windowsHostProcess",
    level: "baseline",
    judge(spec) {
      const pod = spec.securityContext?.windowsOptions?.hostProcess === true;
      const bad = namesWhere(spec, (one) => context(one).windowsOptions?.hostProcess === true);
      if (!pod && bad.length === 0) return undefined;
      return {
        reason: "hostProcess",
        detail: `${setters(pod, bad)} must not set securityContext.windowsOptions.hostProcess=true`,
      };
    },
  },
  {
    id: "allowPrivilegeEscalation",
    level: "restricted",
    since: 8,
    judge(spec, _annotations, minor) {
      if (isWindows(spec, minor)) return undefined;
      const bad = namesWhere(spec, (one) => context(one).allowPrivilegeEscalation !== false);
      if (bad.length === 0) return undefined;
      return {
        reason: "allowPrivilegeEscalation != false",
        detail: `${named(bad)} must set securityContext.allowPrivilegeEscalation=false`,
      };
    },
  },
  {
    id: "capabilities_restricted",
    level: "restricted",
    overrides: "capabilities_baseline",
    since: 22,
    judge(spec, _annotations, minor) {
      if (isWindows(spec, minor)) return undefined;
      const keeping = namesWhere(spec, (one) => !context(one).capabilities?.drop?.includes("ALL"));
      const extra = (one: Draft): string[] =>
        (context(one).capabilities?.add ?? []).filter((name: string) => name !== "NET_BIND_SERVICE");
      const adding = namesWhere(spec, (one) => extra(one).length > 0);
      const details: string[] = [];
      if (keeping.length > 0) details.push(`${named(keeping)} must set securityContext.capabilities.drop=["ALL"]`);
      if (adding.length > 0) {
        const names = sorted(containersOf(spec).flatMap(extra));
        details.push(`${named(adding)} must not include ${quoted(names)} in securityContext.capabilities.add`);
      }
      return details.length > 0 ? { reason: "unrestricted capabilities", detail: details.join("; ") } : undefined;
    },
  },
  {
    id: "restrictedVolumes",
    level: "restricted",
    overrides: "hostPathVolumes",
    judge(spec) {
      const typeOf = (volume: Draft) => Object.keys(volume).find((key) => key !== "name") ?? "unknown";
      const bad = (spec.volumes ?? []).filter((volume: Draft) => !RESTRICTED_VOLUMES.has(typeOf(volume)));
      if (bad.length === 0) return undefined;
      const types = sorted(bad.map(typeOf));
      const names: string[] = bad.map((volume: Draft) => volume.name);
      return {
        reason: "restricted volume types",
        detail: `${plural("volume", "volumes", names.length)} ${quoted(names)} ${plural("uses", "use", names.length)} ${plural("restricted volume type", "restricted volume types", types.length)} ${quoted(types)}`,
      };
    },
  },
  {
    id: "runAsNonRoot",
    level: "restricted",
    judge(spec) {
      const pod: boolean | undefined = spec.securityContext?.runAsNonRoot;
      const explicit = namesWhere(spec, (one) => context(one).runAsNonRoot === false);
      const reason = "runAsNonRoot != true";
      if (pod === false || explicit.length > 0) {
        return {
          reason,
          detail: `${setters(pod === false, explicit)} must not set securityContext.runAsNonRoot=false`,
        };
      }
      const silent = pod === true ? [] : namesWhere(spec, (one) => context(one).runAsNonRoot === undefined);
      if (silent.length === 0) return undefined;
      return { reason, detail: `pod or ${named(silent)} must set securityContext.runAsNonRoot=true` };
    },
  },
  {
    id: "runAsUser",
    level: "restricted",
    since: 23,
    judge(spec) {
      const pod = spec.securityContext?.runAsUser === 0;
      const bad = namesWhere(spec, (one) => context(one).runAsUser === 0);
      if (!pod && bad.length === 0) return undefined;
      return { reason: "runAsUser=0", detail: `${setters(pod, bad)} must not set runAsUser=0` };
    },
  },
  {
    id: "seccompProfile_restricted",
    level: "restricted",
    overrides: "seccompProfile_baseline",
    since: 19,
    judge(spec, _annotations, minor) {
      if (isWindows(spec, minor)) return undefined;
      const explicit = badSeccomp(spec);
      if (explicit) return explicit;
      if (spec.securityContext?.seccompProfile) return undefined;
      const silent = namesWhere(spec, (one) => context(one).seccompProfile === undefined);
      if (silent.length === 0) return undefined;
      return {
        reason: "seccompProfile",
        detail: `pod or ${named(silent)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
      };
    },
  },
];

function allowedAppArmor(value: string): boolean {
  return value === "" || value === "runtime/default" || value.startsWith("localhost/");
}

function badSeccomp(spec: Draft): Violation | undefined {
  const bad = (profile: Draft) => profile !== undefined && !SECCOMP_TYPES.includes(profile.type);
  const pod = bad(spec.securityContext?.seccompProfile);
  const containers = namesWhere(spec, (one) => bad(context(one).seccompProfile));
  if (!pod && containers.length === 0) return undefined;
  const all = [spec.securityContext, ...containersOf(spec).map(context)].map((one) => one?.seccompProfile).filter(bad);
  const values = sorted(all.map((profile) => profile.type));
  return {
    reason: "seccompProfile",
    detail: `${setters(pod, containers)} must not set securityContext.seccompProfile.type to ${quoted(values)}`,
  };
}

/** What a Pod's spec does that a level of this minor version forbids. */
export function violations(
  level: Level,
  minor: number,
  spec: Draft,
  annotations: Readonly<Record<string, string>> = {},
): Violation[] {
  if (level === "privileged") return [];
  const active = CHECKS.filter(
    (check) => (check.since ?? 0) <= minor && (level === "restricted" || check.level === "baseline"),
  );
  const overridden = new Set(level === "restricted" ? active.map(({ overrides }) => overrides) : []);
  const out: Violation[] = [];
  for (const check of active) {
    if (overridden.has(check.id)) continue;
    const found = check.judge(spec, annotations, minor);
    if (found) out.push(found);
  }
  return out;
}
