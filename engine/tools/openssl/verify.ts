/** openssl verify: chains of certificates. */
import { bytesToHex } from "@noble/hashes/utils.js";
import { decode, type Gen } from "../../kernel/index.ts";
import { oidText, parse } from "../../pki/der.ts";
import { type CertificateDocument, type DistinguishedName, isSigned, nameDer } from "../../pki/documents.ts";
import { OID } from "../../pki/oids.ts";
import type { RevocationList } from "../../pki/revocation.ts";
import { type Command, certificatesIn, errorLine, Failure, type Invocation } from "./command.ts";
import { listsIn } from "./crl.ts";
import { nameText } from "./text.ts";
import { altNames, matchesHost } from "./x509.ts";

const hexOf = (bytes: Uint8Array) => bytesToHex(bytes);
const same = (a: DistinguishedName, b: DistinguishedName) => decode(nameDer(a)) === decode(nameDer(b));

/** X509_check_issued: the names are the same, and the key identifiers where both have one. */
function mayIssue(issuer: CertificateDocument, { issuer: name, extensions }: CertificateDocument): boolean {
  if (!same(issuer.subject, name)) return false;
  const wanted = extensions.find(({ oid }) => oid === OID.authorityKeyId);
  const own = issuer.extensions.find(({ oid }) => oid === OID.subjectKeyId);
  const id = wanted && parse(parse(wanted.value)[0]!.content).find(({ tag }) => tag === 0x80)?.content;
  return !id || !own || hexOf(id) === hexOf(parse(own.value)[0]!.content);
}

interface Problem {
  code: number;
  depth: number;
  text: string;
  at: CertificateDocument;
  /** Others of the kind that are told, since they do not end the search. */
  more?: Problem[];
}

/** Builds a chain to a trusted certificate and says what is wrong with it, if anything (x509_vfy.c). */
export function verifyChain(
  leaf: CertificateDocument,
  trusted: readonly CertificateDocument[],
  untrusted: readonly CertificateDocument[],
  nowMs: number,
  { partial, chain = [] }: { partial?: boolean; chain?: CertificateDocument[] } = {},
): Problem | undefined {
  let current = leaf;
  chain.push(leaf);
  const problem = (code: number, depth: number, text: string, at: CertificateDocument): Problem => ({
    code,
    depth,
    text,
    at,
  });
  const isTrusted = (one: CertificateDocument) => trusted.some((each) => hexOf(each.der) === hexOf(one.der));
  while (!(isTrusted(current) && (partial || same(current.subject, current.issuer)))) {
    if (same(current.subject, current.issuer)) {
      const self = chain.length === 1;
      return problem(
        self ? 18 : 19,
        chain.length - 1,
        self ? "self-signed certificate" : "self-signed certificate in certificate chain",
        current,
      );
    }
    const candidates = [...trusted, ...untrusted].filter((one) => mayIssue(one, current));
    const issuer = candidates.find((one) => isSigned(current, one.publicKey)) ?? candidates[0];
    if (issuer === undefined || chain.length > 20) {
      return problem(20, chain.length - 1, "unable to get local issuer certificate", current);
    }
    if (!isSigned(current, issuer.publicKey))
      return problem(7, chain.length - 1, "certificate signature failure", current);
    const constraints = issuer.extensions.find(({ oid }) => oid === OID.basicConstraints);
    if (issuer.version === 3 && (constraints === undefined || parse(constraints.value)[0]!.content[2] !== 0xff)) {
      return problem(79, chain.length, "invalid CA certificate", issuer);
    }
    current = issuer;
    chain.push(current);
  }
  const times: Problem[] = [];
  for (let depth = chain.length - 1; depth >= 0; depth--) {
    const one = chain[depth]!;
    if (nowMs < one.notBefore) times.push(problem(9, depth, "certificate is not yet valid", one));
    if (nowMs > one.notAfter) times.push(problem(10, depth, "certificate has expired", one));
  }
  return times.length === 0 ? undefined : { ...times[0]!, more: times.slice(1) };
}

