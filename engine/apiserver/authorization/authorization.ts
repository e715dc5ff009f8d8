import type { Registry } from "../registry.ts";
import { SYSTEM_MASTERS } from "../user.ts";
import type { AccessAttributes, Decision } from "./attributes.ts";
import { NodeAuthorizer } from "./node.ts";
import { RbacAuthorizer } from "./rbac.ts";

/** `--authorization-mode=Node,RBAC`, behind the group that may do everything. */
export class Authorizer {
  readonly rbac: RbacAuthorizer;
  private readonly node: NodeAuthorizer;

  constructor(registry: Registry) {
    this.rbac = new RbacAuthorizer(registry);
    this.node = new NodeAuthorizer(registry);
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
