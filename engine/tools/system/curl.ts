import { pairProblem } from "../../api/key-pair.ts";
import { documentsIn } from "../../api/trust.ts";
import { decode, type Gen, SECOND, sleep } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { CookieJar } from "./curl-cookies.ts";
import { deliver, hasMeter, type Run, say } from "./curl-deliver.ts";
import { CurlError } from "./curl-error.ts";
import { globbed } from "./curl-glob.ts";
import { CurlUsage, type Settings, settings } from "./curl-options.ts";
import { outgoing, withoutDots } from "./curl-request.ts";
import { brokenOff, conversation, failure, head, METER, malformed, untrusted } from "./curl-words.ts";
import {
  authority,
  type Exchange,
  exchange,
  isFailure,
  parseUrl,
  readable,
  TLS_VERSIONS,
  type Url,
} from "./http-client.ts";
import { hasBusybox } from "./process-view.ts";

const TRY = "curl: try 'curl --help' or 'curl --manual' for more information\n";

/** curl(1): 7.88 on machines, 8 in images. */
export const curl: Program = function* (p) {
  const version = hasBusybox(p) ? "8.14.1" : "7.88.1";
  let s: Settings;
  try {
    s = settings(p.argv.slice(1), version.startsWith("7"), (path) =>
      readable(p, path ?? `${p.env.get("HOME") ?? "/root"}/.curlrc`),
    );
  } catch (error) {
    if (!(error instanceof CurlUsage)) throw error;
    const { help } = error;
    if (help !== undefined) {
      yield* sys.print(p, help);
      return 0;
    }
    yield* sys.printError(p, `${error.message && `curl: ${error.message}\n`}${TRY}`);
    return error.status;
  }
  if (s.version) {
    yield* sys.print(
      p,
      `curl ${version} (x86_64-pc-linux-gnu) libcurl/${version} OpenSSL/3.0.15 zlib/1.2.13\nRelease-Date: 2023-02-20\nProtocols: file ftp ftps http https\nFeatures: alt-svc AsynchDNS HTTP2 HTTPS-proxy IPv6 Largefile libz SSL threadsafe UnixSockets\n`,
    );
    return 0;
  }
  if (s.writeOut?.startsWith("@")) {
    const file = s.writeOut.slice(1);
    const text = file === "-" ? decode(yield* sys.readAll(p, 0)) : readable(p, file);
    if (text === undefined) {
      yield* sys.printError(p, `curl: option -w: error encountered when reading a file\n${TRY}`);
      return 26;
    }
    s.writeOut = text.replace(/[\r\n]/g, "");
  }
  if (s.fail && s.failWithBody) {
    yield* sys.printError(
      p,
      `curl: You must select either --fail or --fail-with-body, not both.\ncurl: option --fail-with-body: is badly used here\n${TRY}`,
    );
    return 2;
  }
  const twice = methodConflict(s);
  if (twice !== undefined) {
    if (!s.silent) yield* sys.printError(p, twice);
    return 2;
  }
  const run: Run = { jar: new CookieJar(p, s.cookies), version, index: 0 };
  let status = 0;
  for (const [i, pattern] of s.urls.entries()) {
    let urls: ReturnType<typeof globbed>;
    try {
      urls = s.globOff ? [{ url: pattern, parts: [] }] : globbed(pattern);
    } catch (error) {
      if (!(error instanceof CurlError)) throw error;
      if (!s.silent || s.showError) yield* sys.printError(p, `curl: (${error.code}) ${error.message}\n`);
      status = error.code;
      continue;
    }
    for (const { url: text, parts } of urls) {
      const named = (s.outputs[i] ?? (s.remoteNames ? "" : undefined))?.replace(
        /#(\d)/g,
        (all, digit: string) => parts[Number(digit) - 1] ?? all,
      );
      const output = named !== undefined && named !== "-" && s.outputDir ? `${s.outputDir}/${named}` : named;
      try {
        yield* persistent(p, s.resume === "auto" ? { ...s, resume: sizeOf(p, text, output) } : s, text, output, run);
      } catch (error) {
        if (error instanceof CurlUsage) {
          yield* sys.printError(p, `curl: ${error.message}\n${TRY}`);
          return error.status;
        }
        if (!(error instanceof CurlError)) throw error;
        if (hasMeter(p, s, output !== undefined) && error.code < 18 && error.code > 4)
          yield* sys.printError(p, `${METER}${METER.slice(METER.lastIndexOf("\r"))}\n`);
        if (!s.silent || s.showError)
          yield* sys.printError(
            p,
            `curl: (${error.code}) ${error.message}\n${error.code === 60 ? untrusted(version) : ""}`,
          );
        yield* say(p, s, run, { code: error.code, message: error.message, url: text });
        status = error.code;
      }
    }
    run.index++;
  }
  if (s.cookieJar !== undefined && s.cookieJar !== "-" && !run.jar.save(p, s.cookieJar))
    yield* sys.printError(p, `Warning: failed to save cookies in ${s.cookieJar}\n`);
  else if (s.cookieJar === "-") yield* sys.print(p, run.jar.text());
  return status;
};

