import { concat, decode, encode, type Gen } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { CurlError } from "./curl-error.ts";
import { CurlUsage, type Datum, type FormPart } from "./curl-options.ts";

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
    throw new CurlError(26, "Failed to open/read local data from file/application");
  }
}

/** As curl_easy_escape() has it, a blank as a plus sign. */
const percent = (text: string): string =>
  encodeURIComponent(text)
    .replaceAll("%20", "+")
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

/** A file of `-d`: version 7 warns and sends nothing, version 8 gives up. */
function* datum(p: Process, file: string, version: string): Gen<Uint8Array> {
  try {
    return yield* bytesOf(p, file);
  } catch (error) {
    if (!(error instanceof CurlError)) throw error;
    if (!version.startsWith("7"))
      throw new CurlUsage("option -d: error encountered when reading a file", undefined, 26);
    yield* sys.printError(p, `Warning: Couldn't read data from file "${file}", this makes an empty POST.\n`);
    return new Uint8Array(0);
  }
}

/** The file of `-T`. */
export function* uploadBytes(p: Process, file: string, version: string): Gen<Uint8Array> {
  try {
    return yield* bytesOf(p, file);
  } catch (error) {
    if (!(error instanceof CurlError)) throw error;
    throw new CurlUsage(version.startsWith("7") ? `Can't open '${file}'!` : `cannot open '${file}'`, undefined, 26);
  }
}

/** The parts of `-d` and its kin, with `&` between them. */
export function* dataBytes(p: Process, parts: readonly Datum[], version: string): Gen<Uint8Array> {
  const out: Uint8Array[] = [];
  for (const { text = "", file, binary, encoded, name = "" } of parts) {
    if (out.length > 0) out.push(encode("&"));
    if (file === undefined) out.push(encode(name + (encoded ? percent(text) : text)));
    else {
      const bytes = yield* datum(p, file, version);
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
