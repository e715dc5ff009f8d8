const SUFFIXES: Record<string, number> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** Value of a quantity, e.g. `100m` or `1Gi`; undefined for other texts. */
export function quantityValue(text: string): number | undefined {
  const match = /^([-+]?(?:\d+\.?\d*|\.\d+))(?:[eE]([-+]?\d+)|([numkMGTPE]?|[KMGTPE]i))$/.exec(text);
  if (match === null) return undefined;
  if (match[2] !== undefined) return Number(`${match[1]}e${match[2]}`);
  return Number(match[1]) * SUFFIXES[match[3] ?? ""]!;
}

/** Order of two texts when both are quantities. */
export function parseQuantityOrder(a: string, b: string): number | undefined {
  const x = quantityValue(a);
  const y = quantityValue(b);
  return x === undefined || y === undefined ? undefined : x - y;
}
