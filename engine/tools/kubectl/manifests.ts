import { parseAllDocuments } from "yaml";
import { jsonFaults } from "../../api/json.ts";
import type { KubeObject } from "../../api/types.ts";
import { decode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import { yamlWords } from "./config-files.ts";
import { KubectlError } from "./errors.ts";
import { compareStrings, quote, toJson } from "./go.ts";
import { goErrno, type Invocation } from "./invocation.ts";

const EXTENSIONS = [".json", ".yaml", ".yml"];

export interface Manifest {
  source: string;
  text: string | Error;
}

/** Reads what `-f` names: files, directories, patterns, `-`, URLs. Mistakes are added to `errors`. */
export function* expandPaths(
  k: Invocation,
  names: readonly string[],
  recursive: boolean,
  errors: Error[],
): Gen<Manifest[]> {
  const out: Manifest[] = [];
  for (const name of names) {
    if (name === "-") {
      out.push({ source: "STDIN", text: decode(yield* k.stdin()) });
    } else if (/^https?:\/\//.test(name)) {
      const host = /^https?:\/\/([^/:]+)/.exec(name)?.[1] ?? "";
      errors.push(new KubectlError(`Get ${quote(name)}: dial tcp: lookup ${host}: no such host`));
    } else {
      const found = glob(k, name);
      if (found.length === 0) errors.push(new KubectlError(`the path ${quote(name)} does not exist`));
      for (const path of found) readPath(k, path, recursive, out, errors);
    }
  }
  return out;
}

function readPath(k: Invocation, path: string, recursive: boolean, out: Manifest[], errors: Error[]): void {
  let isDir: boolean;
  try {
    isDir = sys.stat(k.p, path).kind === "dir";
  } catch (error) {
    if (!isErrno(error)) throw error;
    const words = `stat ${path}: ${goErrno(error.code, error.message)}`;
    errors.push(
      new KubectlError(
        error.code === "ENOENT"
          ? `the path ${quote(path)} does not exist`
          : `the path ${quote(path)} cannot be accessed: ${words}`,
      ),
    );
    return;
  }
  if (!isDir) {
    out.push({ source: path, text: readText(k, path) });
    return;
  }
  const before = out.length;
  walk(k, path.replace(/\/+$/, "") || "/", recursive, out);
  if (out.length === before) {
    errors.push(new KubectlError(`error reading [${path}]: recognized file extensions are [${EXTENSIONS.join(" ")}]`));
  }
}

function readText(k: Invocation, path: string): string | Error {
  try {
    return decode(k.readFile(path));
  } catch (error) {
    if (error instanceof KubectlError) return error;
    throw error;
  }
}

function walk(k: Invocation, dir: string, recursive: boolean, out: Manifest[]): void {
  const entries = [...sys.readDir(k.p, dir)].sort((a, b) => compareStrings(a[0], b[0]));
  for (const [name, node] of entries) {
    const path = `${dir}/${name}`;
    if (node.kind === "dir") {
      if (recursive) walk(k, path, recursive, out);
    } else if (EXTENSIONS.some((extension) => name.endsWith(extension)))
      out.push({ source: path, text: readText(k, path) });
  }
}

/** filepath.Glob for a last component with `*` and `?`; the shell has usually expanded them. */
function glob(k: Invocation, pattern: string): string[] {
  if (sys.find(k.p, pattern) !== undefined || !/[*?]/.test(pattern)) {
    return sys.find(k.p, pattern) === undefined ? [] : [pattern];
  }
  const slash = pattern.lastIndexOf("/");
  const dir = slash < 0 ? "." : pattern.slice(0, slash) || "/";
  if (sys.find(k.p, dir)?.kind !== "dir") return [];
  const names = [...sys.readDir(k.p, dir).keys()].filter((name) => wildcard(pattern.slice(slash + 1), name));
  return names.sort(compareStrings).map((name) => (slash < 0 ? name : `${pattern.slice(0, slash + 1)}${name}`));
}

function wildcard(pattern: string, name: string): boolean {
  let p = 0;
  let n = 0;
  let star = -1;
  let mark = 0;
  while (n < name.length) {
    if (pattern[p] === "*") {
      star = p++;
      mark = n;
    } else if (pattern[p] === "?" || pattern[p] === name[n]) {
      p++;
      n++;
    } else if (star >= 0) {
      p = star + 1;
      n = ++mark;
    } else return false;
  }
  while (pattern[p] === "*") p++;
  return p === pattern.length;
}

/** Any YAML or JSON value of one document. */
export function parseYaml(text: string): unknown {
  const [document] = parseAllDocuments(text, {
    uniqueKeys: true,
    version: "1.1",
    merge: true,
  }) as unknown as YamlDocument[];
  if (document === undefined) return null;
  if (document.errors.length > 0) throw new KubectlError(yamlWords(document.errors[0]!));
  return document.toJS({ maxAliasCount: 1000 });
}

interface YamlDocument {
  errors: (Error & { linePos?: readonly { line: number }[] })[];
  toJS(options: object): unknown;
}

/** The objects in a file, lists taken apart. Throws in kubectl's words. */
export function parseManifests(text: string, source: string, validate = false): KubeObject[] {
  const out: KubeObject[] = [];
  for (const value of /^\s*\{/.test(text) ? [fromJson(text, source)] : fromYaml(text, source)) {
    if (value === null || value === undefined) continue;
    if (validate) requireKind(value as KubeObject, source);
    addObjects(inKeyOrder(value) as KubeObject, source, out);
  }
  return out;
}

function fromJson(text: string, source: string): unknown {
  const { error, offset } = jsonFaults(text);
  if (error !== undefined) throw new KubectlError(`error parsing ${source}: json: offset ${offset}: ${error}`);
  return JSON.parse(text);
}

/** Values of all documents; of a key that stands twice the last counts, as for kubectl's reader. */
function fromYaml(text: string, source: string): unknown[] {
  const documents = parseAllDocuments(text, {
    uniqueKeys: false,
    version: "1.1",
    merge: true,
  }) as unknown as YamlDocument[];
  return documents.map((document) => {
    if (document.errors.length > 0) {
      throw new KubectlError(
        `error parsing ${source}: error converting YAML to JSON: ${yamlWords(document.errors[0]!)}`,
      );
    }
    return document.toJS({ maxAliasCount: 1000 });
  });
}

/** What is sent has gone through Go's maps, which are written in the order of their keys. */
function inKeyOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inKeyOrder);
  if (typeof value !== "object" || value === null) return value;
  const from = value as Record<string, unknown>;
  const out: Record<string, unknown> = {};
  for (const key of Object.keys(from).sort(compareStrings)) out[key] = inKeyOrder(from[key]);
  return out;
}

