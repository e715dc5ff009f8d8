/** Private and public keys of any kind that Kubernetes takes, read from and written as PEM: RSA, ECDSA, Ed25519. */
import { ed25519 } from "@noble/curves/ed25519.js";
import { p256, p384, p521 } from "@noble/curves/nist.js";
import { md5, sha1 } from "@noble/hashes/legacy.js";
import { sha256, sha384, sha512 } from "@noble/hashes/sha2.js";
import type { RandomStream } from "../kernel/index.ts";
import { bits, der, fromPem, integer, octets, oid, oidText, parse, pem, sequence, TAG } from "./der.ts";
import {
  bigIntToBytes,
  bytesToBigInt,
  generateRsa,
  type RsaPrivateKey,
  type RsaPublicKey,
  signRsa,
  verifyRsa,
} from "./rsa.ts";

export type CurveName = "P-256" | "P-384" | "P-521";

export type PrivateKey =
  | { type: "rsa"; key: RsaPrivateKey }
  | { type: "ec"; curve: CurveName; secret: Uint8Array; point: Uint8Array }
  | { type: "ed25519"; secret: Uint8Array; point: Uint8Array };

export type PublicKey =
  | { type: "rsa"; key: RsaPublicKey }
  | { type: "ec"; curve: CurveName; point: Uint8Array }
  | { type: "ed25519"; point: Uint8Array };

export const KEY_OID = {
  rsa: "1.2.840.113549.1.1.1",
  ec: "1.2.840.10045.2.1",
  ed25519: "1.3.101.112",
} as const;

export const CURVES = {
  "P-256": { oid: "1.2.840.10045.3.1.7", name: "prime256v1", bits: 256, math: p256 },
  "P-384": { oid: "1.3.132.0.34", name: "secp384r1", bits: 384, math: p384 },
  "P-521": { oid: "1.3.132.0.35", name: "secp521r1", bits: 521, math: p521 },
} as const;

/** A curve by its OpenSSL or NIST name. */
export function curveNamed(name: string): CurveName | undefined {
  const found = (Object.keys(CURVES) as CurveName[]).find((one) => one === name || CURVES[one].name === name);
  return found ?? (name === "secp256r1" ? "P-256" : undefined);
}

function curveOf(dotted: string): CurveName | undefined {
  return (Object.keys(CURVES) as CurveName[]).find((one) => CURVES[one].oid === dotted);
}

const NULL = der(0x05);

// ---- making ---------------------------------------------------------------------------------------------------------

function randomBytes(random: RandomStream, count: number): Uint8Array {
  return bigIntToBytes(BigInt(`0x${random.hex(count * 2)}`), count);
}

export function generateEc(curve: CurveName, random: RandomStream): PrivateKey {
  const { math } = CURVES[curve];
  const { n } = math.Point.CURVE();
  const size = Math.ceil(CURVES[curve].bits / 8);
  const scalar = (bytesToBigInt(randomBytes(random, size + 8)) % (n - 1n)) + 1n;
  return ecKey(curve, bigIntToBytes(scalar, size));
}

function ecKey(curve: CurveName, secret: Uint8Array): PrivateKey {
  return { type: "ec", curve, secret, point: CURVES[curve].math.getPublicKey(secret, false) };
}

export function generateEd25519(random: RandomStream): PrivateKey {
  const secret = randomBytes(random, 32);
  return { type: "ed25519", secret, point: ed25519.getPublicKey(secret) };
}

export function generateRsaKey(size: number, random: RandomStream): PrivateKey {
  return { type: "rsa", key: generateRsa(size, random) };
}

export function publicOf(key: PrivateKey): PublicKey {
  if (key.type === "rsa") return { type: "rsa", key: { n: key.key.n, e: key.key.e } };
  if (key.type === "ec") return { type: "ec", curve: key.curve, point: key.point };
  return { type: "ed25519", point: key.point };
}

export function samePublicKey(a: PublicKey, b: PublicKey): boolean {
  const [left, right] = [publicKeyInfo(a), publicKeyInfo(b)];
  return left.length === right.length && left.every((byte, i) => byte === right[i]);
}

// ---- writing --------------------------------------------------------------------------------------------------------

const big = (value: bigint) => integer(bigIntToBytes(value));

function algorithm(key: PublicKey | PrivateKey): Uint8Array {
  if (key.type === "rsa") return sequence(oid(KEY_OID.rsa), NULL);
  if (key.type === "ec") return sequence(oid(KEY_OID.ec), oid(CURVES[key.curve].oid));
  return sequence(oid(KEY_OID.ed25519));
}

/** SubjectPublicKeyInfo (RFC 5280). */
export function publicKeyInfo(key: PublicKey): Uint8Array {
  return sequence(algorithm(key), bits(publicBits(key)));
}

