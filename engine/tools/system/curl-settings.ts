/** What curl is asked for. */

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
  /** What stands in the place of the path in a request. */
  target?: string;
  netrcFile?: string;
  netrc: boolean;
  interface?: string;
  /** Schemes that may be asked for; all when absent. */
  protocols?: ReadonlySet<string>;
  /** -I came behind -F. */
  headBehindForm: boolean;
  /** Complaints that stop nothing. */
  warnings: string[];
  /** curl 7. */
  old: boolean;
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
  /** One that is none. */
  badResolve?: string;
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
  /** Nothing stands between it and the one before. */
  joined?: boolean;
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
  /** How the part is written, e.g. base64. */
  encoder?: string;
  /** Further files of the same field. */
  others?: FormPart[];
}

/** A wrong command line, or (with `help`) a call for help. */
export class CurlUsage extends Error {
  readonly help: string | undefined;
  readonly status: number;
  /** What is said before it. */
  readonly before: string;

  constructor(message: string, help?: string, status = 2, before = "") {
    super(message);
    this.before = before;
    this.help = help;
    this.status = status;
  }
}

/** Those of a command line without options. */
export function newSettings(old: boolean): Settings {
  return {
    netrc: false,
    headBehindForm: false,
    warnings: [],
    old,
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
