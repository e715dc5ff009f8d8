/** A certificate and the key to it, as Go's crypto/tls takes them (tls.go X509KeyPair). */
import { publicOf, readPrivatePem, samePublicKey } from "../pki/keys.ts";
import { documentsIn } from "./trust.ts";

/** By certificate and key: what every start of the same few components finds out is the same. */
const known = new Map<string, string | undefined>();

/** Why a certificate and a key (PEM) are no pair; undefined when they are. */
export function pairProblem(certificate: string, key: string): string | undefined {
  const both = `${certificate}\0${key}`;
  if (!known.has(both)) {
    if (known.size >= 256) known.clear();
    known.set(both, problemOf(certificate, key));
  }
  return known.get(both);
}

function problemOf(certificate: string, key: string): string | undefined {
  const blocks =
    blockProblem(certificate, "certificate", (type) => type === "CERTIFICATE") ??
    blockProblem(key, "key", (type) => type === "PRIVATE KEY" || type.endsWith(" PRIVATE KEY"));
  if (blocks !== undefined) return blocks;
  const [document] = documentsIn(certificate);
  if (document?.publicKey === undefined) return "x509: malformed certificate";
  const own = readPrivatePem(key);
  if (own === undefined) return "tls: failed to parse private key";
  if (own.type !== document.publicKey.type) return "tls: private key type does not match public key type";
  return samePublicKey(publicOf(own), document.publicKey) ? undefined : "tls: private key does not match public key";
}

/** Types of the PEM blocks in a text. */
export function pemTypes(text: string): string[] {
  const blocks = [...text.matchAll(/^-----BEGIN ([^-\n]+)-----[ \t\r]*$([^-]*)^-----END \1-----/gm)];
  // What is no base64 is no block.
  return blocks.filter(([, , body = ""]) => isBase64(body)).map(([, type = ""]) => type);
}

function isBase64(body: string): boolean {
  const blank = body.indexOf("\n\n");
  const headed = /^\s*[\w-]+:/.test(body) && blank >= 0;
  const digits = (headed ? body.slice(blank) : body).replace(/\s/g, "");
  return digits.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(digits);
}

function blockProblem(text: string, what: "certificate" | "key", fits: (type: string) => boolean): string | undefined {
  const types = pemTypes(text);
  if (types.some(fits)) return undefined;
  if (types.length === 0) return `tls: failed to find any PEM data in ${what} input`;
  if (what === "certificate" && types.length === 1 && types[0]!.endsWith("PRIVATE KEY")) {
    return "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched";
  }
  if (what === "key" && types.length === 1 && types[0] === "CERTIFICATE") {
    return "tls: found a certificate rather than a key in the PEM for the private key";
  }
  const found = types.join(" ");
  return what === "certificate"
    ? `tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: [${found}]`
    : `tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the following types: [${found}]`;
}
