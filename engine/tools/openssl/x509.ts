/** openssl x509 and verify. */

import { sha1 } from "@noble/hashes/legacy.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import type { Gen } from "../../kernel/index.ts";
import { decode } from "../../kernel/index.ts";
import { oidText, parse, pem, TAG } from "../../pki/der.ts";
import {
  type CertificateDocument,
  type DistinguishedName,
  type Extension,
  isSigned,
  makeCertificate,
  makeRequest,
  nameDer,
  readCertificate,
} from "../../pki/documents.ts";
import { type DigestName, type PrivateKey, publicBits, publicOf, publicPem, samePublicKey } from "../../pki/keys.ts";
import { OID } from "../../pki/oids.ts";
import { bigIntToBytes, bytesToBigInt } from "../../pki/rsa.ts";
import { type Command, errorLine, Failure, type Invocation } from "./command.ts";
import { type Config, makeExtension, parseConfig, setting } from "./config.ts";
import { createHash } from "./hashes.ts";
import { oidNamed } from "./oids.ts";
import {
  certificateText,
  colons,
  dateText,
  extensionsText,
  generalName,
  type NameStyle,
  nameLines,
  nameText,
  type TextOptions,
} from "./text.ts";

const DAY = 86_400_000;

/** `-nameopt`: the styles that people name; everything else is the usual one line. */
export function nameStyle(o: Invocation): NameStyle {
  const given = (o.value("nameopt") ?? "").split(",");
  if (given.includes("RFC2253") || given.includes("rfc2253")) return "RFC2253";
  if (given.includes("compat")) return "compat";
  if (given.includes("oneline")) return "spaced";
  return given.includes("multiline") ? "multiline" : "oneline";
}

export function textOptions(o: Invocation, option: "certopt" | "reqopt"): TextOptions {
  return { without: new Set(o.values(option).flatMap((one) => one.split(","))), style: nameStyle(o) };
}

function nameLine(label: string, name: DistinguishedName, style: NameStyle): string {
  return style === "multiline" ? `${label}=\n${nameLines(name)}` : `${label}=${nameText(name, style)}\n`;
}

const hexOf = (bytes: Uint8Array) => bytesToHex(bytes).toUpperCase();

/** Serial as `-serial` prints it. */
function serialHex(serial: Uint8Array): string {
  const text = hexOf(bigIntToBytes(bytesToBigInt(serial)));
  return text === "" ? "00" : text;
}

/** The hash by which directories of authorities are looked up (X509_NAME_hash): over the name in canonical form. */
function nameHash(name: DistinguishedName): string {
  const canonical = name.map((set) =>
    set.map((one) => ({
      ...one,
      tag: TAG.utf8String,
      value: one.value.trim().replace(/\s+/g, " ").toLowerCase(),
    })),
  );
  const whole = parse(nameDer(canonical))[0]!.content;
  const digest = sha1(whole);
  return hexOf(digest.subarray(0, 4).toReversed()).toLowerCase();
}

function fingerprint(o: Invocation, one: CertificateDocument): string {
  const name = o.digest ?? "sha1";
  const label = o.digestWord === "" ? "SHA1" : o.digestWord;
  return `${label} Fingerprint=${colons(createHash(name, one.der), true)}\n`;
}

/** Alternative names of a kind, by the tag of that. */
export function altNames(one: CertificateDocument, tag: number): string[] {
  const extension = one.extensions.find(({ oid }) => oid === OID.subjectAltName);
  if (extension === undefined) return [];
  return parse(parse(extension.value)[0]!.content)
    .filter((name) => name.tag === tag)
    .map((name) => generalName(name.tag, name.content).replace(/^[^:]*:/, ""));
}

/** RFC 6125 matching: a leading `*` stands for one label. */
export function matchesHost(one: CertificateDocument, host: string): boolean {
  const names = altNames(one, 0x82);
  if (names.length === 0)
    names.push(
      ...one.subject
        .flat()
        .filter(({ oid }) => oid === OID.commonName)
        .map(({ value }) => value),
    );
  const wanted = host.toLowerCase();
  return names.some((name) => {
    const pattern = name.toLowerCase();
    if (!pattern.startsWith("*.")) return pattern === wanted;
    const dot = wanted.indexOf(".");
    return dot > 0 && wanted.slice(dot) === pattern.slice(1);
  });
}

