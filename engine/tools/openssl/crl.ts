/** openssl crl: lists of revoked certificates. */
import { bytesToHex } from "@noble/hashes/utils.js";
import { fromPem, pem } from "../../pki/der.ts";
import { isSigned } from "../../pki/documents.ts";
import { type RevocationList, readRevocationList } from "../../pki/revocation.ts";
import { type Command, certificatesIn, Failure, text } from "./command.ts";
import { createHash } from "./hashes.ts";
import { longNameOf } from "./oids.ts";
import { colons, dateText, nameText, signatureText } from "./text.ts";

const hexOf = (bytes: Uint8Array) => bytesToHex(bytes).toUpperCase();

/** Every list of a file. */
export function listsIn(bytes: Uint8Array): RevocationList[] {
  const whole = text(bytes);
  if (!whole.includes("-----BEGIN ")) return [readRevocationList(bytes)].filter((one) => one !== undefined);
  return whole.split("-----BEGIN ").flatMap((block) => {
    const der = block.startsWith("X509 CRL-----") ? fromPem("X509 CRL", `-----BEGIN ${block}`) : undefined;
    return [der && readRevocationList(der)].filter((one) => one !== undefined);
  });
}

function listText(list: RevocationList): string {
  const { revoked } = list;
  return (
    `Certificate Revocation List (CRL):\n        Version ${list.version} (0x${list.version - 1})\n` +
    `        Signature Algorithm: ${longNameOf(list.algorithm)}\n        Issuer: ${nameText(list.issuer)}\n` +
    `        Last Update: ${dateText(list.lastUpdate)}\n        Next Update: ${list.nextUpdate === undefined ? "NONE" : dateText(list.nextUpdate)}\n` +
    (list.number === undefined
      ? ""
      : `        CRL extensions:\n            X509v3 CRL Number: \n                ${Number(`0x${hexOf(list.number)}`)}\n`) +
    (revoked.length === 0 ? "No Revoked Certificates.\n" : "Revoked Certificates:\n") +
    revoked
      .map(({ serial, at }) => `    Serial Number: ${hexOf(serial)}\n        Revocation Date: ${dateText(at)}\n`)
      .join("") +
    signatureText(list.algorithm, list.signature)
  );
}

export const crl: Command = {
  name: "crl",
  digests: true,
  options: {
    in: "s",
    out: "s",
    inform: "s",
    outform: "s",
    text: "-",
    noout: "-",
    issuer: "-",
    lastupdate: "-",
    nextupdate: "-",
    crlnumber: "-",
    fingerprint: "-",
    verify: "-",
    CAfile: "s",
    nameopt: "s",
  },
  *run(o) {
    const path = o.value("in");
    const [list] = listsIn(yield* o.load(path, "CRL"));
    if (list === undefined) throw new Failure(`Could not find CRL from ${path ?? "<stdin>"}\n`);
    const authority = o.value("CAfile");
    if (authority !== undefined) {
      const issuers = certificatesIn(yield* o.load(authority, "trusted certificates"));
      const issuer = issuers.find((one) => nameText(one.subject) === nameText(list.issuer));
      if (issuer === undefined) throw new Failure("Error getting CRL issuer certificate\n");
      yield* o.complain(isSigned(list, issuer.publicKey) ? "verify OK\n" : "verify failure\n");
    }
    for (const { name } of o.given) {
      if (name === "issuer") yield* o.print(`issuer=${nameText(list.issuer)}\n`);
      else if (name === "lastupdate") yield* o.print(`lastUpdate=${dateText(list.lastUpdate)}\n`);
      else if (name === "nextupdate")
        yield* o.print(`nextUpdate=${list.nextUpdate === undefined ? "NONE" : dateText(list.nextUpdate)}\n`);
      else if (name === "crlnumber")
        yield* o.print(`crlNumber=${list.number === undefined ? "<NONE>" : `0x${hexOf(list.number)}`}\n`);
      else if (name === "fingerprint") {
        const label = o.digestWord === "" ? "SHA1" : o.digestWord;
        yield* o.print(`${label} Fingerprint=${colons(createHash(o.digest ?? "sha1", list.der), true)}\n`);
      }
    }
    let out = o.on("text") ? listText(list) : "";
    if (!o.on("noout")) {
      if (o.value("outform")?.toUpperCase() === "DER") {
        yield* o.output(list.der);
        return 0;
      }
      out += pem("X509 CRL", list.der);
    }
    if (out !== "") yield* o.output(out);
    return 0;
  },
};
