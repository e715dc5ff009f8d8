import type { ApiClient } from "../api/client.ts";
import { NODES } from "../api/resources.ts";
import { StatusError } from "../api/status.ts";
import { type Gen, SECOND, sleep } from "../kernel/index.ts";
import { isNetError } from "../network/index.ts";

/** How long a network's agent waits between two looks for its node's podCIDR. */
const RETRY = SECOND;

/**
 * The Pods' network of a node, once its Node object has one. `missed` hears of each look that found none, with the error
 * if there was one: Service rules may come later than this Pod, since kube-proxy starts at the same time.
 */
export function* podCidr(client: ApiClient, node: string, missed: (error: Error | undefined) => void): Gen<string> {
  for (;;) {
    let problem: Error | undefined;
    try {
      const cidr = (yield* client.get(NODES, undefined, node)).spec.podCIDR;
      if (cidr !== undefined) return cidr;
    } catch (error) {
      if (!isNetError(error) && !(error instanceof StatusError)) throw error;
      problem = error;
    }
    missed(problem);
    yield* sleep(RETRY);
  }
}
