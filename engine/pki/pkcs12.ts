/** Files of keys and certificates under a password: PKCS #12 (RFC 7292), as openssl 3 writes it. */
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { der, type Element, integer, octets, oid, oidText, parse, sequence, TAG } from "./der.ts";
import { openKey, sealKey } from "./encrypted-key.ts";

const DATA = "1.2.840.113549.1.7.1";
const ENCRYPTED_DATA = "1.2.840.113549.1.7.6";
const X509_CERTIFICATE = "1.2.840.113549.1.9.22.1";
const CERT_BAG = "1.2.840.113549.1.12.10.1.3";
const KEY_BAG = "1.2.840.113549.1.12.10.1.2";
const FRIENDLY_NAME = "1.2.840.113549.1.9.20";
const LOCAL_KEY_ID = "1.2.840.113549.1.9.21";
const SHA256 = "2.16.840.1.101.3.4.2.1";
const ITERATIONS = 2048;
const BMP_STRING = 0x1e;
const NULL = 0x05;

/** A certificate or a key; `der` is a certificate's bytes, or a PrivateKeyInfo's. */
export interface Bag {
  kind: "certificate" | "key";
  der: Uint8Array;
  name: string | undefined;
  id: Uint8Array | undefined;
}

/** Random bytes: salts of 16 and 8 bytes, initial vectors of 16. */
export type Random = (count: number) => Uint8Array;

function bmp(text: string): Uint8Array {
  return Uint8Array.from([...text].flatMap((char) => [char.charCodeAt(0) >> 8, char.charCodeAt(0) & 255]));
}

/** The key of the MAC (RFC 7292, appendix B, for the purpose 3 and a key as long as the hash). */
function macKey(password: string, salt: Uint8Array, iterations: number): Uint8Array {
  const filled = (bytes: Uint8Array) => {
    const size = 64 * Math.ceil(bytes.length / 64);
    return Uint8Array.from({ length: size }, (_, i) => bytes[i % bytes.length]!);
  };
  let hash = Uint8Array.of(
    ...new Uint8Array(64).fill(3),
    ...filled(salt),
    ...filled(Uint8Array.of(...bmp(password), 0, 0)),
  );
  for (let i = 0; i < iterations; i++) hash = Uint8Array.from(sha256(hash));
  return hash;
}

function attributes({ name, id }: Bag): Uint8Array[] {
  const all = [
    ...(name === undefined ? [] : [sequence(oid(FRIENDLY_NAME), der(TAG.set, der(BMP_STRING, bmp(name))))]),
    ...(id === undefined ? [] : [sequence(oid(LOCAL_KEY_ID), der(TAG.set, octets(id)))]),
  ];
  return all.length === 0 ? [] : [der(TAG.set, ...all)];
}

/** Makes a file: certificates are sealed together, the key by itself. */
export function makePkcs12(bags: readonly Bag[], password: string, random: Random): Uint8Array {
  const sealed = (bytes: Uint8Array) => sealKey(bytes, password, { bits: 256, salt: random(16), iv: random(16) });
  const certificates = bags
    .filter(({ kind }) => kind === "certificate")
    .map((bag) =>
      sequence(
        oid(CERT_BAG),
        der(0xa0, sequence(oid(X509_CERTIFICATE), der(0xa0, octets(bag.der)))),
        ...attributes(bag),
      ),
    );
  const keys = bags
    .filter(({ kind }) => kind === "key")
    .map((bag) => sequence(oid(KEY_BAG), der(0xa0, sealed(bag.der)), ...attributes(bag)));
  const parts: Uint8Array[] = [];
  if (certificates.length > 0) {
    const [algorithm, content] = parse(parse(sealed(sequence(...certificates)))[0]!.content);
    parts.push(
      sequence(
        oid(ENCRYPTED_DATA),
        der(0xa0, sequence(integer(0), sequence(oid(DATA), algorithm!.whole, der(0x80, content!.content)))),
      ),
    );
  }
  if (keys.length > 0) parts.push(sequence(oid(DATA), der(0xa0, octets(sequence(...keys)))));
  const safe = sequence(...parts);
  const salt = random(8);
  const mac = hmac(sha256, macKey(password, salt, ITERATIONS), safe);
  return sequence(
    integer(3),
    sequence(oid(DATA), der(0xa0, octets(safe))),
    sequence(
      sequence(sequence(oid(SHA256), der(NULL)), octets(mac)),
      octets(salt),
      integer(Uint8Array.of(ITERATIONS >> 8, ITERATIONS & 255)),
    ),
  );
}

/** Reads a file. "wrong" when the password is, undefined when the bytes are no such file. */
export function readPkcs12(bytes: Uint8Array, password: string): Bag[] | "wrong" | undefined {
  try {
    const [, content, mac] = parse(parse(bytes)[0]!.content);
    const safe = parse(parse(content!.content)[1]!.content)[0]!.content;
    const [info, salt, count] = parse(mac!.content);
    const iterations = count!.content.reduce((all, byte) => all * 256 + byte, 0);
    const stated = parse(info!.content)[1]!.content;
    if (iterations > 100_000) return undefined;
    const own = hmac(sha256, macKey(password, salt!.content, iterations), safe);
    if (own.some((byte, i) => byte !== stated[i])) return "wrong";
    return parse(parse(safe)[0]!.content).flatMap((one) => contents(one, password));
  } catch {
    return undefined;
  }
}

function contents({ content }: Element, password: string): Bag[] {
  const [kind, body] = parse(content);
  let bags: Uint8Array;
  if (oidText(kind!.content) === DATA) bags = parse(body!.content)[0]!.content;
  else {
    const [, algorithm, sealed] = parse(parse(parse(body!.content)[0]!.content)[1]!.content);
    bags = openKey(sequence(algorithm!.whole, octets(sealed!.content)), password)!;
  }
  return parse(parse(bags)[0]!.content).map((bag) => {
    const [type, value, set] = parse(bag.content);
    let name: string | undefined;
    let id: Uint8Array | undefined;
    for (const one of set ? parse(set.content) : []) {
      const [which, values] = parse(one.content);
      const first = parse(values!.content)[0]!.content;
      if (oidText(which!.content) === LOCAL_KEY_ID) id = first;
      else
        name = Array.from({ length: first.length / 2 }, (_, i) =>
          String.fromCharCode(first[2 * i]! * 256 + first[2 * i + 1]!),
        ).join("");
    }
    const isCertificate = oidText(type!.content) === CERT_BAG;
    const inner = parse(value!.content)[0]!;
    return {
      kind: isCertificate ? "certificate" : "key",
      der: isCertificate ? parse(parse(inner.content)[1]!.content)[0]!.content : openKey(inner.whole, password)!,
      name,
      id,
    };
  });
}
