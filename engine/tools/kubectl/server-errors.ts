import type { HttpResponse } from "../../api/http.ts";
import { failure, groupResource, type Status, StatusError } from "../../api/status.ts";
import { decode } from "../../kernel/index.ts";
import { quote } from "./go.ts";

/** Reason and words that client-go makes up for an answer without a Status (api/errors NewGenericServerResponse). */
function generic(code: number, text: string): [reason: string, message: string] {
  switch (code) {
    case 401:
      return ["Unauthorized", "the server has asked for the client to provide credentials"];
    case 403:
      return ["Forbidden", text || "forbidden"];
    case 404:
      return ["NotFound", "the server could not find the requested resource"];
    case 405:
      return ["MethodNotAllowed", "the server does not allow this method on the requested resource"];
    case 409:
      return ["Conflict", "the server reported a conflict"];
    case 429:
      return ["TooManyRequests", "the server has received too many requests and has asked us to try again later"];
    case 503:
      return ["ServiceUnavailable", "the server is currently unable to handle the request"];
    case 504:
      return [
        "Timeout",
        "the server was unable to return a response in the time allotted, but may still be processing the request",
      ];
    default:
      if (code >= 500)
        return ["InternalError", `an error on the server (${quote(text)}) has prevented the request from succeeding`];
      return ["Unknown", "the server responded with the status code but did not return more information"];
  }
}

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
  const [reason, message] = generic(code, text);
  return failure(code, reason, message + (about ? subject(method, path) : ""));
}
