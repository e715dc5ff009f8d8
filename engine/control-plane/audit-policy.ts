import { type AuditPolicy, validateAuditPolicy } from "../apiserver/audit-policy.ts";
import { invalid } from "../apiserver/errors.ts";
import { AUDIT_POLICY } from "../kubeadm/manifests.ts";
import { KubectlError } from "../tools/kubectl/errors.ts";
import { readDocument } from "../tools/kubectl/yaml-documents.ts";

/** No policy: nothing is written. */
const EMPTY: AuditPolicy = { rules: [] };

/**
 * Reads `--audit-policy-file`; undefined for the text that every machine starts with, which the audit log knows. What
 * is wrong with it is given as text, as LoadPolicyFromFile has it (apiserver pkg/audit/policy/reader.go).
 */
export function auditPolicy(path: string | undefined, text: string): AuditPolicy | string | undefined {
  if (path === undefined) return EMPTY;
  if (text === AUDIT_POLICY) return undefined;
  const policy = read(text);
  return typeof policy === "string" ? `loading audit policy file: ${policy}: from file ${path}` : policy;
}

function read(text: string): AuditPolicy | string {
  let value: unknown;
  try {
    value = readDocument(text);
  } catch (error) {
    if (error instanceof KubectlError) return `failed decoding: ${error.message}`;
    throw error;
  }
  const { kind, apiVersion, ...rest } = (typeof value === "object" && value !== null ? value : {}) as Record<
    string,
    unknown
  >;
  const shown = JSON.stringify(value ?? null);
  if (!kind) return `failed decoding: Object 'Kind' is missing in '${shown}'`;
  if (!apiVersion) return `failed decoding: Object 'apiVersion' is missing in '${shown}'`;
  if (apiVersion !== "audit.k8s.io/v1" || kind !== "Policy") {
    const what = `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}`;
    return `failed decoding: ${what} in scheme "pkg/audit/scheme.go:30"`;
  }
  const policy = rest as AuditPolicy;
  if (!Array.isArray(policy.rules ?? [])) {
    return "failed decoding: json: cannot unmarshal object into Go struct field Policy.rules of type []v1.PolicyRule";
  }
  const causes = validateAuditPolicy(policy);
  if (causes.length > 0) return aggregate(causes);
  return (policy.rules ?? []).length > 0 ? policy : "loaded illegal policy with 0 rules";
}

/** Several errors in brackets, as invalid() puts them. */
function aggregate(causes: Parameters<typeof invalid>[3]): string {
  return invalid("", "", "", causes).status.message!.replace(/^.*? is invalid: /, "");
}
