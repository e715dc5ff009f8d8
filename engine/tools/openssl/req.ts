/** openssl req: requests for certificates, and self-signed certificates. */

import { bytesToHex } from "@noble/hashes/utils.js";
import { decode, encode, type Gen } from "../../kernel/index.ts";
import * as sys from "../../machine/sys.ts";
import { pem } from "../../pki/der.ts";
import {
  type CertificateDocument,
  type DistinguishedName,
  type Extension,
  isSigned,
  makeCertificate,
  makeRequest,
  type RequestDocument,
  readCertificate,
  readRequest,
} from "../../pki/documents.ts";
import {
  curveNamed,
  type DigestName,
  generateEc,
  generateEd25519,
  generateRsaKey,
  type PrivateKey,
  privatePem,
  publicBits,
  publicKeyInfo,
  publicOf,
  publicPem,
} from "../../pki/keys.ts";
import { bigIntToBytes } from "../../pki/rsa.ts";
import { type Command, Failure, type Invocation } from "./command.ts";
import { attribute, type Config, makeExtension, nameOf, parseConfig, setting } from "./config.ts";
import { oidNamed } from "./oids.ts";
import { sealedPem } from "./pass-phrases.ts";
import { certificateText, nameLines, nameText, requestText } from "./text.ts";
import { nameStyle, randomSerial, textOptions, withIdentifiers } from "./x509.ts";

/** What /etc/ssl/openssl.cnf asks when no subject is given: prompt, short name, default. */
const QUESTIONS: readonly (readonly [string, string, string])[] = [
  ["Country Name (2 letter code)", "C", "AU"],
  ["State or Province Name (full name)", "ST", "Some-State"],
  ["Locality Name (eg, city)", "L", ""],
  ["Organization Name (eg, company)", "O", "Internet Widgits Pty Ltd"],
  ["Organizational Unit Name (eg, section)", "OU", ""],
  ["Common Name (e.g. server FQDN or YOUR name)", "CN", ""],
  ["Email Address", "emailAddress", ""],
];

const PLUS_HINT =
  "req hint: a '+' in a value string needs be escaped using '\\' else a new member of a multi-valued RDN is expected\n";

/** Reads `/CN=a/O=b`, with `\` before what is meant itself and `+` between parts of one step. */
function* parseSubject(o: Invocation, given: string): Gen<DistinguishedName> {
  if (!given.startsWith("/")) {
    throw new Failure(
      "req: subject name is expected to be in the format /type0=value0/type1=value1/type2=... where characters may be " +
        `escaped by \\. This name is not in that format: '${given}'\n`,
    );
  }
  const out: { oid: string; value: string; tag: number }[][] = [];
  // Without -utf8 each byte is a character of Latin-1.
  const readAs = (text: string) => (o.on("utf8") ? text : String.fromCharCode(...encode(text)));
  let joined = false;
  for (let i = 1; i < given.length; ) {
    let type = "";
    while (i < given.length && given[i] !== "=") {
      if (given[i] === "\\") i++;
      type += given[i++] ?? "";
    }
    if (i >= given.length) {
      throw new Failure(`req: Hit end of string before finding the '='\n`);
    }
    i++;
    let value = "";
    while (i < given.length && given[i] !== "/" && given[i] !== "+") {
      if (given[i] === "\\") i++;
      value += given[i++] ?? "";
    }
    const more = given[i] === "+";
    i++;
    const id = oidNamed(type);
    if (id === undefined) {
      yield* o.complain(`req warning: Skipping unknown subject name attribute "${type}"\n${joined ? PLUS_HINT : ""}`);
    } else if (value === "") {
      yield* o.complain(`req warning: No value provided for subject name attribute "${type}", skipped\n`);
    } else if (joined && out.length > 0) out.at(-1)!.push(attribute(id, readAs(value)));
    else out.push([attribute(id, readAs(value))]);
    joined = more;
  }
  return out;
}

