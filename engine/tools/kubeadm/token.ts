/** kubeadm token: bootstrap tokens, kept as Secrets of kube-system (pkg/…/bootstrap/token). */

import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { BOOTSTRAP_TOKEN, BOOTSTRAP_TOKEN_TYPE, bootstrapTokenOf, tokenLeft } from "../../api/bootstrap-token.ts";
import type { ApiClient } from "../../api/client.ts";
import { shortHumanDuration } from "../../api/duration.ts";
import { parseDuration } from "../../api/go-time.ts";
import { loadKubeconfig } from "../../api/kubeconfig.ts";
import { formatTime } from "../../api/time.ts";
import { decode, decodeBase64, encode, encodeBase64, type Gen } from "../../kernel/index.ts";
import { fromPem } from "../../pki/der.ts";
import { readCertificate } from "../../pki/documents.ts";
import { TabWriter } from "../kubectl/printers/tabwriter.ts";
import { type Kubeadm, KubeadmError, SECRETS } from "./context.ts";

const LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz";
const GROUP = "system:bootstrappers:kubeadm:default-node-token";

/** A token nobody had before. */
export function newToken(k: Kubeadm): string {
  const random = k.p.machine.kernel.random(`kubeadm ${k.p.machine.hostname}`);
  return `${random.string(6, LETTERS)}.${random.string(16, LETTERS)}`;
}

export function* tokenGenerate(k: Kubeadm): Gen {
  yield* k.print(`${newToken(k)}\n`);
}

export function* tokenCreate(k: Kubeadm): Gen {
  const token = k.args[0] ?? newToken(k);
  const match = BOOTSTRAP_TOKEN.exec(token);
  if (match === null) {
    throw new KubeadmError(
      `the bootstrap token "${token}" was not of the form "\\\\A([a-z0-9]{6})\\\\.([a-z0-9]{16})\\\\z"`,
    );
  }
  const client = k.client();
  yield* k.ask(() =>
    createToken(k, client, token, {
      ttl: k.flag("ttl") ?? "24h0m0s",
      description: k.flag("description"),
      usages: k.flag("usages"),
      groups: k.flag("groups"),
    }),
  );
  yield* k.print(k.on("print-join-command") ? `${joinCommand(k, token)}\n` : `${token}\n`);
}

interface TokenWords {
  ttl: string;
  description?: string | undefined;
  usages?: string | undefined;
  groups?: string | undefined;
}

/** Keeps a token of the right form as a Secret. */
export function* createToken(k: Kubeadm, client: ApiClient, token: string, words: TokenWords): Gen {
  const ttl = parseDuration(words.ttl);
  if (typeof ttl === "string") throw new KubeadmError(`invalid argument "${words.ttl}" for "--ttl" flag: ${ttl}`);
  const [, id, secret] = BOOTSTRAP_TOKEN.exec(token) as unknown as [string, string, string];
  const usages = (words.usages ?? "signing,authentication").split(",");
  const data: Record<string, string> = {
    "auth-extra-groups": words.groups ?? GROUP,
    "token-id": id,
    "token-secret": secret,
  };
  if (words.description) data["description"] = words.description;
  if (ttl > 0) data["expiration"] = formatTime(k.nowMs + ttl / 1e6);
  for (const usage of usages) data[`usage-bootstrap-${usage}`] = "true";
  const object = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: `bootstrap-token-${id}`, namespace: "kube-system" },
    type: BOOTSTRAP_TOKEN_TYPE,
    data: Object.fromEntries(Object.entries(data).map(([name, value]) => [name, encodeBase64(encode(value))])),
  };
  yield* client.create(SECRETS, object);
}

/** `kubeadm join HOST:PORT --token …`, as `kubeadm init` says it at its end. */
export function joinWords(k: Kubeadm, token: string): string {
  const [, address, , hash] = /^kubeadm join (\S+) --token (\S+) --discovery-token-ca-cert-hash (\S+)/.exec(
    joinCommand(k, token.includes(" ") ? "x" : token),
  )!;
  return `kubeadm join ${address} --token ${token} \\\n\t--discovery-token-ca-cert-hash ${hash}`;
}

function joinCommand(k: Kubeadm, token: string): string {
  const text = k.read(k.flag("kubeconfig") ?? "/etc/kubernetes/admin.conf") ?? "";
  const { cluster } = loadKubeconfig(text).clusters[0]!;
  const ca = fromPem(
    "CERTIFICATE",
    decode(decodeBase64(cluster["certificate-authority-data"] ?? "") ?? new Uint8Array(0)),
  );
  const spki = ca && readCertificate(ca)?.spki;
  const hash = spki ? bytesToHex(sha256(spki)) : "";
  const server = (cluster.server ?? "").replace(/^https:\/\//, "");
  const key = k.flag("certificate-key");
  const more = key === undefined ? "" : `--control-plane --certificate-key ${key}`;
  return `kubeadm join ${server} --token ${token} --discovery-token-ca-cert-hash sha256:${hash} ${more}`;
}

export function* tokenList(k: Kubeadm): Gen {
  const client = k.client();
  const { items } = yield* k.ask(() => client.list(SECRETS, { namespace: "kube-system" }));
  const tokens = items.map(bootstrapTokenOf).filter((one) => one !== undefined);
  if (tokens.length === 0) return;
  const writer = new TabWriter(6, 3);
  writer.write("TOKEN\tTTL\tEXPIRES\tUSAGES\tDESCRIPTION\tEXTRA GROUPS\n");
  for (const token of tokens) {
    const { id, secret, expiration, usages, description, groups } = token;
    const left = tokenLeft(token, k.nowMs);
    const ttl = expiration === undefined ? "<forever>" : left > 0 ? shortHumanDuration(left) : "<invalid>";
    const fields = [`${id}.${secret}`, ttl, expiration ?? "<never>", usages.join(",")];
    writer.write(`${[...fields, description || "<none>", groups || "<none>"].join("\t")}\n`);
  }
  yield* k.print(writer.flush());
}

export function* tokenDelete(k: Kubeadm): Gen {
  if (k.args.length === 0)
    throw new KubeadmError("missing argument; 'token delete' is missing token of form [\"^[a-z0-9]{6}$\"]");
  const client = k.client();
  for (const given of k.args) {
    const id = BOOTSTRAP_TOKEN.exec(given)?.[1] ?? given;
    if (!/^[a-z0-9]{6}$/.test(id)) {
      throw new KubeadmError(
        `given token didn't match pattern "^[a-z0-9]{6}$" or "\\\\A([a-z0-9]{6})\\\\.([a-z0-9]{16})\\\\z"`,
      );
    }
    try {
      yield* k.ask(() => client.delete(SECRETS, "kube-system", `bootstrap-token-${id}`));
    } catch (error) {
      if (!(error instanceof KubeadmError)) throw error;
      throw new KubeadmError(`failed to delete bootstrap token "${id}": ${error.message}`);
    }
    yield* k.print(`bootstrap token "${id}" deleted\n`);
  }
}
