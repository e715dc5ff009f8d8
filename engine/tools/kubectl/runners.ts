import type { Gen } from "../../kernel/index.ts";
import { apiResources, apiVersions } from "./api-resources.ts";
import { apply } from "./apply.ts";
import { clusterInfo } from "./cluster-info.ts";
import { configCommands } from "./config/index.ts";
import { create } from "./create.ts";
import { deleteCommand } from "./delete.ts";
import { describe } from "./describe/index.ts";
import { events } from "./events.ts";
import { attach, exec } from "./exec.ts";
import { generators } from "./generate/index.ts";
import { get } from "./get.ts";
import type { Invocation } from "./invocation.ts";
import { logs } from "./logs.ts";
import { annotate, label } from "./metadata.ts";
import { options } from "./options.ts";
import { run } from "./run.ts";
import { version } from "./version.ts";

export type Runner = (k: Invocation) => Gen<number>;

/** Every command by its path; a new one is a file and a line here. */
export const runners: Readonly<Record<string, Runner>> = {
  ...configCommands,
  ...generators,
  annotate,
  "api-resources": apiResources,
  "api-versions": apiVersions,
  apply,
  attach,
  "cluster-info": clusterInfo,
  create,
  delete: deleteCommand,
  describe,
  events,
  exec,
  get,
  label,
  logs,
  options,
  run,
  version,
};
