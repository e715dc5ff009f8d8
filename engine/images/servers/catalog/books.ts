import type { HttpRequest } from "../../../api/http.ts";
import type { Process } from "../../../machine/process.ts";
import { answer } from "../serving.ts";
import { host, html, iso, json, NAMED, pathOf, type Row, titled } from "./row.ts";

/** Kiada of the second edition of "Kubernetes in Action": what it knows of its Pod it has from its environment. */
function kiada(p: Process, request: HttpRequest): ReturnType<typeof answer> {
  const version = p.env.get("KIADA_VERSION") ?? "0.1";
  const client = `::ffff:${request.remoteAddress}`;
  const told = p.env.get("POD_NAME");
  const status = p.env.get("INITIAL_STATUS_MESSAGE");
  switch (pathOf(request)) {
    case "/healthz/ready":
      return answer(200, "Ready");
    case "/":
    case "/text":
      return answer(
        200,
        (told === undefined
          ? `Kiada version ${version}. Request processed by "${host(p)}". Client IP: ${client}\n`
          : `Request processed by Kiada ${version} running in pod "${told}" on node "${p.env.get("NODE_NAME") ?? "unknown-node"}".\n` +
            `Pod hostname: ${host(p)}; Pod IP: ${p.env.get("POD_IP") ?? "0.0.0.0"}; Node IP: ${p.env.get("NODE_IP") ?? "0.0.0.0"}; Client IP: ${client}\n`) +
          (status === undefined ? "" : `${status}\n`),
      );
    case "/html":
      return titled("Kiada", `<h1>Kiada ${version}</h1>`);
    default:
      return answer(404, `${request.path} not found`);
  }
}

/** ping_pong of a certification course: the request told back under the server's name. */
function pingPong(p: Process, request: HttpRequest): string {
  const headers = Object.entries(request.headers)
    .filter(([name]) => name !== "host")
    .map(([name, value]) => `${name.replace(/(^|-)[a-z]/g, (char) => char.toUpperCase())}: ${value}\n`)
    .sort()
    .join("");
  return (
    `Server Name: ${p.env.get("SERVER_NAME") ?? "ping_pong_server"}\nURL: http://${request.headers["host"] ?? ""}${request.path}\n` +
    `Client IP: ${request.remoteAddress}\nMethod: ${request.method}\nProtocol: HTTP/1.1\nHeaders:\n${headers}\n`
  );
}

interface Health {
  live: boolean;
  ready: boolean;
}

const healths = new WeakMap<Process, Health>();

function healthOf(p: Process): Health {
  let health = healths.get(p);
  if (health === undefined) healths.set(p, (health = { live: true, ready: true }));
  return health;
}

/** The random generator of "Kubernetes Patterns", with Spring's health endpoints. */
function generator(p: Process, request: HttpRequest): ReturnType<typeof answer> {
  const health = healthOf(p);
  const id = "5f8d2c1e-8d5a-4b0e-9c2f-3b7d1a6e4f90";
  const version = p.env.get("BUILD_VERSION") ?? "1.0";
  switch (pathOf(request)) {
    case "/":
      return json({
        random: p.machine.kernel.random("random-generator").int(-2_000_000_000, 2_000_000_000),
        duration: 68_000,
        id,
        version,
      });
    case "/info":
      return json({
        memory: { free: 60, used: 70, total: 130, max: 256 },
        "cpu.procs": 1,
        id,
        version,
        pattern: p.env.get("PATTERN") ?? "None",
        env: Object.fromEntries(p.env),
      });
    case "/toggle-live":
      health.live = !health.live;
      return answer(200, "");
    case "/toggle-ready":
      health.ready = !health.ready;
      return answer(200, "");
    case "/actuator/health":
    case "/actuator/health/liveness":
      return status(health.live);
    case "/actuator/health/readiness":
      return status(health.live && health.ready);
    default:
      return answer(404, JSON.stringify({ status: 404, error: "Not Found", path: request.path }));
  }
}

