import { isErrno } from "../../machine/errno.ts";
import { entriesOf } from "../../machine/inode.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { type Passing, readProxy } from "./proxy.ts";
import { readTls, type Tls } from "./tls.ts";

/** One directive: `name args… ;` or `name args… { block }`. */
export interface Directive {
  readonly name: string;
  readonly args: readonly string[];
  readonly block?: readonly Directive[];
  readonly file: string;
  readonly line: number;
}

/** A field that `add_header` adds to answers; `always`: to those of errors too. */
export interface Added {
  name: string;
  value: string;
  always: boolean;
}

export interface Location {
  addHeaders?: Added[];
  modifier: "" | "=" | "^~" | "~";
  path: string;
  root?: string;
  alias?: string;
  index?: readonly string[];
  returns?: { code: number; text: string };
  proxy?: Passing;
  /** `proxy_set_header`s of its own. */
  setHeaders?: [name: string, value: string][];
}

export interface Listen {
  address: string;
  port: number;
  ssl: boolean;
  /** `FILE:LINE`. */
  at: string;
}

export interface Server extends Tls {
  addHeaders?: Added[];
  listens: Listen[];

  names: string[];
  root: string;
  index: readonly string[];
  locations: Location[];
  errorPages: Map<number, string>;
  returns?: { code: number; text: string };
  setHeaders?: [name: string, value: string][];
}

/** A `server` of an `upstream`. */
export interface Backend {
  host: string;
  port: number;
  at: string;
}

export interface Config {
  user: string;
  /** `FILE:LINE` of a user directive, which only root may heed. */
  userAt: string | undefined;
  pid: string;
  /** Where bodies and answers of backends are kept for a while; made at the start. Empty without an http block. */
  tempPaths: string[];
  /** 0 for `auto`. */
  workers: number;
  accessLog: string | undefined;
  errorLog: string;
  servers: Server[];
  upstreams: Map<string, Backend[]>;
}

/** What nginx says at `[emerg]` about a bad file. */
export class ConfigError extends Error {}

const PREFIX = "/etc/nginx";

/** Reads nginx.conf with its includes. Throws ConfigError. */
export function readConfig(p: Process, path = `${PREFIX}/nginx.conf`): Config {
  const top = readDirectives(p, path);
  const config: Config = {
    user: "nginx",
    userAt: undefined,
    pid: "/run/nginx.pid",
    tempPaths: [],
    workers: 1,
    accessLog: "logs/access.log",
    errorLog: "stderr",
    servers: [],
    upstreams: new Map(),
  };
  for (const directive of top) {
    const { name, args, block } = directive;
    if (name === "user") {
      config.user = args[0] ?? "nginx";
      config.userAt = `${directive.file}:${directive.line}`;
    } else if (name === "pid") config.pid = args[0]?.replace(/^(?!\/)/, `${PREFIX}/`) ?? config.pid;
    else if (name === "worker_processes") config.workers = args[0] === "auto" ? 0 : Number.parseInt(args[0] ?? "1", 10);
    else if (name === "error_log") config.errorLog = args[0] ?? "stderr";
    else if (name === "http") readHttp(config, block ?? []);
    else if (!KNOWN_TOP.has(name)) throw unknown(directive);
  }
  return config;
}

const KNOWN_TOP = new Set([
  "pid",
  "events",
  "load_module",
  "worker_rlimit_nofile",
  "daemon",
  "env",
  "stream",
  "pcre_jit",
]);

function unknown(directive: Directive): ConfigError {
  return new ConfigError(`unknown directive "${directive.name}" in ${directive.file}:${directive.line}`);
}

/** Directives and the directories that Debian's and the image's builds have without them. */
const TEMP_PATHS = [
  ["client_body_temp_path", "client_temp"],
  ["proxy_temp_path", "proxy_temp"],
  ["fastcgi_temp_path", "fastcgi_temp"],
  ["uwsgi_temp_path", "uwsgi_temp"],
  ["scgi_temp_path", "scgi_temp"],
] as const;

function readHttp(config: Config, block: readonly Directive[]): void {
  let root = "/etc/nginx/html";
  const tls: Tls = {};
  const given = (name: string) => block.find((directive) => directive.name === name)?.args[0];
  config.tempPaths = TEMP_PATHS.map(([name, path]) => given(name) ?? `/var/cache/nginx/${path}`);
  for (const { name, args } of block) {
    if (name === "access_log") config.accessLog = args[0] === "off" ? undefined : args[0];
    if (name === "root") root = args[0] ?? root;
  }
  for (const directive of block) readTls(tls, directive);
  for (const { name, args, block: inner = [] } of block)
    if (name === "upstream") config.upstreams.set(args[0] ?? "", inner.flatMap(readBackend));
  for (const directive of block)
    if (directive.name === "server") config.servers.push({ ...tls, ...readServer(directive, root) });
}

function readBackend({ name, args, file, line }: Directive): Backend[] {
  if (name !== "server" || args.includes("down") || args.includes("backup")) return [];
  const [, host = "", port] = /^(.*?)(?::(\d+))?$/.exec(args[0] ?? "") ?? [];
  return [{ host, port: Number(port ?? 80), at: `${file}:${line}` }];
}

