/** ConfigMaps and Secrets made from literals, files and env files, and the hash in their names. */
import { decode, encodeBase64 } from "../../../kernel/index.ts";
import { KubectlError } from "../errors.ts";
import { quote } from "../go.ts";
import { hashLetters } from "../hash-letters.ts";
import type { GeneratorOptions, KvArgs } from "./kustomization.ts";
import type { Loader } from "./loader.ts";
import { Resource, type Tree } from "./resource.ts";

const UTF8 = new TextEncoder();

/** A ConfigMap or Secret. */
export function generate(
  kind: "ConfigMap" | "Secret",
  args: KvArgs,
  loader: Loader,
  shared: GeneratorOptions | undefined,
): Resource {
  if (!args.name) throw new KubectlError("a configmap must have a name");
  const options = mergeOptions(args.options, shared);
  const object: Tree = { apiVersion: "v1", kind, metadata: { name: args.name } };
  if (args.namespace) object.metadata.namespace = args.namespace;
  if (kind === "Secret") object.type = args.type || "Opaque";
  for (const [key, bytes] of pairs(args, loader)) {
    const text = decode(bytes);
    if (kind === "Secret") object.data = { ...object.data, [key]: base64Lines(bytes) };
    else if (isText(text)) object.data = { ...object.data, [key]: text };
    else object.binaryData = { ...object.binaryData, [key]: base64Lines(bytes) };
  }
  if (kind === "Secret") object.data ??= {};
  if (Object.keys(options.labels ?? {}).length > 0) object.metadata.labels = { ...options.labels };
  if (Object.keys(options.annotations ?? {}).length > 0) object.metadata.annotations = { ...options.annotations };
  if (options.immutable) object.immutable = true;
  const resource = new Resource(object);
  resource.needsHash = !options.disableNameSuffixHash;
  resource.behavior = ["merge", "replace"].includes(args.behavior ?? "") ? args.behavior! : "create";
  return resource;
}

/** Base64 of several lines, each with its end, where it does not fit one (api/internal/generators/utils.go). */
function base64Lines(bytes: Uint8Array): string {
  const text = encodeBase64(bytes);
  return text.length < 70 ? text : text.replace(/.{1,70}/g, "$&\n");
}

const isText = (text: string) => !/[\udc80-\udcff]/.test(text.replace(/[\ud800-\udbff][\udc00-\udfff]/g, ""));

function mergeOptions(own: GeneratorOptions | undefined, shared: GeneratorOptions | undefined): GeneratorOptions {
  return {
    labels: { ...shared?.labels, ...own?.labels },
    annotations: { ...shared?.annotations, ...own?.annotations },
    disableNameSuffixHash: Boolean(own?.disableNameSuffixHash || shared?.disableNameSuffixHash),
    immutable: Boolean(own?.immutable || shared?.immutable),
  };
}

function pairs({ name, literals = [], files = [], envs = [] }: KvArgs, loader: Loader): Map<string, Uint8Array> {
  const out = new Map<string, Uint8Array>();
  const loading = (prefix: string, body: () => void) => {
    try {
      body();
    } catch (error) {
      if (!(error instanceof KubectlError)) throw error;
      throw new KubectlError(`loading KV pairs: ${prefix}: ${error.message}`);
    }
  };
  const found: [string, Uint8Array][] = [];
  loading(`env source files: [${envs.join(" ")}]`, () => {
    for (const path of envs) found.push(...envPairs(loader.text(path)));
  });
  loading(`literal sources [${literals.join(" ")}]`, () => {
    for (const literal of literals) {
      const equals = literal.indexOf("=");
      if (equals < 1) throw new KubectlError(`invalid literal source ${literal}, expected key=value`);
      found.push([literal.slice(0, equals), UTF8.encode(unquoted(literal.slice(equals + 1)))]);
    }
  });
  loading(`file sources: [${files.join(" ")}]`, () => {
    for (const source of files) {
      const [key, path] = fileSource(source);
      found.push([key, loader.bytes(path)]);
    }
  });
  for (const [key, bytes] of found) {
    if (!/^[-._a-zA-Z0-9]+$/.test(key)) throw new KubectlError(`${quote(key)} is not a valid key name`);
    if (out.has(key)) throw new KubectlError(`configmap ${name} illegally repeats the key \`${key}\``);
    out.set(key, bytes);
  }
  return out;
}

function envPairs(text: string): [string, Uint8Array][] {
  const out: [string, Uint8Array][] = [];
  for (const raw of text.replace(/^\ufeff/, "").split("\n")) {
    const line = raw.replace(/\r$/, "").trimStart();
    if (line === "" || line.startsWith("#")) continue;
    const equals = line.indexOf("=");
    const key = equals < 0 ? line : line.slice(0, equals);
    if (!/^[-._a-zA-Z][-._a-zA-Z0-9]*$/.test(key)) throw new KubectlError(`${quote(key)} is not a valid key name`);
    out.push([key, UTF8.encode(equals < 0 ? "" : line.slice(equals + 1))]);
  }
  return out;
}

function unquoted(text: string): string {
  const [first] = text;
  return text.length >= 2 && (first === '"' || first === "'") && text.endsWith(first) ? text.slice(1, -1) : text;
}

function fileSource(source: string): [key: string, path: string] {
  const count = source.split("=").length - 1;
  if (count === 0) return [source.slice(source.lastIndexOf("/") + 1), source];
  if (count === 1 && source.startsWith("=")) {
    throw new KubectlError(`missing key name for file path ${quote(source.slice(1))} in source ${quote(source)}`);
  }
  if (count === 1 && source.endsWith("=")) {
    throw new KubectlError(`missing file path for key name ${quote(source.slice(0, -1))} in source ${quote(source)}`);
  }
  if (count > 1) throw new KubectlError(`source ${quote(source)} key name or file path contains '='`);
  const [key, path] = source.split("=") as [string, string];
  return [key, path];
}

/** The ten letters that kustomize adds to a generated name (api/hasher, which looks for the name where it is not). */
export function contentHash(object: Tree): string {
  const { kind, data, binaryData, stringData, type } = object;
  const hashed: Record<string, unknown> = { data: data ?? "", kind, name: "" };
  if (kind === "ConfigMap" && binaryData) hashed["binaryData"] = binaryData;
  if (kind === "Secret") hashed["type"] = type ?? "";
  if (kind === "Secret" && stringData) hashed["stringData"] = stringData;
  return hashLetters(hashed);
}
