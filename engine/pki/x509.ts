/** X.509 certificates (RFC 5280, RFC 5480): made on P-256, read and verified on any key, all synchronously. */
import { p256 } from "@noble/curves/nist.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { decode, encode } from "../kernel/index.ts";
import {
  bits,
  boolean,
  der,
  fromPem,
  integer,
  octets,
  oid,
  oidText,
  parse,
  pem,
  readTime,
  sequence,
  TAG,
  timeDer,
  utf8,
} from "./der.ts";
import { digestOf, readPublicInfo, verify } from "./keys.ts";
import { OID } from "./oids.ts";

const KEY = {
  ecPublicKey: "1.2.840.10045.2.1",
  p256: "1.2.840.10045.3.1.7",
  ecdsaSha256: "1.2.840.10045.4.3.2",
} as const;

export interface Name {
  commonName: string;
  organizations: readonly string[];
}

export interface KeyPair {
  secret: Uint8Array;
  /** Uncompressed point, 65 bytes. */
  public: Uint8Array;
}

export interface CertificateRequest {
  subject: Name;
  publicKey: Uint8Array;
  /** Self-signed when absent. */
  issuer?: { name: Name; key: KeyPair };
  key?: KeyPair;
  /** Big-endian, at most 20 bytes. */
  serial: Uint8Array;
  /** ms since 1970. */
  notBefore: number;
  notAfter: number;
  isCa?: boolean;
  usages?: readonly ("serverAuth" | "clientAuth")[];
  dnsNames?: readonly string[];
  ipAddresses?: readonly string[];
}

export interface Certificate {
  subject: Name;
  issuer: Name;
  serial: Uint8Array;
  notBefore: number;
  notAfter: number;
  publicKey: Uint8Array;
  isCa: boolean;
  usages: readonly string[];
  dnsNames: readonly string[];
  ipAddresses: readonly string[];
  /** What is signed, and the signature (DER). */
  signed: Uint8Array;
  signature: Uint8Array;
  /** OID of the signature's algorithm. */
  algorithm: string;
  /** SubjectPublicKeyInfo. */
  spki: Uint8Array;
}

/** A key pair from 32 secret bytes, which must be a valid scalar (all but a vanishing few are). */
export function keyPair(secret: Uint8Array): KeyPair {
  return { secret, public: p256.getPublicKey(secret, false) };
}

/** `-----BEGIN EC PRIVATE KEY-----` (RFC 5915). */
export function privateKeyPem(key: KeyPair): string {
  const body = sequence(integer(1), octets(key.secret), der(0xa0, oid(KEY.p256)), der(0xa1, bits(key.public)));
  return pem("EC PRIVATE KEY", body);
}

/** `-----BEGIN PUBLIC KEY-----` (SubjectPublicKeyInfo). */
export function publicKeyPem(point: Uint8Array): string {
  return pem("PUBLIC KEY", publicKeyInfo(point));
}

function publicKeyInfo(point: Uint8Array): Uint8Array {
  return sequence(sequence(oid(KEY.ecPublicKey), oid(KEY.p256)), bits(point));
}

/** Makes and signs a certificate; DER bytes. */
export function createCertificate(request: CertificateRequest): Uint8Array {
  const signer = request.issuer?.key ?? request.key;
  if (signer === undefined) throw new Error("x509: a certificate needs an issuer or its own key");
  const algorithm = sequence(oid(KEY.ecdsaSha256));
  const body = sequence(
    der(0xa0, integer(2)),
    integer(request.serial),
    algorithm,
    nameDer(request.issuer?.name ?? request.subject),
    sequence(timeDer(request.notBefore), timeDer(request.notAfter)),
    nameDer(request.subject),
    publicKeyInfo(request.publicKey),
    der(0xa3, sequence(...extensions(request, signer))),
  );
  const signature = p256.sign(body, signer.secret, { format: "der", lowS: false });
  return sequence(body, algorithm, bits(signature));
}

function extensions(request: CertificateRequest, signer: KeyPair): Uint8Array[] {
  const out: Uint8Array[] = [];
  const add = (id: string, critical: boolean, value: Uint8Array) =>
    out.push(critical ? sequence(oid(id), boolean(true), octets(value)) : sequence(oid(id), octets(value)));
  // digitalSignature + keyEncipherment, and for an authority keyCertSign (RFC 5280, section 4.2.1.3).
  add(OID.keyUsage, true, request.isCa ? bits(Uint8Array.of(0xa4), 2) : bits(Uint8Array.of(0xa0), 5));
  if (request.usages?.length) {
    add(OID.extendedKeyUsage, false, sequence(...request.usages.map((usage) => oid(OID[usage]))));
  }
  add(OID.basicConstraints, true, request.isCa ? sequence(boolean(true)) : sequence());
  if (request.isCa) add(OID.subjectKeyId, false, octets(keyId(request.publicKey)));
  else add(OID.authorityKeyId, false, sequence(der(0x80, keyId(signer.public))));
  const names = [
    ...(request.dnsNames ?? []).map((name) => der(0x82, encode(name))),
    ...(request.ipAddresses ?? []).map((ip) => der(0x87, Uint8Array.from(ip.split(".").map(Number)))),
  ];
  if (names.length > 0) add(OID.subjectAltName, false, sequence(...names));
  return out;
}

