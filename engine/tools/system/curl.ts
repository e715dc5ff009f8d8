import { decode, encode, type Gen, SECOND, sleep } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { CookieJar } from "./curl-cookies.ts";
import { say } from "./curl-deliver.ts";
import { CurlError } from "./curl-error.ts";
import { globbed } from "./curl-glob.ts";
import { settings } from "./curl-options.ts";
import { Run } from "./curl-run.ts";
import { CurlUsage, type Settings } from "./curl-settings.ts";
import { Trace } from "./curl-trace.ts";
import { transfer } from "./curl-transfer.ts";
import { warning } from "./curl-values.ts";
import { untrusted } from "./curl-words.ts";
import { parseUrl, readable } from "./http-client.ts";
import { hasBusybox } from "./process-view.ts";

const TRY = "curl: try 'curl --help' or 'curl --manual' for more information\n";

/** curl(1): 7.88 on machines, 8 in images. */
export const curl: Program = function* (p) {
  const version = hasBusybox(p) ? "8.14.1" : "7.88.1";
  const words = p.argv.slice(1);
  const asks = words.some(
    (word, i) => word === "-K-" || (word === "-" && /^(-[^-]*K|--config)$/.test(words[i - 1] ?? "")),
  );
  const input = asks ? decode(yield* sys.readAll(p, 0)) : "";
  const config = (path: string | undefined) =>
    path === "-" ? input : readable(p, path ?? `${p.env.get("HOME") ?? "/root"}/.curlrc`);
  const all: Settings[] = [];
  try {
    for (const part of operations(words)) {
      const s = settings(part, version.startsWith("7"), all.length === 0 ? config : (path) => path && config(path));
      all.push(all[0] === undefined ? s : inherited(s, all[0]));
    }
  } catch (error) {
    if (!(error instanceof CurlUsage)) throw error;
    const { help } = error;
    if (help !== undefined) {
      yield* sys.print(p, help);
      return 0;
    }
    yield* sys.printError(p, `${error.before}${error.message && `curl: ${error.message}\n`}${TRY}`);
    return error.status;
  }
  const s = all[0]!;
  if (s.version) {
    yield* sys.print(
      p,
      `curl ${version} (x86_64-pc-linux-gnu) libcurl/${version} OpenSSL/3.0.15 zlib/1.2.13\nRelease-Date: 2023-02-20\nProtocols: file ftp ftps http https\nFeatures: alt-svc AsynchDNS HTTP2 HTTPS-proxy IPv6 Largefile libz SSL threadsafe UnixSockets\n`,
    );
    return 0;
  }
  if (s.stderr === "-") p.setFd(2, p.fds.get(1)!);
  else if (s.stderr !== undefined)
    try {
      p.setFd(2, sys.openFile(p, s.stderr, { write: true, create: true, truncate: true }));
    } catch (error) {
      if (!isErrno(error)) throw error;
      yield* sys.printError(p, `Warning: Failed to open ${s.stderr}!\n`);
    }
  const run = new Run(p, new CookieJar(p, s.cookies), version, new Trace(p, s), s.unbuffered);
  let status = 0;
  for (const one of all) {
    const refused = yield* refusal(p, one);
    if (refused !== undefined) return refused;
    const { code, last } = yield* operate(p, one, run);
    status = code;
    if (last) break;
  }
  return yield* ending(p, s, run, status);
};

/** The words between `--next`s. */
function operations(words: readonly string[]): string[][] {
  const out: string[][] = [[]];
  for (const word of words) {
    if (word === "--next" || word === "-:") out.push([]);
    else out.at(-1)!.push(word);
  }
  return out;
}

/** Options that hold for all operations, once the first has them. */
function inherited(s: Settings, from: Settings): Settings {
  s.silent ||= from.silent;
  s.showError ||= from.showError;
  s.verbose ||= from.verbose;
  s.noMeter ||= from.noMeter;
  s.failEarly ||= from.failEarly;
  return s;
}

