import { KubectlError } from "./errors.ts";

/** `a=1,b=2` of `--labels` (generate.ParseLabels). */
export function parseLabelPairs(text: string): Record<string, string> {
  const out: Record<string, string> = {};
  if (text === "") throw new KubectlError("no label spec passed");
  for (const part of text.split(",")) {
    const pieces = part.split("=");
    if (pieces.length !== 2) throw new KubectlError(`unexpected label spec: ${part}`);
    if (pieces[0] === "") throw new KubectlError("unexpected empty label key");
    out[pieces[0]!] = pieces[1]!;
  }
  return out;
}
