import { AGE, age, column, doc, NAME } from "../columns.ts";
import type { Cell, Column } from "../kind.ts";
import type { KubeObject } from "../types.ts";

interface Subject {
  kind: string;
  name: string;
  namespace?: string;
}

/** Columns of RoleBinding and ClusterRoleBinding. */
export function bindingColumns(kind: string): Column[] {
  return [
    NAME,
    column("Role", "string", doc(`io.k8s.api.rbac.v1.${kind}#roleRef`)),
    AGE,
    column("Users", "string", "Users in the roleBinding", { wide: true }),
    column("Groups", "string", "Groups in the roleBinding", { wide: true }),
    column("ServiceAccounts", "string", "ServiceAccounts in the roleBinding", { wide: true }),
  ];
}

export function bindingCells(object: KubeObject, nowMs: number): Cell[] {
  const subjects: readonly Subject[] = object.subjects ?? [];
  const names = (kind: string) =>
    subjects
      .filter((s) => s.kind === kind)
      .map((s) => s.name)
      .join(", ");
  const accounts = subjects
    .filter((s) => s.kind === "ServiceAccount")
    .map((s) => `${s.namespace ?? ""}/${s.name}`)
    .join(", ");
  return [
    object.metadata.name,
    `${object.roleRef?.kind ?? ""}/${object.roleRef?.name ?? ""}`,
    age(object, nowMs),
    names("User"),
    names("Group"),
    accounts,
  ];
}