function* askSubject(o: Invocation): Gen<DistinguishedName> {
  yield* o.complain(
    "You are about to be asked to enter information that will be incorporated\ninto your certificate request.\n" +
      "What you are about to enter is what is called a Distinguished Name or a DN.\n" +
      "There are quite a few fields but you can leave some blank\nFor some fields there will be a default value,\n" +
      "If you enter '.', the field will be left blank.\n-----\n",
  );
  const out: DistinguishedName[number][] = [];
  let rest = "";
  for (const [prompt, name, otherwise] of QUESTIONS) {
    yield* o.complain(`${prompt} [${otherwise}]:`);
    while (!rest.includes("\n")) {
      const bytes = yield* sys.read(o.p, 0);
      if (bytes.length === 0) break;
      rest += decode(bytes);
    }
    const end = rest.indexOf("\n");
    if (end < 0 && rest === "") throw new Failure("\nError making certificate request\n");
    const line = end < 0 ? rest : rest.slice(0, end);
    rest = end < 0 ? "" : rest.slice(end + 1);
    const value = line === "." ? "" : line || otherwise;
    if (value !== "") out.push([attribute(oidNamed(name)!, value)]);
  }
  yield* o.complain(
    "\nPlease enter the following 'extra' attributes\nto be sent with your certificate request\nA challenge password []:",
  );
  if (!rest.includes("\n")) rest += decode(yield* sys.read(o.p, 0));
  yield* o.complain("An optional company name []:");
  return out;
}

/** `rsa:2048`, `ec:params`, `ed25519` of `-newkey`. */
function newKey(o: Invocation, kind: string): PrivateKey {
  const [type, rest] = kind.split(":") as [string, string?];
  if (type === "rsa") return generateRsaKey(rest === undefined ? 2048 : Number(rest), o.random);
  if (type === "ed25519") return generateEd25519(o.random);
  if (type === "ec") {
    const option = o.values("pkeyopt").find((one) => one.startsWith("ec_paramgen_curve:"));
    const curve = curveNamed(option?.slice("ec_paramgen_curve:".length) ?? "");
    if (curve !== undefined) return generateEc(curve, o.random);
  }
  throw new Failure(`Error allocating keygen context\n`);
}

function* keyOf(o: Invocation): Gen<PrivateKey> {
  const path = o.value("key");
  if (path !== undefined) return yield* o.privateKey(path);
  const key = newKey(o, o.value("newkey") ?? "rsa:2048");
  if (key.type === "rsa") yield* o.complain("..+.....+....+++++++++++++++++++++++++++++++++++++++*...+...++++++\n");
  const open = o.on("nodes") || o.on("noenc");
  if (!open && o.value("passout") === undefined && o.p.fds.get(0)?.tty === undefined) {
    throw new Failure("Enter PEM pass phrase:\n");
  }
  yield* o.output(open ? privatePem(key) : yield* sealedPem(o, key, 256), true, o.value("keyout") ?? "privkey.pem");
  yield* o.complain("-----\n");
  return key;
}

function* configOf(o: Invocation): Gen<Config> {
  const path = o.value("config");
  return path === undefined ? new Map() : parseConfig(decode(yield* o.open(path)));
}

function* subjectOf(o: Invocation, config: Config): Gen<DistinguishedName> {
  const given = o.value("subj");
  if (given !== undefined) return yield* parseSubject(o, given);
  const section = setting(config, "req", "distinguished_name");
  if (section === undefined) return yield* askSubject(o);
  if (setting(config, "req", "prompt") !== "no" && !o.on("batch")) return yield* askSubject(o);
  return nameOf(config, section);
}

function extensionsOf(o: Invocation, config: Config, key: PrivateKey): Extension[] {
  const own = publicBits(publicOf(key));
  const subjects = { own, issuerKey: own };
  const isCertificate = o.on("x509");
  const section =
    o.value("extensions") ??
    o.value("reqexts") ??
    setting(config, "req", isCertificate ? "x509_extensions" : "req_extensions");
  const pairs: (readonly [string, string])[] = section === undefined ? [] : [...(config.get(section) ?? [])];
  if (isCertificate && !o.on("config") && section === undefined) {
    pairs.push(["subjectKeyIdentifier", "hash"], ["authorityKeyIdentifier", "keyid"]);
    pairs.push(["basicConstraints", "critical,CA:true"]);
  }
  const added = o.values("addext").map((text): readonly [string, string] => {
    const equals = text.indexOf("=");
    return [text.slice(0, Math.max(0, equals)).trim(), text.slice(equals + 1).trim()];
  });
  const kept = pairs.filter(([name]) => !added.some(([other]) => other === name));
  return [...kept, ...added]
    .map(([name, value]) => makeExtension(name, value, subjects, config))
    .filter((one) => one !== undefined);
}