/** What stands in the bit string of a SubjectPublicKeyInfo. */
export function publicBits(key: PublicKey): Uint8Array {
  return key.type === "rsa" ? sequence(big(key.key.n), big(key.key.e)) : key.point;
}

export function publicPem(key: PublicKey): string {
  return pem("PUBLIC KEY", publicKeyInfo(key));
}

function pkcs1({ n, e, d, p, q, dp, dq, qi }: RsaPrivateKey): Uint8Array {
  return sequence(integer(0), big(n), big(e), big(d), big(p), big(q), big(dp), big(dq), big(qi));
}

function sec1(key: PrivateKey & { type: "ec" }, withCurve: boolean): Uint8Array {
  const curve = withCurve ? [der(0xa0, oid(CURVES[key.curve].oid))] : [];
  return sequence(integer(1), octets(key.secret), ...curve, der(0xa1, bits(key.point)));
}

/** PKCS #8 (`PRIVATE KEY`), or the kind's own old form. */
export function privatePem(key: PrivateKey, traditional = false): string {
  if (traditional && key.type === "rsa") return pem("RSA PRIVATE KEY", pkcs1(key.key));
  if (traditional && key.type === "ec") return pem("EC PRIVATE KEY", sec1(key, true));
  return pem("PRIVATE KEY", privateInfo(key));
}

export function privateInfo(key: PrivateKey): Uint8Array {
  const inner = key.type === "rsa" ? pkcs1(key.key) : key.type === "ec" ? sec1(key, false) : octets(key.secret);
  return sequence(integer(0), algorithm(key), octets(inner));
}

export function curvePem(curve: CurveName): string {
  return pem("EC PARAMETERS", oid(CURVES[curve].oid));
}

// ---- reading --------------------------------------------------------------------------------------------------------

function readPkcs1(bytes: Uint8Array): PrivateKey {
  const [, n, e, d, p, q, dp, dq, qi] = parse(parse(bytes)[0]!.content).map(({ content }) => bytesToBigInt(content));
  return { type: "rsa", key: { n: n!, e: e!, d: d!, p: p!, q: q!, dp: dp!, dq: dq!, qi: qi! } };
}

function readSec1(bytes: Uint8Array, known?: CurveName): PrivateKey | undefined {
  const [, secret, ...rest] = parse(parse(bytes)[0]!.content);
  const named = rest.find(({ tag }) => tag === 0xa0);
  const curve = named ? curveOf(oidText(parse(named.content)[0]!.content)) : known;
  return curve && ecKey(curve, secret!.content);
}

/** A private key in DER, of any form. Undefined when it is none. */
export function readPrivateDer(bytes: Uint8Array): PrivateKey | undefined {
  try {
    const [version, second, third] = parse(parse(bytes)[0]!.content);
    if (version!.tag !== TAG.integer) return undefined;
    if (second!.tag === TAG.octetString) return readSec1(bytes);
    if (second!.tag === TAG.integer) return readPkcs1(bytes);
    const [id, parameters] = parse(second!.content);
    const dotted = oidText(id!.content);
    const inner = third!.content;
    if (dotted === KEY_OID.rsa) return readPkcs1(inner);
    if (dotted === KEY_OID.ec) return readSec1(inner, curveOf(oidText(parameters!.content)));
    if (dotted !== KEY_OID.ed25519) return undefined;
    const secret = parse(inner)[0]!.content;
    return { type: "ed25519", secret, point: ed25519.getPublicKey(secret) };
  } catch {
    return undefined;
  }
}

/** The first private key of a PEM text. */
export function readPrivatePem(text: string): PrivateKey | undefined {
  for (const label of ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"]) {
    const bytes = fromPem(label, text);
    if (bytes !== undefined) return readPrivateDer(bytes);
  }
  return undefined;
}

/** A SubjectPublicKeyInfo. Undefined when it is none or of another kind. */
export function readPublicInfo(bytes: Uint8Array): PublicKey | undefined {
  try {
    const [head, body] = parse(parse(bytes)[0]!.content);
    const [id, parameters] = parse(head!.content);
    const content = body!.content.subarray(1);
    const dotted = oidText(id!.content);
    if (dotted === KEY_OID.rsa) {
      const [n, e] = parse(parse(content)[0]!.content).map((one) => bytesToBigInt(one.content));
      return { type: "rsa", key: { n: n!, e: e! } };
    }
    if (dotted === KEY_OID.ed25519) return { type: "ed25519", point: content };
    const curve = dotted === KEY_OID.ec ? curveOf(oidText(parameters!.content)) : undefined;
    return curve && { type: "ec", curve, point: content };
  } catch {
    return undefined;
  }
}

// ---- signatures -----------------------------------------------------------------------------------------------------

