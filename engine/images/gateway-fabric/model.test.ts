import { describe, expect, it } from "vitest";
import type { KubeObject } from "../../api/types.ts";
import { buildModel, commonHost, type Sources } from "./model.ts";
import { changedPath, pathFits } from "./proxy.ts";

/** Restated from the Gateway API's conformance tests (conformance/tests/httproute-*.go) and its reference. */
describe("hosts that a listener and a route share", () => {
  it.each([
    ["", "a.example.com", "a.example.com"],
    ["a.example.com", "", "a.example.com"],
    ["a.example.com", "a.example.com", "a.example.com"],
    ["*.example.com", "a.example.com", "a.example.com"],
    ["*.example.com", "a.b.example.com", "a.b.example.com"],
    ["a.example.com", "*.example.com", "a.example.com"],
    ["*.example.com", "example.com", undefined],
    ["*.example.com", "*.com", "*.example.com"],
    ["a.example.com", "b.example.com", undefined],
  ])("%s and %s: %s", (listener, route, host) => expect(commonHost(listener, route)).toBe(host));
});

describe("paths", () => {
  it.each([
    ["PathPrefix", "/foo", "/foo", true],
    ["PathPrefix", "/foo", "/foo/bar", true],
    ["PathPrefix", "/foo", "/foobar", false],
    ["PathPrefix", "/foo/", "/foo", true],
    ["PathPrefix", "/", "/x", true],
    ["Exact", "/foo", "/foo/", false],
    ["RegularExpression", "^/v[0-9]+$", "/v12", true],
  ])("%s %s has %s: %s", (type, value, path, fits) => expect(pathFits({ path: { type, value } }, path)).toBe(fits));

  // HTTPURLRewriteFilter's table in the reference of HTTPPathModifier.
  it.each([
    ["/foo", "/xyz", "/foo/bar", "/xyz/bar"],
    ["/foo", "/xyz/", "/foo/bar", "/xyz/bar"],
    ["/foo/", "/xyz", "/foo/bar", "/xyz/bar"],
    ["/foo", "/xyz", "/foo", "/xyz"],
    ["/foo", "/xyz/", "/foo/", "/xyz/"],
    ["/foo", "", "/foo/bar", "/bar"],
    ["/foo", "/", "/foo", "/"],
    ["/foo", "/", "/foo/bar", "/bar"],
  ])("prefix %s replaced by %s turns %s into %s", (value, replacePrefixMatch, path, became) => {
    const change = { type: "ReplacePrefixMatch", replacePrefixMatch };
    expect(changedPath(change, { path: { type: "PathPrefix", value } }, path)).toBe(became);
  });
});

const object = (name: string, spec: object, more: object = {}, namespace = "default"): KubeObject =>
  ({
    metadata: { name, namespace, creationTimestamp: "2026-01-01T00:00:00Z" },
    spec,
    ...more,
  }) as unknown as KubeObject;
const gateway = (listener: object = {}) =>
  object("gw", { gatewayClassName: "nginx", listeners: [{ name: "http", port: 80, protocol: "HTTP", ...listener }] });
const route = (spec: object, namespace = "default") =>
  object(
    "r",
    {
      parentRefs: [{ name: "gw", namespace: "default" }],
      rules: [{ backendRefs: [{ name: "web", port: 80 }] }],
      ...spec,
    },
    {},
    namespace,
  );
const services: Record<string, KubeObject> = {
  "default/web": object("web", { ports: [{ port: 80 }] }),
  "other/web": object("web", { ports: [{ port: 80 }] }),
};
const sources = (one: KubeObject, listener: object = {}, more: Partial<Sources> = {}): Sources => ({
  gateways: [gateway(listener)],
  routes: [one],
  service: (key) => services[key],
  secret: () => undefined,
  namespace: (name) => ({ metadata: { name, labels: { team: name } } }) as unknown as KubeObject,
  grants: [],
  ...more,
});
const grant = object(
  "g",
  {
    from: [{ group: "gateway.networking.k8s.io", kind: "HTTPRoute", namespace: "default" }],
    to: [{ group: "", kind: "Service" }],
  },
  {},
  "other",
);
const foreign = { rules: [{ backendRefs: [{ name: "web", namespace: "other", port: 80 }] }] };

describe("a route", () => {
  it.each<[string, Sources, string]>([
    ["that fits", sources(route({})), "Accepted ResolvedRefs"],
    [
      "for a listener that is not there",
      sources(route({ parentRefs: [{ name: "gw", sectionName: "x" }] })),
      "NoMatchingParent ResolvedRefs",
    ],
    ["for another port", sources(route({ parentRefs: [{ name: "gw", port: 81 }] })), "NoMatchingParent ResolvedRefs"],
    ["of another namespace", sources(route({}, "other")), "NotAllowedByListeners ResolvedRefs"],
    [
      "of another namespace that is let in",
      sources(route({}, "other"), { allowedRoutes: { namespaces: { from: "All" } } }),
      "Accepted ResolvedRefs",
    ],
    [
      "of a namespace that a selector names",
      sources(route({}, "other"), {
        allowedRoutes: { namespaces: { from: "Selector", selector: { matchLabels: { team: "other" } } } },
      }),
      "Accepted ResolvedRefs",
    ],
    [
      "of other hosts",
      sources(route({ hostnames: ["a.org"] }), { hostname: "*.example.com" }),
      "NoMatchingListenerHostname ResolvedRefs",
    ],
    [
      "to a Service that is not there",
      sources(route({ rules: [{ backendRefs: [{ name: "none", port: 80 }] }] })),
      "Accepted BackendNotFound",
    ],
    ["to another namespace's Service", sources(route(foreign)), "Accepted RefNotPermitted"],
    ["with leave to do so", sources(route(foreign), {}, { grants: [grant] }), "Accepted ResolvedRefs"],
    [
      "to something else",
      sources(route({ rules: [{ backendRefs: [{ name: "web", kind: "Pod", port: 80 }] }] })),
      "Accepted InvalidKind",
    ],
  ])("%s", (_, from, reasons) => {
    const { statuses } = buildModel(from);
    expect(statuses[0]!.parents[0]!.conditions.map(({ reason }) => reason).join(" ")).toBe(reasons);
  });

  it.each([
    ["HTTPS without a certificate", { protocol: "HTTPS" }, "UnsupportedValue"],
    [
      "HTTPS with one that is not there",
      { protocol: "HTTPS", tls: { certificateRefs: [{ name: "x" }] } },
      "InvalidCertificateRef",
    ],
    ["TCP", { protocol: "TCP" }, "UnsupportedProtocol"],
  ])("has no listener in %s", (_, listener, reason) => {
    expect(buildModel(sources(route({}), listener)).listeners[0]!.fault?.reason).toBe(reason);
  });

  it("is asked by what matches more", () => {
    const matches = [
      { path: { type: "PathPrefix", value: "/a" } },
      { path: { type: "PathPrefix", value: "/a/b" } },
      { path: { type: "Exact", value: "/a" } },
      { path: { type: "PathPrefix", value: "/a" }, headers: [{ name: "x", value: "1" }] },
      { path: { type: "PathPrefix", value: "/a" }, method: "POST" },
    ];
    const { ways } = buildModel(sources(route({ rules: [{ matches }] })));
    expect(ways.map(({ match }) => matches.indexOf(match as (typeof matches)[0]))).toEqual([2, 1, 4, 3, 0]);
  });
});
