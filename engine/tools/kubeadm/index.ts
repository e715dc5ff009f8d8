/** kubeadm 1.32, as far as a cluster that stands needs it. */
import { buildInfo } from "../../api/build-info.ts";
import type { Gen } from "../../kernel/index.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { printCertificateKey, uploadPhase } from "./certificates-secret.ts";
import { checkExpiration, renew } from "./certs.ts";
import { Kubeadm, KubeadmError } from "./context.ts";
import { imagesOf } from "./images.ts";
import { init } from "./init.ts";
import { phaseSettings } from "./init-settings.ts";
import { join } from "./join.ts";
import { kubeconfigUser } from "./kubeconfigs.ts";
import {
  addonPhase,
  bootstrapTokenPhase,
  certsPhase,
  controlPlanePhase,
  etcdPhase,
  kubeconfigPhase,
  kubeletStartPhase,
  markPhase,
  preflightPhase,
  uploadConfigPhase,
} from "./phases.ts";
import { namedRelease, newestRelease } from "./releases.ts";
import { reset } from "./reset.ts";
import { tokenCreate, tokenDelete, tokenGenerate, tokenList } from "./token.ts";
import { pull, upgradeApply, upgradeNode } from "./upgrade.ts";
import { upgradePlan } from "./upgrade-plan.ts";

function* version(k: Kubeadm): Gen {
  const format = k.flag("output") ?? "";
  if (format === "short") return yield* k.print(`${k.release}\n`);
  const fields = { ...buildInfo(k.release) };
  if (format === "json") return yield* k.print(`${JSON.stringify({ clientVersion: fields }, null, 2)}\n`);
  if (format === "yaml") {
    const lines = Object.entries(fields)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => `  ${name}: ${/^\d+$/.test(value) || name === "buildDate" ? `"${value}"` : value}\n`);
    return yield* k.print(`clientVersion:\n${lines.join("")}`);
  }
  if (format !== "") throw new KubeadmError(`invalid output format: ${format}`);
  const text = Object.entries(fields)
    .map(([name, value]) => `${name[0]!.toUpperCase()}${name.slice(1)}:"${value}"`)
    .join(", ");
  yield* k.print(`kubeadm version: &version.Info{${text}}\n`);
}

function* configImagesList(k: Kubeadm): Gen {
  const images = yield* wantedImages(k);
  yield* k.print(images.map((image) => `${image}\n`).join(""));
}

function* configImagesPull(k: Kubeadm): Gen {
  for (const image of yield* wantedImages(k)) {
    yield* pull(k, image);
    yield* k.print(`[config/images] Pulled ${image}\n`);
  }
}

function* wantedImages(k: Kubeadm): Gen<string[]> {
  const wanted = k.flag("kubernetes-version");
  if (wanted !== undefined) return imagesOf(yield* namedRelease(k, wanted));
  return imagesOf(yield* newestRelease(k));
}

function* configPrintInit(k: Kubeadm): Gen {
  yield* k.print(
    "apiVersion: kubeadm.k8s.io/v1beta4\nbootstrapTokens:\n- groups:\n  - system:bootstrappers:kubeadm:default-node-token\n" +
      "  token: abcdef.0123456789abcdef\n  ttl: 24h0m0s\n  usages:\n  - signing\n  - authentication\nkind: InitConfiguration\n" +
      "localAPIEndpoint:\n  advertiseAddress: 1.2.3.4\n  bindPort: 6443\nnodeRegistration:\n" +
      "  criSocket: unix:///var/run/containerd/containerd.sock\n  imagePullPolicy: IfNotPresent\n  imagePullSerial: true\n" +
      "  name: node\n  taints: null\ntimeouts:\n  controlPlaneComponentHealthCheck: 4m0s\n  discovery: 5m0s\n" +
      "  etcdAPICall: 2m0s\n  kubeletHealthCheck: 4m0s\n  kubernetesAPICall: 1m0s\n  tlsBootstrap: 5m0s\n  upgradeManifests: 5m0s\n" +
      "---\napiServer: {}\napiVersion: kubeadm.k8s.io/v1beta4\ncaCertificateValidityPeriod: 87600h0m0s\n" +
      "certificateValidityPeriod: 8760h0m0s\ncertificatesDir: /etc/kubernetes/pki\nclusterName: kubernetes\ncontrollerManager: {}\n" +
      "dns: {}\nencryptionAlgorithm: RSA-2048\netcd:\n  local:\n    dataDir: /var/lib/etcd\nimageRepository: registry.k8s.io\n" +
      "kind: ClusterConfiguration\nkubernetesVersion: 1.32.0\nnetworking:\n  dnsDomain: cluster.local\n  serviceSubnet: 10.96.0.0/12\n" +
      "proxy: {}\nscheduler: {}\n",
  );
}

