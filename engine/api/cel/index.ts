export { type CelTypes, compileCel, compileMessage, type Program, toCel, type Variables } from "./cel.ts";
export { type CelContext, celMistake, ruleMistake } from "./check.ts";
export { CelError } from "./error.ts";
