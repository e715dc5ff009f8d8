/** What `kubeadm init` and its phases are asked for, on the command line and by `--config`. */
import { parseAllDocuments } from "yaml";
import { BOOTSTRAP_TOKEN } from "../../api/bootstrap-token.ts";
import type { ClusterContext } from "../../control-plane/context.ts";
import { clusterContext } from "../../control-plane/context.ts";
import { type ClusterSettings, type ExtraArguments, OWN } from "../../kubeadm/settings.ts";
import { type Kubeadm, KubeadmError } from "./context.ts";

export interface InitSettings extends ClusterSettings {
  readonly nodeName: string;
  readonly address: string;
  readonly port: number;
  /** `id.secret`; undefined: one is made. */
  readonly token: string | undefined;
  readonly ttl: string;
  readonly certificateKey: string | undefined;
  /** Taints of the node; undefined: the control plane's. */
  readonly taints: readonly { key: string; value?: string; effect: string }[] | undefined;
  readonly nodeLabels: string | undefined;
}

type Doc = Record<string, unknown>;

const objectOf = (value: unknown): Doc =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Doc) : {};
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const textOf = (value: unknown): string | undefined =>
  value === undefined || value === null || value === "" ? undefined : String(value);

const GROUPS: Readonly<Record<string, RegExp>> = {
  InitConfiguration: /^kubeadm\.k8s\.io\/v1beta[34]$/,
  ClusterConfiguration: /^kubeadm\.k8s\.io\/v1beta[34]$/,
  JoinConfiguration: /^kubeadm\.k8s\.io\/v1beta[34]$/,
  KubeletConfiguration: /^kubelet\.config\.k8s\.io\/v1beta1$/,
  KubeProxyConfiguration: /^kubeproxy\.config\.k8s\.io\/v1alpha1$/,
};

/** Documents of the file that `--config` names, by their kinds; throws where kubeadm would not take them. */
function documents(k: Kubeadm): Readonly<Record<string, Doc>> {
  const path = k.flag("config");
  if (path === undefined) return {};
  const text = k.read(path);
  if (text === undefined) {
    throw new KubeadmError(`unable to read config from "${path}" : open ${path}: no such file or directory`);
  }
  const found: Record<string, Doc> = {};
  for (const document of parseAllDocuments(text)) {
    const [fault] = document.errors;
    if (fault !== undefined) throw new KubeadmError(`error unmarshaling configuration: ${fault.message}`);
    const doc = objectOf(document.toJS());
    const { kind, apiVersion } = doc as { kind?: string; apiVersion?: string };
    if (kind === undefined && apiVersion === undefined) continue;
    const group = GROUPS[kind ?? ""];
    if (group === undefined) continue;
    if (!group.test(apiVersion ?? "")) {
      throw new KubeadmError(
        `your configuration file uses an old API spec: "${apiVersion}" (kind: "${kind}"). Please use kubeadm v1.22 instead and run 'kubeadm config migrate --old-config old-config-file --new-config new-config-file', which will write the new, similar spec using a newer API version.`,
      );
    }
    found[kind!] = doc;
  }
  return found;
}

/** extraArgs: a map in v1beta3, a list of names and values in v1beta4. */
function argumentsOf(component: unknown): ExtraArguments {
  const given = objectOf(component)["extraArgs"];
  if (!Array.isArray(given)) return Object.fromEntries(Object.entries(objectOf(given)).map(([n, v]) => [n, String(v)]));
  return Object.fromEntries(given.map((one) => [String(objectOf(one)["name"]), String(objectOf(one)["value"])]));
}

/** What a ClusterConfiguration says, where it says something. */
export function clusterSettings(doc: Doc): Partial<ClusterSettings> {
  const networking = objectOf(doc["networking"]);
  const version = textOf(doc["kubernetesVersion"]);
  const api = objectOf(doc["apiServer"]);
  return {
    ...(version !== undefined && /^v?\d/.test(version) && { version: version.replace(/^v?/, "v") }),
    podCidr: textOf(networking["podSubnet"]),
    ...(textOf(networking["serviceSubnet"]) && { serviceCidr: String(networking["serviceSubnet"]) }),
    ...(textOf(networking["dnsDomain"]) && { domain: String(networking["dnsDomain"]) }),
    ...(textOf(doc["controlPlaneEndpoint"]) && { endpoint: String(doc["controlPlaneEndpoint"]) }),
    ...(textOf(doc["clusterName"]) && { clusterName: String(doc["clusterName"]) }),
    certSans: listOf(api["certSANs"]).map(String),
    extra: {
      apiServer: argumentsOf(api),
      controllerManager: argumentsOf(doc["controllerManager"]),
      scheduler: argumentsOf(doc["scheduler"]),
      etcd: argumentsOf(objectOf(doc["etcd"])["local"]),
    },
  };
}

const context = (k: Kubeadm): ClusterContext => clusterContext(k.p.ns.net.network);

/** What `kubeadm init` begins with where nobody says otherwise. */
const DEFAULTS: ClusterSettings = { ...OWN, podCidr: undefined, serviceCidr: "10.96.0.0/12", audited: false };

