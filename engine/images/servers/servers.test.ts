import { describe, expect, it } from "vitest";
import { MemoryGroups } from "../../machine/memory.ts";
import { IMAGES, resolveImage } from "../index.ts";
import { imagePrograms } from "../programs.ts";
import { RedisStore } from "./redis-store.ts";

describe("images", () => {
  it.each([
    "mysql:8.0",
    "mariadb:10.11",
    "postgres:16-alpine",
    "mongo:7",
    "memcached:1.6",
    "redis:7-alpine",
    "httpd:2.4-alpine",
    "ubuntu:22.04",
    "debian:bookworm-slim",
    "perl:5.34.0",
    "python:3.12-slim",
    "hashicorp/http-echo:0.2.3",
    "registry.k8s.io/e2e-test-images/agnhost:2.40",
    "polinux/stress",
    "bash:5.2",
    "node:18-alpine",
    "php:8-apache",
    "golang:1.22",
    "fedora:40",
    "bitnami/kubectl",
    "alpine/curl:8.5.0",
    "wordpress:4.8-apache",
    "quay.io/fluentd_elasticsearch/fluentd:v2.5.2",
    "registry.k8s.io/nginx-slim:0.8",
    "nginxinc/nginx-unprivileged:1.27-alpine",
    "kodekloud/webapp-color:v1",
    "luksa/kubia",
    "prom/prometheus:v2.30.3",
    "quay.io/brancz/kube-rbac-proxy:v0.22.1",
    "quay.io/prometheus/blackbox-exporter:v0.28.0",
    "ghcr.io/jimmidyson/configmap-reload:v0.15.0",
    "registry.k8s.io/redis:e2e",
    "registry.k8s.io/guestbook:v3",
    "ghcr.io/stefanprodan/podinfo:6.7.1",
    "docker.io/istio/examples-bookinfo-productpage-v1:1.20.2",
    "weaveworksdemos/front-end:0.3.12",
    "us-central1-docker.pkg.dev/google-samples/microservices-demo/frontend:v0.10.2",
    "dockersamples/examplevotingapp_vote",
    "bitnami/postgresql:16",
    "quay.io/argoproj/argocd:v2.13.0",
    "quay.io/jetstack/cert-manager-controller:v1.16.2",
    "gcr.io/kaniko-project/executor:latest",
    "alpine/git",
    "argoproj/rollouts-demo:blue",
    "registry.k8s.io/defaultbackend-amd64:1.5",
    "kodekloud/throw-dice",
    "python:3.8-slim-buster",
    "wordpress:php8.2-apache",
    "registry.k8s.io/e2e-test-images/httpd:2.4.38-4",
    "ubuntu:16.04",
    "debian:9.5",
    "subicura/whoami:1",
    "yoonjeong/my-app:2.0-unhealthy",
    "alicek106/rr-test:echo-hostname",
    "wardviaene/k8s-demo:2",
    "schoolofdevops/frontend:orange",
  ])("%s is there, and what it runs too", (name) => {
    const found = resolveImage(name);
    if (found.kind !== "image") throw new Error(found.kind);
    const { def, tag } = found.image;
    expect(def.rootfs(tag).kind).toBe("dir");
  });

  it("has a tag that does not exist nowhere", () => {
    expect(resolveImage("redis:99").kind).toBe("no tag");
    expect(resolveImage("mysql:eight").kind).toBe("no tag");
  });

  it("names each repository and its tags once, and only programs that exist", () => {
    const names = IMAGES.flatMap((def) => def.names.map((name) => `${name} ${def.tags}`));
    expect(names.length).toBe(new Set(names).size);
    for (const name of ["redis-server", "mysqld", "apache", "perl", "agnhost"])
      expect(imagePrograms[name]).toBeDefined();
  });
});

describe("redis", () => {
  it.each([
    ["ping", { status: "PONG" }],
    ["get nothing", null],
    ["set a 1", { status: "OK" }],
    ["incr a", 2],
    ["incrby a x", { error: "ERR value is not an integer or out of range" }],
    ["rpush a b", { error: "WRONGTYPE Operation against a key holding the wrong kind of value" }],
    ["rpush l a b c", 3],
    ["lrange l 0 -1", ["a", "b", "c"]],
    ["lrange l -2 -1", ["b", "c"]],
    ["hset h f 1 g 2", 2],
    ["hgetall h", ["f", "1", "g", "2"]],
    ["type h", { status: "hash" }],
    ["type nothing", { status: "none" }],
    ["keys ?", ["a", "l", "h"]],
    ["expire a 10", 1],
    ["ttl a", 10],
    ["ttl l", -1],
    ["set b 1 EX 5 NX", { status: "OK" }],
    ["set b 1 NX", null],
    ["del a b nothing", 2],
    ["get", { error: "ERR wrong number of arguments for 'get' command" }],
    ["nothing x", { error: "ERR unknown command 'nothing', with args beginning with: 'x' " }],
  ])("%s", (line, reply) => {
    const store = new RedisStore(
      () => 0,
      () => "",
    );
    for (const before of SCRIPT) {
      if (before === line || before.startsWith("del")) break;
      store.run(before.split(" "));
    }
    expect(store.run(line.split(" "))).toEqual(reply);
  });

  const SCRIPT = [
    "set a 1",
    "incr a",
    "rpush l a b c",
    "hset h f 1 g 2",
    "keys ?",
    "expire a 10",
    "ttl a",
    "set b 1 EX 5 NX",
    "set b 1 NX",
    "del a b nothing",
  ];

  it("forgets what has expired", () => {
    let now = 0;
    const store = new RedisStore(
      () => now,
      () => "",
    );
    store.run(["set", "a", "1", "EX", "5"]);
    now = 5_000_000;
    expect(store.run(["get", "a"])).toBeNull();
    expect(store.run(["ttl", "a"])).toBe(-2);
  });
});

describe("memory of control groups", () => {
  it("is limited until the group is gone", () => {
    const groups = new MemoryGroups();
    groups.limit("/a", 10);
    groups.noteKill("/a");
    expect([groups.limitOf("/a"), groups.oomKilled("/a"), groups.limitOf("/b")]).toEqual([10, true, undefined]);
    groups.limit("/a", undefined);
    expect([groups.limitOf("/a"), groups.oomKilled("/a")]).toEqual([undefined, false]);
  });
});