const COMMANDS: Readonly<Record<string, (k: Kubeadm) => Gen>> = {
  "certs certificate-key": printCertificateKey,
  "certs check-expiration": checkExpiration,
  "certs renew": renew,
  "config images list": configImagesList,
  "config images pull": configImagesPull,
  "config print init-defaults": configPrintInit,
  init,
  "init phase addon": addonPhase,
  "init phase bootstrap-token": bootstrapTokenPhase,
  "init phase certs": certsPhase,
  "init phase control-plane": controlPlanePhase,
  "init phase etcd": etcdPhase,
  "init phase kubeconfig": kubeconfigPhase,
  "init phase kubelet-start": kubeletStartPhase,
  "init phase mark-control-plane": markPhase,
  "init phase preflight": preflightPhase,
  "init phase upload-certs": uploadPhase,
  "init phase upload-config": uploadConfigPhase,
  join,
  "kubeconfig user": (k) => kubeconfigUser(k, phaseSettings(k)),
  reset,
  "token create": tokenCreate,
  "token delete": tokenDelete,
  "token generate": tokenGenerate,
  "token list": tokenList,
  "upgrade apply": upgradeApply,
  "upgrade node": upgradeNode,
  "upgrade plan": upgradePlan,
  version,
};

const FLAGS = new Set([
  "print-join-command",
  "skip-token-print",
  "skip-certificate-key-print",
  "dry-run",
  "force",
  "yes",
  "help",
  "upload-certs",
  "control-plane",
  "allow-experimental-upgrades",
  "allow-release-candidate-upgrades",
  "certificate-renewal",
  "cleanup-tmp-dir",
  "discovery-token-unsafe-skip-ca-verification",
  "etcd-upgrade",
]);
const SHORT: Readonly<Record<string, string>> = { o: "output", v: "v", h: "help", y: "yes", f: "force" };

function parse(words: readonly string[]): { plain: string[]; flags: Map<string, string> } {
  const plain: string[] = [];
  const flags = new Map<string, string>();
  for (let i = 0; i < words.length; i++) {
    const match = /^(?:--([a-z-]+)|-([a-z]))(?:=(.*))?$/s.exec(words[i]!);
    if (match === null) {
      plain.push(words[i]!);
      continue;
    }
    const name = match[1] ?? SHORT[match[2]!];
    if (name === undefined) throw new KubeadmError(`unknown shorthand flag: '${match[2]}' in ${words[i]}`);
    const value = match[3] ?? (FLAGS.has(name) ? "true" : words[++i]);
    if (value === undefined) throw new KubeadmError(`flag needs an argument: --${name}`);
    flags.set(name, value);
  }
  return { plain, flags };
}

const HELP = `

    ┌──────────────────────────────────────────────────────────┐
    │ KUBEADM                                                  │
    │ Easily bootstrap a secure Kubernetes cluster             │
    │                                                          │
    │ Please give us feedback at:                              │
    │ https://github.com/kubernetes/kubeadm/issues             │
    └──────────────────────────────────────────────────────────┘

Usage:
  kubeadm [command]

Available Commands:
  certs       Commands related to handling Kubernetes certificates
  config      Manage configuration for a kubeadm cluster persisted in a ConfigMap in the cluster
  init        Run this command in order to set up the Kubernetes control plane
  join        Run this on any machine you wish to join an existing cluster
  reset       Performs a best effort revert of changes made to this host by 'kubeadm init' or 'kubeadm join'
  token       Manage bootstrap tokens
  upgrade     Upgrade your cluster smoothly to a newer version with this command
  version     Print the version of kubeadm

Use "kubeadm [command] --help" for more information about a command.
`;

export const kubeadm: Program = function* (p: Process): Gen<number> {
  try {
    const { plain, flags } = parse(p.argv.slice(1));
    for (let words = Math.min(3, plain.length); words > 0; words--) {
      const run = COMMANDS[plain.slice(0, words).join(" ")];
      if (run === undefined || flags.has("help")) continue;
      yield* run(new Kubeadm(p, plain.slice(words), flags));
      return 0;
    }
    if (
      plain.length > 0 &&
      !Object.keys(COMMANDS).some((name) => name.startsWith(`${plain[0]} `) || name === plain[0])
    ) {
      yield* sys.printError(p, `error: unknown command "${plain[0]}" for "kubeadm"\nRun 'kubeadm --help' for usage.\n`);
      return 1;
    }
    yield* sys.print(p, HELP);
    return 0;
  } catch (error) {
    if (!(error instanceof KubeadmError)) throw error;
    const hint = error.stack5 ? "\nTo see the stack trace of this error execute with --v=5 or higher" : "";
    yield* sys.printError(p, `${error.message}${hint}\n`);
    return error.status;
  }
};
