/** What is wrong with the parts of a kubeconfig that are about to be used (client-go clientcmd/validation.go). */
import type { KubeconfigCluster, KubeconfigUser } from "../../../api/kubeconfig.ts";
import { isErrno } from "../../../machine/errno.ts";
import type { Process } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import { Exit, KubectlError } from "../errors.ts";
import { quote } from "../go.ts";
import { goErrno } from "../go-errno.ts";

/** Go's words when a file cannot be opened. */
function openProblem(p: Process, path: string): string | undefined {
  try {
    sys.close(p, sys.open(p, path));
    return undefined;
  } catch (error) {
    if (!isErrno(error)) throw error;
    return `open ${path}: ${goErrno(error.code, error.message)}`;
  }
}

export function userProblems(p: Process, name: string, user: KubeconfigUser): string[] {
  const out: string[] = [];
  const certificate = user["client-certificate"];
  const key = user["client-key"];
  if (certificate || user["client-certificate-data"]) {
    if (certificate && user["client-certificate-data"]) {
      out.push(`client-cert-data and client-cert are both specified for ${name}. client-cert-data will override.`);
    }
    if (key && user["client-key-data"]) {
      out.push(`client-key-data and client-key are both specified for ${name}; client-key-data will override`);
    }
    if (!key && !user["client-key-data"]) {
      out.push(
        `client-key-data or client-key must be specified for ${name} to use the clientCert authentication method.`,
      );
    }
    for (const [what, path] of [
      ["cert", certificate],
      ["key", key],
    ] as const) {
      const problem = path ? openProblem(p, path) : undefined;
      if (problem) out.push(`unable to read client-${what} ${path} for ${name} due to ${problem}`);
    }
  }
  out.push(...pluginProblems(name, user));
  if (user.token && (user.username || user.password)) {
    out.push(`more than one authentication method found for ${name}; found [token basicAuth], only one is allowed`);
  }
  const more = user["as-uid"] || user["as-groups"]?.length || Object.keys(user["as-user-extra"] ?? {}).length;
  if (more && !user.as) out.push(`requesting uid, groups or user-extra for ${name} without impersonating a user`);
  return out;
}

const MODES = ["Never", "IfAvailable", "Always"];

function pluginProblems(name: string, user: KubeconfigUser): string[] {
  const { exec } = user;
  if (exec === undefined) return [];
  const out: string[] = [];
  const use = `for ${name} to use exec authentication plugin`;
  if (user["auth-provider"] !== undefined) {
    out.push(`authProvider cannot be provided in combination with an exec plugin for ${name}`);
  }
  if (!exec.command) out.push(`command must be specified ${use}`);
  if (!exec.apiVersion) out.push(`apiVersion must be specified ${use}`);
  for (const variable of exec.env ?? []) if (!variable.name) out.push(`env variable name must be specified ${use}`);
  const mode = exec.interactiveMode ?? "";
  if (mode === "") out.push(`interactiveMode must be specified ${use}`);
  else if (!MODES.includes(mode)) out.push(`invalid interactiveMode for ${name}: ${quote(mode)}`);
  return out;
}

export function clusterProblems(p: Process, name: string, cluster: KubeconfigCluster): string[] {
  const out: string[] = [];
  const proxy = cluster["proxy-url"];
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(proxy ?? "")?.[1] ?? "";
  if (proxy && !["http", "https", "socks5"].includes(scheme)) {
    out.push(
      `invalid 'proxy-url' ${quote(proxy)} for cluster ${quote(name)}: unsupported scheme ${quote(scheme)}, must be http, https, or socks5`,
    );
  }
  const authority = cluster["certificate-authority"];
  if (authority && cluster["certificate-authority-data"]) {
    out.push(
      `certificate-authority-data and certificate-authority are both specified for ${name}. certificate-authority-data will override.`,
    );
  }
  const problem = authority ? openProblem(p, authority) : undefined;
  if (problem) out.push(`unable to read certificate-authority ${authority} for ${name} due to ${problem}`);
  return out;
}

/** Ends kubectl when anything is wrong. `context`: one that does not exist. */
export function refuse(context: string | undefined, problems: readonly string[]): void {
  const all = [
    ...(context === undefined ? [] : [`context was not found for specified context: ${context}`]),
    ...problems,
  ];
  if (all.length === 0) return;
  if (all.length > 1) throw new Exit(1, `Error in configuration: \n${all.map((each) => `* ${each}\n`).join("")}`);
  if (context !== undefined) throw new Exit(1, `Error in configuration: ${all[0]}\n`);
  throw new KubectlError(all[0]);
}
