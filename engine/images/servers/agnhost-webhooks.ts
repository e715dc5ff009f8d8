import type { HttpRequest, HttpResponse } from "../../api/http.ts";
import { decode, encode, encodeBase64, type Gen, SECOND, sleep } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import { type Port, serving } from "./serving.ts";

// biome-ignore lint/suspicious/noExplicitAny: objects of kinds that only their definitions know
type Any = any;

/** The object that a request carries; undefined where it is none. */
export function bodyOf({ body }: HttpRequest): Any {
  if (body?.type === "object") return body.value;
  try {
    return body?.type === "bytes" ? JSON.parse(decode(body.bytes)) : undefined;
  } catch {
    return undefined;
  }
}

const json = (value: object): HttpResponse => ({
  status: 200,
  headers: { "content-type": "application/json" },
  body: { type: "object", value },
});

/** What agnhost's conversion webhook does: version v1 has `hostPort`, version v2 `host` and `port`. */
function converted(object: Any, desired: string): Any {
  const { apiVersion: from, ...rest } = object;
  const version = (text: string) => text.slice(text.indexOf("/") + 1);
  const out = { apiVersion: desired, ...rest };
  if (version(from) === "v1" && version(desired) === "v2" && typeof out.hostPort === "string") {
    const [host, port] = out.hostPort.split(":");
    delete out.hostPort;
    return { ...out, host, port };
  }
  if (version(from) === "v2" && version(desired) === "v1" && (out.host !== undefined || out.port !== undefined)) {
    const { host = "", port = "", ...bare } = out;
    return { ...bare, hostPort: `${host}:${port}` };
  }
  return out;
}

function convert(review: Any): object {
  const { uid, desiredAPIVersion, objects = [] } = review?.request ?? {};
  const response = {
    uid,
    convertedObjects: objects.map((object: Any) => converted(object, desiredAPIVersion)),
    result: { status: "Success" },
  };
  return { kind: "ConversionReview", apiVersion: review?.apiVersion ?? "apiextensions.k8s.io/v1", response };
}

const patched = (operations: object[]) => ({
  allowed: true,
  patchType: "JSONPatch",
  patch: encodeBase64(encode(JSON.stringify(operations))),
});

const denied = (message: string) => ({ allowed: false, status: { message } });

/** The judgements of agnhost's admission webhook, by path (kubernetes test/images/agnhost/webhook). */
const JUDGES: Readonly<Record<string, (object: Any) => object>> = {
  "/always-allow-delay-5s": () => ({
    allowed: true,
    status: { message: "this webhook allows all requests after sleeping 5 seconds" },
  }),
  "/always-deny": () => denied("this webhook denies all requests"),
  "/add-label": (object) =>
    object?.metadata?.labels?.["added-label"]
      ? { allowed: true }
      : patched(
          object?.metadata?.labels
            ? [{ op: "add", path: "/metadata/labels/added-label", value: "yes" }]
            : [{ op: "add", path: "/metadata/labels", value: { "added-label": "yes" } }],
        ),
  "/configmaps": (object) =>
    Object.values(object?.data ?? {}).includes("webhook-disallow")
      ? denied("the configmap contains unwanted key and value")
      : { allowed: true },
  "/mutating-configmaps": (object) =>
    object?.data?.["mutation-start"] === "yes"
      ? patched([{ op: "add", path: "/data/mutation-stage-1", value: "yes" }])
      : { allowed: true },
};

/** agnhost's subcommands that answer the API server's webhooks over TLS, on 443 or `--port`. */
export function* agnhostWebhooks(p: Process, command: string, port: number): Gen<number> {
  const http = function* (request: HttpRequest): Gen<HttpResponse> {
    const path = request.path.replace(/\?.*/, "");
    const review = bodyOf(request);
    if (path === "/readyz") return json({});
    if (command === "crd-conversion-webhook" && path === "/crdconvert") return json(convert(review));
    const judge = command === "webhook" ? JUDGES[path] : undefined;
    if (judge === undefined)
      return { status: 404, headers: {}, body: { type: "bytes", bytes: encode("404 page not found\n") } };
    if (path === "/always-allow-delay-5s") yield* sleep(5 * SECOND);
    const response = { uid: review?.request?.uid, ...judge(review?.request?.object) };
    return json({ kind: "AdmissionReview", apiVersion: "admission.k8s.io/v1", response });
  };
  const listener: Port = { port, http, tls: true };
  yield* serving(p, [listener], ["TERM", "INT"]);
  return 0;
}
