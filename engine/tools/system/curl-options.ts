import { SECOND } from "../../kernel/index.ts";
import { HELP } from "./curl-help.ts";

/** What curl's command line asks for. */
export interface Settings {
  urls: string[];
  /** By URL: a file, `""` for the remote name, undefined for standard output. */
  outputs: (string | undefined)[];
  method?: string;
  headers: string[];
  body?: Datum[];
  form?: FormPart[];
  /** Cookies given with `-b`: texts or files; and where those of the end go. */
  cookies: string[];
  cookieJar?: string;
  proxy?: string;
  noproxy?: string;
  globOff: boolean;
  createDirs: boolean;
  outputDir?: string;
  query: Datum[];
  range?: string;
  /** A file that is sent as it is, with PUT; `-` for standard input. */
  upload?: string;
  retries: number;
  /** µs between tries; a second that doubles when absent. */
  retryDelay?: number;
  retryRefused: boolean;
  retryAll: boolean;
  json: boolean;
  get: boolean;
  head: boolean;
  include: boolean;
  silent: boolean;
  showError: boolean;
  noMeter: boolean;
  verbose: boolean;
  /** --trace, --trace-ascii: how bytes are shown, and where to. */
  trace?: { how: "plain" | "ascii" | "hex"; file: string };
  traceTime: boolean;
  /** -N: what goes to standard output is not held back. */
  unbuffered: boolean;
  /** Where complaints and the progress go instead of standard error. */
  stderr?: string;
  /** HTTP/1.1 is all that is offered to a TLS server; what is spoken is agreed on. */
  http1: boolean;
  alpn: boolean;
  /** Scheme of URLs without one. */
  protoDefault?: string;
  /** Other hosts are told the user too. */
  trusted: boolean;
  /** A POST stays one behind a redirect. */
  post301: boolean;
  post302: boolean;
  post303: boolean;
  /** `-e ';auto'`: redirects are told where they come from. */
  referAuto: boolean;
  /** -J: files are named as servers say. */
  remoteHeaderName: boolean;
  /** Files that are there are left alone. */
  noClobber: boolean;
  /** µs from the first try after which no other is made. */
  retryMaxTime?: number;
  /** The first transfer that fails is the last. */
  failEarly: boolean;
  insecure: boolean;
  /** `--tlsv1.2` and `--tls-max 1.2`. */
  tlsFrom?: string;
  tlsTo?: string;
  location: boolean;
  maxRedirects: number;
  fail: boolean;
  failWithBody: boolean;
  writeOut?: string;
  agent?: string;
  referer?: string;
  /** `-z`: a date or a file, behind `-` where it is to be older. */
  since?: string;
  bearer?: string;
  compressed: boolean;
  http10: boolean;
  pathAsIs: boolean;
  unixSocket?: string;
  user?: string;
  cacert?: string;
  cert?: string;
  key?: string;
  dumpHeader?: string;
  /** µs. */
  connectTimeout?: number;
  maxTime?: number;
  /** `host:port` to address. */
  resolve: Map<string, string>;
  /** --connect-to: host and port as asked for ("" for any), and those to go to instead. */
  connectTo: { host: string; port: string; toHost: string; toPort: string }[];
  version: boolean;
  /** --remote-name-all: -O for every URL that has no -o. */
  remoteNames: boolean;
  /** -R: files get the time that the server tells. */
  remoteTime: boolean;
  /** Most bytes that are taken. */
  maxFileSize?: number;
  /** -C: where to go on; `auto`: behind what the file has. */
  resume?: number | "auto";
}

/** A part of the body: text, or the contents of a file (`-` for standard input) with or without its line ends. */
export interface Datum {
  text?: string;
  file?: string;
  binary?: boolean;
  /** Percent signs stand for what may not stand in a URL, after `name`. */
  encoded?: boolean;
  name?: string;
}

