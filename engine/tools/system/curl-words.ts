import { SECOND } from "../../kernel/index.ts";
import { reasonOf } from "../../network/reason.ts";
import { type DistinguishedName, readCertificate } from "../../pki/documents.ts";
import { calendar, strftime } from "../../text/time.ts";
import { CurlError } from "./curl-error.ts";
import { authority, type Exchange, type HttpFailure, headerName, pemBlocks, type Url } from "./http-client.ts";
import { certificatesOf, matchedName, type TlsProblem } from "./tls-check.ts";

/** Why a transfer failed, in the words of curl 7 or 8. */
export function failure(result: HttpFailure, url: Url, version: string, proxied: boolean): CurlError {
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
        old
          ? `Failed to connect to ${url.host} port ${url.port} after ${result.ms} ms: Timeout was reached`
          : `Connection timed out after ${result.ms} milliseconds`,
      );
    case "tls":
      if (result.why === "verify") return new CurlError(60, `SSL certificate problem: ${result.text}`);
      if (result.why === "name") return new CurlError(60, wrongName(result.commonName, url.host, old));
      return new CurlError(35, `${old ? "" : "TLS connect error: "}error:${HANDSHAKE[result.why]}`);
    default:
      return url.scheme === "https"
        ? new CurlError(35, "OpenSSL SSL_connect: SSL_ERROR_SYSCALL in connection to ".concat(authority(url)))
        : new CurlError(52, "Empty reply from server");
  }
}

/** Why a handshake does not come about: the server speaks no TLS at all, or none of the versions that it is offered. */
export const HANDSHAKE = {
  "not-tls": "0A00010B:SSL routines::wrong version number",
  version: "0A00042E:SSL routines::tlsv1 alert protocol version",
} as const;

/** The certificate is another server's (lib/vtls/openssl.c). */
function wrongName(commonName: string | undefined, host: string, old: boolean): string {
  const target = old ? "target host name" : isAddress(host) ? "target ipv4 address" : "target hostname";
  return commonName === undefined
    ? `SSL: no alternative certificate subject name matches ${target} '${host}'`
    : `SSL: certificate subject name '${commonName}' does not match ${target} '${host}'`;
}

/** HTTP/2 for TLS as Go servers speak it, else HTTP/1.1; a Go server's complaint is HTTP/1.0. */
function protocol(result: Exchange, url: Url): string {
  if (url.scheme === "https") return "HTTP/2";
  return result.connection.listener.tls ? "HTTP/1.0" : "HTTP/1.1";
}

/** The head of an answer, as `-i` shows it. */
export function head(result: Exchange, url: Url): string {
  const { status, headers, headText } = result.response;
  if (headText !== undefined) return headText;
  const proto = protocol(result, url);
  const first = proto === "HTTP/2" ? `HTTP/2 ${status} ` : `${proto} ${status} ${reasonOf(result.response)}`;
  const lines = Object.entries(headers).map(
    ([name, value]) => `${proto === "HTTP/2" ? name : headerName(name)}: ${value}`,
  );
  return `${[first, ...lines].join("\r\n")}\r\n\r\n`;
}

const STEPS = ["Server hello (2)", "Encrypted Extensions (8)", "Certificate (11)", "CERT verify (15)", "Finished (20)"];

