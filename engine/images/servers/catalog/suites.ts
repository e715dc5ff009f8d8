import type { HttpRequest, HttpResponse } from "../../../api/http.ts";
import type { Process } from "../../../machine/process.ts";
import { answer } from "../serving.ts";
import { host, html, json, NAMED, pathOf, type Row, titled } from "./row.ts";

/** Demonstrations that consist of many services: each part holds its port, is well, and answers in its form. */

const tools = (...names: readonly string[]): Row["files"] =>
  Object.fromEntries(names.map((name) => [`usr/bin/${name}`, { program: name }]));

const well =
  (body: HttpResponse | string): NonNullable<Row["page"]> =>
  (_p, request) =>
    /^\/(health|healthz|_healthz|ready|live)$/.test(pathOf(request)) ? json({ status: "OK" }) : body;

const NO_PAGE = answer(404, "404 page not found\n");

/** Bookinfo of Istio. Images of all versions of reviews share one program. */
const bookinfo = (parts: readonly string[], runs: string, more: Partial<Row>): Row => ({
  names: parts.map((part) => `istio/examples-bookinfo-${part}`),
  megabytes: 90,
  on: "debian",
  runs,
  cmd: true,
  ports: [9080],
  files: tools("curl"),
  ...more,
});

const DETAILS = {
  author: "William Shakespeare",
  year: 1595,
  type: "paperback",
  pages: 200,
  publisher: "PublisherA",
  language: "English",
  "ISBN-10": "1234567890",
  "ISBN-13": "123-1234567890",
};

function reviews(p: Process, request: HttpRequest): HttpResponse {
  const path = pathOf(request);
  if (path === "/health") return json({ status: "Reviews is healthy" });
  const id = /^\/reviews\/(\d+)$/.exec(path)?.[1];
  if (id === undefined) return answer(404, "");
  return json({
    id,
    podname: host(p),
    clustername: p.env.get("CLUSTER_NAME") ?? "null",
    reviews: [
      {
        reviewer: "Reviewer1",
        text: "An extremely entertaining play by Shakespeare. The slapstick humour is refreshing!",
      },
      {
        reviewer: "Reviewer2",
        text: "Absolutely fun and entertaining. The play lacks thematic depth when compared to other plays by Shakespeare.",
      },
    ],
  });
}

/** A part of a shop: the port it holds, and how it tells that it is well. */
const part = (repository: string, names: readonly string[], port: number, more: Partial<Row> = {}): Row => ({
  names: names.map((name) => `${repository}${name}`),
  tags: NAMED,
  megabytes: 60,
  on: "alpine",
  runs: "/app",
  cmd: true,
  ports: [port],
  page: well(NO_PAGE),
  ...more,
});

const BOUTIQUES = [
  "us-central1-docker.pkg.dev/google-samples/microservices-demo/",
  "gcr.io/google-samples/microservices-demo/",
];

/** Ports of the Online Boutique's services, which speak gRPC but for the frontend. */
const BOUTIQUE: Readonly<Record<string, number>> = {
  adservice: 9555,
  cartservice: 7070,
  checkoutservice: 5050,
  currencyservice: 7000,
  emailservice: 8080,
  paymentservice: 50051,
  productcatalogservice: 3550,
  recommendationservice: 8080,
  shippingservice: 50051,
};

const boutique = Object.entries(BOUTIQUE).flatMap(([name, port]) =>
  BOUTIQUES.map((repository) => part(repository, [name], port, { runs: `/${name}` })),
);

const voting = (owners: readonly string[], name: string, more: Partial<Row>): Row => ({
  names: owners.map((owner) => `${owner}${name}`),
  tags: NAMED,
  megabytes: 60,
  on: "debian",
  runs: "/usr/local/bin/python",
  cmd: true,
  ...more,
});

const VOTERS = ["dockersamples/examplevotingapp_", "kodekloud/examplevotingapp_", "instavote/", "schoolofdevops/"];

