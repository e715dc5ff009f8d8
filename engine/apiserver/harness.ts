import type { HttpRequest, HttpResponse } from "../api/http.ts";
import type { KindDef } from "../api/kind.ts";
import { KINDS } from "../api/kinds.ts";
import type { User } from "../api/user.ts";
import { EtcdStore, SingleEtcd } from "../etcd/index.ts";
import { Kernel } from "../kernel/index.ts";
import { Registry } from "./registry.ts";
import { ApiServer, type ApiServerOptions } from "./server.ts";
import { repairRanges } from "./services.ts";

/** For tests: an API server on a kernel of its own, asked without a network. */
export interface Harness {
  kernel: Kernel;
  store: EtcdStore;
  registry: Registry;
  server: ApiServer;
  /** Runs the request to its end, on virtual time. `user`: acted as without a credential. */
  request(method: string, path: string, body?: unknown, options?: RequestOptions): HttpResponse;
  /** The body of an answer that is one JSON value. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it
  json(method: string, path: string, body?: unknown, options?: RequestOptions): any;
}

export interface RequestOptions {
  user?: User;
  headers?: Record<string, string>;
  text?: string;
  bytes?: Uint8Array;
}

/** 2025-03-01T09:00:00Z */
export const TEST_EPOCH_MS = 1_740_819_600_000;

export const ADMIN: User = { name: "kubernetes-admin", groups: ["system:masters"] };

export function harness(options: Partial<ApiServerOptions> = {}, kinds: readonly KindDef[] = KINDS): Harness {
  const kernel = new Kernel({ seed: 1, epochMs: TEST_EPOCH_MS });
  const store = new EtcdStore(kernel);
  const registry = new Registry(kernel, new SingleEtcd(store), kinds);
  const server = new ApiServer({
    kernel,
    name: "cp-1",
    registry,
    clientCa: "",
    serviceAccountKey: new Uint8Array(32).fill(7),
    ...options,
  });
  kernel.spawn("ranges", repairRanges(registry));
  kernel.run(kernel.now);
  const request: Harness["request"] = (method, path, body, { user = ADMIN, headers, text, bytes } = {}) => {
    const sent: HttpRequest = {
      method,
      path,
      headers: { accept: "application/json", "user-agent": "test", ...headers },
      remoteAddress: "192.168.108.10",
      ...(body !== undefined && { body: { type: "object", value: body } }),
      ...(bytes !== undefined && { body: { type: "bytes", bytes } }),
      ...(text !== undefined && { body: { type: "bytes", bytes: new TextEncoder().encode(text) } }),
    };
    server.certificates.userOf = () => user;
    const task = kernel.spawn(
      `${method} ${path}`,
      server.handle(user.name === "system:anonymous" ? sent : { ...sent, clientCertificate: "test" }),
    );
    kernel.runUntil(() => task.state === "done");
    if (task.error !== undefined) throw task.error;
    return task.value as HttpResponse;
  };
  const json: Harness["json"] = (method, path, body, asked) => {
    const response = request(method, path, body, asked);
    if (response.body.type !== "object") throw new Error(`answer is ${response.body.type}`);
    return response.body.value;
  };
  return { kernel, store, registry, server, request, json };
}