/** What `-v` shows of TLS (lib/vtls/openssl.c). `trust`: the file of authorities; undefined when nobody is asked. */
function handshake(
  { certificate = "", problem }: { certificate?: string; problem?: TlsProblem | undefined },
  host: string,
  trust: string | undefined,
  old: boolean,
): string[] {
  const out = (what: string) => `* TLSv1.3 (OUT), TLS ${what}`;
  const lines = [`* ALPN: ${old ? "" : "curl "}offers h2,http/1.1`, out("handshake, Client hello (1):")];
  if (trust !== undefined) lines.push(`*  CAfile: ${trust}`, "*  CApath: /etc/ssl/certs");
  const refused = trust !== undefined && problem?.why === "verify";
  lines.push(...STEPS.slice(0, refused ? 3 : 5).map((step) => `* TLSv1.3 (IN), TLS handshake, ${step}:`));
  if (refused) {
    lines.push(out(`alert, ${problem.code === 10 ? "certificate expired (557)" : "unknown CA (560)"}:`));
    return lines;
  }
  lines.push(out("change cipher, Change cipher spec (1):"), out("handshake, Finished (20):"));
  lines.push("* SSL connection using TLSv1.3 / TLS_AES_128_GCM_SHA256", "* ALPN: server accepted h2");
  const document = readCertificate(pemBlocks(certificate)[0] ?? new Uint8Array(0));
  const [leaf] = certificatesOf(certificate);
  if (document === undefined || leaf === undefined) return lines;
  lines.push(
    "* Server certificate:",
    `*  subject: ${nameText(document.subject)}`,
    `*  start date: ${dateText(document.notBefore)}`,
    `*  expire date: ${dateText(document.notAfter)}`,
  );
  if (trust !== undefined) {
    const matched = matchedName(leaf, host);
    if (matched === undefined) return [...lines, `*  subjectAltName does not match ${old ? "" : "hostname "}${host}`];
    const what = isAddress(host) ? "IP address!" : `"${matched}"`;
    lines.push(`*  subjectAltName: host "${host}" matched cert's ${what}`);
  }
  lines.push(`*  issuer: ${nameText(document.issuer)}`);
  const doubt = problem?.why === "verify" ? problem : undefined;
  lines.push(
    doubt
      ? `*  SSL certificate verify result: ${doubt.text} (${doubt.code}), continuing anyway.`
      : "*  SSL certificate verify ok.",
  );
  return lines;
}

/** What `-v` shows of a connection that TLS ended. */
export function brokenOff(result: HttpFailure, url: Url, version: string, trust: string | undefined): string {
  if (result.kind !== "tls" || result.why === "not-tls" || result.why === "version") return "";
  const old = version.startsWith("7");
  const lines = old ? [`* Connected to ${url.host} (${result.address}) port ${url.port} (#0)`] : [];
  lines.push(...handshake({ certificate: result.certificate, problem: result }, url.host, trust, old));
  lines.push(`* ${failure(result, url, version, false).message}`);
  lines.push(old ? "* Closing connection 0" : "* closing connection #0");
  return `${lines.join("\n")}\n`;
}

const isAddress = (host: string): boolean => /^[\d.]+$/.test(host);

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

/** What `-v` shows of request and answer. */
export function conversation(
  result: Exchange,
  url: Url,
  sent: { method: string; headers: Record<string, string>; spelled: Record<string, string>; path: string },
  version: string,
  trust: string | undefined,
): string {
  const { method, headers, spelled, path } = sent;
  const proto = protocol(result, url);
  const old = version.startsWith("7");
  const connected = `* Connected to ${url.host} (${result.address}) port ${url.port}`;
  const lines = old ? [`${connected} (#0)`] : [];
  if (url.scheme === "https") {
    lines.push(...handshake(result, url.host, trust, old));
    if (!old) lines.push(connected);
    lines.push("* using HTTP/2");
  } else if (!old) lines.push(connected, "* using HTTP/1.x");
  lines.push(`> ${method} ${path} ${proto === "HTTP/2" ? proto : "HTTP/1.1"}\r`);
  for (const [name, value] of Object.entries(headers))
    lines.push(`> ${spelled[name] ?? headerName(name)}:${value === "" ? "" : ` ${value}`}\r`);
  lines.push("> \r");
  if (!old) lines.push("* Request completely sent off");
  const answer = head(result, url).split("\r\n").slice(0, -2);
  for (const line of answer) lines.push(`< ${line}\r`);
  lines.push("< \r");
  return `${lines.join("\n")}\n`;
}

/** What `-v` says last: whether the connection stays open. */
export function goodbye({ response }: Exchange, host: string, version: string): string {
  if (!/\bclose\b/i.test(response.headers["connection"] ?? "")) return `* Connection #0 to host ${host} left intact\n`;
  return version.startsWith("7") ? "* Closing connection 0\n" : "* shutting down connection #0\n";
}

/** Of a body that ended too soon. */
export function cutShort(missing: number | "chunks", version: string): string {
  if (missing === "chunks") return "transfer closed with outstanding read data remaining";
  return version.startsWith("7")
    ? `transfer closed with ${missing} bytes remaining to read`
    : `end of response with ${missing} bytes missing`;
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
export const untrusted = (version: string) => `More details here: https://curl.se/docs/sslcerts.html

curl failed to verify the legitimacy of the server and therefore could not
establish a secure connection to it. To learn more about this situation and
how to fix it, please visit the ${version.startsWith("7") ? "web page" : "webpage"} mentioned above.
`;
