import { decodeObject } from "../../api/decode.ts";
import { jsonFaults } from "../../api/json.ts";
import type { KubeObject } from "../../api/types.ts";
import { decode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import { globRegex } from "../../text/glob.ts";
import { KubectlError } from "./errors.ts";
import { compareStrings, quote, toJson } from "./go.ts";
import { goErrno } from "./go-errno.ts";
import type { Invocation } from "./invocation.ts";
import { fetchUrl } from "./url.ts";
import { readDocument, splitDocuments } from "./yaml-documents.ts";

const EXTENSIONS = [".json", ".yaml", ".yml"];

export interface Manifest {
  source: string;
  /** A function where the text is worked out when its turn comes. */
  text: string | Error | (() => string);
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
      out.push({ source: "STDIN", text: manifestText(yield* k.stdin()) });
    } else if (/^https?:\/\//.test(name)) {
      try {
        out.push({ source: name, text: yield* fetchUrl(k, name) });
      } catch (error) {
        if (!(error instanceof KubectlError)) throw error;
        errors.push(error);
      }
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
    return manifestText(k.readFile(path));
  } catch (error) {
    if (error instanceof KubectlError) return error;
    throw error;
  }
}

/** Bytes of a manifest as goyaml reads them: UTF-16 by its byte order mark, else UTF-8 with what is none replaced. */
function manifestText(bytes: Uint8Array): string {
  const little = bytes[0] === 0xff && bytes[1] === 0xfe;
  if (!little && !(bytes[0] === 0xfe && bytes[1] === 0xff)) return decode(bytes).replace(/[\udc80-\udcff]/g, lone);
  const units: number[] = [];
  for (let i = 2; i + 1 < bytes.length; i += 2) {
    units.push(little ? bytes[i]! | (bytes[i + 1]! << 8) : (bytes[i]! << 8) | bytes[i + 1]!);
  }
  return units.map((unit) => String.fromCharCode(unit)).join("");
}

/** The second half of a pair stays; alone it stands for a byte that is no UTF-8. */
function lone(half: string, at: number, text: string): string {
  const before = text.charCodeAt(at - 1);
  return before >= 0xd800 && before <= 0xdbff ? half : "\ufffd";
}

/** Go's filepath.Join, which takes `.` and `..` out of what it can: `./x/../y` and `z` are `y/z`. */
function joined(dir: string, name: string): string {
  const out: string[] = [];
  for (const part of `${dir}/${name}`.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === ".." && out.length > 0 && out.at(-1) !== "..") out.pop();
    else out.push(part);
  }
  return (dir.startsWith("/") ? "/" : "") + out.join("/");
}

