/** create configmap, secret, namespace, serviceaccount. */
import { pairProblem } from "../../../api/key-pair.ts";
import type { KubeObject } from "../../../api/types.ts";
import { decode, encodeBase64 } from "../../../kernel/index.ts";
import { isErrno } from "../../../machine/errno.ts";
import * as sys from "../../../machine/sys.ts";
import { KubectlError } from "../errors.ts";
import { compareStrings, quote, toJson } from "../go.ts";
import { goErrno } from "../go-errno.ts";
import type { Invocation } from "../invocation.ts";
import { generating, type Json, meta } from "./generator.ts";

interface KeyedData {
  /** Adds a value; throws when the key is no good or taken. */
  add(key: string, bytes: Uint8Array): void;
}

const KEY = /^[-._a-zA-Z0-9]+$/;

/** validation.IsConfigMapKey; empty when it is a key. */
function keyErrors(key: string): string[] {
  const errors: string[] = [];
  if (key.length > 253) errors.push("must be no more than 253 characters");
  if (!KEY.test(key)) {
    errors.push(
      "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
    );
  }
  if (key === ".") errors.push("must not be '.'");
  else if (key === "..") errors.push("must not be '..'");
  else if (key.startsWith("..")) errors.push("must not start with '..'");
  return errors;
}

/** Reads `--from-file`, `--from-literal` and `--from-env-file` in the order of kubectl. */
function collect(k: Invocation, data: KeyedData, words: { dir: string }): void {
  const { flags } = k;
  const literals = flags.list("from-literal");
  const files = flags.list("from-file");
  const envFiles = flags.list("from-env-file");
  if (envFiles.length > 0 && (files.length > 0 || literals.length > 0)) {
    throw new KubectlError("from-env-file cannot be combined with from-file or from-literal");
  }
  // A ConfigMap's files come before its literals, a Secret's after them.
  if (words.dir === "config") for (const source of files) addFile(k, data, source);
  for (const literal of literals) {
    const equals = literal.indexOf("=");
    if (equals < 1) throw new KubectlError(`invalid literal source ${literal}, expected key=value`);
    data.add(literal.slice(0, equals), new TextEncoder().encode(literal.slice(equals + 1)));
  }
  if (words.dir === "secret") for (const source of files) addFile(k, data, source);
  for (const file of envFiles) addEnvFile(k, data, file, words.dir);
}

function fileKind(k: Invocation, path: string): string {
  try {
    return sys.stat(k.p, path).kind;
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new KubectlError(`error reading ${path}: ${goErrno(error.code, error.message)}`);
  }
}