const SERVER_DIRECTIVES = new Set(
  (
    "access_log error_log charset client_max_body_size deny allow expires gzip if keepalive_timeout " +
    "proxy_pass proxy_set_header proxy_http_version rewrite sendfile server_tokens " +
    "ssl_ciphers ssl_prefer_server_ciphers ssl_session_cache ssl_session_timeout ssl_session_tickets ssl_dhparam ssl_ecdh_curve " +
    "ssl_buffer_size ssl_early_data ssl_conf_command ssl_client_certificate ssl_verify_client ssl_verify_depth ssl_trusted_certificate " +
    "ssl_stapling ssl_stapling_verify ssl_password_file ssl_reject_handshake " +
    "try_files types default_type autoindex resolver set stub_status fastcgi_pass fastcgi_index include internal"
  ).split(" "),
);

function readServer(directive: Directive, root: string): Server {
  const server: Server = { listens: [], names: [], root, index: ["index.html"], locations: [], errorPages: new Map() };
  for (const inner of directive.block ?? []) {
    const { name, args } = inner;
    if (name === "listen") {
      server.listens.push(readListen(inner));
      if (args.includes("http2")) server.http2 = true;
    } else if (name === "server_name") server.names.push(...args);
    else if (name === "root") server.root = args[0] ?? server.root;
    else if (name === "index") server.index = args;
    else if (readTls(server, inner)) continue;
    else if (name === "proxy_set_header")
      server.setHeaders = [...(server.setHeaders ?? []), [(args[0] ?? "").toLowerCase(), args[1] ?? ""]];
    else if (name === "add_header") (server.addHeaders ??= []).push(readAdded(inner));
    else if (name === "return") server.returns = readReturn(args);
    else if (name === "error_page") {
      for (const code of args.slice(0, -1)) server.errorPages.set(Number(code), args.at(-1)!);
    } else if (name === "location") server.locations.push(readLocation(inner));
    else if (!SERVER_DIRECTIVES.has(name) && !name.startsWith("proxy_")) throw unknown(inner);
  }
  if (server.listens.length === 0) server.listens.push({ address: "0.0.0.0", port: 80, ssl: false, at: "" });
  return server;
}

function readListen(directive: Directive): Listen {
  const text = directive.args[0] ?? "80";
  const colon = text.lastIndexOf(":");
  const port = Number(text.includes("]") && !text.includes("]:") ? 80 : colon < 0 ? text : text.slice(colon + 1));
  if (!(port > 0 && port < 65_536)) {
    throw new ConfigError(`invalid port in "${text}" of the "listen" directive in ${directive.file}:${directive.line}`);
  }
  const address = colon < 0 || text.startsWith("[") || text.startsWith("*") ? "0.0.0.0" : text.slice(0, colon);
  return { address, port, ssl: directive.args.includes("ssl"), at: `${directive.file}:${directive.line}` };
}

function readAdded({ args }: Directive): Added {
  return { name: args[0] ?? "", value: args[1] ?? "", always: args[2] === "always" };
}

function readReturn(args: readonly string[]): { code: number; text: string } {
  const code = Number(args[0]);
  if (Number.isNaN(code)) return { code: 302, text: args[0] ?? "" };
  return { code, text: args[1] ?? "" };
}

function readLocation(directive: Directive): Location {
  const { args } = directive;
  const modifier = args.length > 1 ? (args[0] === "=" || args[0] === "^~" ? args[0] : "~") : "";
  const location: Location = { modifier, path: args.at(-1) ?? "/" };
  for (const inner of directive.block ?? []) {
    if (inner.name === "root") location.root = inner.args[0] ?? "";
    else if (inner.name === "alias") location.alias = inner.args[0] ?? "";
    else if (inner.name === "index") location.index = inner.args;
    else if (inner.name === "add_header") (location.addHeaders ??= []).push(readAdded(inner));
    else if (inner.name === "return") location.returns = readReturn(inner.args);
    else if (!readProxy(location, inner) && !SERVER_DIRECTIVES.has(inner.name) && !inner.name.startsWith("proxy_"))
      throw unknown(inner);
  }
  return location;
}

function readDirectives(p: Process, path: string): readonly Directive[] {
  let text: string;
  try {
    text = sys.readText(p, path);
  } catch (error) {
    if (!isErrno(error)) throw error;
    const number = error.code === "EACCES" ? 13 : 2;
    throw new ConfigError(`open() "${path}" failed (${number}: ${error.message})`);
  }
  const key = `${path}\n${text}`;
  let parsed = known.get(key);
  if (parsed === undefined) {
    parsed = parse(text, path);
    if (known.size >= 100) known.clear();
    known.set(key, parsed);
  }
  if (parsed.error === undefined) return expand(p, parsed.directives, parsed.includes);
  // What an included file says comes first, as it stands first.
  for (const { args } of parsed.includes) for (const file of included(p, args[0] ?? "")) readDirectives(p, file);
  throw parsed.error;
}

