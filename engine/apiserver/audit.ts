import type { HttpResponse } from "../api/http.ts";
import type { Status } from "../api/status.ts";
import { formatMicroTime } from "../api/time.ts";
import type { Kernel } from "../kernel/index.ts";
import type { Decision } from "./authorization/attributes.ts";
import type { Context } from "./context.ts";
import type { RequestInfo } from "./requestinfo.ts";
import type { User } from "./user.ts";

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

/** Entries that are remembered; older ones go first. */
const MOST_ENTRIES = 50_000;

/**
 * The audit backend of one server: audit.k8s.io/v1 Events at level Metadata, one JSON line each. Left out by policy:
 * the stage RequestReceived, reads by system components, leases and events.
 */
export class AuditLog {
  readonly entries: AuditEntry[] = [];
  private readonly kernel: Kernel;
  private readonly server: string;
  private readonly sink: AuditSink | undefined;

  constructor(kernel: Kernel, server: string, sink: AuditSink | undefined) {
    this.kernel = kernel;
    this.server = server;
    this.sink = sink;
  }

  /** Begins the record of a request; `undefined` when the policy leaves it out. */
  begin(context: Context): AuditRecord | undefined {
    if (!recorded(context)) return undefined;
    return new AuditRecord(this, context, this.kernel.random("audit").uuid(), this.kernel.now);
  }

  write(record: AuditRecord, stage: AuditEntry["stage"], response: HttpResponse): void {
    const { context, user, impersonated } = record;
    const { info, request } = context;
    if (this.entries.length >= MOST_ENTRIES) this.entries.splice(0, MOST_ENTRIES / 10);
    this.entries.push({
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
    });
    const { now } = this.kernel;
    this.sink?.(() => this.event(record, stage, response, now));
  }

  /** The event as a line of JSON, put together from parts that most events share. */
  private event(record: AuditRecord, stage: AuditEntry["stage"], response: HttpResponse, at: number): string {
    const { context, user, impersonated, decision } = record;
    const { info, request } = context;
    const micros = (time: number) => formatMicroTime(this.kernel.epochMs * 1000 + time);
    const agent = request.headers["user-agent"];
    return (
      `{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"${record.id}","stage":"${stage}",` +
      `"requestURI":${JSON.stringify(request.path)},"verb":${JSON.stringify(info.verb)},"user":${textOf(user, userInfo)},` +
      `${impersonated ? `"impersonatedUser":${textOf(impersonated, userInfo)},` : ""}` +
      `"sourceIPs":[${JSON.stringify(request.remoteAddress)}],` +
      `${agent === undefined ? "" : `"userAgent":${JSON.stringify(agent)},`}` +
      `${info.isResource ? `"objectRef":${JSON.stringify(objectRef(info, response))},` : ""}` +
      `"responseStatus":${JSON.stringify(responseStatus(response))},` +
      `"requestReceivedTimestamp":"${micros(record.received)}","stageTimestamp":"${micros(at)}"` +
      `${decision ? `,"annotations":${textOf(decision, annotations)}` : ""}}`
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

function annotations(decision: Decision): object {
  return {
    "authorization.k8s.io/decision": decision.allowed ? "allow" : "forbid",
    "authorization.k8s.io/reason": decision.reason,
  };
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
  private readonly log: AuditLog;

  constructor(log: AuditLog, context: Context, id: string, received: number) {
    this.log = log;
    this.context = context;
    this.user = context.user;
    this.id = id;
    this.received = received;
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

function recorded({ info, user }: Context): boolean {
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
function nameOf(info: RequestInfo, response: HttpResponse): string {
  if (info.name !== "" || response.body.type !== "object" || info.verb !== "create") return info.name;
  return (response.body.value as { metadata?: { name?: string } }).metadata?.name ?? "";
}

function objectRef(info: RequestInfo, response: HttpResponse): object {
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
