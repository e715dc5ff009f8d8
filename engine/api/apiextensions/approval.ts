import type { StatusCause } from "../status.ts";
import type { KubeObject } from "../types.ts";
import { invalid, required } from "../validation/field.ts";

const ANNOTATION = "api-approved.kubernetes.io";
const HEAD = `protected groups must have approval annotation "${ANNOTATION}"`;
const SEE = "see https://github.com/kubernetes/enhancements/pull/1111";

interface Approval {
  status: "True" | "False";
  reason: "ApprovedAnnotation" | "UnapprovedAnnotation" | "MissingAnnotation" | "InvalidAnnotation";
  message: string;
}

/** What the annotation says of a group of Kubernetes itself; undefined for any other group (apihelpers/helpers.go). */
export function approvalOf({ metadata, spec }: KubeObject): Approval | undefined {
  const group: string = spec?.group ?? "";
  if (!/(^|\.)(k8s|kubernetes)\.io$/.test(group)) return undefined;
  const value = metadata.annotations?.[ANNOTATION];
  if (!value) return { status: "False", reason: "MissingAnnotation", message: `${HEAD}, ${SEE}` };
  if (value.startsWith("unapproved")) {
    return { status: "False", reason: "UnapprovedAnnotation", message: `not approved: ${JSON.stringify(value)}` };
  }
  if (/^[a-zA-Z][a-zA-Z0-9+.-]*:\/\/[^/\s]+\S*$/.test(value)) {
    return { status: "True", reason: "ApprovedAnnotation", message: `approved in ${value}` };
  }
  const message = `${HEAD} with either a URL or a reason starting with "unapproved", ${SEE}`;
  return { status: "False", reason: "InvalidAnnotation", message };
}

export function approvalWords(crd: KubeObject): StatusCause[] {
  const approval = approvalOf(crd);
  const path = `metadata.annotations[${ANNOTATION}]`;
  if (approval?.reason === "MissingAnnotation") return [required(path, approval.message)];
  if (approval?.reason !== "InvalidAnnotation") return [];
  return [invalid(path, crd.metadata.annotations?.[ANNOTATION], approval.message)];
}
