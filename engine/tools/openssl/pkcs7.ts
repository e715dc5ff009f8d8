/** openssl crl2pkcs7 and pkcs7: bundles of certificates in one structure without signers (RFC 2315). */
import { der, fromPem, integer, oid, parse, pem, sequence, TAG } from "../../pki/der.ts";
import { readCertificate } from "../../pki/documents.ts";
import { type Command, certificatesIn, Failure, text } from "./command.ts";
import { listsIn } from "./crl.ts";
import { certificateText, nameText } from "./text.ts";

const DATA = "1.2.840.113549.1.7.1";
const SIGNED_DATA = "1.2.840.113549.1.7.2";

export const crl2pkcs7: Command = {
  name: "crl2pkcs7",
  options: { in: "s", out: "s", inform: "s", outform: "s", nocrl: "-", certfile: "s" },
  *run(o) {
    const certificates: Uint8Array[] = [];
    for (const path of o.values("certfile"))
      certificates.push(...certificatesIn(yield* o.load(path, "certificates")).map((one) => one.der));
    const lists = o.on("nocrl") ? [] : listsIn(yield* o.load(o.value("in"), "CRL")).map((one) => one.der);
    if (!o.on("nocrl") && lists.length === 0) throw new Failure("unable to load CRL\n");
    const signed = sequence(
      integer(1),
      der(TAG.set),
      sequence(oid(DATA)),
      ...(certificates.length > 0 ? [der(0xa0, ...certificates)] : []),
      ...(o.on("nocrl") ? [] : [der(0xa1, ...lists)]),
      der(TAG.set),
    );
    const whole = sequence(oid(SIGNED_DATA), der(0xa0, signed));
    yield* o.output(o.value("outform")?.toUpperCase() === "DER" ? whole : pem("PKCS7", whole));
    return 0;
  },
};

export const pkcs7: Command = {
  name: "pkcs7",
  options: { in: "s", out: "s", inform: "s", outform: "s", print_certs: "-", text: "-", noout: "-", quiet: "-" },
  *run(o) {
    const bytes = yield* o.open(o.value("in"));
    const whole = fromPem("PKCS7", text(bytes)) ?? bytes;
    let certificates: Uint8Array[];
    try {
      const signed = parse(parse(parse(whole)[0]!.content)[1]!.content)[0]!;
      const held = parse(signed.content).find(({ tag }) => tag === 0xa0);
      certificates = held === undefined ? [] : parse(held.content).map((one) => one.whole);
    } catch {
      throw new Failure("unable to load PKCS7 object\n");
    }
    let out = "";
    if (o.on("print_certs"))
      for (const one of certificates) {
        const certificate = readCertificate(one);
        if (certificate === undefined) continue;
        out += o.on("text")
          ? certificateText(certificate)
          : o.on("quiet")
            ? ""
            : `subject=${nameText(certificate.subject)}\nissuer=${nameText(certificate.issuer)}\n`;
        if (!o.on("noout")) out += pem("CERTIFICATE", one);
        out += "\n";
      }
    else if (!o.on("noout")) out += pem("PKCS7", whole);
    yield* o.output(out);
    return 0;
  },
};
