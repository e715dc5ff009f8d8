/** What -v shows of TLS (lib/vtls/openssl.c): its messages, what was agreed on, whose certificate it is. */
import type { Gen } from "../../kernel/index.ts";
import type { Listener } from "../../network/index.ts";
import { type DistinguishedName, readCertificate } from "../../pki/documents.ts";
import { calendar, strftime } from "../../text/time.ts";
import type { Trace } from "./curl-trace.ts";
import { pemBlocks } from "./http-client.ts";
import { certificatesOf, matchedName, type TlsProblem } from "./tls-check.ts";

/** How a client goes about it. */
export interface Hello {
  host: string;
  /** curl 7. */
  old: boolean;
  /** The file of authorities; undefined when nobody is asked. */
  trust: string | undefined;
  /** What it offers to speak. */
  offers: readonly string[];
  /** PEM that it shows when it is asked. */
  certificate: string | undefined;
  /** Versions of TLS. */
  versions: readonly string[];
}

interface Peer {
  listener: Listener;
  certificate?: string | undefined;
  problem?: TlsProblem | undefined;
}

/** Bytes of a chain in a Certificate message of TLS 1.3. */
const chainSize = (pem: string): number => pemBlocks(pem).reduce((sum, der) => sum + der.length + 5, 8);

const isAddress = (host: string): boolean => /^[\d.]+$/.test(host);

/** Of a client that begins. */
export function* hello(t: Trace, { old, offers, trust, versions }: Hello): Gen {
  if (offers.length > 0) yield* t.info(`ALPN: ${old ? "" : "curl "}offers ${offers.join(",")}`);
  yield* t.tls("out", 5);
  yield* t.info(`TLSv${versions.at(-1) ?? "1.3"} (OUT), TLS handshake, Client hello (1):`);
  yield* t.tls("out", old ? 512 : 1546);
  if (trust === undefined) return;
  yield* t.info(` CAfile: ${trust}`);
  yield* t.info(` CApath: /etc/ssl/certs`);
}

/** A handshake up to what is wrong with the certificate, if anything is. */
export function* handshake(t: Trace, peer: Peer, client: Hello): Gen {
  yield* hello(t, client);
  const { listener, certificate = "", problem } = peer;
  const refused = client.trust !== undefined && problem?.why === "verify";
  if (client.trust !== undefined) yield* t.tls("in", 5);
  const latest = (listener.tlsVersions ?? ["1.2", "1.3"]).filter((each) => client.versions.includes(each)).at(-1);
  const openssl = listener.library === "openssl";
  const named = isAddress(client.host) ? 0 : 4;
  const rsa = /RSA/.test(certificate) || chainSize(certificate) > 700;
  const agreed = client.offers.includes("h2") && !listener.http1 ? "h2" : client.offers.at(-1);
  const got = function* (version: string, what: string, size: number): Gen {
    yield* t.info(`TLSv${version} (IN), TLS ${what}:`);
    yield* t.tls("in", size);
  };
  const sent = function* (version: string, what: string, size: number): Gen {
    yield* t.info(`TLSv${version} (OUT), TLS ${what}:`);
    yield* t.tls("out", size);
  };
  const shown = client.certificate === undefined ? 8 : chainSize(client.certificate);
  yield* got("1.3", "handshake, Server hello (2)", client.old ? 122 : 1210);
  const modern = latest !== "1.2";
  if (modern) {
    if (!client.old) yield* got("1.3", "change cipher, Change cipher spec (1)", 1);
    yield* got("1.3", "handshake, Encrypted Extensions (8)", (agreed ? 13 + agreed.length : 6) + named);
    if (listener.asksCertificate) yield* got("1.3", "handshake, Request CERT (13)", 45);
  }
  const version = modern ? "1.3" : "1.2";
  yield* got(version, "handshake, Certificate (11)", chainSize(certificate) - (modern ? 0 : 1));
  if (refused) {
    const why = problem.code === 10 ? "certificate expired (557)" : "unknown CA (560)";
    return yield* sent(version, `alert, ${why}`, 2);
  }
  if (modern) {
    yield* got("1.3", "handshake, CERT verify (15)", rsa ? 264 : 79);
    yield* got("1.3", "handshake, Finished (20)", openssl ? 52 : 36);
  } else {
    yield* got("1.2", "handshake, Server key exchange (12)", rsa ? 300 : 115);
    if (listener.asksCertificate) yield* got("1.2", "handshake, Request CERT (13)", 45);
    yield* got("1.2", "handshake, Server finished (14)", 4);
    if (listener.asksCertificate) yield* sent("1.2", "handshake, Certificate (11)", shown - 1);
    yield* sent("1.2", "handshake, Client key exchange (16)", 37);
  }
  yield* sent(version, "change cipher, Change cipher spec (1)", 1);
  if (modern && listener.asksCertificate) {
    yield* sent("1.3", "handshake, Certificate (11)", shown);
    if (client.certificate !== undefined) yield* sent("1.3", "handshake, CERT verify (15)", rsa ? 264 : 80);
  }
  yield* sent(version, "handshake, Finished (20)", modern ? (openssl ? 52 : 36) : 16);
  if (!modern) yield* got("1.2", "handshake, Finished (20)", 16);
  const suite = openssl ? "TLS_AES_256_GCM_SHA384" : "TLS_AES_128_GCM_SHA256";
  const older = `ECDHE-${rsa ? "RSA" : "ECDSA"}-${openssl ? "AES256-GCM-SHA384" : "AES128-GCM-SHA256"}`;
  const groups = client.old ? "" : ` / X25519MLKEM768 / ${rsa ? "RSASSA-PSS" : "id-ecPublicKey"}`;
  yield* t.info(`SSL connection using TLSv${version} / ${modern ? suite : older}${groups}`);
  if (agreed !== undefined) yield* t.info(`ALPN: server accepted ${agreed}`);
  yield* whose(t, { certificate, problem }, client);
}

