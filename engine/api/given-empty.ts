/** Lists and maps that were given, but empty: they are left out, yet Go prints them otherwise than what was not given. */
const emptied = new WeakMap<object, string[]>();

/** Notes on a struct that was just read that this field of it was given empty. */
export function noteEmpty(struct: object, field: string): void {
  const fields = emptied.get(struct);
  if (fields) fields.push(field);
  else emptied.set(struct, [field]);
}

/** Whether the list or map of this name was given, but empty. */
export function givenEmpty(struct: object | undefined, field: string): boolean {
  return struct !== undefined && (emptied.get(struct)?.includes(field) ?? false);
}

/** A copy of a struct keeps what was given empty in it. */
export function keepEmpty<T extends object>(copy: T, from: object): T {
  const fields = emptied.get(from);
  if (fields) emptied.set(copy, [...fields]);
  return copy;
}

/** Whether anything in a value was given, but empty; metadata aside. */
export function holdsGivenEmpty(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (emptied.has(value)) return true;
  for (const [name, part] of Object.entries(value)) if (name !== "metadata" && holdsGivenEmpty(part)) return true;
  return false;
}
