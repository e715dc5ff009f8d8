import type { Gen } from "../../kernel/index.ts";
import { apply } from "./apply.ts";
import { create } from "./create.ts";
import { deleteCommand } from "./delete.ts";
import { describe } from "./describe/index.ts";
import { attach, exec } from "./exec.ts";
import { get } from "./get.ts";
import type { Invocation } from "./invocation.ts";
import { logs } from "./logs.ts";
import { run } from "./run.ts";

export type Runner = (k: Invocation) => Gen<number>;

/** Every command by its path; a new one is a file and a line here. */
export const runners: Readonly<Record<string, Runner>> = {
  apply,
  attach,
  create,
  delete: deleteCommand,
  describe,
  exec,
  get,
  logs,
  run,
};
