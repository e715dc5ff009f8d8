import type { Gen } from "../../kernel/index.ts";
import { apiResources, apiVersions } from "./api-resources.ts";
import { apply } from "./apply.ts";
import { canI, whoAmI } from "./auth.ts";
import { autoscale } from "./autoscale.ts";
import { certificateCommands } from "./certificate.ts";
import { clusterDump } from "./cluster-dump.ts";
import { clusterInfo } from "./cluster-info.ts";
import { completion } from "./completion.ts";
import { configCommands } from "./config/index.ts";
import { cp } from "./cp.ts";
import { create } from "./create.ts";
import { debugCommand } from "./debug.ts";
import { deleteCommand } from "./delete.ts";
import { describe } from "./describe/index.ts";
import { diff } from "./diff.ts";
import { edit, editLastApplied } from "./edit.ts";
import { events } from "./events.ts";
import { attach, exec } from "./exec.ts";
import { explain } from "./explain.ts";
import { expose } from "./expose.ts";
import { generators } from "./generate/index.ts";
import { get } from "./get.ts";
import type { Invocation } from "./invocation.ts";
import { kustomize } from "./kustomize/index.ts";
import { lastAppliedCommands } from "./last-applied.ts";
import { logs } from "./logs.ts";
import { annotate, label } from "./metadata.ts";
import { cordon, drain, uncordon } from "./nodes.ts";
import { options } from "./options.ts";
import { patch, replace } from "./patch.ts";
import { pluginList } from "./plugin.ts";
import { portForward } from "./port-forward.ts";
import { proxy } from "./proxy.ts";
import { reconcile } from "./reconcile.ts";
import { rolloutCommands } from "./rollout.ts";
import { run } from "./run.ts";
import { scale } from "./scale.ts";
import { setCommands } from "./set/index.ts";
import { taint } from "./taint.ts";
import { top } from "./top.ts";
import { version } from "./version.ts";
import { waitCommand } from "./wait.ts";

export type Runner = (k: Invocation) => Gen<number>;

/** Every command by its path; a new one is a file and a line here. */
export const runners: Readonly<Record<string, Runner>> = {
  ...configCommands,
  ...generators,
  ...rolloutCommands,
  ...setCommands,
  ...certificateCommands,
  ...lastAppliedCommands,
  annotate,
  "api-resources": apiResources,
  "api-versions": apiVersions,
  apply,
  "apply edit-last-applied": editLastApplied,
  attach,
  autoscale,
  "auth can-i": canI,
  "auth reconcile": reconcile,
  "auth whoami": whoAmI,
  "cluster-info": clusterInfo,
  "cluster-info dump": clusterDump,
  completion,
  cordon,
  cp,
  create,
  debug: debugCommand,
  delete: deleteCommand,
  describe,
  diff,
  drain,
  edit,
  events,
  exec,
  explain,
  expose,
  get,
  kustomize,
  label,
  logs,
  options,
  patch,
  "plugin list": pluginList,
  "port-forward": portForward,
  proxy,
  replace,
  run,
  scale,
  taint,
  "top node": top,
  "top pod": top,
  uncordon,
  version,
  wait: waitCommand,
};
