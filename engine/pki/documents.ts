/** Certificates (RFC 5280) and requests for them (PKCS #10, RFC 2986) in whole: names, extensions, any kind of key. */
import { decode, encode } from "../kernel/index.ts";
import {
  bits,
  boolean,
  der,
  type Element,
  integer,
  octets,
  oid,
  oidText,
  parse,
  readTime,
  sequence,
  TAG,
  timeDer,
} from "./der.ts";
import {
  type DigestName,
  digestOf,
  type PrivateKey,
  type PublicKey,
  publicKeyInfo,
  readPublicInfo,
  sign,
  signatureAlgorithm,
  verify,
} from "./keys.ts";
import { OID } from "./oids.ts";

export interface Attribute {
  oid: string;
  value: string;
  tag: number;
}

/** Relative distinguished names in order, each of one attribute or more. */
export type DistinguishedName = readonly (readonly Attribute[])[];

export interface Extension {
  oid: string;
  critical: boolean;
  /** DER inside the octet string. */
  value: Uint8Array;
}

/** Something with a signature. */
export interface SignedBytes {
  /** What is signed, as it stands. */
  tbs: Uint8Array;
  /** OID of the signature's algorithm. */
  algorithm: string;
  signature: Uint8Array;
  der: Uint8Array;
}

interface Signed extends SignedBytes {
  subject: DistinguishedName;
  /** SubjectPublicKeyInfo. */
  spki: Uint8Array;
  publicKey: PublicKey | undefined;
  extensions: readonly Extension[];
}

export interface CertificateDocument extends Signed {
  version: number;
  serial: Uint8Array;
  issuer: DistinguishedName;
  /** ms since 1970. */
  notBefore: number;
  notAfter: number;
}

export interface RequestDocument extends Signed {
  version: number;
  /** Values of attributes besides the requested extensions, by OID. */
  challenge: string | undefined;
  /** Whether there is an extensionRequest attribute. */
  asksExtensions: boolean;
}

const CHALLENGE = "1.2.840.113549.1.9.7";

/** A name, of the content of its SEQUENCE. */
export function readNameOf(bytes: Uint8Array): DistinguishedName {
  return parse(bytes).map((set) =>
    parse(set.content).map((pair) => {
      const [id, value] = parse(pair.content);
      return { oid: oidText(id!.content), value: stringOf(value!), tag: value!.tag };
    }),
  );
}

/** Text of any ASN.1 string. */
export function stringOf({ tag, content }: Element): string {
  if (tag === 0x1e) {
    let out = "";
    for (let i = 0; i + 1 < content.length; i += 2) out += String.fromCharCode(content[i]! * 256 + content[i + 1]!);
    return out;
  }
  return decode(content);
}

export function nameDer(name: DistinguishedName): Uint8Array {
  const pair = ({ oid: id, value, tag }: Attribute) => sequence(oid(id), der(tag, encode(value)));
  return sequence(...name.map((set) => der(TAG.set, ...set.map(pair).sort(byBytes))));
}

/** DER's order of the members of a set. */
function byBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length && i < b.length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}

function readExtensions(list: readonly Element[]): Extension[] {
  return list.map(({ content }) => {
    const parts = parse(content);
    return {
      oid: oidText(parts[0]!.content),
      critical: parts.length === 3 && parts[1]!.content[0] === 0xff,
      value: parts.at(-1)!.content,
    };
  });
}

function outer(bytes: Uint8Array): { tbs: Element; algorithm: string; signature: Uint8Array; der: Uint8Array } {
  const [whole] = parse(bytes);
  const [tbs, algorithm, signature] = parse(whole!.content);
  return {
    tbs: tbs!,
    algorithm: oidText(parse(algorithm!.content)[0]!.content),
    signature: signature!.content.subarray(1),
    der: whole!.whole,
  };
}

