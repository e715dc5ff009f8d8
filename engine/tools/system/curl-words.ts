import { SECOND } from "../../kernel/index.ts";
import { reasonOf } from "../../network/reason.ts";
import { CurlError } from "./curl-error.ts";
import { authority, type Exchange, type HttpFailure, headerName, type Url } from "./http-client.ts";

/** Why a transfer failed, in the words of curl 7 or 8. */
export function failure(result: HttpFailure, url: Url, version: string, proxied: boolean): CurlError {
  const old = version.startsWith("7");
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
      return new CurlError(7, `Failed to connect to ${url.host} port ${url.port} after ${result.ms} ms: ${reason}`);
    }
    case "timeout":
      if (result.phase === "transfer")
        return new CurlError(28, `Operation timed out after ${result.ms} milliseconds with 0 bytes received`);
      return new CurlError(
        28,
        old
          ? `Failed to connect to ${url.host} port ${url.port} after ${result.ms} ms: Timeout was reached`
          : `Connection timed out after ${result.ms} milliseconds`,
      );
    case "tls":
      if (result.why === "unknown-issuer")
        return new CurlError(60, "SSL certificate problem: unable to get local issuer certificate");
      return new CurlError(
        35,
        old
          ? "error:0A00010B:SSL routines::wrong version number"
          : "TLS connect error: error:0A00010B:SSL routines::wrong version number",
      );
    default:
      return url.scheme === "https"
        ? new CurlError(35, "OpenSSL SSL_connect: SSL_ERROR_SYSCALL in connection to ".concat(authority(url)))
        : new CurlError(52, "Empty reply from server");
  }
}

/** HTTP/2 for TLS as Go servers speak it, else HTTP/1.1; a Go server's complaint is HTTP/1.0. */
function protocol(result: Exchange, url: Url): string {
  if (url.scheme === "https") return "HTTP/2";
  return result.connection.listener.tls ? "HTTP/1.0" : "HTTP/1.1";
}

/** The head of an answer, as `-i` shows it. */
export function head(result: Exchange, url: Url): string {
  const { status, headers } = result.response;
  const proto = protocol(result, url);
  const first = proto === "HTTP/2" ? `HTTP/2 ${status} ` : `${proto} ${status} ${reasonOf(result.response)}`;
  const lines = Object.entries(headers).map(
    ([name, value]) => `${proto === "HTTP/2" ? name : headerName(name)}: ${value}`,
  );
  return `${[first, ...lines].join("\r\n")}\r\n\r\n`;
}

/** What `-v` shows of request and answer. */
export function conversation(
  result: Exchange,
  url: Url,
  method: string,
  headers: Record<string, string>,
  path: string,
): string {
  const proto = protocol(result, url);
  const lines = [`* Connected to ${url.host} (${result.address}) port ${url.port} (#0)`];
  if (url.scheme === "https") lines.push("* SSL connection using TLSv1.3 / TLS_AES_128_GCM_SHA256", "* using HTTP/2");
  lines.push(`> ${method} ${path} ${proto === "HTTP/2" ? proto : "HTTP/1.1"}`);
  for (const [name, value] of Object.entries(headers)) lines.push(`> ${headerName(name)}: ${value}`);
  lines.push("> ");
  const answer = head(result, url).split("\r\n").slice(0, -2);
  for (const line of answer) lines.push(`< ${line}`);
  lines.push("< ");
  return `${lines.join("\n")}\n`;
}

/** The first lines of the progress meter. */
export const METER =
  "  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current\n                                 Dload  Upload   Total   Spent    Left  Speed\n\r  0     0    0     0    0     0      0      0 --:--:-- --:--:-- --:--:--     0";

/** Its last line. */
export function meterLine(size: number, total: number): string {
  const speed = (n: number) =>
    n < 100_000
      ? String(Math.floor(n))
      : n < 10_000 * 1024
        ? `${Math.floor(n / 1024)}k`
        : `${Math.floor(n / 1048576)}M`;
  const rate = speed(size / Math.max(total / SECOND, 0.000_001));
  const count = speed(size).padStart(5);
  return `\r${size > 0 ? "100" : "  0"} ${count}  ${size > 0 ? "100" : "  0"} ${count}    0     0 ${rate.padStart(6)}      0 --:--:-- --:--:-- --:--:-- ${rate.padStart(5)}\n`;
}

/** Of a URL with blanks in it. */
export const malformed = (version: string) =>
  version.startsWith("7")
    ? "URL using bad/illegal format or missing URL"
    : "URL rejected: Malformed input to a URL function";

/** What curl says besides of a certificate that it does not trust. */
export const UNTRUSTED = `More details here: https://curl.se/docs/sslcerts.html

curl failed to verify the legitimacy of the server and therefore could not
establish a secure connection to it. To learn more about this situation and
how to fix it, please visit the web page mentioned above.
`;
