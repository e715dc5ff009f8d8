/** Whether a Go client trusts a server's certificate, and in which words not (crypto/x509 verify.go, crypto/tls). */
import { decode } from "../kernel/index.ts";
import { fromPem, oidText, parse } from "../pki/der.ts";
import { type CertificateDocument, isSigned, nameDer, readCertificate } from "../pki/documents.ts";
import { OID } from "../pki/oids.ts";
import { formatTime } from "./time.ts";

/** How a client makes sure whom it speaks to. */
export interface ServerTrust {
  /** PEM of the authorities that it trusts; "" trusts nobody. */
  authorities: string;
  /** Name to expect instead of the URL's host. */
  serverName?: string | undefined;
}

/** What does not depend on the time or on who asks for which host. */
interface Chain {
  leaf: CertificateDocument | undefined;
  /** Signers up to the authority; empty when there are none. */
  signers: readonly CertificateDocument[];
  problem: string | undefined;
  /** The leaf's names, undefined where it has no subjectAltName; and what it is not for. */
  names: readonly string[] | undefined;
  addresses: readonly string[];
  notForServers: boolean;
  notForClients: boolean;
}

/** By authorities, then by certificate: components connect with the same few again and again. */
const known = new Map<string, Map<string, Chain>>();

/**
 * Why a client does not trust the server that shows `certificate` (PEM, issuers behind it) when it asks for `host`;
 * undefined when it does. A server without a certificate of its own is taken for what it says.
 */
export function distrust(
  certificate: string,
  { authorities, serverName }: ServerTrust,
  host: string,
  nowMs: number,
): string | undefined {
  if (certificate === "") return undefined;
  const chain = chainOf(certificate, authorities);
  const { leaf, signers, problem } = chain;
  if (leaf === undefined) return undefined;
  const why =
    outOfTime(leaf, nowMs) ??
    wrongHost(leaf, chain, serverName || host) ??
    problem ??
    signers.map((signer) => outOfTime(signer, nowMs)).find((text) => text !== undefined) ??
    (chain.notForServers ? "certificate specifies an incompatible key usage" : undefined);
  return why && `tls: failed to verify certificate: x509: ${why}`;
}

/**
 * The alert that a Go server sends a client whose certificate it does not take (handshake_server.go
 * processCertsFromClient); undefined when it takes it.
 */
export function distrustClient(certificate: string, authorities: string, nowMs: number): string | undefined {
  const { leaf, signers, problem, notForClients } = chainOf(certificate, authorities);
  if (leaf === undefined) return "certificate required";
  if ([leaf, ...signers].some((one) => nowMs > one.notAfter)) return "expired certificate";
  if (problem !== undefined) return "unknown certificate authority";
  return notForClients ? "bad certificate" : undefined;
}

function chainOf(certificate: string, authorities: string): Chain {
  let own = known.get(authorities);
  if (own === undefined) {
    if (known.size >= 64) known.clear();
    known.set(authorities, (own = new Map()));
  }
  let chain = own.get(certificate);
  if (chain === undefined) {
    if (own.size >= 256) own.clear();
    const documents = documentsIn(certificate);
    const [leaf] = documents;
    chain = {
      ...buildChain(documents, documentsIn(authorities)),
      names: leaf && alternatives(leaf, 0x82),
      addresses: (leaf && alternatives(leaf, 0x87)) ?? [],
      notForServers: leaf !== undefined && lacksUsage(leaf, OID.serverAuth),
      notForClients: leaf !== undefined && lacksUsage(leaf, OID.clientAuth),
    };
    own.set(certificate, chain);
  }
  return chain;
}

/** The certificates of a PEM text. */
export function documentsIn(pem: string): CertificateDocument[] {
  return pem.split(/(?<=-----END CERTIFICATE-----)/).flatMap((block) => {
    const bytes = fromPem("CERTIFICATE", block);
    return (bytes && readCertificate(bytes)) ?? [];
  });
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);

function buildChain(
  [leaf, ...between]: CertificateDocument[],
  roots: CertificateDocument[],
): Pick<Chain, "leaf" | "signers" | "problem"> {
  if (leaf === undefined) return { leaf, signers: [], problem: undefined };
  const isRoot = (one: CertificateDocument) => roots.some(({ der }) => sameBytes(der, one.der));
  const signers: CertificateDocument[] = [];
  let hint: { words: string; name: string } | undefined;
  let current = leaf;
  while (!isRoot(current)) {
    const issuer = nameDer(current.issuer);
    let signer: CertificateDocument | undefined;
    for (const candidate of [...roots, ...between]) {
      if (signers.includes(candidate) || !sameBytes(nameDer(candidate.subject), issuer)) continue;
      const words = refusal(current, candidate);
      if (words === undefined) {
        signer = candidate;
        break;
      }
      hint ??= { words, name: nameOf(candidate) };
    }
    if (signer === undefined) {
      const why = hint
        ? ` (possibly because of ${JSON.stringify(hint.words)} while trying to verify candidate authority certificate ${JSON.stringify(hint.name)})`
        : "";
      return { leaf, signers: [], problem: `certificate signed by unknown authority${why}` };
    }
    signers.push(signer);
    current = signer;
  }
  return { leaf, signers, problem: undefined };
}

