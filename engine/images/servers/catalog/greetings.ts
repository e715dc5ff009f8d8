import { answer } from "../serving.ts";
import { host, html, json, NAMED, pathOf, type Row, titled } from "./row.ts";

/** Servers whose whole purpose is to answer something: what first lessons deploy and expose. */

const greeting = (names: readonly string[], port: number, page: Row["page"], more: Partial<Row> = {}): Row => ({
  names,
  tags: NAMED,
  megabytes: 30,
  on: "alpine",
  runs: "/app",
  cmd: true,
  ports: [port],
  ...(page && { page }),
  ...more,
});

const hello = (title: string) => () => titled(title, `<h1>${title}</h1>`);

const COLORS: Readonly<Record<string, RegExp>> = {
  blue: /^(blue|latest)$/,
  green: /^green$/,
  yellow: /^yellow$/,
  orange: /^orange$/,
  red: /^red$/,
  purple: /^purple$/,
};

export const GREETING_ROWS: readonly Row[] = [
  greeting(
    ["registry.k8s.io/defaultbackend", "registry.k8s.io/defaultbackend-amd64"],
    8080,
    (_p, request) => (pathOf(request) === "/healthz" ? "ok" : answer(404, "default backend - 404")),
    { on: "scratch", runs: "/server", cmd: false, megabytes: 2 },
  ),
  greeting(["openshift/hello-openshift", "quay.io/openshifttest/hello-openshift"], 8080, () => "Hello OpenShift!\n", {
    on: "scratch",
    runs: "/hello-openshift",
    log: () => "serving on 8080\nserving on 8888\n",
  }),
  greeting(
    ["kicbase/echo-server"],
    8080,
    (p, request) =>
      `Request served by ${host(p)}\n\nHTTP/1.1 ${request.method} ${request.path}\n\nHost: ${request.headers["host"] ?? ""}\n`,
    { on: "scratch", runs: "/bin/echo-server", log: (_p, port) => `Echo server listening on port ${port}.\n` },
  ),
  greeting(
    ["inanimate/echo-server"],
    8080,
    (p, request) =>
      `Welcome to echo-server!  Here's what I know.\n  > Head to /ws for interactive websocket echo!\n\n-> My hostname is: ${host(p)}\n\n-> Requesting IP: ${request.remoteAddress}\n`,
  ),
  greeting(
    ["gcr.io/knative-samples/helloworld-go", "ghcr.io/knative/helloworld-go"],
    8080,
    (p) => `Hello ${p.env.get("TARGET") ?? "World"}!\n`,
  ),
  greeting(["gcr.io/cloudrun/hello", "us-docker.pkg.dev/cloudrun/container/hello"], 8080, hello("Congratulations")),
  greeting(["gcr.io/google-samples/whereami"], 8080, (p, request) =>
    json({
      host_header: request.headers["host"] ?? "",
      node_name: p.env.get("NODE_NAME") ?? "",
      pod_ip: p.env.get("POD_IP") ?? "",
      pod_name: host(p),
      pod_name_emoji: "🦉",
      pod_namespace: p.env.get("POD_NAMESPACE") ?? "",
      pod_service_account: p.env.get("POD_SERVICE_ACCOUNT") ?? "",
    }),
  ),
  greeting(["gcr.io/google-samples/zone-printer"], 80, hello("Welcome from the zone")),
  ...Object.entries(COLORS).map(([color, tags]) =>
    greeting(
      ["argoproj/rollouts-demo"],
      8080,
      (_p, request) => (pathOf(request) === "/color" ? `"${color}"` : titled("Argo Rollouts Demo", "")),
      {
        tags,
        on: "scratch",
        runs: "/rollouts-demo",
      },
    ),
  ),
  greeting(["mcr.microsoft.com/azuredocs/aks-helloworld"], 80, (p) =>
    titled(p.env.get("TITLE") ?? "Welcome to Azure Kubernetes Service (AKS)", ""),
  ),
  greeting(
    ["mcr.microsoft.com/dotnet/samples", "mcr.microsoft.com/dotnet/core/samples"],
    8080,
    hello("Welcome to .NET"),
  ),
  greeting(
    [
      "karthequian/helloworld",
      "tutum/hello-world",
      "dockercloud/hello-world",
      "crccheck/hello-world",
      "strm/helloworld-http",
      "scottsbaldwin/docker-hello-world",
      "rancher/hello-world",
      "nginxdemos/hello-world",
    ],
    80,
    (p) => titled("Hello world!", `<h1>Hello world!</h1>\n<h3>My hostname is ${host(p)}</h3>`),
  ),
  greeting(["training/webapp"], 5000, (p) => `Hello ${p.env.get("PROVIDER") ?? "world"}!`),
  greeting(["ibmcom/guestbook"], 3000, hello("Guestbook")),
  greeting(["yeasy/simple-web", "ibmcom/helloworld"], 8080, hello("Real Visit Results")),
  greeting(["springio/gs-spring-boot-docker", "paulczar/spring-hello"], 8080, () => "Hello Docker World", {
    on: "debian",
    runs: "/usr/bin/java",
    status: 143,
  }),
  greeting(["brentley/ecsdemo-frontend", "nathanpeck/greeting"], 3000, hello("Greetings")),
  greeting(["kodekloud/simple-webapp", "mmumshad/simple-webapp"], 8080, () => html("<h1>Hello from Flask!</h1>\n"), {
    runs: "/usr/local/bin/python",
  }),
  greeting(
    [
      "kodekloud/webapp-delayed-start",
      "kodekloud/webapp-conntest",
      "mmumshad/webapp-delayed-start",
      "mmumshad/webapp-conntest",
    ],
    8080,
    (p, request) =>
      /^\/(ready|live)$/.test(pathOf(request)) ? `Message from ${host(p)} : I am ready!` : hello("Hello from Flask")(),
    { runs: "/usr/local/bin/python" },
  ),
  greeting(
    ["kodekloud/simple-webapp-mysql", "mmumshad/simple-webapp-mysql"],
    8080,
    (p) =>
      titled(
        "Hello from Flask",
        `<h1>${p.env.get("DB_Host") ? "Database connected" : "Failed connecting to the MySQL database."}</h1><p>From ${host(p)}</p>`,
      ),
    { runs: "/usr/local/bin/python" },
  ),
  greeting(["swaggerapi/petstore", "swaggerapi/petstore3"], 8080, hello("Swagger Petstore")),
  greeting(["bkimminich/juice-shop"], 3000, hello("OWASP Juice Shop")),
  greeting(["vulnerables/web-dvwa"], 80, hello("Login :: Damn Vulnerable Web Application (DVWA)")),
];
