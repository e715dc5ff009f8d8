import type { Builtin } from "./index.ts";

export const completionBuiltins: Record<string, Builtin> = {};