export const verify: Command = {
  name: "verify",
  operands: true,
  options: {
    CAfile: "s",
    CApath: "s",
    trusted: "s",
    untrusted: "s",
    verbose: "-",
    show_chain: "-",
    purpose: "s",
    verify_hostname: "s",
    x509_strict: "-",
    partial_chain: "-",
    verify_ip: "s",
    verify_email: "s",
    attime: "n",
    no_check_time: "-",
    nameopt: "s",
    policy_check: "-",
    CRLfile: "s",
    crl_check: "-",
    crl_check_all: "-",
    "no-CAfile": "-",
    "no-CApath": "-",
    "no-CAstore": "-",
  },
  *run(o) {
    const trusted: CertificateDocument[] = [];
    for (const path of o.values("CAfile")) {
      let bytes: Uint8Array;
      try {
        bytes = yield* o.bytes(path);
      } catch {
        throw new Failure(
          `Error loading file ${path}\n` +
            errorLine(
              `80000002:system library:file_ctrl:No such file or directory:../crypto/bio/bss_file.c:299:calling fopen(${path}, r)`,
            ) +
            errorLine("10080002:BIO routines:file_ctrl:system lib:../crypto/bio/bss_file.c:302:") +
            errorLine(
              "05880020:x509 certificate routines:X509_load_cert_file_ex:BIO lib:../crypto/x509/by_file.c:105:",
            ),
        );
      }
      trusted.push(...certificatesIn(bytes));
    }
    for (const path of o.values("trusted"))
      trusted.push(...certificatesIn(yield* o.load(path, "trusted certificates")));
    const untrusted: CertificateDocument[] = [];
    for (const path of o.values("untrusted"))
      untrusted.push(...certificatesIn(yield* o.load(path, "untrusted certificates")));
    let status = 0;
    for (const path of o.operands.length > 0 ? o.operands : [undefined]) {
      try {
        const one = yield* o.certificate(path, "certificate file");
        const moment = o.value("attime");
        const chain: CertificateDocument[] = [];
        const wrong =
          verifyChain(one, trusted, untrusted, moment === undefined ? o.nowMs : Number(moment) * 1000, {
            partial: o.on("partial_chain"),
            chain,
          }) ?? (yield* mismatched(o, one, chain));
        if (wrong === undefined) {
          yield* o.print(`${path ?? "stdin"}: OK\n`);
          if (o.on("show_chain")) yield* o.print(chainText(chain, trusted));
          continue;
        }
        status = 2;
        for (const { code, depth, text, at } of [wrong, ...(wrong.code === 10 ? (wrong.more ?? []) : [])])
          yield* o.complain(`${nameText(at.subject)}\nerror ${code} at ${depth} depth lookup: ${text}\n`);
        yield* o.complain(`error ${path ?? "stdin"}: verification failed\n`);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        yield* o.complain(error.message);
        status = 2;
      }
    }
    return status;
  },
};

/** What -verify_hostname, -verify_ip, -verify_email and -crl_check find; undefined for nothing. */
function* mismatched(
  o: Invocation,
  at: CertificateDocument,
  chain: readonly CertificateDocument[],
): Gen<Problem | undefined> {
  const [host, ip, mail] = [o.value("verify_hostname"), o.value("verify_ip"), o.value("verify_email")];
  const problem = (code: number, text: string): Problem => ({ code, depth: 0, text, at });
  const purpose = o.value("purpose");
  if (purpose !== undefined && !servesFor(at, purpose)) return problem(26, "unsuitable certificate purpose");
  if (o.on("crl_check") || o.on("crl_check_all")) {
    const lists: RevocationList[] = [];
    for (const path of o.values("CRLfile")) lists.push(...listsIn(yield* o.load(path, "CRL")));
    const list = lists.find((one) => same(one.issuer, at.issuer));
    if (list === undefined) return problem(3, "unable to get certificate CRL");
    if (!isSigned(list, chain[1]?.publicKey ?? at.publicKey)) return problem(8, "CRL signature failure");
    if (list.nextUpdate !== undefined && o.nowMs > list.nextUpdate) return problem(12, "CRL has expired");
    if (list.revoked.some(({ serial }) => hexOf(serial) === hexOf(at.serial)))
      return problem(23, "certificate revoked");
  }
  if (host !== undefined && !matchesHost(at, host)) return problem(62, "hostname mismatch");
  if (mail !== undefined && !altNames(at, 0x81).includes(mail)) return problem(63, "email address mismatch");
  if (ip !== undefined && !altNames(at, 0x87).includes(ip)) return problem(64, "IP address mismatch");
  return undefined;
}

/** Uses of extended keys, by the purpose that asks for them. */
const PURPOSES: Readonly<Record<string, string>> = {
  sslclient: "1.3.6.1.5.5.7.3.2",
  sslserver: "1.3.6.1.5.5.7.3.1",
  nssslserver: "1.3.6.1.5.5.7.3.1",
  smimesign: "1.3.6.1.5.5.7.3.4",
  smimeencrypt: "1.3.6.1.5.5.7.3.4",
  timestampsign: "1.3.6.1.5.5.7.3.8",
  codesign: "1.3.6.1.5.5.7.3.3",
};

function servesFor({ extensions }: CertificateDocument, purpose: string): boolean {
  const wanted = PURPOSES[purpose];
  const uses = extensions.find(({ oid }) => oid === OID.extendedKeyUsage);
  if (wanted === undefined || uses === undefined) return true;
  return parse(parse(uses.value)[0]!.content).some(({ content }) => oidText(content) === wanted);
}

/** -show_chain: from the certificate up; what came along is untrusted. */
function chainText(chain: readonly CertificateDocument[], trusted: readonly CertificateDocument[]): string {
  const known = new Set(trusted.map((one) => hexOf(one.der)));
  const lines = chain.map(
    (one, i) => `depth=${i}: ${nameText(one.subject)}${known.has(hexOf(one.der)) ? "" : " (untrusted)"}\n`,
  );
  return `Chain:\n${lines.join("")}`;
}
