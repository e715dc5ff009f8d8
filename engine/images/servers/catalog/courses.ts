import type { Process } from "../../../machine/process.ts";
import { answer } from "../serving.ts";
import { host, html, json, NAMED, pathOf, type Row, redirect, titled } from "./row.ts";

/** Kubia of "Kubernetes in Action", which other courses made their own. */
const kubia: Pick<Row, "ports" | "page" | "log" | "access" | "stop" | "status"> = {
  ports: [8080],
  log: () => "Kubia server starting...\n",
  page: (p) => `You've hit ${host(p)}\n`,
  access: (_p, request) => `Received request from ::ffff:${request.remoteAddress}\n`,
  stop: ["TERM", "INT"],
  status: 143,
};

/** A count of requests since the start, for servers that turn unwell. */
const served = new WeakMap<Process, number>();

/** The same, answering 500 from the sixth request on, as for lessons about liveness probes. */
export const unhealthy: typeof kubia = {
  ...kubia,
  page: (p) => {
    const count = (served.get(p) ?? 0) + 1;
    served.set(p, count);
    return count > 5 ? answer(500, "I'm not well. Please restart me!\n") : answer(200, `You've hit ${host(p)}\n`);
  },
};

const COLORS: Readonly<Record<string, string>> = {
  red: "#e74c3c",
  green: "#16a085",
  blue: "#2980b9",
  blue2: "#30336b",
  pink: "#be2edd",
  darkblue: "#130f40",
};

