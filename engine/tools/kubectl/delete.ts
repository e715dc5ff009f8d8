import { isStatus, StatusError } from "../../api/status.ts";
import type { KubeObject } from "../../api/types.ts";
import { decode, type Gen, SECOND } from "../../kernel/index.ts";
import * as sys from "../../machine/sys.ts";
import { type DryRun, dryRun, withDryRun } from "./changes.ts";
import type { Mapping } from "./discovery.ts";
import { KubectlError, withSource } from "./errors.ts";
import type { Invocation } from "./invocation.ts";
import { deleteRaw } from "./raw.ts";
import { namedPath } from "./resource-files.ts";
import { build, fileFlags, type Info, type Result, visit } from "./resources.ts";
import { untilDeleted } from "./until.ts";

const FORCE_WARNING =
  "Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource may continue to run on the cluster indefinitely.";

export interface DeleteSettings {
  /** Seconds; negative: the object's own. */
  gracePeriod: number;
  cascade: "Background" | "Foreground" | "Orphan";
  dryRun: DryRun;
  output: string;
  quiet: boolean;
  ignoreNotFound: boolean;
  wait: boolean;
  /** µs; 0 waits for a week. */
  timeout: number;
  warnClusterScope: boolean;
}

/** kubectl delete. */
export function* deleteCommand(k: Invocation): Gen<number> {
  const { flags } = k;
  const selecting = flags.bool("all") || flags.string("selector") !== "" || flags.string("field-selector") !== "";
  let gracePeriod = flags.int("grace-period");
  const force = flags.bool("force");
  if (flags.bool("now")) {
    if (gracePeriod !== -1) throw new KubectlError("--now and --grace-period cannot be specified together");
    gracePeriod = 1;
  }
  if (gracePeriod === 0 && !force) gracePeriod = 1;
  if (force && gracePeriod < 0) gracePeriod = 0;
  const cascade = cascadeOf(flags.string("cascade"), (text) => k.err(text));
  const strategy = dryRun(k);
  const settings: DeleteSettings = {
    gracePeriod,
    cascade,
    dryRun: strategy,
    output: flags.string("output"),
    quiet: false,
    ignoreNotFound: flags.changed("ignore-not-found") ? flags.bool("ignore-not-found") : selecting,
    wait: flags.bool("wait"),
    timeout: flags.duration("timeout"),
    warnClusterScope: k.target().explicitNamespace && !flags.bool("all-namespaces"),
  };
  if (flags.string("raw") !== "") {
    validate(k, settings, force);
    return yield* deleteRaw(k);
  }
  const result = yield* build(k, {
    args: k.args,
    ...fileFlags(k),
    labelSelector: flags.string("selector"),
    fieldSelector: flags.string("field-selector"),
    selectAll: flags.bool("all"),
    allNamespaces: flags.bool("all-namespaces"),
    requireObject: false,
    flatten: true,
    continueOnError: true,
    ignoreNotFound: settings.ignoreNotFound,
  });
  validate(k, settings, force);
  if (flags.bool("interactive") && !(yield* confirmed(k, result.infos))) return 0;
  return yield* deleteResult(k, result, settings);
}

const YES = ["1", "t", "T", "true", "TRUE", "True"];
const NO = ["0", "f", "F", "false", "FALSE", "False"];

/** What `--cascade` asks for; `told` hears of the forms that it had before. */
export function cascadeOf(value: string, told: (warning: string) => void = () => {}): DeleteSettings["cascade"] {
  const old = YES.includes(value) ? "background" : NO.includes(value) ? "orphan" : undefined;
  if (old !== undefined) {
    told(`warning: --cascade=${value} is deprecated (boolean value) and can be replaced with --cascade=${old}.\n`);
  }
  const found = { background: "Background", foreground: "Foreground", orphan: "Orphan" }[old ?? value];
  if (found === undefined) {
    throw new KubectlError(`invalid cascade value (${value}). Must be "background", "foreground", or "orphan"`);
  }
  return found as DeleteSettings["cascade"];
}

