import type { Gen } from "../../../kernel/index.ts";
import { decode } from "../../../kernel/index.ts";
import { isErrno } from "../../../machine/errno.ts";
import type { Process, Program } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import { readWhole } from "../../io.ts";
import type { ParsedOptions } from "../../options.ts";
import { parseUrl } from "../http-client.ts";
import { busyboxWget } from "./busybox.ts";
import { parseWget, secondsOf, WgetUsage } from "./options.ts";
import { Report, rateText, secondsText } from "./report.ts";
import { type Job, retrieve } from "./retrieve.ts";

/** wget(1): GNU's 1.21.3 on machines, BusyBox's where the image has BusyBox. */
export const wget: Program = function* (p) {
  if (p.applet) return yield* busyboxWget(p);
  let o: ParsedOptions;
  try {
    o = parseWget(p, p.argv.slice(1));
  } catch (error) {
    if (!(error instanceof WgetUsage)) throw error;
    return yield* usage(p, error.message, 2);
  }
  if (o.has("V")) {
    yield* sys.print(p, "GNU Wget 1.21.3 built on linux-gnu.\n");
    return 0;
  }
  if (o.has("h")) {
    yield* sys.print(p, "GNU Wget 1.21.3, a non-interactive network retriever.\nUsage: wget [OPTION]... [URL]...\n");
    return 0;
  }
  for (const key of ["T", "connect-timeout", "read-timeout", "w", "waitretry"]) {
    const value = o.value(key);
    if (value === undefined || secondsOf(value) !== undefined) continue;
    const name = key === "T" ? "timeout" : key === "w" ? "wait" : key;
    yield* sys.printError(p, `wget: --${name}: Invalid time period ‘${value}’\n`);
    return 2;
  }
  const list = o.value("i");
  if (o.operands.length === 0 && list === undefined) return yield* usage(p, "missing URL", 1);
  let report: Report;
  try {
    report = new Report(p, o);
  } catch (error) {
    if (!isErrno(error)) throw error;
    yield* sys.printError(p, `wget: ${o.value("a") ?? o.value("o")}: ${error.message}\n`);
    return 1;
  }
  return yield* all({ p, o, report, files: 0, bytes: 0, us: 0, connected: undefined }, list);
};

function* usage(p: Process, message: string, status: number): Gen<number> {
  yield* sys.printError(
    p,
    `wget: ${message}\nUsage: wget [OPTION]... [URL]...\n\nTry \`wget --help' for more options.\n`,
  );
  return status;
}

/** Statuses in the order of their weight: of several failures the gravest counts (src/exits.c). */
const WEIGHT = [0, 8, 7, 6, 5, 4, 3, 2, 1];

function* all(job: Job, list: string | undefined): Gen<number> {
  const { p, o, report } = job;
  const start = p.machine.kernel.now;
  const document = o.value("O");
  if (document !== undefined && document !== "-") {
    try {
      job.document = sys.openFile(p, document, { write: true, create: true, truncate: true });
      job.document.refs++;
    } catch (error) {
      if (!isErrno(error)) throw error;
      yield* report.always(`${document}: ${error.message}\n`);
      return 1;
    }
  }
  let status = 0;
  const gravest = (next: number) => {
    if (WEIGHT.indexOf(next) > WEIGHT.indexOf(status)) status = next;
  };
  for (const text of o.operands) gravest(yield* one(job, text));
  if (list !== undefined) {
    const lines = yield* linesOf(job, list);
    for (const line of lines ?? []) gravest(yield* one(job, line));
    if (lines?.length === 0) yield* report.brief(`No URLs found in ${list}.\n`);
  }
  if (job.document && --job.document.refs === 0) job.document.close();
  if ((o.operands.length > 1 || list !== undefined || o.has("r", "m", "p")) && job.files > 0) {
    const { kernel } = p.machine;
    const files = job.files === 1 ? "1 file" : `${job.files} files`;
    const wall = secondsText(kernel.now - start);
    yield* report.brief(
      `FINISHED --${report.clock()}--\nTotal wall clock time: ${wall}s\nDownloaded: ${files}, ${job.bytes} in ${secondsText(job.us)}s (${rateText(job.bytes, job.us)})\n`,
    );
  }
  return status;
}

function* one(job: Job, text: string): Gen<number> {
  const base = job.o.value("B");
  const whole = base !== undefined && !/^[a-z]+:/i.test(text) ? base.replace(/[^/]*$/, "") + text : text;
  const url = parseUrl(whole);
  if (url !== undefined && /^https?$/.test(url.scheme)) return yield* retrieve(job, url);
  yield* job.report.brief(`${whole}: ${url === undefined ? "Invalid host name" : "Unsupported scheme"}.\n`);
  return 1;
}

/** The URLs of a file. */
function* linesOf({ p, report }: Job, path: string): Gen<string[] | undefined> {
  try {
    const text = path === "-" ? decode(yield* readWhole(p, 0)) : sys.readText(p, path);
    return text.split(/\s*\n\s*/).filter((line) => line !== "");
  } catch (error) {
    if (!isErrno(error)) throw error;
    yield* report.brief(`${path}: ${error.message}\nNo URLs found in ${path}.\n`);
    return undefined;
  }
}
