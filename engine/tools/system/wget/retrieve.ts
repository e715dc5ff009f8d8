/** One URL and those it leads to: tries, redirects, what is saved (src/http.c, src/retr.c). */

import { httpDate } from "../../../images/nginx/http.ts";
import { encode, encodeBase64, type Gen, SECOND, sleep } from "../../../kernel/index.ts";
import { isErrno } from "../../../machine/errno.ts";
import type { Process } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import { reasonOf } from "../../../network/reason.ts";
import { lookupError, resolveHost } from "../../../network/resolver.ts";
import { parseDate } from "../../../text/date-parse.ts";
import type { ParsedOptions } from "../../options.ts";
import { HANDSHAKE } from "../curl-words.ts";
import {
  authority,
  type Exchange,
  exchange,
  type HttpFailure,
  headerName,
  isFailure,
  parseUrl,
  readBody,
  type Url,
} from "../http-client.ts";
import { dispositionName, freeName, nameOf } from "./files.ts";
import { secondsOf } from "./options.ts";
import { dots, lengthText, type Report, rateText } from "./report.ts";
import { connectWords } from "./words.ts";

/** A run of wget. */
export interface Job {
  p: Process;
  o: ParsedOptions;
  report: Report;
  /** Where `-O` leads everything. */
  document?: ReturnType<typeof sys.openFile>;
  /** The host that a kept connection leads to. */
  connected: string | undefined;
  files: number;
  bytes: number;
  /** µs that bytes took. */
  us: number;
}

/** What a try led to: an exit status, or that it may be tried again, or elsewhere. */
type Outcome = number | "again" | Url;

const MAX_REDIRECTS = 20;

/** Gets a URL; gives the exit status. */
export function* retrieve(job: Job, first: Url): Gen<number> {
  const { o, report } = job;
  const tries = o.value("t") ?? "20";
  const limit = /^\d+$/.test(tries) && tries !== "0" ? Number(tries) : Number.POSITIVE_INFINITY;
  const patience = secondsOf(o.value("waitretry") ?? "10") ?? 10;
  let url = first;
  let hops = 0;
  const most = Number(o.value("max-redirect") ?? MAX_REDIRECTS);
  const local = nameOf(o, url, undefined);
  if (o.has("no-clobber") && !o.has("O") && sys.find(job.p, local)?.kind === "file") {
    yield* report.verbose(`File ‘${local}’ already there; not retrieving.\n\n`);
    return 0;
  }
  if (o.has("spider")) yield* report.verbose("Spider mode enabled. Check if remote file exists.\n");
  for (let count = 1; ; ) {
    if (count > 1) yield* sleep(Math.min(count - 1, patience) * SECOND);
    const tried = count > 1 ? `(try:${String(count).padStart(2)})  ` : "";
    yield* report.verbose(`--${report.clock()}--  ${tried}${shown(url)}\n`);
    const unread = bodyFault(job);
    if (unread !== undefined) {
      yield* report.brief(unread.text);
      return unread.status;
    }
    const outcome: Outcome = yield* attempt(job, url, first);
    if (typeof outcome === "number") return outcome;
    if (outcome === "again") {
      const last = count >= limit;
      yield* report.verbose(last ? "Giving up.\n\n" : "Retrying.\n\n");
      if (last) return 4;
      count++;
      continue;
    }
    if (hops++ >= most) {
      yield* report.brief(`${most} redirections exceeded.\n`);
      return 8;
    }
    url = outcome;
    count = 1;
  }
}

/** Why the file that is to be sent cannot be. */
function bodyFault({ p, o }: Job): { text: string; status: number } | undefined {
  const path = o.value("post-file") ?? o.value("body-file");
  if (path === undefined || o.has("post-data", "body-data")) return undefined;
  try {
    // A folder has a size, but nothing to read.
    return sys.stat(p, path).kind === "dir" ? { text: "", status: 4 } : void sys.readBytes(p, path);
  } catch (error) {
    if (!isErrno(error)) throw error;
    return { text: `BODY data file ‘${path}’ missing: ${error.message}\n`, status: 3 };
  }
}

