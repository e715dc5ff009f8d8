import { type Certificate, isSignedBy, parseCertificate } from "../../pki/x509.ts";

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
  const chain = certificatesOf(presented);
  const [leaf] = chain;
  if (leaf === undefined) return authorities === undefined ? unknownIssuer : undefined;
  const roots = authorities === undefined ? [] : certificatesOf(authorities);
  let at = leaf;
  for (let depth = 0; depth < 8; depth++) {
    const root = roots.find((each) => isIssuer(at, each));
    if (root !== undefined) return validity([leaf, at, root], nowMs);
    if (isIssuer(at, at)) {
      return depth === 0
        ? verify(18, "self-signed certificate")
        : verify(19, "self-signed certificate in certificate chain");
    }
    const next = chain.find((each) => each !== at && isIssuer(at, each));
    if (next === undefined) return unknownIssuer;
    at = next;
  }
  return unknownIssuer;
}

const unknownIssuer = verify(20, "unable to get local issuer certificate");

function validity(chain: readonly Certificate[], nowMs: number): TlsProblem | undefined {
  for (const { notBefore, notAfter } of chain) {
    if (notAfter < nowMs) return verify(10, "certificate has expired");
    if (notBefore > nowMs) return verify(9, "certificate is not yet valid");
  }
  return undefined;
}

/** Signed by it; keys that are not the cluster's own kind are known by their names. */
function isIssuer(of: Certificate, authority: Certificate): boolean {
  const named =
    of.issuer.commonName === authority.subject.commonName &&
    of.issuer.organizations.join() === authority.subject.organizations.join();
  if (!named) return false;
  // P-256 points have 65 bytes.
  return authority.publicKey.length === 65 ? isSignedBy(of, authority) : true;
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
