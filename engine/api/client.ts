import { decode, type Gen, type Kernel, sleep } from "../kernel/index.ts";
import { genericResponse } from "./generic-response.ts";
import type { Beat, HttpRequest, HttpResponse, Sender } from "./http.ts";
import { RateLimiter, type RequestRate, type ThrottleLog } from "./rate-limiter.ts";
import { LEASES } from "./resources.ts";
import { failure, type Status, StatusError } from "./status.ts";
import type { KubeList, KubeObject, Resource, WatchStream } from "./types.ts";

export interface ListOptions {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  resourceVersion?: string;
  limit?: number;
  continue?: string;
}

export interface WatchOptions extends ListOptions {
  allowBookmarks?: boolean;
  timeoutSeconds?: number;
  sendInitialEvents?: boolean;
}

export interface DeleteOptions {
  gracePeriodSeconds?: number;
  propagationPolicy?: "Orphan" | "Background" | "Foreground";
  preconditions?: { uid?: string; resourceVersion?: string };
  dryRun?: string[];
}

export type PatchType = "json" | "merge" | "strategic" | "apply";

const PATCH_CONTENT_TYPE: Record<PatchType, string> = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  apply: "application/apply-patch+yaml",
};

export interface ClientOptions {
  /** Carries a request to the server, normally over `connect()`; throws what the network throws. */
  send: Sender;
  userAgent: string;
  /** URL of the server, for the log: `https://192.168.108.10:6443`. */
  server?: string;
  /** Who is calling: any of these, as a kubeconfig user has them. */
  clientCertificate?: string;
  /** A token that never changes. */
  bearer?: string;
  /** Read at each request, since a mounted token is renewed. */
  token?: () => string;
  /** The same of a token that may have to be asked for first; undefined: nothing is shown. */
  askToken?: () => Gen<string>;
  remoteAddress?: string;
  /** Holds requests back, but for watches and beats; undefined: as many as its user likes. */
  limiter?: RateLimiter | undefined;
}

/** Path of a collection, an object or a subresource. */
export function resourcePath(resource: Resource, namespace?: string, name?: string, subresource?: string): string {
  let collections = paths.get(resource);
  if (collections === undefined) paths.set(resource, (collections = new Map()));
  const space = resource.namespaced && namespace ? namespace : "";
  let path = collections.get(space);
  if (path === undefined) {
    path = resource.group === "" ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
    if (space !== "") path += `/namespaces/${encodeURIComponent(space)}`;
    path += `/${resource.resource}`;
    if (collections.size >= 100) collections.clear();
    collections.set(space, path);
  }
  if (name) path += `/${isPlain(name) ? name : encodeURIComponent(name)}`;
  return subresource ? `${path}/${subresource}` : path;
}

/** Paths of collections by resource and namespace. */
const paths = new WeakMap<Resource, Map<string, string>>();

/** Letters, digits, `-` and `.` stand for themselves in a path. */
function isPlain(name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const c = name.charCodeAt(i);
    if (!((c >= 97 && c <= 122) || (c >= 45 && c <= 57 && c !== 47) || (c >= 65 && c <= 90))) return false;
  }
  return true;
}

/** A typed client of the API server, for controllers, kubelet, kubectl and the rest. Failures are thrown as StatusError. */
export class ApiClient {
  private readonly options: ClientOptions;
  private readonly usualHeaders = new Map<string | undefined, Readonly<Record<string, string>>>();
  private usualToken: string | undefined;

  constructor(options: ClientOptions) {
    this.options = options;
  }

  /** A client for the same user, held to a rate of its own. */
  limited(kernel: Kernel, rate: RequestRate, throttled?: ThrottleLog): ApiClient {
    const limiter = new RateLimiter(kernel, rate, this.options.server ?? "", throttled);
    return new ApiClient({ ...this.options, limiter });
  }

  // Each of these hands on the generator of its request: a layer of its own would cost every request, and every step of it.

  get<T = KubeObject>(resource: Resource, namespace: string | undefined, name: string, subresource?: string): Gen<T> {
    return this.object("GET", resourcePath(resource, namespace, name, subresource)) as Gen<T>;
  }

  list<T = KubeObject>(resource: Resource, options: ListOptions = {}): Gen<KubeList<T>> {
    const path = resourcePath(resource, options.namespace);
    return this.object("GET", path + listQuery(options)) as Gen<KubeList<T>>;
  }

  *watch(resource: Resource, options: WatchOptions = {}): Gen<WatchStream> {
    const path = resourcePath(resource, options.namespace) + listQuery({ ...options, watch: true });
    // Watches are not held back (client-go rest/request.go, Watch).
    const response = yield* this.send("GET", path);
    if (response.body.type !== "watch") throw toError(response);
    return response.body.watch;
  }

  /** Creates in the object's namespace; `metadata` may lack what the server sets. */
  create<T = KubeObject>(resource: Resource, object: object, subresource?: { name: string; path: string }): Gen<T> {
    const meta = (object as KubeObject).metadata as KubeObject["metadata"] | undefined;
    const path = resourcePath(resource, meta?.namespace, subresource?.name, subresource?.path);
    return this.object("POST", path, object) as Gen<T>;
  }

  update<T = KubeObject>(resource: Resource, object: KubeObject, subresource?: string): Gen<T> {
    const { namespace, name } = object.metadata;
    return this.object("PUT", resourcePath(resource, namespace, name, subresource), object) as Gen<T>;
  }

  patch<T = KubeObject>(
    resource: Resource,
    namespace: string | undefined,
    name: string,
    patch: unknown,
    type: PatchType = "merge",
    subresource?: string,
  ): Gen<T> {
    const path = resourcePath(resource, namespace, name, subresource);
    return this.object("PATCH", path, patch, { "content-type": PATCH_CONTENT_TYPE[type] }) as Gen<T>;
  }

