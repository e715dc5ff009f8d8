/** kubectl rollout. */
import { resourcePath } from "../../api/client.ts";
import { formatLabelSelector } from "../../api/columns.ts";
import { formatMicroTime } from "../../api/time.ts";
import type { KubeList, KubeObject } from "../../api/types.ts";
import type { Gen } from "../../kernel/index.ts";
import { changeQuery, dryRun, latePrinter, typedPrinter } from "./changes.ts";
import { controllerOf, Document } from "./describe/document.ts";
import { writePodTemplate } from "./describe/pod-parts.ts";
import { templateKey } from "./describe/workloads.ts";
import { Errors, isExpected, KubectlError, throwAll } from "./errors.ts";
import { quote } from "./go.ts";
import type { Invocation } from "./invocation.ts";
import { objectPrinter, qualifiedName } from "./output.ts";
import { tabbed } from "./printers/tabwriter.ts";
import { build, fileFlags, foundErrors, type Info, type Result, visit } from "./resources.ts";
import { progress } from "./rollout-status.ts";
import type { Runner } from "./runners.ts";
import { typed } from "./struct-order.ts";
import { until } from "./until.ts";

const REVISION = "deployment.kubernetes.io/revision";
const CAUSE = "kubernetes.io/change-cause";

function* targets(k: Invocation): Gen<Result> {
  const { flags } = k;
  if (k.args.length === 0 && flags.list("filename").length === 0 && flags.string("kustomize") === "") {
    throw new KubectlError("required resource not specified");
  }
  return yield* build(k, {
    args: k.args,
    ...fileFlags(k),
    labelSelector: flags.has("selector") ? flags.string("selector") : "",
    allowEmptySelector: true,
    latest: true,
    continueOnError: true,
    flatten: true,
    typed: true,
  });
}

function* status(k: Invocation): Gen<number> {
  const { flags } = k;
  if (k.args.length > 0 && flags.int("revision") < 0) {
    throw new KubectlError(`revision must be a positive integer: ${flags.int("revision")}`);
  }
  const result = yield* targets(k);
  const given = flags.duration("timeout");
  yield* visit(result, function* (info) {
    const deadline = given === 0 ? Number.POSITIVE_INFINITY : k.p.machine.kernel.now + given;
    const { apiVersion, kind } = info.object!;
    const over = yield* until(k, info, deadline, (event) => {
      if (event === undefined) return false;
      if (event.type === "DELETED") throw new KubectlError("object has been deleted");
      const [text, done] = progress({ ...event.object, apiVersion, kind }, flags.int("revision"), info.mapping.group);
      k.out(text);
      return done || !flags.bool("watch");
    });
    if (!over) throw new KubectlError("timed out waiting for the condition");
    yield* k.flush();
  });
  if (result.infos.length === 0) k.err(`No resources found in ${k.namespace} namespace.\n`);
  return 0;
}

/** A workload as one of its revisions has it. */
interface Revision {
  template: KubeObject;
  cause: string;
  /** What is shown of it with -o. */
  object: KubeObject;
  /** The strategic merge patch that brings it back; undefined for a Deployment's, whose template is replaced. */
  patch?: unknown;
}

/** Kinds that polymorphichelpers tells apart (kubectl pkg/apps KindVisitor); the rest are met with other words. */
const VISITED = [
  "CronJob",
  "DaemonSet",
  "Deployment",
  "Job",
  "Pod",
  "ReplicaSet",
  "ReplicationController",
  "StatefulSet",
];

