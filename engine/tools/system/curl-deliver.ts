/** What curl does with an answer: its head, its body, files, the progress, the text of `-w`. */
import { encode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { OpenFile } from "../../machine/open-file.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { parseDate } from "../../text/date-parse.ts";
import { CurlError } from "./curl-error.ts";
import { meterLine } from "./curl-meter.ts";
import type { Run } from "./curl-run.ts";
import type { Sent } from "./curl-send.ts";
import type { Settings } from "./curl-settings.ts";
import { closing, cutShort, head } from "./curl-words.ts";
import { type Facts, writeOut } from "./curl-write-out.ts";
import { authority, readBody, type Url, withTimeout } from "./http-client.ts";

/** The text of `-w`. */
export function* say(p: Process, s: Settings, run: Run, facts: Facts): Gen {
  if (s.writeOut === undefined) return;
  const format = s.writeOut;
  const warnings: string[] = [];
  const text = writeOut(
    format,
    { ...facts, index: run.index, insecure: s.insecure, newer: !s.old },
    run.version,
    warnings,
  );
  // What follows %{stderr} goes there, until %{stdout}.
  let toError = false;
  for (const part of text.split(/(%\{std(?:err|out)\})/)) {
    if (/^%\{std/.test(part)) toError = part === "%{stderr}";
    else if (part !== "") yield* toError ? sys.printError(p, part) : run.print(encode(part));
  }
  if (warnings.length > 0) yield* sys.printError(p, warnings.join(""));
}

/** Whether the progress is shown: where the body does not go to a terminal. */
export function hasMeter(p: Process, s: Settings, toFile: boolean): boolean {
  return !s.silent && (toFile || p.fds.get(1)?.tty === undefined) && !s.noMeter;
}

/** Where heads (with -i) and bodies go: a file, made when the first comes, or standard output. */
export class Output {
  /** Its name, once it has one. */
  path: string | undefined;
  /** Bytes of the body. */
  size = 0;
  /** Its file cannot be made. */
  private refused = false;
  private file: OpenFile | undefined;
  private readonly heads: string[] = [];
  private readonly p: Process;
  private readonly s: Settings;
  /** Undefined for standard output. */
  private readonly named: string | undefined;
  private readonly run: Run;
  private readonly old: boolean;

  constructor(p: Process, s: Settings, output: string | undefined, run: Run) {
    this.run = run;
    this.p = p;
    this.s = s;
    this.named = output === "-" ? undefined : output;
    this.old = run.version.startsWith("7");
  }

  /** The name of the file for an answer. Throws `CurlError`. */
  private nameFor(url: Url, disposition: string | undefined): string | undefined {
    const { named, s } = this;
    if (named === undefined) return undefined;
    if (!(named === "" || (s.outputDir && named === `${s.outputDir}/`))) return this.usable(named);
    const told = /filename="?([^";]*)"?/i.exec(disposition ?? "")?.[1];
    const own = s.remoteHeaderName && told ? told.split(/[/\\]/).at(-1)! : undefined;
    return this.usable(
      named +
        (own ??
          url.path
            .replace(/[?#].*/, "")
            .split("/")
            .at(-1) ??
          ""),
    );
  }

  private usable(path: string): string {
    if (path !== "" && !path.endsWith("/")) return path;
    if (this.old) throw new CurlError(23, "Remote file name has no length");
    return `${path}curl_response`;
  }

  *head(text: string): Gen {
    if (!this.s.include && !this.s.head) return;
    if (this.named === undefined) yield* this.run.print(encode(text));
    else this.heads.push(text);
  }

  /** Opens the file for an answer. Throws `CurlError`. */
  *open(url: Url, disposition: string | undefined, append: boolean): Gen {
    const { p, s } = this;
    this.path = this.nameFor(url, disposition);
    if (this.path === undefined) return;
    if (s.noClobber)
      for (let i = 1, base = this.path; sys.find(p, this.path) !== undefined; i++) this.path = `${base}.${i}`;
    const own = s.remoteHeaderName && this.named === "" && disposition !== undefined;
    if (own && sys.find(p, this.path) !== undefined) {
      if (!s.silent) yield* sys.printError(p, `Warning: Failed to open the file ${this.path}: File exists\n`);
      const size = "Content-Disposition: ".length + (disposition?.length ?? 0) + 2;
      throw new CurlError(23, this.old ? "Failed writing header" : `client returned ERROR on write of ${size} bytes`);
    }
    try {
      if (s.createDirs && this.path.includes("/")) sys.makeAbove(p, this.path, 0o750);
      this.file = sys.openFile(p, this.path, {
        write: true,
        create: true,
        truncate: !append,
        append,
      });
    } catch (error) {
      if (!isErrno(error)) throw error;
      if (!s.silent) yield* sys.printError(p, `Warning: Failed to open the file ${this.path}: ${error.message}\n`);
      this.refused = true;
    }
    if (this.file === undefined) return;
    this.file.refs++;
    for (const text of this.heads.splice(0)) yield* this.file.write(encode(text));
  }

  *body(bytes: Uint8Array): Gen {
    if (this.refused)
      throw new CurlError(
        23,
        this.old ? "Failure writing output to destination" : `client returned ERROR on write of ${bytes.length} bytes`,
      );
    this.size += bytes.length;
    yield* this.file === undefined ? this.run.print(bytes) : this.file.write(bytes);
  }

  close(): void {
    if (this.file !== undefined && --this.file.refs === 0) this.file.close();
    this.file = undefined;
  }
}

/** Shows an answer's head where -v and -D want it, and takes its cookies. */
export function* showHead(
  p: Process,
  s: Settings,
  url: Url,
  { result, pooled }: Sent,
  run: Run,
  more: {
    cookies: boolean;
    rewinds: boolean;
    before?: readonly string[];
    unended?: boolean;
    stopped?: boolean;
    asked?: boolean;
  },
): Gen {
  const { trace: t, version } = run;
  const text = head(result, url, pooled.two);
  const now = Math.floor(p.machine.kernel.wallMs / 1000);
  if (s.dumpHeader === "-") yield* run.print(encode(text));
  else if (s.dumpHeader !== undefined) {
    const before = run.dumped ? sys.readText(p, s.dumpHeader) : "";
    sys.writeText(p, s.dumpHeader, before + text);
    run.dumped = true;
  }
  if (more.asked && !more.stopped) yield* t.head("in", "HTTP/1.1 100 Continue\r\n\r\n");
  if (result.response.version === "1.0" || text.startsWith("HTTP/1.0"))
    yield* t.info("HTTP 1.0, assume close after body");
  for (const line of text.match(/[^\n]*\n/g) ?? []) {
    const [, name = "", value = ""] = /^([^:\r]*): *(.*?)\r?\n$/.exec(line) ?? [];
    if (name.toLowerCase() === "set-cookie") {
      const told = run.jar.set(url, value, now);
      if (more.cookies && told !== undefined) yield* t.info(told);
    }
    if (name.toLowerCase() === "location" && more.rewinds)
      yield* t.info(
        version.startsWith("7") ? "Please rewind output before next send" : "Need to rewind upload for next request",
      );
    const last = line === "\r\n" || line === "\n";
    if (last && more.stopped) yield* t.info("HTTP error before end of send, stop sending");
    if (last) for (const info of more.before ?? []) yield* t.info(info);
    if (!last || !more.unended) yield* t.head("in", line);
  }
}

/** Whether a connection stays open behind an answer. */
export function stays({ result: { response, connection }, expects, uploaded }: Sent): boolean {
  if (expects && uploaded > 0 && response.status >= 400) return false;
  const close = /\bclose\b/i.test(response.headers["connection"] ?? "");
  const ended =
    response.body.type !== "stream" || response.headers["content-length"] !== undefined || isChunked(response);
  return (
    !close && response.version !== "1.0" && !/^HTTP\/1\.0/.test(response.headText ?? "") && ended && connection.alive()
  );
}

const isChunked = ({ headers, headText }: Sent["result"]["response"]): boolean =>
  headText === undefined || /\bchunked\b/i.test(headers["transfer-encoding"] ?? "");

/** Ends with a connection: it is kept for another request, or closed. */
function* leave(sent: Sent, run: Run): Gen {
  const { pooled } = sent;
  const { trace: t, version } = run;
  if (!stays(sent)) {
    pooled.connection.close();
    return yield* t.info(closing(pooled.number, version, true));
  }
  // A server that knows bytes only is called anew: nobody says whether it reads on.
  if (pooled.connection.server.http !== undefined) run.pool.set(pooled.key, pooled);
  yield* t.info(`Connection #${pooled.number} to host ${pooled.name} left intact`);
}

/** The body of a redirect that is followed. */
export function* ignore(s: Settings, sent: Sent, run: Run): Gen {
  const { trace: t, version } = run;
  const { body } = sent.result.response;
  let size = 0;
  if (!s.head && sent.result.response.status !== 204)
    yield* readBody(body, function* (bytes) {
      size += bytes.length;
    });
  const old = version.startsWith("7");
  if (size > 0 && old && stays(sent)) {
    yield* t.info("Ignoring the response-body");
    yield* t.data("in", new Uint8Array(size));
  } else if (sent.pooled.two && !old) yield* t.tls("in", 5);
  yield* leave(sent, run);
}

/** Hands an answer on: head, body, `-w`. Throws `CurlError`. */
export function* deliver(
  p: Process,
  s: Settings,
  url: Url,
  sent: Sent,
  sink: Output,
  start: number,
  run: Run,
  more: Facts,
): Gen {
  const { result, pooled } = sent;
  const { response } = result;
  const { kernel } = p.machine;
  const { trace: t, version } = run;
  const fail = (code: number, message: string): CurlError => {
    const error = new CurlError(code, message);
    error.closes = closing(pooled.number, version, false);
    pooled.connection.close();
    return error;
  };
  if (response.status === 0) throw fail(1, "Received HTTP/0.9 when not allowed");
  const text = head(result, url, pooled.two);
  yield* sink.head(text);
  if (s.fail && response.status >= 400) {
    const error = fail(22, `The requested URL returned error: ${response.status}`);
    error.told = true;
    throw error;
  }
  const length = Number(response.headers["content-length"] ?? 0);
  if (s.maxFileSize !== undefined && length > s.maxFileSize) throw fail(63, "Maximum file size exceeded");
  const goesOn = s.resume !== undefined && s.resume !== 0 && response.status === 206;
  const begun = typeof s.resume === "number" ? s.resume : 0;
  // All of it is there already: what comes now is not taken.
  if (begun > 0 && !goesOn && response.status < 300 && length === begun) return yield* leave(sent, run);
  if (begun > 0 && !goesOn && response.status < 300)
    throw fail(33, "HTTP server doesn't seem to support byte ranges. Cannot resume.");
  const meter = hasMeter(p, s, sink.path !== undefined);
  const total = () => kernel.now - start;
  try {
    try {
      yield* sink.open(url, response.headers["content-disposition"], goesOn);
    } catch (error) {
      if (error instanceof CurlError) error.closes = closing(pooled.number, version, false);
      throw error;
    }
    if (!s.head && response.status !== 204) {
      const left = s.maxTime === undefined ? Number.POSITIVE_INFINITY : run.deadline - kernel.now;
      const took = function* (bytes: Uint8Array): Gen {
        yield* t.data("in", bytes);
        yield* sink.body(bytes);
      };
      const done = yield* withTimeout(p, finished(readBody(response.body, took)), left);
      if (done === undefined) {
        const ms = Math.floor(total() / 1000);
        const of = response.headers["content-length"] === undefined ? "" : ` out of ${length}`;
        throw fail(28, `Operation timed out after ${ms} milliseconds with ${sink.size}${of} bytes received`);
      }
    }
    const missing = response.body.type === "stream" ? response.body.missing : undefined;
    if (missing) {
      const error = fail(18, cutShort(missing, version));
      yield* t.info(error.message);
      error.told = true;
      if (meter) yield* sys.printError(p, meterLine(sink.size, sent.uploaded, length, total()));
      error.metered = meter;
      throw error;
    }
  } finally {
    sink.close();
  }
  const { path } = sink;
  const lastChange = response.headers["last-modified"];
  const changed = s.remoteTime && path !== undefined ? parseDate(lastChange ?? "", 0) : undefined;
  if (changed !== undefined && lastChange !== undefined) sys.stat(p, path!).mtime = (changed - kernel.epochMs) * 1000;
  if (
    sent.uploaded > 0 &&
    !(sent.expects && response.status >= 400) &&
    version.startsWith("7") &&
    (s.form !== undefined || s.upload !== undefined)
  )
    yield* t.info("We are completely uploaded and fine");
  const took = total();
  if (meter) yield* sys.printError(p, meterLine(sink.size, sent.uploaded, s.head ? length : 0, took));
  yield* leave(sent, run);
  run.facts = {
    ...more,
    effective: `${url.scheme}://${authority(url)}${url.path}`,
    total: took,
    size: sink.size,
    ...(path !== undefined && { filename: path }),
    version: pooled.two ? "2" : response.version === "1.0" || text.startsWith("HTTP/1.0") ? "1" : "1.1",
  };
  if (s.failWithBody && response.status >= 400) {
    const why = new CurlError(22, `The requested URL returned error: ${response.status}`);
    why.told = why.metered = true;
    throw why;
  }
  yield* run.flush();
  yield* say(p, s, run, { ...more, ...run.facts, code: 0, message: "" });
}

function* finished(work: Gen): Gen<true> {
  yield* work;
  return true;
}
