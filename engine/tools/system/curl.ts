import { concat, decode, encode, encodeBase64, type Gen, SECOND, sleep } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { CurlUsage, type Datum, type Settings, settings } from "./curl-options.ts";
import {
  authority,
  type Exchange,
  exchange,
  type HttpFailure,
  headerName,
  isFailure,
  parseUrl,
  readable,
  readBody,
  STATUS_TEXTS,
  type Url,
  withTimeout,
} from "./http-client.ts";
import { hasBusybox } from "./process-view.ts";

/** Ends a transfer with curl's exit status and text. */
class CurlError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** curl(1): 7.88 on machines, 8 in images. */
export const curl: Program = function* (p) {
  let s: Settings;
  try {
    s = settings(p.argv.slice(1));
  } catch (error) {
    if (!(error instanceof CurlUsage)) throw error;
    const { help } = error;
    if (help !== undefined) {
      yield* sys.print(p, help);
      return 0;
    }
    yield* sys.printError(
      p,
      `curl: ${error.message}\ncurl: try 'curl --help' or 'curl --manual' for more information\n`,
    );
    return 2;
  }
  const version = hasBusybox(p) ? "8.14.1" : "7.88.1";
  if (s.version) {
    yield* sys.print(
      p,
      `curl ${version} (x86_64-pc-linux-gnu) libcurl/${version} OpenSSL/3.0.15 zlib/1.2.13\nRelease-Date: 2023-02-20\nProtocols: file ftp ftps http https\nFeatures: alt-svc AsynchDNS HTTP2 HTTPS-proxy IPv6 Largefile libz SSL threadsafe UnixSockets\n`,
    );
    return 0;
  }
  let status = 0;
  for (const [i, text] of s.urls.entries()) {
    try {
      yield* persistent(p, s, text, s.outputs[i], version);
    } catch (error) {
      if (!(error instanceof CurlError)) throw error;
      if (!s.silent || s.showError)
        yield* sys.printError(p, `curl: (${error.code}) ${error.message}\n${error.code === 60 ? UNTRUSTED : ""}`);
      if (s.writeOut !== undefined)
        yield* sys.print(p, writeOut(s.writeOut, { code: error.code, message: error.message, url: text }));
      status = error.code;
    }
  }
  return status;
};

const UNTRUSTED = `More details here: https://curl.se/docs/sslcerts.html

curl failed to verify the legitimacy of the server and therefore could not
establish a secure connection to it. To learn more about this situation and
how to fix it, please visit the web page mentioned above.
`;

/** HTTP statuses after which `--retry` tries again (src/tool_operate.c). */
const TRANSIENT = new Set([408, 429, 500, 502, 503, 504]);

/** Why a failed transfer is worth another try, in curl's words. */
function transient(s: Settings, error: CurlError): string | undefined {
  if (error.code === 28 || error.code === 6) return ": timeout";
  if (error.code === 7 && s.retryRefused) return ": connection refused";
  if (error.code === 22 && TRANSIENT.has(Number(/\d+$/.exec(error.message)?.[0]))) return ": HTTP error";
  return s.retryAll ? "(retrying all errors)" : undefined;
}

/** A transfer that is tried again as `--retry` says: after a second, then two, four, up to ten minutes. */
function* persistent(p: Process, s: Settings, text: string, output: string | undefined, version: string): Gen {
  let delay = s.retryDelay ?? SECOND;
  for (let left = s.retries; ; left--) {
    try {
      const status = yield* transfer(p, s, text, output, version);
      if (left === 0 || !TRANSIENT.has(status)) return;
      yield* warnRetry(p, s, ": HTTP error", delay, left, version);
    } catch (error) {
      const why = error instanceof CurlError && left > 0 ? transient(s, error) : undefined;
      if (why === undefined) throw error;
      yield* warnRetry(p, s, why, delay, left, version);
    }
    yield* sleep(delay);
    if (!s.retryDelay) delay = Math.min(delay * 2, 600 * SECOND);
  }
}

