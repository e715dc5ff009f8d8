/** openssl ca: an authority with a database of what it issued. */
import { bytesToHex } from "@noble/hashes/utils.js";
import { decode, encode, type Gen } from "../../kernel/index.ts";
import * as sys from "../../machine/sys.ts";
import { pem, readTime, TAG, timeDer } from "../../pki/der.ts";
import {
  type Attribute,
  type CertificateDocument,
  isSigned,
  makeCertificate,
  readCertificate,
} from "../../pki/documents.ts";
import { DIGESTS, type DigestName, type PrivateKey, publicBits, publicOf } from "../../pki/keys.ts";
import { makeRevocationList } from "../../pki/revocation.ts";
import { bigIntToBytes } from "../../pki/rsa.ts";
import { type Command, cannotOpen, Failure, type Invocation } from "./command.ts";
import { type Config, expanded, makeExtension, parseConfig } from "./config.ts";
import { longNameOf, oidNamed } from "./oids.ts";
import { typedLine } from "./pass-phrases.ts";
import { certificateText, dateText, nameText } from "./text.ts";
import { withIdentifiers } from "./x509.ts";

const DAY = 86_400_000;

/** An authority as its section of the configuration says. */
interface Authority {
  config: Config;
  section: string;
  setting: (name: string) => string | undefined;
  needed: (name: string) => string;
  certificate: CertificateDocument;
  key: PrivateKey;
  digest: DigestName;
}

/** A line of the database: state, end, when revoked, serial, file, subject. */
type Entry = [state: string, end: string, revoked: string, serial: string, file: string, subject: string];

export const ca: Command = {
  name: "ca",
  operands: true,
  options: {
    config: "s",
    name: "s",
    in: "s",
    out: "s",
    infiles: "-",
    days: "n",
    md: "s",
    policy: "s",
    keyfile: "s",
    cert: "s",
    passin: "s",
    key: "s",
    subj: "s",
    extensions: "s",
    notext: "-",
    batch: "-",
    verbose: "-",
    outdir: "s",
    revoke: "s",
    gencrl: "-",
    crldays: "n",
    status: "s",
    updatedb: "-",
    rand_serial: "-",
    create_serial: "-",
  },
  *run(o) {
    const it = yield* authority(o);
    const revoke = o.value("revoke");
    const status = o.value("status");
    if (status !== undefined) return yield* tellStatus(o, it, status);
    if (o.on("gencrl")) yield* writeList(o, it);
    else if (revoke !== undefined) yield* revokeOne(o, it, revoke);
    else if (o.value("in") !== undefined || o.operands.length > 0)
      for (const path of [...o.values("in"), ...o.operands]) yield* issue(o, it, path);
    return 0;
  },
};

function* authority(o: Invocation): Gen<Authority> {
  const path = o.value("config") ?? "/usr/lib/ssl/openssl.cnf";
  yield* o.complain(`Using configuration from ${path}\n`);
  const config = parseConfig(decode(yield* o.open(path)));
  const section = o.value("name") ?? expanded(config, "ca", "default_ca");
  const setting = (name: string) => expanded(config, section ?? "", name);
  const needed = (name: string) => {
    const value = setting(name);
    if (value === undefined) throw new Failure(`variable lookup failed for ${section}::${name}\n`);
    return value;
  };
  if (section === undefined) throw new Failure("variable lookup failed for ca::default_ca\n");
  const key = yield* o.privateKey(o.value("keyfile") ?? needed("private_key"), "CA private key");
  const certificate = yield* o.certificate(o.value("cert") ?? needed("certificate"), "CA certificate");
  const wished = o.value("md") ?? setting("default_md") ?? "sha256";
  const digest = (wished === "default" ? "sha256" : wished) as DigestName;
  if (!(digest in DIGESTS)) throw new Failure(`Unknown message digest: ${wished}\n`);
  return { config, section, setting, needed, certificate, key, digest };
}

function entriesOf(o: Invocation, it: Authority): Entry[] {
  const path = it.needed("database");
  if (sys.find(o.p, path) === undefined) throw new Failure(cannotOpen(path, "No such file or directory", "r"));
  return sys
    .readText(o.p, path)
    .split("\n")
    .filter(Boolean)
    .map((line) => line.split("\t") as Entry);
}

