import { encodeBody } from "../../api/encode.ts";
import { goDuration } from "../../api/go-time.ts";
import type { HttpBody, HttpHandler, HttpRequest, HttpResponse } from "../../api/http.ts";
import { decode, type Gen, MS, SECOND } from "../../kernel/index.ts";
import { reasonOf } from "../../network/reason.ts";
import { completed } from "../../network/response-head.ts";
import { KubectlError } from "./errors.ts";
import type { Invocation } from "./invocation.ts";
import { klogText, verbose, verbosity } from "./klog.ts";

/**
 * `--request-timeout` in µs, 0 for none (clientcmd ParseTimeout): whole seconds, or a duration of Go's.
 * Throws the words for anything else.
 */
export function parseTimeout(text: string): number {
  if (/^\+?\d+$/.test(text)) return Number(text) * SECOND;
  const parts = [...text.matchAll(/(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== text.replace(/^[+-]/, "")) {
    throw new KubectlError(
      "Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a corresponding time unit (e.g. 1s | 2m | 3h)",
    );
  }
  const unit = { ns: 0.001, us: 1, µs: 1, ms: MS, s: SECOND, m: 60 * SECOND, h: 3600 * SECOND };
  const sum = parts.reduce((all, [, amount, name]) => all + Number(amount) * unit[name as keyof typeof unit], 0);
  return text.startsWith("-") ? 0 : Math.floor(sum);
}

/**
 * What client-go does around every request: `timeout` goes with it (µs; 0: none) and ends what still comes after that
 * time, and `-v` from 6 on tells of it (client-go transport/round_trippers.go).
 */
export function transported(k: Invocation, send: HttpHandler, server: string, timeout: number): HttpHandler {
  const level = verbosity(k);
  if (timeout === 0 && level < 6) return send;
  return function* transport(given): Gen<HttpResponse> {
    const request = timeout === 0 ? given : { ...given, path: withTimeout(given.path, goDuration(timeout)) };
    if (level < 6) return limited(k, yield* send(request), timeout);
    const url = server.replace(/\/+$/, "") + request.path;
    before(k, level, request, url);
    yield* k.flush();
    const { kernel } = k.p.machine;
    const start = kernel.now;
    let status = "";
    let response: HttpResponse | undefined;
    try {
      response = yield* send(request);
      status = `${response.status} ${reasonOf(response)}`;
      return limited(k, response, timeout);
    } finally {
      after(k, level, request, url, status, Math.floor((kernel.now - start) / MS), response);
    }
  };
}

/** The query with a timeout, its names in order. */
function withTimeout(path: string, text: string): string {
  const [bare = "", query = ""] = path.split("?", 2);
  const parts = query.split("&").filter((part) => part !== "" && !part.startsWith("timeout="));
  const name = (part: string) => part.slice(0, part.indexOf("="));
  return `${bare}?${[...parts, `timeout=${text}`].sort((a, b) => (name(a) < name(b) ? -1 : name(a) > name(b) ? 1 : 0)).join("&")}`;
}

/** An answer that goes on coming ends when the time is over. */
function limited(k: Invocation, response: HttpResponse, timeout: number): HttpResponse {
  const { body } = response;
  const { kernel } = k.p.machine;
  if (timeout === 0) return response;
  if (body.type === "watch") {
    kernel.after(timeout, "kubectl request timeout", () => {
      body.watch.close();
      body.watch.ready.wakeAll();
    });
  } else if (body.type === "stream") {
    kernel.after(timeout, "kubectl request timeout", () => {
      if (body.pipe.writers === 0) return;
      k.timedOut = true;
      body.pipe.closeWriter();
    });
  }
  return response;
}

function before(k: Invocation, level: number, request: HttpRequest, url: string): void {
  if (level >= 8) bodyLine(k, "Request", placeOf(k, request), textOf(request.body));
  const headers = headersOf(request.headers);
  if (level >= 9) {
    const shown = headers.map(([name, value]) => ` -H "${name}: ${value}"`).join("");
    verbose(k, 6, "round_trippers.go:473", `curl -v -X${request.method} ${shown} '${url}'`);
  } else if (level >= 7) {
    verbose(k, 7, "round_trippers.go:470", `${request.method} ${url}`);
    verbose(k, 7, "round_trippers.go:476", "Request Headers:");
    for (const [name, value] of headers) verbose(k, 7, "round_trippers.go:480", `    ${name}: ${value}`);
  }
}

function after(
  k: Invocation,
  level: number,
  request: HttpRequest,
  url: string,
  status: string,
  ms: number,
  response: HttpResponse | undefined,
): void {
  if (level === 7 || level === 8) {
    verbose(k, 7, "round_trippers.go:581", `Response Status: ${status} in ${ms} milliseconds`);
  } else verbose(k, 6, "round_trippers.go:560", `${request.method} ${url} ${status} in ${ms} milliseconds`);
  if (level >= 9) {
    verbose(
      k,
      9,
      "round_trippers.go:577",
      `HTTP Statistics: GetConnection 0 ms ServerProcessing ${ms} ms Duration ${ms} ms`,
    );
  }
  if (level < 8) return;
  verbose(k, 8, "round_trippers.go:584", "Response Headers:");
  if (response === undefined) return;
  for (const [name, value] of headersOf(completed(response, k.nowMs, request.method, true).headers)) {
    verbose(k, 8, "round_trippers.go:587", `    ${name}: ${value}`);
  }
  const { body } = response;
  const raw = k.flags.has("raw") && k.flags.string("raw") !== "" && response.status < 400;
  if (!raw && (body.type === "object" || body.type === "bytes")) {
    bodyLine(k, "Response", placeOf(k, request), textOf(body));
  }
}

/** Names as Go writes them, in order; a token is not shown. */
function headersOf(headers: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(headers)
    .map(([name, value]): [string, string] => {
      const canonical = name.replace(/(^|-)[a-z]/g, (part) => part.toUpperCase());
      return [canonical, canonical === "Authorization" ? value.replace(/ .*/, " <masked>") : value];
    })
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

function textOf(body: HttpBody | undefined): string {
  if (body?.type === "object") return encodeBody(body);
  return body?.type === "bytes" ? decode(body.bytes) : "";
}

/** Bodies are cut after so many characters (client-go rest/request.go truncateBody). */
function bodyLine(k: Invocation, which: string, place: string, text: string): void {
  const level = verbosity(k);
  const limit = level >= 10 ? Number.POSITIVE_INFINITY : level === 9 ? 10_240 : 1024;
  const shown = text.length > limit ? `${text.slice(0, limit)} [truncated ${text.length - limit} chars]` : text;
  verbose(k, 8, place, `"${which} Body" body=${klogText(shown)}`);
}

/** Where client-go and kubectl log a body: the caller of the request, by what is asked. */
function placeOf(k: Invocation, { method, path }: HttpRequest): string {
  const [bare = "", query = ""] = path.split("?", 2);
  if (k.flags.has("raw") && k.flags.string("raw") !== "") return "raw.go:84";
  if (bare === "/api") return "discovery_client.go:253";
  if (bare === "/apis") return "discovery_client.go:319";
  if (bare === "/version") return "discovery_client.go:658";
  if (bare.startsWith("/openapi/")) return bare === "/openapi/v3" ? "client.go:46" : "groupversion.go:75";
  if (/(^|&)watch=true/.test(query)) return "request.go:736";
  if (/\/pods\/[^/]+\/log$/.test(bare)) return "logs.go:469";
  if (/\/serviceaccounts\/[^/]+\/token$/.test(bare)) return "serviceaccount.go:87";
  const typed = /^(create \S|auth|certificate|describe|drain|cordon|uncordon|events|scale|autoscale)/.test(k.path);
  if (method === "POST") return typed ? "type.go:252" : "helper.go:246";
  if (method === "PUT") return typed ? "type.go:276" : "helper.go:319";
  if (method === "PATCH") return k.path.endsWith("cordon") || k.path === "drain" ? "type.go:328" : "helper.go:269";
  if (method === "DELETE") return "helper.go:202";
  const single = /^\/(?:api\/[^/]+|apis\/[^/]+\/[^/]+)(?:\/namespaces\/[^/]+)?\/[^/]+\/[^/]+/.test(bare);
  return single ? "helper.go:105" : "helper.go:113";
}
