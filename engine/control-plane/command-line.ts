import { pairProblem } from "../api/key-pair.ts";
import { klog } from "../api/klog.ts";
import { admissionFlags } from "../apiserver/index.ts";
import type { Process } from "../machine/process.ts";
import { releaseOf } from "../machine/release.ts";
import * as sys from "../machine/sys.ts";
import { fail, flagsOf, logger } from "./daemon.ts";
import { wrongValue } from "./flag-values.ts";
import { type Component, KNOWN_FLAGS, unknownFlag } from "./known-flags.ts";

/** Flags whose files a component reads before it does anything else, with the call that fails. */
const FILES: Readonly<Record<Component, readonly string[]>> = {
  "kube-apiserver": [
    "tls-cert-file",
    "tls-private-key-file",
    "client-ca-file",
    "requestheader-client-ca-file",
    "service-account-key-file",
    "service-account-signing-key-file",
    "audit-policy-file",
    "etcd-cafile",
    "etcd-certfile",
    "etcd-keyfile",
  ],
  "kube-controller-manager": [
    "kubeconfig",
    "authentication-kubeconfig",
    "authorization-kubeconfig",
    "client-ca-file",
    "requestheader-client-ca-file",
    "root-ca-file",
    "service-account-private-key-file",
    "cluster-signing-cert-file",
    "cluster-signing-key-file",
  ],
  "kube-scheduler": ["kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig", "config"],
};

/**
 * Flags of a component's command line. One that it does not have, or a file that is not there, ends it with status 1
 * and what cobra and component-base/cli print then; --help and --version end it after their answer.
 */
export function commandLine(p: Process, component: Component): Map<string, string> {
  const flags = flagsOf(p);
  const log = logger(p);
  if (flags.has("h") || flags.has("help")) {
    logger(p, 1)(help(component));
    fail(0);
  }
  const wrong = unknownFlag(component, flags.keys()) ?? wrongValue(flags);
  if (wrong !== undefined) {
    log(`Error: ${wrong}`);
    fail(1);
  }
  if ((flags.get("version") ?? "false") !== "false") {
    logger(p, 1)(`Kubernetes ${releaseOf(p)}`);
    fail(0);
  }
  for (const name of FILES[component]) {
    const path = flags.get(name);
    if (path === undefined || sys.find(p, path) !== undefined) continue;
    const call = name.endsWith("kubeconfig") ? "stat" : "open";
    const err = `${call} ${path}: no such file or directory`;
    log(klog(p.machine.kernel, p.nsPid, "E", "run.go:72", "command failed", { err }));
    fail(1);
  }
  const [certificate, key] = [flags.get("tls-cert-file"), flags.get("tls-private-key-file")];
  const err = certificate && key ? pairProblem(sys.readText(p, certificate), sys.readText(p, key)) : undefined;
  if (err !== undefined) {
    log(klog(p.machine.kernel, p.nsPid, "E", "run.go:72", "command failed", { err }));
    fail(1);
  }
  return flags;
}

/** The flags by name; what those of admission take depends on what the server has. */
function help(component: Component): string {
  const told = component === "kube-apiserver" ? admissionFlags() : {};
  const lines = [...KNOWN_FLAGS[component]]
    .sort()
    .map((name) => `      --${name}${told[name] ? ` ${told[name]}` : ""}`);
  return [`Usage:`, `  ${component} [flags]`, "", "Flags:", ...lines].join("\n");
}
