/** Keys of OpenSSH as text and bytes: public lines, private files, fingerprints and their pictures. */
import { md5 } from "@noble/hashes/legacy.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { concat, decode, decodeBase64, encode, encodeBase64, type RandomStream } from "../../kernel/index.ts";
import { fromPem, parse } from "../../pki/der.ts";

export interface KeyType {
  /** As the public line begins. */
  wire: string;
  file: string;
  title: string;
  bits: number;
}

export const KEY_TYPES: readonly KeyType[] = [
  { wire: "ssh-rsa", file: "id_rsa", title: "RSA", bits: 3072 },
  { wire: "ecdsa-sha2-nistp256", file: "id_ecdsa", title: "ECDSA", bits: 256 },
  { wire: "ssh-ed25519", file: "id_ed25519", title: "ED25519", bits: 256 },
  { wire: "ecdsa-sha2-nistp384", file: "id_ecdsa", title: "ECDSA", bits: 384 },
  { wire: "ecdsa-sha2-nistp521", file: "id_ecdsa", title: "ECDSA", bits: 521 },
];

export interface PublicKey {
  type: KeyType;
  blob: Uint8Array;
  comment: string;
}

/** Bytes as SSH's wire format has them: a length, then the bytes. */
export function wired(content: Uint8Array | string): Uint8Array {
  const bytes = typeof content === "string" ? encode(content) : content;
  const size = bytes.length;
  return concat([Uint8Array.of((size >>> 24) & 255, (size >>> 16) & 255, (size >>> 8) & 255, size & 255), bytes]);
}

/** Fields of the wire format, one after the other; short where the bytes end. */
export class WireReader {
  private readonly bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  number(): number {
    let out = 0;
    for (let i = 0; i < 4; i++) out = out * 256 + (this.bytes[this.at++] ?? 0);
    return out;
  }

  field(): Uint8Array {
    const size = this.number();
    this.at += size;
    return this.bytes.subarray(this.at - size, this.at);
  }
}

/** The key that a blob holds; undefined where it is none that is known. */
export function keyOfBlob(blob: Uint8Array, comment: string): PublicKey | undefined {
  const reader = new WireReader(blob);
  const wire = decode(reader.field());
  const known = KEY_TYPES.find((type) => type.wire === wire);
  if (known === undefined) return undefined;
  if (wire !== "ssh-rsa") return { type: known, blob, comment };
  reader.field();
  const modulus = reader.field();
  const first = modulus.findIndex((byte) => byte !== 0);
  const bits = first < 0 ? 0 : (modulus.length - first) * 8 - (Math.clz32(modulus[first]!) - 24);
  return { type: { ...known, bits }, blob, comment };
}

/** The key of a line that begins with its type: `ssh-ed25519 AAAA… comment`. */
export function parsePublicLine(line: string): PublicKey | undefined {
  const match = /^\s*(\S+)[ \t]+([A-Za-z0-9+/]+=*)(?:[ \t]+(.*))?$/.exec(line.trimEnd());
  if (match === null || !KEY_TYPES.some(({ wire }) => wire === match[1])) return undefined;
  const blob = decodeBase64(match[2]!);
  return blob === undefined ? undefined : keyOfBlob(blob, match[3] ?? "");
}

export function publicLineOf({ type, blob, comment }: PublicKey): string {
  return `${type.wire} ${encodeBase64(blob)}${comment === "" ? "" : ` ${comment}`}`;
}

const OPENSSH = "openssh-key-v1\0";

/** The public part of a private key's file, and what else can be read of it without a passphrase. */
export interface PrivateFile {
  key: PublicKey;
  locked: boolean;
}

/** What a private key's file holds (PROTOCOL.key of OpenSSH, or PKCS #1); undefined for another form. */
export function parsePrivate(text: string): PrivateFile | undefined {
  const [, body] = /-----BEGIN OPENSSH PRIVATE KEY-----([^-]*)-----END/.exec(text) ?? [];
  if (body === undefined) return parsePkcs1(text);
  const bytes = decodeBase64(body.replace(/\s/g, ""));
  if (bytes === undefined || decode(bytes.subarray(0, OPENSSH.length)) !== OPENSSH) return undefined;
  const reader = new WireReader(bytes, OPENSSH.length);
  const locked = decode(reader.field()) !== "none";
  reader.field();
  reader.field();
  reader.number();
  const key = keyOfBlob(reader.field(), "");
  if (key === undefined) return undefined;
  return { key: locked ? key : { ...key, comment: commentOf(reader.field()) }, locked };
}

/** The comment stands behind the private numbers, whose count is the type's. */
function commentOf(secret: Uint8Array): string {
  const reader = new WireReader(secret);
  reader.number();
  reader.number();
  const wire = decode(reader.field());
  const fields = wire === "ssh-rsa" ? 6 : wire === "ssh-ed25519" ? 2 : 3;
  for (let i = 0; i < fields; i++) reader.field();
  return decode(reader.field());
}

