import { md5, sha1 } from "@noble/hashes/legacy.js";
import { sha224, sha256, sha384, sha512 } from "@noble/hashes/sha2.js";
import { decode } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { readWhole } from "../io.ts";
import { tool } from "../tool.ts";

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
      for (const path of o.operands.length > 0 ? o.operands : ["-"]) {
        const fd = yield* t.open(path);
        if (fd === undefined) continue;
        try {
          const bytes = yield* readWhole(t.p, fd);
          if (!o.has("c")) {
            t.out.add(
              o.has("tag") ? `${kind} (${path}) = ${hex(bytes)}\n` : `${hex(bytes)} ${o.has("b") ? "*" : " "}${path}\n`,
            );
            continue;
          }
          let failed = 0;
          for (const line of decode(bytes).split("\n")) {
            const match = /^([0-9a-fA-F]+) [ *](.*)$/.exec(line);
            if (match === null) continue;
            const good = hex(sys.readBytes(t.p, match[2]!)) === match[1]!.toLowerCase();
            if (!good) failed++;
            if (!o.has("status") && !(good && o.has("quiet"))) t.out.add(`${match[2]}: ${good ? "OK" : "FAILED"}\n`);
          }
          if (failed > 0)
            yield* t.error(`WARNING: ${failed} computed checksum${failed > 1 ? "s" : ""} did NOT match`, 1);
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

export const md5sum = sumTool("md5sum", "MD5", md5);
export const sha1sum = sumTool("sha1sum", "SHA1", sha1);
export const sha256sum = sumTool("sha256sum", "SHA256", sha256);
export const sha224sum = sumTool("sha224sum", "SHA224", sha224);
export const sha384sum = sumTool("sha384sum", "SHA384", sha384);
export const sha512sum = sumTool("sha512sum", "SHA512", sha512);
