export { Answer } from "./answer.ts";
export { base64Mistake, decodeBase64, encodeBase64, encodeBase64Url } from "./base64.ts";
export { byteText, concat, decode, encode } from "./bytes.ts";
export { digest, sha256Hex } from "./digest.ts";
export type { KernelEvent } from "./heap.ts";
export { type EventHandler, Kernel, type KernelOptions } from "./kernel.ts";
export { call, cpu, HOUR, join, MINUTE, MS, SECOND, sleep, wait } from "./ops.ts";
export { PIPE_CAPACITY, Pipe } from "./pipe.ts";
export { fnv1a, RandomStream } from "./random.ts";
export {
  type Gen,
  type Op,
  Task,
  TaskKilled,
  type TaskOptions,
  type TaskState,
  type Throttle,
  WaitQueue,
  type Woken,
} from "./task.ts";
