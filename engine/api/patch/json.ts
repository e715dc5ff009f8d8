import { deepEqual } from "../validation/value.ts";
import { PatchError } from "./error.ts";
import { type Doc, has, isMap, put } from "./value.ts";

/** JSON patch (RFC 6902), with the messages of the library that the API server uses (evanphx/json-patch). */
export interface Operation {
  readonly op: string;
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

/** The API server takes no more than this many operations. */
export const MAX_OPERATIONS = 10_000;
/** Bytes that `copy` operations may add, so that a small patch cannot make a huge object. */
const COPY_LIMIT = 3 * 1024 * 1024;

/**
 * Applies the operations in order; subtrees they do not reach keep their identity. `lenient`: as the version of the
 * library that the API server has, which sets what a `replace` does not find, and copies null. Throws PatchError.
 */
export function applyJsonPatch(document: Doc, patch: unknown, lenient = false): Doc {
  if (patch === null) return document;
  if (!Array.isArray(patch)) {
    throw new PatchError(
      `json: cannot unmarshal ${isMap(patch) ? "object" : typeof patch === "boolean" ? "bool" : typeof patch} into Go value of type jsonpatch.Patch`,
      400,
    );
  }
  let result = document;
  let copied = 0;
  for (const operation of patch as Operation[]) {
    check(operation);
    if (operation.op === "copy") {
      copied += JSON.stringify(read(result, operation.from ?? "", "copy", lenient) ?? null).length;
      if (copied > COPY_LIMIT) {
        throw new PatchError(
          `Unable to complete the copy, the accumulated size increase of copy is ${copied}, exceeding the limit ${COPY_LIMIT}`,
          422,
        );
      }
    }
    result = applyOne(result, operation, lenient);
  }
  return result;
}

const OPERATIONS = new Set(["add", "remove", "replace", "move", "copy", "test"]);

/** An operation must be one, with its paths. */
function check(operation: unknown): void {
  if (operation === null) throw new PatchError("Unexpected kind: unknown", 422);
  if (!isMap(operation)) {
    const kind = Array.isArray(operation) ? "array" : typeof operation === "boolean" ? "bool" : typeof operation;
    throw new PatchError(`json: cannot unmarshal ${kind} into Go value of type jsonpatch.Operation`, 400);
  }
  const { op, path, from } = operation;
  const refuse = (why: string) => new PatchError(`invalid operation ${JSON.stringify(operation)}: ${why}`, 422);
  if (!OPERATIONS.has(op)) throw refuse("unsupported operation");
  if (typeof path !== "string") throw refuse("failed to decode 'path': operation missing path field: missing value");
  if ((op === "move" || op === "copy") && typeof from !== "string") {
    throw refuse("failed to decode 'from': operation missing from field: missing value");
  }
}

function applyOne(document: Doc, { op, path, from, value }: Operation, lenient: boolean): Doc {
  switch (op) {
    case "add":
      return add(document, path, value, "add");
    case "remove":
      return remove(document, path, "remove");
    case "replace":
      return replace(document, path, value, lenient);
    case "move": {
      const moved = read(document, from ?? "", "move");
      return add(remove(document, from ?? "", "move"), path, moved, "move");
    }
    case "copy":
      return add(document, path, read(document, from ?? "", "copy", lenient), "copy");
    case "test": {
      const found = read(document, path, "test");
      if (deepEqual(found ?? null, value ?? null)) return document;
      throw new PatchError(`testing value ${path} failed: test failed`, 422);
    }
  }
  throw new PatchError(`Unexpected kind: ${op ?? "unknown"}`, 422);
}

function tokens(path: string): string[] {
  return path
    .split("/")
    .slice(1)
    .map((token) => token.replace(/~1/g, "/").replace(/~0/g, "~"));
}

/** There is nothing at the place that an operation takes its value from or puts it to; each says it in words of its own. */
function missing(op: string, path: string, from = false): PatchError {
  const quoted = op === "add" || op === "remove";
  const what = op === "move" || op === "copy" ? `${from ? "from" : "destination"} path` : "path";
  const place = `${op === "test" ? "" : "doc "}is missing ${what}: ${quoted ? `"${path}"` : path}`;
  return new PatchError(`${op} operation does not apply: ${place}: missing value`, 422);
}

/** Index of a list: negative ones count from the end, as the library has it. */
function indexOf(token: string, length: number): number {
  if (!/^-?[0-9]+$/.test(token)) {
    throw new PatchError(
      `value was not a proper array index: '${token}': strconv.Atoi: parsing "${token}": invalid syntax`,
      422,
    );
  }
  const index = Number(token);
  if (index < -length || index >= length) {
    throw new PatchError(`Unable to access invalid index: ${index}: invalid index referenced`, 422);
  }
  return index < 0 ? index + length : index;
}

function read(document: Doc, path: string, op: string, lenient = false): Doc {
  let at = document;
  const way = tokens(path);
  for (const [depth, token] of way.entries()) {
    const last = depth === way.length - 1;
    if (Array.isArray(at)) at = at[indexOf(token, at.length)];
    else if (isMap(at) && has(at, token)) at = at[token];
    else if (isMap(at) && last && op === "test") return undefined;
    else if (isMap(at) && last && op === "copy" && lenient) return null;
    else if (isMap(at) && last) {
      const why = `unable to get nonexistent key: ${token}: missing value`;
      throw new PatchError(`error in ${op} for ${op === "copy" ? "from" : "path"}: '${path}': ${why}`, 422);
    } else throw missing(op, path, true);
  }
  return at;
}

/** Rebuilds the way from the root to the container of the last token; `change` makes the new container. */
function rebuild(document: Doc, path: string, op: string, change: (container: Doc, token: string) => Doc): Doc {
  const way = tokens(path);
  const walk = (at: Doc, depth: number): Doc => {
    const token = way[depth]!;
    if (depth === way.length - 1) {
      if (!Array.isArray(at) && !isMap(at)) throw missing(op, path);
      return change(at, token);
    }
    if (Array.isArray(at)) {
      const index = indexOf(token, at.length);
      const copy = [...at];
      copy[index] = walk(at[index], depth + 1);
      return copy;
    }
    if (!isMap(at) || !has(at, token)) throw missing(op, path);
    const copy = { ...at };
    put(copy, token, walk(at[token], depth + 1));
    return copy;
  };
  return walk(document, 0);
}

/** A problem of the place itself, told with the way to it. */
function within<T>(place: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof PatchError) throw new PatchError(`error in ${place}: ${error.message}`, error.code);
    throw error;
  }
}

