export { CelError, compileCel, compileMessage, type Program, toCel, type Variables } from "./cel.ts";
