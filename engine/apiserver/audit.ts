import { encodeBody } from "../api/encode.ts";
import type { HttpResponse } from "../api/http.ts";
import { type Status, StatusError } from "../api/status.ts";
import { formatMicroTime } from "../api/time.ts";
import type { User } from "../api/user.ts";
import { decode, type Kernel } from "../kernel/index.ts";
import { type AuditDecision, type AuditPolicy, type AuditStage, auditDecision } from "./audit-policy.ts";
import type { Decision } from "./authorization/attributes.ts";
import { parseText } from "./body.ts";
import type { Context } from "./context.ts";
import type { RequestInfo } from "./requestinfo.ts";

/** What the grader reads of an audit event; `line` gives it whole. */
export interface AuditEntry {
  readonly auditID: string;
  readonly stage: "ResponseStarted" | "ResponseComplete";
  readonly verb: string;
  readonly user: string;
  readonly groups: readonly string[];
  readonly impersonated: string | undefined;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly requestURI: string;
  readonly userAgent: string;
  readonly sourceIP: string;
  /** HTTP status of the answer. */
  readonly code: number;
  readonly dryRun: boolean;
  readonly allowed: boolean;
  /** Virtual time in µs at which the stage was reached. */
  readonly at: number;
  /** API server that served. */
  readonly server: string;
}

/** Takes an event's line, made when somebody reads it. */
export type AuditSink = (line: () => string) => void;

export interface AuditOptions {
  /** Takes the lines that the policy asks for. */
  sink?: AuditSink | undefined;
  /** Takes every entry, whatever the policy. */
  onEntry?: ((entry: AuditEntry) => void) | undefined;
  /** `--audit-policy-file`; undefined: the one that decides about entries too. */
  policy?: AuditPolicy | undefined;
}

/** Entries that are remembered; older ones go first. */
const MOST_ENTRIES = 50_000;

const METADATA: AuditDecision = { level: "Metadata", omitStages: ["RequestReceived"], omitManagedFields: false };
const NONE: AuditDecision = { level: "None", omitStages: [], omitManagedFields: false };

/**
 * The audit backend of one server. Entries leave out the stage RequestReceived, reads by system components, leases and
 * events; the file has what the policy says, audit.k8s.io/v1 Events, one JSON line each.
 */
export class AuditLog {
  readonly entries: AuditEntry[] = [];
  /** Events that went to the sink. */
  sent = 0;
  private readonly kernel: Kernel;
  private readonly server: string;
  private readonly options: AuditOptions;

  constructor(kernel: Kernel, server: string, options: AuditOptions) {
    this.kernel = kernel;
    this.server = server;
    this.options = options;
  }

  /** Begins the record of a request; `undefined` when nobody wants one. */
  begin(context: Context): AuditRecord | undefined {
    const { noted, decision } = this.wanted(context);
    if (!noted && decision.level === "None") return undefined;
    const id = this.kernel.random("audit").uuid();
    const record = new AuditRecord(this, context, { id, received: this.kernel.now, noted, wanted: decision });
    this.line(record, "RequestReceived", undefined);
    return record;
  }

  /** Nobody wants a record of such a request of this user. */
  passesOver(asked: Pick<Context, "info" | "user">): boolean {
    const { noted, decision } = this.wanted(asked);
    return !noted && decision.level === "None";
  }

  private wanted(asked: Pick<Context, "info" | "user">): { noted: boolean; decision: AuditDecision } {
    const { policy, sink } = this.options;
    const noted = recorded(asked);
    let decision = noted ? METADATA : NONE;
    if (policy !== undefined && sink) decision = auditDecision(policy, asked.user, asked.info);
    return { noted, decision };
  }

  write(record: AuditRecord, stage: AuditEntry["stage"], response: HttpResponse): void {
    if (record.noted) this.note(record, stage, response);
    this.line(record, stage, response);
  }

