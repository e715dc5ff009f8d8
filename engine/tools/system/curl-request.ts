/** What curl sends: the fields of a request in their order, its target and its body (lib/http.c of curl 7.88 and 8.14). */

import { httpDate } from "../../images/nginx/http.ts";
import { decode, encode, encodeBase64, type Gen } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { parseDate } from "../../text/date-parse.ts";
import { dataBytes, fileBytes, formBytes, uploadBytes } from "./curl-body.ts";
import { CurlError } from "./curl-error.ts";
import type { Run } from "./curl-run.ts";
import type { Hop } from "./curl-send.ts";
import { CurlUsage, type Settings } from "./curl-settings.ts";
import { malformed } from "./curl-words.ts";
import { authority, readable, type Url } from "./http-client.ts";

export interface Outgoing {
  headers: Record<string, string>;
  /** Names of fields as they were given, by their lower-case form. */
  spelled: Record<string, string>;
  /** All fields in their lines, where some were given more than once. */
  lines: [name: string, value: string][] | undefined;
  path: string;
  body: Uint8Array | undefined;
}

/** Bytes of a body for which a server is asked first (EXPECT_100_THRESHOLD). */
const EXPECTS = 1024 * 1024;

/** Characters of a multipart boundary behind its dashes. */
const ALPHANUMERIC = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** The request for a URL. Throws `CurlError`. */
export function* outgoing(p: Process, s: Settings, url: Url, run: Run, hop: Hop): Gen<Outgoing> {
  const { jar, version } = run;
  const sends = !hop.bodyless;
  const data = s.body === undefined || !sends ? undefined : yield* dataBytes(p, s, s.body, version);
  const uploaded = s.upload === undefined || !sends ? undefined : yield* uploadBytes(p, s.upload, version);
  const asked = [s.get ? data : undefined, s.query.length > 0 ? yield* dataBytes(p, s, s.query, version) : undefined];
  let { path } = url;
  for (const one of asked)
    if (one !== undefined)
      path += `${path.includes("?") ? "&" : "?"}${decode(one).replace(/%[\dA-F]{2}/g, (code) => code.toLowerCase())}`;
  if (/[\s]/.test(path)) throw new CurlError(3, malformed(version));
  const guarded = new Set(["authorization", "cookie"]);
  const given = (yield* givenFields(p, s, version)).filter(
    ({ name }) => !hop.foreign || !guarded.has(name.toLowerCase()),
  );
  const spelled: Record<string, string> = {};
  for (const { name } of given) spelled[name.toLowerCase()] = name;
  const fields = new Map<string, string>();
  const usual = (name: string, value: string | undefined) => {
    if (value !== undefined && !given.some((one) => one.name.toLowerCase() === name)) fields.set(name, value);
  };
  const user = (hop.foreign ? undefined : s.user) ?? unescaped(url.user) ?? netrc(p, s, url);
  const host = given.find((one) => one.name.toLowerCase() === "host");
  if (host === undefined) fields.set("host", authority(url));
  else if (host.value !== undefined) fields.set("host", host.value);
  usual("authorization", user === undefined ? undefined : `Basic ${encodeBase64(encode(user))}`);
  if (user === undefined && s.bearer !== undefined && !hop.foreign) usual("authorization", `Bearer ${s.bearer}`);
  const resumed = typeof s.resume === "number" && s.resume > 0 ? `${s.resume}-` : undefined;
  const range = s.range ?? resumed;
  usual("range", range === undefined ? undefined : `bytes=${range}`);
  usual("user-agent", s.agent === "" ? undefined : (s.agent ?? `curl/${version}`));
  usual("accept", "*/*");
  usual("accept-encoding", s.compressed ? "deflate, gzip, br, zstd" : undefined);
  usual("referer", s.referer);
  usual("cookie", jar.header(url));
  if (s.since !== undefined)
    usual(s.since.startsWith("-") ? "if-unmodified-since" : "if-modified-since", momentOf(p, s.since));
  const repeated = new Set<string>();
  for (const { name, value } of given) {
    const key = name.toLowerCase();
    if (value === undefined || key === "host") continue;
    const before = fields.get(key);
    fields.set(key, before === undefined ? value : `${before}, ${value}`);
    if (before !== undefined) repeated.add(key);
  }
  let body = uploaded ?? (s.get ? undefined : data);
  if (s.form !== undefined && sends) {
    const random = p.machine.kernel.random(`curl ${p.machine.hostname}`);
    const one = () =>
      `------------------------${
        version.startsWith("7")
          ? random.hex(16)
          : Array.from({ length: 22 }, () => ALPHANUMERIC[random.int(0, ALPHANUMERIC.length - 1)]).join("")
      }`;
    const boundary = one();
    body = yield* formBytes(p, s.form, boundary, one);
    usual("content-length", String(body.length));
    usual("content-type", `multipart/form-data; boundary=${boundary}`);
  } else if (s.upload === "-" && sends) {
    usual("transfer-encoding", "chunked");
    usual("expect", "100-continue");
  } else if (uploaded !== undefined) {
    usual("content-length", String(uploaded.length));
    if (version.startsWith("7") || uploaded.length > EXPECTS) usual("expect", "100-continue");
  } else if (body !== undefined) {
    usual("content-length", String(body.length));
    usual("content-type", "application/x-www-form-urlencoded");
    if (body.length > EXPECTS) usual("expect", "100-continue");
  }
  // Fields that are given again stand where they were given.
  const told = repeated.size === 0 ? undefined : inOrder(fields, given, repeated);
  return { headers: Object.fromEntries(fields), spelled, lines: told, path: s.target ?? path, body };
}

