import type { Process } from "../../../machine/process.ts";
import type { Entry } from "../../rootfs.ts";
import { answer } from "../serving.ts";
import { unhealthy } from "./courses.ts";
import { host, html, type Row, titled } from "./row.ts";

/** Any word may be a tag. */
const TAGS = /^\w[\w.-]*$/;

const tools = (...names: readonly string[]): Readonly<Record<string, Entry>> =>
  Object.fromEntries(names.map((name) => [`usr/bin/${name}`, { program: name }]));

/** A server on Alpine Linux whose command is in CMD. */
const small = (
  names: readonly string[],
  runs: string,
  port: number,
  page: Row["page"],
  more: Partial<Row> = {},
): Row => ({
  names,
  tags: TAGS,
  megabytes: 60,
  on: "alpine",
  runs,
  cmd: true,
  ports: [port],
  ...(page && { page }),
  ...more,
});

const NODE = "/usr/local/bin/node";
const PYTHON = "/usr/local/bin/python";

const named = (p: Process): string => `${host(p)}\n`;

/** Counts of a Redis that an application speaks of; it keeps one of its own. */
const counted = new WeakMap<Process, number>();

const counting = (p: Process): string => {
  const count = (counted.get(p) ?? 0) + 1;
  counted.set(p, count);
  return `whoami: ${host(p)}, count: ${count}\n`;
};

/** Applications of one course: a color of its own, or a version. */
const fastcampus = (name: string, page: Row["page"] = (p) => `Hello from ${host(p)}\n`): Row =>
  small([`yoonjeong/${name}`], NODE, 8080, page, { arguments: ["server.js"], files: tools("bash", "curl") });

const colored = (color: string): Row =>
  fastcampus(`${color}-app`, (p, request) => `This is ${color}-app at ${request.path} on ${host(p)}\n`);

const shop = (name: string): Row =>
  fastcampus(
    name,
    (p, request) => `${name.replace("snackbar-", "")} ${request.method} ${request.path} on ${host(p)}\n`,
  );

const vote = (names: readonly string[], port: number, title: string): Row =>
  small(names, NODE, port, (p) => titled(title, `<h1>${title}</h1>\nProcessed by container ID ${host(p)}`));

/** Applications of workshops and of books' repositories. */
export const WORKSHOP_ROWS: readonly Row[] = [
  small(["subicura/whoami"], "/usr/local/bin/ruby", 4567, host, { arguments: ["app.rb"] }),
  small(["subicura/whoami-redis"], "/usr/local/bin/ruby", 4567, counting, { arguments: ["app.rb"] }),
  small(["subicura/docker-workshop-app"], NODE, 3000, named),
  fastcampus("my-app"),
  fastcampus("hello-app", () => "Hello, World!\n"),
  fastcampus("healthy-app"),
  { ...fastcampus("unhealthy-app"), ...unhealthy, ports: [8080] },
  ...["blue", "green", "red"].map(colored),
  ...["order", "payment", "delivery", "home", "snackbar-order", "snackbar-payment", "snackbar-delivery"].map(shop),
  {
    ...small(["alicek106/rr-test"], "/usr/sbin/apache2", 80, (p) =>
      html(`<!DOCTYPE html>\n<meta charset="utf-8" />\n\t<p>Hello,  ${host(p)}</p>\t</blockquote>\n`),
    ),
    files: tools("bash", "curl"),
  },
  small(
    ["alicek106/ingress-annotation-test"],
    PYTHON,
    5000,
    (_p, request) => `You accessed to path "${request.path}"\n`,
  ),
  small(["lovehyun/express-app"], NODE, 8000, (p) => `Hello from ${host(p)}\n`),
  small(["lovehyun/flask-app", "initcron/flask-app"], PYTHON, 5000, (p) => `Hello from ${host(p)}\n`),
  small(["wardviaene/k8s-demo"], NODE, 3000, () => "Hello World!", { tags: /^(latest|1)$/, arguments: ["index.js"] }),
  small(["wardviaene/k8s-demo"], NODE, 3000, () => "Hello World v2!", { tags: /^2$/, arguments: ["index.js"] }),
  small(["kalise/nodejs-web-app"], NODE, 8080, (p) =>
    html(
      `<html><head></head><body>Hello ${p.env.get("MESSAGE") ?? "World"} from ${p.ns.net.addresses()[0] ?? ""}</body></html>\n`,
    ),
  ),
  small(["kalise/taas"], PYTHON, 5000, named),
  small(["jonbaier/node-express-info", "jonbaier/pod-scaling", "jonbaier/node-express-multi"], NODE, 80, (p, request) =>
    html(`Host: ${request.headers["host"] ?? ""}<br/>Running On: ${host(p)}<br/>Uptime: 1`),
  ),
  small(["jonbaier/httpwhalesay"], NODE, 80, () => html("<pre>Hello from a whale</pre>")),
  small(
    ["jamesbuckett/web", "jamesbuckett/app", "jamesbuckett/db", "jamesbuckett/blue", "jamesbuckett/green"],
    "/usr/sbin/nginx",
    80,
    named,
  ),
  small(["dgkanatsios/simpleapp"], NODE, 8080, (p) => `Hello world from ${host(p)} and version 2.0\n`),
  small(["bmuschko/spring-boot-app"], "/usr/bin/java", 8080, () => "Hello World!"),
  small(
    ["centos/httpd"],
    "/run-httpd.sh",
    80,
    () => answer(403, "<html><body><h1>Testing 123..</h1></body></html>\n"),
    {
      on: "debian",
      stop: ["WINCH", "TERM"],
    },
  ),
  vote(["schoolofdevops/frontend"], 8079, "WeaveSocks"),
  vote(["schoolofdevops/vote-result", "kalise/vote-app"], 80, "Cats vs Dogs - Result"),
  small(["schoolofdevops/catalogue", "schoolofdevops/carts"], "/app", 80, named),
  small(["schoolofdevops/redis"], "/usr/local/bin/redis-server", 6379, undefined),
  {
    ...small(["schoolofdevops/loop", "schoolofdevops/vote-worker"], "/usr/local/bin/loop", 0, undefined),
    ports: [],
  },
  {
    ...small(
      ["schoolofdevops/sync", "schoolofdevops/loadtest", "kalise/curl", "k8spatterns/curl-jq", "alicek106/alpine-wget"],
      "/bin/idle",
      0,
      undefined,
    ),
    ports: [],
    files: tools("bash", "curl", "jq", "wget"),
  },
  small(["k8spatterns/mini-http-server"], "/opt/mini-http-server", 8080, named),
  small(["robotshop/rs-web"], "/usr/sbin/nginx", 8080, () => titled("Stan's Robot Shop", "<h1>Stan's Robot Shop</h1>")),
];
