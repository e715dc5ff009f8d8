/** One transfer of curl's, with the redirects that it follows. */
import { decode, encode, type Gen, SECOND } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { deliver, hasMeter, ignore, Output, showHead, stays } from "./curl-deliver.ts";
import { CurlError } from "./curl-error.ts";
import { METER, NOTHING } from "./curl-meter.ts";
import { withoutDots } from "./curl-request.ts";
import type { Run } from "./curl-run.ts";
import { type Hop, send } from "./curl-send.ts";
import type { Settings } from "./curl-settings.ts";
import { closing, head, malformed } from "./curl-words.ts";
import type { Facts } from "./curl-write-out.ts";
import { authority, parseUrl, readable, type Url } from "./http-client.ts";

/** The URL of a text. Throws `CurlError`. */
function urlOf(s: Settings, text: string, version: string): Url {
  const old = version.startsWith("7");
  const usual =
    /^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(text) || s.protoDefault === undefined ? text : `${s.protoDefault}://${text}`;
  // Further slashes behind a scheme are passed over.
  const url = parseUrl(usual.replace(/^([a-z]+:\/\/)\/+(?=[^/])/i, "$1"));
  const port = /^(?:[a-z]+:\/\/)?[^/?#@]*:([^/?#:\]]+)(?:[/?#]|$)/i.exec(text)?.[1];
  if (port !== undefined && !/^\d+$/.test(port) && !old && url === undefined)
    throw new CurlError(3, "URL rejected: Port number was not a decimal number between 0 and 65535");
  if (url !== undefined && url.port > 65_535)
    throw new CurlError(
      3,
      old
        ? "URL using bad/illegal format or missing URL"
        : "URL rejected: Port number was not a decimal number between 0 and 65535",
    );
  if (/\s/.test(text)) throw new CurlError(3, malformed(version));
  if (url === undefined)
    throw new CurlError(
      3,
      old ? "URL using bad/illegal format or missing URL" : "URL rejected: No host part in the URL",
    );
  return s.pathAsIs ? url : { ...url, path: withoutDots(url.path) };
}

/** The status of the answer that was delivered. Throws `CurlError`. */
export function* transfer(p: Process, s: Settings, text: string, output: string | undefined, run: Run): Gen<number> {
  const { trace: t, version } = run;
  const { kernel } = p.machine;
  if (/^file:/i.test(text)) return yield* fromFile(p, s, text, output, run);
  const start = kernel.now;
  run.deadline = s.maxTime === undefined ? Number.POSITIVE_INFINITY : start + s.maxTime;
  run.patience = s.connectTimeout === undefined ? undefined : Math.floor(s.connectTimeout / 1000);
  const toFile = output !== undefined && output !== "-";
  t.bare = !toFile && p.fds.get(1)?.tty !== undefined;
  const meter = hasMeter(p, s, toFile);
  let begun = false;
  const begin = function* (): Gen {
    if (meter && !begun) yield* sys.printError(p, METER);
    begun = true;
  };
  try {
    return yield* hops(p, s, text, output, run, start, begin);
  } catch (error) {
    if (!(error instanceof CurlError)) throw error;
    const early = error.code === 3 || error.code === 1;
    if (!error.told && !(error.code === 3 && version.startsWith("7"))) yield* t.info(error.message);
    if (begun && meter && !error.metered) {
      const seconds = Math.floor((kernel.now - start) / SECOND);
      const spent = `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`.padStart(
        8,
      );
      yield* sys.printError(p, seconds === 0 ? NOTHING : NOTHING.replace(/(--:--:-- )--:--:--/, `$1${spent}`));
    }
    if (early) yield* t.info(closing(-1, version, false));
    else if (error.closes !== undefined) yield* t.info(error.closes);
    if (error.after !== undefined) yield* error.after();
    throw error;
  }
}

const two = (n: number) => String(n).padStart(2, "0");

function* hops(
  p: Process,
  s: Settings,
  text: string,
  output: string | undefined,
  run: Run,
  start: number,
  begin: () => Gen,
): Gen<number> {
  const { version, trace: t } = run;
  const { kernel } = p.machine;
  const old = version.startsWith("7");
  let url = urlOf(s, text, version);
  const first = url;
  const posts = (s.body !== undefined && !s.get) || s.form !== undefined;
  const usual = s.upload !== undefined ? "PUT" : posts ? "POST" : "GET";
  if (s.upload !== undefined && url.path.endsWith("/")) {
    const name = s.upload === "-" ? "" : (s.upload.split("/").at(-1) ?? "");
    url = { ...url, path: url.path + name };
  }
  const hop: Hop = { method: s.method ?? (s.head ? "HEAD" : usual), bodyless: false, foreign: false };
  run.old.clear();
  for (const one of s.cookies)
    if (one !== "" && !one.includes("=") && readable(p, one) === undefined)
      yield* t.info(`WARNING: failed to open cookie file "${one}"`);
  const facts: Facts = { code: 0, message: "", url: text, requestBytes: 0, headBytes: 0, connects: 0, redirectTime: 0 };
  facts.method = hop.method;
  run.facts = facts;
  facts.effective = `${url.scheme}://${authority(url)}${url.path}`;
  const sink = new Output(p, s, output, run);
  if (s.unixSocket !== undefined) {
    const node = sys.find(p, s.unixSocket);
    const why = node === undefined ? "No such file or directory" : "Connection refused";
    yield* t.info(`  Trying ${s.unixSocket}:0...`);
    yield* t.info(`Immediate connect fail for ${s.unixSocket}: ${why}`);
    const could = old ? "Couldn't" : "Could not";
    const error = new CurlError(
      7,
      `Failed to connect to ${url.host} port ${url.port} after 0 ms: ${could} connect to server`,
    );
    error.closes = closing(0, version, false);
    throw error;
  }
  for (let redirects = 0; ; redirects++) {
    const known = url.scheme === "http" || url.scheme === "https";
    if (!known && redirects > 0)
      throw new CurlError(1, "The redirect target URL could not be parsed: Unsupported URL scheme");
    if (known && s.protocols?.has(url.scheme) === false && !old)
      throw new CurlError(1, `Protocol "${url.scheme}" disabled`);
    if (!known || s.protocols?.has(url.scheme) === false)
      throw new CurlError(1, `Protocol "${url.scheme}" not supported${old ? " or disabled in libcurl" : ""}`);
    const before = kernel.now - start;
    const sent = yield* send(p, s, url, hop, run, begin);
    const { result, pooled } = sent;
    const { response } = result;
    const { status } = response;
    facts.result = result;
    facts.port = url.port;
    facts.version = pooled.two ? "2" : response.version === "1.0" ? "1" : "1.1";
    const location = response.headers["location"];
    const next = location === undefined ? undefined : relativeTo(url, location);
    facts.requestBytes! += sent.bytes;
    facts.headBytes! += response.status === 0 ? 0 : head(result, url, pooled.two).length;
    facts.connects! += sent.connected === undefined ? 0 : 1;
    facts.redirects = redirects;
    facts.lookup ??= before + result.lookup;
    if (sent.connected !== undefined) facts.connected = before + sent.connected;
    facts.started = before + result.head;
    facts.headLines = response.status === 0 ? 0 : head(result, url, pooled.two).split("\n").length - 3;
    facts.uploaded = sent.uploaded;
    const follows = s.location && location !== undefined && status >= 300 && status <= 399;
    const asked = sent.expects && pooled.connection.server.http !== undefined;
    const shows = {
      asked,
      stopped: asked && status >= 400 && old,
      cookies: s.cookies.length > 0 || s.cookieJar !== undefined,
      rewinds: follows && sent.uploaded > 0,
    };
    if (!follows) {
      if (response.status !== 0) {
        const fails = s.fail && status >= 400;
        yield* showHead(p, s, url, sent, run, { ...shows, ...(fails && { before: [refusal(status)], unended: old }) });
      }
      const told = { ...facts, ...(next && { redirectUrl: `${next.scheme}://${authority(next)}${next.path}` }) };
      yield* deliver(p, s, url, sent, sink, start, run, told);
      return status;
    }
    const ignored = old || !stays(sent) ? [] : ["Ignoring the response-body", "setting size while ignoring"];
    yield* showHead(p, s, url, sent, run, { ...shows, before: ignored });
    yield* sink.head(head(result, url, pooled.two));
    yield* ignore(s, sent, run);
    if (redirects >= s.maxRedirects) throw new CurlError(47, `Maximum (${s.maxRedirects}) redirects followed`);
    if (next === undefined) throw new CurlError(3, "URL using bad/illegal format or missing URL");
    if (old && !s.trusted && /^[a-z]+:\/\//i.test(location) && next.port !== url.port)
      yield* t.info(`Clear auth, redirects to port from ${url.port} to ${next.port}`);
    yield* t.info(`Issue another request to this URL: '${next.scheme}://${authority(next)}${next.path}'`);
    yield* follow(s, hop, status, run);
    if (s.referAuto) s.referer = `${url.scheme}://${authority(url)}${url.path}`;
    hop.foreign = !s.trusted && (next.host !== first.host || next.port !== first.port || next.scheme !== first.scheme);
    facts.redirectTime = kernel.now - start;
    url = s.pathAsIs ? next : { ...next, path: withoutDots(next.path) };
    facts.method = hop.method;
    facts.effective = `${url.scheme}://${authority(url)}${url.path}`;
  }
}

const refusal = (status: number): string => `The requested URL returned error: ${status}`;

/** What becomes of the method and the body behind a redirect (Curl_follow). */
function* follow(s: Settings, hop: Hop, status: number, { trace: t, version }: Run): Gen {
  const old = version.startsWith("7");
  const stays = status === 301 ? s.post301 : status === 302 ? s.post302 : s.post303;
  const posts = (s.body !== undefined && !s.get) || s.form !== undefined;
  const switches =
    status === 303 ? hop.method !== "HEAD" && !stays : (status === 301 || status === 302) && posts && !stays;
  if (!switches) return;
  hop.bodyless = true;
  if (old && status === 303) yield* t.info("Switch to GET");
  else if (old) yield* t.info("Switch from POST to GET");
  else if (s.method !== undefined) yield* t.info(`Stick to ${s.method} instead of GET`);
  if (s.method === undefined) hop.method = "GET";
}

/** A file of the machine itself: `file:///path`. */
function* fromFile(p: Process, s: Settings, text: string, output: string | undefined, run: Run): Gen<number> {
  if (/^file:\/\/[^/]/.test(text) && !/^file:\/\/(localhost|127\.0\.0\.1)\//.test(text)) {
    const old = run.version.startsWith("7");
    throw new CurlError(3, old ? "URL using bad/illegal format or missing URL" : "URL rejected: Bad file:// URL");
  }
  const path = decodeURIComponent(text.replace(/^file:(\/\/(localhost|127\.0\.0\.1)?)?/i, ""));
  let bytes: Uint8Array;
  try {
    bytes = sys.readBytes(p, path);
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new CurlError(37, `Couldn't open file ${path}`);
  }
  if (s.head || s.include) yield* run.print(encode(`Content-Length: ${bytes.length}\r\nAccept-ranges: bytes\r\n\r\n`));
  if (s.head) return 200;
  if (output === undefined || output === "-") yield* run.print(bytes);
  else sys.writeText(p, output === "" ? (path.split("/").at(-1) ?? "") : output, decode(bytes));
  return 200;
}

/** Where a Location header leads from a URL. */
function relativeTo(url: Url, location: string): Url | undefined {
  if (/^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(location)) return parseUrl(location);
  if (location.startsWith("//")) return parseUrl(`${url.scheme}:${location}`);
  if (location.startsWith("/")) return { ...url, path: location };
  const base = url.path.replace(/\?.*/, "");
  const path = location.startsWith("?") ? base + location : base.replace(/[^/]*$/, "") + location;
  return { ...url, path: withoutDots(path) };
}