/** -purpose: what the uses of the key and whether it may sign certificates allow (v3_purp.c). */
function purposesText(one: CertificateDocument): string {
  const extension = (id: string) => one.extensions.find(({ oid }) => oid === id);
  const uses = extension(OID.keyUsage);
  const bits = uses && parse(uses.value)[0]!.content;
  const may = (bit: number) => bits === undefined || ((bits[1 + (bit >> 3)] ?? 0) & (0x80 >> (bit & 7))) !== 0;
  const extended = extension(OID.extendedKeyUsage);
  const serves = (id: string) =>
    extended === undefined || parse(parse(extended.value)[0]!.content).some(({ content }) => oidText(content) === id);
  const constraints = extension(OID.basicConstraints);
  const isCa = constraints !== undefined && parse(constraints.value)[0]!.content[2] === 0xff && may(5);
  const [server, client, mail, code, stamps] = [1, 2, 4, 3, 8].map((n) => serves(`1.3.6.1.5.5.7.3.${n}`));
  const [signs, deciphers, agrees] = [may(0) || may(1), may(2), may(4)];
  const onlyStamps = extended !== undefined && stamps! && (may(0) || may(1));
  const lines: [name: string, own: boolean, authority: boolean][] = [
    ["SSL client", client! && (may(0) || agrees), client! && isCa],
    ["SSL server", server! && (may(0) || deciphers || agrees), server! && isCa],
    ["Netscape SSL server", server! && deciphers, server! && isCa],
    ["S/MIME signing", mail! && signs, mail! && isCa],
    ["S/MIME encryption", mail! && deciphers, mail! && isCa],
    ["CRL signing", may(6), isCa],
    ["Any Purpose", true, true],
    ["OCSP helper", true, isCa],
    ["Time Stamp signing", onlyStamps, stamps! && isCa],
    ["Code signing", extended !== undefined && code! && may(0), code! && isCa],
  ];
  const answer = (yes: boolean) => (yes ? "Yes" : "No");
  return `Certificate purposes:\n${lines.map(([name, own, authority]) => `${name} : ${answer(own)}\n${name} CA : ${answer(authority)}\n`).join("")}`;
}

const OUTPUTS: Readonly<Record<string, (o: Invocation, one: CertificateDocument) => string>> = {
  subject: (o, one) => nameLine("subject", one.subject, nameStyle(o)),
  issuer: (o, one) => nameLine("issuer", one.issuer, nameStyle(o)),
  serial: (_, one) => `serial=${serialHex(one.serial)}\n`,
  startdate: (_, one) => `notBefore=${dateText(one.notBefore)}\n`,
  enddate: (_, one) => `notAfter=${dateText(one.notAfter)}\n`,
  dates: (_, one) => `notBefore=${dateText(one.notBefore)}\nnotAfter=${dateText(one.notAfter)}\n`,
  hash: (_, one) => `${nameHash(one.subject)}\n`,
  subject_hash: (_, one) => `${nameHash(one.subject)}\n`,
  issuer_hash: (_, one) => `${nameHash(one.issuer)}\n`,
  email: (_, one) =>
    [
      ...one.subject
        .flat()
        .filter(({ oid }) => oid === "1.2.840.113549.1.9.1")
        .map(({ value }) => value),
      ...altNames(one, 0x81),
    ]
      .map((line) => `${line}\n`)
      .join(""),
  alias: () => "<No Alias>\n",
  ocsp_uri: () => "",
  purpose: (_, one) => purposesText(one),
  fingerprint,
  pubkey: (_, one) => (one.publicKey ? publicPem(one.publicKey) : ""),
  modulus: (_, one) =>
    one.publicKey?.type === "rsa"
      ? `Modulus=${hexOf(bigIntToBytes(one.publicKey.key.n))}\n`
      : "Modulus=No modulus for this public key type\n",
  text: (o, one) => certificateText(one, textOptions(o, "certopt")),
  ext: (o, one) => {
    const wanted = new Set((o.value("ext") ?? "").split(",").map((name) => oidNamed(name.trim())));
    return extensionsText(
      one.extensions.filter(({ oid }) => wanted.has(oid)),
      0,
    );
  },
};

/** Answers of `-checkend`, `-checkhost` and `-checkip`: what is printed, and whether it speaks for the certificate. */
function check(o: Invocation, one: CertificateDocument, name: string, value: string): [string, boolean] {
  if (name === "checkend") {
    const ok = one.notAfter >= o.nowMs + Number(value) * 1000;
    return [`Certificate will ${ok ? "not " : ""}expire\n`, ok];
  }
  const ok =
    name === "checkhost" ? matchesHost(one, value) : altNames(one, name === "checkip" ? 0x87 : 0x81).includes(value);
  const what = name === "checkhost" ? "Hostname" : name === "checkip" ? "IP" : "Email";
  return [`${what} ${value} does ${ok ? "" : "NOT "}match certificate\n`, ok];
}

