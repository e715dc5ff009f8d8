import { failure, groupResource, named, type StatusCause, type StatusError } from "../api/status.ts";

/** Failures beyond those of api/status.ts, in the words of apimachinery pkg/api/errors/errors.go. */

export function badRequest(message: string): StatusError {
  return failure(400, "BadRequest", message);
}

export function unauthorized(message = "Unauthorized"): StatusError {
  return failure(401, "Unauthorized", message);
}

/** 413 of a body that is not read whole (apimachinery NewRequestEntityTooLargeError). */
export function requestTooLarge(limit: number): StatusError {
  return failure(413, "RequestEntityTooLarge", `Request entity too large: limit is ${limit}`);
}

/** 403 of admission and subresources: `pods "x" is forbidden: …`. */
export function forbidden(group: string, resource: string, name: string, why: string): StatusError {
  const subject = groupResource(group, resource);
  if (resource === "") return failure(403, "Forbidden", `forbidden: ${why}`, {});
  const message =
    name === "" ? `${subject} is forbidden: ${why}` : `${named(group, resource, name)} is forbidden: ${why}`;
  return failure(403, "Forbidden", message, details(group, resource, name));
}

export function methodNotSupported(group: string, resource: string, verb: string): StatusError {
  return failure(
    405,
    "MethodNotAllowed",
    `${verb} is not supported on resources of kind "${groupResource(group, resource)}"`,
    details(group, resource, ""),
  );
}

/** An answer in plain text, which Go's own HTTP library gives where no handler is. */
export class PageError extends Error {
  readonly code: number;

  constructor(code: number, text: string) {
    super(text);
    this.code = code;
  }
}

export function pageNotFound(): PageError {
  return new PageError(404, "404 page not found\n");
}

/** A path of the API that nothing answers (errors.NewGenericServerResponse). */
export function nothingThere(): StatusError {
  return failure(404, "NotFound", "the server could not find the requested resource", {});
}

export function methodNotAllowed(): StatusError {
  return failure(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {});
}

/** 406 of a route, which can answer in these forms. */
export function notAcceptable(forms: readonly string[]): StatusError {
  const message = `406: Not Acceptable\n\nAvailable representations: ${forms.join(", ")}`;
  return failure(406, "NotAcceptable", message, {});
}

/** `Pod "x" is invalid: …`, with one cause per field error; several are put in brackets (util/errors Aggregate). */
export function invalid(group: string, kind: string, name: string, causes: readonly StatusCause[]): StatusError {
  const texts: string[] = [];
  for (const { field, message } of causes) {
    const text = field === "" || message.startsWith(`${field}: `) ? message : `${field}: ${message}`;
    if (!texts.includes(text)) texts.push(text);
  }
  const list = texts.length === 1 ? texts[0]! : `[${texts.join(", ")}]`;
  const info: { name?: string; group?: string; kind: string; causes: StatusCause[] } = {
    ...(name && { name }),
    ...(group && { group }),
    kind,
    causes: [...causes],
  };
  return failure(422, "Invalid", `${named(group, kind, name)} is invalid: ${list}`, info);
}

/** Plain Go errors become a 500 without a reason (apiserver pkg/endpoints/handlers/responsewriters/status.go). */
export function plainError(message: string, code = 500): StatusError {
  const error = failure(code, "", message);
  delete error.status.reason;
  return error;
}

export function internalError(why: string): StatusError {
  return failure(500, "InternalError", `Internal error occurred: ${why}`, { causes: [cause("", why)] });
}

export function expired(message: string): StatusError {
  return failure(410, "Expired", message);
}

export function conflictBecause(group: string, resource: string, name: string, why: string): StatusError {
  const message = `Operation cannot be fulfilled on ${named(group, resource, name)}: ${why}`;
  return failure(409, "Conflict", message, details(group, resource, name));
}

export function unsupportedMediaType(message: string): StatusError {
  return failure(415, "UnsupportedMediaType", message);
}

function details(group: string, resource: string, name: string): { name?: string; group?: string; kind: string } {
  return { ...(name && { name }), ...(group && { group }), kind: resource };
}

function cause(field: string, message: string): StatusCause {
  return { field, message } as StatusCause;
}
