/** kubectl rollout. */
import { resourcePath } from "../../api/client.ts";
import { formatLabelSelector } from "../../api/columns.ts";
import { formatMicroTime } from "../../api/time.ts";
import type { KubeList, KubeObject } from "../../api/types.ts";
import type { Gen } from "../../kernel/index.ts";
import { changeQuery, dryRun, resultPrinter } from "./changes.ts";
import { controllerOf, Document } from "./describe/document.ts";
import { writePodTemplate } from "./describe/pod-parts.ts";
import { templateKey } from "./describe/workloads.ts";
import { Errors, isExpected, KubectlError, throwAll } from "./errors.ts";
import { quote } from "./go.ts";
import type { Invocation } from "./invocation.ts";
import { objectPrinter, qualifiedName } from "./output.ts";
import { tabbed } from "./printers/tabwriter.ts";
import { build, type Info, type Result } from "./resources.ts";
import type { Runner } from "./runners.ts";
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
    filenames: flags.list("filename"),
    kustomize: flags.string("kustomize"),
    recursive: flags.bool("recursive"),
    labelSelector: flags.has("selector") ? flags.string("selector") : "",
    enforceNamespace: k.target().explicitNamespace,
    allowEmptySelector: true,
    latest: true,
    continueOnError: true,
    flatten: true,
  });
}

/** What there is to say about a rollout, and whether it is over. */
function progress(object: KubeObject, revision: number): [text: string, done: boolean] {
  const { metadata, spec, status = {} } = object;
  const name = quote(metadata.name);
  const seen = (metadata.generation ?? 0) <= (status.observedGeneration ?? 0);
  if (object.kind === "Deployment") {
    const running = Number(metadata.annotations?.[REVISION] ?? 0);
    if (revision > 0 && revision !== running) {
      throw new KubectlError(`desired revision (${revision}) is different from the running revision (${running})`);
    }
    if (!seen) return ["Waiting for deployment spec update to be observed...\n", false];
    const { replicas = 0, updatedReplicas = 0, availableReplicas = 0 } = status;
    const progressing = (status.conditions ?? []).find((c: { type: string }) => c.type === "Progressing");
    if (progressing?.reason === "ProgressDeadlineExceeded") {
      throw new KubectlError(`deployment ${name} exceeded its progress deadline`);
    }
    const waiting = `Waiting for deployment ${name} rollout to finish:`;
    if (updatedReplicas < spec.replicas) {
      return [`${waiting} ${updatedReplicas} out of ${spec.replicas} new replicas have been updated...\n`, false];
    }
    if (replicas > updatedReplicas) {
      return [`${waiting} ${replicas - updatedReplicas} old replicas are pending termination...\n`, false];
    }
    if (availableReplicas < updatedReplicas) {
      return [`${waiting} ${availableReplicas} of ${updatedReplicas} updated replicas are available...\n`, false];
    }
    return [`deployment ${name} successfully rolled out\n`, true];
  }
  if (object.kind === "DaemonSet") {
    if (spec.updateStrategy?.type !== "RollingUpdate") {
      throw new KubectlError("rollout status is only available for RollingUpdate strategy type");
    }
    if (!seen) return ["Waiting for daemon set spec update to be observed...\n", false];
    const { updatedNumberScheduled = 0, desiredNumberScheduled = 0, numberAvailable = 0 } = status;
    const waiting = `Waiting for daemon set ${name} rollout to finish:`;
    if (updatedNumberScheduled < desiredNumberScheduled) {
      return [
        `${waiting} ${updatedNumberScheduled} out of ${desiredNumberScheduled} new pods have been updated...\n`,
        false,
      ];
    }
    if (numberAvailable < desiredNumberScheduled) {
      return [`${waiting} ${numberAvailable} of ${desiredNumberScheduled} updated pods are available...\n`, false];
    }
    return [`daemon set ${name} successfully rolled out\n`, true];
  }
  throw new KubectlError(`no status viewer has been implemented for ${object.kind}`);
}

function* status(k: Invocation): Gen<number> {
  const { flags } = k;
  const result = yield* targets(k);
  throwAll(result.errors);
  const given = flags.duration("timeout");
  for (const info of result.infos) {
    const deadline = given === 0 ? Number.POSITIVE_INFINITY : k.p.machine.kernel.now + given;
    const { apiVersion, kind } = info.object!;
    const over = yield* until(k, info, deadline, (event) => {
      if (event === undefined) return false;
      if (event.type === "DELETED") throw new KubectlError("object has been deleted");
      const [text, done] = progress({ ...event.object, apiVersion, kind }, flags.int("revision"));
      k.out(text);
      return done || !flags.bool("watch");
    });
    if (!over) throw new KubectlError("timed out waiting for the condition");
    yield* k.flush();
  }
  if (result.infos.length === 0) k.err(`No resources found in ${k.namespace} namespace.\n`);
  return 0;
}