function* warnRetry(p: Process, s: Settings, why: string, delay: number, left: number, version: string): Gen {
  if (s.silent) return;
  const count = Math.round(delay / SECOND);
  const old = version.startsWith("7");
  const [wait, tries] = [old || count !== 1 ? "seconds" : "second", old || left !== 1 ? "retries" : "retry"];
  yield* sys.printError(p, `Warning: Problem ${why}. Will retry in ${count} ${wait}. ${left} ${tries} left.\n`);
}

/** The status of the answer that was delivered. */
function* transfer(p: Process, s: Settings, text: string, output: string | undefined, version: string): Gen<number> {
  let url = parseUrl(text);
  if (url === undefined)
    throw new CurlError(
      3,
      version.startsWith("7") ? "URL using bad/illegal format or missing URL" : "URL rejected: No host part in the URL",
    );
  const usual = s.upload !== undefined ? "PUT" : s.body !== undefined && !s.get ? "POST" : "GET";
  let method = s.method ?? (s.head ? "HEAD" : usual);
  for (let hops = 0; ; hops++) {
    if (url.scheme !== "http" && url.scheme !== "https") {
      throw new CurlError(
        1,
        `Protocol "${url.scheme}" not supported${version.startsWith("7") ? " or disabled in libcurl" : ""}`,
      );
    }
    const start = p.machine.kernel.now;
    const result: Exchange = yield* send(p, s, url, method, version);
    const location: string | undefined = result.response.headers["location"];
    const { status } = result.response;
    if (!s.location || location === undefined || status < 300 || status > 399) {
      yield* deliver(p, s, url, result, output, start, hops);
      return status;
    }
    if (s.include || s.head) yield* sys.print(p, head(result, url));
    if (hops >= s.maxRedirects) throw new CurlError(47, `Maximum (${s.maxRedirects}) redirects followed`);
    const next: Url | undefined = location.startsWith("/") ? { ...url, path: location } : parseUrl(location);
    if (next === undefined) throw new CurlError(3, "URL using bad/illegal format or missing URL");
    if (status === 303 || ((status === 301 || status === 302) && method === "POST" && s.method === undefined))
      method = "GET";
    url = next;
  }
}

function* send(p: Process, s: Settings, url: Url, method: string, version: string): Gen<Exchange> {
  const headers: Record<string, string> = {
    host: authority(url),
    "user-agent": s.agent ?? `curl/${version}`,
    accept: "*/*",
  };
  const user = s.user ?? url.user;
  if (user !== undefined) headers["authorization"] = `Basic ${encodeBase64(encode(user))}`;
  const data = s.body === undefined ? undefined : yield* payload(p, s.body);
  const uploaded = s.upload === undefined ? undefined : yield* payload(p, [{ file: s.upload, binary: true }]);
  const body = uploaded ?? (s.get ? undefined : data);
  if (uploaded !== undefined) headers["content-length"] = String(uploaded.length);
  else if (body !== undefined) {
    headers["content-type"] = s.json ? "application/json" : "application/x-www-form-urlencoded";
    if (s.json) headers["accept"] = "application/json";
    headers["content-length"] = String(body.length);
  }
  for (const line of s.headers) {
    const at = line.search(/[:;]/);
    if (at < 0) continue;
    const name = line.slice(0, at).trim().toLowerCase();
    const value = line.slice(at + 1).trim();
    if (value === "" && line[at] === ":") delete headers[name];
    else headers[name] = value;
  }
  const path =
    s.get && data !== undefined ? `${url.path}${url.path.includes("?") ? "&" : "?"}${decode(data)}` : url.path;
  const target = { ...url, path };
  const result = yield* exchange(
    p,
    target,
    { method, headers, ...(body === undefined ? {} : { body: { type: "bytes" as const, bytes: body } }) },
    {
      connectTimeout: s.connectTimeout,
      maxTime: s.maxTime,
      address: s.resolve.get(`${url.host}:${url.port}`),
      insecure: s.insecure,
      authorities: authorities(p, s),
      clientCertificate: clientCertificate(p, s),
    },
  );
  const dialled = isFailure(result) ? (result.kind === "connect" ? result.address : undefined) : result.address;
  if (s.verbose && dialled !== undefined) yield* sys.printError(p, `*   Trying ${dialled}:${url.port}...\n`);
  if (isFailure(result)) throw failure(result, url, version);
  if (s.verbose) yield* sys.printError(p, conversation(result, url, method, headers, path));
  return result;
}

