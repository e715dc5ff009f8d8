import { SECOND } from "../../kernel/index.ts";
import { helpText } from "./curl-help.ts";
import { FLAGS, LETTERS, VALUED } from "./curl-names.ts";
import { CurlUsage, type Datum, newSettings, type Settings } from "./curl-settings.ts";
import { bytesOf, configLines, encodedDatum, formPart, protocols, warning } from "./curl-values.ts";

/**
 * Parses the arguments of version 7 (`old`) or 8; `config`: the text of a file of options, undefined when it cannot be
 * read. Throws `CurlUsage`.
 */
export function settings(
  args: readonly string[],
  old: boolean,
  config: (path: string | undefined) => string | undefined,
): Settings {
  const s = newSettings(old);
  const outputs: string[] = [];
  const own = args[0] === "-q" || args[0] === "--disable" ? undefined : config(undefined);
  const read = (path: string) => {
    const text = config(path);
    if (text === undefined)
      throw new CurlUsage(
        "option -K: error encountered when reading a file",
        undefined,
        26,
        s.silent ? "" : `curl: cannot read config from '${path}'\n`,
      );
    fromFile(s, path, text, outputs, read);
  };
  if (own !== undefined) fromFile(s, ".curlrc", own, outputs, read);
  options(s, args, outputs, read);
  if (s.urls.length === 0 && !s.version) {
    if (args.length === 0) throw new CurlUsage("");
    throw new CurlUsage(old ? "no URL specified!" : "(2) no URL specified");
  }
  s.outputs = outputs;
  return s;
}

/** Takes the options of a file in. Throws `CurlUsage`, with curl 8, of what is wrong there. */
function fromFile(s: Settings, path: string, text: string, outputs: string[], config: (path: string) => void): void {
  for (const { number, name, words, loose } of configLines(text)) {
    const place = `${path === "-" ? "<stdin>" : path}:${number}:`;
    const warn = (...lines: string[]) => {
      if (!s.silent) s.warnings.push(...lines);
    };
    if (loose && s.old)
      warn(`${place} warning: '${name}' uses unquoted whitespace in the line that may cause side-effects!`);
    else if (loose)
      warn(
        `${place} warning: '${name}' uses unquoted whitespace`,
        "This may cause side-effects. Consider using double quotes?",
      );
    try {
      options(s, words, outputs, config);
    } catch (error) {
      if (!(error instanceof CurlUsage) || error.help !== undefined) throw error;
      const why = error.message.replace(/^option \S+: /, "");
      if (s.old) warn(`${place} warning: '${name}' ${why}`);
      else
        throw new CurlUsage(
          "option -K: error encountered when reading a file",
          undefined,
          26,
          s.silent ? "" : `curl: ${place} '${name}' ${why}\ncurl: cannot read config from '${path}'\n`,
        );
    }
  }
}

function options(s: Settings, args: readonly string[], outputs: string[], config: (path: string) => void): void {
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (!arg.startsWith("-") || arg === "-") {
      s.urls.push(arg);
      continue;
    }
    if (arg.startsWith("--")) {
      const typed = arg.slice(2).replace(/^no-(?!progress|buffer|keepalive|alpn|clobber)/, "");
      const name = s.old ? wholeName(typed, arg) : typed;
      if (name === "help") throw new CurlUsage("", helpText(args[i + 1], s.old));
      if (name === "no-clobber") {
        s.noClobber = true;
        continue;
      }
      if (FLAGS.has(name)) flag(s, name, outputs, typed !== arg.slice(2));
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
      if (name === "help") throw new CurlUsage("", helpText(arg.slice(k + 1) || args[i + 1], s.old));
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

/** The option that a shortened name stands for, in curl 7. */
function wholeName(typed: string, arg: string): string {
  if (typed === "help" || FLAGS.has(typed) || VALUED.has(typed) || typed === "") return typed;
  const fits = [...FLAGS, ...VALUED, "help"].filter((each) => each.startsWith(typed));
  if (fits.length > 1) throw new CurlUsage(`option ${arg}: is ambiguous`);
  return fits[0] ?? typed;
}

function flag(s: Settings, name: string, outputs: string[], off: boolean): void {
  const on = !off;
  if (name === "fail") s.fail = on;
  else if (name === "fail-with-body") s.failWithBody = on;
  else if (name === "include") s.include = on;
  else if (name === "head") {
    s.head = on;
    s.headBehindForm = on && s.form !== undefined;
  } else if (name === "netrc") s.netrc = on;
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
  const negative = () => new CurlUsage(`option ${option}: expected a positive numerical parameter`);
  const seconds = (text: string): number => {
    const number = text === "" ? Number.NaN : Number(text);
    if (s.old && number < 0) throw negative();
    if (!Number.isFinite(number) || number < 0) throw improper();
    return Math.round(number * SECOND);
  };
  const count = (text: string): number => {
    if (!/^-?\d+$/.test(text)) throw improper();
    if (text.startsWith("-")) throw negative();
    return Number(text);
  };
  if (name.startsWith("data")) {
    const binary = name === "data-binary";
    if (name === "data-urlencode") (s.body ??= []).push(encodedDatum(value));
    else if (name !== "data-raw" && value.startsWith("@")) (s.body ??= []).push({ file: value.slice(1), binary });
    else (s.body ??= []).push({ text: value });
  } else if (name === "json") {
    const joined = s.json;
    const datum: Datum = value.startsWith("@") ? { file: value.slice(1), binary: true } : { text: value };
    (s.body ??= []).push({ ...datum, joined });
    s.json = true;
  } else if (name === "upload-file") s.upload = value;
  else if (name === "retry") {
    s.retries = count(value);
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
  else if (name === "max-redirs") {
    if (!/^-?\d+$/.test(value)) throw improper();
    s.maxRedirects = Number(value) < 0 ? Number.POSITIVE_INFINITY : Number(value);
  } else if (name === "speed-time" || name === "speed-limit" || name === "keepalive-time") count(value);
  else if (name === "request-target") s.target = value;
  else if (name === "netrc-file") s.netrcFile = value;
  else if (name === "interface") s.interface = value;
  else if (name === "proto") s.protocols = protocols(value);
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
  else if (name === "form" || name === "form-string") {
    const warn = (text: string) => {
      if (!s.silent) s.warnings.push(text + (s.old && /^Ill/.test(text) ? "!" : ""));
    };
    try {
      (s.form ??= []).push(formPart(value, name === "form-string", warn));
    } catch (error) {
      if (!(error instanceof CurlUsage)) throw error;
      const why = s.warnings.map(warning).join("");
      throw new CurlUsage(`option ${option}: is badly used here`, undefined, 2, why);
    }
  } else if (name === "referer") {
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
    if (match === null) {
      s.badResolve ??= value;
      return;
    }
    s.resolve.set(`${match[1]}:${match[2]}`, match[3]!.split(",")[0]!);
  }
}
