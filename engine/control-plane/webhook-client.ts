import { encodeBody } from "../api/encode.ts";
import { lookupHost } from "../api/kubeconfig.ts";
import type { WebhookClient } from "../apiserver/node-proxy.ts";
import { decode, encode, type Gen } from "../kernel/index.ts";
import type { Process } from "../machine/process.ts";
import { isNetError } from "../network/index.ts";

/** Asks admission webhooks over the network of the machine on which an API server runs. */
export function webhookClient(p: Process): WebhookClient {
  return {
    *submitReview(address, path, review, timeoutSeconds): Gen<unknown> {
      const colon = address.lastIndexOf(":");
      const [name, port] = [address.slice(0, colon), Number(address.slice(colon + 1))];
      const host = lookupHost(p, name);
      if (host === undefined) return `dial tcp: lookup ${name}: no such host`;
      const bytes = encode(encodeBody({ type: "object", value: review }));
      try {
        const connection = yield* p.machine.network.connect(p.ns.net, host, port);
        const answer = yield* connection.http({
          method: "POST",
          path: `${path || "/"}?timeout=${timeoutSeconds}s`,
          headers: {
            "content-type": "application/json",
            accept: "application/json",
            "user-agent": "kube-apiserver-admission",
          },
          body: { type: "bytes", bytes },
          remoteAddress: p.machine.net.addresses()[0]!,
        });
        if (answer.body.type === "object") return answer.body.value;
        const text = answer.body.type === "bytes" ? decode(answer.body.bytes) : "";
        try {
          return JSON.parse(text);
        } catch {
          return answer.status === 404
            ? "the server could not find the requested resource"
            : "received invalid webhook response: expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview";
        }
      } catch (error) {
        if (!isNetError(error)) throw error;
        const late = error.code === "ETIMEDOUT";
        return late ? "context deadline exceeded" : `dial tcp ${host}:${port}: connect: ${error.message}`;
      }
    },
  };
}
