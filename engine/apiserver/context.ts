import type { HttpRequest } from "../api/http.ts";
import type { KindDef } from "../api/kind.ts";
import type { User } from "../api/user.ts";
import type { Registry } from "./registry.ts";
import type { RequestInfo } from "./requestinfo.ts";
import type { ApiServer } from "./server.ts";

/** What the stages know of the request they work on. */
export interface Context {
  readonly server: ApiServer;
  readonly registry: Registry;
  readonly request: HttpRequest;
  readonly info: RequestInfo;
  /** After impersonation: who the request acts as. */
  user: User;
  /** Who made the request, whomever it acts as. */
  writer: string;
  /** `Warning` headers of the answer. */
  readonly warnings: string[];
  /** What admission tells the audit log: annotations of the event. */
  auditAnnotations?: Record<string, string>;
  /** Priority and fairness have seen it: who asks is known. */
  counted?: boolean;
  /** Set once the resource is known. */
  def: KindDef | undefined;
}

/** A context whose resource is known. */
export interface ResourceContext extends Context {
  def: KindDef;
}
