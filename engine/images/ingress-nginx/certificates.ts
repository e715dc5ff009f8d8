import { sha256 } from "@noble/hashes/sha2.js";
import { encode } from "../../kernel/index.ts";
import { createCertificate, keyPair, type Name, pem, privateKeyPem } from "../../pki/x509.ts";

const YEAR = 365 * 86_400_000;

export interface Pair {
  certificate: string;
  key: string;
}

/** A key pair and certificate for names, signed by an authority's (or its own) key; both PEM. `bornMs`: ms since 1970. */
export function certify(
  id: string,
  subject: Name,
  dnsNames: readonly string[],
  bornMs: number,
  authority?: { id: string; name: Name },
): Pair {
  const key = keyOf(id);
  const serial = sha256(encode(`serial ${id} ${bornMs}`)).subarray(0, 16);
  serial[0]! &= 0x7f;
  const notBefore = Math.floor(bornMs / 1000) * 1000;
  const der = createCertificate({
    subject,
    publicKey: key.public,
    ...(authority ? { issuer: { name: authority.name, key: keyOf(authority.id) } } : { key }),
    serial,
    notBefore,
    notAfter: notBefore + YEAR,
    isCa: authority === undefined && dnsNames.length === 0,
    usages: ["serverAuth"],
    dnsNames,
  });
  return { certificate: pem("CERTIFICATE", der), key: privateKeyPem(key) };
}

/** Keys guard nothing but a simulation: they follow from what they are for. */
const keyOf = (id: string) => keyPair(sha256(encode(`ingress-nginx key ${id}`)));

/** What TLS clients get that name no host with a certificate (internal/net/ssl GetFakeSSLCert). */
export function fakeCertificate(bornMs: number): Pair {
  const name = { commonName: "Kubernetes Ingress Controller Fake Certificate", organizations: ["Acme Co"] };
  return certify("fake", name, ["ingress.local"], bornMs);
}
