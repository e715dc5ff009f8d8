import { decode, decodeBase64 } from "../../kernel/index.ts";
import type { StatusCause } from "../status.ts";
import type { KubeObject } from "../types.ts";
import { duplicate, invalid, invalidText, notSupported, required } from "../validation/field.ts";

const USAGES =
  "any|cert sign|client auth|code signing|content commitment|crl sign|data encipherment|decipher only|digital signature|email protection|encipher only|ipsec end system|ipsec tunnel|ipsec user|key agreement|key encipherment|microsoft sgc|netscape sgc|ocsp signing|s/mime|server auth|signing|timestamping".split(
    "|",
  );
/** Seconds. */
const SHORTEST = 600;
const REQUEST = /-----BEGIN CERTIFICATE REQUEST-----\r?\n[A-Za-z0-9+/=\s]*-----END CERTIFICATE REQUEST-----/;

/** pkg/apis/certificates/validation; what the block holds is left to who signs it. */
export function validateRequest({ spec = {} }: KubeObject): StatusCause[] {
  const causes: StatusCause[] = [];
  const bytes = decodeBase64(spec.request ?? "");
  const first = bytes && /-----BEGIN ([A-Z ]+)-----/.exec(decode(bytes))?.[1];
  if (bytes === undefined || first !== "CERTIFICATE REQUEST" || !REQUEST.test(decode(bytes))) {
    causes.push(invalidText("spec.request", goBytes(bytes), "PEM block type must be CERTIFICATE REQUEST"));
  }
  const usages: readonly string[] = spec.usages ?? [];
  if (usages.length === 0) causes.push(required("spec.usages", ""));
  for (const [i, usage] of usages.entries()) {
    if (!USAGES.includes(usage)) causes.push(notSupported(`spec.usages[${i}]`, usage, USAGES));
  }
  for (const [i, usage] of usages.entries()) {
    if (usages.indexOf(usage) < i) causes.push(duplicate(`spec.usages[${i}]`, usage));
  }
  causes.push(...signerWords(spec.signerName ?? ""));
  const seconds: number | undefined = spec.expirationSeconds;
  if (seconds !== undefined && seconds < SHORTEST) {
    const why = "may not specify a duration less than 600 seconds (10 minutes)";
    causes.push(invalid("spec.expirationSeconds", seconds, why));
  }
  return causes;
}

/** `[]byte{0x78}`. */
function goBytes(bytes: Uint8Array | undefined): string {
  if (bytes === undefined || bytes.length === 0) return "[]byte(nil)";
  return `[]byte{${[...bytes].map((byte) => `0x${byte.toString(16)}`).join(", ")}}`;
}

/** ValidateSignerName: a domain of two labels or more, a slash, a path. */
function signerWords(name: string): StatusCause[] {
  const field = "spec.signerName";
  if (name === "") return [required(field, "")];
  if (name === "kubernetes.io/legacy-unknown") {
    return [invalid(field, name, "the legacy signerName is not allowed via this API version")];
  }
  const [domain = "", ...path] = name.split("/");
  if (path.length !== 1) {
    return [invalid(field, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'")];
  }
  if (!domain.includes(".")) {
    return [invalid(field, domain, "should be a domain with at least two segments separated by dots")];
  }
  return [];
}
