/** Waiting for what a watch of one object brings (client-go tools/watch UntilWithSync). */
import { resourcePath, toError } from "../../api/client.ts";
import { isStatus } from "../../api/status.ts";
import type { KubeList, KubeObject, WatchEvent, WatchStream } from "../../api/types.ts";
import { type Gen, wait } from "../../kernel/index.ts";
import type { Mapping } from "./discovery.ts";
import { KubectlError } from "./errors.ts";
import type { Invocation } from "./invocation.ts";
import type { Info } from "./resources.ts";

/** The words of a wait that ran out of time. */
export function timedOut(info: Info): KubectlError {
  return new KubectlError(`timed out waiting for the condition on ${info.mapping.resource}/${info.name}`);
}

/** Opens a watch of one object from a revision on. */
function* watchOne(
  k: Invocation,
  mapping: Mapping,
  namespace: string,
  name: string,
  revision: string,
): Gen<WatchStream> {
  const query = `?allowWatchBookmarks=true&fieldSelector=${encodeURIComponent(`metadata.name=${name}`)}&resourceVersion=${revision}&timeoutSeconds=${k.p.machine.kernel.random("kubectl").int(300, 600)}&watch=true`;
  const response = yield* k.request("GET", resourcePath(mapping, namespace) + query);
  if (response.body.type !== "watch") throw toError(response);
  return response.body.watch;
}

/**
 * Hands the object's present state (undefined when there is none) and every later event to `done` until that is true.
 * False when `deadline` (virtual µs) passes first.
 */
export function* until(
  k: Invocation,
  target: { mapping: Mapping; namespace: string; name: string },
  deadline: number,
  done: (event: WatchEvent | undefined) => boolean,
): Gen<boolean> {
  const { mapping, namespace, name } = target;
  const kernel = k.p.machine.kernel;
  for (;;) {
    const query = `?fieldSelector=${encodeURIComponent(`metadata.name=${name}`)}&limit=500&resourceVersion=0`;
    const list = (yield* k.object("GET", resourcePath(mapping, namespace) + query)) as unknown as KubeList<KubeObject>;
    const [present] = list.items;
    const stream = yield* watchOne(k, mapping, namespace, name, list.metadata.resourceVersion);
    try {
      if (done(present && { type: "ADDED", object: present })) return true;
      for (;;) {
        for (const event of stream.buffer.splice(0)) {
          if (event.type === "BOOKMARK" || event.type === "ERROR") continue;
          if (done(event)) return true;
        }
        if (stream.ended) break;
        const rest = deadline - kernel.now;
        if (rest <= 0 || (yield* wait(stream.ready, rest)) === "timeout") return false;
      }
    } finally {
      stream.close();
    }
  }
}

/** Waits until an object is gone, or another has taken its name. Throws when the time is over. */
export function* untilDeleted(k: Invocation, info: Info, uid: string | undefined, deadline: number): Gen {
  let object: KubeObject;
  try {
    object = yield* k.object("GET", resourcePath(info.mapping, info.namespace, info.name));
  } catch (error) {
    if (isStatus(error, "NotFound")) return;
    throw error;
  }
  if (uid !== undefined && object.metadata.uid !== uid) return;
  const gone = yield* until(k, info, deadline, (event) => event === undefined || event.type === "DELETED");
  if (!gone) throw timedOut(info);
}
