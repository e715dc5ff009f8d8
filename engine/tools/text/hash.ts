import { blake2b } from "@noble/hashes/blake2.js";
import { md5, sha1 } from "@noble/hashes/legacy.js";
import { sha224, sha256, sha384, sha512 } from "@noble/hashes/sha2.js";
import { decode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { readWhole } from "../io.ts";
import type { ParsedOptions } from "../options.ts";
import { type Tool, tool, UsageError } from "../tool.ts";

/** Options of -c by their keys. */
const CHECKING: Record<string, string> = { im: "ignore-missing", w: "warn" };

const ESCAPES: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\\": "\\\\" };

function unescaped(name: string): string {
  return name.replace(/\\([nr\\])/g, (_whole, char: string) => ({ n: "\n", r: "\r" })[char] ?? char);
}

/** md5sum(1) and its kin: sums of files, or -c to check a list of them. */
function sumTool(name: string, kind: string, hash: (bytes: Uint8Array) => Uint8Array): Program {
  const hex = (bytes: Uint8Array) => [...hash(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return tool(
    {
      name,
      short: "bctwz",
      long: "binary=b check=c tag=tag text=t zero=z ignore-missing=im quiet=quiet status=status strict=strict warn=w",
      usage: "[OPTION]... [FILE]...",
      about: `Print or check ${kind} checksums.`,
    },
    function* (t, o) {
      if (o.has("c") && o.has("b", "t"))
        throw new UsageError("the --binary and --text options are meaningless when verifying checksums");
      if (o.has("c") && o.has("tag")) throw new UsageError("the --tag option is meaningless when verifying checksums");
      for (const word of ["im", "status", "w", "quiet", "strict"])
        if (o.has(word) && !o.has("c"))
          throw new UsageError(`the --${CHECKING[word] ?? word} option is meaningful only when verifying checksums`);
      const end = o.has("z") ? "\0" : "\n";
      for (const path of o.operands.length > 0 ? o.operands : ["-"]) {
        const fd = yield* t.open(path);
        if (fd === undefined) continue;
        try {
          const bytes = yield* readWhole(t.p, fd);
          if (!o.has("c")) {
            // Names that would break the line are written with escapes, and a backslash before it says so.
            const odd = /[\n\r\\]/.test(path) && !o.has("z");
            const name = odd ? path.replace(/[\n\r\\]/g, (char) => ESCAPES[char]!) : path;
            t.out.add(
              (odd ? "\\" : "") +
                (o.has("tag")
                  ? `${kind} (${name}) = ${hex(bytes)}${end}`
                  : `${hex(bytes)} ${o.has("b") ? "*" : " "}${name}${end}`),
            );
            continue;
          }
          yield* check(t, o, path, decode(bytes), hex, kind);
        } catch (error) {
          if (!isErrno(error)) throw error;
          yield* t.pathError(path, error);
        } finally {
          t.close(fd);
        }
      }
      return t.status;
    },
  );
}

/** -c: the files that a list names, each with its sum, in GNU's form or BSD's. */
function* check(
  t: Tool,
  o: ParsedOptions,
  path: string,
  text: string,
  hex: (bytes: Uint8Array) => string,
  kind: string,
): Gen<void> {
  let [failed, unread, malformed, good, skipped] = [0, 0, 0, 0, 0];
  const status = o.has("status");
  const list = path === "-" ? "'standard input'" : path;
  let number = 0;
  const length = hex(new Uint8Array(0)).length;
  for (const line of text.replace(/\n$/, "").split("\n")) {
    const match = /^\\?([0-9a-fA-F]+) [ *](.*)$/.exec(line);
    const tagged = match === null ? /^\\?(\w+) \((.*)\) = ([0-9a-fA-F]+)$/.exec(line) : null;
    const [sum, written] =
      match !== null ? [match[1]!, match[2]!] : tagged?.[1] === kind ? [tagged[3]!, tagged[2]!] : [];
    number++;
    if (sum === undefined || written === undefined || sum.length !== length) {
      malformed++;
      if (o.has("w") && !status) yield* t.error(`${list}: ${number}: improperly formatted ${kind} checksum line`, 0);
      continue;
    }
    const escaped = line.startsWith("\\");
    const name = escaped ? unescaped(written) : written;
    const shown = `${escaped ? "\\" : ""}${written}`;
    try {
      const same = hex(name === "-" ? yield* readWhole(t.p, 0) : sys.readBytes(t.p, name)) === sum.toLowerCase();
      if (same) good++;
      else failed++;
      if (!status && !(same && o.has("quiet"))) t.out.add(`${shown}: ${same ? "OK" : "FAILED"}\n`);
    } catch (error) {
      if (!isErrno(error)) throw error;
      if (o.has("im") && error.code === "ENOENT") {
        skipped++;
        continue;
      }
      unread++;
      yield* t.error(`${name}: ${error.message}`);
      if (!status) t.out.add(`${shown}: FAILED open or read\n`);
    }
  }
  const many = (count: number, one: string, other: string) => (count === 1 ? `1 ${one}` : `${count} ${other}`);
  if (good + failed + unread + skipped === 0) {
    yield* t.error(`${list}: no properly formatted checksum lines found`);
    return;
  }
  if (!status) {
    if (malformed > 0)
      yield* t.error(
        `WARNING: ${many(malformed, "line is", "lines are")} improperly formatted`,
        o.has("strict") ? 1 : 0,
      );
    if (unread > 0) yield* t.error(`WARNING: ${many(unread, "listed file", "listed files")} could not be read`);
    if (failed > 0) yield* t.error(`WARNING: ${many(failed, "computed checksum", "computed checksums")} did NOT match`);
    if (o.has("im") && good === 0 && failed === 0) yield* t.error(`${list}: no file was verified`);
  }
  if (failed + unread > 0 || (malformed > 0 && o.has("strict")) || (o.has("im") && good + failed === 0)) t.status = 1;
}

export const md5sum = sumTool("md5sum", "MD5", md5);
export const sha1sum = sumTool("sha1sum", "SHA1", sha1);
export const sha256sum = sumTool("sha256sum", "SHA256", sha256);
export const sha224sum = sumTool("sha224sum", "SHA224", sha224);
export const sha384sum = sumTool("sha384sum", "SHA384", sha384);
export const sha512sum = sumTool("sha512sum", "SHA512", sha512);
export const b2sum = sumTool("b2sum", "BLAKE2b", (bytes) => blake2b(bytes, { dkLen: 64 }));