/** The extensions of a section, over what a document has already. */
function* fileExtensions(o: Invocation): Gen<{ config: Config; section: string } | undefined> {
  const path = o.value("extfile");
  if (path === undefined) return undefined;
  const config = parseConfig(decode(yield* o.open(path)));
  const section = o.value("extensions") ?? setting(config, "default", "extensions") ?? "default";
  if (!config.has(section)) {
    throw new Failure(`Error checking extension section ${section}\n`);
  }
  return { config, section };
}

/** Subject and authority key identifiers where nobody asked for them (apps/x509.c since OpenSSL 3.4). */
export function withIdentifiers(
  extensions: readonly Extension[],
  own: Uint8Array,
  issuerKey: Uint8Array,
  issuer?: CertificateDocument,
): Extension[] {
  const out = [...extensions];
  const add = (name: string, value: string) => {
    const made = makeExtension(name, value, { own, issuerKey, issuer }, new Map());
    if (made) out.push(made);
  };
  if (!out.some(({ oid }) => oid === OID.subjectKeyId)) add("subjectKeyIdentifier", "hash");
  if (!out.some(({ oid }) => oid === OID.authorityKeyId)) add("authorityKeyIdentifier", "keyid");
  return out;
}

/** A random positive serial of 20 bytes. */
export function randomSerial(o: Invocation): Uint8Array {
  const bytes = bigIntToBytes(BigInt(`0x${o.random.hex(40)}`), 20);
  bytes[0]! &= 0x7f;
  return bytes;
}

function* serialFor(o: Invocation): Gen<Uint8Array> {
  const given = o.value("set_serial");
  if (given !== undefined) return bigIntToBytes(BigInt(given));
  const path = o.value("CAserial") ?? (o.on("CAcreateserial") ? serialFile(o.value("CA")!) : undefined);
  if (path === undefined) return randomSerial(o);
  let old: Uint8Array | undefined;
  try {
    const hex = decode(yield* o.bytes(path)).trim();
    if (/^[0-9A-Fa-f]+$/.test(hex)) old = bigIntToBytes(BigInt(`0x${hex}`) + 1n);
  } catch {
    if (!o.on("CAcreateserial")) throw new Failure(`Can't open "${path}" for reading, No such file or directory\n`);
  }
  const serial = old ?? randomSerial(o);
  yield* o.output(`${hexOf(serial)}\n`, false, path);
  return serial;
}

/** `ca.srl` beside `ca.crt`. */
function serialFile(ca: string): string {
  const dot = ca.lastIndexOf(".");
  return `${dot > ca.lastIndexOf("/") ? ca.slice(0, dot) : ca}.srl`;
}

/** Signs a request, or a certificate anew. */
function* signed(o: Invocation): Gen<CertificateDocument> {
  const source = o.on("req")
    ? yield* o.request(o.value("in"), "certificate request input")
    : yield* o.certificate(o.value("in"));
  if (o.on("req")) {
    if (!isSigned(source, source.publicKey)) {
      throw new Failure("Certificate request self-signature did not match the contents\n");
    }
    yield* o.complain(`Certificate request self-signature ok\n${nameLine("subject", source.subject, nameStyle(o))}`);
  }
  const own = source.publicKey ? publicBits(source.publicKey) : new Uint8Array(0);
  const digest: DigestName = o.digest ?? "sha256";
  const days = Number(o.value("days") ?? "30");
  const notBefore = Math.floor(o.nowMs / 1000) * 1000;
  const asked = yield* fileExtensions(o);
  let issuer: CertificateDocument | undefined;
  let key: PrivateKey;
  const caPath = o.value("CA");
  if (caPath === undefined) {
    const path = o.value("signkey") ?? o.value("key");
    if (path === undefined)
      throw new Failure("We need a private key to sign with, use -key or -CAkey or -CA with private key\n");
    key = yield* o.privateKey(path);
  } else {
    issuer = yield* o.certificate(caPath, "CA certificate");
    key = yield* o.privateKey(o.value("CAkey") ?? caPath, "CA private key");
    if (issuer.publicKey === undefined || !samePublicKey(publicOf(key), issuer.publicKey)) {
      throw new Failure(
        "CA certificate and CA private key do not match\n" +
          errorLine(
            "05800074:x509 certificate routines:ossl_x509_check_private_key:key values mismatch:../crypto/x509/x509_cmp.c:413:",
          ),
      );
    }
  }
  const issuerKey = publicBits(publicOf(key));
  const copied = /^copy/.test(o.value("copy_extensions") ?? "none") || !o.on("req") ? [...source.extensions] : [];
  const made = (asked?.config.get(asked.section) ?? [])
    .filter(([name]) => asked?.section !== "default" || name !== "extensions")
    .map(([name, value]) => makeExtension(name, value, { own, issuerKey, issuer }, asked!.config))
    .filter((one) => one !== undefined);
  const kept = copied.filter(({ oid }) => !made.some((one) => one.oid === oid));
  const extensions = withIdentifiers([...kept, ...made], own, issuerKey, issuer);
  const serial = yield* serialFor(o);
  const bytes = makeCertificate(
    {
      serial,
      issuer: issuer?.subject ?? source.subject,
      subject: source.subject,
      notBefore,
      notAfter: notBefore + days * DAY,
      spki: source.spki,
      extensions,
    },
    key,
    digest,
  );
  return readCertificate(bytes)!;
}

