import type { HttpResponse } from "../api/http.ts";

const REASONS: Record<number, string> = {
  100: "Continue",
  101: "Switching Protocols",
  200: "OK",
  201: "Created",
  202: "Accepted",
  204: "No Content",
  206: "Partial Content",
  301: "Moved Permanently",
  302: "Found",
  303: "See Other",
  304: "Not Modified",
  307: "Temporary Redirect",
  308: "Permanent Redirect",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  408: "Request Timeout",
  409: "Conflict",
  410: "Gone",
  413: "Request Entity Too Large",
  415: "Unsupported Media Type",
  422: "Unprocessable Entity",
  429: "Too Many Requests",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

/** Where nginx words a status in its own way (ngx_http_header_filter_module.c). */
const NGINX: Record<number, string> = {
  302: "Moved Temporarily",
  405: "Not Allowed",
  408: "Request Time-out",
  503: "Service Temporarily Unavailable",
  504: "Gateway Time-out",
};

/** The words after a status in the first line of an HTTP/1.1 answer, as its server writes them. */
export function reasonOf({ status, headers, reason }: Pick<HttpResponse, "status" | "headers" | "reason">): string {
  if (reason !== undefined) return reason;
  const server = String(headers["server"] ?? headers["Server"] ?? "");
  const own = server.startsWith("nginx") ? NGINX : {};
  return own[status] ?? REASONS[status] ?? "";
}
