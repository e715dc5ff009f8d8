import type { Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { DeflateError, gunzipping, gzipping } from "../../text/deflate.ts";
import { inSteps, readWhole } from "../io.ts";
import type { ParsedOptions } from "../options.ts";
import { type Tool, tool } from "../tool.ts";

/** gzip(1), gunzip(1) and zcat(1): one program by three names. */
function gzipTool(name: string): Program {
  return tool(
    {
      name,
      short: "abcdfhkKlLnNqrS:tvVZ123456789",
      long: "ascii=a stdout=c to-stdout=c decompress=d uncompress=d force=f keep=k list=l no-name=n name=N quiet=q recursive=r suffix:=S test=t verbose=v fast=1 best=9 rsyncable=R synchronous=Y",
      usage: "[OPTION]... [FILE]...",
      about: "Compress or uncompress FILEs (by default, compress FILES in-place).",
      version: "gzip 1.13",
      speaksAs: "gzip",
      hint: "Try `gzip --help' for more information.",
    },
    function* (t, o) {
      const unpacking = name !== "gzip" || o.has("d", "t", "l");
      if (o.has("Z")) {
        yield* t.error("-Z not supported in this version");
        yield* sys.printError(t.p, "Try `gzip --help' for more information.\n");
        return 1;
      }
      const toOut = name === "zcat" || o.has("c");
      if (o.has("l")) t.out.add("         compressed        uncompressed  ratio uncompressed_name\n");
      for (const path of o.operands.length > 0 ? o.operands : ["-"]) yield* one(t, o, path, unpacking, toOut);
      return t.status;
    },
  );
}

function* one(t: Tool, o: ParsedOptions, operand: string, unpacking: boolean, toOut: boolean): Gen<void> {
  const { p } = t;
  const suffix = o.value("S") ?? ".gz";
  let path = operand;
  try {
    if (path === "-") {
      if (!unpacking && p.fds.get(1)?.tty !== undefined && !o.has("f")) {
        yield* sys.printError(
          p,
          `\n${t.name}: compressed data not written to a terminal. Use -f to force compression.\nFor help, type: ${t.name} -h\n`,
        );
        t.status = 1;
        return;
      }
      yield* transform(t, o, "stdin", yield* readWhole(p, 0), unpacking, undefined);
      return;
    }
    if (unpacking && sys.find(p, path) === undefined && !path.endsWith(suffix) && sys.find(p, path + suffix))
      path += suffix;
    else if (unpacking && sys.find(p, path) === undefined && !path.endsWith(suffix)) path += suffix;
    const node = sys.stat(p, path);
    if (node.kind === "dir") {
      if (o.has("r")) {
        for (const name of [...sys.readDir(p, path).keys()].sort())
          yield* one(t, o, `${path}/${name}`, unpacking, toOut);
        return;
      }
      yield* t.error(`${path} is a directory -- ignored`, t.status || 2);
      return;
    }
    const base = unpacking
      ? path.replace(/\.(tgz|taz)$/, ".tar").replace(/(\.gz|-gz|\.z|-z|_z|\.Z)$/, "")
      : path + suffix;
    if (!toOut && unpacking && !o.has("t", "l") && base === path) {
      yield* t.error(`${path}: unknown suffix -- ignored`, t.status || 2);
      return;
    }
    if (!toOut && !unpacking && /(\.gz|\.tgz|-gz|\.z|-z|_z|\.taz)$/.test(path) && !o.has("f")) {
      if (o.has("r", "q")) return;
      yield* t.error(`${path} already has ${/\.\w+$/.exec(path)?.[0] ?? ""} suffix -- unchanged`, 0);
      return;
    }
    const bytes = sys.readBytes(p, path);
    if (toOut || o.has("t", "l")) {
      yield* transform(t, o, path, bytes, unpacking, undefined);
      return;
    }
    if (sys.find(p, base, false) && !o.has("f")) {
      yield* sys.printError(p, `${t.name}: ${base} already exists;\tnot overwritten\n`);
      t.status = 2;
      return;
    }
    if (!(yield* transform(t, o, path, bytes, unpacking, base))) return;
    const made = sys.stat(p, base);
    made.mode = node.mode;
    made.mtime = node.mtime;
    if (!o.has("k")) sys.unlink(p, path);
  } catch (error) {
    if (!isErrno(error)) throw error;
    yield* t.error(`${path}: ${error.message}`);
  }
}

/** Packs or unpacks to a file, or to standard output without one; false after a reported failure. */
function* transform(
  t: Tool,
  o: ParsedOptions,
  name: string,
  bytes: Uint8Array,
  unpacking: boolean,
  to: string | undefined,
): Gen<boolean> {
  const { p } = t;
  let out: Uint8Array;
  try {
    if (unpacking) {
      if (bytes.length === 0) throw new DeflateError("unexpected end of file");
      // zcat -f passes on what is not compressed.
      if (o.has("f") && to === undefined && !(bytes[0] === 0x1f && bytes[1] === 0x8b)) out = bytes;
      else {
        const done = yield* inSteps(gunzipping(bytes), 7);
        if (done.trailing) yield* t.error(`${name}: decompression OK, trailing garbage ignored`, t.status || 2);
        out = done.bytes;
      }
    } else {
      const label = o.has("n") || name === "stdin" ? undefined : name.slice(name.lastIndexOf("/") + 1);
      const node = name === "stdin" ? undefined : sys.find(p, name);
      const time =
        node === undefined || o.has("n") ? 0 : Math.floor((p.machine.kernel.epochMs + node.mtime / 1000) / 1000);
      out = yield* inSteps(gzipping(bytes, label, Math.max(0, time)), 4);
    }
  } catch (error) {
    if (!(error instanceof DeflateError)) throw error;
    yield* t.out.flush();
    yield* sys.printError(p, `\n${t.name}: ${name}: ${error.message}\n`);
    t.status = 1;
    return false;
  }
  const [small, large] = unpacking ? [bytes.length, out.length] : [out.length, bytes.length];
  const ratio = large === 0 ? 0 : (100 * (large - (small - 18 - name.length - 1))) / large;
  if (o.has("l")) {
    const shown = name.replace(/\.gz$/, "");
    t.out.add(
      `${String(bytes.length).padStart(19)} ${String(out.length).padStart(19)} ${ratio.toFixed(1).padStart(5)}% ${shown}\n`,
    );
    return true;
  }
  if (o.has("t")) {
    if (o.has("v")) yield* sys.printError(p, `${name}:\t OK\n`);
    return true;
  }
  if (to === undefined) yield* t.out.bytes(out);
  else sys.writeText(p, to, out.slice());
  if (o.has("v")) {
    const action = to === undefined ? "" : ` -- ${o.has("k") ? "created" : "replaced with"} ${to}`;
    yield* sys.printError(p, `${name}:\t${`${ratio.toFixed(1)}%`.padStart(6)}${action}\n`);
  }
  return true;
}

export const gzip = gzipTool("gzip");
export const gunzip = gzipTool("gunzip");
export const zcat = gzipTool("zcat");