function* payload(p: Process, parts: readonly Datum[]): Gen<Uint8Array> {
  const texts: string[] = [];
  for (const { text: given, file, binary } of parts) {
    if (file === undefined) texts.push(given ?? "");
    else {
      const text = file === "-" ? decode(yield* standardInput(p)) : readable(p, file);
      if (text === undefined) throw new CurlError(26, `Failed to open ${file}`);
      texts.push(binary ? text : text.replace(/[\r\n]/g, ""));
    }
  }
  return encode(texts.join("&"));
}

function* standardInput(p: Process): Gen<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for (;;) {
    const bytes = yield* sys.read(p, 0);
    if (bytes.length === 0) return concat(chunks);
    chunks.push(bytes);
  }
}

function authorities(p: Process, s: Settings): string | undefined {
  if (s.cacert === undefined) return undefined;
  const text = readable(p, s.cacert);
  if (text === undefined || !text.includes("BEGIN CERTIFICATE")) {
    throw new CurlError(77, `error setting certificate file: ${s.cacert}`);
  }
  return text;
}

function clientCertificate(p: Process, s: Settings): string | undefined {
  if (s.cert === undefined) return undefined;
  const text = readable(p, s.cert);
  if (text === undefined)
    throw new CurlError(
      58,
      `could not load PEM client certificate from ${s.cert}, OpenSSL error error:80000002:system library::No such file or directory, (no key found, wrong pass phrase, or wrong file format?)`,
    );
  if (s.key !== undefined && readable(p, s.key) === undefined) {
    throw new CurlError(58, `unable to set private key file: '${s.key}' type PEM`);
  }
  return text;
}