/** The revisions of a workload, oldest first: a Deployment's ReplicaSets, the others' ControllerRevisions (polymorphichelpers/history.go). */
function* revisions(k: Invocation, info: Info, who = "history viewer"): Gen<Map<number, Revision>> {
  const object = info.object!;
  const { mapping, namespace, name } = info;
  const selector = encodeURIComponent(formatLabelSelector(object.spec?.selector ?? {}));
  const known = object.kind === "Deployment" || object.kind === "DaemonSet" || object.kind === "StatefulSet";
  // Whoever reads the history reads the workload itself again.
  if (known) yield* k.object("GET", resourcePath(mapping, namespace, name));
  const pairs: [number, Revision][] = [];
  if (object.kind === "Deployment") {
    const path = `/apis/apps/v1/namespaces/${info.namespace}/replicasets?labelSelector=${selector}`;
    for (const set of ((yield* k.object("GET", path)) as unknown as KubeList).items) {
      if (controllerOf(set)?.uid !== object.metadata.uid) continue;
      const cause = set.metadata.annotations?.[CAUSE] ?? "";
      const shown = { ...set, apiVersion: "apps/v1", kind: "ReplicaSet" };
      pairs.push([
        Number(set.metadata.annotations?.[REVISION] ?? 0),
        { template: set.spec.template, cause, object: shown },
      ]);
    }
  } else if (known) {
    const path = `/apis/apps/v1/namespaces/${info.namespace}/controllerrevisions?labelSelector=${selector}`;
    for (const one of ((yield* k.object("GET", path)) as unknown as KubeList).items) {
      if (controllerOf(one)?.uid !== object.metadata.uid) continue;
      const { $patch: _, ...template } = one["data"]?.spec?.template ?? {};
      const cause = one.metadata.annotations?.[CAUSE] ?? "";
      const shown = { ...object, spec: { ...object.spec, template } } as KubeObject;
      pairs.push([one["revision"], { template, cause, object: shown, patch: one["data"] }]);
    }
  } else {
    const { group } = info.mapping;
    const kind = quote(group === "" ? object.kind : `${object.kind}.${group}`);
    if (VISITED.includes(object.kind)) throw new KubectlError(`no ${who} has been implemented for ${kind}`);
    const what = who === "rollbacker" ? who : "history";
    throw new KubectlError(
      `error retrieving ${what} for ${kind}, no visitor method exists for {${group} ${object.kind}}`,
    );
  }
  return new Map(pairs.sort((a, b) => a[0] - b[0]));
}

function templateText(k: Invocation, { template, cause }: Revision): string {
  const document = new Document(k);
  const annotations = cause ? { ...template.metadata?.annotations, [CAUSE]: cause } : template.metadata?.annotations;
  writePodTemplate(document, { ...template, metadata: { ...template.metadata, annotations } });
  return document.untabbed();
}

function* history(k: Invocation): Gen<number> {
  const wanted = k.flags.int("revision");
  if (wanted < 0) throw new KubectlError(`revision must be a positive integer: ${wanted}`);
  const result = yield* targets(k);
  const printer = objectPrinter(k, { typed: true });
  yield* visit(result, function* (info) {
    const found = yield* revisions(k, info);
    let text = "No rollout history found.";
    if (printer) {
      const sets = wanted > 0 ? [found.get(wanted)] : [...found.values()];
      for (const set of sets) if (set) k.out(printer.print(typed(set.object)));
      return;
    }
    if (found.size > 0 && wanted > 0) {
      const set = found.get(wanted);
      if (set === undefined) throw new KubectlError("unable to find the specified revision");
      text = templateText(k, set);
    } else if (found.size > 0) {
      const rows = [...found].map(([number, set]) => `${number}\t${set.cause || "<none>"}\n`);
      text = tabbed(`REVISION\tCHANGE-CAUSE\n${rows.join("")}`);
    }
    const withRevision = wanted > 0 ? `with revision #${wanted}` : "";
    k.out(`${qualifiedName(info.object!)} ${withRevision}\n${text}\n`);
  });
  return 0;
}

/** Annotations that stay the Deployment's own (polymorphichelpers/rollback.go annotationsToSkip). */
const OWN_ANNOTATIONS = new Set([
  "kubectl.kubernetes.io/last-applied-configuration",
  REVISION,
  `${REVISION}-history`,
  "deployment.kubernetes.io/desired-replicas",
  "deployment.kubernetes.io/max-replicas",
  "deprecated.deployment.rollback.to",
]);

/** The annotations of a Deployment that goes back: those of the ReplicaSet, and its own. */
function annotationsBack(deployment: KubeObject, set: KubeObject): Record<string, string> {
  const pick = (from: KubeObject, own: boolean) =>
    Object.entries(from.metadata.annotations ?? {}).filter(([name]) => OWN_ANNOTATIONS.has(name) === own);
  return Object.fromEntries([...pick(deployment, true), ...pick(set, false)]);
}