  private note(record: AuditRecord, stage: AuditEntry["stage"], response: HttpResponse): void {
    const { context, user, impersonated } = record;
    const { info, request } = context;
    if (this.entries.length >= MOST_ENTRIES) this.entries.splice(0, MOST_ENTRIES / 10);
    const entry: AuditEntry = {
      auditID: record.id,
      stage,
      verb: info.verb,
      user: user.name,
      groups: user.groups,
      impersonated: impersonated?.name,
      group: info.group,
      resource: info.resource,
      subresource: info.subresource,
      namespace: info.namespace,
      name: nameOf(info, response),
      requestURI: request.path,
      userAgent: request.headers["user-agent"] ?? "",
      sourceIP: request.remoteAddress,
      code: response.status,
      dryRun: info.query.get("dryRun") !== undefined,
      allowed: record.decision?.allowed ?? true,
      at: this.kernel.now,
      server: this.server,
    };
    this.entries.push(entry);
    this.options.onEntry?.(entry);
  }

  private line(record: AuditRecord, stage: AuditStage, response: HttpResponse | undefined): void {
    const { sink } = this.options;
    if (!sink || record.wanted.level === "None" || record.wanted.omitStages.includes(stage)) return;
    const { now } = this.kernel;
    this.sent++;
    sink(() => this.event(record, stage, response, now));
  }

  /** The event as a line of JSON, put together from parts that most events share. */
  private event(record: AuditRecord, stage: AuditStage, response: HttpResponse | undefined, at: number): string {
    const { context, user, impersonated, wanted } = record;
    // What was not known yet when the request came.
    const decision = response && record.decision;
    const { info, request } = context;
    const micros = (time: number) => formatMicroTime(this.kernel.epochMs * 1000 + time);
    const agent = request.headers["user-agent"];
    return (
      `{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"${wanted.level}","auditID":"${record.id}","stage":"${stage}",` +
      `"requestURI":${JSON.stringify(request.path)},"verb":${JSON.stringify(info.verb)},"user":${textOf(user, userInfo)},` +
      `${impersonated ? `"impersonatedUser":${textOf(impersonated, userInfo)},` : ""}` +
      `"sourceIPs":[${JSON.stringify(request.remoteAddress)}],` +
      `${agent === undefined ? "" : `"userAgent":${JSON.stringify(agent)},`}` +
      `${info.isResource ? `"objectRef":${JSON.stringify(objectRef(info, response))},` : ""}` +
      `${response ? `"responseStatus":${JSON.stringify(responseStatus(response))},` : ""}` +
      `${wanted.level === "Metadata" ? "" : bodies(record, response)}` +
      `"requestReceivedTimestamp":"${micros(record.received)}","stageTimestamp":"${micros(at)}"` +
      `${decision ? `,"annotations":${withMore(textOf(decision, annotations), context.auditAnnotations)}` : ""}}`
    );
  }
}

const texts = new WeakMap<object, string>();

/** JSON about a frozen or long-lived value, kept with it. */
function textOf<T extends object>(value: T, form: (value: T) => object): string {
  let text = texts.get(value);
  if (text === undefined) texts.set(value, (text = JSON.stringify(form(value))));
  return text;
}

/** Annotations of admission beside those of authorization, in the order of their names. */
function withMore(text: string, more: Record<string, string> | undefined): string {
  if (more === undefined) return text;
  const all = Object.entries({ ...JSON.parse(text), ...more } as Record<string, string>);
  return JSON.stringify(Object.fromEntries(all.sort(([a], [b]) => (a < b ? -1 : 1))));
}

function annotations(decision: Decision): object {
  return {
    "authorization.k8s.io/decision": decision.allowed ? "allow" : "forbid",
    "authorization.k8s.io/reason": decision.reason,
  };
}

