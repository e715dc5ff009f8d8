import type { EncryptionRule, Provider } from "../apiserver/index.ts";
import type { Sealer } from "../etcd/index.ts";
import { concat, decodeBase64, encode, sha256Hex } from "../kernel/index.ts";
import { isErrno } from "../machine/errno.ts";
import { parseYaml } from "../machine/kubelet/yaml.ts";
import type { Process } from "../machine/process.ts";
import * as sys from "../machine/sys.ts";
import { Aes, cbcDecrypt, cbcEncrypt, gcmOpen, gcmSeal } from "../pki/aes.ts";
import { secretboxOpen, secretboxSeal } from "../pki/secretbox.ts";

// biome-ignore lint/suspicious/noExplicitAny: a document of a learner
type Doc = any;

/** Why the server cannot start. */
class Unusable extends Error {}

interface Method {
  prefix: string;
  name: string;
  sizes: readonly number[];
  /** Bytes of the nonce or vector that stands before the ciphertext. */
  nonce: number;
  seal(key: Uint8Array, nonce: Uint8Array, bytes: Uint8Array, context: Uint8Array): Uint8Array;
  open(key: Uint8Array, nonce: Uint8Array, bytes: Uint8Array, context: Uint8Array): Uint8Array | undefined;
}

/** How each provider writes (apiserver pkg/storage/value/encrypt). */
const METHODS: Readonly<Record<string, Method>> = {
  aescbc: {
    prefix: "k8s:enc:aescbc:v1:",
    name: "AES",
    sizes: [16, 24, 32],
    nonce: 16,
    seal: (key, iv, bytes) => cbcEncrypt(new Aes(key), iv, bytes),
    open: (key, iv, bytes) => cbcDecrypt(new Aes(key), iv, bytes),
  },
  aesgcm: {
    prefix: "k8s:enc:aesgcm:v1:",
    name: "AES",
    sizes: [16, 24, 32],
    nonce: 12,
    seal: (key, nonce, bytes, context) => gcmSeal(new Aes(key), nonce, bytes, context),
    open: (key, nonce, bytes, context) => gcmOpen(new Aes(key), nonce, bytes, context),
  },
  secretbox: {
    prefix: "k8s:enc:secretbox:v1:",
    name: "Secretbox",
    sizes: [32],
    nonce: 24,
    seal: (key, nonce, bytes) => secretboxSeal(key, nonce, bytes),
    open: (key, nonce, bytes) => secretboxOpen(key, nonce, bytes),
  },
};

/** Keys by what they are: servers that were given the same one open what the others sealed. */
export type Keyring = Map<string, Sealer>;

/**
 * What `--encryption-provider-config` names: the rules, or why the server cannot start with them (apiserver
 * pkg/apis/apiserver/validation/validation_encryption.go). kms providers need a plug-in, of which there is none.
 */
export function encryptionRules(p: Process, path: string | undefined, keyring: Keyring): EncryptionRule[] | string {
  if (path === undefined) return [];
  try {
    return read(p, path, keyring);
  } catch (error) {
    if (error instanceof Unusable) return error.message;
    throw error;
  }
}

function read(p: Process, path: string, keyring: Keyring): EncryptionRule[] {
  const quoted = JSON.stringify(path);
  let text: string;
  try {
    text = sys.readText(p, path);
  } catch (error) {
    if (!isErrno(error)) throw error;
    const why = error.code === "ENOENT" ? "no such file or directory" : error.message.toLowerCase();
    throw new Unusable(`error opening encryption provider configuration file ${quoted}: open ${path}: ${why}`);
  }
  let file: Doc;
  try {
    file = parseYaml(text);
  } catch (error) {
    throw new Unusable(`error decoding encryption provider configuration file ${quoted}: ${(error as Error).message}`);
  }
  if (file?.kind !== "EncryptionConfiguration" || file.apiVersion !== "apiserver.config.k8s.io/v1") {
    const { kind = "", apiVersion = "" } = file ?? {};
    const why = kind
      ? `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "k8s.io/apiserver/pkg/server/options/encryptionconfig/config.go:108"`
      : "Object 'Kind' is missing";
    throw new Unusable(`error decoding encryption provider configuration file ${quoted}: ${why}`);
  }
  const causes: string[] = [];
  const rules = listOf(file.resources).map((rule, i) => readRule(rule, `resources[${i}]`, causes, keyring));
  if (rules.length === 0) causes.push("resources: Required value: at least one resource is required");
  if (causes.length > 0) {
    throw new Unusable(`error while parsing file: ${causes.length === 1 ? causes[0] : `[${causes.join(", ")}]`}`);
  }
  return rules;
}