function parsePkcs1(text: string): PrivateFile | undefined {
  const bytes = fromPem("RSA PRIVATE KEY", text);
  if (bytes === undefined || text.includes("ENCRYPTED")) return undefined;
  const [, modulus, exponent] = parse(parse(bytes)[0]!.content);
  if (modulus === undefined || exponent === undefined) return undefined;
  const blob = concat([wired("ssh-rsa"), wired(exponent.content), wired(modulus.content)]);
  const key = keyOfBlob(blob, "");
  return key === undefined ? undefined : { key, locked: false };
}

/** A private key's file, not locked. */
export function privateText({ type, blob, comment }: PublicKey, secret: Uint8Array): string {
  const check = Uint8Array.of(blob.at(-1)!, blob.at(-2)!, blob.at(-3)!, blob.at(-4)!);
  const reader = new WireReader(blob);
  reader.field();
  const first = reader.field();
  // RSA has n, e, d, the inverse and two primes; others their public part and one secret.
  const numbers =
    type.wire === "ssh-rsa"
      ? [reader.field(), first, secret, secret, secret, secret]
      : publicParts(type, first, reader, secret);
  let inner = concat([check, check, wired(type.wire), ...numbers.map(wired), wired(comment)]);
  for (let i = 1; inner.length % 8 !== 0; i++) inner = concat([inner, Uint8Array.of(i)]);
  const body = concat([
    encode(OPENSSH),
    wired("none"),
    wired("none"),
    wired(""),
    Uint8Array.of(0, 0, 0, 1),
    wired(blob),
    wired(inner),
  ]);
  const lines = encodeBase64(body).replace(/.{70}/g, "$&\n").replace(/\n?$/, "\n");
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines}-----END OPENSSH PRIVATE KEY-----\n`;
}

function publicParts(type: KeyType, first: Uint8Array, reader: WireReader, secret: Uint8Array): Uint8Array[] {
  if (type.wire === "ssh-ed25519") return [first, concat([secret.subarray(0, 32), first])];
  return [first, reader.field(), secret.subarray(0, Math.ceil(type.bits / 8))];
}

/** A new key's public part. What opens a door here is the public line, as sshd compares it: no number fits another. */
export function newBlob(type: KeyType, random: RandomStream): Uint8Array {
  const bytes = (size: number) => Uint8Array.from({ length: size }, () => random.int(0, 255));
  if (type.wire === "ssh-ed25519") return concat([wired(type.wire), wired(bytes(32))]);
  if (type.wire === "ssh-rsa") {
    const modulus = bytes(Math.ceil(type.bits / 8));
    const high = 1 << ((type.bits - 1) % 8);
    modulus[0] = (modulus[0]! & (high - 1)) | high;
    const number = high === 128 ? concat([Uint8Array.of(0), modulus]) : modulus;
    return concat([wired(type.wire), wired(Uint8Array.of(1, 0, 1)), wired(number)]);
  }
  const point = concat([Uint8Array.of(4), bytes(2 * Math.ceil(type.bits / 8))]);
  return concat([wired(type.wire), wired(type.wire.replace("ecdsa-sha2-", "")), wired(point)]);
}

export type FingerprintHash = "sha256" | "md5";

const hashOf = (blob: Uint8Array, hash: FingerprintHash) => (hash === "md5" ? md5(blob) : sha256(blob));

export function fingerprint(blob: Uint8Array, hash: FingerprintHash = "sha256"): string {
  const digest = hashOf(blob, hash);
  if (hash === "md5") return `MD5:${[...digest].map((byte) => byte.toString(16).padStart(2, "0")).join(":")}`;
  return `SHA256:${encodeBase64(digest).replace(/=+$/, "")}`;
}

/** `256 SHA256:… comment (ED25519)`. */
export function described({ type, blob, comment }: PublicKey, hash: FingerprintHash = "sha256"): string {
  return `${type.bits} ${fingerprint(blob, hash)} ${comment === "" ? "no comment" : comment} (${type.title})`;
}

/** The picture of a fingerprint: a bishop's walk over a board (sshkey.c of OpenSSH). */
export function randomart({ type, blob }: PublicKey, hash: FingerprintHash = "sha256"): string {
  const [width, height] = [17, 9];
  const board = Array.from({ length: height }, () => new Array<number>(width).fill(0));
  const symbols = " .o+=*BOX@%&#/^SE";
  let [x, y] = [8, 4];
  for (const byte of hashOf(blob, hash)) {
    let rest = byte;
    for (let i = 0; i < 4; i++) {
      x = Math.max(0, Math.min(width - 1, x + (rest & 1 ? 1 : -1)));
      y = Math.max(0, Math.min(height - 1, y + (rest & 2 ? 1 : -1)));
      if (board[y]![x]! < symbols.length - 3) board[y]![x]!++;
      rest >>= 2;
    }
  }
  board[4]![8] = symbols.length - 2;
  board[y]![x] = symbols.length - 1;
  const frame = (label: string) => {
    const before = Math.floor((width - label.length) / 2);
    return `+${"-".repeat(before)}${label}${"-".repeat(width - before - label.length)}+\n`;
  };
  const rows = board.map((row) => `|${row.map((value) => symbols[value]).join("")}|\n`).join("");
  return `${frame(`[${type.title} ${type.bits}]`)}${rows}${frame(`[${hash.toUpperCase()}]`)}`;
}
