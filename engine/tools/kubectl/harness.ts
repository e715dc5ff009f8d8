import type { HttpHandler } from "../../api/http.ts";
import { KINDS } from "../../api/kinds.ts";
import { harness as apiHarness } from "../../apiserver/harness.ts";
import { decode, encode, encodeBase64, Kernel, SECOND, sleep } from "../../kernel/index.ts";
import { dirNode, entriesOf, fileNode } from "../../machine/inode.ts";
import { Machine } from "../../machine/machine.ts";
import type { OpenFile, PipeEnd } from "../../machine/open-file.ts";
import { ROOT } from "../../machine/path.ts";
import * as sys from "../../machine/sys.ts";
import { Network } from "../../network/index.ts";
import { createCertificate, keyPair, pem, privateKeyPem } from "../../pki/x509.ts";
import { kubectl } from "./index.ts";

export interface Outcome {
  stdout: string;
  stderr: string;
  code: number;
}

/** For tests: a machine with kubectl, with or without an API server behind it. */
export interface World {
  kernel: Kernel;
  machine: Machine;
  api: ReturnType<typeof apiHarness> | undefined;
  /** Runs one command line to its end. Words in quotes stay together; there is no shell. */
  run(line: string, stdin?: string): Outcome;
  write(path: string, text: string): void;
  read(path: string): string;
  /** The API server's door, as the machine reaches it. */
  handler: HttpHandler;
}

const KEY = keyPair(new Uint8Array(32).fill(1));
const CERTIFICATE = createCertificate({
  subject: { commonName: "kubernetes-admin", organizations: ["system:masters"] },
  publicKey: KEY.public,
  key: KEY,
  serial: Uint8Array.of(1),
  notBefore: 1_740_000_000_000,
  notAfter: 1_900_000_000_000,
});
const data = (text: string) => encodeBase64(encode(text));

/** A configuration of one context; how the cluster is trusted, and by what the user is known, are lines of YAML. */
export const kubeconfig = (trust: string, known: string) => `apiVersion: v1
clusters:
- cluster:
    ${trust}
    server: https://192.168.108.10:6443
  name: kubernetes
contexts:
- context:
    cluster: kubernetes
    user: kubernetes-admin
  name: kubernetes-admin@kubernetes
current-context: kubernetes-admin@kubernetes
kind: Config
preferences: {}
users:
- name: kubernetes-admin
  user:
    ${known}
`;

export const KUBECONFIG = kubeconfig(
  "certificate-authority-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tClkyRT0KLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo=",
  `client-certificate-data: ${data(pem("CERTIFICATE", CERTIFICATE))}
    client-key-data: ${data(privateKeyPem(KEY))}`,
);

