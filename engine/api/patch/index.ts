export { createStrategicMergePatch, createThreeWayStrategicMergePatch } from "./diff.ts";
export { PatchError, patchStatus } from "./error.ts";
export { applyJsonPatch, MAX_OPERATIONS, type Operation } from "./json.ts";
export { applyMergePatch, createMergePatch, createThreeWayMergePatch } from "./merge.ts";
export { applyStrategicMergePatch } from "./strategic.ts";
export { goText } from "./value.ts";
