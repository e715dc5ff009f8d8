/** True when `pattern` is contained in `value`: objects by their fields, lists element by element in any order, the rest by equality. */
export function matches(value: unknown, pattern: unknown): boolean {
  if (Array.isArray(pattern)) {
    if (!Array.isArray(value)) return false;
    const free = [...value];
    return pattern.every((wanted) => {
      const index = free.findIndex((each) => matches(each, wanted));
      if (index >= 0) free.splice(index, 1);
      return index >= 0;
    });
  }
  if (typeof pattern === "object" && pattern !== null) {
    if (typeof value !== "object" || value === null) return false;
    return Object.entries(pattern).every(([key, wanted]) => matches((value as Record<string, unknown>)[key], wanted));
  }
  return value === pattern;
}
