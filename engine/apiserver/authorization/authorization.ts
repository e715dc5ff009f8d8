import { SYSTEM_MASTERS, type User } from "../../api/user.ts";
import type { Registry } from "../registry.ts";
import type { RequestInfo } from "../requestinfo.ts";
import { type AccessAttributes, attributesOf, type Decision } from "./attributes.ts";
import { NodeAuthorizer, nodeOf } from "./node.ts";
import { RbacAuthorizer } from "./rbac.ts";

/** `--authorization-mode=Node,RBAC`, behind the group that may do everything. */
export class Authorizer {
  readonly rbac: RbacAuthorizer;
  private readonly node: NodeAuthorizer;
  /** Decisions about requests that come again, while no role or binding changes. */
  private remembered = new WeakMap<User, WeakMap<RequestInfo, Decision>>();
  private generation = -1;

  constructor(registry: Registry) {
    this.rbac = new RbacAuthorizer(registry);
    this.node = new NodeAuthorizer(registry);
  }

  /** The decision about a request. A node's depends on the Pods it has, so it is always made anew. */
  request(user: User, info: RequestInfo): Decision {
    if (this.generation !== this.rbac.generation) {
      this.generation = this.rbac.generation;
      this.remembered = new WeakMap();
    }
    let decisions = this.remembered.get(user);
    let decision = decisions?.get(info);
    if (decision !== undefined) return decision;
    decision = this.authorize(attributesOf(user, info));
    if (nodeOf(user) !== undefined) return decision;
    if (decisions === undefined) this.remembered.set(user, (decisions = new WeakMap()));
    decisions.set(info, decision);
    return decision;
  }

  authorize(attributes: AccessAttributes): Decision {
    if (attributes.user.groups.includes(SYSTEM_MASTERS)) return { allowed: true, reason: "" };
    const node = this.node.authorize(attributes);
    if (node?.allowed) return node;
    const rbac = this.rbac.authorize(attributes);
    if (rbac.allowed || node === undefined) return rbac;
    return { allowed: false, reason: [node.reason, rbac.reason].filter((reason) => reason !== "").join("\n") };
  }
}
