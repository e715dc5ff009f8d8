import type { Gen } from "../../kernel/index.ts";
import { get } from "./get.ts";
import type { Invocation } from "./invocation.ts";

export type Runner = (k: Invocation) => Gen<number>;

/** Every command by its path; a new one is a file and a line here. */
export const runners: Readonly<Record<string, Runner>> = {
  get,
};