function* whose(
  t: Trace,
  { certificate, problem }: { certificate: string; problem: TlsProblem | undefined },
  client: Hello,
): Gen {
  const document = readCertificate(pemBlocks(certificate)[0] ?? new Uint8Array(0));
  const [leaf] = certificatesOf(certificate);
  if (document === undefined || leaf === undefined) return;
  const { host, old, trust } = client;
  yield* t.info("Server certificate:");
  yield* t.info(` subject: ${nameText(document.subject)}`);
  yield* t.info(` start date: ${dateText(document.notBefore)}`);
  yield* t.info(` expire date: ${dateText(document.notAfter)}`);
  if (trust !== undefined) {
    const matched = matchedName(leaf, host);
    if (matched === undefined) return yield* t.info(` subjectAltName does not match ${old ? "" : "hostname "}${host}`);
    const what = isAddress(host) ? "IP address!" : `"${matched}"`;
    yield* t.info(` subjectAltName: host "${host}" matched cert's ${what}`);
  }
  yield* t.info(` issuer: ${nameText(document.issuer)}`);
  const doubt = problem?.why === "verify" ? problem : undefined;
  yield* t.info(
    doubt
      ? ` SSL certificate verify result: ${doubt.text} (${doubt.code}), continuing anyway.`
      : " SSL certificate verify ok.",
  );
}

/** Tickets for another time, which a server of TLS 1.3 sends before its first answer. */
export function* tickets(t: Trace, { listener }: Peer, { host, old, certificate, versions }: Hello): Gen {
  yield* t.tls("in", 5);
  if (!versions.includes("1.3") || listener.tlsVersions?.includes("1.3") === false) return;
  const openssl = listener.library === "openssl";
  const size = openssl ? (isAddress(host) ? 249 : 265) : certificate === undefined ? 122 : 538;
  for (let i = 0; i < (openssl ? 2 : 1); i++) {
    yield* t.info("TLSv1.3 (IN), TLS handshake, Newsession Ticket (4):");
    yield* t.tls("in", size);
  }
  if (openssl && old) {
    yield* t.info("old SSL session ID is stale, removing");
    yield* t.tls("in", 5);
  }
}

/** Of a client that ends a connection. */
export function* farewell(t: Trace, { versions }: Hello): Gen {
  yield* t.tls("out", 5);
  yield* t.info(`TLSv${versions.at(-1) ?? "1.3"} (OUT), TLS alert, close notify (256):`);
  yield* t.tls("out", 2);
}

const ATTRIBUTES: Readonly<Record<string, string>> = {
  "2.5.4.3": "CN",
  "2.5.4.6": "C",
  "2.5.4.7": "L",
  "2.5.4.8": "ST",
  "2.5.4.10": "O",
  "2.5.4.11": "OU",
  "1.2.840.113549.1.9.1": "emailAddress",
};

const nameText = (name: DistinguishedName): string =>
  name
    .flat()
    .map(({ oid, value }) => `${ATTRIBUTES[oid] ?? oid}=${value}`)
    .join("; ");

/** `Mar  2 09:00:00 2026 GMT`. */
const dateText = (ms: number): string => `${strftime("%b %e %H:%M:%S %Y", calendar(Math.floor(ms / 1000)))} GMT`;
