import type { Builtin } from "./index.ts";

export const historyBuiltins: Record<string, Builtin> = {};
