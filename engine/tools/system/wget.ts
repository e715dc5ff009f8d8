import { type Gen, SECOND } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { reasonOf } from "../../network/reason.ts";
import { lookupError } from "../../network/resolver.ts";
import { OptionError, type ParsedOptions, parseOptions } from "../options.ts";
import { HANDSHAKE } from "./curl-words.ts";
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
} from "./http-client.ts";
import { wallTime } from "./when.ts";

const SPEC = {
  short: "qO:T:t:U:SncP:cvdi:Y:N",
  long: "quiet=q output-document:=O timeout:=T tries:=t user-agent:=U server-response=S no-check-certificate=k header:=H post-data:=post spider no-verbose=nv ca-certificate:=ca no-clobber continue=c show-progress progress:=progress https-only timestamping=N directory-prefix:=P max-redirect:=max method:=method body-data:=post",
  standard: false,
};

/** wget(1): GNU's words on machines, BusyBox's where the image has BusyBox. */
export const wget: Program = function* (p) {
  const busybox = p.applet;
  let o: ParsedOptions;
  try {
    o = parseOptions(
      p.argv.slice(1).filter((word) => word !== "-nv"),
      SPEC,
    );
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    yield* sys.printError(
      p,
      busybox
        ? `wget: ${error.message}\nUsage: wget [-cqS] [--spider] [-O FILE] [-o LOGFILE] [--header STR] [-T SEC] URL...\n`
        : `wget: ${error.message}\nUsage: wget [OPTION]... [URL]...\n\nTry \`wget --help' for more options.\n`,
    );
    return busybox ? 1 : 2;
  }
  if (o.operands.length === 0) {
    yield* sys.printError(
      p,
      busybox
        ? `BusyBox v1.37.0 multi-call binary.\n\nUsage: wget [-cqS] [--spider] [-O FILE] [-o LOGFILE] [--header STR] [-T SEC] URL...\n`
        : "wget: missing URL\nUsage: wget [OPTION]... [URL]...\n\nTry `wget --help' for more options.\n",
    );
    return 1;
  }
  let status = 0;
  for (const text of o.operands) {
    const result = yield* get(p, o, text, busybox);
    status ||= result;
  }
  return status;
};

function* get(p: Process, o: ParsedOptions, text: string, busybox: boolean): Gen<number> {
  const quiet = o.has("q");
  let url = parseUrl(text);
  const say = function* (message: string): Gen {
    if (!quiet) yield* sys.printError(p, message);
  };
  if (url === undefined || !/^https?$/.test(url.scheme)) {
    yield* sys.printError(p, busybox ? `wget: not an http or ftp url: ${text}\n` : `${text}: Unsupported scheme.\n`);
    return 1;
  }
  for (let hops = 0; ; hops++) {
    const { kernel } = p.machine;
    const clock = () => wallTime(p, kernel.now, "%Y-%m-%d %H:%M:%S");
    const shown: string = `${url.scheme}://${authority(url)}${url.path}`;
    if (!busybox) yield* say(`--${clock()}--  ${shown}\n`);
    const seconds = Number(o.value("T") ?? 900);
    const headers: Record<string, string> = {
      host: authority(url),
      "user-agent": o.value("U") ?? (busybox ? "Wget" : "Wget/1.21.3"),
    };
    if (!busybox) headers["accept"] = "*/*";
    for (const line of o.values("H"))
      headers[line.slice(0, line.indexOf(":")).trim().toLowerCase()] = line.slice(line.indexOf(":") + 1).trim();
    const post = o.value("post");
    const method = o.value("method") ?? (post !== undefined ? "POST" : o.has("spider") && !busybox ? "HEAD" : "GET");
    const body = post === undefined ? {} : { body: { type: "bytes" as const, bytes: new TextEncoder().encode(post) } };
    const start = kernel.now;
    const result: Exchange | HttpFailure = yield* exchange(
      p,
      url,
      { method, headers, ...body },
      { connectTimeout: seconds * SECOND, insecure: o.has("k") || busybox },
    );
    if (isFailure(result)) return yield* explain(p, result, url, busybox, quiet);
    const { response }: Exchange = result;
    yield* say(
      busybox
        ? `Connecting to ${authority(url)} (${result.address}:${url.port})\n`
        : `${resolving(url, result.address)}Connecting to ${url.host}${url.host === result.address ? "" : ` (${url.host})|${result.address}|`}:${url.port}... connected.\nHTTP request sent, awaiting response... `,
    );
    if (o.has("S")) {
      const lines = Object.entries(response.headers).map(([name, value]) => `  ${headerName(name)}: ${value}\n`);
      yield* sys.printError(p, `  HTTP/1.1 ${response.status} ${reasonOf(response)}\n${lines.join("")}`);
    }
    const location: string | undefined = response.headers["location"];
    if (response.status >= 300 && response.status < 400 && location !== undefined && hops < 20) {
      if (!busybox) yield* say(`${response.status} ${reasonOf(response)}\nLocation: ${location} [following]\n`);
      const next: Url | undefined = location.startsWith("/") ? { ...url, path: location } : parseUrl(location);
      if (next === undefined) return 1;
      url = next;
      continue;
    }
    if (response.status >= 400) {
      const reason = reasonOf(response);
      if (busybox) {
        yield* sys.printError(p, `wget: server returned error: HTTP/1.1 ${response.status} ${reason}\n`);
        return 1;
      }
      yield* say(`${response.status} ${reason}\n${clock()} ERROR ${response.status}: ${reason}.\n\n`);
      return 8;
    }
    return yield* save(p, o, url, result, busybox, quiet, start, clock);
  }
}