/** One part of `-F`. */
export interface FormPart {
  name: string;
  text?: string;
  file?: string;
  /** Sent as a file, with a name. */
  attached?: boolean;
  type?: string;
  filename?: string;
}

/** A wrong command line, or (with `help`) a call for help. */
export class CurlUsage extends Error {
  readonly help: string | undefined;
  readonly status: number;

  constructor(message: string, help?: string, status = 2) {
    super(message);
    this.help = help;
    this.status = status;
  }
}

/** Short option letters with their long names. */
const LETTERS: Record<string, string> = {
  d: "data",
  f: "fail",
  h: "help",
  i: "include",
  I: "head",
  o: "output",
  O: "remote-name",
  s: "silent",
  S: "show-error",
  u: "user",
  A: "user-agent",
  v: "verbose",
  V: "version",
  w: "write-out",
  k: "insecure",
  L: "location",
  H: "header",
  X: "request",
  m: "max-time",
  G: "get",
  E: "cert",
  D: "dump-header",
  e: "referer",
  b: "cookie",
  c: "cookie-jar",
  x: "proxy",
  "#": "progress-bar",
  N: "no-buffer",
  4: "ipv4",
  6: "ipv6",
  "0": "http1.0",
  j: "junk-session-cookies",
  T: "upload-file",
  F: "form",
  r: "range",
  R: "remote-time",
  C: "continue-at",
  J: "remote-header-name",
  Z: "parallel",
  "1": "tlsv1",
  q: "disable",
  g: "globoff",
  K: "config",
  z: "time-cond",
  U: "proxy-user",
  n: "netrc",
  Q: "quote",
  a: "append",
  B: "use-ascii",
  l: "list-only",
  P: "ftp-port",
  t: "telnet-option",
  y: "speed-time",
  Y: "speed-limit",
  p: "proxytunnel",
};

const FLAGS = new Set(
  "fail include head remote-name silent show-error verbose version insecure location get progress-bar no-buffer ipv4 ipv6 http1.0 http1.1 http2 compressed no-progress-meter fail-with-body disable globoff junk-session-cookies http2-prior-knowledge tlsv1.2 tlsv1.3 path-as-is create-dirs fail-early parallel location-trusted no-keepalive no-alpn raw retry-connrefused retry-all-errors ssl tlsv1 tlsv1.0 tlsv1.1 remote-time remote-header-name remote-name-all styled-output tcp-nodelay tcp-fastopen anyauth basic digest negotiate ntlm http0.9 http3 doh-insecure proxy-insecure cert-status false-start post301 post302 post303 trace-time clobber sessionid netrc netrc-optional append list-only ftp-pasv stderr-to-stdout ignore-content-length haproxy-protocol suppress-connect-headers use-ascii proxytunnel".split(
    " ",
  ),
);
const VALUED = new Set(
  "data data-raw data-binary data-ascii data-urlencode json output user user-agent write-out header request max-time connect-timeout resolve connect-to cacert capath cert key cert-type key-type dump-header referer cookie cookie-jar proxy noproxy retry retry-delay retry-max-time max-redirs interface oauth2-bearer unix-socket limit-rate url ciphers form upload-file range continue-at tls-max proto proto-default proto-redir request-target tls13-ciphers dns-servers local-port keepalive-time speed-limit speed-time max-filesize output-dir trace trace-ascii stderr config variable aws-sigv4 pinnedpubkey proxy-user proxy-header socks5 socks5-hostname socks4 expect100-timeout happy-eyeballs-timeout-ms etag-save etag-compare form-string netrc-file pass crlfile engine url-query time-cond quote ftp-port telnet-option retry-max-time".split(
    " ",
  ),
);