/** Bytes that a file has which a transfer is to go on with (-C -). */
function sizeOf(p: Process, url: string, output: string | undefined): number {
  if (output === undefined || output === "-") return 0;
  const path =
    output === ""
      ? url
          .replace(/[?#].*$/, "")
          .split("/")
          .at(-1)!
      : output;
  const node = path === "" ? undefined : sys.find(p, path);
  return node?.kind === "file" ? node.content.size() : 0;
}

/** What is said of two options that each ask for a method of their own (src/tool_helpers.c). */
function methodConflict(s: Settings): string | undefined {
  const posts = s.body !== undefined && !s.get ? "POST \nWarning: (-d, --data)" : undefined;
  const forms = s.form !== undefined ? "multipart formpost \nWarning: (-F, --form)" : undefined;
  const asked = [
    posts,
    forms,
    s.head ? "HEAD (-I, --head)" : undefined,
    s.upload === undefined ? undefined : "PUT (-T, --upload-file)",
  ];
  const [one, two] = asked.filter((word) => word !== undefined);
  if (two === undefined) return undefined;
  return `Warning: You can only select one HTTP request method! You asked for both ${one} and ${two.replace(" \nWarning: ", " ")}.\n`;
}

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
function* persistent(p: Process, s: Settings, text: string, output: string | undefined, run: Run): Gen {
  const { version } = run;
  let delay = s.retryDelay ?? SECOND;
  for (let left = s.retries; ; left--) {
    try {
      const status = yield* transfer(p, s, text, output, run);
      if (left === 0 || !TRANSIENT.has(status)) return;
      yield* warnRetry(p, s, ": HTTP error", delay, left, version);
    } catch (error) {
      const why = error instanceof CurlError && left > 0 ? transient(s, error) : undefined;
      if (why === undefined) throw error;
      if (!version.startsWith("7") && (!s.silent || s.showError))
        yield* sys.printError(p, `curl: (${(error as CurlError).code}) ${(error as CurlError).message}\n`);
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
function* transfer(p: Process, s: Settings, text: string, output: string | undefined, run: Run): Gen<number> {
  const { version } = run;
  if (s.unixSocket !== undefined)
    throw new CurlError(
      7,
      `Failed to connect to ${parseUrl(text)?.host} port ${parseUrl(text)?.port} after 0 ms: ${version.startsWith("7") ? "Couldn't" : "Could not"} connect to server`,
    );
  if (/^file:/i.test(text)) return yield* fromFile(p, s, text, output);
  let url = parseUrl(text);
  if (url !== undefined && url.port > 65_535)
    throw new CurlError(
      3,
      version.startsWith("7")
        ? "URL using bad/illegal format or missing URL"
        : "URL rejected: Port number was not a decimal number between 0 and 65535",
    );
  if (url !== undefined && !s.pathAsIs) url = { ...url, path: withoutDots(url.path) };
  if (/\s/.test(text)) throw new CurlError(3, malformed(version));
  if (url === undefined)
    throw new CurlError(
      3,
      version.startsWith("7") ? "URL using bad/illegal format or missing URL" : "URL rejected: No host part in the URL",
    );
  const posts = (s.body !== undefined && !s.get) || s.form !== undefined;
  const usual = s.upload !== undefined ? "PUT" : posts ? "POST" : "GET";
  if (s.upload !== undefined && url.path.endsWith("/")) {
    const name = s.upload === "-" ? "" : (s.upload.split("/").at(-1) ?? "");
    url = { ...url, path: url.path + name };
  }
  let method = s.method ?? (s.head ? "HEAD" : usual);
  for (let hops = 0; ; hops++) {
    if (url.scheme !== "http" && url.scheme !== "https") {
      throw new CurlError(
        1,
        `Protocol "${url.scheme}" not supported${version.startsWith("7") ? " or disabled in libcurl" : ""}`,
      );
    }
    const start = p.machine.kernel.now;
    const sent = { uploaded: 0, bytes: 0 };
    const result: Exchange = yield* send(p, s, url, method, run, sent);
    for (const line of cookiesOf(result)) run.jar.set(url, line, Math.floor(p.machine.kernel.wallMs / 1000));
    const location: string | undefined = result.response.headers["location"];
    const { status } = result.response;
    if (!s.location || location === undefined || status < 300 || status > 399) {
      const next = location === undefined ? undefined : relativeTo(url, location);
      const facts = { method, uploaded: sent.uploaded, requestBytes: sent.bytes, redirects: hops };
      try {
        yield* deliver(p, s, url, result, output, start, run, {
          ...facts,
          ...(next && { redirectUrl: `${next.scheme}://${authority(next)}${next.path}` }),
        });
      } finally {
        result.connection.close();
      }
      return status;
    }
    if (s.include || s.head) yield* sys.print(p, head(result, url));
    if (hops >= s.maxRedirects) throw new CurlError(47, `Maximum (${s.maxRedirects}) redirects followed`);
    const next = relativeTo(url, location);
    if (next === undefined) throw new CurlError(3, "URL using bad/illegal format or missing URL");
    if (status === 303 || ((status === 301 || status === 302) && method === "POST" && s.method === undefined))
      method = "GET";
    url = next;
  }
}

/** A file of the machine itself: `file:///path`. */
function* fromFile(p: Process, s: Settings, text: string, output: string | undefined): Gen<number> {
  const path = decodeURIComponent(text.replace(/^file:(\/\/(localhost|127\.0\.0\.1)?)?/i, ""));
  let bytes: Uint8Array;
  try {
    bytes = sys.readBytes(p, path);
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new CurlError(37, `Couldn't open file ${path}`);
  }
  if (s.head || s.include) yield* sys.print(p, `Content-Length: ${bytes.length}\r\nAccept-ranges: bytes\r\n\r\n`);
  if (s.head) return 200;
  if (output === undefined || output === "-") yield* sys.print(p, decode(bytes));
  else sys.writeText(p, output === "" ? (path.split("/").at(-1) ?? "") : output, decode(bytes));
  return 200;
}

/** Where a Location header leads from a URL. */
function relativeTo(url: Url, location: string): Url | undefined {
  if (/^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(location)) return parseUrl(location);
  if (location.startsWith("//")) return parseUrl(`${url.scheme}:${location}`);
  if (location.startsWith("/")) return { ...url, path: location };
  const base = url.path.replace(/\?.*/, "");
  return { ...url, path: location.startsWith("?") ? base + location : base.replace(/[^/]*$/, "") + location };
}

function cookiesOf(result: Exchange): string[] {
  const header = result.response.headers["set-cookie"];
  return header === undefined ? [] : header.split("\n");
}

/** The proxy that a URL goes through: `-x`, or the variables of the environment. */
function proxyOf(p: Process, s: Settings, url: Url): Url | undefined {
  const env = (name: string) => p.env.get(name) ?? p.env.get(name.toUpperCase());
  const text = s.proxy ?? (url.scheme === "https" ? env("https_proxy") : p.env.get("http_proxy")) ?? env("all_proxy");
  if (!text) return undefined;
  const spared = (s.noproxy ?? env("no_proxy") ?? "").split(",").map((one) => one.trim().replace(/^\./, ""));
  if (spared.some((one) => one === "*" || one === url.host || (one !== "" && url.host.endsWith(`.${one}`))))
    return undefined;
  const proxy = parseUrl(text);
  return proxy && { ...proxy, port: /:\d+\/?$/.test(text) ? proxy.port : 1080 };
}

function* send(
  p: Process,
  s: Settings,
  url: Url,
  method: string,
  run: Run,
  sent: { uploaded: number; bytes: number },
): Gen<Exchange> {
  const { version } = run;
  const { headers, spelled, body, path: asked } = yield* outgoing(p, s, url, run.jar, version);
  let path = asked;
  sent.uploaded = body?.length ?? 0;
  sent.bytes = requestText(method, path, headers).length + sent.uploaded;
  const proxy = proxyOf(p, s, url);
  if (proxy !== undefined) {
    headers["proxy-connection"] = "Keep-Alive";
    if (url.scheme === "http") path = `${url.scheme}://${authority(url)}${path}`;
  }
  const target = proxy === undefined ? { ...url, path } : { ...proxy, path };
  const detour = s.connectTo.find(
    ({ host, port }) => (host === "" || host === url.host) && (port === "" || port === String(url.port)),
  );
  const dial = detour && { host: detour.toHost || url.host, port: Number(detour.toPort || url.port) };
  const result = yield* exchange(
    p,
    target,
    {
      method,
      headers,
      spelled,
      ...(s.http10 && { version: "1.0" as const }),
      ...(body === undefined ? {} : { body: { type: "bytes" as const, bytes: body } }),
    },
    {
      connectTimeout: s.connectTimeout,
      maxTime: s.maxTime,
      dial,
      address: s.resolve.get(`${dial?.host ?? url.host}:${dial?.port ?? url.port}`),
      insecure: s.insecure,
      tlsVersions: TLS_VERSIONS.filter((each) => each >= (s.tlsFrom ?? each) && each <= (s.tlsTo ?? each)),
      authorities: () => authorities(p, s),
      clientCertificate: clientCertificate(p, s),
    },
  );
  const dialled = "address" in result ? result.address : undefined;
  if (s.verbose && dialled !== undefined)
    yield* sys.printError(p, `*   Trying ${dialled}:${dial?.port ?? target.port}...\n`);
  const trust = s.insecure ? undefined : (s.cacert ?? "/etc/ssl/certs/ca-certificates.crt");
  if (isFailure(result)) {
    if (s.verbose) yield* sys.printError(p, brokenOff(result, target, version, trust));
    throw failure(result, target, version, proxy !== undefined);
  }
  if (s.verbose)
    yield* sys.printError(p, conversation(result, url, { method, headers, spelled, path }, version, trust));
  return result;
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
  if (text === undefined || documentsIn(text).length === 0) {
    const why =
      text === undefined
        ? "80000002:system library::No such file or directory"
        : "0480006C:PEM routines::no start line";
    throw new CurlError(
      58,
      `could not load PEM client certificate from ${s.cert}, OpenSSL error error:${why}, (no key found, wrong pass phrase, or wrong file format?)`,
    );
  }
  // The key may stand beside the certificate, and must be the one it was made for.
  const from = s.key ?? s.cert;
  if (pairProblem(text, readable(p, from) ?? "") !== undefined)
    throw new CurlError(58, `unable to set private key file: '${from}' type PEM`);
  return text;
}

function requestText(method: string, path: string, headers: Record<string, string>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return `${[`${method} ${path} HTTP/1.1`, ...lines].join("\r\n")}\r\n\r\n`;
}