function status(well: boolean): ReturnType<typeof answer> {
  return answer(well ? 200 : 503, JSON.stringify({ status: well ? "UP" : "DOWN" }), {
    "content-type": "application/json",
  });
}

const KIADA_LOG = (p: Process, port: number): string =>
  "Kiada - Kubernetes in Action Demo Application\n---------------------------------------------\n" +
  `Kiada ${p.env.get("KIADA_VERSION") ?? "0.1"} starting...\nLocal hostname is ${host(p)}\nListening on port ${port}\n`;

/** Each version by its tags, since it tells its own. */
const KIADA_TAGS: Readonly<Record<string, RegExp>> = {
  "0.1": /^0\.1(-slim)?$/,
  "0.2": /^0\.2$/,
  "0.3": /^0\.3$/,
  "0.4": /^0\.4$/,
  "0.5": /^0\.5$/,
  "0.5.1": /^0\.5\.1$/,
  "0.6": /^0\.6$/,
  "0.7": /^0\.7$/,
  "0.8": /^0\.8$/,
};

const kiadas = Object.entries(KIADA_TAGS).map(
  ([version, tags]): Row => ({
    names: ["luksa/kiada"],
    tags,
    megabytes: 270,
    on: "debian",
    runs: "/usr/local/bin/node",
    arguments: ["app.js"],
    ports: [8080],
    stop: ["TERM", "INT"],
    status: 143,
    env: { KIADA_VERSION: version },
    log: KIADA_LOG,
    access: (_p, request) => `Received request for ${request.path} from ::ffff:${request.remoteAddress}\n`,
    page: kiada,
  }),
);

const pages = (names: readonly string[], title: string, more: Partial<Row> = {}): Row => ({
  names,
  tags: NAMED,
  megabytes: 40,
  on: "alpine",
  runs: "/usr/sbin/nginx",
  cmd: true,
  ports: [80],
  stop: ["QUIT", "TERM"],
  page: () => titled(title, `<h1>${title}</h1>`),
  ...more,
});

