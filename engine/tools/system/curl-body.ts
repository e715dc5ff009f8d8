import { concat, decode, encode, type Gen } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { CurlError } from "./curl-error.ts";
import type { Datum, FormPart } from "./curl-options.ts";

function* standardInput(p: Process): Gen<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for (;;) {
    const bytes = yield* sys.read(p, 0);
    if (bytes.length === 0) return concat(chunks);
    chunks.push(bytes);
  }
}

function* bytesOf(p: Process, file: string): Gen<Uint8Array> {
  if (file === "-") return yield* standardInput(p);
  try {
    return sys.readBytes(p, file);
  } catch {
    throw new CurlError(26, `Failed to open ${file}`);
  }
}

const percent = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

/** The parts of `-d` and its kin, with `&` between them. */
export function* dataBytes(p: Process, parts: readonly Datum[]): Gen<Uint8Array> {
  const out: Uint8Array[] = [];
  for (const { text = "", file, binary, encoded, name = "" } of parts) {
    if (out.length > 0) out.push(encode("&"));
    if (file === undefined) out.push(encode(name + (encoded ? percent(text) : text)));
    else {
      const bytes = yield* bytesOf(p, file);
      if (encoded) out.push(encode(name + percent(decode(bytes))));
      else out.push(binary ? bytes : encode(decode(bytes).replace(/[\r\n]/g, "")));
    }
  }
  return concat(out);
}

export const fileBytes = bytesOf;

const TYPES: Record<string, string> = {
  gif: "image/gif",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  png: "image/png",
  svg: "image/svg+xml",
  txt: "text/plain",
  htm: "text/html",
  html: "text/html",
  pdf: "application/pdf",
  xml: "application/xml",
};

/** multipart/form-data of `-F`, with the boundary between its parts (lib/mime.c). */
export function* formBytes(p: Process, parts: readonly FormPart[], boundary: string): Gen<Uint8Array> {
  const out: Uint8Array[] = [];
  for (const { name, text, file, attached, type, filename } of parts) {
    const bytes = file === undefined ? encode(text ?? "") : yield* bytesOf(p, file);
    const shown = filename ?? (attached && file !== undefined ? (file.split("/").at(-1) ?? "") : undefined);
    const kind =
      type ??
      (shown === undefined
        ? undefined
        : (TYPES[shown.split(".").at(-1)?.toLowerCase() ?? ""] ?? "application/octet-stream"));
    const disposition = `form-data; name="${name}"${shown === undefined ? "" : `; filename="${shown}"`}`;
    const head = `--${boundary}\r\nContent-Disposition: ${disposition}\r\n${kind ? `Content-Type: ${kind}\r\n` : ""}\r\n`;
    out.push(encode(head), bytes, encode("\r\n"));
  }
  out.push(encode(`--${boundary}--\r\n`));
  return concat(out);
}