/** ReplicaSets of a Deployment by revision. */
function* revisions(k: Invocation, info: Info): Gen<Map<number, KubeObject>> {
  const object = info.object!;
  if (object.kind !== "Deployment")
    throw new KubectlError(
      `no history viewer has been implemented for ${quote(info.mapping.group === "" ? object.kind : `${object.kind}.${info.mapping.group}`)}`,
    );
  const selector = encodeURIComponent(formatLabelSelector(object.spec.selector));
  const path = `/apis/apps/v1/namespaces/${info.namespace}/replicasets?labelSelector=${selector}`;
  const list = (yield* k.object("GET", path)) as unknown as KubeList;
  const owned = list.items.filter((set) => controllerOf(set)?.uid === object.metadata.uid);
  const pairs = owned.map((set) => [Number(set.metadata.annotations?.[REVISION] ?? 0), set] as const);
  return new Map(pairs.sort((a, b) => a[0] - b[0]));
}

function templateText(k: Invocation, set: KubeObject): string {
  const document = new Document(k);
  const cause = set.metadata.annotations?.[CAUSE];
  const template = set.spec.template;
  const annotations = cause ? { ...template.metadata?.annotations, [CAUSE]: cause } : template.metadata?.annotations;
  writePodTemplate(document, { ...template, metadata: { ...template.metadata, annotations } });
  return document.untabbed();
}

function* history(k: Invocation): Gen<number> {
  const wanted = k.flags.int("revision");
  const result = yield* targets(k);
  throwAll(result.errors);
  const printer = objectPrinter(k);
  for (const info of result.infos) {
    const found = yield* revisions(k, info);
    let text = "No rollout history found.";
    if (printer) {
      const sets = wanted > 0 ? [found.get(wanted)] : [...found.values()];
      for (const set of sets) if (set) k.out(printer.print({ ...set, apiVersion: "apps/v1", kind: "ReplicaSet" }));
      continue;
    }
    if (found.size > 0 && wanted > 0) {
      const set = found.get(wanted);
      if (set === undefined) throw new KubectlError("unable to find the specified revision");
      text = templateText(k, set);
    } else if (found.size > 0) {
      const rows = [...found].map(([number, set]) => `${number}\t${set.metadata.annotations?.[CAUSE] || "<none>"}\n`);
      text = tabbed(`REVISION\tCHANGE-CAUSE\n${rows.join("")}`);
    }
    const withRevision = wanted > 0 ? `with revision #${wanted}` : "";
    k.out(`${qualifiedName(info.object!)} ${withRevision}\n${text}\n`);
  }
  return 0;
}

function* undo(k: Invocation): Gen<number> {
  const strategy = dryRun(k);
  const print = resultPrinter(k, strategy);
  const wanted = k.flags.int("to-revision");
  const result = yield* targets(k);
  throwAll(result.errors);
  for (const info of result.infos) {
    const object = info.object!;
    const found = yield* revisions(k, info);
    const numbers = [...found.keys()];
    const number = wanted > 0 ? wanted : numbers.at(-2);
    if (number === undefined) throw new KubectlError(`no rollout history found for deployment ${quote(info.name)}`);
    const set = found.get(number);
    if (set === undefined) throw new KubectlError(`unable to find specified revision ${number} in history`);
    if (strategy === "client") {
      print(object, templateText(k, set));
      continue;
    }
    if (object.spec.paused) {
      throw new KubectlError(
        "you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again",
      );
    }
    if (templateKey(set.spec.template) === templateKey(object.spec.template)) {
      print(object, `skipped rollback (current template already matches revision ${wanted})`);
      continue;
    }
    const { "pod-template-hash": _, ...labels } = set.spec.template.metadata.labels;
    const template = { ...set.spec.template, metadata: { ...set.spec.template.metadata, labels } };
    const path = resourcePath(info.mapping, info.namespace, info.name) + changeQuery({ dryRun: strategy });
    yield* k.patch(path, [{ op: "replace", path: "/spec/template", value: template }], "json");
    print(object, "rolled back");
  }
  return 0;
}

function patching(operation: string, patchOf: (k: Invocation, info: Info) => object | string): Runner {
  return function* change(k) {
    const print = resultPrinter(k, "none");
    const result = yield* targets(k);
    const errors = [...result.errors];
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