/** What was asked and, at level RequestResponse, what was answered. */
function bodies({ context: { request, info }, wanted }: AuditRecord, response: HttpResponse | undefined): string {
  let text = "";
  const { body } = request;
  const reads = info.verb === "get" || info.verb === "list" || info.verb === "watch";
  if (response !== undefined && body !== undefined && info.isResource && !reads) {
    const sent = body.type === "bytes" ? readable(body.bytes) : body.type === "object" ? body.value : undefined;
    const options = info.verb === "delete" || info.verb === "deletecollection";
    const asked = options ? { kind: "DeleteOptions", apiVersion: "meta.k8s.io/v1", ...(sent as object) } : sent;
    if (sent !== undefined) text += `"requestObject":${JSON.stringify(asked)},`;
  }
  if (wanted.level === "RequestResponse" && info.isResource && response?.body.type === "object") {
    const { value } = response.body;
    const answered = wanted.omitManagedFields
      ? JSON.stringify(value)
      : encodeBody({ type: "object", value, layout: "bare" });
    text += `"responseObject":${answered},`;
  }
  return text;
}

function readable(bytes: Uint8Array): unknown {
  try {
    return parseText(decode(bytes), true);
  } catch (error) {
    if (error instanceof StatusError) return undefined;
    throw error;
  }
}

/** The record of one request, filled in as it passes the stages. */
export class AuditRecord {
  readonly context: Context;
  readonly id: string;
  readonly received: number;
  /** Who authenticated. */
  readonly user: User;
  impersonated: User | undefined;
  decision: Decision | undefined;
  /** It becomes an entry. */
  readonly noted: boolean;
  /** What the policy wants in the file. */
  readonly wanted: AuditDecision;
  private readonly log: AuditLog;

  constructor(log: AuditLog, context: Context, begun: Pick<AuditRecord, "id" | "received" | "noted" | "wanted">) {
    this.log = log;
    this.context = context;
    this.user = context.user;
    this.id = begun.id;
    this.received = begun.received;
    this.noted = begun.noted;
    this.wanted = begun.wanted;
  }

  /** Writes what the answer calls for: a watch is recorded when it starts and when it ends. */
  finish(response: HttpResponse): void {
    if (response.body.type !== "watch" || response.status !== 200) {
      this.log.write(this, "ResponseComplete", response);
      return;
    }
    this.log.write(this, "ResponseStarted", response);
    const stream = response.body.watch as { onEnd?: (() => void) | undefined };
    const before = stream.onEnd;
    stream.onEnd = () => {
      before?.();
      this.log.write(this, "ResponseComplete", response);
    };
  }
}

function recorded({ info, user }: Pick<Context, "info" | "user">): boolean {
  if (info.resource === "leases" || info.resource === "events") return false;
  const reads = info.verb === "get" || info.verb === "list" || info.verb === "watch" || info.verb === "head";
  return !(reads && isSystem(user.name));
}

/** Components and controllers; a ServiceAccount of some other namespace is somebody's workload. */
function isSystem(name: string): boolean {
  if (!name.startsWith("system:")) return false;
  return !name.startsWith("system:serviceaccount:") || name.startsWith("system:serviceaccount:kube-system:");
}

function userInfo({ name, uid, groups, extra }: User): object {
  return { username: name, ...(uid && { uid }), groups, ...(extra && { extra }) };
}

/** Names generated by the server are in the answer only. */
function nameOf(info: RequestInfo, response: HttpResponse | undefined): string {
  if (info.name !== "" || response === undefined || response.body.type !== "object" || info.verb !== "create")
    return info.name;
  return (response.body.value as { metadata?: { name?: string } }).metadata?.name ?? "";
}

function objectRef(info: RequestInfo, response: HttpResponse | undefined): object {
  const { resource, namespace, group, version, subresource } = info;
  const name = nameOf(info, response);
  return {
    resource,
    ...(namespace && { namespace }),
    ...(name && { name }),
    ...(group && { apiGroup: group }),
    apiVersion: version,
    ...(subresource && { subresource }),
  };
}

function responseStatus(response: HttpResponse): object {
  const value = response.body.type === "object" ? (response.body.value as Partial<Status>) : undefined;
  if (response.status < 400 || value?.kind !== "Status") return { metadata: {}, code: response.status };
  const { status, message, reason, details } = value;
  return { metadata: {}, status, message, reason, details, code: response.status };
}
