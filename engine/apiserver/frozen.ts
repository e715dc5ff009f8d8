/** Freezes a JSON value all the way down; stops at parts that are frozen already. Returns it. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  if (Array.isArray(value)) for (const item of value) deepFreeze(item);
  else for (const key in value) deepFreeze(value[key]);
  return Object.freeze(value);
}

/** A mutable copy of a JSON value. */
export function deepClone<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(deepClone) as T;
  const out: Record<string, unknown> = {};
  for (const key in value) {
    const part = value[key];
    if (part !== undefined) out[key] = typeof part === "object" && part !== null ? deepClone(part) : part;
  }
  return out as T;
}

/**
 * The frozen value of `draft`, made of the parts of `old` wherever they are equal: an update costs memory for what
 * changed only. Returns `old` itself when nothing changed. Fields that are undefined are dropped.
 */
export function share<T>(old: unknown, draft: T): T {
  if (typeof draft !== "object" || draft === null || draft === old) return draft;
  // What is frozen is frozen all the way down; with nothing to share it stays as it is.
  if (old === undefined && Object.isFrozen(draft)) return draft;
  if (Array.isArray(draft)) {
    const before: readonly unknown[] = Array.isArray(old) ? old : [];
    let same = Array.isArray(old) && old.length === draft.length;
    const out: unknown[] = Object.isFrozen(draft) ? [...draft] : draft;
    for (let i = 0; i < out.length; i++) {
      out[i] = share(before[i], out[i]);
      if (out[i] !== before[i]) same = false;
    }
    return (same ? old : Object.freeze(out)) as T;
  }
  const isObject = typeof old === "object" && old !== null && !Array.isArray(old);
  const before = (isObject ? old : {}) as Record<string, unknown>;
  const out = (Object.isFrozen(draft) ? { ...draft } : draft) as Record<string, unknown>;
  let same = isObject;
  let count = 0;
  for (const key in out) {
    const part = out[key];
    if (part === undefined) {
      delete out[key];
      continue;
    }
    count++;
    const shared = share(before[key], part);
    out[key] = shared;
    if (shared !== before[key]) same = false;
  }
  if (same) for (const _ in before) count--;
  return (same && count === 0 ? old : Object.freeze(out)) as T;
}
