/** What curl does with an answer: files, the progress, the text of `-w`. */
import { encode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { parseDate } from "../../text/date-parse.ts";
import type { CookieJar } from "./curl-cookies.ts";
import { CurlError } from "./curl-error.ts";
import type { Settings } from "./curl-options.ts";
import { cutShort, goodbye, head, METER, meterLine } from "./curl-words.ts";
import { type Facts, writeOut } from "./curl-write-out.ts";
import { authority, type Exchange, readBody, type Url, withTimeout } from "./http-client.ts";

/** What lasts through all URLs of one command. */
export interface Run {
  jar: CookieJar;
  version: string;
  /** Number of the URL. */
  index: number;
}

/** The text of `-w`. */
export function* say(p: Process, s: Settings, run: Run, facts: Facts): Gen {
  if (s.writeOut === undefined) return;
  const format = s.writeOut;
  const warnings: string[] = [];
  const text = writeOut(format, { ...facts, index: run.index, insecure: s.insecure }, run.version, warnings);
  // What follows %{stderr} goes there, until %{stdout}.
  let toError = false;
  for (const part of text.split(/(%\{std(?:err|out)\})/)) {
    if (/^%\{std/.test(part)) toError = part === "%{stderr}";
    else if (part !== "") yield* toError ? sys.printError(p, part) : sys.print(p, part);
  }
  if (warnings.length > 0) yield* sys.printError(p, warnings.join(""));
}

/** Hands an answer on: head, body, `-w`. Throws `CurlError`. */
export function* deliver(
  p: Process,
  s: Settings,
  url: Url,
  result: Exchange,
  output: string | undefined,
  start: number,
  run: Run,
  more: Partial<Facts>,
): Gen {
  const { response } = result;
  const { kernel } = p.machine;
  if (response.status === 0) throw new CurlError(1, "Received HTTP/0.9 when not allowed");
  if (s.dumpHeader !== undefined) {
    if (s.dumpHeader === "-") yield* sys.print(p, head(result, url));
    else sys.writeText(p, s.dumpHeader, head(result, url));
  }
  if (s.fail && response.status >= 400) throw new CurlError(22, `The requested URL returned error: ${response.status}`);
  let path =
    output === "" || (s.outputDir && output === `${s.outputDir}/`)
      ? output + (url.path.replace(/\?.*/, "").split("/").at(-1) ?? "")
      : output === "-"
        ? undefined
        : output;
  if (path !== undefined && (path === "" || path.endsWith("/"))) {
    if (run.version.startsWith("7")) throw new CurlError(23, "Remote file name has no length");
    path += "curl_response";
  }
  let file: ReturnType<typeof sys.openFile> | undefined;
  const length = Number(response.headers["content-length"] ?? 0);
  if (s.maxFileSize !== undefined && length > s.maxFileSize) throw new CurlError(63, "Maximum file size exceeded");
  const goesOn = s.resume !== undefined && s.resume !== 0 && response.status === 206;
  const begun = typeof s.resume === "number" ? s.resume : 0;
  // All of it is there already: what comes now is not taken.
  if (begun > 0 && !goesOn && response.status < 300 && length === begun) return;
  if (begun > 0 && !goesOn && response.status < 300)
    throw new CurlError(33, "HTTP server doesn't seem to support byte ranges. Cannot resume.");
  if (path !== undefined) {
    try {
      if (s.createDirs && path.includes("/")) sys.makeAbove(p, path, 0o750);
      file = sys.openFile(p, path, { write: true, create: true, truncate: !goesOn, append: goesOn });
    } catch (error) {
      if (!isErrno(error)) throw error;
      throw new CurlError(23, "Failure writing output to destination");
    }
    file.refs++;
  }
  let size = 0;
  const meter = hasMeter(p, s, file !== undefined);
  if (meter) yield* sys.printError(p, METER);
  const sink = function* (bytes: Uint8Array): Gen {
    size += bytes.length;
    if (file) yield* file.write(bytes);
    else yield* sys.write(p, 1, bytes);
  };
  if (s.include || s.head) yield* file ? file.write(encode(head(result, url))) : sys.print(p, head(result, url));
  if (!s.head) {
    const left = s.maxTime === undefined ? Number.POSITIVE_INFINITY : start + s.maxTime - kernel.now;
    const done = yield* withTimeout(p, finished(readBody(response.body, sink)), left);
    if (done === undefined)
      throw new CurlError(
        28,
        `Operation timed out after ${Math.floor((kernel.now - start) / 1000)} milliseconds with ${size} bytes received`,
      );
  }
  if (file && --file.refs === 0) file.close();
  const changed =
    s.remoteTime && path !== undefined ? parseDate(response.headers["last-modified"] ?? "", 0) : undefined;
  if (changed !== undefined && response.headers["last-modified"] !== undefined)
    sys.stat(p, path!).mtime = (changed - kernel.epochMs) * 1000;
  const total = kernel.now - start;
  if (meter) yield* sys.printError(p, meterLine(size, total));
  if (response.body.type === "stream" && response.body.missing)
    throw new CurlError(18, cutShort(response.body.missing, run.version));
  if (s.verbose) {
    if (size > 0 && p.fds.get(1)?.tty === undefined) yield* sys.printError(p, `{ [${size} bytes data]\n`);
    yield* sys.printError(p, goodbye(result, url.host, run.version));
  }
  yield* say(p, s, run, {
    ...more,
    code: s.failWithBody && response.status >= 400 ? 22 : 0,
    message: "",
    url: `${url.scheme}://${authority(url)}${url.path}`,
    result,
    port: url.port,
    total,
    size,
    headBytes: head(result, url).length,
    ...(path !== undefined && { filename: path }),
    version: url.scheme === "https" ? "2" : "1.1",
  });
  if (s.failWithBody && response.status >= 400)
    throw new CurlError(22, `The requested URL returned error: ${response.status}`);
}

/** Whether the progress is shown: where the body does not go to a terminal. */
export function hasMeter(p: Process, s: Settings, toFile: boolean): boolean {
  return !s.silent && (toFile || (p.fds.get(1)?.tty === undefined && !s.head)) && !s.noMeter;
}

function* finished(work: Gen): Gen<true> {
  yield* work;
  return true;
}