/** -x509toreq: a request for the same name and key; its extensions with -copy_extensions alone. */
function* asRequest(o: Invocation): Gen<number> {
  const path = o.value("signkey") ?? o.value("key");
  if (path === undefined) throw new Failure("Must specify request signing key using -key\n");
  const key = yield* o.privateKey(path);
  const one = yield* o.certificate(o.value("in"));
  const kept = /^copy/.test(o.value("copy_extensions") ?? "none") ? one.extensions : [];
  const bytes = makeRequest(one.subject, key, publicOf(key), kept, o.digest ?? "sha256");
  if (o.on("text")) yield* o.print(certificateText(one, textOptions(o, "certopt")));
  if (!o.on("noout"))
    yield* o.output(o.value("outform")?.toUpperCase() === "DER" ? bytes : pem("CERTIFICATE REQUEST", bytes));
  return 0;
}

export const x509: Command = {
  name: "x509",
  digests: true,
  options: {
    in: "s",
    out: "s",
    inform: "s",
    outform: "s",
    noout: "-",
    text: "-",
    subject: "-",
    issuer: "-",
    serial: "-",
    startdate: "-",
    enddate: "-",
    dates: "-",
    hash: "-",
    subject_hash: "-",
    issuer_hash: "-",
    email: "-",
    fingerprint: "-",
    pubkey: "-",
    modulus: "-",
    ext: "s",
    checkend: "n",
    checkhost: "s",
    checkip: "s",
    checkemail: "s",
    alias: "-",
    ocsp_uri: "-",
    dateopt: "s",
    nameopt: "s",
    certopt: "s",
    req: "-",
    x509toreq: "-",
    new: "-",
    CA: "s",
    CAkey: "s",
    CAcreateserial: "-",
    CAserial: "s",
    set_serial: "s",
    days: "n",
    extfile: "s",
    extensions: "s",
    copy_extensions: "s",
    signkey: "s",
    key: "s",
    force_pubkey: "s",
    passin: "s",
    purpose: "-",
  },
  *run(o) {
    if (o.on("x509toreq")) return yield* asRequest(o);
    const signing = ["req", "CA", "signkey", "key"].some((name) => o.on(name));
    const one = signing ? yield* signed(o) : yield* o.certificate(o.value("in"));
    let status = 0;
    let out = "";
    // Checks are made in an order of their own.
    const rank = (name: string) => ["checkend", "checkhost", "checkemail", "checkip"].indexOf(name);
    for (const { name, value } of [...o.given].sort((a, b) => Math.max(0, rank(a.name)) - Math.max(0, rank(b.name)))) {
      if (/^check(end|host|ip|email)$/.test(name)) {
        const [line, ok] = check(o, one, name, value);
        out += line;
        if (!ok) status = 1;
      } else if (name === "subject_hash" && o.on("hash")) continue;
      else {
        const told = OUTPUTS[name]?.(o, one) ?? "";
        if (name === "ext" && told === "") {
          yield* o.print(out);
          out = "";
          yield* o.complain("No extensions in certificate\n");
        }
        out += told;
      }
    }
    yield* o.print(out);
    if (!o.on("noout") && !["checkend", "checkhost", "checkip", "checkemail"].some((name) => o.on(name))) {
      yield* o.output(o.value("outform")?.toUpperCase() === "DER" ? one.der : pem("CERTIFICATE", one.der));
    }
    return status;
  },
};
