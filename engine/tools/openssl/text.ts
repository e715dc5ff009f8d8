/** Certificates, requests and keys as `-text` prints them (crypto/x509/t_x509.c, v3_prn.c of OpenSSL 3). */
import { decode, encode } from "../../kernel/index.ts";
import { oidText, parse } from "../../pki/der.ts";
import type { CertificateDocument, DistinguishedName, Extension, RequestDocument } from "../../pki/documents.ts";
import { CURVES, type PrivateKey, type PublicKey } from "../../pki/keys.ts";
import { bigIntToBytes, bitLength, bytesToBigInt } from "../../pki/rsa.ts";
import { calendar, strftime } from "../../text/time.ts";
import { longNameOf, shortNameOf } from "./oids.ts";

const two = (n: number) => n.toString(16).padStart(2, "0");

/** `3f:aa:…`, upper case when told. */
export function colons(bytes: Uint8Array, upper = false): string {
  const text = [...bytes].map(two).join(":");
  return upper ? text.toUpperCase() : text;
}

/** Lines of `count` bytes each, indented. */
function dump(bytes: Uint8Array, count: number, indent: number): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += count) {
    const more = at + count < bytes.length ? ":" : "";
    lines.push(`${" ".repeat(indent)}${colons(bytes.subarray(at, at + count))}${more}\n`);
  }
  return lines.join("");
}

/** The content of an INTEGER: with a zero before a high bit. */
function integerBytes(value: bigint): Uint8Array {
  const bytes = bigIntToBytes(value);
  return bytes[0]! >= 0x80 ? Uint8Array.of(0, ...bytes) : bytes;
}

/** `Mar  2 08:00:00 2026 GMT`. */
export function dateText(ms: number): string {
  return strftime("%b %e %H:%M:%S %Y GMT", calendar(Math.floor(ms / 1000)));
}

// ---- names ----------------------------------------------------------------------------------------------------------

/** `spaced`: one line with blanks around what separates. */
export type NameStyle = "oneline" | "spaced" | "RFC2253" | "compat" | "multiline";

