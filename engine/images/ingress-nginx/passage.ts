import type { HttpRequest } from "../../api/http.ts";
import { cookieOf } from "./callers.ts";
import type { Location, VirtualServer } from "./model.ts";

/** One request on its way, and what the access log will say of it. */
export interface Passage {
  request: HttpRequest;
  secure: boolean;
  host: string;
  path: string;
  query: string;
  id: string;
  server: VirtualServer;
  location: Location;
  upstream: string;
  alternative: string;
  tried: { address: string; length: string; seconds: string; status: string }[];
}

/** The path that the backend is asked for: rewrite-target takes the place of the whole. */
export function rewritten({ path, query, location, request }: Passage): string {
  const { rewrite, options } = location;
  if (rewrite === undefined || options === undefined) return request.path;
  const match = rewrite.exec(path);
  if (match === null) return request.path;
  const target = options.rewriteTarget.replace(/\$(\d)|\$\{(\d)\}/g, (_, one?: string, two?: string) => {
    return match.groups[Number(one ?? two)] ?? "";
  });
  const slashed = target.startsWith("/") ? target : `/${target}`;
  // nginx appends the arguments to a replacement's own.
  return query === "" ? slashed : slashed.includes("?") ? `${slashed}&${query.slice(1)}` : slashed + query;
}

/** A text with nginx's variables filled in. */
export function variables(passage: Passage, text: string): string {
  const { headers, remoteAddress, method } = passage.request;
  return expand(passage, text)
    .replaceAll("$remote_addr", remoteAddress)
    .replaceAll("$binary_remote_addr", remoteAddress)
    .replaceAll("$request_method", method)
    .replaceAll("$req_id", headers["x-request-id"] ?? passage.id)
    .replace(/\$(?:http_([a-z0-9_]+)|cookie_(\w+)|arg_(\w+))/g, (_, header?: string, cookie?: string, arg?: string) => {
      if (header !== undefined) return headers[header.replaceAll("_", "-")] ?? "";
      if (cookie !== undefined) return cookieOf(headers, cookie) ?? "";
      const pair = passage.query
        .slice(1)
        .split("&")
        .find((each) => each.startsWith(`${arg}=`));
      return pair?.slice(pair.indexOf("=") + 1) ?? "";
    });
}

/** The variables that a redirect may name. */
export function expand({ secure, host, request, path }: Passage, text: string): string {
  return text
    .replaceAll("$request_uri", request.path)
    .replaceAll("$scheme", secure ? "https" : "http")
    .replaceAll("$http_host", host)
    .replaceAll("$host", host.replace(/:\d+$/, ""))
    .replaceAll("$uri", path);
}
