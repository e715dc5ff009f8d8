import { SECOND } from "../../kernel/index.ts";
import type { Exchange } from "./http-client.ts";

/** What a transfer came to, for `-w`. */
export interface Facts {
  code: number;
  message: string;
  url: string;
  method?: string;
  filename?: string;
  index?: number;
  result?: Exchange;
  /** Port that was dialled. */
  port?: number;
  /** µs. */
  total?: number;
  size?: number;
  uploaded?: number;
  redirects?: number;
  /** Connections that were made. */
  connects?: number;
  /** µs from the beginning: to the address, the connection, the first byte, and the last request. */
  lookup?: number;
  connected?: number;
  started?: number;
  redirectTime?: number;
  /** The URL in the end. */
  effective?: string;
  redirectUrl?: string;
  version?: string;
  /** Of the last answer: fields of its head; of all of them: bytes. */
  headLines?: number;
  headBytes?: number;
  requestBytes?: number;
  insecure?: boolean;
  /** curl 8. */
  newer?: boolean;
}

/** The variables of `-w` (src/tool_writeout.c), those that JSON shows as numbers with a number. */
function values(facts: Facts): Record<string, string | number> {
  const { result } = facts;
  const seconds = (us: number | undefined) => ((us ?? 0) / SECOND).toFixed(6);
  const rate = (bytes: number | undefined) =>
    Math.floor((bytes ?? 0) / Math.max((facts.total ?? 0) / SECOND, 0.000_001));
  const headers = result?.response.headers ?? {};
  const https = (facts.effective ?? facts.url).startsWith("https");
  const status = result?.response.status ?? 0;
  return {
    certs: "",
    content_type: headers["content-type"] ?? "",
    errormsg: facts.message,
    exitcode: facts.code,
    filename_effective: facts.filename ?? "",
    ftp_entry_path: "",
    http_code: status,
    http_connect: 0,
    http_version: result ? (/^HTTP\/1\.0/.test(result.response.headText ?? "") ? "1" : (facts.version ?? "1.1")) : "0",
    local_ip: result?.connection.localAddress ?? "",
    local_port: result?.connection.localPort ?? 0,
    method: facts.method ?? "",
    num_certs: 0,
    num_connects: facts.connects ?? 0,
    num_headers: facts.headLines ?? 0,
    num_redirects: facts.redirects ?? 0,
    proxy_ssl_verify_result: 0,
    redirect_url: facts.redirectUrl ?? "",
    referer: "",
    remote_ip: result?.address ?? "",
    remote_port: result ? (facts.port ?? 0) : 0,
    response_code: status,
    scheme: facts.newer ? (https ? "https" : "http") : result ? (https ? "HTTPS" : "HTTP") : "",
    size_download: facts.size ?? 0,
    size_header: facts.headBytes ?? 0,
    size_request: facts.requestBytes ?? 0,
    size_upload: facts.uploaded ?? 0,
    speed_download: rate(facts.size),
    speed_upload: rate(facts.uploaded),
    ssl_verify_result: result?.problem?.why === "verify" ? result.problem.code : 0,
    time_appconnect: seconds(https ? facts.connected : 0),
    time_connect: seconds(facts.connected),
    time_namelookup: seconds(facts.lookup),
    time_pretransfer: seconds(facts.connected),
    time_redirect: seconds(facts.redirectTime),
    time_starttransfer: seconds(facts.started),
    time_total: seconds(facts.total),
    url: facts.url,
    "url.host": /^\w+:\/\/([^:/]+)/.exec(facts.effective ?? facts.url)?.[1] ?? "",
    "url.port": facts.port ?? 0,
    "url.scheme": https ? "https" : "http",
    urle: facts.effective ?? facts.url,
    url_effective: facts.effective ?? facts.url,
    urlnum: facts.index ?? 0,
  };
}

/** Times that JSON shows as numbers. */
const isTime = (name: string) => name.startsWith("time_");
/** What JSON leaves out. */
const NOT_IN_JSON = new Set(["certs", "urle", "url.host", "url.port", "url.scheme", "num_certs"]);

function json(facts: Facts, version: string): string {
  const parts = Object.entries(values(facts))
    .filter(([name]) => !NOT_IN_JSON.has(name))
    .map(([name, value]) => {
      const nothing =
        value === "" &&
        (name === "errormsg" ||
          name === "content_type" ||
          name === "redirect_url" ||
          name === "ftp_entry_path" ||
          name === "filename_effective" ||
          name === "referer");
      return `${JSON.stringify(name)}:${nothing ? "null" : isTime(name) ? value : JSON.stringify(value)}`;
    });
  return `{${parts.join(",")},"curl_version":"libcurl/${version}"}`;
}

function headerJson(facts: Facts): string {
  const rows = Object.entries(facts.result?.response.headers ?? {}).map(
    ([name, value]) => `${JSON.stringify(name.toLowerCase())}:${JSON.stringify([value])}`,
  );
  return `{${rows.join(",\n")}\n}`;
}

/** The text of `-w`, its variables filled in; what is not known is told in `warnings`. */
export function writeOut(format: string, facts: Facts, version: string, warnings: string[] = []): string {
  const known = values(facts);
  const headers = facts.result?.response.headers ?? {};
  return format.replace(
    /%\{([^}]*)\}|%header\{([^}]*)\}|%%|\\(.)|%/g,
    (all, name: string | undefined, header: string | undefined, escaped: string | undefined) => {
      if (all === "%%") return "%";
      if (header !== undefined) return String(headers[header.toLowerCase()] ?? "");
      if (escaped !== undefined) return { n: "\n", t: "\t", r: "\r" }[escaped] ?? all;
      if (name === undefined) return all;
      if (name === "json") return json(facts, version);
      if (name === "header_json") return headerJson(facts);
      // Left for whoever prints it.
      if (name === "stdout" || name === "stderr") return all;
      if (name === "onerror") return "";
      const value = known[name];
      if (value === undefined) {
        warnings.push(`curl: unknown --write-out variable: '${name}'\n`);
        return "";
      }
      return name === "http_code" || name === "response_code" || name === "http_connect"
        ? String(value).padStart(3, "0")
        : String(value);
    },
  );
}
