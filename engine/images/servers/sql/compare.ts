export type Value = string | number | null;

/** Order of two values: numbers by size, texts by their letters. */
export function ordered(a: Value, b: Value): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a) < String(b) ? -1 : a === b ? 0 : 1;
}

/** Whether `a SIGN b` holds, a null never. */
export function compares(sign: string, a: Value, b: Value): boolean {
  if (a === null || b === null) return false;
  if (sign === "LIKE") return like(String(b).toLowerCase(), String(a).toLowerCase());
  const [x, y] = typeof a === "number" || typeof b === "number" ? [Number(a), Number(b)] : [a, b];
  switch (sign) {
    case "=":
      return x === y;
    case "<>":
    case "!=":
      return x !== y;
    case "<":
      return x < y;
    case ">":
      return x > y;
    case "<=":
      return x <= y;
    default:
      return x >= y;
  }
}

/** LIKE's pattern, place by place: `%` for any text, `_` for a letter. */
function like(pattern: string, text: string): boolean {
  let reached = new Set([0]);
  const spread = (set: Set<number>): Set<number> => {
    for (const at of set) if (pattern[at] === "%") set.add(at + 1);
    return set;
  };
  reached = spread(reached);
  for (const char of text) {
    const next = new Set<number>();
    for (const at of reached) {
      if (pattern[at] === "%") next.add(at);
      else if (pattern[at] === "_" || pattern[at] === char) next.add(at + 1);
    }
    reached = spread(next);
  }
  return reached.has(pattern.length);
}