const shown = (url: Url): string =>
  `${url.scheme}://${url.user === undefined ? "" : `${url.user.replace(/:.*/, "")}${url.user.includes(":") ? ":*password*" : ""}@`}${authority(url)}${url.path}`;

/** Says whom it connects to, and does. */
function* attempt(job: Job, url: Url, first: Url): Gen<Outcome> {
  const { p, o, report } = job;
  const host = url.host.replace(/^\[|\]$/g, "");
  const found = yield* resolveHost(p, host);
  const literal = /^[\d.]+$/.test(host) || host.includes(":");
  const kept = job.connected === authority(url);
  if (!found.ok) {
    yield* report.verbose(`Resolving ${host} (${host})... failed: ${lookupError(found.why)}.\n`);
    yield* report.brief(`wget: unable to resolve host address ‘${host}’\n`);
    return 4;
  }
  const address = found.addresses[0]!;
  if (kept) yield* report.verbose(`Reusing existing connection to ${host}:${url.port}.\n`);
  else {
    if (!literal) yield* report.verbose(`Resolving ${host} (${host})... ${found.addresses.join(", ")}\n`);
    yield* report.verbose(`Connecting to ${host}${literal ? "" : ` (${host})|${address}|`}:${url.port}... `);
  }
  const named = o.has("trust-server-names") ? url : first;
  const { local, since, begun } = localState(job, named);
  const timeout = secondsOf(o.value("connect-timeout") ?? o.value("T") ?? "0") ?? 0;
  const read = secondsOf(o.value("read-timeout") ?? o.value("T") ?? "900") ?? 900;
  const send = function* (credentials: string | undefined): Gen<Exchange | HttpFailure> {
    return yield* exchange(p, url, request(job, url, since, begun, credentials), {
      address,
      connectTimeout: timeout > 0 ? timeout * SECOND : undefined,
      maxTime: read > 0 ? (timeout + read) * SECOND : undefined,
      insecure: o.has("no-check-certificate"),
      authorities: () => {
        const path = o.value("ca-certificate");
        return path === undefined || sys.find(p, path)?.kind !== "file" ? undefined : sys.readText(p, path);
      },
    });
  };
  const credentials = credentialsOf(o, first);
  let result = yield* send(o.has("auth-no-challenge") ? credentials : undefined);
  if (isFailure(result)) return yield* explain(job, result, url);
  yield* report.verbose(`${kept ? "" : "connected.\n"}HTTP request sent, awaiting response... `);
  if (result.response.status === 401) {
    yield* report.verbose(`401 ${reasonOf(result.response)}\n`);
    const challenge: string = result.response.headers["www-authenticate"] ?? "";
    if (credentials === undefined || !/^basic/i.test(challenge) || o.has("auth-no-challenge")) {
      yield* report.verbose("\nUsername/Password Authentication Failed.\n");
      return 6;
    }
    yield* report.verbose(`Authentication selected: ${challenge}\n`);
    const again = keeps(result) ? "Reusing existing connection to " : "Connecting to ";
    yield* report.verbose(
      keeps(result) ? `${again}${host}:${url.port}.\n` : `${again}${host}:${url.port}... connected.\n`,
    );
    result = yield* send(credentials);
    if (isFailure(result)) return yield* explain(job, result, url);
    yield* report.verbose("HTTP request sent, awaiting response... ");
    if (result.response.status === 401) {
      yield* report.verbose(`401 ${reasonOf(result.response)}\n\nUsername/Password Authentication Failed.\n`);
      return 6;
    }
  }
  job.connected = keeps(result) ? authority(url) : undefined;
  return yield* answered(job, url, result, { local, named, begun });
}

/** Whether the connection serves another request. */
function keeps({ response }: Exchange): boolean {
  const { headers } = response;
  if (/close/i.test(headers["connection"] ?? "") || /^SimpleHTTP/.test(headers["server"] ?? "")) return false;
  return headers["content-length"] !== undefined;
}

