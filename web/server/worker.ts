import { getHeapStatistics } from "node:v8";
import { parentPort, workerData } from "node:worker_threads";
import type { EngineModule } from "./hosted-session.ts";
import { nodeClock } from "./node-clock.ts";
import { WorkerHost } from "./worker-host.ts";
import type { ToWorker } from "./worker-protocol.ts";

/** A worker thread's entry. `workerData.busy` is the cell that tells the main thread whose code runs. */
const port = parentPort!;
const busy = new Int32Array((workerData as { busy: SharedArrayBuffer }).busy);

const host = new WorkerHost({
  post: (message) => port.postMessage(message),
  clock: nodeClock,
  load: (url) => import(url) as Promise<EngineModule>,
  heap: () => {
    const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
    return used / limit;
  },
  busy: (slot) => Atomics.store(busy, 0, slot),
});
port.on("message", (message: ToWorker) => host.receive(message));
