/** Reasons and messages by status; "": the answer's own text. */
const GENERIC: Readonly<Record<number, readonly [string, string]>> = {
  400: ["BadRequest", "the server rejected our request for an unknown reason"],
  401: ["Unauthorized", "the server has asked for the client to provide credentials"],
  403: ["Forbidden", ""],
  404: ["NotFound", "the server could not find the requested resource"],
  405: ["MethodNotAllowed", "the server does not allow this method on the requested resource"],
  409: ["Conflict", "the server reported a conflict"],
  422: ["Invalid", "the server rejected our request due to an error in our request"],
  429: ["TooManyRequests", "the server has received too many requests and has asked us to try again later"],
  503: ["ServiceUnavailable", "the server is currently unable to handle the request"],
  504: [
    "Timeout",
    "the server was unable to return a response in the time allotted, but may still be processing the request",
  ],
};

/**
 * Reason and message that client-go makes up for an answer that is no Status, of its code and text (apimachinery
 * pkg/api/errors NewGenericServerResponse).
 */
export function genericResponse(code: number, text: string): readonly [reason: string, message: string] {
  const found = GENERIC[code];
  if (found !== undefined) return found[1] === "" ? [found[0], text || "unknown"] : found;
  if (code >= 500)
    return [
      "InternalError",
      `an error on the server (${JSON.stringify(text || "unknown")}) has prevented the request from succeeding`,
    ];
  return ["Unknown", `the server responded with the status code ${code} but did not return more information`];
}
