import { SECOND } from "../../kernel/index.ts";

/** What curl's command line asks for. */
export interface Settings {
  urls: string[];
  /** By URL: a file, `""` for the remote name, undefined for standard output. */
  outputs: (string | undefined)[];
  method?: string;
  headers: string[];
  body?: string[];
  json: boolean;
  get: boolean;
  head: boolean;
  include: boolean;
  silent: boolean;
  showError: boolean;
  noMeter: boolean;
  verbose: boolean;
  insecure: boolean;
  location: boolean;
  maxRedirects: number;
  fail: boolean;
  failWithBody: boolean;
  writeOut?: string;
  agent?: string;
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
  version: boolean;
}

/** A wrong command line, or (with `help`) a call for help. */
export class CurlUsage extends Error {
  readonly help: string | undefined;

  constructor(message: string, help?: string) {
    super(message);
    this.help = help;
  }
}

const HELP = `Usage: curl [options...] <url>
 -d, --data <data>          HTTP POST data
 -f, --fail                 Fail fast with no output on HTTP errors
 -h, --help <category>      Get help for commands
 -i, --include              Include protocol response headers in the output
 -o, --output <file>        Write to file instead of stdout
 -O, --remote-name          Write output to a file named as the remote file
 -s, --silent               Silent mode
 -T, --upload-file <file>   Transfer local FILE to destination
 -u, --user <user:password> Server user and password
 -A, --user-agent <name>    Send User-Agent <name> to server
 -v, --verbose              Make the operation more talkative
 -V, --version              Show version number and quit

This is not the full help, this menu is stripped into categories.
Use "--help category" to get an overview of all categories.
For all options use the manual or "--help all".
`;

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
  q: "disable",
  g: "globoff",
};

const FLAGS = new Set(
  "fail include head remote-name silent show-error verbose version insecure location get progress-bar no-buffer ipv4 ipv6 http1.0 http1.1 http2 compressed no-progress-meter fail-with-body disable globoff junk-session-cookies http2-prior-knowledge tlsv1.2 tlsv1.3 path-as-is create-dirs fail-early parallel location-trusted no-keepalive no-alpn raw".split(
    " ",
  ),
);
const VALUED = new Set(
  "data data-raw data-binary data-ascii data-urlencode json output user user-agent write-out header request max-time connect-timeout resolve connect-to cacert capath cert key cert-type key-type dump-header referer cookie cookie-jar proxy noproxy retry retry-delay retry-max-time max-redirs interface oauth2-bearer unix-socket limit-rate url ciphers form".split(
    " ",
  ),
);

function newSettings(): Settings {
  return {
    urls: [],
    outputs: [],
    headers: [],
    json: false,
    get: false,
    head: false,
    include: false,
    silent: false,
    showError: false,
    noMeter: false,
    verbose: false,
    insecure: false,
    location: false,
    maxRedirects: 50,
    fail: false,
    failWithBody: false,
    resolve: new Map(),
    version: false,
  };
}

/** Parses the arguments. Throws `CurlUsage`. */
export function settings(args: readonly string[]): Settings {
  const s = newSettings();
  const outputs: string[] = [];
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
        valued(s, name, args[++i]!, outputs);
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
      valued(s, name, rest === "" ? args[++i]! : rest, outputs);
      break;
    }
  }
  if (s.urls.length === 0 && !s.version) throw new CurlUsage("no URL specified!");
  s.outputs = outputs;
  return s;
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
  else if (name === "verbose") s.verbose = on;
  else if (name === "version") s.version = on;
  else if (name === "insecure") s.insecure = on;
  else if (name === "location" || name === "location-trusted") s.location = on;
  else if (name === "get") s.get = on;
}

function valued(s: Settings, name: string, value: string, outputs: string[]): void {
  const seconds = (text: string): number => {
    const number = Number(text);
    if (!Number.isFinite(number)) throw new CurlUsage(`expected a proper numerical parameter`);
    return Math.round(number * SECOND);
  };
  if (name.startsWith("data")) {
    s.body = [
      ...(s.body ?? []),
      name === "data-raw" ? value.replace(/^@/, "\\@") : name === "data-urlencode" ? urlEncoded(value) : value,
    ];
  } else if (name === "json") {
    s.body = [...(s.body ?? []), value];
    s.json = true;
  } else if (name === "output") outputs.push(value);
  else if (name === "user") s.user = value;
  else if (name === "user-agent") s.agent = value;
  else if (name === "write-out") s.writeOut = value;
  else if (name === "header") s.headers.push(value);
  else if (name === "request") s.method = value;
  else if (name === "max-time") s.maxTime = seconds(value);
  else if (name === "connect-timeout") s.connectTimeout = seconds(value);
  else if (name === "max-redirs") s.maxRedirects = Number(value);
  else if (name === "cacert") s.cacert = value;
  else if (name === "cert") s.cert = value;
  else if (name === "key") s.key = value;
  else if (name === "dump-header") s.dumpHeader = value;
  else if (name === "url") s.urls.push(value);
  else if (name === "oauth2-bearer") s.headers.push(`Authorization: Bearer ${value}`);
  else if (name === "cookie") s.headers.push(`Cookie: ${value}`);
  else if (name === "referer") s.headers.push(`Referer: ${value}`);
  else if (name === "resolve") {
    const match = /^\+?([^:]+):(\d+):(.+)$/.exec(value);
    if (match === null) throw new CurlUsage(`Couldn't parse CURLOPT_RESOLVE entry '${value}'`);
    s.resolve.set(`${match[1]}:${match[2]}`, match[3]!.split(",")[0]!);
  }
}

function urlEncoded(value: string): string {
  const at = value.indexOf("=");
  const [name, text] = at < 0 ? ["", value] : [value.slice(0, at + 1), value.slice(at + 1)];
  return (
    name + encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
  );
}