function newSettings(): Settings {
  return {
    urls: [],
    outputs: [],
    headers: [],
    cookies: [],
    globOff: false,
    compressed: false,
    http10: false,
    pathAsIs: false,
    createDirs: false,
    query: [],
    json: false,
    get: false,
    head: false,
    include: false,
    silent: false,
    showError: false,
    noMeter: false,
    verbose: false,
    traceTime: false,
    unbuffered: false,
    http1: false,
    alpn: true,
    trusted: false,
    post301: false,
    post302: false,
    post303: false,
    referAuto: false,
    remoteHeaderName: false,
    noClobber: false,
    failEarly: false,
    insecure: false,
    location: false,
    maxRedirects: 50,
    fail: false,
    failWithBody: false,
    resolve: new Map(),
    connectTo: [],
    retries: 0,
    retryRefused: false,
    retryAll: false,
    version: false,
    remoteNames: false,
    remoteTime: false,
  };
}

/**
 * Parses the arguments of version 7 (`old`) or 8; `config`: the text of a file of options, undefined when it cannot be
 * read. Throws `CurlUsage`.
 */
export function settings(
  args: readonly string[],
  old: boolean,
  config: (path: string | undefined) => string | undefined,
): Settings {
  const s = newSettings();
  const outputs: string[] = [];
  const own = args[0] === "-q" || args[0] === "--disable" ? undefined : config(undefined);
  const read = (path: string) => {
    const text = config(path);
    if (text === undefined) throw new CurlUsage("option -K: error encountered when reading a file", undefined, 26);
    options(s, configWords(text), outputs, read);
  };
  if (own !== undefined) options(s, configWords(own), outputs, read);
  options(s, args, outputs, read);
  if (s.urls.length === 0 && !s.version) {
    if (args.length === 0) throw new CurlUsage("");
    throw new CurlUsage(old ? "no URL specified!" : "(2) no URL specified");
  }
  s.outputs = outputs;
  return s;
}

/** The words that a file of `-K` stands for: `name = "value"`, `name: value`, `name value`, `-x value` (src/tool_parsecfg.c). */
function configWords(text: string): string[] {
  const out: string[] = [];
  for (const line of text.split("\n")) {
    const [, name, rest = ""] = /^\s*([^\s#=:][^\s=:]*)[\s=:]*(.*?)\s*$/.exec(line) ?? [];
    if (name === undefined) continue;
    const quoted = /^"((?:[^"\\]|\\.)*)"/.exec(rest);
    const value = quoted
      ? quoted[1]!.replace(/\\(.)/g, (_all, char: string) => ({ t: "\t", n: "\n", r: "\r", v: "\v" })[char] ?? char)
      : rest.replace(/\s.*$/, "");
    out.push(name.startsWith("-") ? name : `--${name}`);
    if (value !== "" || quoted) out.push(value);
  }
  return out;
}

function options(s: Settings, args: readonly string[], outputs: string[], config: (path: string) => void): void {
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (!arg.startsWith("-") || arg === "-") {
      s.urls.push(arg);
      continue;
    }
    if (arg.startsWith("--")) {
      const name = arg.slice(2).replace(/^no-(?!progress|buffer|keepalive|alpn)/, "");
      if (name === "help") throw new CurlUsage("", HELP);
      if (FLAGS.has(name)) flag(s, name, outputs, name !== arg.slice(2));
      else if (VALUED.has(name)) {
        if (i + 1 >= args.length) throw new CurlUsage(`option ${arg}: requires parameter`);
        if (name === "config") config(args[++i]!);
        else valued(s, name, args[++i]!, outputs, arg);
      } else throw new CurlUsage(`option ${arg}: is unknown`);
      continue;
    }
    for (let k = 1; k < arg.length; k++) {
      const name = LETTERS[arg[k]!];
      if (name === undefined) throw new CurlUsage(`option ${arg}: is unknown`);
      if (name === "help") throw new CurlUsage("", HELP);
      if (FLAGS.has(name)) {
        flag(s, name, outputs, false);
        continue;
      }
      const rest = arg.slice(k + 1);
      if (rest === "" && i + 1 >= args.length) throw new CurlUsage(`option ${arg}: requires parameter`);
      const value = rest === "" ? args[++i]! : rest;
      if (name === "config") config(value);
      else valued(s, name, value, outputs, arg);
      break;
    }
  }
}

