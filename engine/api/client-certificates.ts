import { sha256Hex } from "../kernel/index.ts";
import { fromPem } from "../pki/der.ts";
import { type Certificate, isSignedBy, parseCertificate } from "../pki/x509.ts";
import type { User } from "./user.ts";

interface Verified {
  readonly certificate: Certificate;
  readonly user: User;
}

const verified = new Map<string, Verified>();

/**
 * Client certificates against the cluster's CA (apiserver pkg/authentication/request/x509). A certificate is verified
 * once; after that only its validity is looked at.
 */
export class CertificateAuthenticator {
  private readonly authorities: readonly Certificate[];
  private readonly ca: string;
  private readonly seen = new Map<string, Verified | undefined>();

  /** `ca`: PEM of the CA certificates, as in `--client-ca-file`. */
  constructor(ca: string) {
    const authorities: Certificate[] = [];
    for (const block of ca.split("-----END CERTIFICATE-----")) {
      if (!block.includes("-----BEGIN CERTIFICATE-----")) continue;
      const certificate = parseCertificate(`${block}-----END CERTIFICATE-----\n`);
      if (certificate) authorities.push(certificate);
    }
    this.authorities = authorities;
    this.ca = ca;
  }

  /** User CN with groups O; undefined when no CA vouches for it or it is not valid at `nowMs`. */
  userOf(pem: string, nowMs: number): User | undefined {
    if (!this.seen.has(pem)) this.seen.set(pem, this.known(pem));
    const found = this.seen.get(pem);
    if (found === undefined) return undefined;
    const { certificate, user } = found;
    return nowMs >= certificate.notBefore && nowMs <= certificate.notAfter ? user : undefined;
  }

  /** What every server of a cluster finds out about a certificate is the same. */
  private known(pem: string): Verified | undefined {
    const key = this.ca + pem;
    let found = verified.get(key);
    if (found === undefined) {
      found = this.verify(pem);
      if (verified.size >= 256) verified.clear();
      if (found !== undefined) verified.set(key, found);
    }
    return found;
  }

  private verify(pem: string): Verified | undefined {
    const certificate = parseCertificate(pem);
    if (certificate === undefined || certificate.subject.commonName === "") return undefined;
    if (!this.authorities.some((authority) => isSignedBy(certificate, authority))) return undefined;
    if (certificate.usages.length > 0 && !certificate.usages.includes("clientAuth")) return undefined;
    const bytes = fromPem("CERTIFICATE", pem);
    const user: User = Object.freeze({
      name: certificate.subject.commonName,
      groups: Object.freeze([...certificate.subject.organizations]),
      extra: Object.freeze({
        "authentication.kubernetes.io/credential-id": Object.freeze([`X509SHA256=${bytes ? sha256Hex(bytes) : ""}`]),
      }),
    });
    return { certificate, user };
  }
}
