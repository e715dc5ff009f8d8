import type { HttpRequest, HttpResponse } from "../api/http.ts";
import { encode, type Gen } from "../kernel/index.ts";
import type { Listener } from "../network/namespace.ts";

/**
 * Hosts that people ask whether there is an outside world at all: a few well-known sites with a page of our own words, at
 * addresses for documentation (TEST-NET-2, RFC 5737), and public resolvers at their own.
 */
interface Site {
  readonly names: readonly string[];
  readonly address: string;
  /** Its page; a site that moves everybody on to a name says so. */
  readonly title: string;
  readonly movesTo?: string;
}

const SITES: readonly Site[] = [
  {
    names: ["example.com", "www.example.com", "example.org", "www.example.org", "example.net", "www.example.net"],
    address: "198.51.100.80",
    title: "Example Domain",
  },
  { names: ["google.com"], address: "198.51.100.81", title: "301 Moved", movesTo: "www.google.com" },
  { names: ["www.google.com"], address: "198.51.100.82", title: "Google" },
];

/** Public resolvers, whose names their addresses lead back to. */
const RESOLVERS: Readonly<Record<string, string>> = {
  "8.8.8.8": "dns.google",
  "8.8.4.4": "dns.google",
  "1.1.1.1": "one.one.one.one",
  "1.0.0.1": "one.one.one.one",
  "9.9.9.9": "dns9.quad9.net",
};

/** Every address of these hosts. */
export const SITE_ADDRESSES: readonly string[] = [...SITES.map(({ address }) => address), ...Object.keys(RESOLVERS)];

/** Addresses of a name; none for one that is no site's. */
export function siteAddresses(name: string): string[] {
  const wanted = name.toLowerCase().replace(/\.$/, "");
  const sites = SITES.filter(({ names }) => names.includes(wanted)).map(({ address }) => address);
  const resolvers = Object.entries(RESOLVERS).flatMap(([address, own]) => (own === wanted ? [address] : []));
  return [...sites, ...resolvers];
}

/** The name that an address leads back to (`8.8.8.8.in-addr.arpa`). */
export function siteName(reverse: string): string | undefined {
  const bytes = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\.in-addr\.arpa\.?$/i.exec(reverse);
  return bytes === null ? undefined : RESOLVERS[bytes.slice(1).reverse().join(".")];
}

const page = (title: string, text: string): string =>
  `<!doctype html>\n<html>\n<head><title>${title}</title></head>\n<body>\n<h1>${title}</h1>\n<p>${text}</p>\n</body>\n</html>\n`;

function* serve({ method, headers, path }: HttpRequest, scheme: string): Gen<HttpResponse> {
  const host = (headers["host"] ?? "").replace(/:\d+$/, "").toLowerCase();
  const site = SITES.find(({ names }) => names.includes(host));
  const target = site?.movesTo === undefined ? undefined : `${scheme}://${site.movesTo}${path}`;
  const status = site === undefined ? 404 : target === undefined ? 200 : 301;
  const text =
    site === undefined
      ? page("404 Not Found", "No site of this name is here.")
      : page(site.title, target === undefined ? `This page stands for ${host}.` : `<a href="${target}">${target}</a>`);
  const bytes = encode(text);
  return {
    status,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-length": String(bytes.length),
      ...(target !== undefined && { location: target }),
    },
    body: { type: "bytes", bytes: method === "HEAD" ? new Uint8Array(0) : bytes },
  };
}

/** The servers of the sites, by HTTP and HTTPS. */
export function siteListeners(): Omit<Listener, "pid">[] {
  return SITES.flatMap(({ address }) => {
    const common = { protocol: "tcp" as const, address, program: "www" };
    return [
      { ...common, port: 80, http: (request: HttpRequest) => serve(request, "http") },
      {
        ...common,
        port: 443,
        tls: true,
        publicAuthority: true,
        http: (request: HttpRequest) => serve(request, "https"),
      },
    ];
  });
}
