import { encodeBody } from "../../api/encode.ts";
import { decode, type Gen } from "../../kernel/index.ts";
import { resolverConfig } from "../../network/resolver.ts";
import { authority, exchange, parseUrl } from "../system/http-client.ts";
import { KubectlError } from "./errors.ts";
import { quote } from "./go.ts";
import { type Invocation, USER_AGENT } from "./invocation.ts";

/** The text behind a URL, as `-f` reads it (cli-runtime pkg/resource visitor.go URLVisitor). Throws in its words. */
export function* fetchUrl(k: Invocation, text: string): Gen<string> {
  const url = parseUrl(text);
  const host = url?.host ?? "";
  const failed = (why: string) => new KubectlError(`Get ${quote(text)}: ${why}`);
  if (url === undefined) throw failed("http: no Host in request URL");
  const request = { method: "GET", headers: { host: authority(url), "user-agent": USER_AGENT } };
  const result = yield* exchange(k.p, url, request, { two: () => url.scheme === "https" });
  if ("kind" in result) {
    if (result.kind === "resolve") {
      const server = resolverConfig(k.p).nameservers[0];
      const why = result.why === "none" ? "no such host" : "server misbehaving";
      throw failed(`dial tcp: lookup ${host} on ${server}:53: ${why}`);
    }
    if (result.kind === "tls")
      throw failed("tls: failed to verify certificate: x509: certificate signed by unknown authority");
    const address = result.kind === "connect" ? result.address : host;
    const refused = result.kind === "connect" && result.code === "ECONNREFUSED";
    throw failed(`dial tcp ${address}:${url.port}: ${refused ? "connect: connection refused" : "i/o timeout"}`);
  }
  const { status, body } = result.response;
  if (status !== 200) {
    throw new KubectlError(
      `unable to read URL ${quote(text)}, server reported ${status} ${REASONS[status] ?? ""}, status code=${status}`,
    );
  }
  if (body.type === "bytes") return decode(body.bytes);
  return body.type === "object" ? encodeBody(body) : "";
}

const REASONS: Readonly<Record<number, string>> = {
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  500: "Internal Server Error",
  503: "Service Unavailable",
};
