/** kubectl auth reconcile (component-helpers/auth/rbac/reconciliation). */
import { resourcePath } from "../../api/client.ts";
import { isStatus } from "../../api/status.ts";
import type { KubeObject } from "../../api/types.ts";
import type { Gen } from "../../kernel/index.ts";
import { dryRun } from "./changes.ts";
import { isExpected, KubectlError, throwAll } from "./errors.ts";
import { toJson } from "./go.ts";
import type { Invocation } from "./invocation.ts";
import { nameText, type ObjectPrinter, objectPrinter } from "./output.ts";
import { localMapping } from "./resource-files.ts";
import { build, fileFlags, type Info } from "./resources.ts";
import { typed } from "./struct-order.ts";

const KINDS = ["Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"];
const PROTECT = "rbac.authorization.kubernetes.io/autoupdate";

interface Rule {
  verbs?: string[];
  apiGroups?: string[];
  resources?: string[];
  resourceNames?: string[];
  nonResourceURLs?: string[];
}

interface Subject {
  kind: string;
  name: string;
  apiGroup?: string;
  namespace?: string;
}

/** The flag is read by a client that tells which one was wrong. */
function dryRunOf(k: Invocation): ReturnType<typeof dryRun> {
  try {
    return dryRun(k);
  } catch (error) {
    if (!(error instanceof KubectlError)) throw error;
    throw new KubectlError(`error accessing --dry-run flag for command reconcile: ${error.message}`);
  }
}

/** kubectl auth reconcile. */
export function* reconcile(k: Invocation): Gen<number> {
  const { flags } = k;
  if (flags.list("filename").length === 0 && flags.string("kustomize") === "") {
    throw new KubectlError("must specify one of -f and -k");
  }
  if (k.args.length > 0) throw new KubectlError("no arguments are allowed");
  const strategy = dryRunOf(k);
  if (strategy === "server") throw new KubectlError("--dry-run=server for command reconcile is not supported yet");
  const result = yield* build(k, {
    ...fileFlags(k),
    local: true,
    continueOnError: true,
    flatten: true,
    typed: true,
  });
  const errors = [...result.errors];
  const printer = objectPrinter(k, { typed: true });
  for (const info of result.infos) {
    if (!KINDS.includes(info.mapping.kind)) continue;
    try {
      yield* reconcileOne(k, info, strategy === "client", printer);
    } catch (error) {
      if (!isExpected(error)) throw error;
      errors.push(error);
    }
  }
  throwAll(errors);
  return 0;
}

/** Everything a rule grants, taken apart to single permissions. */
function breakdown(rules: readonly Rule[]): Rule[] {
  const out: Rule[] = [];
  for (const { verbs = [], apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } of rules) {
    for (const group of apiGroups)
      for (const resource of resources)
        for (const verb of verbs) {
          const one = { verbs: [verb], apiGroups: [group], resources: [resource] };
          if (resourceNames.length === 0) out.push(one);
          for (const name of resourceNames) out.push({ ...one, resourceNames: [name] });
        }
    for (const url of nonResourceURLs) for (const verb of verbs) out.push({ verbs: [verb], nonResourceURLs: [url] });
  }
  return out;
}

function covers(owner: Rule, one: Rule): boolean {
  const has = (all: string[] | undefined, part: string[] | undefined) =>
    (part ?? []).every((item) => (all ?? []).includes(item) || (all ?? []).includes("*"));
  if (!has(owner.verbs, one.verbs)) return false;
  if (one.nonResourceURLs) return has(owner.nonResourceURLs, one.nonResourceURLs);
  const names =
    (owner.resourceNames ?? []).length === 0 || (one.resourceNames && has(owner.resourceNames, one.resourceNames));
  return has(owner.apiGroups, one.apiGroups) && has(owner.resources, one.resources) && Boolean(names);
}

/** Permissions of `wanted` that `owner` does not grant. */
function uncovered(owner: readonly Rule[], wanted: readonly Rule[]): Rule[] {
  return breakdown(wanted).filter((one) => !owner.some((rule) => covers(rule, one)));
}

const ruleText = ({ verbs = [], apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] }: Rule) =>
  `{Verbs:[${verbs.join(" ")}] APIGroups:[${apiGroups.join(" ")}] Resources:[${resources.join(" ")}] ResourceNames:[${resourceNames.join(" ")}] NonResourceURLs:[${nonResourceURLs.join(" ")}]}`;
const subjectText = ({ kind, apiGroup = "", name, namespace = "" }: Subject) =>
  `{Kind:${kind} APIGroup:${apiGroup} Name:${name} Namespace:${namespace}}`;
const sameSubject = (a: Subject, b: Subject) => subjectText(a) === subjectText(b);

/** A namespace that is not there is made. */
function* ensureNamespace(k: Invocation, name: string): Gen {
  if (name === "") throw new KubectlError("resource name may not be empty");
  try {
    yield* k.object("GET", `/api/v1/namespaces/${name}`);
  } catch (error) {
    if (!isStatus(error, "NotFound")) throw error;
    yield* k.object("POST", "/api/v1/namespaces", { kind: "Namespace", apiVersion: "v1", metadata: { name } });
  }
}