/** Applications that courses bring with them. */
export const COURSE_ROWS: readonly Row[] = [
  {
    // The recipe that lets through to one port of two.
    names: ["ahmet/app-on-two-ports"],
    megabytes: 7,
    on: "alpine",
    runs: "/app",
    ports: [8000, 5000],
    page: (_, request) =>
      pathOf(request) === "/metrics" ? "http.requests=3\ngo.goroutines=5\ngo.cpus=1\n" : "Hello from HTTP server.\n",
  },
  {
    names: ["kodekloud/webapp-color", "mmumshad/simple-webapp-color"],
    megabytes: 32,
    on: "alpine",
    runs: "/usr/local/bin/python",
    arguments: ["app.py"],
    ports: [8080],
    logs: 2,
    log: (_p, port) =>
      ` * Serving Flask app "app" (lazy loading)\n * Running on http://0.0.0.0:${port}/ (Press CTRL+C to quit)\n`,
    page: (p) => {
      const color = p.env.get("APP_COLOR") ?? "blue";
      return html(
        `<!doctype html>\n<title>Hello from Flask</title>\n<body style="background: ${COLORS[color] ?? color};"></body>\n<div style="color: #e4e4e4;\n    text-align:  center;\n    height: 90px;\n    vertical-align:  middle;">\n\n  <h1>Hello from ${host(p)}!</h1>\n\n</div>`,
      );
    },
  },
  {
    names: ["kodekloud/ecommerce"],
    tags: NAMED,
    megabytes: 60,
    on: "alpine",
    runs: "/usr/local/bin/python",
    arguments: ["app.py"],
    ports: [8080],
    page: () => titled("E-Commerce", "<h1>Hello</h1>"),
  },
  {
    names: ["luksa/kubia", "luksa/kubia-pet", "luksa/kubia-pet-peers", "smlinux/appjs"],
    tags: NAMED,
    megabytes: 250,
    on: "debian",
    runs: "/usr/local/bin/node",
    arguments: ["app.js"],
    ...kubia,
  },
  {
    names: ["luksa/kubia-unhealthy", "smlinux/unhealthy"],
    megabytes: 250,
    on: "debian",
    runs: "/usr/local/bin/node",
    arguments: ["app.js"],
    ...unhealthy,
  },
  {
    names: ["smlinux/http-go", "smlinux/cent-http", "smlinux/cent-httpd"],
    tags: NAMED,
    megabytes: 80,
    on: "debian",
    runs: "/app",
    cmd: true,
    ports: [8080],
    page: (p) => `Welcome! ${host(p)}\n`,
  },
  {
    names: [
      "bmuschko/nodejs-hello-world",
      "bmuschko/nodejs-business-app",
      "bmuschko/nodejs-read-config",
      "bmuschko/web-app",
    ],
    megabytes: 270,
    on: "debian",
    runs: "/usr/local/bin/node",
    arguments: ["index.js"],
    cmd: true,
    ports: [3000],
    log: (_p, port) => `Magic happens on port ${port}\n`,
    page: () => "Hello World",
  },
  {
    names: ["stacksimplify/kube-helloworld"],
    megabytes: 60,
    on: "alpine",
    runs: "/usr/bin/java",
    cmd: true,
    ports: [8080],
    page: (p) => `Hello World V1 ${host(p)}\n`,
  },
  {
    names: ["jpetazzo/color"],
    megabytes: 10,
    on: "alpine",
    runs: "/color",
    cmd: true,
    ports: [80],
    page: (p, request) =>
      `🔵This is pod ${p.env.get("NAMESPACE") ?? "default"}/${host(p)} on linux/amd64, serving ${request.path} for ${request.remoteAddress}.\n`,
  },
  {
    names: ["jpetazzo/httpenv", "jpetazzo/webcolor"],
    megabytes: 10,
    on: "alpine",
    runs: "/httpenv",
    cmd: true,
    ports: [8888],
    page: (p) => json(Object.fromEntries(p.env)),
  },
  {
    names: ["dockercoins/rng"],
    megabytes: 20,
    on: "alpine",
    runs: "/usr/local/bin/python",
    arguments: ["rng.py"],
    cmd: true,
    ports: [80],
    page: (p) => `RNG running on ${host(p)}\n`,
  },
  {
    names: ["dockercoins/hasher"],
    megabytes: 20,
    on: "alpine",
    runs: "/usr/local/bin/ruby",
    arguments: ["hasher.rb"],
    cmd: true,
    ports: [80],
    page: (p) => `HASHER running on ${host(p)}\n`,
  },
  {
    names: ["dockercoins/webui"],
    megabytes: 80,
    on: "alpine",
    runs: "/usr/local/bin/node",
    arguments: ["webui.js"],
    cmd: true,
    ports: [80],
    page: () => redirect("/index.html"),
  },
  {
    names: ["dockercoins/worker"],
    megabytes: 20,
    on: "alpine",
    runs: "/usr/local/bin/python",
    arguments: ["worker.py"],
    cmd: true,
    logs: 2,
    log: () => "INFO:__main__:0 units of work done, updating hash counter\n",
  },
  {
    names: ["sysnet4admin/echo-hname"],
    tags: NAMED,
    megabytes: 8,
    on: "alpine",
    runs: "/usr/sbin/nginx",
    cmd: true,
    ports: [80],
    page: (p) => `${host(p)}\n`,
  },
  {
    names: ["sysnet4admin/echo-ip"],
    tags: NAMED,
    megabytes: 8,
    on: "alpine",
    runs: "/usr/sbin/nginx",
    cmd: true,
    ports: [80],
    page: (p, request) => `request_method : ${request.method} | ip_dest: ${p.ns.net.addresses()[0] ?? ""}\n`,
  },
  {
    names: ["sysnet4admin/chk-info", "sysnet4admin/sleepy", "sysnet4admin/net-tools", "sysnet4admin/audit-trail"],
    tags: NAMED,
    megabytes: 20,
    on: "alpine",
    runs: "/usr/sbin/nginx",
    cmd: true,
    ports: [80],
    page: (p) => `${host(p)}\n`,
    files: Object.fromEntries(
      ["bash", "curl", "dig", "nslookup", "ip", "ping", "ss"].map((name) => [`usr/bin/${name}`, { program: name }]),
    ),
  },
  {
    names: ["ghcr.io/subicura/echo"],
    megabytes: 30,
    on: "alpine",
    runs: "/usr/local/bin/node",
    cmd: true,
    ports: [3000],
    page: (p) => `${host(p)}\n`,
  },
];
