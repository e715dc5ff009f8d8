/** kubectl proxy: the API on a port of this machine, with the credentials of the kubeconfig. */
import type { HttpRequest, HttpResponse } from "../../api/http.ts";
import { decode, encode, type Gen, WaitQueue, wait } from "../../kernel/index.ts";
import { isNetError } from "../../network/index.ts";
import { compileRegex } from "../../text/regex/index.ts";
import { re2Mistake } from "../../text/regex/re2.ts";
import { KubectlError } from "./errors.ts";
import type { Invocation } from "./invocation.ts";

/** kubectl proxy. */
export function* proxy(k: Invocation): Gen<number> {
  const { flags, p } = k;
  if (flags.string("port") !== "" && flags.changed("unix-socket") && flags.changed("port")) {
    throw new KubectlError("cannot set --unix-socket and --port at the same time");
  }
  const filter = flags.bool("disable-filter") ? undefined : filterOf(k);
  if (filter === undefined) {
    k.err("Request filter disabled, your proxy is vulnerable to XSRF attacks, please be cautious\n");
  }
  const prefix = `/${flags.string("api-prefix").replace(/^\/+|\/+$/g, "")}/`.replace("//", "/");
  k.client();
  const { net } = p.ns;
  const asked = flags.int("port");
  if (asked > 65_535 || asked < 0) throw new KubectlError(`listen tcp: address ${asked}: invalid port`);
  const port = asked === 0 ? net.ephemeralPort() : asked;
  const address = flags.string("address");
  let close: () => void;
  try {
    close = net.listen({
      protocol: "tcp",
      address,
      port,
      program: "kubectl",
      pid: p.pid,
      http: (request) => answer(k, request, prefix, filter),
    });
  } catch (error) {
    if (!isNetError(error)) throw error;
    throw new KubectlError(`listen tcp ${address}:${port}: bind: ${error.message}`);
  }
  try {
    k.out(`Starting to serve on ${address}:${port}\n`);
    yield* k.flush();
    const never = new WaitQueue();
    for (;;) yield* wait(never);
  } finally {
    close();
  }
}

type Filter = (method: string, path: string) => boolean;

/** What `--accept-paths`, `--reject-paths` and `--reject-methods` let through. */
function filterOf(k: Invocation): Filter {
  const list = (flag: string) =>
    k.flags
      .string(flag)
      .split(",")
      .map((pattern) => {
        const mistake = re2Mistake(pattern);
        if (mistake !== undefined) throw new KubectlError(mistake);
        return compileRegex(pattern, { syntax: "perl" });
      });
  const [accept, reject, methods] = [list("accept-paths"), list("reject-paths"), list("reject-methods")];
  const any = (patterns: readonly { test(text: string): boolean }[], text: string) =>
    patterns.some((one) => one.test(text));
  return (method, path) => !any(methods, method) && !any(reject, path) && any(accept, path);
}

function* answer(k: Invocation, request: HttpRequest, prefix: string, filter: Filter | undefined): Gen<HttpResponse> {
  const path = request.path.replace(/\?.*$/, "");
  if (filter && !filter(request.method, path)) return plain(403, "Forbidden");
  if (!request.path.startsWith(prefix)) return plain(404, "404 page not found\n");
  const { body, headers } = request;
  const sent = body?.type === "object" ? body.value : body?.type === "bytes" ? jsonOf(decode(body.bytes)) : undefined;
  const kept = Object.fromEntries(
    ["accept", "content-type", "user-agent"].flatMap((name) =>
      headers[name] === undefined ? [] : [[name, headers[name]]],
    ),
  );
  return yield* k.client().request(request.method, `/${request.path.slice(prefix.length)}`, sent, kept);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function plain(status: number, text: string): HttpResponse {
  return {
    status,
    headers: { "content-type": "text/plain; charset=utf-8" },
    body: { type: "bytes", bytes: encode(text) },
  };
}
