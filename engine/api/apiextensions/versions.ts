/** Order of versions by their maturity: v2, v1, v1beta2, v1beta1, v1alpha1, then all other names (apimachinery pkg/version/helpers.go). */
export function compareVersions(a: string, b: string): number {
  const [x, y] = [parsed(a), parsed(b)];
  if (x === undefined || y === undefined) {
    if (x !== undefined || y !== undefined) return x === undefined ? 1 : -1;
    return a < b ? -1 : a > b ? 1 : 0;
  }
  return y.stage - x.stage || y.major - x.major || y.minor - x.minor;
}

function parsed(name: string): { major: number; stage: number; minor: number } | undefined {
  const match = /^v([1-9]\d*)(?:(alpha|beta)([1-9]\d*))?$/.exec(name);
  if (match === null) return undefined;
  const [, major, stage, minor = "0"] = match;
  return { major: Number(major), stage: stage === undefined ? 2 : stage === "beta" ? 1 : 0, minor: Number(minor) };
}