function writeEntries(o: Invocation, it: Authority, entries: readonly Entry[]): void {
  const path = it.needed("database");
  const old = sys.readText(o.p, path);
  sys.writeText(o.p, `${path}.old`, old);
  if (sys.find(o.p, `${path}.attr`)) sys.writeText(o.p, `${path}.attr.old`, sys.readText(o.p, `${path}.attr`));
  sys.writeText(o.p, `${path}.attr`, `unique_subject = ${it.setting("unique_subject") ?? "yes"}\n`);
  sys.writeText(o.p, path, entries.map((entry) => `${entry.join("\t")}\n`).join(""));
}

/** `261129072423Z`. */
function stamp(ms: number): string {
  return decode(timeDer(ms).subarray(2));
}

/** A number in a file, and the next one written there. */
function counted(o: Invocation, path: string): Uint8Array {
  const hex = sys.readText(o.p, path).trim();
  sys.writeText(o.p, `${path}.old`, sys.readText(o.p, path));
  const next = (BigInt(`0x${hex}`) + 1n).toString(16).toUpperCase();
  sys.writeText(o.p, path, `${next.length % 2 === 0 ? next : `0${next}`}\n`);
  return bigIntToBytes(BigInt(`0x${hex}`));
}

const oneLine = (certificate: CertificateDocument) => nameText(certificate.subject, "compat");

const STRINGS: Readonly<Record<number, string>> = {
  [TAG.printableString]: "PRINTABLE",
  22: "IA5STRING",
  20: "T61STRING",
};

function* issue(o: Invocation, it: Authority, path: string): Gen<void> {
  const request = yield* o.request(path, "certificate request");
  yield* o.complain("Check that the request matches the signature\n");
  if (!isSigned(request, request.publicKey)) throw new Failure("Signature did not match the certificate request\n");
  yield* o.complain("Signature ok\n");
  const subject = yield* byPolicy(o, it, request.subject.flat());
  const own = request.publicKey ? publicBits(request.publicKey) : new Uint8Array(0);
  const issuerKey = publicBits(publicOf(it.key));
  const section = o.value("extensions") ?? it.setting("x509_extensions");
  const made = (section === undefined ? [] : (it.config.get(section) ?? []))
    .map(([name, value]) => makeExtension(name, value, { own, issuerKey, issuer: it.certificate }, it.config))
    .filter((one) => one !== undefined);
  const copied = /^copy/.test(it.setting("copy_extensions") ?? "")
    ? request.extensions.filter(({ oid }) => !made.some((one) => one.oid === oid))
    : [];
  const days = Number(o.value("days") ?? it.setting("default_days") ?? "0");
  if (days === 0) throw new Failure("cannot lookup how many days to certify for\n");
  const notBefore = Math.floor(o.nowMs / 1000) * 1000;
  const notAfter = notBefore + days * DAY;
  const entries = entriesOf(o, it);
  yield* o.complain(`Certificate is to be certified until ${dateText(notAfter)} (${days} days)\n`);
  const name = nameText(subject, "compat");
  const twin = entries.find((entry) => entry[0] === "V" && entry[5] === name);
  if (twin && (it.setting("unique_subject") ?? "yes") === "yes")
    throw new Failure(
      `ERROR:There is already a certificate for ${name}\nThe matching entry has the following details\n` +
        `Type          :Valid\nExpires on    :${twin[1]}\nSerial Number :${twin[3]}\nFile name     :${twin[4]}\nSubject Name  :${twin[5]}\n`,
    );
  const agreed = function* (question: string): Gen<boolean> {
    return o.on("batch") || /^[yY]/.test((yield* typedLine(o, question)) ?? "");
  };
  if (!(yield* agreed("Sign the certificate? [y/n]:"))) {
    yield* o.complain("CERTIFICATE WILL NOT BE CERTIFIED\n");
    return;
  }
  if (!(yield* agreed("\n\n1 out of 1 certificate requests certified, commit? [y/n]"))) {
    yield* o.complain("CERTIFICATION CANCELED: 1 certificates not committed\n");
    return;
  }
  const serial = counted(o, it.needed("serial"));
  const bytes = makeCertificate(
    {
      serial,
      issuer: it.certificate.subject,
      subject,
      notBefore,
      notAfter,
      spki: request.spki,
      extensions: withIdentifiers([...made, ...copied], own, issuerKey, it.certificate),
    },
    it.key,
    it.digest,
  );
  yield* o.complain("\nWrite out database with 1 new entries\n");
  const hex = bytesToHex(serial).toUpperCase();
  const text = `${o.on("notext") ? "" : certificateText(readCertificate(bytes)!)}${pem("CERTIFICATE", bytes)}`;
  sys.writeText(o.p, `${o.value("outdir") ?? it.needed("new_certs_dir")}/${hex}.pem`, text);
  writeEntries(o, it, [...entries, ["V", stamp(notAfter), "", hex, "unknown", name]]);
  yield* o.output(text);
  yield* o.complain("Database updated\n");
}

