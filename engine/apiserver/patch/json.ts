import { deepEqual } from "../frozen.ts";
import { isMap } from "./merge.ts";

/** An operation that does not apply; the message is that of evanphx/json-patch. */
export class JsonPatchError extends Error {}

export interface Operation {
  op: string;
  path: string;
  from?: string;
  value?: unknown;
}

/** Applies JSON patch operations (RFC 6902) in order. Never writes to its arguments. Throws JsonPatchError. */
export function applyJsonPatch(target: unknown, operations: readonly Operation[]): unknown {
  let document = target;
  for (const operation of operations) document = applyOne(document, operation);
  return document;
}

function applyOne(document: unknown, { op, path, from = "", value }: Operation): unknown {
  switch (op) {
    case "add":
      return set(document, parts(path), value, "add", path);
    case "remove":
      return remove(document, parts(path), "remove", path);
    case "replace":
      find(document, parts(path), "replace", path);
      return replace(document, parts(path), value);
    case "move": {
      const moved = find(document, parts(from), "move", from);
      return set(remove(document, parts(from), "move", from), parts(path), moved, "move", path);
    }
    case "copy":
      return set(document, parts(path), find(document, parts(from), "copy", from), "copy", path);
    case "test": {
      let actual: unknown;
      try {
        actual = find(document, parts(path), "test", path);
      } catch {
        actual = undefined;
      }
      if (!deepEqual(actual ?? null, value ?? null)) throw new JsonPatchError(`testing value ${path} failed`);
      return document;
    }
    default:
      throw new JsonPatchError(`Unexpected kind: ${op}`);
  }
}

function parts(pointer: string): string[] {
  if (pointer === "") return [];
  return pointer
    .slice(1)
    .split("/")
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function missing(op: string, path: string): JsonPatchError {
  return new JsonPatchError(`${op} operation does not apply: doc is missing path: "${path}": missing value`);
}

function find(document: unknown, path: readonly string[], op: string, text: string): unknown {
  let at = document;
  for (const part of path) {
    if (Array.isArray(at)) at = at[index(part, at.length - 1, op, text)];
    else if (isMap(at) && Object.hasOwn(at, part)) at = at[part];
    else throw missing(op, text);
  }
  return at;
}

function index(part: string, last: number, op: string, text: string): number {
  const number = /^-?\d+$/.test(part) ? Number(part) : Number.NaN;
  if (Number.isNaN(number)) throw missing(op, text);
  const at = number < 0 ? last + 1 + number : number;
  if (at < 0 || at > last) {
    throw new JsonPatchError(
      `${op} operation does not apply: doc is missing key: ${text}: Unable to access invalid index: ${number}: invalid index referenced`,
    );
  }
  return at;
}

/** The document with its part at `path` made anew; what is not on the way is shared. */
function change(
  document: unknown,
  path: readonly string[],
  op: string,
  text: string,
  last: (parent: Record<string, unknown> | unknown[], key: string) => void,
): unknown {
  const [part, ...rest] = path as [string, ...string[]];
  if (!isMap(document) && !Array.isArray(document)) throw missing(op, text);
  const copy: Record<string, unknown> | unknown[] = Array.isArray(document) ? [...document] : { ...document };
  if (rest.length === 0) {
    last(copy, part);
    return copy;
  }
  if (Array.isArray(copy)) {
    const at = index(part, copy.length - 1, op, text);
    copy[at] = change(copy[at], rest, op, text, last);
  } else {
    if (!Object.hasOwn(copy, part)) throw missing(op, text);
    copy[part] = change(copy[part], rest, op, text, last);
  }
  return copy;
}

function set(document: unknown, path: readonly string[], value: unknown, op: string, text: string): unknown {
  if (path.length === 0) return value;
  return change(document, path, op, text, (parent, key) => {
    if (!Array.isArray(parent)) parent[key] = value;
    else parent.splice(key === "-" ? parent.length : index(key, parent.length, op, text), 0, value);
  });
}

function replace(document: unknown, path: readonly string[], value: unknown): unknown {
  if (path.length === 0) return value;
  return change(document, path, "replace", "", (parent, key) => {
    if (Array.isArray(parent)) parent[index(key, parent.length - 1, "replace", key)] = value;
    else parent[key] = value;
  });
}

function remove(document: unknown, path: readonly string[], op: string, text: string): unknown {
  find(document, path, op, text);
  return change(document, path, op, text, (parent, key) => {
    if (Array.isArray(parent)) parent.splice(index(key, parent.length - 1, op, text), 1);
    else delete parent[key];
  });
}