/** Applications of books and of long courses. */
export const BOOK_ROWS: readonly Row[] = [
  ...kiadas,
  {
    names: ["luksa/kiada-ssl-proxy", "envoyproxy/envoy", "istio/proxyv2"],
    tags: NAMED,
    megabytes: 70,
    on: "debian",
    runs: "/usr/local/bin/envoy",
    arguments: ["-c", "/etc/envoy/envoy.yaml"],
    cmd: true,
    ports: [8443, 9901],
    logs: 2,
    log: () => "[info][main] [source/server/server.cc:977] starting main dispatch loop\n",
    page: (_p, request) =>
      pathOf(request) === "/ready"
        ? answer(200, "LIVE\n")
        : answer(503, "upstream connect error or disconnect/reset before headers"),
    user: "101",
  },
  {
    names: ["luksa/quiz-api"],
    tags: NAMED,
    megabytes: 20,
    on: "alpine",
    runs: "/quiz-api",
    ports: [8080],
    logs: 2,
    log: (p) => `${iso(p).replace(/-/g, "/").replace("T", " ").slice(0, 19)} Quiz API Server 0.1 starting...\n`,
    page: (_p, request) =>
      pathOf(request).startsWith("/healthz")
        ? answer(200, "Ready")
        : json({
            id: 1,
            text: "What is the smallest unit that is scheduled?",
            answers: ["Pod", "Node", "Service"],
            correctAnswerIndex: 0,
          }),
  },
  {
    names: ["luksa/kubectl-proxy"],
    tags: NAMED,
    megabytes: 60,
    on: "alpine",
    runs: "/kubectl-proxy.sh",
    ports: [8001],
    log: () => "Starting to serve on 127.0.0.1:8001\n",
    page: () => answer(502, ""),
  },
  {
    names: ["viktoruj/ping_pong", "viktoruj/ping_pong_front"],
    tags: /^(latest|alpine|[0-9a-f]{7}(-(amd64|arm64))?(-alpine)?)$/,
    megabytes: 9,
    on: "alpine",
    runs: "/app",
    ports: [8080, 9090],
    env: { SRV_PORT: "8080" },
    page: pingPong,
  },
  {
    names: ["viktoruj/cks-lab"],
    tags: /^(latest|[a-z]+\d*_[\w.-]+)$/,
    megabytes: 9,
    on: "alpine",
    runs: "/app",
    cmd: true,
    ports: [8080],
    page: pingPong,
  },
  {
    names: ["k8spatterns/random-generator"],
    tags: /^(latest|[12]\.0)$/,
    megabytes: 180,
    on: "debian",
    runs: "/opt/random-generator",
    ports: [8080],
    status: 143,
    rssKib: 150_000,
    log: (p) =>
      `${iso(p)}  INFO 1 --- [main] i.k.p.random.RandomGeneratorApplication : Started RandomGeneratorApplication\n`,
    page: generator,
  },
  pages(
    ["stacksimplify/kube-nginxapp1", "stacksimplify/kube-nginxapp2", "stacksimplify/kube-nginxapp3"],
    "Welcome to Stack Simplify",
  ),
  pages(["stacksimplify/kube-usermgmt-webapp"], "User Management", {
    ports: [8080],
    on: "debian",
    runs: "/usr/bin/java",
  }),
  pages(["kiamol/ch02-hello-kiamol"], "Hello from Chapter 2!"),
  pages(["kiamol/ch02-whoami"], "whoami", { page: (p) => `"I'm ${host(p)} running on Linux"` }),
  pages(["kiamol/ch03-numbers-web"], "Kiamol Random Numbers"),
  pages(["kiamol/ch03-numbers-api"], "Numbers", { page: (p) => String(p.machine.kernel.random("numbers").int(0, 99)) }),
  pages(["kiamol/ch04-todo-list"], "To-Do List"),
  pages(["kiamol/ch05-pi"], "Pi", { page: () => html("<h1>3.14</h1>") }),
  pages(["kiamol/ch07-simple-proxy"], "proxy", { ports: [1080], page: () => answer(502, "") }),
  pages(["kiamol/ch07-timecheck"], "timecheck", {
    ports: [],
    log: (p) => `Environment: DEV; version: 1.0; time check: ${iso(p).slice(11, 19)}\n`,
  }),
  pages(["nigelpoulton/k8sbook", "nigelpoulton/k8s-deep-dive", "nigelpoulton/k8s-sample"], "K8s rocks!", {
    ports: [8080],
    runs: "/usr/local/bin/node",
    page: () => titled("K8s rocks!", "<h1>Kubernetes Rocks!</h1>"),
  }),
  pages(["bmuschko/nodejs-ambassador"], "ambassador", {
    ports: [8081],
    runs: "/usr/local/bin/node",
    page: () => answer(200, "OK"),
  }),
  pages(["kennethreitz/httpbin"], "httpbin.org", {
    runs: "/usr/local/bin/gunicorn",
    page: (p, request) => {
      const code = /^\/status\/(\d{3})$/.exec(pathOf(request))?.[1];
      if (code !== undefined) return answer(Number(code), "");
      if (!/^\/(get|headers|ip|anything|hostname)$/.test(pathOf(request)))
        return titled("httpbin.org", "<h1>httpbin.org</h1>");
      const url = `http://${request.headers["host"] ?? host(p)}${request.path}`;
      return json({ args: {}, headers: request.headers, origin: request.remoteAddress, url });
    },
  }),
  pages(["hazelcast/hazelcast"], "hazelcast", {
    ports: [5701],
    runs: "/opt/hazelcast/bin/hz",
    page: () => answer(400, ""),
  }),
  pages(["mhausenblas/simpleservice"], "simpleservice", {
    ports: [9876],
    runs: "/usr/bin/python",
    page: (p, request) =>
      json({
        host: request.headers["host"] ?? "",
        version: p.env.get("VERSION") ?? "0.5.0",
        from: request.remoteAddress,
      }),
  }),
];
