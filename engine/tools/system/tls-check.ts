import { documentsIn } from "../../api/trust.ts";
import { type Certificate, parseCertificate } from "../../pki/x509.ts";
import { verifyChain } from "../openssl/verify.ts";

/** What OpenSSL and curl find wrong with a server's certificate. */
export type TlsProblem =
  | { why: "verify"; code: number; text: string }
  /** It is another server's: the name it has instead, where it has none of the kind that is asked for. */
  | { why: "name"; commonName: string | undefined };

const verify = (code: number, text: string): TlsProblem => ({ why: "verify", code, text });

const BLOCK = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

export const certificatesOf = (pem: string): Certificate[] =>
  [...pem.matchAll(BLOCK)].flatMap(([text]) => parseCertificate(text) ?? []);

/** X509_verify_cert: who issued it, and whether it is valid now (ms since 1970). `presented`: the server's PEM. */
export function chainProblem(
  presented: string,
  authorities: string | undefined,
  nowMs: number,
): TlsProblem | undefined {
  const [leaf, ...untrusted] = documentsIn(presented);
  if (leaf === undefined)
    return authorities === undefined ? verify(20, "unable to get local issuer certificate") : undefined;
  const problem = verifyChain(leaf, documentsIn(authorities ?? ""), untrusted, nowMs);
  return problem && verify(problem.code, problem.text);
}

/** The name of a certificate that a host's name fits (RFC 6125): its own, or `*` for its first label. */
export function matchedName({ subject, dnsNames, ipAddresses }: Certificate, host: string): string | undefined {
  const address = /^[\d.]+$/.test(host);
  if (address) return ipAddresses.find((each) => each === host);
  const named = dnsNames.length > 0 || ipAddresses.length > 0 ? dnsNames : [subject.commonName];
  const wanted = host.toLowerCase();
  return named.find((each) => {
    const name = each.toLowerCase();
    if (!name.startsWith("*.")) return name === wanted;
    const dot = wanted.indexOf(".");
    return dot > 0 && wanted.slice(dot) === name.slice(1);
  });
}

/** Curl_ossl_verifyhost. */
export function nameProblem(presented: string, host: string): TlsProblem | undefined {
  const [leaf] = certificatesOf(presented);
  if (leaf === undefined || matchedName(leaf, host) !== undefined) return undefined;
  const bare = leaf.dnsNames.length === 0 && leaf.ipAddresses.length === 0;
  return { why: "name", commonName: bare ? leaf.subject.commonName : undefined };
}