export const DIGESTS = {
  md5: { hash: md5, oid: "1.2.840.113549.2.5", rsa: "1.2.840.113549.1.1.4", ec: "" },
  sha1: { hash: sha1, oid: "1.3.14.3.2.26", rsa: "1.2.840.113549.1.1.5", ec: "1.2.840.10045.4.1" },
  sha256: { hash: sha256, oid: "2.16.840.1.101.3.4.2.1", rsa: "1.2.840.113549.1.1.11", ec: "1.2.840.10045.4.3.2" },
  sha384: { hash: sha384, oid: "2.16.840.1.101.3.4.2.2", rsa: "1.2.840.113549.1.1.12", ec: "1.2.840.10045.4.3.3" },
  sha512: { hash: sha512, oid: "2.16.840.1.101.3.4.2.3", rsa: "1.2.840.113549.1.1.13", ec: "1.2.840.10045.4.3.4" },
} as const;

export type DigestName = keyof typeof DIGESTS;

function digestInfo(name: DigestName, message: Uint8Array): Uint8Array {
  return sequence(sequence(oid(DIGESTS[name].oid), NULL), octets(DIGESTS[name].hash(message)));
}

/** AlgorithmIdentifier of signatures by that key. */
export function signatureAlgorithm(key: PrivateKey, digest: DigestName): Uint8Array {
  if (key.type === "ed25519") return sequence(oid(KEY_OID.ed25519));
  return key.type === "rsa" ? sequence(oid(DIGESTS[digest].rsa), NULL) : sequence(oid(DIGESTS[digest].ec));
}

/** A signature over `message`; ECDSA's as DER, the same each time (RFC 6979). */
export function sign(key: PrivateKey, digest: DigestName, message: Uint8Array): Uint8Array {
  if (key.type === "ed25519") return ed25519.sign(message, key.secret);
  if (key.type === "rsa") return signRsa(key.key, digestInfo(digest, message));
  const hashed = DIGESTS[digest].hash(message);
  return CURVES[key.curve].math.sign(hashed, key.secret, { format: "der", lowS: false, prehash: false });
}

export function verify(key: PublicKey, digest: DigestName, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    if (key.type === "ed25519") return ed25519.verify(signature, message, key.point);
    if (key.type === "rsa") return verifyRsa(key.key, digestInfo(digest, message), signature);
    const hashed = DIGESTS[digest].hash(message);
    return CURVES[key.curve].math.verify(signature, hashed, key.point, { format: "der", lowS: false, prehash: false });
  } catch {
    return false;
  }
}

export function isDigest(name: string): name is DigestName {
  return Object.hasOwn(DIGESTS, name);
}

function infoOf(name: DigestName, hash: Uint8Array): Uint8Array {
  return sequence(sequence(oid(DIGESTS[name].oid), NULL), octets(hash));
}

/**
 * A signature over bytes that are a hash already; RSA wraps them where their digest is named, and gives undefined for
 * others than that makes.
 */
export function signHash(key: PrivateKey, hash: Uint8Array, digest?: DigestName): Uint8Array | undefined {
  if (key.type === "ed25519") return ed25519.sign(hash, key.secret);
  if (key.type === "ec")
    return CURVES[key.curve].math.sign(hash, key.secret, { format: "der", lowS: false, prehash: false });
  if (digest !== undefined && hash.length !== DIGESTS[digest].hash(new Uint8Array(0)).length) return undefined;
  return signRsa(key.key, digest === undefined ? hash : infoOf(digest, hash));
}

export function verifyHash(key: PublicKey, hash: Uint8Array, signature: Uint8Array, digest?: DigestName): boolean {
  try {
    if (key.type === "ed25519") return ed25519.verify(signature, hash, key.point);
    if (key.type === "rsa") return verifyRsa(key.key, digest === undefined ? hash : infoOf(digest, hash), signature);
    return CURVES[key.curve].math.verify(signature, hash, key.point, { format: "der", lowS: false, prehash: false });
  } catch {
    return false;
  }
}

/** What two keys of a curve agree on: the first coordinate of their product. */
export function sharedSecret(own: PrivateKey, peer: PublicKey): Uint8Array {
  if (own.type !== "ec" || peer.type !== "ec") return new Uint8Array(0);
  const point = CURVES[own.curve].math.getSharedSecret(own.secret, peer.point);
  return point.subarray(1);
}

/** Which digest a signature algorithm stands for. */
export function digestOf(dotted: string): DigestName | undefined {
  if (dotted === KEY_OID.ed25519) return "sha512";
  return (Object.keys(DIGESTS) as DigestName[]).find(
    (one) => DIGESTS[one].rsa === dotted || DIGESTS[one].ec === dotted,
  );
}