function flag(s: Settings, name: string, outputs: string[], off: boolean): void {
  const on = !off;
  if (name === "fail") s.fail = on;
  else if (name === "fail-with-body") s.failWithBody = on;
  else if (name === "include") s.include = on;
  else if (name === "head") s.head = on;
  else if (name === "remote-name") outputs.push("");
  else if (name === "silent") s.silent = on;
  else if (name === "show-error") s.showError = on;
  else if (name === "no-progress-meter") s.noMeter = on;
  else if (name === "verbose") {
    s.verbose = on;
    if (on) delete s.trace;
  } else if (name === "trace-time") s.traceTime = on;
  else if (name === "no-buffer") s.unbuffered = on;
  else if (name === "http1.1") s.http1 = on;
  else if (name === "no-alpn") s.alpn = off;
  else if (name === "post301") s.post301 = on;
  else if (name === "post302") s.post302 = on;
  else if (name === "post303") s.post303 = on;
  else if (name === "remote-header-name") s.remoteHeaderName = on;
  else if (name === "clobber") s.noClobber = off;
  else if (name === "fail-early") s.failEarly = on;
  else if (name === "version") s.version = on;
  else if (name === "insecure") s.insecure = on;
  else if (name === "location") s.location = on;
  else if (name === "location-trusted") s.location = s.trusted = on;
  else if (name === "get") s.get = on;
  else if (name === "globoff") s.globOff = on;
  else if (name === "create-dirs") s.createDirs = on;
  else if (name === "compressed") s.compressed = on;
  else if (name === "http1.0") s.http10 = on;
  else if (name === "path-as-is") s.pathAsIs = on;
  else if (name === "retry-connrefused") s.retryRefused = on;
  else if (name.startsWith("tlsv")) s.tlsFrom = name === "tlsv1" ? "1.0" : name.slice(4);
  else if (name === "retry-all-errors") s.retryAll = on;
  else if (name === "remote-name-all") s.remoteNames = on;
  else if (name === "remote-time") s.remoteTime = on;
}

