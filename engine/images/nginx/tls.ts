import { isErrno } from "../../machine/errno.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import type { Listener } from "../../network/index.ts";
import type { Config, Directive, Listen, Server } from "./config.ts";

/** What a server, or the http block for all of them, says of TLS. */
export interface Tls {
  /** Paths of the certificate and of its key. */
  certificate?: string;
  key?: string;
  /** `1.2`, `1.3`; nginx's own when absent. */
  tlsVersions?: readonly string[];
  /** Whether HTTP/2 is agreed to. */
  http2?: boolean;
}

/** Takes a directive in; false when it says nothing of TLS that matters here. */
export function readTls(tls: Tls, { name, args }: Pick<Directive, "name" | "args">): boolean {
  if (name === "ssl_certificate") tls.certificate = args[0] ?? "";
  else if (name === "ssl_certificate_key") tls.key = args[0] ?? "";
  else if (name === "ssl_protocols") tls.tlsVersions = args.map((each) => each.replace(/^TLSv/, ""));
  else if (name === "http2") tls.http2 = args[0] === "on";
  else return false;
  return true;
}

const absolute = (path: string): string => (path.startsWith("/") ? path : `/etc/nginx/${path}`);

/** What nginx finds wrong with the certificates of its servers (ngx_http_ssl_module, ngx_event_openssl); undefined: nothing. */
export function certificateFault(p: Process, { servers }: Config): string | undefined {
  for (const { listens, certificate, key } of servers) {
    const asked: Listen | undefined = listens.find(({ ssl }) => ssl);
    if (asked === undefined) continue;
    if (certificate === undefined)
      return `no "ssl_certificate" is defined for the "listen ... ssl" directive in ${asked.at}`;
    if (key === undefined) return `no "ssl_certificate_key" is defined for certificate "${absolute(certificate)}"`;
    const chain = pem(p, absolute(certificate));
    if ("fault" in chain) return `cannot load certificate "${absolute(certificate)}": ${chain.fault}`;
    if (!/-----BEGIN [A-Z ]*CERTIFICATE-----/.test(chain.text))
      return `cannot load certificate "${absolute(certificate)}": PEM_read_bio_X509_AUX() failed (${NO_START}:Expecting: TRUSTED CERTIFICATE)`;
    const secret = pem(p, absolute(key));
    if ("fault" in secret) return `cannot load certificate key "${absolute(key)}": ${secret.fault}`;
    if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(secret.text))
      return `cannot load certificate key "${absolute(key)}": PEM_read_bio_PrivateKey() failed (${NO_START}:Expecting: ANY PRIVATE KEY)`;
  }
  return undefined;
}

const NO_START = "SSL: error:0480006C:PEM routines::no start line";

function pem(p: Process, path: string): { text: string } | { fault: string } {
  try {
    return { text: sys.readText(p, path) };
  } catch (error) {
    if (!isErrno(error)) throw error;
    const what = `calling fopen(${path}, r)`;
    const [call, own] =
      error.code === "ENOENT"
        ? ["80000002", "10000080:BIO routines::no such file"]
        : ["8000000D", "10080002:BIO routines::system lib"];
    return {
      fault: `BIO_new_file() failed (SSL: error:${call}:system library::${error.message}:${what} error:${own})`,
    };
  }
}

/** The certificate that a server shows, read when its process was told its configuration. */
function shownCertificate(p: Process, { certificate }: Tls): string {
  const read = certificate === undefined ? undefined : pem(p, absolute(certificate));
  return read && "text" in read ? read.text : "";
}

export const asksTls = ({ listens }: Server, address: string, port: number): boolean =>
  listens.some((one) => one.ssl && one.address === address && one.port === port);

/** TLS of a port that servers share: the certificate is that of the one whose name is asked for. */
export function secured(p: Process, servers: readonly Server[]): Partial<Listener> {
  const shown = new Map(servers.map((one) => [one, shownCertificate(p, one)]));
  const named = (name = "") => servers.find((one) => one.names.includes(name)) ?? servers[0]!;
  const { tlsVersions } = servers[0]!;
  return {
    tls: true,
    library: "openssl",
    http1: !servers.some((one) => one.http2),
    certificate: (name) => shown.get(named(name))!,
    ...(tlsVersions && { tlsVersions }),
  };
}
