import { loadKubeconfig, resolveContext } from "../api/kubeconfig.ts";
import type { AdmissionSettings } from "../apiserver/index.ts";
import { isErrno } from "../machine/errno.ts";
import type { Process } from "../machine/process.ts";
import * as sys from "../machine/sys.ts";
import { quoteString } from "../text/go-quote.ts";
import { KubectlError } from "../tools/kubectl/errors.ts";
import { readDocument } from "../tools/kubectl/yaml-documents.ts";

type Doc = Record<string, unknown>;
type PodSecurity = NonNullable<AdmissionSettings["podSecurity"]>;

const LEVELS = ["privileged", "baseline", "restricted"];
const VERSION = /^(latest|v1\.(\d|[1-9]\d+))$/;
const INIT = "failed to initialize admission: couldn't init admission plugin";

/** Why a configuration cannot be used; the message is the server's last word. */
class Unusable extends Error {}

/**
 * What `--admission-control-config-file` says to the plugins that take a configuration here (apiserver
 * pkg/admission/config.go). A text is why the server cannot start.
 */
export function admissionSettings(p: Process, path: string | undefined): AdmissionSettings | string {
  if (path === undefined) return {};
  try {
    const file = document(read(p, path, `unable to read admission control configuration from ${quoteString(path)}`));
    if (file["kind"] !== "AdmissionConfiguration") throw new Unusable(unregistered(file));
    const dir = path.slice(0, path.lastIndexOf("/") + 1);
    const settings: AdmissionSettings = {};
    for (const plugin of listOf(file["plugins"]) as { name?: string; path?: string; configuration?: unknown }[]) {
      const source = plugin.path?.startsWith("/") ? plugin.path : `${dir}${plugin.path}`;
      const inline = isDoc(plugin.configuration) ? plugin.configuration : undefined;
      const text = () => read(p, source, `Couldn't open admission plugin configuration ${source}`);
      const value = inline ?? (plugin.path ? document(text()) : undefined);
      if (value === undefined) continue;
      if (plugin.name === "PodSecurity") settings.podSecurity = podSecurity(value);
      if (plugin.name === "ImagePolicyWebhook") settings.imagePolicy = imagePolicy(p, value);
    }
    return settings;
  } catch (error) {
    if (error instanceof Unusable) return error.message;
    if (error instanceof KubectlError) return `failed to read plugin config: ${error.message}`;
    throw error;
  }
}

const isDoc = (value: unknown): value is Doc => typeof value === "object" && value !== null && !Array.isArray(value);
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

function read(p: Process, path: string, failing: string): string {
  try {
    return sys.readText(p, path);
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new Unusable(`failed to read plugin config: ${failing} [open ${path}: no such file or directory]`);
  }
}

function document(text: string): Doc {
  const value = readDocument(text);
  return isDoc(value) ? value : {};
}

function unregistered({ kind, apiVersion }: Doc): string {
  const what = kind
    ? `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion ?? "")}`
    : "Object 'Kind' is missing";
  return `failed to read plugin config: ${what}`;
}

function podSecurity(value: Doc): PodSecurity {
  const wrong: string[] = [];
  const given = isDoc(value["defaults"]) ? value["defaults"] : {};
  const mode = (name: string) => {
    const level = String(given[name] || "privileged");
    const version = String(given[`${name}-version`] || "latest");
    if (!LEVELS.includes(level)) {
      wrong.push(`defaults.${name}: Invalid value: ${quoteString(level)}: must be one of ${LEVELS.join(", ")}`);
    }
    if (!VERSION.test(version)) {
      wrong.push(`defaults.${name}-version: Invalid value: ${quoteString(version)}: must be "latest" or "v1.x"`);
    }
    return { level: level as PodSecurity["defaults"]["enforce"]["level"], version };
  };
  const defaults = { enforce: mode("enforce"), warn: mode("warn"), audit: mode("audit") };
  if (wrong.length > 0) {
    const text = wrong.length === 1 ? wrong[0] : `[${wrong.join(", ")}]`;
    throw new Unusable(`${INIT} "PodSecurity": ${text}`);
  }
  const exemptions = isDoc(value["exemptions"]) ? value["exemptions"] : {};
  const names = (key: string) => listOf(exemptions[key]).map(String);
  return {
    defaults,
    exemptions: {
      namespaces: names("namespaces"),
      usernames: names("usernames"),
      runtimeClasses: names("runtimeClasses"),
    },
  };
}

function imagePolicy(p: Process, value: Doc): NonNullable<AdmissionSettings["imagePolicy"]> {
  const policy = isDoc(value["imagePolicy"]) ? value["imagePolicy"] : {};
  const path = String(policy["kubeConfigFile"] ?? "");
  const head = `${INIT} "ImagePolicyWebhook"`;
  if (path === "") throw new Unusable(`${head}: no kubeconfig file provided`);
  if (sys.find(p, path) === undefined) throw new Unusable(`${head}: stat ${path}: no such file or directory`);
  const { cluster } = resolveContext(loadKubeconfig(sys.readText(p, path)));
  if (!cluster.server) {
    const why = "no configuration has been provided, try setting KUBERNETES_MASTER environment variable";
    throw new Unusable(`${head}: invalid configuration: ${why}`);
  }
  return { server: cluster.server, defaultAllow: policy["defaultAllow"] === true };
}