function failure(result: HttpFailure, url: Url, version: string): CurlError {
  const old = version.startsWith("7");
  switch (result.kind) {
    case "resolve":
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

function head(result: Exchange, url: Url): string {
  const { status, headers } = result.response;
  const proto = protocol(result, url);
  const first = proto === "HTTP/2" ? `HTTP/2 ${status} ` : `${proto} ${status} ${STATUS_TEXTS[status] ?? ""}`;
  const lines = Object.entries(headers).map(
    ([name, value]) => `${proto === "HTTP/2" ? name : headerName(name)}: ${value}`,
  );
  return `${[first, ...lines].join("\r\n")}\r\n\r\n`;
}

function conversation(
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

function* deliver(
  p: Process,
  s: Settings,
  url: Url,
  result: Exchange,
  output: string | undefined,
  start: number,
  redirects: number,
): Gen {
  const { response } = result;
  const { kernel } = p.machine;
  if (s.fail && response.status >= 400) throw new CurlError(22, `The requested URL returned error: ${response.status}`);
  const path =
    output === "" ? (url.path.replace(/\?.*/, "").split("/").at(-1) ?? "") : output === "-" ? undefined : output;
  if (path === "") throw new CurlError(23, "Remote file name has no length");
  let file: ReturnType<typeof sys.openFile> | undefined;
  if (path !== undefined) {
    try {
      file = sys.openFile(p, path, { write: true, create: true, truncate: true });
    } catch (error) {
      if (!isErrno(error)) throw error;
      throw new CurlError(23, "Failure writing output to destination");
    }
    file.refs++;
  }
  let size = 0;
  const meter = !s.silent && (file !== undefined || (p.fds.get(1)?.tty === undefined && !s.head)) && !s.noMeter;
  if (meter) yield* sys.printError(p, METER);
  const sink = function* (bytes: Uint8Array): Gen {
    size += bytes.length;
    if (file) yield* file.write(bytes);
    else yield* sys.write(p, 1, bytes);
  };
  if (s.include || s.head) yield* file ? file.write(encode(head(result, url))) : sys.print(p, head(result, url));
  if (!s.head) {
    const left = s.maxTime === undefined ? Number.POSITIVE_INFINITY : start + s.maxTime - kernel.now;
    const done = yield* withTimeout(p, finished(readBody(response.body, sink)), left);
    if (done === undefined)
      throw new CurlError(
        28,
        `Operation timed out after ${Math.floor((kernel.now - start) / 1000)} milliseconds with ${size} bytes received`,
      );
  }
  if (file && --file.refs === 0) file.close();
  const total = kernel.now - start;
  if (meter) yield* sys.printError(p, meterLine(size, total));
  if (s.verbose) yield* sys.printError(p, `* Connection #0 to host ${url.host} left intact\n`);
  if (s.dumpHeader !== undefined) {
    if (s.dumpHeader === "-") yield* sys.print(p, head(result, url));
    else sys.writeText(p, s.dumpHeader, head(result, url));
  }
  if (s.writeOut !== undefined)
    yield* sys.print(
      p,
      writeOut(s.writeOut, {
        code: 0,
        message: "",
        url: `${url.scheme}://${authority(url)}${url.path}`,
        result,
        total,
        size,
        redirects,
        version: url.scheme === "https" ? "2" : "1.1",
      }),
    );
  if (s.failWithBody && response.status >= 400)
    throw new CurlError(22, `The requested URL returned error: ${response.status}`);
}

function* finished(work: Gen): Gen<true> {
  yield* work;
  return true;
}

const METER =
  "  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current\n                                 Dload  Upload   Total   Spent    Left  Speed\n\r  0     0    0     0    0     0      0      0 --:--:-- --:--:-- --:--:--     0";

function meterLine(size: number, total: number): string {
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

interface Facts {
  code: number;
  message: string;
  url: string;
  result?: Exchange;
  total?: number;
  size?: number;
  redirects?: number;
  version?: string;
}

/** The text of `-w`, its variables filled in. */
function writeOut(format: string, facts: Facts): string {
  const { result } = facts;
  const seconds = (us: number | undefined) => ((us ?? 0) / SECOND).toFixed(6);
  const values: Record<string, string> = {
    http_code: String(result?.response.status ?? 0).padStart(3, "0"),
    response_code: String(result?.response.status ?? 0).padStart(3, "0"),
    content_type: result?.response.headers["content-type"] ?? "",
    exitcode: String(facts.code),
    errormsg: facts.message,
    http_version: result ? (facts.version ?? "1.1") : "0",
    local_ip: result?.connection.localAddress ?? "",
    local_port: String(result?.connection.localPort ?? 0),
    num_redirects: String(facts.redirects ?? 0),
    redirect_url: result?.response.headers["location"] ?? "",
    remote_ip: result?.address ?? "",
    remote_port: String(result?.connection.remotePort ?? 0),
    scheme: facts.url.startsWith("https") ? "HTTPS" : "HTTP",
    size_download: String(facts.size ?? 0),
    speed_download: String(Math.floor((facts.size ?? 0) / Math.max((facts.total ?? 0) / SECOND, 0.000_001))),
    time_appconnect: seconds(0),
    time_connect: seconds(result?.connect),
    time_namelookup: seconds(result?.lookup),
    time_starttransfer: seconds(result?.head),
    time_total: seconds(facts.total),
    url: facts.url,
    url_effective: facts.url,
  };
  return format
    .replace(/%\{([a-z_]+)\}/g, (all, name: string) => values[name] ?? all)
    .replace(/%%/g, "%")
    .replace(/\\n/g, "\n")
    .replace(/\\t/g, "\t")
    .replace(/\\r/g, "\r");
}
