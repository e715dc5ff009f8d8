/** openssl s_client: opens a TLS connection and tells what the server showed. */
import type { Gen } from "../../kernel/index.ts";
import { encode } from "../../kernel/index.ts";
import * as sys from "../../machine/sys.ts";
import { type Connection, isNetError } from "../../network/index.ts";
import { resolveHost } from "../../network/resolver.ts";
import { pem } from "../../pki/der.ts";
import type { CertificateDocument } from "../../pki/documents.ts";
import { CURVES, type PublicKey } from "../../pki/keys.ts";
import { bitLength } from "../../pki/rsa.ts";
import { type Command, certificatesIn, errorLine, Failure, type Invocation } from "./command.ts";
import { longNameOf } from "./oids.ts";
import { dateText, nameText } from "./text.ts";
import { verifyChain } from "./verify.ts";

const REFUSED =
  errorLine("8000006F:system library:BIO_connect:Connection refused:../crypto/bio/bio_sock2.c:183:calling connect()") +
  errorLine("10000067:BIO routines:BIO_connect:connect error:../crypto/bio/bio_sock2.c:185:");

function* dial(o: Invocation): Gen<Connection> {
  const target = o.value("connect") ?? o.operands[0] ?? "localhost:4433";
  const colon = /:\d*$/.test(target) ? target.lastIndexOf(":") : target.length;
  const [host, port] = [target.slice(0, colon).replace(/^\[|\]$/g, ""), Number(target.slice(colon + 1) || 4433)];
  const found = yield* resolveHost(o.p, host);
  if (!found.ok) {
    throw new Failure(
      `${errorLine("10080002:BIO routines:BIO_lookup_ex:system lib:../crypto/bio/bio_addr.c:772:Name or service not known")}connect:errno=2\n`,
    );
  }
  try {
    const connection = yield* o.p.machine.network.connect(o.p.ns.net, found.addresses[0]!, port);
    yield* o.complain(`Connecting to ${found.addresses[0]}\n`);
    return connection;
  } catch (error) {
    if (!isNetError(error)) throw error;
    if (error.code === "EOF") {
      // The connection came about, and was closed in the handshake.
      yield* o.complain(`Connecting to ${found.addresses[0]}\n`);
      yield* o.print(NO_TLS.replace("read 5 bytes", "read 0 bytes"));
      throw new Failure("write:errno=104\n");
    }
    const errno: Record<string, number> = { ECONNREFUSED: 111, ETIMEDOUT: 110, EHOSTUNREACH: 113 };
    throw new Failure(`${error.code === "ECONNREFUSED" ? REFUSED : ""}connect:errno=${errno[error.code] ?? 111}\n`);
  }
}

function size(key: PublicKey | undefined): number {
  if (key === undefined) return 0;
  return key.type === "rsa" ? bitLength(key.key.n) : key.type === "ec" ? CURVES[key.curve].bits : 253;
}

function keyLine({ publicKey, algorithm }: CertificateDocument): string {
  const kind = publicKey?.type === "rsa" ? "RSA" : publicKey?.type === "ec" ? "EC" : "ED25519";
  const curve = publicKey?.type === "ec" ? `, ${size(publicKey)} (bit)` : `, ${size(publicKey)} (bit)`;
  return `${kind}${curve}; sigalg: ${longNameOf(algorithm)}`;
}

function signatureType(key: PublicKey | undefined): string {
  if (key?.type === "rsa") return "rsa_pss_rsae_sha256";
  return key?.type === "ec" ? "ecdsa_secp256r1_sha256" : "ed25519";
}

const NO_TLS =
  "CONNECTED(00000003)\n---\nno peer certificate available\n---\nNo client certificate CA names sent\nNegotiated TLS1.3 group: <NULL>\n---\n" +
  "SSL handshake has read 5 bytes and written 1557 bytes\nVerification: OK\n---\nNew, (NONE), Cipher is (NONE)\nProtocol: TLSv1.3\n" +
  "This TLS version forbids renegotiation.\nCompression: NONE\nExpansion: NONE\nNo ALPN negotiated\nEarly data was not sent\n" +
  "Verify return code: 0 (ok)\n---\n";