function add(document: Doc, path: string, value: Doc, op: string): Doc {
  if (path === "") return value;
  return rebuild(document, path, op, (container, token) => {
    if (!Array.isArray(container)) {
      const copy = { ...container };
      put(copy, token, value);
      return copy;
    }
    if (token === "-") return [...container, value];
    const index = within(`${op} for path: '${path}'`, () => indexOf(token, container.length + 1));
    return [...container.slice(0, index), value, ...container.slice(index)];
  });
}

function remove(document: Doc, path: string, op: string): Doc {
  return rebuild(document, path, op, (container, token) => {
    if (Array.isArray(container)) {
      const index = within(`${op} for path: '${path}'`, () => indexOf(token, container.length));
      return [...container.slice(0, index), ...container.slice(index + 1)];
    }
    if (!has(container, token)) {
      const why = `unable to remove nonexistent key: ${token}: missing value`;
      throw new PatchError(`error in ${op} for path: '${path}': ${why}`, 422);
    }
    const copy = { ...container };
    delete copy[token];
    return copy;
  });
}

function replace(document: Doc, path: string, value: Doc, lenient: boolean): Doc {
  if (path === "") return value;
  return rebuild(document, path, "replace", (container, token) => {
    if (Array.isArray(container)) {
      const copy = [...container];
      copy[indexOf(token, container.length)] = value;
      return copy;
    }
    if (!has(container, token) && !lenient) {
      throw new PatchError(`replace operation does not apply: doc is missing key: ${path}: missing value`, 422);
    }
    const copy = { ...container };
    put(copy, token, value);
    return copy;
  });
}