export function world(options: { server?: boolean } = {}): World {
  const api = options.server ? apiHarness() : undefined;
  const kernel = api?.kernel ?? new Kernel({ seed: 1, epochMs: 1_740_819_600_000 });
  const network = new Network(kernel);
  const programs = new Map([["kubectl", kubectl]]);
  const machine = new Machine({ kernel, network, hostname: "workstation", programs });
  machine.net.addInterface({ name: "eth0", mac: "", addresses: ["192.168.108.20/24"], up: true, mtu: 1500 });
  const root = entriesOf(machine.root);
  root.set("tmp", dirNode({ mode: 0o1777 }));
  root.set("root", dirNode({ mode: 0o700 }));
  root.set("bin", dirNode());
  entriesOf(root.get("bin") as ReturnType<typeof dirNode>).set("kubectl", fileNode("", { mode: 0o755 }, "kubectl"));
  const init = machine.spawn({
    parent: undefined,
    *main() {
      for (;;) yield* sleep(3600 * SECOND);
    },
    argv: ["init"],
    env: new Map([["HOME", "/root"]]),
    cwd: "/root",
    cred: ROOT,
    ns: machine.ns,
  });
  const write = (path: string, text: string) => {
    const dirs = path.split("/").slice(1, -1);
    let at = "";
    for (const dir of dirs) {
      at += `/${dir}`;
      if (sys.find(init, at) === undefined) sys.mkdir(init, at);
    }
    sys.writeText(init, path, text);
  };
  const handler: HttpHandler = function* http(request) {
    const response = yield* api!.server.handle(request);
    const list = request.path.startsWith("/api?") ? "core" : request.path.startsWith("/apis?") ? "groups" : "";
    if (response.status !== 404 || list === "") return response;
    return { status: 200, headers: {}, body: { type: "object", value: discoveryOf(list) } };
  };
  if (api) {
    const net = network.namespace("cp-1");
    net.addInterface({ name: "eth0", mac: "", addresses: ["192.168.108.10/24"], up: true, mtu: 1500 });
    api.server.certificates.userOf = () => ({ name: "kubernetes-admin", groups: ["system:masters"] });
    net.listen({
      protocol: "tcp",
      address: "0.0.0.0",
      port: 6443,
      program: "kube-apiserver",
      tls: true,
      http: handler,
    });
    write("/root/.kube/config", KUBECONFIG);
  }
  const run = (line: string, stdin = ""): Outcome => {
    const outs = [sys.pipe(), sys.pipe(), sys.pipe()] as const;
    const texts = ["", ""];
    for (const index of [0, 1] as const) {
      const [reader] = outs[index + 1] as [PipeEnd, PipeEnd];
      kernel.spawn(
        `reader ${index}`,
        (function* () {
          for (;;) {
            const chunk = yield* reader.read(65_536);
            if (chunk === "interrupted" || chunk.length === 0) return;
            texts[index] += decode(chunk);
          }
        })(),
      );
    }
    const fds = new Map<number, OpenFile>([
      [0, outs[0][0]],
      [1, outs[1][1]],
      [2, outs[2][1]],
    ]);
    const [, feeder] = outs[0];
    kernel.spawn(
      "feeder",
      (function* () {
        yield* feeder.pipe.write(new TextEncoder().encode(stdin));
        feeder.close();
      })(),
    );
    const child = machine.spawn({
      parent: undefined,
      main: kubectl,
      argv: words(line),
      env: new Map([
        ["HOME", "/root"],
        ["PATH", "/bin"],
      ]),
      cwd: "/root",
      cred: ROOT,
      ns: machine.ns,
      fds,
    });
    kernel.runUntil(() => child.task.state === "done");
    kernel.run(kernel.now + 1);
    const status = child.status;
    const code = status?.kind === "exited" ? status.code : 255;
    if (child.task.error) throw child.task.error;
    return { stdout: texts[0]!, stderr: texts[1]!, code };
  };
  return { kernel, machine, api, handler, run, write, read: (path) => sys.readText(init, path) };
}

const lists = new Map<string, object>();

/** The aggregated discovery document of the built-in kinds. */
function discoveryOf(list: string): object {
  const known = lists.get(list);
  if (known) return known;
  const groups = [...new Set(KINDS.map((kind) => kind.resource.group))].filter((g) => (g === "") === (list === "core"));
  const items = groups.map((group) => {
    const kinds = KINDS.filter((kind) => kind.resource.group === group);
    const versions = [...new Set(kinds.map((kind) => kind.resource.version))].map((version) => ({
      version,
      resources: kinds
        .filter((kind) => kind.resource.version === version)
        .map((kind) => ({
          resource: kind.resource.resource,
          responseKind: { group, version, kind: kind.resource.kind },
          scope: kind.resource.namespaced ? "Namespaced" : "Cluster",
          singularResource: kind.singular,
          verbs: kind.verbs,
          shortNames: kind.shortNames,
          categories: kind.categories,
          subresources: kind.subresources.map((sub) => ({ subresource: sub.name })),
        })),
    }));
    return { metadata: group === "" ? {} : { name: group }, versions };
  });
  const made = { kind: "APIGroupDiscoveryList", apiVersion: "apidiscovery.k8s.io/v2", metadata: {}, items };
  lists.set(list, made);
  return made;
}

/** Splits a line at blanks, keeping what stands in quotes together. */
export function words(line: string): string[] {
  const out: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let i = 0; i < line.length; i++) {
    const char = line[i]!;
    if (quote !== "") {
      if (char === quote) quote = "";
      else if (char === "\\" && quote === '"' && '"\\$`'.includes(line[i + 1] ?? "")) word = (word ?? "") + line[++i];
      else word = (word ?? "") + char;
    } else if (char === "'" || char === '"') {
      quote = char;
      word ??= "";
    } else if (char === " ") {
      if (word !== undefined) out.push(word);
      word = undefined;
    } else if (char === "\\") word = (word ?? "") + (line[++i] ?? "");
    else word = (word ?? "") + char;
  }
  if (word !== undefined) out.push(word);
  return out;
}
