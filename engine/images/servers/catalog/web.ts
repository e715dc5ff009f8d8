import type { HttpRequest } from "../../../api/http.ts";
import { decode } from "../../../kernel/index.ts";
import type { Process } from "../../../machine/process.ts";
import { answer } from "../serving.ts";
import { host, iso, json, NAMED, pathOf, type Row, redirect, titled } from "./row.ts";

/** What mendhak/http-https-echo says of a request (its index.js, express). */
const echoed = (p: Process, request: HttpRequest) => {
  const { host: asked = "" } = request.headers;
  const query = Object.fromEntries(new URL(request.path, "http://echo").searchParams);
  const name = asked.replace(/:\d+$/, "");
  const [domain, ...subdomains] = /^[\d.]+$/.test(name) ? [] : name.split(".").reverse().slice(1);
  return {
    path: pathOf(request),
    headers: request.headers,
    method: request.method,
    body: request.body?.type === "bytes" ? decode(request.body.bytes) : "",
    fresh: false,
    hostname: name,
    ip: `::ffff:${request.remoteAddress}`,
    ips: [],
    protocol: "http",
    query,
    subdomains: domain === undefined ? [] : subdomains,
    xhr: request.headers["x-requested-with"]?.toLowerCase() === "xmlhttprequest",
    os: { hostname: host(p) },
    connection: {},
  };
};

const NOT_FOUND = () => answer(404, "404 page not found\n");

/** Web servers and applications of Docker Hub. */
export const WEB_ROWS: readonly Row[] = [
  {
    names: ["bitnami/apache"],
    megabytes: 90,
    on: "debian",
    runs: "/opt/bitnami/scripts/apache/run.sh",
    cmd: true,
    ports: [8080, 8443],
    user: "1001",
    page: () => "<html><body><h1>It works!</h1></body></html>\n",
  },
  {
    names: ["library/caddy"],
    tags: NAMED,
    megabytes: 18,
    on: "alpine",
    runs: "/usr/bin/caddy",
    arguments: ["run", "--config", "/etc/caddy/Caddyfile"],
    cmd: true,
    ports: [80, 2019],
    page: () => titled("Caddy works!", "<h1>Congratulations!</h1>"),
  },
  {
    names: ["library/haproxy"],
    tags: NAMED,
    megabytes: 42,
    on: "debian",
    runs: "/usr/local/sbin/haproxy",
    cmd: true,
    stop: ["USR1", "TERM"],
  },
  {
    names: ["library/traefik"],
    tags: NAMED,
    megabytes: 48,
    on: "alpine",
    runs: "/usr/local/bin/traefik",
    ports: [80],
    page: NOT_FOUND,
  },
  {
    names: ["library/tomcat"],
    tags: NAMED,
    megabytes: 200,
    on: "debian",
    runs: "/usr/local/tomcat/bin/catalina.sh",
    arguments: ["run"],
    cmd: true,
    ports: [8080],
    logs: 2,
    status: 143,
    rssKib: 98_000,
    log: () => "INFO [main] org.apache.catalina.startup.Catalina.start Server startup in [612] milliseconds\n",
    page: (_p, request) =>
      answer(
        404,
        `<!doctype html><html lang="en"><head><title>HTTP Status 404 – Not Found</title></head><body><h1>HTTP Status 404 – Not Found</h1><p>The requested resource [${request.path}] is not available</p></body></html>`,
        { "content-type": "text/html;charset=utf-8" },
      ),
    workingDir: "/usr/local/tomcat",
  },
  {
    names: ["library/wordpress", "bitnami/wordpress"],
    tags: /^(latest|(php|cli|beta|v?\d)[\w.-]*|apache|fpm(-alpine)?)$/,
    megabytes: 222,
    on: "debian",
    runs: "/usr/local/bin/apache2-foreground",
    cmd: true,
    ports: [80],
    stop: ["WINCH", "TERM"],
    logs: 2,
    log: () =>
      "WordPress not found in /var/www/html - copying now...\nComplete! WordPress has been successfully copied to /var/www/html\n",
    page: () => redirect("/wp-admin/install.php"),
    workingDir: "/var/www/html",
  },
  {
    names: [
      "library/drupal",
      "library/joomla",
      "library/nextcloud",
      "library/ghost",
      "library/phpmyadmin",
      "phpmyadmin/phpmyadmin",
      "library/adminer",
    ],
    tags: NAMED,
    megabytes: 200,
    on: "debian",
    runs: "/usr/local/bin/apache2-foreground",
    cmd: true,
    ports: [80],
    stop: ["WINCH", "TERM"],
    page: () => titled("Install", "<h1>Install</h1>"),
    workingDir: "/var/www/html",
  },
  {
    names: ["library/mongo-express"],
    tags: NAMED,
    megabytes: 60,
    on: "alpine",
    runs: "/docker-entrypoint.sh",
    ports: [8081],
    page: () => answer(401, "Unauthorized"),
  },
  {
    names: ["paulbouwer/hello-kubernetes"],
    megabytes: 60,
    on: "alpine",
    runs: "/usr/local/bin/npm",
    arguments: ["start"],
    cmd: true,
    ports: [8080],
    page: (p) =>
      titled(
        "Hello Kubernetes!",
        `<div id="message">${p.env.get("MESSAGE") ?? "Hello world!"}</div>\n<table><tr><th>pod:</th><td>${host(p)}</td></tr></table>`,
      ),
  },
  {
    names: ["ealen/echo-server"],
    megabytes: 40,
    on: "alpine",
    runs: "/usr/local/bin/node",
    arguments: ["webserver"],
    cmd: true,
    ports: [80],
    page: (p, request) =>
      json({
        host: { hostname: request.headers["host"] ?? "", ip: `::ffff:${request.remoteAddress}`, ips: [] },
        http: { method: request.method, baseUrl: "", originalUrl: request.path, protocol: "http" },
        request: { params: { 0: pathOf(request) }, query: {}, cookies: {}, body: {}, headers: request.headers },
        environment: { HOSTNAME: host(p) },
      }),
  },
  {
    names: ["mendhak/http-https-echo"],
    megabytes: 60,
    on: "alpine",
    runs: "/usr/local/bin/node",
    arguments: ["./index.js"],
    cmd: true,
    ports: [8080, 8443],
    user: "1000",
    log: (_p, port) => `Listening on ports ${port} and 8443\n`,
    access: (p, request) => `${JSON.stringify(echoed(p, request), null, 4)}\n`,
    page: (p, request) =>
      answer(200, JSON.stringify(echoed(p, request), null, 2), { "content-type": "application/json; charset=utf-8" }),
  },
  {
    names: ["jmalloc/echo-server"],
    megabytes: 5,
    on: "scratch",
    runs: "/bin/echo-server",
    ports: [8080],
    log: (_p, port) => `Echo server listening on port ${port}.\n`,
    page: (p, request) =>
      `Request served by ${host(p)}\n\n${request.method} ${request.path} HTTP/1.1\n\nHost: ${request.headers["host"] ?? ""}\n`,
  },
  {
    names: ["nginxdemos/hello", "nginxdemos/nginx-hello"],
    tags: /^(latest|plain-text|\d\.\d(-plain-text)?)$/,
    megabytes: 17,
    on: "alpine",
    runs: "/usr/sbin/nginx",
    cmd: true,
    ports: [80],
    stop: ["QUIT", "TERM"],
    page: (p, request) =>
      `Server address: ${p.ns.net.addresses()[0] ?? ""}:80\nServer name: ${host(p)}\nDate: ${iso(p)}\nURI: ${request.path}\n`,
  },
];