function credentialsOf(o: ParsedOptions, { user }: Url): string | undefined {
  if (user !== undefined) return decodeURIComponent(user.includes(":") ? user : `${user}:`);
  const name = o.value("http-user") ?? o.value("user");
  return name === undefined ? undefined : `${name}:${o.value("http-password") ?? o.value("password") ?? ""}`;
}

/** What is there already: its time for `-N`, its size for `-c`. */
function localState({ p, o }: Job, url: Url): { local: string; since: number | undefined; begun: number } {
  const local = nameOf(o, url, undefined);
  const there = o.has("O") ? undefined : sys.find(p, local);
  const { epochMs } = p.machine.kernel;
  const known = o.has("N", "m") && there?.kind === "file" ? epochMs + there.mtime / 1000 : undefined;
  const target = o.has("O") ? sys.find(p, o.value("O")!) : there;
  const from = o.value("start-pos");
  if (from !== undefined) return { local, since: known, begun: Number(from) };
  const begun = o.has("c") && target?.kind === "file" ? sys.readBytes(p, o.value("O") ?? local).length : 0;
  return { local, since: known, begun };
}

function request(job: Job, url: Url, since: number | undefined, begun: number, credentials: string | undefined) {
  const { p, o } = job;
  const headers: Record<string, string> = {};
  headers["host"] = authority(url);
  const referer = o.value("referer");
  if (referer !== undefined) headers["referer"] = referer;
  if (o.has("no-cache")) {
    headers["cache-control"] = "no-cache";
    headers["pragma"] = "no-cache";
  }
  if (since !== undefined && !o.has("no-if-modified-since")) headers["if-modified-since"] = httpDate(since);
  if (begun > 0) headers["range"] = `bytes=${begun}-`;
  const agent = o.value("U") ?? "Wget/1.21.3";
  if (agent !== "") headers["user-agent"] = agent;
  headers["accept"] = "*/*";
  headers["accept-encoding"] = o.value("compression") === "auto" ? "gzip" : "identity";
  if (credentials !== undefined) headers["authorization"] = `Basic ${encodeBase64(encode(credentials))}`;
  headers["connection"] = o.has("no-http-keep-alive") ? "Close" : "Keep-Alive";
  const fileOf = (key: string) => {
    const path = o.value(key);
    return path === undefined ? undefined : sys.readBytes(p, path);
  };
  const text = o.value("post-data") ?? o.value("body-data");
  const bytes = text === undefined ? (fileOf("post-file") ?? fileOf("body-file")) : encode(text);
  const posted = o.has("post-data", "post-file");
  if (bytes !== undefined) {
    headers["content-type"] = "application/x-www-form-urlencoded";
    headers["content-length"] = String(bytes.length);
  }
  for (const line of o.values("header")) {
    const at = line.indexOf(":");
    if (at > 0) headers[line.slice(0, at).trim().toLowerCase()] = line.slice(at + 1).trim();
  }
  const method = o.value("method") ?? (posted ? "POST" : o.has("spider") ? "HEAD" : "GET");
  return { method, headers, ...(bytes && { body: { type: "bytes" as const, bytes } }) };
}

/** What GnuTLS says of OpenSSL's codes. */
function untrusted(code: number): string {
  if (code === 10) return "has expired";
  return code === 9 ? "is not yet activated" : "doesn't have a known issuer";
}

/** A failure without an answer. */
function* explain({ o, report }: Job, failed: HttpFailure, url: Url): Gen<Outcome> {
  const say = (text: string) => report.brief(text);
  switch (failed.kind) {
    case "connect": {
      yield* say(`failed: ${connectWords(failed.code)}.\n`);
      const final = failed.code === "ECONNREFUSED" ? !o.has("retry-connrefused") : failed.code !== "ETIMEDOUT";
      return final ? 4 : "again";
    }
    case "timeout":
      if (failed.phase === "connect") yield* say("failed: Connection timed out.\n");
      else {
        yield* report.verbose("connected.\nHTTP request sent, awaiting response... ");
        yield* say("Read error (Connection timed out) in headers.\n");
      }
      return "again";
    case "tls": {
      yield* report.verbose("connected.\n");
      const early = failed.why === "not-tls" || failed.why === "version" || failed.why === "eof";
      yield* say(
        early
          ? `OpenSSL: error:${HANDSHAKE[failed.why]}\nUnable to establish SSL connection.\n`
          : failed.why === "name"
            ? `The certificate's owner does not match hostname ‘${url.host}’\n`
            : `ERROR: The certificate of ‘${url.host}’ is not trusted.\nERROR: The certificate of ‘${url.host}’ ${untrusted(failed.code)}.\n`,
      );
      return early ? 4 : 5;
    }
    case "resolve":
      return 4;
    default:
      yield* report.verbose("connected.\nHTTP request sent, awaiting response... ");
      yield* say("No data received.\n");
      return "again";
  }
}