/** Controls and backslashes as RFC 2253 escapes them; `strict` also what separates names and bytes above ASCII. */
function escaped(value: string, strict: boolean): string {
  let out = "";
  const chars = [...value];
  chars.forEach((char, i) => {
    const code = char.codePointAt(0)!;
    const edge = (i === 0 && /[# ]/.test(char)) || (i === chars.length - 1 && char === " ");
    if (code < 0x20 || code === 0x7f || (strict && code > 0x7f)) {
      for (const byte of encode(char)) out += `\\${two(byte).toUpperCase()}`;
    } else if (char === "\\" || (strict && (/[",+<>;]/.test(char) || edge))) out += `\\${char}`;
    else out += char;
  });
  return out;
}

/** A distinguished name on one line. */
export function nameText(name: DistinguishedName, style: NameStyle = "oneline"): string {
  if (style === "compat")
    return name
      .flat()
      .map(({ oid, value }) => `/${shortNameOf(oid)}=${value}`)
      .join("");
  const oneline = style !== "RFC2253";
  const parts = name.map((set) => {
    const members = set.map(
      ({ oid, value }) => `${shortNameOf(oid)}${style === "spaced" ? " = " : "="}${escaped(value, !oneline)}`,
    );
    return oneline ? members.join(" + ") : members.reverse().join("+");
  });
  return oneline ? parts.join(", ") : parts.reverse().join(",");
}

/** A name over several lines, as `-nameopt multiline` has it. */
export function nameLines(name: DistinguishedName): string {
  return name
    .flat()
    .map(({ oid, value }) => `    ${longNameOf(oid).padEnd(25)} = ${value}\n`)
    .join("");
}

// ---- keys -----------------------------------------------------------------------------------------------------------

/** The lines about a public key, without its algorithm. */
export function publicKeyText(key: PublicKey, indent: number): string {
  const at = " ".repeat(indent);
  if (key.type === "rsa") {
    const { n, e } = key.key;
    return (
      `${at}Public-Key: (${bitLength(n)} bit)\n${at}Modulus:\n${dump(integerBytes(n), 15, indent + 4)}` +
      `${at}Exponent: ${e} (0x${e.toString(16)})\n`
    );
  }
  if (key.type === "ed25519") return `${at}ED25519 Public-Key:\n${at}pub:\n${dump(key.point, 15, indent + 4)}`;
  const { name, bits } = CURVES[key.curve];
  return (
    `${at}Public-Key: (${bits} bit)\n${at}pub:\n${dump(key.point, 15, indent + 4)}` +
    `${at}ASN1 OID: ${name}\n${at}NIST CURVE: ${key.curve}\n`
  );
}

/** `-text` of a private key. */
export function privateKeyText(key: PrivateKey): string {
  if (key.type === "rsa") {
    const { n, e, d, p, q, dp, dq, qi } = key.key;
    const part = (name: string, value: bigint) => `${name}:\n${dump(integerBytes(value), 15, 4)}`;
    return (
      `Private-Key: (${bitLength(n)} bit, 2 primes)\n${part("modulus", n)}publicExponent: ${e} (0x${e.toString(16)})\n` +
      part("privateExponent", d) +
      part("prime1", p) +
      part("prime2", q) +
      part("exponent1", dp) +
      part("exponent2", dq) +
      part("coefficient", qi)
    );
  }
  const body = `priv:\n${dump(key.secret, 15, 4)}pub:\n${dump(key.point, 15, 4)}`;
  if (key.type === "ed25519") return `ED25519 Private-Key:\n${body}`;
  const { name, bits } = CURVES[key.curve];
  return `Private-Key: (${bits} bit)\n${body}ASN1 OID: ${name}\nNIST CURVE: ${key.curve}\n`;
}

/** `-text` of a public key alone. */
export function publicOnlyText(key: PublicKey): string {
  return publicKeyText(key, 0);
}

const KEY_ALGORITHMS = { rsa: "rsaEncryption", ec: "id-ecPublicKey", ed25519: "ED25519" } as const;

function keySection(key: PublicKey | undefined, indent: number): string {
  const at = " ".repeat(indent);
  if (key === undefined) return `${at}Unable to load Public Key\n`;
  return (
    `${at}Subject Public Key Info:\n${at}    Public Key Algorithm: ${KEY_ALGORITHMS[key.type]}\n` +
    publicKeyText(key, indent + 8)
  );
}

// ---- extensions -----------------------------------------------------------------------------------------------------

const USAGES = [
  "Digital Signature",
  "Non Repudiation",
  "Key Encipherment",
  "Data Encipherment",
  "Key Agreement",
  "Certificate Sign",
  "CRL Sign",
  "Encipher Only",
  "Decipher Only",
];

/** One GeneralName, `DNS:a`. */
export function generalName(tag: number, content: Uint8Array): string {
  switch (tag) {
    case 0x81:
      return `email:${decode(content)}`;
    case 0x82:
      return `DNS:${decode(content)}`;
    case 0x86:
      return `URI:${decode(content)}`;
    case 0x87:
      return `IP Address:${ipText(content)}`;
    case 0x88:
      return `Registered ID:${oidText(content)}`;
    case 0xa4:
      return `DirName:${directoryName(content)}`;
    default:
      return "othername:<unsupported>";
  }
}

function ipText(content: Uint8Array): string {
  if (content.length === 4) return [...content].join(".");
  const words: string[] = [];
  for (let i = 0; i + 1 < content.length; i += 2)
    words.push((content[i]! * 256 + content[i + 1]!).toString(16).toUpperCase());
  return words.join(":");
}

function directoryName(content: Uint8Array): string {
  return parse(parse(content)[0]!.content)
    .flatMap((set) => parse(set.content))
    .map((pair) => {
      const [id, value] = parse(pair.content);
      return `/${shortNameOf(oidText(id!.content))}=${decode(value!.content)}`;
    })
    .join("");
}

/** Texts of a value's lines; undefined for what OpenSSL does not know. */
function extensionLines({ oid, value }: Extension): string[] | undefined {
  const [first] = parse(value);
  if (first === undefined) return undefined;
  switch (longNameOf(oid)) {
    case "X509v3 Basic Constraints": {
      const parts = parse(first.content);
      const ca = parts.some(({ tag, content }) => tag === 0x01 && content[0] === 0xff);
      const length = parts.find(({ tag }) => tag === 0x02);
      return [`CA:${ca ? "TRUE" : "FALSE"}${length ? `, pathlen:${bytesToBigInt(length.content)}` : ""}`];
    }
    case "X509v3 Key Usage": {
      const set = first.content.subarray(1);
      return [USAGES.filter((_, i) => ((set[i >> 3] ?? 0) >> (7 - (i & 7))) & 1).join(", ")];
    }
    case "X509v3 Extended Key Usage":
      return [
        parse(first.content)
          .map(({ content }) => longNameOf(oidText(content)))
          .join(", "),
      ];
    case "X509v3 Subject Alternative Name":
    case "X509v3 Issuer Alternative Name":
      return [
        parse(first.content)
          .map(({ tag, content }) => generalName(tag, content))
          .join(", ") || "<EMPTY>",
      ];
    case "X509v3 Subject Key Identifier":
      return [colons(first.content, true)];
    case "X509v3 Authority Key Identifier":
      return authorityLines(first.content);
    case "Netscape Comment":
      return [decode(first.content)];
    default:
      return undefined;
  }
}

function authorityLines(content: Uint8Array): string[] {
  const parts = parse(content);
  const alone = parts.length === 1;
  return parts.map(({ tag, content: value }) => {
    if (tag === 0x80) return `${alone ? "" : "keyid:"}${colons(value, true)}`;
    if (tag === 0x82) return `serial:${colons(value, true)}`;
    return parse(value)
      .map((name) => generalName(name.tag, name.content))
      .join("\n");
  });
}

/** A value that nobody can explain: its bytes, dots for what does not print. */
function rawText(value: Uint8Array): string {
  return [...value].map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".")).join("");
}

/** Name and value of each extension, each at its indentation. */
export function extensionsText(extensions: readonly Extension[], indent: number): string {
  const at = " ".repeat(indent);
  return extensions
    .map((extension) => {
      const lines = extensionLines(extension) ?? [rawText(extension.value)];
      const critical = extension.critical ? "critical" : "";
      return `${at}${longNameOf(extension.oid)}: ${critical}\n${lines.map((line) => `${at}    ${line}\n`).join("")}`;
    })
    .join("");
}

// ---- documents ------------------------------------------------------------------------------------------------------

function serialText(serial: Uint8Array): string {
  const negative = serial[0]! >= 0x80;
  if (serial.length <= 8 && !negative) {
    const value = bytesToBigInt(serial);
    if (value < 1n << 63n) return `        Serial Number: ${value} (0x${value.toString(16)})\n`;
  }
  const start = serial.length > 1 && serial[0] === 0 ? 1 : 0;
  return `        Serial Number:\n            ${colons(serial.subarray(start))}\n`;
}

export function signatureText(algorithm: string, signature: Uint8Array): string {
  return `    Signature Algorithm: ${longNameOf(algorithm)}\n    Signature Value:\n${dump(signature, 18, 8)}`;
}

/** Parts that `-certopt` and `-reqopt` leave out. */
export interface TextOptions {
  without: ReadonlySet<string>;
  style: NameStyle;
}

const ALL: TextOptions = { without: new Set(), style: "oneline" };

export function certificateText(one: CertificateDocument, { without, style }: TextOptions = ALL): string {
  const has = (part: string) => !without.has(`no_${part}`);
  let out = "";
  if (has("header")) out += "Certificate:\n    Data:\n";
  if (has("version")) out += `        Version: ${one.version} (0x${one.version - 1})\n`;
  if (has("serial")) out += serialText(one.serial);
  if (has("signame")) out += `        Signature Algorithm: ${longNameOf(one.algorithm)}\n`;
  if (has("issuer")) out += `        Issuer: ${nameText(one.issuer, style)}\n`;
  if (has("validity")) {
    out += `        Validity\n            Not Before: ${dateText(one.notBefore)}\n            Not After : ${dateText(one.notAfter)}\n`;
  }
  if (has("subject")) out += `        Subject: ${nameText(one.subject, style)}\n`;
  if (has("pubkey")) out += keySection(one.publicKey, 8);
  if (has("extensions") && one.extensions.length > 0) {
    out += `        X509v3 extensions:\n${extensionsText(one.extensions, 12)}`;
  }
  if (has("sigdump")) out += signatureText(one.algorithm, one.signature);
  return out;
}

export function requestText(one: RequestDocument, { without, style }: TextOptions = ALL): string {
  const has = (part: string) => !without.has(`no_${part}`);
  let out = "";
  if (has("header")) out += "Certificate Request:\n    Data:\n";
  if (has("version")) out += `        Version: ${one.version} (0x${one.version - 1})\n`;
  if (has("subject")) out += `        Subject: ${nameText(one.subject, style)}\n`;
  if (has("pubkey")) out += keySection(one.publicKey, 8);
  if (has("attributes")) {
    out += "        Attributes:\n";
    if (one.challenge !== undefined) out += `            challengePassword        :${one.challenge}\n`;
    else if (!one.asksExtensions) out += "            (none)\n";
  }
  if (has("extensions")) out += `            Requested Extensions:\n${extensionsText(one.extensions, 16)}`;
  if (has("sigdump")) out += signatureText(one.algorithm, one.signature);
  return out;
}
