import { concat, decode, encode, encodeBase64, type Gen } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { CurlError } from "./curl-error.ts";
import { CurlUsage, type Datum, type FormPart, type Settings } from "./curl-settings.ts";

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
function* datum(p: Process, s: Settings, file: string, option: string, version: string): Gen<Uint8Array> {
  try {
    return yield* bytesOf(p, file);
  } catch (error) {
    if (!(error instanceof CurlError)) throw error;
    if (!version.startsWith("7"))
      throw new CurlUsage(`option ${option}: error encountered when reading a file`, undefined, 26);
    if (!s.silent)
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
export function* dataBytes(p: Process, s: Settings, parts: readonly Datum[], version: string): Gen<Uint8Array> {
  const out: Uint8Array[] = [];
  for (const { text = "", file, binary, encoded, joined, name = "" } of parts) {
    if (out.length > 0 && !joined) out.push(encode("&"));
    if (file === undefined) out.push(encode(name + (encoded ? percent(text) : text)));
    else {
      const bytes = yield* datum(p, s, file, encoded ? "--data-urlencode" : "-d", version);
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

/** One part of a form, or of the files of one field. */
function* partBytes(p: Process, part: FormPart, disposition: string, inner: () => string): Gen<Uint8Array[]> {
  const { text, file, attached, type, filename, encoder, others } = part;
  if (others !== undefined) {
    const boundary = inner();
    const out = [
      encode(`Content-Disposition: ${disposition}\r\nContent-Type: multipart/mixed; boundary=${boundary}\r\n\r\n`),
    ];
    for (const one of [{ ...part, others: undefined }, ...others] as FormPart[])
      out.push(encode(`--${boundary}\r\n`), ...(yield* partBytes(p, one, "attachment", inner)), encode("\r\n"));
    return [...out, encode(`--${boundary}--\r\n`)];
  }
  const read = file === undefined ? encode(text ?? "") : yield* bytesOf(p, file);
  const bytes = encoder === "base64" ? encode(encodeBase64(read)) : read;
  const shown = filename ?? (attached && file !== undefined ? (file.split("/").at(-1) ?? "") : undefined);
  // Nobody knows what comes from standard input.
  const usual =
    shown === undefined || file === "-"
      ? undefined
      : (TYPES[shown.split(".").at(-1)?.toLowerCase() ?? ""] ?? "application/octet-stream");
  const kind = type ?? usual;
  const lines = [
    `Content-Disposition: ${disposition}${shown === undefined ? "" : `; filename="${shown}"`}`,
    ...(kind ? [`Content-Type: ${kind}`] : []),
    ...(encoder ? [`Content-Transfer-Encoding: ${encoder}`] : []),
  ];
  return [encode(`${lines.join("\r\n")}\r\n\r\n`), bytes];
}

/** multipart/form-data of `-F`, with the boundary between its parts (lib/mime.c); `inner`: one for several files of a field. */
export function* formBytes(
  p: Process,
  parts: readonly FormPart[],
  boundary: string,
  inner: () => string,
): Gen<Uint8Array> {
  const out: Uint8Array[] = [];
  for (const part of parts) {
    const written = yield* partBytes(p, part, `form-data; name="${part.name}"`, inner);
    out.push(encode(`--${boundary}\r\n`), ...written, encode("\r\n"));
  }
  out.push(encode(`--${boundary}--\r\n`));
  return concat(out);
}