function* undo(k: Invocation): Gen<number> {
  const strategy = dryRun(k);
  const print = latePrinter(k, strategy, typedPrinter);
  const wanted = k.flags.int("to-revision");
  const result = yield* targets(k);
  yield* visit(result, function* (info) {
    const object = info.object!;
    const found = yield* revisions(k, info, "rollbacker");
    const numbers = [...found.keys()];
    const number = wanted !== 0 ? wanted : numbers.at(-2);
    const deployment = object.kind === "Deployment";
    if (number === undefined && deployment) {
      throw new KubectlError(`no rollout history found for deployment ${quote(info.name)}`);
    }
    if (number === undefined) throw new KubectlError("no last revision to roll back to");
    const set = found.get(number);
    if (set === undefined) throw new KubectlError(`unable to find specified revision ${number} in history`);
    if (strategy === "client") {
      print(object, (deployment ? "" : "will roll back to ") + templateText(k, set));
      return;
    }
    if (object.spec.paused) {
      throw new KubectlError(
        "you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again",
      );
    }
    if (templateKey(set.template) === templateKey(object.spec.template)) {
      print(object, `skipped rollback (current template already matches revision ${wanted})`);
      return;
    }
    const path = resourcePath(info.mapping, info.namespace, info.name) + changeQuery({ dryRun: strategy });
    if (set.patch !== undefined) yield* k.patch(path, set.patch as object, "strategic");
    else {
      const { "pod-template-hash": _, ...labels } = set.template.metadata.labels ?? {};
      const template = { ...set.template, metadata: { ...set.template.metadata, labels } };
      const value = annotationsBack(object, set.object);
      const back = [
        { op: "replace", path: "/spec/template", value: template },
        { op: "replace", path: "/metadata/annotations", value },
      ];
      yield* k.patch(path, back, "json");
    }
    print(object, "rolled back");
  });
  return 0;
}

function patching(operation: string, patchOf: (k: Invocation, info: Info) => object | string): Runner {
  return function* change(k) {
    const print = latePrinter(k, "none", typedPrinter);
    const result = yield* targets(k);
    const errors = foundErrors(result);
    for (const info of result.infos) {
      try {
        const body = patchOf(k, info);
        if (typeof body === "string") {
          const resource =
            info.mapping.group === "" ? info.mapping.resource : `${info.mapping.resource}.${info.mapping.group}`;
          throw new KubectlError(`error: ${resource} ${quote(info.name)} ${body}`);
        }
        const path = resourcePath(info.mapping, info.namespace, info.name);
        const query = changeQuery({ fieldManager: k.flags.string("field-manager") });
        print(yield* k.patch(path + query, body, "strategic"), operation);
      } catch (error) {
        if (!isExpected(error) || error instanceof Errors) throw error;
        errors.push(error);
      }
    }
    throwAll(errors);
    if (result.infos.length === 0) k.err(`No resources found in ${k.namespace} namespace.\n`);
    return 0;
  };
}

const RESTARTABLE = ["Deployment", "DaemonSet", "StatefulSet"];

const restart = patching("restarted", (k, info) => {
  const { kind, spec } = info.object!;
  if (!RESTARTABLE.includes(kind)) return "restarting is not supported";
  if (kind === "Deployment" && spec.paused) return "can't restart paused deployment (run rollout resume first)";
  const now = `${formatMicroTime(Math.floor(k.nowMs * 1000)).slice(0, 19)}Z`;
  if (spec.template.metadata?.annotations?.["kubectl.kubernetes.io/restartedAt"] === now) {
    throw new KubectlError(
      `failed to create patch for ${info.name}: if restart has already been triggered within the past second, please wait before attempting to trigger another`,
    );
  }
  return { spec: { template: { metadata: { annotations: { "kubectl.kubernetes.io/restartedAt": now } } } } };
});

const pause = patching("paused", (_k, info) => {
  if (info.object!.kind !== "Deployment") return "pausing is not supported";
  return info.object!.spec.paused ? "is already paused" : { spec: { paused: true } };
});

const resume = patching("resumed", (_k, info) => {
  if (info.object!.kind !== "Deployment") return "resuming is not supported";
  return info.object!.spec.paused ? { spec: { paused: null } } : "is not paused";
});

/** Subcommands of `kubectl rollout`. */
export const rolloutCommands: Readonly<Record<string, Runner>> = {
  "rollout history": history,
  "rollout pause": pause,
  "rollout restart": restart,
  "rollout resume": resume,
  "rollout status": status,
  "rollout undo": undo,
};
