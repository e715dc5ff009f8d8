import type { HttpRequest, HttpResponse } from "../../api/http.ts";
import { decode } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import type { Row } from "./catalog/row.ts";
import { answer } from "./serving.ts";

/** Which nginx and lua a release has, and the port that it listens on. */
interface Build {
  readonly nginx: string;
  readonly lua: number;
  readonly port: number;
}

const hostOf = (p: Process): string => p.env.get("HOSTNAME") ?? p.ns.uts.hostname;

function parts({ method, path, headers, body, remoteAddress }: HttpRequest, { port }: Build) {
  const host = (headers["host"] ?? "").replace(/:\d+$/, "");
  return {
    method,
    path,
    client: remoteAddress,
    query: path.includes("?") ? path.slice(path.indexOf("?") + 1) : undefined,
    uri: `http://${host}:${port}${path}`,
    headers: Object.entries(headers).sort(([a], [b]) => (a < b ? -1 : 1)),
    body: body?.type === "bytes" && body.bytes.length > 0 ? decode(body.bytes) : undefined,
  };
}

/** The request told back, with what the Pod's environment says of it (kubernetes test/images/echoserver nginx.conf). */
function told(p: Process, request: HttpRequest, build: Build): string {
  const asked = parts(request, build);
  const pod = (name: string) => p.env.get(name) ?? "N/A";
  const information = p.env.has("POD_NAME")
    ? `\tnode name:\t${pod("NODE_NAME")}\n\tpod name:\t${pod("POD_NAME")}\n\tpod namespace:\t${pod("POD_NAMESPACE")}\n\tpod IP:\t${pod("POD_IP")}\n`
    : "\t-no pod information available-\n";
  return (
    `\n\nHostname: ${hostOf(p)}\n\nPod Information:\n${information}\nServer values:\n\tserver_version=nginx: ${build.nginx} - lua: ${build.lua}\n\n` +
    `Request Information:\n\tclient_address=${asked.client}\n\tmethod=${asked.method}\n\treal path=${asked.path}\n\tquery=${asked.query ?? ""}\n` +
    `\trequest_version=1.1\n\trequest_scheme=http\n\trequest_uri=${asked.uri}\n\nRequest Headers:\n` +
    asked.headers.map(([name, value]) => `\t${name}=${value}\n`).join("") +
    `\nRequest Body:\n${asked.body ?? "\t-no body in request-"}\n\n`
  );
}

/** The same as releases up to 1.4 told it. */
function toldOnce(request: HttpRequest, build: Build): string {
  const asked = parts(request, build);
  return (
    `CLIENT VALUES:\nclient_address=${asked.client}\ncommand=${asked.method}\nreal path=${asked.path}\nquery=${asked.query ?? "nil"}\nrequest_version=1.1\nrequest_uri=${asked.uri}\n\n` +
    `SERVER VALUES:\nserver_version=nginx: ${build.nginx} - lua: ${build.lua}\n\nHEADERS RECEIVED:\n` +
    asked.headers.map(([name, value]) => `${name}=${value}\n`).join("") +
    `BODY:\n${asked.body ?? "-no body in request-"}`
  );
}

const plain = (text: string, server: string): HttpResponse =>
  answer(200, text, { "content-type": "text/plain", server });

const NAMES = ["registry.k8s.io/echoserver", "registry.k8s.io/e2e-test-images/echoserver"];
const common = { megabytes: 44, on: "alpine" as const, runs: "/usr/local/bin/run.sh", cmd: true };
const FIRST: Build = { nginx: "1.10.0", lua: 10001, port: 8080 };
const LATER: Build = { nginx: "1.13.3", lua: 10008, port: 8080 };
const E2E: Build = { nginx: "1.27.1", lua: 10026, port: 80 };

/** echoserver of the documentation, and the one that ingress-nginx tests with. */
export const ECHO_ROWS: readonly Row[] = [
  {
    ...common,
    names: NAMES,
    tags: /^1\.[0-4]$/,
    ports: [8080],
    page: (_, request) => plain(toldOnce(request, FIRST), "nginx/1.10.0"),
  },
  {
    ...common,
    names: NAMES,
    tags: /^(?!1\.[0-4]$)/,
    ports: [8080],
    page: (p, request) => plain(told(p, request, LATER), "echoserver"),
  },
  {
    ...common,
    names: ["registry.k8s.io/ingress-nginx/e2e-test-echo"],
    runs: "/usr/local/nginx/sbin/nginx",
    ports: [80],
    page: (p, request) => plain(told(p, request, E2E), "echoserver"),
  },
];