/** Settings of a new cluster: kubeadm's defaults, the file's, then the command line's. */
export function initSettings(k: Kubeadm): InitSettings {
  return merged(k, DEFAULTS);
}

/** The same for a phase on a cluster that stands, whose own settings are where it begins. */
export function phaseSettings(k: Kubeadm): InitSettings {
  return merged(k, context(k).settings);
}

/** What `join --control-plane` takes from the cluster's configuration. */
export function joinSettings(k: Kubeadm, configuration: string): InitSettings {
  const doc = objectOf(parseAllDocuments(configuration)[0]?.toJS());
  return { ...merged(k, { ...context(k).settings, ...clusterSettings(doc) }), token: undefined };
}

/** The version that the command line or the file asks for, as it is written there. */
export const wantedVersion = (k: Kubeadm): string | undefined =>
  k.flag("kubernetes-version") ?? textOf(documents(k)["ClusterConfiguration"]?.["kubernetesVersion"]);

function merged(k: Kubeadm, base: ClusterSettings): InitSettings {
  const docs = documents(k);
  const init = docs["InitConfiguration"] ?? {};
  const cluster = docs["ClusterConfiguration"];
  const point = objectOf(init["localAPIEndpoint"]);
  const registration = objectOf(init["nodeRegistration"]);
  const tokens = objectOf(listOf(init["bootstrapTokens"])[0]);
  const given: ClusterSettings = { ...base, ...(cluster && clusterSettings(cluster)) };
  const { machine } = k.p;
  const own = machine.net.addresses().find((address) => !address.startsWith("127.")) ?? "127.0.0.1";
  const version = k.flag("kubernetes-version");
  const token = k.flag("token") ?? textOf(tokens["token"]);
  if (token !== undefined && token !== "" && !BOOTSTRAP_TOKEN.test(token)) {
    throw new KubeadmError(
      `bootstrapTokens: Invalid value: "${token}": the bootstrap token "${token}" was not of the form "\\\\A([a-z0-9]{6})\\\\.([a-z0-9]{16})\\\\z"`,
    );
  }
  const settings: InitSettings = {
    ...given,
    version: version !== undefined && /^v?\d/.test(version) ? version.replace(/^v?/, "v") : given.version,
    podCidr: k.flag("pod-network-cidr") ?? given.podCidr,
    serviceCidr: k.flag("service-cidr") ?? given.serviceCidr,
    domain: k.flag("service-dns-domain") ?? given.domain,
    endpoint: k.flag("control-plane-endpoint") ?? given.endpoint,
    certSans: [
      ...given.certSans,
      ...(k.flag("apiserver-cert-extra-sans") ?? "").split(",").filter((name) => name !== ""),
    ],
    kubelet: fieldsOf(docs["KubeletConfiguration"]),
    proxy: fieldsOf(docs["KubeProxyConfiguration"]),
    nodeName: (k.flag("node-name") ?? textOf(registration["name"]) ?? machine.hostname).toLowerCase(),
    address: k.flag("apiserver-advertise-address") ?? textOf(point["advertiseAddress"]) ?? own,
    port: Number(k.flag("apiserver-bind-port") ?? point["bindPort"] ?? 6443),
    token: token === "" ? undefined : token,
    ttl: k.flag("token-ttl") ?? textOf(tokens["ttl"]) ?? "24h0m0s",
    certificateKey: k.flag("certificate-key") ?? textOf(init["certificateKey"]),
    taints: Array.isArray(registration["taints"]) ? (registration["taints"] as InitSettings["taints"]) : undefined,
    nodeLabels: textOf(argumentsOf({ extraArgs: registration["kubeletExtraArgs"] })["node-labels"]),
  };
  check(settings);
  return settings;
}

/** Fields of a component's configuration without its type. */
function fieldsOf(doc: Doc | undefined): Readonly<Record<string, unknown>> {
  const { apiVersion: _, kind: __, ...fields } = doc ?? {};
  return fields;
}

const CIDR = /^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/;

/** cmd/kubeadm/app/apis/kubeadm/validation. */
function check({ podCidr, serviceCidr, address }: InitSettings): void {
  const faults: string[] = [];
  for (const [field, value] of [
    ["networking.serviceSubnet", serviceCidr],
    ["networking.podSubnet", podCidr],
  ] as const) {
    if (value !== undefined && !CIDR.test(value)) {
      faults.push(`${field}: Invalid value: "${value}": couldn't parse subnet`);
    }
  }
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(address)) {
    throw new KubeadmError(`couldn't use "${address}" as "apiserver-advertise-address", must be ipv4 or ipv6 address`);
  }
  if (faults.length > 0) throw new KubeadmError(faults.length === 1 ? faults[0]! : `[${faults.join(", ")}]`);
}

/** `https://host:port` for clients: of the shared endpoint, or of this machine. */
export function serverOf({ endpoint, address, port }: InitSettings): string {
  if (endpoint === undefined) return `https://${address}:${port}`;
  return `https://${/:\d+$/.test(endpoint) ? endpoint : `${endpoint}:${port}`}`;
}
