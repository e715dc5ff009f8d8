import { p256 } from "@noble/curves/nist.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { parseTime } from "../api/time.ts";
import { decode, sha256Hex } from "../kernel/index.ts";
import { fromBase64 } from "./base64.ts";
import type { User } from "./user.ts";

/** The parts of an X.509 certificate that authentication needs. */
export interface Certificate {
  readonly der: Uint8Array;
  /** The signed part. */
  readonly tbs: Uint8Array;
  readonly signature: Uint8Array;
  readonly issuer: string;
  readonly subject: string;
  readonly commonName: string;
  readonly organizations: readonly string[];
  /** ms since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** Uncompressed point of a P-256 key. */
  readonly publicKey: Uint8Array;
}

interface Der {
  tag: number;
  /** Whole element. */
  bytes: Uint8Array;
  body: Uint8Array;
}

const COMMON_NAME = "550403";
const ORGANIZATION = "55040a";

/** Parses the first certificate of a PEM text; undefined when there is none that can be read. */
export function parseCertificate(pem: string): Certificate | undefined {
  const begin = pem.indexOf("-----BEGIN CERTIFICATE-----");
  const end = pem.indexOf("-----END CERTIFICATE-----", begin);
  if (begin < 0 || end < 0) return undefined;
  const der = fromBase64(pem.slice(begin + 27, end).trim());
  try {
    return der && parseDer(der);
  } catch {
    return undefined;
  }
}

function parseDer(der: Uint8Array): Certificate {
  const [tbs, , signature] = children(element(der, 0).body);
  const fields = children(tbs!.body);
  // An explicit version comes first in every v3 certificate.
  const at = fields[0]!.tag === 0xa0 ? 1 : 0;
  const [issuer, validity, subject, key] = fields.slice(at + 2);
  const [notBefore, notAfter] = children(validity!.body).map(time);
  const names = attributes(subject!);
  return {
    der,
    tbs: tbs!.bytes,
    signature: signature!.body.subarray(1),
    issuer: hex(issuer!.bytes),
    subject: hex(subject!.bytes),
    commonName: names.find(([type]) => type === COMMON_NAME)?.[1] ?? "",
    organizations: names.filter(([type]) => type === ORGANIZATION).map(([, value]) => value),
    notBefore: notBefore!,
    notAfter: notAfter!,
    publicKey: children(key!.body)[1]!.body.subarray(1),
  };
}

function attributes(name: Der): [string, string][] {
  return children(name.body).flatMap((set) =>
    children(set.body).map((pair): [string, string] => {
      const [type, value] = children(pair.body);
      return [hex(type!.body), decode(value!.body)];
    }),
  );
}

function element(bytes: Uint8Array, at: number): Der {
  const tag = bytes[at]!;
  let length = bytes[at + 1]!;
  let start = at + 2;
  if (length & 0x80) {
    const count = length & 0x7f;
    length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + bytes[start++]!;
  }
  if (start + length > bytes.length) throw new Error("DER: truncated");
  return { tag, bytes: bytes.subarray(at, start + length), body: bytes.subarray(start, start + length) };
}

function children(body: Uint8Array): Der[] {
  const out: Der[] = [];
  for (let at = 0; at < body.length; ) {
    const child = element(body, at);
    out.push(child);
    at += child.bytes.length;
  }
  return out;
}

/** UTCTime (two-digit year, RFC 5280 §4.1.2.5.1) or GeneralizedTime. */
function time(der: Der): number {
  let text = decode(der.body);
  if (der.tag === 0x17) text = (Number(text.slice(0, 2)) < 50 ? "20" : "19") + text;
  const part = (from: number, to: number) => text.slice(from, to);
  return parseTime(`${part(0, 4)}-${part(4, 6)}-${part(6, 8)}T${part(8, 10)}:${part(10, 12)}:${part(12, 14)}Z`);
}

function hex(bytes: Uint8Array): string {
  let out = "";
  for (const byte of bytes) out += byte.toString(16).padStart(2, "0");
  return out;
}

/**
 * Client certificates against the cluster's CA. A certificate is verified once; after that only its validity is looked at.
 */
export class CertificateAuthenticator {
  private readonly authorities: readonly Certificate[];
  private readonly seen = new Map<string, { certificate: Certificate; user: User } | undefined>();

  /** `ca`: PEM of the CA certificates, as in `--client-ca-file`. */
  constructor(ca: string) {
    const authorities: Certificate[] = [];
    for (const block of ca.split("-----END CERTIFICATE-----")) {
      const certificate = parseCertificate(`${block}-----END CERTIFICATE-----`);
      if (certificate) authorities.push(certificate);
    }
    this.authorities = authorities;
  }

  /** User CN with groups O; undefined when no CA vouches for it or it is not valid at `nowMs`. */
  userOf(pem: string, nowMs: number): User | undefined {
    if (!this.seen.has(pem)) this.seen.set(pem, this.verify(pem));
    const found = this.seen.get(pem);
    if (found === undefined) return undefined;
    const { certificate, user } = found;
    return nowMs >= certificate.notBefore && nowMs <= certificate.notAfter ? user : undefined;
  }

  private verify(pem: string): { certificate: Certificate; user: User } | undefined {
    const certificate = parseCertificate(pem);
    if (certificate === undefined || certificate.commonName === "") return undefined;
    if (!this.authorities.some((authority) => signedBy(certificate, authority))) return undefined;
    const user: User = Object.freeze({
      name: certificate.commonName,
      groups: Object.freeze([...certificate.organizations]),
      extra: Object.freeze({
        "authentication.kubernetes.io/credential-id": Object.freeze([`X509SHA256=${sha256Hex(certificate.der)}`]),
      }),
    });
    return { certificate, user };
  }
}

function signedBy(certificate: Certificate, authority: Certificate): boolean {
  if (certificate.issuer !== authority.subject) return false;
  try {
    const options = { format: "der", prehash: false, lowS: false } as const;
    return p256.verify(certificate.signature, sha256(certificate.tbs), authority.publicKey, options);
  } catch {
    return false;
  }
}
