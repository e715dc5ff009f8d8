/** Under which name wget saves what (src/url.c, src/utils.c). */
import type { Process } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import type { ParsedOptions } from "../../options.ts";
import { authority, type Url } from "../http-client.ts";

/** Bytes that names of files keep from their URLs: the rest is unescaped, but no slash and no control characters. */
function unescaped(text: string): string {
  return text.replace(/%([0-9a-fA-F]{2})/g, (all, hex: string) => {
    const code = Number.parseInt(hex, 16);
    return code < 32 || code === 127 || code === 47 ? all : String.fromCharCode(code);
  });
}

/** The name a URL is saved under, its folder first; `disposition`: what the server calls it. */
export function nameOf(o: ParsedOptions, url: Url, disposition: string | undefined): string {
  const [path = "/", query] = url.path.split(/\?(.*)/s);
  const parts = path.split("/").slice(1);
  const last = unescaped(parts.pop() ?? "") || (o.value("default-page") ?? "index.html");
  const name = disposition ?? (query === undefined ? last : `${last}?${unescaped(query).replaceAll("/", "%2F")}`);
  const folders = [];
  const deep = o.has("x", "r", "m", "p") && !o.has("no-directories");
  if (deep) {
    if (o.has("protocol-directories")) folders.push(url.scheme);
    if (!o.has("no-host-directories")) folders.push(authority(url));
    folders.push(...parts.slice(Number(o.value("cut-dirs") ?? 0)).map(unescaped));
  }
  const prefix = (o.value("P") ?? ".").replace(/\/+$/, "");
  const within = prefix === "." || prefix === "" ? folders : [prefix, ...folders];
  return [...within, name].join("/");
}

/** The first of NAME, NAME.1, NAME.2 … that is not there. */
export function freeName(p: Process, name: string): string {
  if (sys.find(p, name) === undefined) return name;
  for (let i = 1; ; i++) if (sys.find(p, `${name}.${i}`) === undefined) return `${name}.${i}`;
}

/** The name in `Content-Disposition: attachment; filename="x"`. */
export function dispositionName(header: string | undefined): string | undefined {
  const match = /filename\*?=(?:UTF-8'')?(?:"([^"]*)"|([^;\s]+))/i.exec(header ?? "");
  return (match?.[1] ?? match?.[2])?.split("/").at(-1) || undefined;
}
