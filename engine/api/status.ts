import { Answer } from "../kernel/index.ts";
import { quoteString } from "../text/go-quote.ts";

/** Field error of an Invalid status (apimachinery pkg/util/validation/field). */
export interface StatusCause {
  reason: string;
  message: string;
  field?: string;
}

/** metav1.Status, the body of every answer that is no object. */
export interface Status {
  kind: "Status";
  apiVersion: "v1";
  metadata: Record<string, never>;
  status: "Success" | "Failure";
  message?: string;
  reason?: string;
  details?: {
    name?: string;
    group?: string;
    kind?: string;
    uid?: string;
    causes?: StatusCause[];
    retryAfterSeconds?: number;
  };
  code: number;
}

/** The one error of the API: thrown by the server's stages and by `ApiClient`. Messages as apimachinery pkg/api/errors has them. */
export class StatusError extends Answer {
  readonly status: Status;

  constructor(status: Status) {
    super(status.message ?? "");
    this.status = status;
  }

  get code(): number {
    return this.status.code;
  }

  get reason(): string {
    return this.status.reason ?? "";
  }
}

/** True for a StatusError with this reason, e.g. `NotFound`, `AlreadyExists`, `Conflict`. */
export function isStatus(error: unknown, reason: string): boolean {
  return error instanceof StatusError && error.reason === reason;
}

/** Builds a failure. `details` is left out where upstream leaves it out. */
export function failure(code: number, reason: string, message: string, details?: Status["details"]): StatusError {
  // In the order in which the type has them, as they are written.
  const head = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason } as const;
  return new StatusError({ ...head, ...(details ? { details: withoutEmpty(details) } : {}), code });
}

/** What says nothing is left out, as `omitempty` has it. */
function withoutEmpty(details: NonNullable<Status["details"]>): NonNullable<Status["details"]> {
  const { kind, causes } = details;
  if (kind === "") delete details.kind;
  if (causes?.some(({ field }) => field === "")) {
    details.causes = causes.map(({ field, ...cause }) => (field === "" ? cause : { ...cause, field }));
  }
  return details;
}

/** `pods` or `deployments.apps`, as messages name a resource. */
export function groupResource(group: string, resource: string): string {
  return group === "" ? resource : `${resource}.${group}`;
}

/** `pods "x"`, as messages name an object. */
export const named = (group: string, resource: string, name: string): string =>
  `${groupResource(group, resource)} ${quoteString(name)}`;

export function notFound(group: string, resource: string, name: string): StatusError {
  const details: Status["details"] = { name, kind: resource };
  if (group) details.group = group;
  return failure(404, "NotFound", `${named(group, resource, name)} not found`, details);
}

export function alreadyExists(group: string, resource: string, name: string): StatusError {
  const details: Status["details"] = { name, kind: resource };
  if (group) details.group = group;
  return failure(409, "AlreadyExists", `${named(group, resource, name)} already exists`, details);
}

/** The registry's answer to an update with an old resourceVersion (apiserver pkg/registry/generic/registry/store.go). */
export function conflict(group: string, resource: string, name: string): StatusError {
  const details: Status["details"] = { name, kind: resource };
  if (group) details.group = group;
  return failure(
    409,
    "Conflict",
    `Operation cannot be fulfilled on ${named(group, resource, name)}: ` +
      "the object has been modified; please apply your changes to the latest version and try again",
    details,
  );
}
