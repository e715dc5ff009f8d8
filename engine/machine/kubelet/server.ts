import type { HttpRequest, HttpResponse } from "../../api/http.ts";
import { encode, type Gen } from "../../kernel/index.ts";
import type { Process } from "../process.ts";
import type { Kubelet } from "./kubelet.ts";

/** Opens port 10250: what the API server asks for logs and exec, and /healthz. The returned function closes it. */
export function listen(kubelet: Kubelet, p: Process): () => void {
  return kubelet.machine.net.listen({
    protocol: "tcp",
    address: "0.0.0.0",
    port: kubelet.options.port,
    program: "kubelet",
    pid: p.pid,
    tls: true,
    http: (request) => handle(kubelet, request),
  });
}

function* handle(_kubelet: Kubelet, request: HttpRequest): Gen<HttpResponse> {
  if (request.path === "/healthz") return text(200, "ok");
  return text(404, "404 page not found\n");
}

function text(status: number, body: string): HttpResponse {
  return { status, headers: { "content-type": "text/plain" }, body: { type: "bytes", bytes: encode(body) } };
}