export const sClient: Command = {
  name: "s_client",
  operands: true,
  options: {
    connect: "s",
    servername: "s",
    showcerts: "-",
    CAfile: "s",
    cert: "s",
    key: "s",
    brief: "-",
    quiet: "-",
    tls1_2: "-",
    tls1_3: "-",
    verify: "s",
    verify_return_error: "-",
    alpn: "s",
    noservername: "-",
    ign_eof: "-",
    prexit: "-",
    starttls: "s",
    status: "-",
  },
  *run(o) {
    const connection = yield* dial(o);
    const { server: listener } = connection;
    const asked = o.on("tls1_2") ? "1.2" : o.on("tls1_3") ? "1.3" : undefined;
    if (listener.tls && asked !== undefined && listener.tlsVersions?.includes(asked) === false) {
      yield* o.complain(
        errorLine(
          "0A00042E:SSL routines:ssl3_read_bytes:tlsv1 alert protocol version:../ssl/record/rec_layer_s3.c:918:SSL alert number 70",
        ),
      );
      yield* o.print(NO_TLS);
      return 1;
    }
    const chain = listener.tls ? certificatesIn(encode(listener.certificate?.(o.value("servername")) ?? "")) : [];
    const [leaf] = chain;
    if (leaf === undefined) {
      yield* o.complain(
        errorLine(
          "0A0000C6:SSL routines:tls_get_more_records:packet length too long:../ssl/record/methods/tls_common.c:662:",
        ),
      );
      yield* o.print(NO_TLS);
      return 1;
    }
    const path = o.value("CAfile");
    const trusted = path === undefined ? [] : certificatesIn(yield* o.load(path, "CA certificates"));
    const wrong = verifyChain(leaf, trusted, chain.slice(1), o.nowMs);
    const subject = nameText(leaf.subject);
    let said = "";
    // A chain that ends early is complained about twice: its issuer is missing, and so the first cannot be verified.
    const final =
      wrong?.code === 20 && chain.length === 1 ? { code: 21, text: "unable to verify the first certificate" } : wrong;
    if (wrong)
      said += `depth=${wrong.depth} ${nameText(wrong.at.subject)}\nverify error:num=${wrong.code}:${wrong.text}\nverify return:1\n`;
    if (final && final !== wrong)
      said += `depth=0 ${subject}\nverify error:num=${final.code}:${final.text}\nverify return:1\n`;
    said += `depth=0 ${subject}\nverify return:1\n`;
    if (o.on("brief")) {
      yield* o.complain(
        `CONNECTION ESTABLISHED\nProtocol version: TLSv1.3\nCiphersuite: TLS_AES_256_GCM_SHA384\nPeer certificate: ${subject}\nHash used: SHA256\n` +
          `Signature type: ${signatureType(leaf.publicKey)}\nVerification${final ? ` error: ${final.text}` : ": OK"}\nNegotiated TLS1.3 group: X25519MLKEM768\nDONE\n`,
      );
      return 0;
    }
    yield* o.complain(said);
    const shown = chain.map(
      (one, i) =>
        ` ${i} s:${nameText(one.subject)}\n   i:${nameText(one.issuer)}\n   a:PKEY: ${keyLine(one)}\n` +
        `   v:NotBefore: ${dateText(one.notBefore)}; NotAfter: ${dateText(one.notAfter)}\n${o.on("showcerts") ? pem("CERTIFICATE", one.der) : ""}`,
    );
    const result = final ? `Verification error: ${final.text}` : "Verification: OK";
    if (!o.on("quiet")) {
      yield* o.print(
        `CONNECTED(00000003)\n---\nCertificate chain\n${shown.join("")}---\nServer certificate\n` +
          `${o.on("showcerts") ? "" : pem("CERTIFICATE", leaf.der)}subject=${subject}\nissuer=${nameText(leaf.issuer)}\n---\n` +
          `No client certificate CA names sent\nPeer signing digest: SHA256\nPeer signature type: ${signatureType(leaf.publicKey)}\nNegotiated TLS1.3 group: X25519MLKEM768\n---\n` +
          `SSL handshake has read 2441 bytes and written 1613 bytes\n${result}\n---\nNew, TLSv1.3, Cipher is TLS_AES_256_GCM_SHA384\nProtocol: TLSv1.3\n` +
          `Server public key is ${size(leaf.publicKey)} bit\nThis TLS version forbids renegotiation.\nCompression: NONE\nExpansion: NONE\nNo ALPN negotiated\nEarly data was not sent\n` +
          `Verify return code: ${final?.code ?? 0} (${final?.text ?? "ok"})\n---\n`,
      );
    }
    while ((yield* sys.read(o.p, 0)).length > 0);
    yield* o.complain("DONE\n");
    return 0;
  },
};