/** The status of an operation whose options do not go together. */
function* refusal(p: Process, s: Settings): Gen<number | undefined> {
  if (s.writeOut?.startsWith("@")) {
    const file = s.writeOut.slice(1);
    const text = file === "-" ? decode(yield* sys.readAll(p, 0)) : readable(p, file);
    if (text === undefined) {
      yield* sys.printError(p, `curl: option -w: error encountered when reading a file\n${TRY}`);
      return 26;
    }
    s.writeOut = text.replace(/[\r\n]/g, "");
  }
  if (s.fail && s.failWithBody) {
    yield* sys.printError(
      p,
      `curl: You must select either --fail or --fail-with-body, not both.\ncurl: option --fail-with-body: is badly used here\n${TRY}`,
    );
    return 2;
  }
  const twice = methodConflict(s);
  if (twice !== undefined) {
    if (!s.silent) yield* sys.printError(p, twice);
    return 2;
  }
  for (const each of s.warnings) yield* sys.printError(p, warning(each));
  return undefined;
}

/** Transfers all URLs of one operation; `last`: no other follows. */
function* operate(p: Process, s: Settings, run: Run): Gen<{ code: number; last: boolean }> {
  const { version } = run;
  let status = 0;
  for (const [i, pattern] of s.urls.entries()) {
    let urls: ReturnType<typeof globbed>;
    try {
      urls = s.globOff ? [{ url: pattern, parts: [] }] : globbed(pattern);
    } catch (error) {
      if (!(error instanceof CurlError)) throw error;
      if (!s.silent || s.showError) yield* sys.printError(p, `curl: (${error.code}) ${error.message}\n`);
      status = error.code;
      continue;
    }
    for (const { url: text, parts } of urls) {
      const named = (s.outputs[i] ?? (s.remoteNames ? "" : undefined))?.replace(
        /#(\d)/g,
        (all, digit: string) => parts[Number(digit) - 1] ?? all,
      );
      const output = named !== undefined && named !== "-" && s.outputDir ? `${s.outputDir}/${named}` : named;
      if (text === "" && !s.old) {
        yield* sys.printError(p, `curl: option : blank argument where content is expected\n${TRY}`);
        return { code: 2, last: true };
      }
      const begun = p.machine.kernel.now;
      run.facts = { effective: effective(text) };
      try {
        if (version.startsWith("7") && named === "" && !s.remoteHeaderName && nameless(text)) {
          if (!s.silent) yield* sys.printError(p, "curl: Remote file name has no length!\n");
          throw new CurlError(23, "Failed writing received data to disk/application");
        }
        yield* persistent(p, s.resume === "auto" ? { ...s, resume: sizeOf(p, text, output) } : s, text, output, run);
      } catch (error) {
        if (error instanceof CurlUsage) {
          yield* sys.printError(p, `curl: ${error.message}\n${TRY}`);
          return { code: error.status, last: true };
        }
        if (!(error instanceof CurlError)) throw error;
        if (!s.silent || s.showError)
          yield* sys.printError(
            p,
            `curl: (${error.code}) ${error.message}\n${error.code === 60 ? untrusted(version) : ""}`,
          );
        yield* run.flush();
        const total = p.machine.kernel.now - begun;
        yield* say(p, s, run, { ...run.facts, code: error.code, message: error.message, url: text, total });
        status = error.code;
        if (s.failEarly) return { code: status, last: true };
      }
    }
    run.index++;
  }
  return { code: status, last: false };
}

/** What is left to do behind the last URL. */
function* ending(p: Process, s: Settings, run: Run, status: number): Gen<number> {
  run.close();
  if (s.cookieJar !== undefined && s.cookieJar !== "-" && !run.jar.save(p, s.cookieJar))
    yield* sys.printError(p, `Warning: failed to save cookies in ${s.cookieJar}\n`);
  else if (s.cookieJar === "-") yield* run.print(encode(run.jar.text()));
  yield* run.flush();
  return status;
}

/** A URL as it is when all that was left out is there. */
function effective(text: string): string {
  const url = parseUrl(text);
  return url === undefined
    ? text
    : `${url.scheme}://${text.replace(/^[A-Za-z][\w+.-]*:\/\//, "").replace(/^([^/?#]*)$/, "$1/")}`;
}