function resolving(url: Url, address: string): string {
  return url.host === address ? "" : `Resolving ${url.host} (${url.host})... ${address}\n`;
}

/** What GnuTLS says of OpenSSL's codes. */
function untrusted(code: number): string {
  if (code === 10) return "has expired";
  return code === 9 ? "is not yet activated" : "doesn't have a known issuer";
}

function* explain(p: Process, failed: HttpFailure, url: Url, busybox: boolean, quiet: boolean): Gen<number> {
  const say = (text: string) => sys.printError(p, text);
  if (busybox) {
    const at = `${url.host}`;
    if (failed.kind === "resolve") yield* say(`wget: bad address '${at}'\n`);
    else if (failed.kind === "timeout") yield* say("wget: download timed out\n");
    else if (failed.kind === "connect")
      yield* say(
        `${quiet ? "" : `Connecting to ${authority(url)} (${failed.address}:${url.port})\n`}wget: can't connect to remote host (${failed.address}): ${connectWords(failed.code)}\n`,
      );
    else yield* say(`wget: error getting response${failed.kind === "tls" ? ": Connection reset by peer" : ""}\n`);
    return 1;
  }
  if (quiet) return failed.kind === "tls" ? 5 : 4;
  if (failed.kind === "resolve") {
    yield* say(
      `Resolving ${url.host} (${url.host})... failed: ${lookupError(failed.why)}.\nwget: unable to resolve host address ‘${url.host}’\n`,
    );
  } else if (failed.kind === "connect") {
    yield* say(
      `${resolving(url, failed.address)}Connecting to ${url.host}${url.host === failed.address ? "" : ` (${url.host})|${failed.address}|`}:${url.port}... failed: ${connectWords(failed.code)}.\n`,
    );
  } else if (failed.kind === "timeout")
    yield* say(`Connecting to ${url.host}:${url.port}... failed: Connection timed out.\n`);
  else if (failed.kind === "tls") {
    yield* say(
      failed.why === "not-tls" || failed.why === "version"
        ? `OpenSSL: error:${HANDSHAKE[failed.why]}\nUnable to establish SSL connection.\n`
        : failed.why === "name"
          ? `The certificate's owner does not match hostname ‘${url.host}’\n`
          : `ERROR: The certificate of ‘${url.host}’ is not trusted.\nERROR: The certificate of ‘${url.host}’ ${untrusted(failed.code)}.\n`,
    );
    return failed.why === "not-tls" || failed.why === "version" ? 4 : 5;
  } else yield* say("No data received.\n");
  return 4;
}

function connectWords(code: string): string {
  const words: Record<string, string> = {
    ECONNREFUSED: "Connection refused",
    ETIMEDOUT: "Connection timed out",
    EHOSTUNREACH: "No route to host",
    ENETUNREACH: "Network is unreachable",
  };
  return words[code] ?? "Connection refused";
}

function* save(
  p: Process,
  o: ParsedOptions,
  url: Url,
  result: Exchange,
  busybox: boolean,
  quiet: boolean,
  start: number,
  clock: () => string,
): Gen<number> {
  const { response } = result;
  const name = o.value("O") ?? (url.path.replace(/\?.*/, "").split("/").at(-1) || "index.html");
  const length = response.headers["content-length"];
  const type = (response.headers["content-type"] ?? "text/html").replace(/;.*/, "");
  if (o.has("spider")) {
    if (!quiet)
      yield* sys.printError(
        p,
        busybox
          ? "remote file exists\n"
          : `200 OK\nLength: ${length ?? "unspecified"} [${type}]\nRemote file exists.\n\n`,
      );
    return 0;
  }
  if (!busybox && !quiet) {
    yield* sys.printError(
      p,
      `${response.status} ${reasonOf(response)}\nLength: ${length ?? "unspecified"} [${type}]\nSaving to: ‘${name === "-" ? "STDOUT" : name}’\n\n`,
    );
  }
  let file: ReturnType<typeof sys.openFile> | undefined;
  if (name !== "-") {
    try {
      file = sys.openFile(p, name, {
        write: true,
        create: true,
        truncate: true,
        exclusive: busybox && o.value("O") === undefined,
      });
    } catch (error) {
      if (!isErrno(error)) throw error;
      yield* sys.printError(
        p,
        busybox
          ? `wget: can't open '${name}': ${error.message}\n`
          : `${name}: ${error.message}\n\nCannot write to ‘${name}’ (${error.message}).\n`,
      );
      return busybox ? 1 : 3;
    }
    file.refs++;
  }
  let size = 0;
  yield* readBody(response.body, function* (bytes) {
    size += bytes.length;
    if (file) yield* file.write(bytes);
    else yield* sys.write(p, 1, bytes);
  });
  if (file && --file.refs === 0) file.close();
  if (quiet) return 0;
  const took = Math.max(1, p.machine.kernel.now - start);
  const rate = `${(size / (took / SECOND) / 1048576).toFixed(2)} MB/s`;
  if (busybox) {
    const label = name === "-" ? "-" : name;
    if (name !== "-") yield* sys.printError(p, `saving to '${name}'\n`);
    yield* sys.printError(
      p,
      `${label.slice(0, 20).padEnd(20)} 100% |${"*".repeat(32)}| ${String(size).padStart(5)}  0:00:00 ETA\n${name === "-" ? "written to stdout" : `'${name}' saved`}\n`,
    );
  } else {
    yield* sys.printError(
      p,
      `     0K ${" ".repeat(50)} 100% ${rate.replace(" MB/s", "M")}=0s\n\n${clock()} (${rate}) - ${name === "-" ? "written to stdout" : `‘${name}’ saved`} [${size}${length === undefined ? "" : `/${length}`}]\n\n`,
    );
  }
  return 0;
}
