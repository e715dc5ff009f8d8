import type { Process } from "../../../machine/process.ts";
import { errorDate } from "../../nginx/http.ts";
import { ECHO_ROWS } from "../echoserver.ts";
import { answer } from "../serving.ts";
import { host, iso, json, NAMED, type Row, titled } from "./row.ts";

const FLUENTD = (p: Process): string =>
  `${iso(p).replace("T", " ").replace("Z", " +0000")} [info]: parsing config file is succeeded path="/fluentd/etc/fluent.conf"\n` +
  `${iso(p).replace("T", " ").replace("Z", " +0000")} [info]: #0 fluentd worker is now running worker=0\n`;

/** Registries of Kubernetes and Google: what the documentation's examples run. */
export const KUBERNETES_ROWS: readonly Row[] = [
  {
    names: ["registry.k8s.io/test-webserver"],
    megabytes: 2,
    on: "scratch",
    runs: "/test-webserver",
    ports: [80],
    page: () => "",
  },
  {
    names: ["registry.k8s.io/serve_hostname"],
    megabytes: 2,
    on: "scratch",
    runs: "/serve_hostname",
    ports: [9376],
    page: host,
  },
  ...ECHO_ROWS,
  {
    names: ["registry.k8s.io/goproxy"],
    megabytes: 2,
    on: "scratch",
    runs: "/goproxy",
    ports: [8080],
    page: () => answer(500, "This is a proxy server. Does not respond to non-proxy requests.\n"),
  },
  {
    names: [
      "registry.k8s.io/fluentd-gcp",
      "registry.k8s.io/fluentd-elasticsearch",
      "quay.io/fluentd_elasticsearch/fluentd",
      "fluent/fluentd",
      "fluent/fluentd-kubernetes-daemonset",
      "library/fluentd",
    ],
    tags: NAMED,
    megabytes: 67,
    on: "debian",
    runs: "/entrypoint.sh",
    log: FLUENTD,
    rssKib: 62_000,
  },
  {
    names: ["fluent/fluent-bit", "cr.fluentbit.io/fluent/fluent-bit"],
    megabytes: 38,
    on: "scratch",
    runs: "/fluent-bit/bin/fluent-bit",
    cmd: true,
    ports: [2020],
    logs: 2,
    log: (p) =>
      `Fluent Bit v3.2.8\n* Copyright (C) 2015-2024 The Fluent Bit Authors\n\n[${iso(p).slice(0, 19).replace("T", " ").replaceAll("-", "/")}] [ info] [sp] stream processor started\n`,
    page: () => json({ "fluent-bit": { version: "3.2.8", edition: "Community" } }),
  },
  {
    names: ["registry.k8s.io/node-problem-detector", "registry.k8s.io/node-problem-detector/node-problem-detector"],
    megabytes: 50,
    on: "debian",
    runs: "/node-problem-detector",
  },
  {
    names: ["gcr.io/google-samples/node-hello", "gcr.io/google-samples/hello-node"],
    megabytes: 264,
    on: "debian",
    runs: "/usr/local/bin/node",
    arguments: ["server.js"],
    cmd: true,
    ports: [8080],
    page: () => "Hello Kubernetes!",
  },
  {
    names: ["gcr.io/google-samples/kubernetes-bootcamp", "jocatalin/kubernetes-bootcamp"],
    megabytes: 83,
    on: "debian",
    runs: "/usr/local/bin/node",
    arguments: ["server.js"],
    cmd: true,
    ports: [8080],
    log: (p) => `Kubernetes Bootcamp App Started At: ${iso(p)} | Running On:  ${host(p)} \n\n`,
    page: (p) => `Hello Kubernetes bootcamp! | Running on: ${host(p)} | v=1\n`,
    access: (p, request) =>
      `Running On: ${host(p)} | Total Requests: 1 | App Uptime: 1 seconds | Log Time: ${iso(p)} ${request.method}\n`,
  },
  {
    names: ["gcr.io/google-samples/hello-go-gke"],
    megabytes: 12,
    on: "alpine",
    runs: "/go/bin/app",
    cmd: true,
    ports: [80],
    page: () => json({ message: "Hello" }),
  },
  {
    names: ["gcr.io/google-samples/hello-frontend"],
    megabytes: 52,
    on: "debian",
    runs: "/usr/sbin/nginx",
    cmd: true,
    ports: [80],
    page: () => json({ message: "Hello" }),
  },
  {
    names: ["gcr.io/kuar-demo/kuard-amd64", "gcr.io/kuar-demo/kuard"],
    tags: /^(latest|blue|green|purple|v?\d[\w.-]*|[123])$/,
    megabytes: 12,
    on: "alpine",
    runs: "/kuard",
    cmd: true,
    ports: [8080],
    logs: 2,
    log: (p, port) =>
      `${errorDate(p.machine.kernel.wallMs)} Starting kuard version: v0.10.0-blue\n${errorDate(p.machine.kernel.wallMs)} Serving on HTTP on :${port}\n`,
    page: (_p, request) => (/^\/(healthy|ready)/.test(request.path) ? "ok" : titled("KUAR Demo", "<h1>KUAR Demo</h1>")),
  },
  {
    names: ["registry.k8s.io/metrics-scraper", "kubernetesui/metrics-scraper"],
    megabytes: 19,
    on: "scratch",
    runs: "/metrics-sidecar",
    ports: [8000],
    page: () => "URL: /",
  },
  {
    names: ["registry.k8s.io/guestbook"],
    megabytes: 22,
    on: "alpine",
    runs: "/app/guestbook",
    cmd: true,
    ports: [3000],
    page: () => titled("Guestbook", "<h1>Guestbook</h1>"),
  },
  {
    names: ["registry.k8s.io/event-exporter", "registry.k8s.io/prometheus-to-sd"],
    megabytes: 30,
    on: "alpine",
    runs: "/event-exporter",
  },
  {
    names: ["kubernetesui/dashboard"],
    megabytes: 75,
    on: "scratch",
    runs: "/dashboard",
    ports: [8443, 9090],
    secure: [8443],
    page: () => titled("Kubernetes Dashboard", "<kd-root></kd-root>"),
  },
];