function walk(k: Invocation, dir: string, recursive: boolean, out: Manifest[]): void {
  const entries = [...sys.readDir(k.p, dir)].sort((a, b) => compareStrings(a[0], b[0]));
  for (const [name, node] of entries) {
    const path = joined(dir, name);
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
  const matcher = globRegex(pattern.slice(slash + 1), { path: true });
  const names = [...sys.readDir(k.p, dir).keys()].filter((name) => matcher.test(name));
  return names.sort(compareStrings).map((name) => (slash < 0 ? name : `${pattern.slice(0, slash + 1)}${name}`));
}

/** Any YAML or JSON value of one document. */
export function parseYaml(text: string): unknown {
  return readDocument(text, true);
}

/** What a file holds, and what is wrong with it: what comes before a bad document counts all the same. */
export interface ManifestObjects {
  objects: KubeObject[];
  errors: KubectlError[];
}

/** What is read as JSON (apimachinery util/yaml GuessJSONStream): a byte order mark before the brace makes it YAML. */
const JSON_TEXT = /^[ \t\r\n\v\f]*\{/;

/** The objects in a file, lists taken apart. */
export function readManifests(text: string, source: string, validate = false): ManifestObjects {
  const objects: KubeObject[] = [];
  const errors: KubectlError[] = [];
  try {
    for (const value of JSON_TEXT.test(text) ? fromJson(text, source) : fromYaml(text, source)) {
      if (value === null || value === undefined) continue;
      if (validate) requireKind(value as KubeObject, source);
      try {
        addObjects(inKeyOrder(value) as KubeObject, source, objects);
      } catch (error) {
        if (!(error instanceof KubectlError)) throw error;
        errors.push(error);
      }
    }
  } catch (error) {
    if (!(error instanceof KubectlError)) throw error;
    errors.push(error);
  }
  return { objects, errors };
}

/** The same, all or nothing: throws in kubectl's words. */
export function parseManifests(text: string, source: string, validate = false): KubeObject[] {
  const { objects, errors } = readManifests(text, source, validate);
  if (errors.length > 0) throw errors[0];
  return objects;
}

/** JSON values one after the other. */
function* fromJson(text: string, source: string): Iterable<unknown> {
  let rest = text;
  let read = 0;
  const failed = (offset: number, why: string) =>
    new KubectlError(`error parsing ${source}: json: offset ${read + offset}: ${why}`);
  while (rest.trim() !== "") {
    const length = valueLength(rest);
    if (length < 0) throw failed(-length, `invalid character '${rest[-length - 1]}' exceeded max depth`);
    // Something that is no object is wrong from its first character on.
    const one = length === 0 ? rest : rest.slice(0, length);
    const { error, offset = 0 } = length === 0 && /^\s*[[{]/.test(rest) ? {} : jsonFaults(one);
    if (error !== undefined) throw failed(offset, error);
    if (length === 0) throw new KubectlError(`error parsing ${source}: unexpected EOF`);
    yield JSON.parse(one);
    rest = rest.slice(length);
    read += length;
  }
}

/** Deepest nesting that encoding/json reads. */
const MAX_DEPTH = 10_000;

/** Characters of the object a text begins with, up to its closing brace; 0 when it has none, -n when it is too deep at n. */
function valueLength(text: string): number {
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (quoted) {
      if (char === "\\") i++;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === "{" || char === "[") {
      if (++depth > MAX_DEPTH) return -(i + 1);
    } else if ((char === "}" || char === "]") && --depth === 0) return i + 1;
  }
  return 0;
}

/** Values of all documents; of a key that stands twice the last counts, as for kubectl's reader. */
function* fromYaml(text: string, source: string): Iterable<unknown> {
  for (const document of splitDocuments(text)) {
    try {
      yield readDocument(document);
    } catch (error) {
      if (!(error instanceof KubectlError)) throw error;
      throw new KubectlError(`error parsing ${source}: error converting YAML to JSON: ${error.message}`);
    }
  }
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

const INVALID_OBJECT = "invalid object to validate";

/** What is wrong with an object's apiVersion and kind (kubectl/pkg/util/openapi/validation getObjectKind). */
function kindFaults(value: unknown): string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [INVALID_OBJECT];
  const faults: string[] = [];
  const { apiVersion, kind } = value as Record<string, unknown>;
  if (apiVersion === undefined || apiVersion === null) faults.push("apiVersion not set");
  else if (typeof apiVersion !== "string") faults.push("apiVersion isn't string type");
  else if (apiVersion.split("/").length > 2) faults.push(`unexpected GroupVersion string: ${apiVersion}`);
  if (kind === undefined || kind === null) faults.push("kind not set");
  else if (typeof kind !== "string") faults.push("kind isn't string type");
  return faults;
}

/** The part of validation that kubectl does itself. */
function requireKind(value: KubeObject, source: string): void {
  let faults = kindFaults(value);
  if (faults.length === 0 && value.apiVersion === "v1" && value.kind === "List") {
    faults = Array.isArray(value.items) ? value.items.flatMap(kindFaults) : [INVALID_OBJECT];
  }
  if (faults.length === 0) return;
  const unique = [...new Set(faults)];
  const words = unique.length === 1 ? unique[0] : `[${unique.join(", ")}]`;
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
    const kind = value.kind.slice(0, -"List".length);
    for (const item of value.items) {
      const bare = kind !== "" && typeof item === "object" && item !== null && !item.kind;
      addObjects(bare ? { ...item, apiVersion: value.apiVersion, kind } : item, source, out);
    }
    return;
  }
  // The client reads metadata into its struct before anything is sent.
  const { kind, apiVersion, metadata } = value;
  if (metadata !== undefined) {
    const { error } = decodeObject({ apiVersion, kind, metadata }, { group: "", version: "v1", kind: "ConfigMap" });
    const words = error?.replace("Go struct field ConfigMap.", "Go struct field metadataOnlyObject.");
    if (words !== undefined) throw new KubectlError(`unable to decode ${quote(source)}: ${words}`);
  }
  out.push(value);
}

function jsonKind(value: unknown): string {
  return Array.isArray(value) ? "array" : typeof value;
}
