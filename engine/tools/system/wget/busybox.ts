import { type Gen, SECOND } from "../../../kernel/index.ts";
import { isErrno } from "../../../machine/errno.ts";
import type { Process } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import { reasonOf } from "../../../network/reason.ts";
import { OptionError, type ParsedOptions, parseOptions } from "../../options.ts";
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
import { connectWords } from "./words.ts";

const SPEC = {
  short: "qO:T:t:U:ScP:Y:o:N",
  long: "quiet=q output-document:=O timeout:=T tries:=t user-agent:=U server-response=S no-check-certificate=k header:=H post-data:=post post-file:=post-file spider continue=c directory-prefix:=P",
  standard: false,
};

const USAGE = "Usage: wget [-cqS] [--spider] [-O FILE] [-o LOGFILE] [--header STR] [-T SEC] URL...\n";

/** wget(1) of BusyBox (networking/wget.c). */
export function* busyboxWget(p: Process): Gen<number> {
  let o: ParsedOptions;
  try {
    o = parseOptions(p.argv.slice(1), SPEC);
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    yield* sys.printError(p, `wget: ${error.message}\n${USAGE}`);
    return 1;
  }
  if (o.operands.length === 0) {
    yield* sys.printError(p, `BusyBox v1.37.0 multi-call binary.\n\n${USAGE}`);
    return 1;
  }
  for (const text of o.operands) {
    const status = yield* get(p, o, text);
    if (status !== 0) return status;
  }
  return 0;
}

function* get(p: Process, o: ParsedOptions, text: string): Gen<number> {
  const quiet = o.has("q");
  let url = parseUrl(text);
  if (url === undefined || !/^https?$/.test(url.scheme)) {
    yield* sys.printError(p, `wget: not an http or ftp url: ${text}\n`);
    return 1;
  }
  const file = o.value("post-file");
  if (file !== undefined && sys.find(p, file)?.kind !== "file") {
    yield* sys.printError(p, `wget: can't open '${file}': No such file or directory\n`);
    return 1;
  }
  for (let hops = 0; ; hops++) {
    const headers: Record<string, string> = { host: authority(url), "user-agent": o.value("U") ?? "Wget" };
    for (const line of o.values("H"))
      headers[line.slice(0, line.indexOf(":")).trim().toLowerCase()] = line.slice(line.indexOf(":") + 1).trim();
    const post = file === undefined ? o.value("post") : sys.readText(p, file);
    const body = post === undefined ? {} : { body: { type: "bytes" as const, bytes: new TextEncoder().encode(post) } };
    const result: Exchange | HttpFailure = yield* exchange(
      p,
      url,
      { method: post === undefined ? "GET" : "POST", headers, ...body },
      { connectTimeout: Number(o.value("T") ?? 900) * SECOND, insecure: true },
    );
    if (isFailure(result)) return yield* explain(p, result, url, quiet);
    const { response }: Exchange = result;
    if (!quiet) yield* sys.printError(p, `Connecting to ${authority(url)} (${result.address}:${url.port})\n`);
    if (o.has("S")) {
      const lines = Object.entries(response.headers).map(([name, value]) => `  ${headerName(name)}: ${value}\n`);
      yield* sys.printError(p, `  HTTP/1.1 ${response.status} ${reasonOf(response)}\n${lines.join("")}`);
    }
    const location: string | undefined = response.headers["location"];
    if (response.status >= 300 && response.status < 400 && location !== undefined && hops < 20) {
      const next: Url | undefined = location.startsWith("/") ? { ...url, path: location } : parseUrl(location);
      if (next === undefined) return 1;
      url = next;
      continue;
    }
    if (response.status >= 400) {
      const line = `HTTP/1.1 ${response.status} ${reasonOf(response)}`;
      yield* sys.printError(p, `wget: server returned error: ${line}\n`);
      return 1;
    }
    return yield* save(p, o, url, result, quiet);
  }
}

function* explain(p: Process, failed: HttpFailure, url: Url, quiet: boolean): Gen<number> {
  const say = (text: string) => sys.printError(p, text);
  if (failed.kind === "resolve") yield* say(`wget: bad address '${url.host}'\n`);
  else if (failed.kind === "timeout") yield* say("wget: download timed out\n");
  else if (failed.kind === "connect")
    yield* say(
      `${quiet ? "" : `Connecting to ${authority(url)} (${failed.address}:${url.port})\n`}wget: can't connect to remote host (${failed.address}): ${connectWords(failed.code)}\n`,
    );
  else yield* say(`wget: error getting response${failed.kind === "tls" ? ": Connection reset by peer" : ""}\n`);
  return 1;
}

function* save(p: Process, o: ParsedOptions, url: Url, { response }: Exchange, quiet: boolean): Gen<number> {
  const prefix = o.value("P");
  const own = url.path.replace(/\?.*/, "").split("/").at(-1) || "index.html";
  const name = o.value("O") ?? (prefix === undefined ? own : `${prefix.replace(/\/$/, "")}/${own}`);
  if (o.has("spider")) {
    if (!quiet) yield* sys.printError(p, "remote file exists\n");
    return 0;
  }
  let file: ReturnType<typeof sys.openFile> | undefined;
  if (name !== "-") {
    try {
      const exclusive = o.value("O") === undefined;
      file = sys.openFile(p, name, { write: true, create: true, truncate: true, exclusive });
    } catch (error) {
      if (!isErrno(error)) throw error;
      yield* sys.printError(p, `wget: can't open '${name}': ${error.message}\n`);
      return 1;
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
  if (name !== "-") yield* sys.printError(p, `saving to '${name}'\n`);
  yield* sys.printError(
    p,
    `${name.slice(0, 20).padEnd(20)} 100% |${"*".repeat(32)}| ${String(size).padStart(5)}  0:00:00 ETA\n${name === "-" ? "written to stdout" : `'${name}' saved`}\n`,
  );
  return 0;
}