const listOf = (value: Doc): Doc[] => (Array.isArray(value) ? value : []);

function readRule(rule: Doc, at: string, causes: string[], keyring: Keyring): EncryptionRule {
  const resources = listOf(rule?.resources).map(String);
  if (resources.length === 0) causes.push(`${at}.resources: Required value: at least one resource is required`);
  const given = listOf(rule?.providers);
  if (given.length === 0) causes.push(`${at}.providers: Required value: at least one provider is required`);
  const providers = given.map((provider, i) => readProvider(provider, `${at}.providers[${i}]`, causes, keyring));
  return { resources, providers };
}

function readProvider(provider: Doc, at: string, causes: string[], keyring: Keyring): Provider {
  const kinds = Object.keys(provider ?? {});
  const plain: Provider = { prefix: "", name: "identity", keys: [] };
  if (kinds.length !== 1) {
    const why =
      kinds.length === 0
        ? `Required value: provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity`
        : `Invalid value: "provider": more than one provider specified in a single element, should split into different list elements`;
    causes.push(`${at}: ${why}`);
    return plain;
  }
  const [kind] = kinds as [string];
  if (kind === "identity") return plain;
  const method = METHODS[kind];
  if (method === undefined) {
    causes.push(`${at}.${kind}: Forbidden: no plug-in serves this provider`);
    return plain;
  }
  const given = listOf(provider[kind]?.keys);
  if (given.length === 0) causes.push(`${at}.${kind}.keys: Required value: at least one key is required`);
  const keys = given.flatMap((key, i) => readKey(key, method, `${at}.${kind}.keys[${i}]`, causes, keyring));
  return { prefix: method.prefix, name: method.name, keys };
}

function readKey(key: Doc, method: Method, at: string, causes: string[], keyring: Keyring): Sealer[] {
  const { name = "", secret = "" } = key ?? {};
  if (name === "") causes.push(`${at}.name: Required value: name is required`);
  if (secret === "") {
    causes.push(`${at}.secret: Required value: secret is required`);
    return [];
  }
  const bytes = /^[A-Za-z0-9+/]+={0,2}$/.test(secret) && secret.length % 4 === 0 ? decodeBase64(secret) : undefined;
  if (bytes === undefined) {
    causes.push(`${at}.secret: Invalid value: "REDACTED": secret is not valid base64-encoded`);
    return [];
  }
  if (!method.sizes.includes(bytes.length)) {
    const sizes = method.sizes.join(", ");
    causes.push(
      `${at}.secret: Invalid value: "REDACTED": secret is not of the expected length, got ${bytes.length}, expected one of []int{${sizes}}`,
    );
    return [];
  }
  const prefix = `${method.prefix}${name}:`;
  const id = `${prefix}${secret}`;
  let sealer = keyring.get(id);
  if (sealer === undefined) keyring.set(id, (sealer = sealerOf(prefix, bytes, method)));
  return [sealer];
}

function sealerOf(prefix: string, key: Uint8Array, method: Method): Sealer {
  const head = encode(prefix);
  return {
    prefix,
    seal(bytes, context, revision) {
      // Drawn from key and revision, so that reading the same value twice gives the same bytes.
      const drawn = sha256Hex(`${prefix} ${context} ${revision}`);
      const nonce = Uint8Array.from({ length: method.nonce }, (_, i) =>
        Number.parseInt(drawn.slice(2 * i, 2 * i + 2), 16),
      );
      return concat([head, nonce, method.seal(key, nonce, bytes, encode(context))]);
    },
    open(bytes, context) {
      for (let i = 0; i < head.length; i++) if (bytes[i] !== head[i]) return undefined;
      const rest = bytes.subarray(head.length);
      if (rest.length < method.nonce) return undefined;
      return method.open(key, rest.subarray(0, method.nonce), rest.subarray(method.nonce), encode(context));
    },
  };
}
