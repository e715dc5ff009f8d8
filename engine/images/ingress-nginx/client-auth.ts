import type { HttpRequest, HttpResponse } from "../../api/http.ts";
import type { KubeObject } from "../../api/types.ts";
import { decode, decodeBase64, encode } from "../../kernel/index.ts";
import { type Certificate, isSignedBy, type Name, parseCertificate } from "../../pki/x509.ts";
import { compileRegex, type Regex, RegexError } from "../../text/regex/index.ts";
import { annotation } from "./annotations.ts";

/** What a host asks of its clients' certificates (internal/ingress/annotations/authtls). */
export interface ClientAuth {
  verify: "on" | "off" | "optional" | "optional_no_ca";
  /** Intermediate certificates that may stand between a client's and an authority's. */
  depth: number;
  /** Where those go who are not let in. */
  errorPage: string | undefined;
  passes: boolean;
  subject: Regex | undefined;
  authorities: readonly Certificate[];
}

/** The annotations of an Ingress; a text says why there is none of it although it was asked for. */
export function clientAuthOf(
  ingress: KubeObject,
  secretOf: (key: string) => KubeObject | undefined,
): ClientAuth | string | undefined {
  const key = annotation(ingress, "auth-tls-secret");
  if (key === undefined) return undefined;
  const data = secretOf(key)?.["data"]?.["ca.crt"];
  const name = `${ingress.metadata.namespace}/${ingress.metadata.name}`;
  if (data === undefined) {
    return `Secret "${key}" does not contain 'ca.crt' key, mutual authentication disabled for Ingress "${name}"`;
  }
  const verify = annotation(ingress, "auth-tls-verify-client") ?? "on";
  const depth = Number(annotation(ingress, "auth-tls-verify-depth") ?? 1);
  return {
    verify: verify === "off" || verify === "optional" || verify === "optional_no_ca" ? verify : "on",
    depth: Number.isInteger(depth) && depth > 0 ? depth : 1,
    errorPage: annotation(ingress, "auth-tls-error-page"),
    passes: annotation(ingress, "auth-tls-pass-certificate-to-upstream") === "true",
    subject: patternOf(annotation(ingress, "auth-tls-match-cn")),
    authorities: certificatesIn(decode(decodeBase64(data) ?? new Uint8Array(0))),
  };
}

function patternOf(text: string | undefined): Regex | undefined {
  if (text === undefined) return undefined;
  try {
    return compileRegex(text, { syntax: "perl" });
  } catch (error) {
    if (error instanceof RegexError) return undefined;
    throw error;
  }
}

function certificatesIn(text: string): Certificate[] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  return blocks.flatMap((block) => parseCertificate(block) ?? []);
}

/** nginx's `$ssl_client_verify`: NONE, SUCCESS, or FAILED with OpenSSL's reason. */
function verdictOf({ authorities, depth }: ClientAuth, shown: string | undefined, nowMs: number): string {
  const [own, ...others] = certificatesIn(shown ?? "");
  if (own === undefined) return "NONE";
  let at = own;
  for (let steps = 0; steps <= depth; steps++) {
    if (nowMs > at.notAfter) return "FAILED:certificate has expired";
    if (nowMs < at.notBefore) return "FAILED:certificate is not yet valid";
    if (authorities.some((authority) => isSignedBy(at, authority))) return "SUCCESS";
    const next = others.find((one) => isSignedBy(at, one));
    if (next === undefined) break;
    at = next;
  }
  return "FAILED:unable to verify the first certificate";
}

/** A distinguished name as nginx tells it (RFC 2253): the last part first. */
function nameText({ commonName, organizations }: Name): string {
  const parts = organizations.map((one) => `O=${one}`);
  return [...(commonName === "" ? [] : [`CN=${commonName}`]), ...parts.reverse()].join(",");
}

const PAGE = (title: string, why: string) =>
  encode(
    `<html>\r\n<head><title>400 ${title}</title></head>\r\n<body>\r\n<center><h1>400 Bad Request</h1></center>\r\n` +
      `<center>${why}</center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n`,
  );

/** The answer to a client whose certificate, or lack of one, is not taken; undefined for everybody else. */
export function clientRefusal(auth: ClientAuth, request: HttpRequest, nowMs: number): HttpResponse | undefined {
  if (auth.verify === "off") return undefined;
  const verdict = verdictOf(auth, request.clientCertificate, nowMs);
  const failed = verdict.startsWith("FAILED") && auth.verify !== "optional_no_ca";
  const missing = verdict === "NONE" && auth.verify === "on";
  const answer = (status: number, bytes: Uint8Array, more: Record<string, string> = {}): HttpResponse => ({
    status,
    headers: { "content-type": "text/html", "content-length": String(bytes.length), ...more },
    body: { type: "bytes", bytes: request.method === "HEAD" ? new Uint8Array(0) : bytes },
  });
  if (failed || missing) {
    if (auth.errorPage !== undefined) return answer(302, new Uint8Array(0), { location: auth.errorPage });
    return missing
      ? answer(400, PAGE("No required SSL certificate was sent", "No required SSL certificate was sent"))
      : answer(400, PAGE("The SSL certificate error", "The SSL certificate error"));
  }
  const [own] = certificatesIn(request.clientCertificate ?? "");
  if (auth.subject && !auth.subject.test(own ? nameText(own.subject) : "")) {
    return answer(403, encode("client certificate unauthorized"));
  }
  return undefined;
}

/** What backends are told of a client's certificate. */
export function clientHeaders(auth: ClientAuth, request: HttpRequest, nowMs: number): Record<string, string> {
  const { clientCertificate } = request;
  const [own] = certificatesIn(clientCertificate ?? "");
  const out: Record<string, string> = { "ssl-client-verify": verdictOf(auth, clientCertificate, nowMs) };
  if (own !== undefined) {
    out["ssl-client-subject-dn"] = nameText(own.subject);
    out["ssl-client-issuer-dn"] = nameText(own.issuer);
    if (auth.passes) out["ssl-client-cert"] = encodeURIComponent(clientCertificate!);
  }
  return out;
}
