import type { Program } from "../../machine/process.ts";

/** true(1) and false(1). */
export const trueProgram: Program = function* () {
  return 0;
};

export const falseProgram: Program = function* () {
  return 1;
};