/** Why `parent` did not sign `child` (Certificate.CheckSignatureFrom). */
function refusal(child: CertificateDocument, parent: CertificateDocument): string | undefined {
  if (parent.version === 3 && !isAuthority(parent)) {
    return "x509: invalid signature: parent certificate cannot sign this kind of certificate";
  }
  if (isSigned(child, parent.publicKey)) return undefined;
  const signature = child.algorithm.startsWith("1.2.840.113549.1.1.")
    ? "RSA"
    : child.algorithm.startsWith("1.2.840.10045.4.")
      ? "ECDSA"
      : "Ed25519";
  const { publicKey } = parent;
  const [own, type] =
    publicKey?.type === "rsa"
      ? ["RSA", "*rsa.PublicKey"]
      : publicKey?.type === "ec"
        ? ["ECDSA", "*ecdsa.PublicKey"]
        : ["Ed25519", "ed25519.PublicKey"];
  if (own !== signature) {
    return `x509: signature algorithm specifies an ${signature} public key, but have public key of type ${type}`;
  }
  return signature === "RSA" ? "crypto/rsa: verification error" : `x509: ${signature} verification failure`;
}

function isAuthority({ extensions }: CertificateDocument): boolean {
  const constraints = extensions.find(({ oid }) => oid === OID.basicConstraints);
  return constraints !== undefined && parse(constraints.value)[0]?.content[2] === 0xff;
}

function nameOf({ subject, serial }: CertificateDocument): string {
  const attributes = subject.flat();
  const found =
    attributes.find(({ oid }) => oid === OID.commonName) ?? attributes.find(({ oid }) => oid === OID.organization);
  return found?.value ?? `serial:${serial.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n)}`;
}

function outOfTime({ notBefore, notAfter }: CertificateDocument, nowMs: number): string | undefined {
  const early = nowMs < notBefore;
  if (!early && nowMs <= notAfter) return undefined;
  const relation = early ? `before ${formatTime(notBefore)}` : `after ${formatTime(notAfter)}`;
  return `certificate has expired or is not yet valid: current time ${formatTime(nowMs)} is ${relation}`;
}

/** Names of a certificate's subjectAltName of one tag: 0x82 DNS names, 0x87 addresses. */
function alternatives({ extensions }: CertificateDocument, tag: number): string[] | undefined {
  const extension = extensions.find(({ oid }) => oid === OID.subjectAltName);
  return (
    extension &&
    parse(parse(extension.value)[0]!.content)
      .filter((name) => name.tag === tag)
      .map(({ content }) => (tag === 0x87 ? addressText(content) : decode(content)))
  );
}

function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return [...bytes].join(".");
  const groups: string[] = [];
  for (let i = 0; i + 1 < bytes.length; i += 2) groups.push((bytes[i]! * 256 + bytes[i + 1]!).toString(16));
  const text = groups.join(":");
  const zeros = text.match(/(?<![0-9a-f])0(?::0)+(?![0-9a-f])/g)?.sort((a, b) => b.length - a.length)[0];
  return zeros === undefined
    ? text
    : text
        .replace(zeros, ":")
        .replace(/:{3,}/, "::")
        .replace(/^:(?!:)/, "::");
}

/** Certificate.VerifyHostname and HostnameError. */
function wrongHost(
  certificate: CertificateDocument,
  { names, addresses }: Pick<Chain, "names" | "addresses">,
  host: string,
): string | undefined {
  const bare = host.replace(/^\[|\]$/g, "");
  if (/^\d+\.\d+\.\d+\.\d+$/.test(bare) || bare.includes(":")) {
    if (addresses.includes(bare)) return undefined;
    if (addresses.length === 0) return `cannot validate certificate for ${bare} because it doesn't contain any IP SANs`;
    return `certificate is valid for ${addresses.join(", ")}, not ${bare}`;
  }
  const wanted = host.toLowerCase().replace(/\.$/, "");
  if (names?.some((name) => matches(name.toLowerCase(), wanted))) return undefined;
  if (names === undefined) {
    const common = certificate.subject.flat().find(({ oid }) => oid === OID.commonName)?.value ?? "";
    if (matches(common.toLowerCase(), wanted)) {
      return "certificate relies on legacy Common Name field, use SANs instead";
    }
  }
  if (names === undefined || names.length === 0) {
    return `certificate is not valid for any names, but wanted to match ${host}`;
  }
  return `certificate is valid for ${names.join(", ")}, not ${host}`;
}

/** A leading `*` stands for one label. */
function matches(pattern: string, host: string): boolean {
  if (!pattern.startsWith("*.")) return pattern === host && host !== "";
  const dot = host.indexOf(".");
  return dot > 0 && host.slice(dot) === pattern.slice(1);
}

/** A certificate that names what it is for, and not this. */
function lacksUsage({ extensions }: CertificateDocument, usage: string): boolean {
  const extension = extensions.find(({ oid }) => oid === OID.extendedKeyUsage);
  if (extension === undefined) return false;
  const usages = parse(parse(extension.value)[0]!.content).map(({ content }) => oidText(content));
  return !usages.includes(usage) && !usages.includes(OID.anyExtendedKeyUsage);
}