interface Place {
  local: string;
  /** The URL that names it: the first, wherever that led. */
  named: Url;
  begun: number;
}

/** An answer: where it leads, or what is saved of it. */
function* answered(job: Job, url: Url, result: Exchange, place: Place): Gen<Outcome> {
  const { p, o, report } = job;
  const { response } = result;
  const { status, headers } = response;
  const reason = reasonOf(response);
  if (o.has("S")) {
    const lines = Object.entries(headers).map(([name, value]) => `  ${headerName(name)}: ${value}\n`);
    yield* report.verbose("\n");
    yield* report.always(`  HTTP/1.1 ${status} ${reason}\n${lines.join("")}`);
  } else yield* report.verbose(`${status} ${reason}\n`);
  const location = headers["location"];
  if (status >= 300 && status < 400 && status !== 304 && location !== undefined) {
    yield* report.verbose(`Location: ${location} [following]\n`);
    return redirected(url, location);
  }
  if (status === 304) {
    yield* report.verbose(`File ‘${place.local}’ not modified on server. Omitting download.\n\n`);
    return 0;
  }
  if (status === 416 && place.begun > 0) {
    yield* report.verbose("\n    The file is already fully retrieved; nothing to do.\n\n");
    return 0;
  }
  if (o.has("spider")) return yield* spied(job, url, result);
  if (status >= 400 && !o.has("content-on-error")) {
    if (report.level === "brief") yield* report.always(`${shown(url)}:\n`);
    yield* report.brief(`${report.clock()} ERROR ${status}: ${reason}.\n`);
    yield* report.verbose("\n");
    return 8;
  }
  const saved = yield* save(job, url, result, place);
  if (saved !== 0) return saved;
  const changed = parseDate(headers["last-modified"] ?? "", 0);
  const name = place.local;
  if (headers["last-modified"] !== undefined && changed !== undefined && !o.has("no-use-server-timestamps", "O")) {
    const node = sys.find(p, name);
    if (node?.kind === "file") node.mtime = (changed - p.machine.kernel.epochMs) * 1000;
  }
  if (o.has("delete-after") && !o.has("O")) {
    yield* report.brief(`Removing ${name}.\n`);
    sys.unlink(p, name);
  }
  return status >= 400 ? 8 : 0;
}

function redirected(url: Url, location: string): Url | "again" {
  if (location.startsWith("//")) return parseUrl(`${url.scheme}:${location}`) ?? "again";
  if (location.startsWith("/")) return { ...url, path: location };
  if (/^[a-z][a-z\d+.-]*:/i.test(location)) return parseUrl(location) ?? "again";
  return { ...url, path: url.path.replace(/[^/]*(?:\?.*)?$/, "") + location };
}

const typeOf = (header: string | undefined): string => (header === undefined ? "" : ` [${header.replace(/;.*/, "")}]`);

