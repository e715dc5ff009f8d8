import type { DeleteOptions } from "../api/client.ts";
import { decodeAs } from "../api/decode.ts";
import type { StatusCause } from "../api/status.ts";
import { forbidden, invalid, invalidText, notSupported, required, tooLong } from "../api/validation/field.ts";
import { BodyError, readValue } from "./body.ts";
import type { ResourceContext } from "./context.ts";
import { badRequest, plainError, invalid as refused } from "./errors.ts";
import type { Query } from "./query.ts";

/** What requests say beside their object (apimachinery pkg/apis/meta/v1/validation, apis/meta/internalversion/validation). */

const KINDS: Readonly<Record<string, string>> = {
  create: "CreateOptions",
  update: "UpdateOptions",
  patch: "PatchOptions",
  delete: "DeleteOptions",
  deletecollection: "DeleteOptions",
};

const refuse = (kind: string, causes: readonly StatusCause[]) => refused("meta.k8s.io", kind, "", causes);

/** Whether a write only asks what would become of it. Throws for options that say nothing. */
export function isDryRun({ info }: ResourceContext, options: { dryRun?: readonly string[] } = {}): boolean {
  const { query, verb } = info;
  const given = [...query.all("dryRun"), ...(options.dryRun ?? [])];
  if (query.isEmpty && given.length === 0) return false;
  const causes = [...managerWords(query), ...dryRunWords(given), ...validationWords(query.get("fieldValidation"))];
  if (causes.length > 0) throw refuse(KINDS[verb] ?? "CreateOptions", causes);
  return given.includes("All");
}

/** What a patch may say: a manager when it applies, `force` only then. */
export function checkPatchOptions({ info }: ResourceContext, applies: boolean): void {
  const { query } = info;
  const causes: StatusCause[] = [];
  if (applies) {
    if (!query.get("fieldManager")) causes.push(required("fieldManager", "is required for apply patch"));
  } else if (query.get("force") !== undefined) {
    causes.push(forbidden("force", "may not be specified for non-apply patch"));
  }
  if (causes.length === 0) return;
  const rest = [...managerWords(query), ...dryRunWords(query.all("dryRun"))];
  throw refuse("PatchOptions", [...causes, ...rest, ...validationWords(query.get("fieldValidation"))]);
}

const MAX_MANAGER = 128;

function managerWords(query: Query): StatusCause[] {
  const manager = query.get("fieldManager") ?? "";
  const causes: StatusCause[] = [];
  if (manager.length > MAX_MANAGER) causes.push(tooLong("fieldManager", MAX_MANAGER));
  const at = [...manager].findIndex(
    (char) => /[\p{C}\p{Zl}\p{Zp}]/u.test(char) || (/\p{Zs}/u.test(char) && char !== " "),
  );
  if (at >= 0) {
    const code = [...manager][at]!.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0");
    const shown = JSON.stringify(manager).replace(/\\u00([0-9a-f]{2})/g, "\\x$1");
    causes.push(invalidText("fieldManager", shown, `invalid character U+${code} (at position ${at})`));
  }
  return causes;
}

function dryRunWords(given: readonly string[]): StatusCause[] {
  if (given.every((one) => one === "All")) return [];
  const shown = `[]string{${given.map((one) => JSON.stringify(one)).join(", ")}}`;
  const message = `Unsupported value: ${shown}: supported values: "All"`;
  return [{ reason: "FieldValueNotSupported", message, field: "dryRun" }];
}

const VALIDATIONS = ["", "Ignore", "Strict", "Warn"];

function validationWords(given = ""): StatusCause[] {
  return VALIDATIONS.includes(given) ? [] : [notSupported("fieldValidation", given, VALIDATIONS)];
}

