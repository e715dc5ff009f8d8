/** What curl sends: the fields of a request in their order, its target and its body (lib/http.c of curl 7.88 and 8.14). */

import { httpDate } from "../../images/nginx/http.ts";
import { decode, encode, encodeBase64, type Gen } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { parseDate } from "../../text/date-parse.ts";
import { dataBytes, fileBytes, formBytes, uploadBytes } from "./curl-body.ts";
import { CurlError } from "./curl-error.ts";
import type { Settings } from "./curl-options.ts";
import type { Run } from "./curl-run.ts";
import type { Hop } from "./curl-send.ts";
import { malformed } from "./curl-words.ts";
import { authority, type Url } from "./http-client.ts";

export interface Outgoing {
  headers: Record<string, string>;
  /** Names of fields as they were given, by their lower-case form. */
  spelled: Record<string, string>;
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
  const data = s.body === undefined || !sends ? undefined : yield* dataBytes(p, s.body, version);
  const uploaded = s.upload === undefined || !sends ? undefined : yield* uploadBytes(p, s.upload, version);
  const asked = [s.get ? data : undefined, s.query.length > 0 ? yield* dataBytes(p, s.query, version) : undefined];
  let { path } = url;
  for (const one of asked) if (one !== undefined) path += `${path.includes("?") ? "&" : "?"}${decode(one)}`;
  if (/[\s]/.test(path)) throw new CurlError(3, malformed(version));
  const guarded = new Set(["authorization", "cookie"]);
  const given = (yield* givenFields(p, s)).filter(({ name }) => !hop.foreign || !guarded.has(name.toLowerCase()));
  const spelled: Record<string, string> = {};
  for (const { name } of given) spelled[name.toLowerCase()] = name;
  const fields = new Map<string, string>();
  const usual = (name: string, value: string | undefined) => {
    if (value !== undefined && !given.some((one) => one.name.toLowerCase() === name)) fields.set(name, value);
  };
  const user = (hop.foreign ? undefined : s.user) ?? url.user;
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
  for (const { name, value } of given) {
    const key = name.toLowerCase();
    if (value === undefined || key === "host") continue;
    const before = fields.get(key);
    fields.set(key, before === undefined ? value : `${before}, ${value}`);
  }
  let body = uploaded ?? (s.get ? undefined : data);
  if (s.form !== undefined && sends) {
    const random = p.machine.kernel.random(`curl ${p.machine.hostname}`);
    const tail = version.startsWith("7")
      ? random.hex(16)
      : Array.from({ length: 22 }, () => ALPHANUMERIC[random.int(0, ALPHANUMERIC.length - 1)]).join("");
    const boundary = `------------------------${tail}`;
    body = yield* formBytes(p, s.form, boundary);
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
  return { headers: Object.fromEntries(fields), spelled, path, body };
}

interface Given {
  name: string;
  /** Undefined: the field is not sent. */
  value: string | undefined;
}

/** The fields of `-H`, and those that `--json` stands for. */
function* givenFields(p: Process, s: Settings): Gen<Given[]> {
  const lines: string[] = [];
  for (const line of s.headers) {
    if (!line.startsWith("@")) lines.push(line);
    else
      lines.push(
        ...decode(yield* fileBytes(p, line.slice(1)))
          .split(/\r?\n/)
          .filter((one) => one !== "" && !one.startsWith("#")),
      );
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
