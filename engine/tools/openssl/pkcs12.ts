/** openssl pkcs12: files of keys and certificates under a password. */
import { sha1 } from "@noble/hashes/legacy.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import type { Gen } from "../../kernel/index.ts";
import { pem } from "../../pki/der.ts";
import { type CertificateDocument, readCertificate } from "../../pki/documents.ts";
import { privateInfo, privatePem, publicOf, readPrivateDer, samePublicKey } from "../../pki/keys.ts";
import { type Bag, makePkcs12, readPkcs12 } from "../../pki/pkcs12.ts";
import { bigIntToBytes } from "../../pki/rsa.ts";
import { passwordFrom } from "./cipher-commands.ts";
import { type Command, cannotOpen, certificatesIn, errorLine, Failure, type Invocation } from "./command.ts";
import { KEY_CIPHER_OPTIONS, sealedPem, typedPassword } from "./pass-phrases.ts";
import { nameText } from "./text.ts";
import { verifyChain } from "./verify.ts";

const SCHEME = "PBES2, PBKDF2, AES-256-CBC, Iteration 2048, PRF hmacWithSHA256";

export const pkcs12: Command = {
  name: "pkcs12",
  named: (word) => `Unknown option or cipher: ${word}\npkcs12: Use -help for summary.\n`,
  options: {
    export: "-",
    in: "s",
    out: "s",
    inkey: "s",
    certfile: "s",
    name: "s",
    caname: "s",
    chain: "-",
    CAfile: "s",
    passin: "s",
    passout: "s",
    password: "s",
    passcerts: "s",
    nokeys: "-",
    nocerts: "-",
    clcerts: "-",
    cacerts: "-",
    nodes: "-",
    noenc: "-",
    noout: "-",
    info: "-",
    nomacver: "-",
    legacy: "-",
    certpbe: "s",
    keypbe: "s",
    macalg: "s",
    iter: "n",
    ...KEY_CIPHER_OPTIONS,
  },
  *run(o) {
    return o.on("export") ? yield* exported(o) : yield* shown(o);
  },
};

function* password(o: Invocation, names: readonly string[], prompt: string): Gen<string> {
  const word = names.map((name) => o.value(name)).find((one) => one !== undefined);
  if (word !== undefined) return yield* passwordFrom(o, word);
  return yield* typedPassword(o, prompt);
}

/** -export: the certificate of the key first, then others of the file, then -certfile's. */
function* exported(o: Invocation): Gen<number> {
  const path = o.value("in");
  const found = certificatesIn(yield* o.load(path, "certificates"));
  if (found.length === 0) throw new Failure(`Could not find any certificates from ${path ?? "<stdin>"}\n`);
  const bags: Bag[] = [];
  let own: CertificateDocument | undefined;
  let id: Uint8Array | undefined;
  if (!o.on("nokeys")) {
    const key = yield* o.privateKey(o.value("inkey") ?? path);
    own = found.find((one) => one.publicKey !== undefined && samePublicKey(publicOf(key), one.publicKey));
    if (own === undefined) throw new Failure(`No cert in -in file '${path ?? "<stdin>"}' matches private key\n`);
    id = Uint8Array.from(sha1(own.der));
    bags.push({ kind: "key", der: privateInfo(key), name: o.value("name"), id });
  }
  const others = found.filter((one) => one !== own);
  const extra = o.value("certfile");
  if (extra !== undefined) others.push(...certificatesIn(yield* o.load(extra, "extra certificates from -certfile")));
  if (o.on("chain") && own) {
    const trusted: CertificateDocument[] = [];
    const chain: CertificateDocument[] = [];
    for (const file of o.values("CAfile")) trusted.push(...certificatesIn(yield* o.load(file, "trusted certificates")));
    const wrong = verifyChain(own, trusted, others, o.nowMs, { chain });
    if (wrong !== undefined) throw new Failure(`Error getting chain: ${wrong.text}\n`);
    others.push(...chain.slice(1).filter((one) => !others.some((each) => each === one)));
  }
  const names = o.values("caname");
  if (own) bags.push({ kind: "certificate", der: own.der, name: o.value("name"), id });
  for (const [i, one] of others.entries())
    bags.push({ kind: "certificate", der: one.der, name: names[i], id: undefined });
  const secret = yield* password(o, ["passout", "password"], "Enter Export Password:");
  const random = (count: number) => bigIntToBytes(BigInt(`0x${o.random.hex(2 * count)}`), count);
  yield* o.output(makePkcs12(bags, secret, random), true);
  return 0;
}

/** What is in a file, as PEM. */
function* shown(o: Invocation): Gen<number> {
  const path = o.value("in");
  let bytes: Uint8Array;
  try {
    bytes = yield* o.bytes(path);
  } catch {
    throw new Failure(cannotOpen(path!, "No such file or directory"));
  }
  const secret = yield* password(o, ["passin", "password"], "Enter Import Password:");
  const bags = readPkcs12(bytes, secret);
  if (bags === "wrong") throw new Failure("Mac verify error: invalid password?\n");
  if (bags === undefined)
    throw new Failure(
      errorLine("068000A8:asn1 encoding routines:asn1_check_tlen:wrong tag:../crypto/asn1/tasn_dec.c:1231:") +
        errorLine(
          "0688010A:asn1 encoding routines:asn1_item_embed_d2i:nested asn1 error:../crypto/asn1/tasn_dec.c:375:Type=PKCS12",
        ),
    );
  const told = (text: string) => (o.on("info") ? o.complain(text) : o.complain(""));
  yield* told("MAC: sha256, Iteration 2048\nMAC length: 32, salt length: 8\n");
  let out = "";
  let part = "";
  for (const bag of bags) {
    if (bag.kind !== part) {
      yield* told(bag.kind === "key" ? "PKCS7 Data\n" : `PKCS7 Encrypted data: ${SCHEME}\n`);
      part = bag.kind;
    }
    yield* told(bag.kind === "key" ? `Shrouded Keybag: ${SCHEME}\n` : "Certificate bag\n");
    if (o.on("noout")) continue;
    if (bag.kind === "key") {
      if (o.on("nokeys")) continue;
      const key = readPrivateDer(bag.der)!;
      out += `${attributesText(bag)}Key Attributes: <No Attributes>\n`;
      out += o.on("nodes") || o.on("noenc") ? privatePem(key) : yield* sealedPem(o, key, 256);
      continue;
    }
    if (o.on("nocerts") || (o.on("clcerts") && !bag.id) || (o.on("cacerts") && bag.id)) continue;
    const one = readCertificate(bag.der)!;
    out += `${attributesText(bag)}subject=${nameText(one.subject)}\nissuer=${nameText(one.issuer)}\n${pem("CERTIFICATE", bag.der)}`;
  }
  if (!o.on("noout")) yield* o.output(out, true);
  return 0;
}

function attributesText({ name, id }: Bag): string {
  if (name === undefined && id === undefined) return "Bag Attributes: <No Attributes>\n";
  const hex = id && bytesToHex(id).toUpperCase().replace(/../g, "$& ");
  return `Bag Attributes\n${name === undefined ? "" : `    friendlyName: ${name}\n`}${hex === undefined ? "" : `    localKeyID: ${hex}\n`}`;
}
