import { genericResponse } from "../../api/generic-response.ts";
import type { HttpResponse } from "../../api/http.ts";
import { failure, groupResource, type Status, StatusError } from "../../api/status.ts";
import { decode } from "../../kernel/index.ts";

/** ` (patch deployments.apps web)`, from what the path names. */
function subject(method: string, path: string): string {
  const match = /^\/(?:api|apis\/([^/?]+))\/[^/?]+(?:\/namespaces\/[^/?]+(?=\/))?\/([^/?]+)(?:\/([^/?]+))?/.exec(path);
  if (match === null) return "";
  const words = [method.toLowerCase(), groupResource(match[1] ?? "", match[2]!), match[3]];
  return ` (${words.filter((word) => word !== undefined).join(" ")})`;
}

/** The error of a failed answer. `about`: the request was for a resource, which the message then names. */
export function serverError(response: HttpResponse, method: string, path: string, about = true): StatusError {
  const { body, status: code } = response;
  if (body.type === "object" && (body.value as Status | undefined)?.kind === "Status") {
    return new StatusError(body.value as Status);
  }
  const text = body.type === "bytes" ? decode(body.bytes).trim() : "";
  const [reason, message] = genericResponse(code, text);
  return failure(code, reason, message + (about ? subject(method, path) : ""));
}
