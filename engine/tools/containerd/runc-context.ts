import type { Gen } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import type { ContainerRuntime, Task } from "../../machine/runtime/index.ts";
import { type Given, isOn } from "./cli.ts";
import type { CommandText } from "./legacy-cli.ts";

/** Ends runc with a line in its log, and a status. */
export class RuncError extends Error {
  readonly status: number;

  constructor(message: string, status = 1) {
    super(message);
    this.status = status;
  }
}

export interface Runc {
  readonly p: Process;
  readonly runtime: ContainerRuntime;
  /** `--root`. */
  readonly root: string;
  readonly given: Given;
  /** The containers of that directory, by id. Throws RuncError. */
  tasks(): Task[];
  /** One of them. Throws RuncError. */
  task(id: string): Task;
}

export const on = (c: Runc, name: string): boolean => isOn(c.given, name);
export const value = (c: Runc, name: string): string | undefined => c.given.values.get(name)?.[0];

export interface RuncCommand extends CommandText {
  /** How many words it takes: at least, and exactly when both are the same. */
  takes: readonly [least: number, most: number];
  /** What stands behind its first word is not its own. */
  passes?: boolean;
  /** How it tells of errors. */
  failure?: { before: string; status: number };
  run(c: Runc): Gen<void>;
}