function addFile(k: Invocation, data: KeyedData, source: string): void {
  const count = source.split("=").length - 1;
  if (count > 1) throw new KubectlError("key names or file paths cannot contain '='");
  if (count === 1 && source.startsWith("=")) {
    throw new KubectlError(`key name for file path ${source.slice(1)} missing`);
  }
  if (count === 1 && source.endsWith("=")) {
    throw new KubectlError(`file path for key name ${source.slice(0, -1)} missing`);
  }
  const equals = source.indexOf("=");
  const path = source.slice(equals + 1);
  const key = equals < 0 ? path.replace(/\/+$/, "").replace(/^.*\//, "") : source.slice(0, equals);
  if (fileKind(k, path) !== "dir") {
    data.add(key, k.readFile(path));
    return;
  }
  if (equals >= 0) throw new KubectlError("cannot give a key name for a directory path");
  const entries = [...sys.readDir(k.p, path)].sort((a, b) => compareStrings(a[0], b[0]));
  for (const [name, node] of entries) if (node.kind === "file") data.add(name, k.readFile(`${path}/${name}`));
}

function addEnvFile(k: Invocation, data: KeyedData, path: string, kind: string): void {
  if (fileKind(k, path) === "dir") throw new KubectlError(`env ${kind} file cannot be a directory`);
  for (const raw of decode(k.readFile(path)).split("\n")) {
    const line = raw.replace(/\r$/, "").trimStart();
    if (line === "" || line.startsWith("#")) continue;
    const equals = line.indexOf("=");
    const key = equals < 0 ? line : line.slice(0, equals);
    if (!/^[-._a-zA-Z][-._a-zA-Z0-9]*$/.test(key)) {
      throw new KubectlError(
        `${quote(key)} is not a valid key name: a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is '[-._a-zA-Z][-._a-zA-Z0-9]*')`,
      );
    }
    const value = equals < 0 ? (k.p.env.get(key) ?? "") : line.slice(equals + 1);
    data.add(key, new TextEncoder().encode(value));
  }
}

const isText = (bytes: Uint8Array) =>
  !/[\udc80-\udcff]/.test(decode(bytes).replace(/[\ud800-\udbff][\udc00-\udfff]/g, ""));

export const configMap = generating(
  (k, name) => {
    const text: Record<string, string> = {};
    const binary: Record<string, string> = {};
    collect(
      k,
      {
        add(key, bytes) {
          const errors = keyErrors(key);
          if (errors.length > 0)
            throw new KubectlError(`${quote(key)} is not a valid key name for a ConfigMap: ${errors.join(",")}`);
          const where = key in text ? "Data" : key in binary ? "BinaryData" : undefined;
          if (where) {
            throw new KubectlError(
              `cannot add key ${quote(key)}, another key by that name already exists in ${where} for ConfigMap ${quote(name)}`,
            );
          }
          if (isText(bytes)) text[key] = decode(bytes);
          else binary[key] = encodeBase64(bytes);
        },
      },
      { dir: "config" },
    );
    const object: Json = { apiVersion: "v1", kind: "ConfigMap", metadata: meta(name) };
    if (Object.keys(text).length > 0) object.data = text;
    if (Object.keys(binary).length > 0) object.binaryData = binary;
    return object;
  },
  { failed: "configmap:", hashed: true, named: true },
);

export const secretGeneric = generating(
  (k, name) => {
    const data: Record<string, string> = {};
    collect(
      k,
      {
        add(key, bytes) {
          const errors = keyErrors(key);
          if (errors.length > 0)
            throw new KubectlError(`${quote(key)} is not valid key name for a Secret ${errors.join(";")}`);
          if (key in data) throw new KubectlError(`cannot add key ${key}, another key by that name already exists`);
          data[key] = encodeBase64(bytes);
        },
      },
      { dir: "secret" },
    );
    return secret(name, k.flags.string("type"), data);
  },
  { failed: "secret", hashed: true, named: true },
);

function secret(name: string, type: string, data: Record<string, string>): Json {
  const object: Json = { apiVersion: "v1", kind: "Secret", metadata: meta(name) };
  if (Object.keys(data).length > 0) object.data = data;
  if (type) object.type = type;
  return object;
}

export const secretTls = generating(
  (k, name) => {
    const key = k.flags.string("key");
    const cert = k.flags.string("cert");
    if (key === "" || cert === "") throw new KubectlError("key and cert must be specified");
    const read = (path: string) => {
      try {
        return k.readFile(path);
      } catch (error) {
        if (!(error instanceof KubectlError)) throw error;
        throw new KubectlError(`Cannot read file ${path}, ${error.message}`);
      }
    };
    const certBytes = read(cert);
    const keyBytes = read(key);
    const problem = pairProblem(decode(certBytes), decode(keyBytes));
    if (problem !== undefined) throw new KubectlError(problem);
    return secret(name, "kubernetes.io/tls", { "tls.crt": encodeBase64(certBytes), "tls.key": encodeBase64(keyBytes) });
  },
  { failed: "secret", hashed: true },
);

const DOCKER_KEY = ".dockerconfigjson";

export const secretDockerRegistry = generating(
  (k, name) => {
    const { flags } = k;
    const [username, password, email, server] = [
      "docker-username",
      "docker-password",
      "docker-email",
      "docker-server",
    ].map((f) => flags.string(f)) as [string, string, string, string];
    const files = flags.list("from-file");
    if (files.length === 0 && (username === "" || password === "" || server === "")) {
      throw new KubectlError(
        "either --from-file or the combination of --docker-username, --docker-password and --docker-server is required",
      );
    }
    const encode = (text: string) => encodeBase64(new TextEncoder().encode(text));
    if (files.length > 0) {
      const data: Record<string, string> = {};
      const add = (bytes: Uint8Array) => {
        if (DOCKER_KEY in data) {
          throw new KubectlError(`cannot add key ${DOCKER_KEY}, another key by that name already exists`);
        }
        data[DOCKER_KEY] = encodeBase64(bytes);
      };
      for (const file of files) addFile(k, { add: (_key, bytes) => add(bytes) }, file);
      return secret(name, "kubernetes.io/dockerconfigjson", data);
    }
    const entry: Record<string, string> = { username, password };
    if (email) entry["email"] = email;
    entry["auth"] = encode(`${username}:${password}`);
    const members = Object.entries(entry).map(([field, value]) => `${toJson(field)}:${toJson(value)}`);
    const text = `{"auths":{${toJson(server)}:{${members.join(",")}}}}`;
    return secret(name, "kubernetes.io/dockerconfigjson", { [DOCKER_KEY]: encode(text) });
  },
  { failed: "secret", hashed: true, named: true },
);

export const namespace = generating(
  (_k, name) => ({ apiVersion: "v1", kind: "Namespace", metadata: meta(name), spec: {}, status: {} }),
  { clusterScoped: true, named: true },
);

export const serviceAccount = generating(
  (_k, name) => ({ apiVersion: "v1", kind: "ServiceAccount", metadata: meta(name) }),
  { failed: "serviceaccount:", named: true },
);

export type { KubeObject };