export const SUITE_ROWS: readonly Row[] = [
  bookinfo(["productpage-v1", "productpage-v-unhealthy", "productpage-v-flooding"], "/usr/local/bin/gunicorn", {
    page: (_p, request) =>
      pathOf(request) === "/health"
        ? "Product page is healthy"
        : titled("Simple Bookstore App", "<h3>The Comedy of Errors</h3>"),
  }),
  bookinfo(["details-v1", "details-v2"], "/usr/local/bin/ruby", {
    page: (_p, request) => {
      const id = /^\/details\/(\d+)$/.exec(pathOf(request))?.[1];
      if (id !== undefined) return json({ id: Number(id), ...DETAILS });
      return pathOf(request) === "/health" ? json({ status: "Details is healthy" }) : answer(404, "");
    },
  }),
  bookinfo(["ratings-v1", "ratings-v2"], "/usr/local/bin/node", {
    page: (_p, request) => {
      const id = /^\/ratings\/(\d+)$/.exec(pathOf(request))?.[1];
      if (id !== undefined) return json({ id: Number(id), ratings: { Reviewer1: 5, Reviewer2: 4 } });
      return pathOf(request) === "/health" ? json({ status: "Ratings is healthy" }) : answer(404, "");
    },
  }),
  bookinfo(["reviews-v1", "reviews-v2", "reviews-v3"], "/opt/ol/wlp/bin/server", { page: reviews, rssKib: 120_000 }),
  ...boutique,
  ...BOUTIQUES.map((repository) =>
    part(repository, ["frontend"], 8080, {
      runs: "/src/server",
      page: well(titled("Online Boutique", "<h1>Hot Products</h1>")),
    }),
  ),
  ...BOUTIQUES.map((repository) => part(repository, ["loadgenerator"], 8089, { runs: "/usr/local/bin/locust" })),
  part("weaveworksdemos/", ["front-end"], 8079, {
    on: "debian",
    runs: "/usr/local/bin/npm",
    page: well(titled("WeaveSocks", "<h1>We love socks!</h1>")),
  }),
  part("weaveworksdemos/", ["catalogue", "payment", "user"], 80),
  part("weaveworksdemos/", ["carts", "orders", "shipping", "queue-master"], 80, {
    on: "debian",
    runs: "/usr/local/bin/java.sh",
    status: 143,
    rssKib: 180_000,
  }),
  part("weaveworksdemos/", ["catalogue-db"], 3306, { on: "debian", runs: "/usr/sbin/mysqld" }),
  part("weaveworksdemos/", ["user-db"], 27_017, { on: "debian", runs: "/usr/bin/mongod" }),
  part("weaveworksdemos/", ["load-test"], 8089, { runs: "/usr/local/bin/locust" }),
  voting(VOTERS, "vote", {
    ports: [80],
    page: (p) => titled("Cats vs Dogs!", `<div id="hostname">Processed by container ID ${host(p)}</div>`),
  }),
  voting(VOTERS, "result", {
    runs: "/usr/local/bin/node",
    ports: [80],
    page: () => titled("Cats vs Dogs -- Result", "<div>0 votes</div>"),
  }),
  voting(VOTERS, "worker", { runs: "/app/Worker", log: () => "Connected to db\nConnecting to redis\nFound redis\n" }),
  part("docker.l5d.io/buoyantio/emojivoto-", ["web"], 8080, {
    page: () => titled("Emoji Vote", "<div id='main'></div>"),
  }),
  part("docker.l5d.io/buoyantio/emojivoto-", ["emoji-svc", "voting-svc"], 8080),
  part("buoyantio/emojivoto-", ["web", "emoji-svc", "voting-svc"], 8080),
  part("mcr.microsoft.com/azuredocs/", ["azure-vote-front"], 80, {
    page: () => titled("Azure Voting App", "<h1>Azure Voting App</h1>"),
  }),
  part("ghcr.io/eficode-academy/", ["quotes-flask-frontend"], 5000, {
    on: "debian",
    runs: "/usr/local/bin/flask",
    page: () => titled("Quotes", "<h1>Quotes</h1>"),
  }),
  part("ghcr.io/eficode-academy/", ["quotes-flask-backend"], 5000, {
    on: "debian",
    runs: "/usr/local/bin/flask",
    page: (p, request) =>
      pathOf(request) === "/hostname" ? json({ backend: host(p) }) : json(["All generalizations are false."]),
  }),
  part("eficodeacademy/", ["secrets-demo"], 3000, {
    runs: "/usr/local/bin/node",
    page: () => html("<h1>Secrets</h1>"),
  }),
];