function* reconcileOne(k: Invocation, info: Info, dry: boolean, printer: ObjectPrinter | undefined): Gen {
  const wanted = info.object!;
  // Nobody is asked where these kinds are served, and an object without a namespace stays without.
  const mapping = localMapping(wanted.apiVersion, wanted.kind);
  const namespaced = !wanted.kind.startsWith("Cluster");
  const collection = resourcePath(mapping, namespaced ? wanted.metadata.namespace : undefined);
  const path = `${collection}/${info.name}`;
  const isRole = wanted.kind.endsWith("Role");
  const notes = {
    subjects: [] as Subject[],
    extraSubjects: [] as Subject[],
    rules: [] as Rule[],
    extraRules: [] as Rule[],
  };
  let existing: KubeObject;
  try {
    existing = yield* k.object("GET", path);
  } catch (error) {
    if (!isStatus(error, "NotFound")) throw error;
    if (!dry && namespaced) yield* ensureNamespace(k, wanted.metadata.namespace ?? "");
    if (isRole) notes.rules = (wanted["rules"] as Rule[] | undefined) ?? [];
    else notes.subjects = (wanted["subjects"] as Subject[] | undefined) ?? [];
    report(k, dry ? wanted : yield* k.object("POST", collection, wanted), "create", notes, {
      shielded: false,
      dry,
      printer,
    });
    return;
  }
  const shielded = existing.metadata.annotations?.[PROTECT] === "false";
  const merge = (field: "labels" | "annotations") => {
    const [own, more] = [existing.metadata[field], wanted.metadata[field]];
    return own || more ? { [field]: { ...more, ...own } } : {};
  };
  let next: KubeObject = {
    ...existing,
    metadata: {
      ...existing.metadata,
      ...merge("labels"),
      ...merge("annotations"),
    },
  };
  const changedMeta = toJson(next.metadata.labels ?? {}) !== toJson(existing.metadata.labels ?? {});
  let operation = changedMeta ? "update" : "";
  if (isRole) {
    const [own, asked] = [existing["rules"] ?? [], wanted["rules"] ?? []] as [Rule[], Rule[]];
    notes.rules = uncovered(own, asked);
    notes.extraRules = uncovered(asked, own);
    const remove = k.flags.bool("remove-extra-permissions") && notes.extraRules.length > 0;
    if (remove) next = { ...next, rules: asked };
    else if (notes.rules.length > 0) next = { ...next, rules: [...own, ...notes.rules] };
    if (remove || notes.rules.length > 0) operation = "update";
  } else {
    const [own, asked] = [existing["subjects"] ?? [], wanted["subjects"] ?? []] as [Subject[], Subject[]];
    notes.subjects = asked.filter((one) => !own.some((other) => sameSubject(one, other)));
    notes.extraSubjects = own.filter((one) => !asked.some((other) => sameSubject(one, other)));
    const remove = k.flags.bool("remove-extra-subjects") && notes.extraSubjects.length > 0;
    const kept = remove ? own.filter((one) => !notes.extraSubjects.includes(one)) : own;
    if (remove || notes.subjects.length > 0) {
      next = { ...next, subjects: [...kept, ...notes.subjects] };
      operation = "update";
    }
    if (toJson(existing["roleRef"]) !== toJson(wanted["roleRef"])) {
      // Made anew: what changes in it is not listed.
      operation = "recreate";
      notes.subjects = [];
      notes.extraSubjects = [];
    }
  }
  let shown = next;
  if (!dry && !shielded && operation === "update") shown = yield* k.object("PUT", path, next);
  else if (!dry && !shielded && operation === "recreate") {
    yield* k.object("DELETE", path, {
      kind: "DeleteOptions",
      apiVersion: "v1",
      preconditions: { uid: existing.metadata.uid },
    });
    shown = yield* k.object("POST", collection, wanted);
  }
  report(k, shown, operation, notes, { shielded, dry, printer });
}

interface Notes {
  subjects: readonly Subject[];
  extraSubjects: readonly Subject[];
  rules: readonly Rule[];
  extraRules: readonly Rule[];
}

function report(
  k: Invocation,
  object: KubeObject,
  operation: string,
  notes: Notes,
  { shielded, dry, printer }: { shielded: boolean; dry: boolean; printer: ObjectPrinter | undefined },
): void {
  k.out(printer ? printer.print(typed(object)) : nameText(object, dry ? "reconciled (dry run)" : "reconciled"));
  if (operation === "") return;
  const caveat = shielded ? `, but object opted out (${PROTECT}: false)` : "";
  k.err(`\treconciliation required ${operation}${caveat}\n`);
  const list = (title: string, lines: readonly string[]) => {
    if (lines.length > 0) k.err(`\t${title}:\n${lines.map((line) => `\t\t${line}\n`).join("")}`);
  };
  list("missing subjects added", notes.subjects.map(subjectText));
  if (k.flags.bool("remove-extra-subjects")) list("extra subjects removed", notes.extraSubjects.map(subjectText));
  list("missing rules added", notes.rules.map(ruleText));
  if (k.flags.bool("remove-extra-permissions")) list("extra rules removed", notes.extraRules.map(ruleText));
}
