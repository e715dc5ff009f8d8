import type { HttpResponse } from "../api/http.ts";
import type { ServiceDialer } from "../apiserver/aggregation/aggregator.ts";
import { type Gen, SECOND } from "../kernel/index.ts";
import type { Process } from "../machine/process.ts";
import { isNetError } from "../network/index.ts";

/** Reaches servers behind Services over the network of the machine on which an API server runs. */
export function serviceDialer(p: Process): ServiceDialer {
  return {
    *dial(address, request, timeoutSeconds): Gen<HttpResponse | string> {
      const [host = "", port = "443"] = address.split(":");
      try {
        const connection = yield* p.machine.network.connect(p.ns.net, host, Number(port), {
          timeout: timeoutSeconds * SECOND,
        });
        return yield* connection.http(request);
      } catch (error) {
        if (!isNetError(error)) throw error;
        const late = error.code === "ETIMEDOUT";
        return late ? "context deadline exceeded" : `dial tcp ${address}: connect: ${error.message}`;
      }
    },
  };
}
