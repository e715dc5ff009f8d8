import { reasonOf } from "../../network/reason.ts";
import { CurlError } from "./curl-error.ts";
import { authority, type Exchange, type HttpFailure, headerName, type Url } from "./http-client.ts";

/** Why a transfer failed, in the words of curl 7 or 8. */
export function failure(
  result: HttpFailure,
  url: Url,
  version: string,
  proxied: boolean,
  /** --connect-timeout was given. */
  patient: boolean,
): CurlError {
  const old = version.startsWith("7");
  const host = url.host.replace(/^\[(.*)\]$/, "$1");
  switch (result.kind) {
    case "resolve":
      if (proxied) return new CurlError(5, `Could not resolve proxy: ${url.host}`);
      return new CurlError(6, `Could not resolve host: ${url.host}`);
    case "connect": {
      const reason =
        result.code === "ETIMEDOUT" ? "" : old ? "Couldn't connect to server" : "Could not connect to server";
      if (result.code === "ETIMEDOUT")
        return new CurlError(
          28,
          `Failed to connect to ${url.host} port ${url.port} after ${result.ms} ms: ${old ? "Couldn't" : "Could not"} connect to server`,
        );
      return new CurlError(7, `Failed to connect to ${host} port ${url.port} after ${result.ms} ms: ${reason}`);
    }
    case "timeout":
      if (result.phase === "transfer")
        return new CurlError(28, `Operation timed out after ${result.ms} milliseconds with 0 bytes received`);
      return new CurlError(
        28,
        old && patient
          ? `Failed to connect to ${url.host} port ${url.port} after ${result.ms} ms: Timeout was reached`
          : `Connection timed out after ${result.ms} milliseconds`,
      );
    case "tls":
      if (result.why === "verify") return new CurlError(60, `SSL certificate problem: ${result.text}`);
      if (result.why === "name") return new CurlError(60, wrongName(result.commonName, url.host, old));
      return new CurlError(35, `${old ? `${OPENSSL}: ` : "TLS connect error: "}error:${HANDSHAKE[result.why]}`);
    default:
      return url.scheme === "https"
        ? new CurlError(35, "OpenSSL SSL_connect: SSL_ERROR_SYSCALL in connection to ".concat(authority(url)))
        : new CurlError(52, "Empty reply from server");
  }
}

/** The library of the machines' curl. */
export const OPENSSL = "OpenSSL/3.0.15";

/** What -v says of a connection that ends; `softly`: nothing is wrong with it. */
export function closing(number: number, version: string, softly: boolean): string {
  if (version.startsWith("7")) return `Closing connection ${number}`;
  return `${softly ? "shutting down" : "closing"} connection #${number}`;
}

/** Why a handshake does not come about: the server speaks no TLS at all, or none of the versions that it is offered. */
export const HANDSHAKE = {
  "not-tls": "0A00010B:SSL routines::wrong version number",
  eof: "0A000126:SSL routines::unexpected eof while reading",
  version: "0A00042E:SSL routines::tlsv1 alert protocol version",
} as const;

const isAddress = (host: string): boolean => /^[\d.]+$/.test(host);

/** The certificate is another server's (lib/vtls/openssl.c). */
function wrongName(commonName: string | undefined, host: string, old: boolean): string {
  const target = old ? "target host name" : isAddress(host) ? "target ipv4 address" : "target hostname";
  return commonName === undefined
    ? `SSL: no alternative certificate subject name matches ${target} '${host}'`
    : `SSL: certificate subject name '${commonName}' does not match ${target} '${host}'`;
}

/** What an answer comes as; a Go server's complaint about a client that speaks no TLS is HTTP/1.0. */
function protocol({ connection, response }: Exchange, url: Url, two: boolean): string {
  if (two) return "HTTP/2";
  const complaint = url.scheme !== "https" && connection.server.tls && connection.server.plain === undefined;
  return complaint ? "HTTP/1.0" : `HTTP/${response.version ?? "1.1"}`;
}

/** The head of an answer, as `-i` shows it. */
export function head(result: Exchange, url: Url, two = url.scheme === "https"): string {
  const { status, headers, headText, spelled } = result.response;
  if (headText !== undefined) return headText;
  const proto = protocol(result, url, two);
  const first = proto === "HTTP/2" ? `HTTP/2 ${status} ` : `${proto} ${status} ${reasonOf(result.response)}`;
  const lines = Object.entries(headers).flatMap(([name, value]) => {
    // What is of one connection is not told in HTTP/2.
    if (proto === "HTTP/2" && (name === "connection" || name === "transfer-encoding")) return [];
    const values = name === "set-cookie" ? value.split("\n") : [value];
    return values.map((each) => `${proto === "HTTP/2" ? name : (spelled?.[name] ?? headerName(name))}: ${each}`);
  });
  return `${[first, ...lines].join("\r\n")}\r\n\r\n`;
}

/** Of a body that ended too soon. */
export function cutShort(missing: number | "chunks", version: string): string {
  if (missing === "chunks") return "transfer closed with outstanding read data remaining";
  return version.startsWith("7")
    ? `transfer closed with ${missing} bytes remaining to read`
    : `end of response with ${missing} bytes missing`;
}

/** Of a URL with blanks in it. */
export const malformed = (version: string) =>
  version.startsWith("7")
    ? "URL using bad/illegal format or missing URL"
    : "URL rejected: Malformed input to a URL function";

/** What curl says besides of a certificate that it does not trust. */
export const untrusted = (version: string) => `More details here: https://curl.se/docs/sslcerts.html

curl failed to verify the legitimacy of the server and therefore could not
establish a secure connection to it. To learn more about this situation and
how to fix it, please visit the ${version.startsWith("7") ? "web page" : "webpage"} mentioned above.
`;