/** The part of validation that kubectl does itself. */
function requireKind(value: KubeObject, source: string): void {
  const invalid = typeof value !== "object" || Array.isArray(value);
  const missing = invalid
    ? []
    : ["apiVersion", "kind"].filter((field) => !value[field]).map((field) => `${field} not set`);
  if (!invalid && missing.length === 0) return;
  const words = invalid ? "invalid object to validate" : missing.length === 1 ? missing[0] : `[${missing.join(", ")}]`;
  throw new KubectlError(
    `error validating ${quote(source)}: error validating data: ${words}; if you choose to ignore these errors, turn validation off with --validate=false`,
  );
}

function addObjects(value: KubeObject, source: string, out: KubeObject[]): void {
  if (typeof value !== "object" || Array.isArray(value)) {
    throw new KubectlError(
      `unable to decode ${quote(source)}: json: cannot unmarshal ${jsonKind(value)} into Go value of type unstructured.detector`,
    );
  }
  if (!value.kind)
    throw new KubectlError(`unable to decode ${quote(source)}: Object 'Kind' is missing in '${toJson(value)}'`);
  if (Array.isArray(value.items) && value.kind.endsWith("List")) {
    for (const item of value.items) addObjects(item, source, out);
    return;
  }
  out.push(value);
}

function jsonKind(value: unknown): string {
  return Array.isArray(value) ? "array" : typeof value;
}
