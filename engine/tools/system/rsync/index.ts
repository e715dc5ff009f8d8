/** rsync(1) 3.2.7: files copied here, or to and from another machine over ssh, as far as they differ. */
import type { Gen } from "../../../kernel/index.ts";
import { SECOND } from "../../../kernel/index.ts";
import { isErrno } from "../../../machine/errno.ts";
import type { Process, Program } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import { OptionError, ParsedOptions, parseOptions } from "../../options.ts";
import { Rules } from "./rules.ts";
import { ConnectionLost, localSide, remoteSide, type Side, serve } from "./sides.ts";
import { grouped, RsyncError, Transfer } from "./transfer.ts";

const VERSION = "3.2.7";
const USAGE_PLACE = "main.c(1795)";

const OPTIONS = {
  short: "abcdDe:ghHilLmnoOpPqrRStuvWxzACEIJKTVX@:B:f:FM:s0",
  long: "archive=a backup=b checksum=c dirs=d rsh:=e group=g human-readable=h hard-links=H itemize-changes=i links=l copy-links=L prune-empty-dirs=m dry-run=n owner=o omit-dir-times=O perms=p progress=progress quiet=q recursive=r relative=R sparse=S times=t update=u verbose=v whole-file=W one-file-system=x compress=z acls=A cvs-exclude=C executability=E ignore-times=I omit-link-times=J keep-dirlinks=K xattrs=X version=V filter:=filter partial=partial inplace=inplace delete=delete del=delete delete-before=delete delete-during=delete delete-delay=delete delete-after=delete delete-excluded=delete-excluded exclude:=exclude include:=include exclude-from:=exclude-from include-from:=include-from files-from:=files-from existing=existing ignore-non-existing=existing ignore-existing=ignore-existing remove-source-files=remove-source-files size-only=size-only stats=stats suffix:=suffix backup-dir:=backup-dir mkpath=mkpath chown:=chown chmod:=chmod numeric-ids=numeric list-only=list-only rsync-path:=rsync-path bwlimit:=bwlimit timeout:=timeout contimeout:=contimeout max-size:=max min-size:=min info:=info debug:=debug force=force devices=D specials=D append=inplace no-perms=no-p no-p=no-p no-times=no-t no-t=no-t no-owner=no-o no-o=no-o no-group=no-g no-g=no-g no-links=no-l no-l=no-l no-recursive=no-r no-r=no-r no-D=no-D no-whole-file=no-W no-compress=no-z port:=port out-format:=out-format log-file:=log-file ipv4=4 ipv6=6 old-args=old blocking-io=bio compress-level:=zl protect-args=s secluded-args=s",
  standard: false,
};

interface Place {
  host: string | undefined;
  path: string;
}

/** `[USER@]HOST:PATH`, unless a slash comes before the colon. */
function place(text: string): Place {
  const match = /^([^/:]+):(?!:)(.*)$/s.exec(text);
  return match === null ? { host: undefined, path: text } : { host: match[1], path: match[2] || "." };
}

export const rsync: Program = function* (p) {
  const args = p.argv.slice(1);
  if (args[0] === "--server") return yield* serve(p);
  p.dispositions.set("PIPE", "ignore");
  let o: ParsedOptions;
  try {
    o = parseOptions(args, OPTIONS);
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    const word = /'([^']*)'/.exec(error.message)?.[1] ?? "";
    const shown = word.startsWith("--") ? word.split("=")[0]! : `-${word}`;
    const what = error.message.includes("requires an argument") ? "missing argument" : "unknown option";
    yield* sys.printError(p, `rsync: ${shown}: ${what}\n`);
    return yield* fail(p, "syntax or usage error", 1, USAGE_PLACE, "client");
  }
  if (o.has("V")) {
    yield* sys.print(p, `rsync  version ${VERSION}  protocol version 31\n`);
    return 0;
  }
  if (args.length === 1 && (args[0] === "-h" || args[0] === "--help")) {
    yield* sys.print(p, `rsync  version ${VERSION}  protocol version 31\n${USAGE}`);
    return 0;
  }
  const operands = [...o.operands];
  if (operands.length === 0) {
    yield* sys.printError(p, `rsync  version ${VERSION}  protocol version 31\n${USAGE}`);
    return yield* fail(p, "syntax or usage error", 1, USAGE_PLACE, "client");
  }
  if (operands.length === 1) {
    o = new ParsedOptions(
      [...o.list, { key: "list-only", value: undefined }, { key: "d", value: undefined }],
      operands,
    );
    operands.push(".");
  }
  const target = place(operands.pop()!);
  const sources = operands.map(place);
  const from = sources[0]!.host;
  if (from !== undefined && target.host !== undefined) {
    yield* sys.printError(p, "The source and destination cannot both be remote.\n");
    return yield* fail(p, "syntax or usage error", 1, "main.c(1428)", "Receiver");
  }
  const role = from === undefined ? "sender" : "Receiver";
  const sides: Side[] = [];
  const began = p.machine.kernel.now;
  try {
    const rules = yield* rulesOf(p, o);
    const open = function* (host: string | undefined): Gen<Side> {
      if (host === undefined) return localSide(p);
      const shell = (o.value("e") ?? p.env.get("RSYNC_RSH") ?? "ssh").split(/\s+/).filter(Boolean);
      const side = yield* remoteSide(p, shell, host, o.value("rsync-path") ?? "rsync");
      sides.push(side);
      return side;
    };
    const transfer = new Transfer(p, o, yield* open(from), yield* open(target.host), rules);
    const names = yield* namesOf(
      p,
      o,
      sources.map(({ path }) => path),
    );
    yield* transfer.run(names, target.path);
    if (!o.has("list-only")) summary(transfer, p.machine.kernel.now - began);
    yield* transfer.out.flush();
    if (!transfer.failed) return 0;
    return yield* fail(
      p,
      "some files/attrs were not transferred (see previous errors)",
      23,
      from === undefined ? "main.c(1338)" : "main.c(1865)",
      from === undefined ? "sender" : "generator",
    );
  } catch (error) {
    if (error instanceof ConnectionLost) {
      yield* sys.printError(p, `rsync: connection unexpectedly closed (0 bytes received so far) [${role}]\n`);
      const [what, code] =
        error.status === 127
          ? ["remote command not found", 127]
          : error.status === 255
            ? ["unexplained error", 255]
            : ["error in rsync protocol data stream", 12];
      return yield* fail(p, String(what), Number(code), "io.c(231)", role);
    }
    if (!(error instanceof RsyncError)) throw error;
    yield* sys.printError(p, `rsync: ${error.message}\n`);
    return yield* fail(
      p,
      error.code === 3 ? "errors selecting input/output files, dirs" : "error in file IO",
      error.code,
      error.where,
      "Receiver",
    );
  } finally {
    for (const side of sides) yield* side.end();
  }
};