/** --spider: whether it is there. */
function* spied({ o, report }: Job, url: Url, { response }: Exchange): Gen<number> {
  const { status, headers } = response;
  if (status >= 400) {
    yield* report.verbose("Remote file does not exist -- broken link!!!\n\n");
    if (report.level === "brief") yield* report.always(`${shown(url)}:\n`);
    return 8;
  }
  const length = headers["content-length"];
  yield* report.verbose(
    `Length: ${length === undefined ? "unspecified" : lengthText(Number(length))}${typeOf(headers["content-type"])}\n`,
  );
  const links = /^text\/html/.test(headers["content-type"] ?? "") && !o.has("r", "m");
  yield* report.verbose(
    links
      ? "Remote file exists and could contain further links,\nbut recursion is disabled -- not retrieving.\n\n"
      : "Remote file exists.\n\n",
  );
  if (report.level === "brief")
    yield* report.always(`${report.clock()} URL: ${shown(url)} ${status} ${reasonOf(response)}\n`);
  return 0;
}

function* save(job: Job, url: Url, { response }: Exchange, place: Place): Gen<number> {
  const { p, o, report } = job;
  const { headers } = response;
  const goesOn = place.begun > 0 && response.status === 206;
  // A server that sends everything all the same: what is there already is passed over.
  let over = place.begun > 0 && !goesOn ? place.begun : 0;
  const to = o.value("O");
  const called = o.has("content-disposition") ? dispositionName(headers["content-disposition"]) : undefined;
  if (called !== undefined) place.local = nameOf(o, place.named, called);
  if (to === undefined && !o.has("N", "m", "c", "r", "p", "start-pos")) {
    if (o.has("backups")) backUp(p, place.local, Number(o.value("backups") ?? 1));
    else place.local = freeName(p, place.local);
  }
  const given = headers["content-length"];
  const length = given === undefined || o.has("ignore-length") ? undefined : Number(given);
  const total = length === undefined ? undefined : length + (goesOn ? place.begun : 0);
  const rest = goesOn && length !== undefined ? `, ${lengthText(length)} remaining` : "";
  const label = to === "-" ? "STDOUT" : (to ?? place.local);
  yield* report.verbose(
    `Length: ${total === undefined ? "unspecified" : lengthText(total)}${rest}${typeOf(headers["content-type"])}\nSaving to: ‘${label}’\n`,
  );
  let file = job.document;
  if (to === undefined) {
    try {
      sys.makeAbove(p, place.local);
      const append = place.begun > 0 && !o.has("start-pos");
      file = sys.openFile(p, place.local, { write: true, create: true, truncate: !append, append });
    } catch (error) {
      if (!isErrno(error)) throw error;
      yield* report.brief(`${place.local}: ${error.message}\n`);
      yield* report.verbose("\n");
      yield* report.brief(`Cannot write to ‘${place.local}’ (${error.message}).\n`);
      return 3;
    }
    file.refs++;
  }
  let size = 0;
  const began = p.machine.kernel.now;
  yield* readBody(response.body, function* (bytes) {
    size += bytes.length;
    const fresh = over === 0 ? bytes : bytes.subarray(Math.min(over, bytes.length));
    over -= bytes.length - fresh.length;
    if (file) yield* file.write(fresh);
    else yield* sys.write(p, 1, fresh);
  });
  if (to === undefined && file && --file.refs === 0) file.close();
  const us = Math.max(1, p.machine.kernel.now - began);
  job.files++;
  job.bytes += size;
  job.us += us;
  const begun = goesOn ? place.begun : 0;
  if (report.progress) yield* report.always(dots(size, total, begun, us));
  const counts = `[${size + begun}${total === undefined ? "" : `/${total}`}]`;
  const done = to === "-" ? "written to stdout" : `‘${label}’ saved`;
  yield* report.verbose(`${report.clock()} (${rateText(size, us)}) - ${done} ${counts}\n\n`);
  if (report.level === "brief")
    yield* report.always(`${report.clock()} URL:${shown(url)} ${counts} -> "${to ?? place.local}" [1]\n`);
  return 0;
}

/** NAME becomes NAME.1, that NAME.2, and so on up to as many as are kept. */
function backUp(p: Process, name: string, most: number): void {
  if (sys.find(p, name)?.kind !== "file") return;
  for (let i = most; i > 0; i--) {
    const from = i === 1 ? name : `${name}.${i - 1}`;
    if (sys.find(p, from)?.kind === "file") sys.rename(p, from, `${name}.${i}`);
  }
}