/** A file by itself: its includes are still to be followed, those before an error too. */
interface Parsed {
  directives: readonly Directive[];
  includes: readonly Directive[];
  error: ConfigError | undefined;
}

/** Files by path and text: every container of an image reads the same. */
const known = new Map<string, Parsed>();

function parse(text: string, path: string): Parsed {
  const includes: Directive[] = [];
  try {
    const tokens = tokenize(text, path);
    const [directives, end] = parseBlock(tokens, 0, path, false, includes);
    if (end < tokens.length) throw new ConfigError(`unexpected "}" in ${path}:${tokens[end]!.line}`);
    return { directives, includes, error: undefined };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { directives: [], includes, error };
  }
}

/** Puts the directives of included files where they are included. */
function expand(p: Process, directives: readonly Directive[], includes: readonly Directive[]): readonly Directive[] {
  if (includes.length === 0) return directives;
  const out: Directive[] = [];
  for (const directive of directives) {
    const { block } = directive;
    if (includes.includes(directive)) {
      for (const file of included(p, directive.args[0] ?? "")) out.push(...readDirectives(p, file));
    } else out.push(block === undefined ? directive : { ...directive, block: expand(p, block, includes) });
  }
  return out;
}

interface Token {
  text: string;
  line: number;
  quoted: boolean;
}

/** What stands for something else behind a backslash; before other characters it stands for itself (ngx_conf_read_token). */
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", '"': '"', "'": "'", "\\": "\\" };

function tokenize(text: string, path: string): Token[] {
  const out: Token[] = [];
  let line = 1;
  for (let i = 0; i < text.length; ) {
    const char = text[i]!;
    if (char === "\n") line++;
    if (/\s/.test(char)) i++;
    else if (char === "#") while (i < text.length && text[i] !== "\n") i++;
    else if (char === "{" || char === "}" || char === ";") {
      out.push({ text: char, line, quoted: false });
      i++;
    } else if (char === '"' || char === "'") {
      let value = "";
      const from = line;
      for (i++; text[i] !== char; i++) {
        if (i >= text.length) throw new ConfigError(`unexpected end of file, expecting "${char}" in ${path}:${line}`);
        if (text[i] === "\n") line++;
        const escaped = text[i] === "\\" ? ESCAPES[text[i + 1] ?? ""] : undefined;
        value += escaped ?? text[i];
        if (escaped !== undefined) i++;
      }
      i++;
      out.push({ text: value, line: from, quoted: true });
    } else {
      let value = "";
      while (i < text.length && !/[\s;{]/.test(text[i]!)) value += text[i++];
      // A variable in braces belongs to its word.
      if (value.endsWith("$") && text[i] === "{") while (i < text.length && !/[\s;]/.test(text[i]!)) value += text[i++];
      out.push({ text: value, line, quoted: false });
    }
  }
  return out;
}

function parseBlock(
  tokens: readonly Token[],
  from: number,
  path: string,
  inner: boolean,
  includes: Directive[],
): [Directive[], number] {
  const out: Directive[] = [];
  let i = from;
  while (i < tokens.length) {
    const first = tokens[i]!;
    if (first.text === "}" && !first.quoted) return [out, i];
    const words: string[] = [];
    while (i < tokens.length && (tokens[i]!.quoted || !/^[;{}]$/.test(tokens[i]!.text))) words.push(tokens[i++]!.text);
    const end = tokens[i];
    const [name = "", ...args] = words;
    if (end === undefined || end.text === "}") {
      const found = end === undefined ? "end of file" : '"}"';
      const line = end?.line ?? tokens[tokens.length - 1]!.line;
      throw new ConfigError(`unexpected ${found}, expecting ";" or "}" in ${path}:${line}`);
    }
    i++;
    if (end.text === ";") {
      const directive = { name, args, file: path, line: first.line };
      if (name === "include") includes.push(directive);
      out.push(directive);
      continue;
    }
    const [block, close] = parseBlock(tokens, i, path, true, includes);
    if (close >= tokens.length) {
      throw new ConfigError(`unexpected end of file, expecting "}" in ${path}:${tokens[tokens.length - 1]!.line}`);
    }
    out.push({ name, args, block, file: path, line: first.line });
    i = close + 1;
  }
  return [out, inner ? tokens.length : i];
}

/** `include` takes one file or a `*.conf` of a directory; a pattern without a match is no error. */
function included(p: Process, pattern: string): string[] {
  const path = pattern.startsWith("/") ? pattern : `${PREFIX}/${pattern}`;
  if (path.endsWith("mime.types")) return [];
  const star = path.indexOf("*");
  if (star < 0) return [path];
  const slash = path.lastIndexOf("/");
  const [head, tail] = [path.slice(slash + 1, star), path.slice(star + 1)];
  const dir = sys.find(p, path.slice(0, slash) || "/");
  if (dir?.kind !== "dir") return [];
  return [...entriesOf(dir).keys()]
    .filter((name) => name.startsWith(head) && name.endsWith(tail) && !name.startsWith("."))
    .sort()
    .map((name) => `${path.slice(0, slash)}/${name}`);
}
