/** Private keys under a password: PKCS#8's EncryptedPrivateKeyInfo with PBES2 (RFC 5958, RFC 8018), as openssl 3 writes it. */
import { pbkdf2 } from "@noble/hashes/pbkdf2.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { encode } from "../kernel/index.ts";
import { Aes, cbcDecrypt, cbcEncrypt } from "./aes.ts";
import { der, integer, octets, oid, oidText, parse, sequence } from "./der.ts";

const PBES2 = "1.2.840.113549.1.5.13";
const PBKDF2 = "1.2.840.113549.1.5.12";
const HMAC_SHA256 = "1.2.840.113549.2.9";
/** AES in CBC mode, by the bits of its key. */
const CIPHERS: Readonly<Record<number, string>> = {
  128: "2.16.840.1.101.3.4.1.2",
  192: "2.16.840.1.101.3.4.1.22",
  256: "2.16.840.1.101.3.4.1.42",
};
const NULL = 0x05;
const ITERATIONS = 2048;
/** More are not gone through: it takes a second of everybody's time. */
const MOST_ITERATIONS = 100_000;

function keyFor(password: string, salt: Uint8Array, iterations: number, bits: number): Aes {
  return new Aes(pbkdf2(sha256, encode(password), salt, { c: iterations, dkLen: bits / 8 }));
}

/** A PrivateKeyInfo under a password; `salt` and `iv` have 16 bytes each. */
export function sealKey(
  info: Uint8Array,
  password: string,
  { bits, salt, iv }: { bits: 128 | 192 | 256; salt: Uint8Array; iv: Uint8Array },
): Uint8Array {
  const derivation = sequence(
    oid(PBKDF2),
    sequence(
      octets(salt),
      integer(Uint8Array.of(ITERATIONS >> 8, ITERATIONS & 0xff)),
      sequence(oid(HMAC_SHA256), der(NULL)),
    ),
  );
  const scheme = sequence(oid(CIPHERS[bits]!), octets(iv));
  const sealed = cbcEncrypt(keyFor(password, salt, ITERATIONS, bits), iv, info);
  return sequence(sequence(oid(PBES2), sequence(derivation, scheme)), octets(sealed));
}

/** The PrivateKeyInfo that was sealed; undefined where the password is wrong, or the bytes are no such thing. */
export function openKey(bytes: Uint8Array, password: string): Uint8Array | undefined {
  try {
    const [algorithm, sealed] = parse(parse(bytes)[0]!.content);
    const [kind, parameters] = parse(algorithm!.content);
    if (oidText(kind!.content) !== PBES2) return undefined;
    const [derivation, scheme] = parse(parameters!.content);
    const [salt, iterations] = parse(parse(derivation!.content)[1]!.content);
    const [cipher, iv] = parse(scheme!.content);
    const bits = Object.keys(CIPHERS).find((one) => CIPHERS[Number(one)] === oidText(cipher!.content));
    if (bits === undefined) return undefined;
    const count = iterations!.content.reduce((all, byte) => all * 256 + byte, 0);
    if (count > MOST_ITERATIONS) return undefined;
    return cbcDecrypt(keyFor(password, salt!.content, count, Number(bits)), iv!.content, sealed!.content);
  } catch {
    return undefined;
  }
}