function keyId(point: Uint8Array): Uint8Array {
  return sha256(point).subarray(0, 20);
}

function nameDer(name: Name): Uint8Array {
  const part = (id: string, value: string) => der(TAG.set, sequence(oid(id), utf8(value)));
  return sequence(
    ...name.organizations.map((organization) => part(OID.organization, organization)),
    part(OID.commonName, name.commonName),
  );
}

const parsed = new Map<string, Certificate | undefined>();

/** Reads the first certificate of a PEM text; undefined when there is none or it is malformed. Memoized by text. */
export function parseCertificate(text: string): Certificate | undefined {
  if (parsed.has(text)) return parsed.get(text);
  if (parsed.size > 500) parsed.clear();
  let certificate: Certificate | undefined;
  try {
    const bytes = fromPem("CERTIFICATE", text);
    certificate = bytes && read(bytes);
  } catch {
    certificate = undefined;
  }
  parsed.set(text, certificate);
  return certificate;
}

function read(bytes: Uint8Array): Certificate {
  const [outer] = parse(bytes);
  const [signed, algorithm, signature] = parse(outer!.content);
  const [, serial, , issuer, validity, subject, key, extra] = parse(signed!.content);
  const [notBefore, notAfter] = parse(validity!.content);
  const out: Certificate = {
    subject: readName(subject!.content),
    issuer: readName(issuer!.content),
    serial: serial!.content,
    notBefore: readTime(notBefore!),
    notAfter: readTime(notAfter!),
    publicKey: parse(key!.content)[1]!.content.subarray(1),
    isCa: false,
    usages: [],
    dnsNames: [],
    ipAddresses: [],
    signed: signed!.whole,
    signature: signature!.content.subarray(1),
    algorithm: oidText(parse(algorithm!.content)[0]!.content),
    spki: key!.whole,
  };
  for (const extension of extra ? parse(parse(extra.content)[0]!.content) : [])
    readExtension(out, parse(extension.content));
  return out;
}

function readExtension(out: Certificate, parts: ReturnType<typeof parse>): void {
  const id = oidText(parts[0]!.content);
  const value = parse(parts[parts.length - 1]!.content)[0]!;
  if (id === OID.basicConstraints) out.isCa = parse(value.content)[0]?.content[0] === 0xff;
  if (id === OID.extendedKeyUsage) {
    out.usages = parse(value.content).map(({ content }) => {
      const usage = oidText(content);
      return usage === OID.serverAuth ? "serverAuth" : usage === OID.clientAuth ? "clientAuth" : usage;
    });
  }
  if (id === OID.subjectAltName) {
    const names = parse(value.content);
    out.dnsNames = names.filter(({ tag }) => tag === 0x82).map(({ content }) => decode(content));
    out.ipAddresses = names.filter(({ tag }) => tag === 0x87).map(({ content }) => [...content].join("."));
  }
}

function readName(bytes: Uint8Array): Name {
  let commonName = "";
  const organizations: string[] = [];
  for (const set of parse(bytes)) {
    for (const attribute of parse(set.content)) {
      const [id, value] = parse(attribute.content);
      const text = decode(value!.content);
      if (oidText(id!.content) === OID.commonName) commonName = text;
      if (oidText(id!.content) === OID.organization) organizations.push(text);
    }
  }
  return { commonName, organizations };
}

const verified = new WeakMap<Certificate, Map<Certificate, boolean>>();

/** True when `authority` signed `certificate`. Remembered: a signature costs a millisecond. */
export function isSignedBy(certificate: Certificate, authority: Certificate): boolean {
  let known = verified.get(certificate);
  if (known === undefined) verified.set(certificate, (known = new Map()));
  let result = known.get(authority);
  if (result === undefined) {
    const digest = digestOf(certificate.algorithm);
    const key = authority.isCa ? readPublicInfo(authority.spki) : undefined;
    result =
      key !== undefined && digest !== undefined && verify(key, digest, certificate.signed, certificate.signature);
    known.set(authority, result);
  }
  return result;
}

export { pem } from "./der.ts";