function* make(o: Invocation): Gen<RequestDocument | CertificateDocument> {
  const config = yield* configOf(o);
  const key = yield* keyOf(o);
  const subject = yield* subjectOf(o, config);
  const wanted = setting(config, "req", "default_md");
  const digest: DigestName =
    o.digest ?? (wanted && wanted in { sha1: 1, sha256: 1, sha384: 1, sha512: 1 } ? (wanted as DigestName) : "sha256");
  const extensions = extensionsOf(o, config, key);
  if (!o.on("x509")) return readRequest(makeRequest(subject, key, publicOf(key), extensions, digest))!;
  const notBefore = Math.floor(o.nowMs / 1000) * 1000;
  const own = publicBits(publicOf(key));
  const serial = o.value("set_serial");
  const bytes = makeCertificate(
    {
      serial: serial === undefined ? randomSerial(o) : bigIntToBytes(BigInt(serial)),
      issuer: subject,
      subject,
      notBefore,
      notAfter: notBefore + Number(o.value("days") ?? "30") * 86_400_000,
      spki: publicKeyInfo(publicOf(key)),
      extensions: withIdentifiers(extensions, own, own),
    },
    key,
    digest,
  );
  return readCertificate(bytes)!;
}

export const req: Command = {
  name: "req",
  digests: true,
  options: {
    in: "s",
    out: "s",
    inform: "s",
    outform: "s",
    new: "-",
    x509: "-",
    key: "s",
    newkey: "s",
    keyout: "s",
    nodes: "-",
    noenc: "-",
    subj: "s",
    addext: "s",
    config: "s",
    extensions: "s",
    reqexts: "s",
    days: "n",
    set_serial: "s",
    batch: "-",
    text: "-",
    noout: "-",
    verify: "-",
    subject: "-",
    pubkey: "-",
    modulus: "-",
    nameopt: "s",
    reqopt: "s",
    pkeyopt: "s",
    passin: "s",
    passout: "s",
    utf8: "-",
    verbose: "-",
    quiet: "-",
  },
  *run(o) {
    const fresh = o.on("new") || o.on("x509") || o.on("newkey");
    const one = fresh ? yield* make(o) : yield* o.request(o.value("in"), "X509 request");
    const isCertificate = "serial" in one;
    if (o.on("verify")) {
      const ok = isSigned(one, one.publicKey);
      const text = `Certificate request self-signature verify ${ok ? "OK" : "failure"}
`;
      if (!ok) throw new Failure(text);
      yield* o.print(text);
    }
    let out = "";
    if (o.on("pubkey") && one.publicKey) out += publicPem(one.publicKey);
    if (o.on("text")) {
      out += isCertificate
        ? certificateText(one as CertificateDocument, textOptions(o, "reqopt"))
        : requestText(one as RequestDocument, textOptions(o, "reqopt"));
    }
    if (o.on("subject")) {
      const style = nameStyle(o);
      out +=
        style === "multiline" ? `subject=\n${nameLines(one.subject)}` : `subject=${nameText(one.subject, style)}\n`;
    }
    if (o.on("modulus") && one.publicKey?.type === "rsa") {
      out += `Modulus=${bytesToHex(bigIntToBytes(one.publicKey.key.n)).toUpperCase()}\n`;
    }
    if (!o.on("noout")) {
      const label = isCertificate ? "CERTIFICATE" : "CERTIFICATE REQUEST";
      if (o.value("outform")?.toUpperCase() === "DER") {
        yield* o.print(out);
        yield* o.output(one.der);
        return 0;
      }
      out += pem(label, one.der);
    }
    yield* o.output(out);
    return 0;
  },
};