/** The subject as the policy leaves it; tells what the request says. */
function* byPolicy(o: Invocation, it: Authority, asked: readonly Attribute[]): Gen<Attribute[][]> {
  let told = "The Subject's Distinguished Name is as follows\n";
  for (const { oid, value, tag } of asked)
    told += `${longNameOf(oid).padEnd(22)}:${STRINGS[tag] ?? `ASN.1 ${String(tag).padStart(2)}`}:'${value}'\n`;
  yield* o.complain(told);
  const subject: Attribute[][] = [];
  for (const [name, rule] of it.config.get(o.value("policy") ?? it.needed("policy")) ?? []) {
    const id = oidNamed(name);
    const found = asked.filter(({ oid }) => oid === id);
    if (found.length === 0 && rule !== "optional")
      throw new Failure(`The ${name} field needed to be supplied and was missing\n`);
    const same = it.certificate.subject.flat().find(({ oid }) => oid === id);
    if (rule === "match" && same?.value !== found[0]?.value)
      throw new Failure(
        same === undefined
          ? `The ${name} field does not exist in the CA certificate,\nthe 'policy' is misconfigured\n`
          : `The ${name} field is different between\nCA certificate (${same.value}) and the request (${found[0]?.value})\n`,
      );
    subject.push(...found.map((one) => [one]));
  }
  return subject;
}

function* revokeOne(o: Invocation, it: Authority, path: string): Gen<void> {
  const certificate = yield* o.certificate(path, "certificate to be revoked");
  const hex = bytesToHex(certificate.serial).toUpperCase();
  const entries = entriesOf(o, it);
  let entry = entries.find((one) => one[3] === hex);
  if (entry === undefined) {
    yield* o.complain(`Adding Entry with serial number ${hex} to DB for ${oneLine(certificate)}\n`);
    entry = ["V", stamp(certificate.notAfter), "", hex, "unknown", oneLine(certificate)];
    entries.push(entry);
  }
  if (entry[0] === "R") throw new Failure(`ERROR:Already revoked, serial number ${hex}\n`);
  yield* o.complain(`Revoking Certificate ${hex}.\n`);
  entry[0] = "R";
  entry[2] = stamp(o.nowMs);
  writeEntries(o, it, entries);
  yield* o.complain("Database updated\n");
}

function* writeList(o: Invocation, it: Authority): Gen<void> {
  const numbers = it.setting("crlnumber");
  const lastUpdate = Math.floor(o.nowMs / 1000) * 1000;
  const days = Number(o.value("crldays") ?? it.setting("default_crl_days") ?? "0");
  if (days === 0) throw new Failure("cannot lookup how long until the next CRL is issued\n");
  const revoked = entriesOf(o, it)
    .filter((entry) => entry[0] === "R")
    .map((entry) => ({
      serial: bigIntToBytes(BigInt(`0x${entry[3]}`)),
      at: timeOf(entry[2]),
    }));
  const list = makeRevocationList(
    {
      issuer: it.certificate.subject,
      lastUpdate,
      nextUpdate: lastUpdate + days * DAY,
      number: numbers === undefined ? undefined : counted(o, numbers),
      revoked,
    },
    it.key,
    it.digest,
  );
  yield* o.output(pem("X509 CRL", list));
}

/** A time of the database in ms. */
function timeOf(text: string): number {
  const content = encode(text);
  return readTime({ tag: TAG.utcTime, content, whole: content });
}

function* tellStatus(o: Invocation, it: Authority, serial: string): Gen<number> {
  const hex = serial.toUpperCase().padStart(2, "0");
  const entry = entriesOf(o, it).find((one) => one[3] === hex);
  const words: Readonly<Record<string, string>> = { V: "Valid (V)", R: "Revoked (R)", E: "Expired (E)" };
  yield* o.complain(
    entry === undefined
      ? `Serial ${hex} not present in db.\nError verifying serial ${serial}!\n`
      : `${hex}=${words[entry[0]]}\n`,
  );
  return entry === undefined ? 1 : 0;
}
