/** kubectl set resources, serviceaccount, selector, subject. */
import { parseQuantity } from "../../../api/quantity.ts";
import type { KubeObject } from "../../../api/types.ts";
import type { Gen } from "../../../kernel/index.ts";
import { dryRun } from "../changes.ts";
import { KubectlError, throwAll } from "../errors.ts";
import { compareStrings } from "../go.ts";
import type { Invocation } from "../invocation.ts";
import { objectPrinter } from "../output.ts";
import { MISSING } from "../resources.ts";
import { parseToLabelSelector } from "../selector-text.ts";
import { type Container, change, checkSetFlags, setTargets, withContainers, withPodSpec } from "./pod-spec.ts";

const BOTH = "cannot set --all and --selector at the same time";

/** `cpu=1,memory=2Gi` as a list of resources. */
export function quantities(text: string): Record<string, string> {
  const out: Record<string, string> = {};
  for (const part of text === "" ? [] : text.split(",")) {
    const pieces = part.split("=");
    if (pieces.length !== 2) throw new KubectlError(`Invalid argument syntax ${part}, expected <resource>=<value>`);
    if ("error" in parseQuantity(pieces[1]!)) {
      throw new KubectlError(
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
      );
    }
    out[pieces[0]!] = pieces[1]!;
  }
  return out;
}

/** kubectl set resources. */
export function* setResources(k: Invocation): Gen<number> {
  const { flags } = k;
  const strategy = dryRun(k);
  const { infos } = yield* setTargets(k, k.args);
  checkSetFlags(k, strategy);
  if (flags.bool("all") && flags.string("selector") !== "") throw new KubectlError(BOTH);
  const [limitText, requestText] = [flags.string("limits"), flags.string("requests")];
  if (limitText === "" && requestText === "") {
    throw new KubectlError("you must specify an update to requests or limits (in the form of --requests/--limits)");
  }
  const limits = quantities(limitText);
  const requests = quantities(requestText);
  const errors: Error[] = [];
  const pattern = flags.string("containers");
  const merged = (container: Container): Container => {
    const { resources = {} } = container;
    return {
      ...container,
      resources: {
        ...resources,
        ...(limitText !== "" && { limits: { ...resources.limits, ...limits } }),
        ...(requestText !== "" && { requests: { ...resources.requests, ...requests } }),
      },
    };
  };
  return yield* change(k, infos, {
    strategy,
    operation: "resource requirements updated",
    failed: "failed to patch resources update to pod template ",
    errors,
    update: (object) => {
      let found = true;
      const after = withPodSpec(object, (spec) =>
        withContainers(spec, pattern, merged, () => {
          found = false;
          errors.push(new KubectlError(`error: unable to find container named ${pattern}`));
        }),
      );
      return found ? after : undefined;
    },
  });
}

/** kubectl set serviceaccount. */
export function* setServiceAccount(k: Invocation): Gen<number> {
  const strategy = dryRun(k);
  checkSetFlags(k, strategy);
  if (k.args.length === 0) throw new KubectlError("serviceaccount is required");
  if (k.flags.bool("local") && k.flags.list("filename").length === 0) throw new KubectlError(MISSING);
  const name = k.args.at(-1)!;
  const { infos } = yield* setTargets(k, k.args.slice(0, -1), false);
  return yield* change(k, infos, {
    strategy,
    operation: "serviceaccount updated",
    failed: "failed to patch ServiceAccountName ",
    errors: [],
    always: true,
    update: (object) => withPodSpec(object, (spec) => ({ ...spec, serviceAccountName: name })),
  });
}

/** kubectl set selector. */
export function* setSelector(k: Invocation): Gen<number> {
  const strategy = dryRun(k);
  objectPrinter(k);
  const last = k.args.at(-1);
  if (last === undefined) throw new KubectlError("one selector is required");
  const selector = parseToLabelSelector(last) as {
    matchLabels?: Record<string, string>;
    matchExpressions?: { key: string; operator: string; values?: string[] }[];
  };
  const { infos } = yield* setTargets(k, k.args.slice(0, -1));
  const resourceVersion = k.flags.string("resource-version");
  const errors: Error[] = [];
  for (const info of infos) {
    const object = info.object!;
    if (object.kind !== "Service") {
      errors.push(new KubectlError("setting a selector is only supported for Services"));
      continue;
    }
    if (selector.matchExpressions) {
      const shown = selector.matchExpressions
        .map(({ key, operator, values = [] }) => `{${key} ${operator} [${values.join(" ")}]}`)
        .join(" ");
      throw new KubectlError(`match expression [${shown}] not supported on this object`);
    }
    yield* change(k, [info], {
      strategy,
      operation: "selector updated",
      failed: "",
      errors: [],
      always: true,
      update: (before) => ({
        ...before,
        ...(resourceVersion && { metadata: { ...before.metadata, resourceVersion } }),
        spec: { ...before.spec, selector: selector.matchLabels ?? {} },
      }),
    });
  }
  throwAll(errors);
  return 0;
}

interface Subject {
  kind: string;
  name: string;
  apiGroup?: string;
  namespace?: string;
}

/** kubectl set subject. */
export function* setSubject(k: Invocation): Gen<number> {
  const { flags } = k;
  const strategy = dryRun(k);
  const { infos } = yield* setTargets(k, k.args);
  checkSetFlags(k, strategy);
  if (flags.bool("all") && flags.string("selector") !== "") throw new KubectlError(BOTH);
  const names = (flag: string) => [...new Set(flags.list(flag))].sort(compareStrings);
  const [users, groups, accounts] = [names("user"), names("group"), names("serviceaccount")];
  if (users.length + groups.length + accounts.length === 0) {
    throw new KubectlError("you must specify at least one value of user, group or serviceaccount");
  }
  for (const account of accounts) {
    const parts = account.split(":");
    if (parts.length !== 2 || parts[1] === "") throw new KubectlError("serviceaccount must be <namespace>:<name>");
    if (parts[0] === "" && infos.some(({ mapping }) => mapping.kind === "ClusterRoleBinding")) {
      throw new KubectlError("serviceaccount must be <namespace>:<name>, namespace must be specified");
    }
  }
  const apiGroup = "rbac.authorization.k8s.io";
  const subjects: Subject[] = [
    ...users.map((name) => ({ kind: "User", apiGroup, name })),
    ...groups.map((name) => ({ kind: "Group", apiGroup, name })),
    ...accounts.map((account) => {
      const [namespace, name] = account.split(":") as [string, string];
      return { kind: "ServiceAccount", name, namespace: namespace || k.namespace };
    }),
  ];
  return yield* change(k, infos, {
    strategy,
    operation: "subjects updated",
    failed: "failed to patch subjects to rolebinding: ",
    errors: [],
    update: (object) => withSubjects(object, subjects),
  });
}

function withSubjects(object: KubeObject, subjects: readonly Subject[]): KubeObject | undefined {
  if (object.kind !== "RoleBinding" && object.kind !== "ClusterRoleBinding") {
    throw new KubectlError("setting subjects is only supported for RoleBinding/ClusterRoleBinding");
  }
  const existing = (object["subjects"] as Subject[] | undefined) ?? [];
  const same = (a: Subject, b: Subject) =>
    a.kind === b.kind && a.name === b.name && (a.apiGroup ?? "") === (b.apiGroup ?? "") && a.namespace === b.namespace;
  const added = subjects.filter((one) => !existing.some((other) => same(one, other)));
  return added.length === 0 ? undefined : { ...object, subjects: [...existing, ...added] };
}