  /** Deletes; the answer is the object (still terminating) or a Status. */
  delete(resource: Resource, namespace: string | undefined, name: string, options?: DeleteOptions): Gen<unknown> {
    const body = options && { kind: "DeleteOptions", apiVersion: "v1", ...options };
    return this.object("DELETE", resourcePath(resource, namespace, name), body);
  }

  /** The beat of one Lease; undefined where a request shows a token, which changes. */
  beat(namespace: string, name: string): Beat | undefined {
    const { send, token, askToken, bearer } = this.options;
    if (send.beat === undefined || token !== undefined || askToken !== undefined) return undefined;
    const path = resourcePath(LEASES, namespace, name);
    const made = (method: string, body?: object) => this.made(bearer, method, path, body, undefined);
    return send.beat({ look: made("GET"), renewal: made("PUT", {}) });
  }

  /** A request whose answer is one JSON value; throws StatusError for a status over 399. */
  *object(method: string, path: string, body?: unknown, headers?: Record<string, string>): Gen<unknown> {
    const response = yield* this.request(method, path, body, headers);
    if (response.status >= 400) throw toError(response);
    if (response.body.type === "object") return response.body.value;
    throw toError(response);
  }

  /** Any request, any answer. A body of bytes is sent as it is. */
  request(method: string, path: string, body?: unknown, headers?: Record<string, string>): Gen<HttpResponse> {
    const delay = this.options.limiter?.take() ?? 0;
    return delay === 0 ? this.send(method, path, body, headers) : this.later(delay, method, path, body, headers);
  }

  private *later(
    delay: number,
    method: string,
    path: string,
    body: unknown,
    headers: Record<string, string> | undefined,
  ): Gen<HttpResponse> {
    yield* sleep(delay);
    this.options.limiter?.waited(delay, method, path);
    return yield* this.send(method, path, body, headers);
  }

  private send(method: string, path: string, body?: unknown, headers?: Record<string, string>): Gen<HttpResponse> {
    const { send, token, askToken, bearer } = this.options;
    if (askToken !== undefined) return this.afterToken(askToken(), method, path, body, headers);
    return send(this.made(bearer ?? token?.(), method, path, body, headers));
  }

  private *afterToken(
    token: Gen<string>,
    method: string,
    path: string,
    body: unknown,
    headers: Record<string, string> | undefined,
  ): Gen<HttpResponse> {
    return yield* this.options.send(this.made(yield* token, method, path, body, headers));
  }

  private made(
    token: string | undefined,
    method: string,
    path: string,
    body: unknown,
    headers: Record<string, string> | undefined,
  ): HttpRequest {
    const { remoteAddress, clientCertificate } = this.options;
    const type = body === undefined ? undefined : (headers?.["content-type"] ?? "application/json");
    return {
      method,
      path,
      headers:
        headers === undefined || onlyType(headers) ? this.usual(type, token) : this.headers(type, token, headers),
      remoteAddress: remoteAddress ?? "127.0.0.1",
      body:
        body === undefined
          ? undefined
          : body instanceof Uint8Array
            ? { type: "bytes", bytes: body }
            : { type: "object", value: body },
      clientCertificate: clientCertificate || undefined,
    };
  }

  /** Headers of requests without any of their own: made once for each type of body, until the token changes. */
  private usual(type: string | undefined, token: string | undefined): Readonly<Record<string, string>> {
    if (token !== this.usualToken) {
      this.usualHeaders.clear();
      this.usualToken = token;
    }
    let headers = this.usualHeaders.get(type);
    if (headers === undefined) this.usualHeaders.set(type, (headers = this.headers(type, token)));
    return headers;
  }

  private headers(
    type: string | undefined,
    token: string | undefined,
    more?: Record<string, string>,
  ): Readonly<Record<string, string>> {
    const all: Record<string, string> = { "user-agent": this.options.userAgent, accept: "application/json", ...more };
    if (token) all["authorization"] = `Bearer ${token}`;
    if (type !== undefined) all["content-type"] = type;
    return all;
  }
}

function onlyType(headers: Record<string, string>): boolean {
  for (const name in headers) if (name !== "content-type") return false;
  return true;
}

function listQuery(options: WatchOptions & { watch?: boolean }): string {
  const query: string[] = [];
  const add = (name: string, value: string | number | boolean | undefined) => {
    if (value !== undefined && value !== "") query.push(`${name}=${encodeURIComponent(String(value))}`);
  };
  add("allowWatchBookmarks", options.allowBookmarks);
  add("continue", options.continue);
  add("fieldSelector", options.fieldSelector);
  add("labelSelector", options.labelSelector);
  add("limit", options.limit);
  add("resourceVersion", options.resourceVersion);
  add("sendInitialEvents", options.sendInitialEvents);
  add("timeoutSeconds", options.timeoutSeconds);
  add("watch", options.watch);
  return query.length === 0 ? "" : `?${query.join("&")}`;
}

/** The StatusError of a failed answer; one is made up for bodies that are no Status, as client-go does. */
export function toError(response: HttpResponse): StatusError {
  const { body } = response;
  if (body.type === "object" && (body.value as Status | undefined)?.kind === "Status") {
    return new StatusError(body.value as Status);
  }
  const text = body.type === "bytes" ? decode(body.bytes).trimEnd() : "";
  const [reason, message] = genericResponse(response.status, text);
  const causes = [{ reason: "UnexpectedServerResponse", message: text || "unknown", field: "" }];
  return failure(response.status, reason, message, { causes });
}