/** A whole number of a query, as strconv reads it. */
function integerOf(query: Query, name: string): number | undefined {
  const text = query.get(name);
  if (text === undefined || text === "") return undefined;
  if (!/^[-+]?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

export interface ListOptions {
  limit: number;
  timeoutSeconds: number;
}

const MATCH = "resourceVersionMatch";

/** Limits of a list or watch; throws for versions and events that go not together. */
export function listOptions({ info }: ResourceContext, watches: boolean): ListOptions {
  const { query } = info;
  if (query.isEmpty) return { limit: 0, timeoutSeconds: 0 };
  const limit = integerOf(query, "limit") ?? 0;
  const timeoutSeconds = integerOf(query, "timeoutSeconds") ?? 0;
  const causes = watches ? watchWords(query) : listWords(query);
  if (causes.length > 0) throw refuse("ListOptions", causes);
  return { limit: Math.max(0, limit), timeoutSeconds: Math.max(0, timeoutSeconds) };
}

function listWords(query: Query): StatusCause[] {
  const causes: StatusCause[] = [];
  const match = query.get(MATCH) ?? "";
  const version = query.get("resourceVersion") ?? "";
  if (match !== "") {
    if (version === "") {
      causes.push(forbidden(MATCH, "resourceVersionMatch is forbidden unless resourceVersion is provided"));
    }
    if (query.get("continue")) {
      causes.push(forbidden(MATCH, "resourceVersionMatch is forbidden when continue is provided"));
    }
    if (match !== "Exact" && match !== "NotOlderThan") {
      causes.push(notSupported(MATCH, match, ["Exact", "NotOlderThan", ""]));
    }
    if (match === "Exact" && version === "0") {
      causes.push(forbidden(MATCH, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
    }
  }
  if (query.get("sendInitialEvents") !== undefined) {
    causes.push(forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
  }
  return causes;
}

function watchWords(query: Query): StatusCause[] {
  const causes: StatusCause[] = [];
  const match = query.get(MATCH) ?? "";
  const initial = query.get("sendInitialEvents") !== undefined;
  if (initial && match !== "NotOlderThan") {
    causes.push(forbidden(MATCH, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"));
  }
  if (match !== "") {
    if (!initial) {
      const why = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
      causes.push(forbidden(MATCH, why));
    }
    if (match !== "NotOlderThan") causes.push(notSupported(MATCH, match, ["NotOlderThan"]));
  }
  if (query.get("continue")) {
    causes.push(forbidden(MATCH, "resourceVersionMatch is forbidden when continue is provided"));
  }
  return causes;
}

const DELETE_OPTIONS = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions";
const POLICIES = ["Foreground", "Background", "Orphan", "nil"];

/** DeleteOptions: the body's, or where there is none the query's. */
export function deleteOptions(context: ResourceContext): DeleteOptions {
  const { request, info } = context;
  const options = request.body === undefined ? undefined : bodyOptions(context);
  const found = options ?? queryOptions(info.query);
  const { propagationPolicy: policy, orphanDependents } = found as DeleteOptions & { orphanDependents?: boolean };
  const causes: StatusCause[] = [];
  if (policy !== undefined && orphanDependents !== undefined) {
    const why = "orphanDependents and deletionPropagation cannot be both set";
    causes.push(invalid("propagationPolicy", policy, why));
  }
  if (policy !== undefined && !POLICIES.slice(0, 3).includes(policy)) {
    causes.push(notSupported("propagationPolicy", policy, POLICIES));
  }
  if (causes.length > 0) throw refuse("DeleteOptions", causes);
  if (policy !== undefined || orphanDependents === undefined) return found;
  return { ...found, propagationPolicy: orphanDependents ? "Orphan" : "Background" };
}

/** What is wrong with such a body is a plain error upstream. */
function bodyOptions({ request }: ResourceContext): DeleteOptions | undefined {
  let body: unknown;
  try {
    body = readValue(request);
  } catch (error) {
    if (error instanceof BodyError) throw plainError(error.why);
    throw error;
  }
  if (body === undefined || body === null) return undefined;
  if (request.body?.type === "object") return body as DeleteOptions;
  const { kind = "DeleteOptions", apiVersion = "v1" } = body as { kind?: string; apiVersion?: string };
  if (kind !== "" && kind !== "DeleteOptions") {
    const scheme = "k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27";
    throw plainError(`no kind "${kind}" is registered for version "${apiVersion}" in scheme "${scheme}"`);
  }
  const { object, error } = decodeAs(body, DELETE_OPTIONS);
  if (error !== undefined) throw plainError(error);
  return object as DeleteOptions;
}

function queryOptions(query: Query): DeleteOptions {
  if (query.isEmpty) return {};
  const grace = integerOf(query, "gracePeriodSeconds");
  const policy = query.get("propagationPolicy");
  return {
    ...(grace !== undefined && { gracePeriodSeconds: grace }),
    ...(policy !== undefined && { propagationPolicy: policy as NonNullable<DeleteOptions["propagationPolicy"]> }),
    ...(query.get("orphanDependents") !== undefined && { orphanDependents: query.flag("orphanDependents") }),
  };
}