/** A user as a URL writes it. */
function unescaped(user: string | undefined): string | undefined {
  try {
    return user === undefined ? undefined : decodeURIComponent(user);
  } catch {
    return user;
  }
}

/** What a file of --netrc knows of a host. */
function netrc(p: Process, s: Settings, url: Url): string | undefined {
  if (!s.netrc && s.netrcFile === undefined) return undefined;
  const text = readable(p, s.netrcFile ?? `${p.env.get("HOME") ?? "/root"}/.netrc`);
  const words = (text ?? "").split(/\s+/).filter((word) => word !== "");
  let login: string | undefined;
  let password = "";
  for (let i = 0, here = false; i < words.length; i++) {
    if (words[i] === "default" && login === undefined) here = true;
    else if (words[i] === "machine") here = words[++i] === url.host && login === undefined;
    else if (here && words[i] === "login") login = words[++i];
    else if (here && words[i] === "password") password = words[++i] ?? "";
  }
  return login === undefined ? undefined : `${login}:${password}`;
}

function inOrder(
  fields: ReadonlyMap<string, string>,
  given: readonly Given[],
  repeated: ReadonlySet<string>,
): [name: string, value: string][] {
  const own = new Set(given.map(({ name }) => name.toLowerCase()));
  const out: [string, string][] = [];
  let placed = false;
  for (const [key, value] of fields) {
    if (!own.has(key) || key === "host") out.push([key, value]);
    else if (!placed) {
      placed = true;
      for (const one of given) {
        const name = one.name.toLowerCase();
        if (one.value !== undefined && name !== "host")
          out.push([name, repeated.has(name) ? one.value : (fields.get(name) ?? one.value)]);
      }
    }
  }
  return out;
}

interface Given {
  name: string;
  /** Undefined: the field is not sent. */
  value: string | undefined;
}

/** The fields of `-H`, and those that `--json` stands for. */
function* givenFields(p: Process, s: Settings, version: string): Gen<Given[]> {
  const lines: string[] = [];
  for (const line of s.headers) {
    if (!line.startsWith("@")) lines.push(line);
    else {
      const file = line.slice(1);
      if (file !== "-" && readable(p, file) === undefined) {
        if (version.startsWith("7")) continue;
        throw new CurlUsage("option -H: error encountered when reading a file", undefined, 26);
      }
      lines.push(
        ...decode(yield* fileBytes(p, file))
          .split(/\r?\n/)
          .filter((one) => one !== "" && !one.startsWith("#")),
      );
    }
  }
  const out: Given[] = [];
  for (const line of lines) {
    const at = line.search(/[:;]/);
    if (at < 0) continue;
    const name = line.slice(0, at).trim();
    const value = line.slice(at + 1).trim();
    if (value === "" && line[at] === ":") out.push({ name, value: undefined });
    else if (line[at] === ":" || value === "") out.push({ name, value });
  }
  const has = (name: string) => out.some((one) => one.name.toLowerCase() === name);
  if (s.json && !has("content-type")) out.push({ name: "Content-Type", value: "application/json" });
  if (s.json && !has("accept")) out.push({ name: "Accept", value: "application/json" });
  return out;
}

/** The HTTP date of -z: of a file's last change, or of what is no file a date; undefined where it is neither. */
function momentOf(p: Process, text: string): string | undefined {
  const { kernel } = p.machine;
  const word = text.replace(/^[-+=]/, "");
  const node = sys.find(p, word);
  // curl_getdate(3) knows months by their names, and no numbers with dashes.
  if (node === undefined && /\d-\d/.test(word)) return undefined;
  const ms = node === undefined ? parseDate(word, kernel.wallMs) : kernel.epochMs + node.mtime / 1000;
  return ms === undefined ? undefined : httpDate(ms);
}

/** A path without `.` and `..` (RFC 3986, 5.2.4), as curl sends it unless `--path-as-is` is given. */
export function withoutDots(path: string): string {
  const [, way = "", query = ""] = /^([^?]*)(.*)$/s.exec(path) ?? [];
  if (!/\/\.{1,2}(\/|$)/.test(way)) return path;
  const out: string[] = [];
  const parts = way.split("/").slice(1);
  parts.forEach((part, i) => {
    const last = i === parts.length - 1;
    if (part === "..") out.pop();
    if (part === "." || part === "..") {
      if (last) out.push("");
    } else out.push(part);
  });
  return `/${out.join("/")}${query}`;
}
