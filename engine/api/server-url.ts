/** Where an API server is, as client-go makes it of what a kubeconfig or `--server` says. */

/** What Go's net/url says of text that is no URL. */
export class UrlFault extends Error {}

interface Parts {
  scheme: string;
  host: string;
  path: string;
}

/** Go's url.Parse, as far as a server's address reaches. Throws UrlFault. */
function parse(text: string): Parts {
  const bare = text.replace(/#.*$/s, "").replace(/\?.*$/s, "");
  if (bare.startsWith(":")) throw new UrlFault("missing protocol scheme");
  const [, scheme = "", rest = bare] = /^([a-z][a-z0-9+.-]*):(.*)$/is.exec(bare) ?? [];
  if (scheme === "" && bare.split("/")[0]!.includes(":"))
    throw new UrlFault("first path segment in URL cannot contain colon");
  if (!rest.startsWith("//")) return { scheme: scheme.toLowerCase(), host: "", path: rest };
  const [, host, path] = /^\/\/([^/]*)(.*)$/s.exec(rest) as unknown as [string, string, string];
  checkHost(host);
  return { scheme: scheme.toLowerCase(), host, path };
}

function checkHost(host: string): void {
  const close = host.lastIndexOf("]");
  if (host.startsWith("[") && close < 0) throw new UrlFault("missing ']' in host");
  const colon = host.indexOf(":", host.startsWith("[") ? close : 0);
  const port = host.startsWith("[") ? host.slice(close + 1) : colon < 0 ? "" : host.slice(host.lastIndexOf(":"));
  if (port !== "" && !/^:\d*$/.test(port)) throw new UrlFault(`invalid port ${JSON.stringify(port)} after host`);
  const odd = /[ "<>\\^`{|}]/.exec(host);
  if (odd) throw new UrlFault(`invalid character ${JSON.stringify(odd[0])} in host name`);
}

/**
 * `https://10.0.0.1:6443` of what stands for it (client-go rest/url_utils.go DefaultServerURL): without a scheme it is
 * http, a query is left out, and so is a colon without a port. Throws UrlFault, or an Error that says that it is neither
 * a URL nor a host and port.
 */
export function serverUrl(text: string): string {
  let found: Parts | undefined;
  try {
    found = parse(text);
  } catch (error) {
    if (!(error instanceof UrlFault)) throw error;
  }
  if (found === undefined || found.scheme === "" || found.host === "") {
    found = parse(`http://${text}`);
    if (found.path !== "" && found.path !== "/")
      throw new Error(`host must be a URL or a host:port pair: ${JSON.stringify(text)}`);
  }
  return `${found.scheme}://${found.host.replace(/:$/, "")}${found.path.replace(/\/+$/, "")}`;
}

/** What a server's URL says: host without brackets, port, `host:port` as it is written, and the prefix of paths. */
export interface ServerPlace {
  scheme: string;
  host: string;
  port: number;
  hostPort: string;
  prefix: string;
}

export function splitServer(server: string): ServerPlace {
  const match = /^(?:([a-z]+):\/\/)?((\[[^\]]*\]|[^:/]*)(?::(\d+))?)(\/.*)?$/i.exec(server);
  const scheme = (match?.[1] ?? "http").toLowerCase();
  const host = (match?.[3] ?? server).replace(/^\[|\]$/g, "");
  const port = match?.[4] ? Number(match[4]) : scheme === "https" ? 443 : 80;
  return { scheme, host, port, hostPort: match?.[2] ?? server, prefix: (match?.[5] ?? "").replace(/\/+$/, "") };
}

/** Why nothing is even dialed (net/http Transport, net/lookup.go LookupPort); undefined where it is. */
export function unreachable({ scheme, hostPort, port }: ServerPlace): string | undefined {
  if (scheme !== "http" && scheme !== "https") return `unsupported protocol scheme "${scheme}"`;
  if (hostPort === "") return "http: no Host in request URL";
  return port > 65_535 ? `dial tcp: address ${port}: invalid port` : undefined;
}