function validate(k: Invocation, settings: DeleteSettings, force: boolean): void {
  const { flags } = k;
  if (settings.output !== "" && settings.output !== "name") {
    throw new KubectlError(`unexpected -o output mode: ${settings.output}. We only support '-o name'`);
  }
  if (flags.bool("all") && flags.string("selector") !== "") {
    throw new KubectlError("cannot set --all and --selector at the same time");
  }
  if (flags.bool("all") && flags.string("field-selector") !== "") {
    throw new KubectlError("cannot set --all and --field-selector at the same time");
  }
  if (settings.gracePeriod === 0 && force) k.warn(FORCE_WARNING);
  else if (settings.gracePeriod > 0 && force) {
    throw new KubectlError("--force and --grace-period greater than 0 cannot be specified together");
  }
}

function* confirmed(k: Invocation, infos: readonly Info[]): Gen<boolean> {
  if (infos.length === 0) {
    k.out("No resources found\n");
    return false;
  }
  k.out(`You are about to delete the following ${infos.length} resource(s):\n`);
  for (const info of infos) k.out(`${kindWord(info.mapping)}/${info.name}\n`);
  k.out("Do you want to continue? (y/n): ");
  yield* k.flush();
  const answer = decode(yield* sys.read(k.p, 0)).trim();
  if (answer.toLowerCase() === "y") return true;
  k.out("deletion is cancelled\n");
  return false;
}

/** `pod`, `deployment.apps`. */
export function kindWord(mapping: Mapping): string {
  const kind = mapping.kind.toLowerCase();
  return mapping.group === "" ? kind : `${kind}.${mapping.group}`;
}

/** Deletes what was found, tells, and waits for the end. */
export function* deleteResult(k: Invocation, result: Result, settings: DeleteSettings): Gen<number> {
  const waiting: { info: Info; uid: string | undefined }[] = [];
  let warned = !settings.warnClusterScope;
  yield* visit(result, function* (info) {
    if (!warned && !info.mapping.namespaced) {
      k.warn("deleting cluster-scoped resources, not scoped to the provided namespace");
      warned = true;
    }
    if (settings.dryRun === "client") {
      printDeleted(k, info, settings);
      return;
    }
    try {
      const uid = yield* deleteOne(k, info, settings);
      printDeleted(k, info, settings);
      waiting.push({ info, uid });
    } catch (error) {
      if (!settings.ignoreNotFound || !isStatus(error, "NotFound")) throw withSource("deleting", info.source, error);
      // It is waited for all the same.
      waiting.push({ info, uid: undefined });
    }
  });
  if (result.infos.length === 0) {
    k.out("No resources found\n");
    return 0;
  }
  if (!settings.wait || settings.dryRun !== "none") return 0;
  yield* k.flush();
  const timeout = settings.timeout === 0 ? 168 * 3600 * SECOND : settings.timeout;
  const deadline = k.p.machine.kernel.now + timeout;
  for (const { info, uid } of waiting) {
    try {
      yield* untilDeleted(k, info, uid, deadline);
    } catch (error) {
      if (error instanceof StatusError && (error.reason === "Forbidden" || error.reason === "MethodNotAllowed"))
        return 0;
      throw error;
    }
  }
  return 0;
}

function* deleteOne(k: Invocation, info: Info, settings: DeleteSettings): Gen<string | undefined> {
  const path = namedPath(k, info);
  const body: Record<string, unknown> = { kind: "DeleteOptions", apiVersion: "v1" };
  if (settings.gracePeriod >= 0) body["gracePeriodSeconds"] = settings.gracePeriod;
  body["propagationPolicy"] = settings.cascade;
  if (settings.dryRun === "server") body["dryRun"] = ["All"];
  const answer = (yield* k.object("DELETE", path, body)) as KubeObject & { details?: { uid?: string } };
  return answer.kind === "Status" ? answer.details?.uid : answer.metadata.uid;
}

function printDeleted(k: Invocation, info: Info, settings: DeleteSettings): void {
  if (settings.quiet) return;
  const kind = kindWord(info.mapping);
  const operation = withDryRun(settings.gracePeriod === 0 ? "force deleted" : "deleted", settings.dryRun);
  k.out(settings.output === "name" ? `${kind}/${info.name}\n` : `${kind} "${info.name}" ${operation}\n`);
}