/** Reads a certificate in DER; undefined when it is none. */
export function readCertificate(bytes: Uint8Array): CertificateDocument | undefined {
  try {
    const { tbs, algorithm, signature, der: whole } = outer(bytes);
    const parts = parse(tbs.content);
    const version = parts[0]!.tag === 0xa0 ? parse(parts.shift()!.content)[0]!.content[0]! + 1 : 1;
    const [serial, , issuer, validity, subject, key, ...rest] = parts;
    const [notBefore, notAfter] = parse(validity!.content);
    const extra = rest.find(({ tag }) => tag === 0xa3);
    return {
      version,
      serial: serial!.content,
      issuer: readNameOf(issuer!.content),
      notBefore: readTime(notBefore!),
      notAfter: readTime(notAfter!),
      subject: readNameOf(subject!.content),
      spki: key!.whole,
      publicKey: readPublicInfo(key!.whole),
      extensions: extra ? readExtensions(parse(parse(extra.content)[0]!.content)) : [],
      tbs: tbs.whole,
      algorithm,
      signature,
      der: whole,
    };
  } catch {
    return undefined;
  }
}

/** Reads a certificate request in DER; undefined when it is none. */
export function readRequest(bytes: Uint8Array): RequestDocument | undefined {
  try {
    const { tbs, algorithm, signature, der: whole } = outer(bytes);
    const [version, subject, key, attributes] = parse(tbs.content);
    let extensions: Extension[] = [];
    let challenge: string | undefined;
    let asksExtensions = false;
    for (const attribute of attributes ? parse(attributes.content) : []) {
      const [id, values] = parse(attribute.content);
      const value = parse(values!.content)[0]!;
      const dotted = oidText(id!.content);
      if (dotted === CHALLENGE) challenge = stringOf(value);
      if (dotted !== OID.extensionRequest) continue;
      extensions = readExtensions(parse(value.content));
      asksExtensions = true;
    }
    return {
      version: version!.content[0]! + 1,
      subject: readNameOf(subject!.content),
      spki: key!.whole,
      publicKey: readPublicInfo(key!.whole),
      extensions,
      challenge,
      asksExtensions,
      tbs: tbs.whole,
      algorithm,
      signature,
      der: whole,
    };
  } catch {
    return undefined;
  }
}

/** True when `key` made the signature of a certificate or request. */
export function isSigned(document: SignedBytes, key: PublicKey | undefined): boolean {
  const digest = digestOf(document.algorithm);
  return key !== undefined && digest !== undefined && verify(key, digest, document.tbs, document.signature);
}

function extensionsDer(extensions: readonly Extension[]): Uint8Array {
  return sequence(
    ...extensions.map(({ oid: id, critical, value }) =>
      critical ? sequence(oid(id), boolean(true), octets(value)) : sequence(oid(id), octets(value)),
    ),
  );
}

/** A document with its signature; DER. */
export function signedDer(tbs: Uint8Array, key: PrivateKey, digest: DigestName): Uint8Array {
  return sequence(tbs, signatureAlgorithm(key, digest), bits(sign(key, digest, tbs)));
}

/** Makes a certificate request; DER. */
export function makeRequest(
  subject: DistinguishedName,
  key: PrivateKey,
  publicKey: PublicKey,
  extensions: readonly Extension[],
  digest: DigestName,
): Uint8Array {
  const asked =
    extensions.length === 0 ? [] : [sequence(oid(OID.extensionRequest), der(TAG.set, extensionsDer(extensions)))];
  const tbs = sequence(integer(0), nameDer(subject), publicKeyInfo(publicKey), der(0xa0, ...asked));
  return signedDer(tbs, key, digest);
}

export interface CertificateParts {
  serial: Uint8Array;
  issuer: DistinguishedName;
  subject: DistinguishedName;
  notBefore: number;
  notAfter: number;
  spki: Uint8Array;
  extensions: readonly Extension[];
}

/** Makes a certificate signed by `key`; DER. Version 3 when it has extensions, else 1. */
export function makeCertificate(parts: CertificateParts, key: PrivateKey, digest: DigestName): Uint8Array {
  const { serial, issuer, subject, notBefore, notAfter, spki, extensions } = parts;
  const tbs = sequence(
    ...(extensions.length > 0 ? [der(0xa0, integer(2))] : []),
    integer(serial),
    signatureAlgorithm(key, digest),
    nameDer(issuer),
    sequence(timeDer(notBefore), timeDer(notAfter)),
    nameDer(subject),
    spki,
    ...(extensions.length > 0 ? [der(0xa3, extensionsDer(extensions))] : []),
  );
  return signedDer(tbs, key, digest);
}