/** Whether a URL names no file. */
const nameless = (text: string): boolean =>
  /(^|\/)$/.test(
    text
      .replace(/^[A-Za-z][\w+.-]*:\/\//, "")
      .replace(/^[^/?#]*/, "")
      .replace(/[?#].*$/, ""),
  );

/** Bytes that a file has which a transfer is to go on with (-C -). */
function sizeOf(p: Process, url: string, output: string | undefined): number {
  if (output === undefined || output === "-") return 0;
  const path =
    output === ""
      ? url
          .replace(/[?#].*$/, "")
          .split("/")
          .at(-1)!
      : output;
  const node = path === "" ? undefined : sys.find(p, path);
  return node?.kind === "file" ? node.content.size() : 0;
}

/** What is said of two options that each ask for a method of their own (src/tool_helpers.c): of the later one first. */
function methodConflict(s: Settings): string | undefined {
  const posts = s.body !== undefined && !s.get ? "POST (-d, --data)" : undefined;
  const form = s.form !== undefined ? "multipart formpost (-F, --form)" : undefined;
  const head = s.head ? "HEAD (-I, --head)" : undefined;
  const put = s.upload === undefined ? undefined : "PUT (-T, --upload-file)";
  const asked = [put, posts, ...(s.headBehindForm ? [head, form] : [form, head])];
  const [one, two] = asked.filter((word) => word !== undefined);
  if (two === undefined) return undefined;
  const text = warning(`You can only select one HTTP request method! You asked for both ${one} and ${two}.`);
  const badly = s.headBehindForm ? "-I" : form !== undefined && head !== undefined ? "-F" : undefined;
  return badly === undefined ? text : `${text}curl: option ${badly}: is badly used here\n${TRY}`;
}

/** HTTP statuses after which `--retry` tries again (src/tool_operate.c). */
const TRANSIENT = new Set([408, 429, 500, 502, 503, 504]);

/** Why a failed transfer is worth another try, in curl's words. */
function transient(s: Settings, error: CurlError): string | undefined {
  if (error.code === 28 || error.code === 6) return ": timeout";
  if (error.code === 7 && s.retryRefused) return ": connection refused";
  if (error.code === 22 && TRANSIENT.has(Number(/\d+$/.exec(error.message)?.[0]))) return ": HTTP error";
  return s.retryAll ? "(retrying all errors)" : undefined;
}

/** A transfer that is tried again as `--retry` says: after a second, then two, four, up to ten minutes. */
function* persistent(p: Process, s: Settings, text: string, output: string | undefined, run: Run): Gen {
  const { version } = run;
  let delay = s.retryDelay ?? SECOND;
  for (let left = s.retries; ; left--) {
    try {
      const status = yield* transfer(p, s, text, output, run);
      if (left === 0 || !TRANSIENT.has(status)) return;
      yield* warnRetry(p, s, ": HTTP error", delay, left, version);
    } catch (error) {
      const why = error instanceof CurlError && left > 0 ? transient(s, error) : undefined;
      if (why === undefined) throw error;
      if (!version.startsWith("7") && (!s.silent || s.showError))
        yield* sys.printError(p, `curl: (${(error as CurlError).code}) ${(error as CurlError).message}\n`);
      yield* warnRetry(p, s, why, delay, left, version);
    }
    yield* sleep(delay);
    if (!s.retryDelay) delay = Math.min(delay * 2, 600 * SECOND);
  }
}

function* warnRetry(p: Process, s: Settings, why: string, delay: number, left: number, version: string): Gen {
  if (s.silent) return;
  const count = Math.round(delay / SECOND);
  const old = version.startsWith("7");
  const [wait, tries] = [old || count !== 1 ? "seconds" : "second", old || left !== 1 ? "retries" : "retry"];
  yield* sys.printError(p, `Warning: Problem ${why}. Will retry in ${count} ${wait}. ${left} ${tries} left.\n`);
}