function valued(s: Settings, name: string, value: string, outputs: string[], option: string): void {
  const improper = () => new CurlUsage(`option ${option}: expected a proper numerical parameter`);
  const seconds = (text: string): number => {
    const number = Number(text);
    if (!Number.isFinite(number) || number < 0) throw improper();
    return Math.round(number * SECOND);
  };
  if (name.startsWith("data")) {
    const binary = name === "data-binary";
    if (name === "data-urlencode") (s.body ??= []).push(encodedDatum(value));
    else if (name !== "data-raw" && value.startsWith("@")) (s.body ??= []).push({ file: value.slice(1), binary });
    else (s.body ??= []).push({ text: value });
  } else if (name === "json") {
    (s.body ??= []).push(value.startsWith("@") ? { file: value.slice(1), binary: true } : { text: value });
    s.json = true;
  } else if (name === "upload-file") s.upload = value;
  else if (name === "retry") {
    if (!/^\d+$/.test(value)) throw improper();
    s.retries = Number(value);
  } else if (name === "retry-delay") {
    s.retryDelay = seconds(value);
  } else if (name === "output") outputs.push(value);
  else if (name === "user") s.user = value;
  else if (name === "user-agent") s.agent = value;
  else if (name === "write-out") s.writeOut = value;
  else if (name === "header") s.headers.push(value);
  else if (name === "request") s.method = value;
  else if (name === "max-time") s.maxTime = seconds(value);
  else if (name === "connect-timeout") s.connectTimeout = seconds(value);
  else if (name === "max-redirs") s.maxRedirects = Number(value);
  else if (name === "tls-max") s.tlsTo = value;
  else if (name === "cacert") s.cacert = value;
  else if (name === "cert") s.cert = value;
  else if (name === "key") s.key = value;
  else if (name === "dump-header") s.dumpHeader = value;
  else if (name === "url") s.urls.push(value);
  else if (name === "oauth2-bearer") s.bearer = value;
  else if (name === "time-cond") s.since = value;
  else if (name === "unix-socket") s.unixSocket = value;
  else if (name === "cookie") s.cookies.push(value);
  else if (name === "cookie-jar") s.cookieJar = value;
  else if (name === "proxy") s.proxy = value;
  else if (name === "noproxy") s.noproxy = value;
  else if (name === "output-dir") s.outputDir = value;
  else if (name === "range") s.range = value;
  else if (name === "max-filesize") s.maxFileSize = bytesOf(value, option);
  else if (name === "limit-rate") bytesOf(value, option);
  else if (name === "continue-at") {
    if (value !== "-" && !/^\d+$/.test(value)) throw improper();
    s.resume = value === "-" ? "auto" : Number(value);
  } else if (name === "url-query") s.query.push(value.startsWith("+") ? { text: value.slice(1) } : encodedDatum(value));
  else if (name === "form" || name === "form-string") (s.form ??= []).push(formPart(value, name === "form-string"));
  else if (name === "referer") {
    s.referAuto = value.endsWith(";auto");
    s.referer = value.replace(/;auto$/, "");
    if (s.referer === "") delete s.referer;
  } else if (name === "trace" || name === "trace-ascii")
    s.trace = { how: name === "trace" ? "hex" : "ascii", file: value };
  else if (name === "stderr") s.stderr = value;
  else if (name === "proto-default") s.protoDefault = value.toLowerCase();
  else if (name === "retry-max-time") s.retryMaxTime = seconds(value);
  else if (name === "connect-to") {
    const [host = "", port = "", toHost = "", toPort = ""] = value.split(":");
    s.connectTo.push({ host, port, toHost, toPort });
  } else if (name === "resolve") {
    const match = /^\+?([^:]+):(\d+):(.+)$/.exec(value);
    if (match === null) throw new CurlUsage(`Couldn't parse CURLOPT_RESOLVE entry '${value}'`);
    s.resolve.set(`${match[1]}:${match[2]}`, match[3]!.split(",")[0]!);
  }
}

/** A size with k, M, G … behind it. Throws `CurlUsage`. */
function bytesOf(text: string, option: string): number {
  const match = /^(\d+)([bBkKmMgGtTpP]?)$/.exec(text);
  if (match === null) throw new CurlUsage(`option ${option}: is badly used here`);
  return Number(match[1]) * 1024 ** Math.max(0, "bkmgtp".indexOf(match[2]!.toLowerCase() || "b"));
}

/** `content`, `=content`, `name=content`, `@file`, `name@file` of --data-urlencode. */
function encodedDatum(value: string): Datum {
  const at = value.search(/[=@]/);
  if (at < 0) return { text: value, encoded: true };
  const name = at === 0 ? "" : `${value.slice(0, at)}=`;
  const rest = value.slice(at + 1);
  return value[at] === "@" ? { file: rest, encoded: true, name } : { text: rest, encoded: true, name };
}

/** `name=text`, `name=@file;type=x;filename=y`, `name=<file`. */
function formPart(value: string, plain: boolean): FormPart {
  const at = value.indexOf("=");
  if (at < 0) throw new CurlUsage("Illegally formatted input field!");
  const name = value.slice(0, at);
  const rest = value.slice(at + 1);
  if (plain) return { name, text: rest };
  const from = rest[0] === "@" || rest[0] === "<";
  const [first = "", ...more] = (from ? rest.slice(1) : rest).split(";");
  const part: FormPart = from ? { name, file: first, attached: rest[0] === "@" } : { name, text: first };
  for (const word of more) {
    const [key = "", text = ""] = word.trim().split(/=(.*)/s);
    if (key === "type") part.type = text;
    else if (key === "filename") part.filename = text.replace(/^"(.*)"$/, "$1");
    else if (!from) part.text += `;${word}`;
  }
  return part;
}