const USAGE = `
Usage: rsync [OPTION]... SRC [SRC]... DEST
  or   rsync [OPTION]... SRC [SRC]... [USER@]HOST:DEST
  or   rsync [OPTION]... [USER@]HOST:SRC [DEST]
`;

function* fail(p: Process, what: string, code: number, where: string, role: string): Gen<number> {
  yield* sys.printError(p, `rsync error: ${what} (code ${code}) at ${where} [${role}=${VERSION}]\n`);
  return code;
}

/** The rules of the command line, in its order. */
function* rulesOf(p: Process, o: ParsedOptions): Gen<Rules> {
  const rules = new Rules();
  for (const { key, value } of o.list) {
    if (key === "exclude" || key === "include") rules.add(value!, key === "include");
    if (key === "filter" || key === "f")
      rules.add(value!.replace(/^(?:exclude|hide) /, "- ").replace(/^include /, "+ "), false);
    if (key !== "exclude-from" && key !== "include-from") continue;
    try {
      for (const line of sys.readText(p, value!).split("\n"))
        if (line !== "" && !/^[#;]/.test(line)) rules.add(line, key === "include-from");
    } catch (error) {
      if (!isErrno(error)) throw error;
      throw new RsyncError(
        `[client] failed to open ${key.replace("-from", "")} file ${value}: ${error.message} (2)`,
        11,
        "exclude.c(1481)",
      );
    }
  }
  return rules;
}

/** The sources; with --files-from the names in a file below the one source. */
function* namesOf(p: Process, o: ParsedOptions, sources: readonly string[]): Gen<readonly string[]> {
  const file = o.value("files-from");
  if (file === undefined) return sources;
  const base = sources[0]!.replace(/\/$/, "");
  const names = sys.readText(p, file).split(o.has("0") ? "\0" : "\n");
  return names.filter((name) => name !== "" && !/^[#;]/.test(name)).map((name) => `${base}/./${name}`);
}

/** How much went over: what -v and --stats end with. */
function summary({ o, totals, out }: Transfer, passed: number): void {
  if (!o.has("v", "stats", "P", "progress") || o.has("q")) return;
  const sent = totals.sent + 60;
  const received = totals.received + 20;
  const seconds = Math.max(0.5, Math.ceil((passed / SECOND) * 2) / 2);
  if (o.has("stats"))
    out.add(`
Number of files: ${grouped(totals.files)}
Number of created files: ${grouped(totals.made)}
Number of deleted files: ${grouped(totals.deleted)}
Number of regular files transferred: ${grouped(totals.transferred)}
Total file size: ${grouped(totals.size)} bytes
Total transferred file size: ${grouped(totals.literal)} bytes
Literal data: ${grouped(totals.literal)} bytes
Matched data: 0 bytes
File list size: 0
File list generation time: 0.001 seconds
File list transfer time: 0.000 seconds
Total bytes sent: ${grouped(sent)}
Total bytes received: ${grouped(received)}
`);
  out.add(`
sent ${grouped(sent)} bytes  received ${grouped(received)} bytes  ${grouped((sent + received) / seconds, 2)} bytes/sec
total size is ${grouped(totals.size)}  speedup is ${grouped(totals.size / (sent + received), 2)}${o.has("n") ? " (DRY RUN)" : ""}
`);
}
