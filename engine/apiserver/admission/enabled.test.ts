import { describe, expect, it } from "vitest";
import type { ApiServerOptions } from "../server.ts";
import { bootedHarness } from "../testing.ts";
import { enabledPlugins } from "./enabled.ts";
import { ADMISSION_PLUGINS } from "./plugins.ts";

const names = (enable?: string, disable?: string) => {
  const plugins = enabledPlugins(enable, disable);
  return typeof plugins === "string" ? plugins : plugins.map(({ name }) => name);
};

function withPlugins(enable: string, disable = "") {
  const plugins = enabledPlugins(enable, disable);
  if (typeof plugins === "string") throw new Error(plugins);
  return bootedHarness({ plugins });
}

const pod = (spec: object = {}) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web" },
  spec: { containers: [{ name: "web", image: "nginx:1.27", imagePullPolicy: "IfNotPresent" }], ...spec },
});

describe("enabledPlugins", () => {
  it("has kubeadm's plugins with its flag, fewer without", () => {
    expect([...names("NodeRestriction")].sort()).toEqual(ADMISSION_PLUGINS.map(({ name }) => name).sort());
    expect(names()).not.toContain("NodeRestriction");
    expect(names("NodeRestriction", "LimitRanger,PodSecurity")).not.toContain("PodSecurity");
    expect(names("NamespaceAutoProvision")[0]).toBe("NamespaceAutoProvision");
  });

  it.each([
    ["NodeRestriction,Foo", "", 'enable-admission-plugins plugin "Foo" is unknown'],
    ["", "Bar", 'disable-admission-plugins plugin "Bar" is unknown'],
    ["Priority", "Priority", "[Priority] in enable-admission-plugins and disable-admission-plugins overlapped"],
    ["A", "B", '[enable-admission-plugins plugin "A" is unknown, disable-admission-plugins plugin "B" is unknown]'],
  ])("refuses %s and %s", (enable, disable, text) => {
    expect(names(enable, disable)).toBe(text);
  });
});

describe("plugins that are off by default", () => {
  it("AlwaysPullImages", () => {
    const h = withPlugins("AlwaysPullImages");
    const { spec } = h.json("POST", "/api/v1/namespaces/default/pods", pod());
    expect(spec.containers[0].imagePullPolicy).toBe("Always");
  });

  it("NamespaceAutoProvision", () => {
    const h = withPlugins("NamespaceAutoProvision");
    expect(h.json("POST", "/api/v1/namespaces/blue/configmaps", { metadata: { name: "a" } }).kind).toBe("ConfigMap");
    expect(h.json("GET", "/api/v1/namespaces/blue")).toMatchObject({
      metadata: { labels: { "kubernetes.io/metadata.name": "blue" } },
      status: { phase: "Active" },
    });
  });

  it("PodNodeSelector", () => {
    const h = withPlugins("PodNodeSelector");
    const annotations = { "scheduler.alpha.kubernetes.io/node-selector": "env=prod, disk=ssd" };
    h.json("POST", "/api/v1/namespaces", { metadata: { name: "prod", annotations } });
    h.json("POST", "/api/v1/namespaces/prod/serviceaccounts", { metadata: { name: "default" } });
    const bad = h.json("POST", "/api/v1/namespaces/prod/pods", pod({ nodeSelector: { env: "dev" } }));
    expect(bad.message).toBe(
      'pods "web" is forbidden: pod node label selector conflicts with its namespace node label selector',
    );
    const good = h.json("POST", "/api/v1/namespaces/prod/pods", pod({ nodeSelector: { a: "b" } }));
    expect(good.spec.nodeSelector).toEqual({ env: "prod", disk: "ssd", a: "b" });
  });

  it("DenyServiceExternalIPs, AlwaysDeny", () => {
    const service = { metadata: { name: "a" }, spec: { ports: [{ port: 80 }], externalIPs: ["203.0.113.9"] } };
    expect(
      withPlugins("DenyServiceExternalIPs").json("POST", "/api/v1/namespaces/default/services", service).message,
    ).toBe('services "a" is forbidden: Use of external IPs is denied by admission control');
    expect(withPlugins("AlwaysDeny").json("POST", "/api/v1/namespaces/default/services", service).message).toBe(
      'services "a" is forbidden: admission control is denying all modifications',
    );
  });

  it("ExtendedResourceToleration", () => {
    const resources = { limits: { "example.com/gpu": 1, cpu: "1" } };
    const containers = [{ name: "web", image: "nginx", resources }];
    const { spec } = withPlugins("ExtendedResourceToleration").json(
      "POST",
      "/api/v1/namespaces/default/pods",
      pod({ containers }),
    );
    expect(spec.tolerations).toContainEqual({ key: "example.com/gpu", operator: "Exists", effect: "NoSchedule" });
  });
});

it("PodSecurity takes defaults and exemptions", () => {
  const latest = (level: "baseline" | "privileged" | "restricted") => ({ level, version: "latest" });
  const defaults = { enforce: latest("baseline"), audit: latest("privileged"), warn: latest("restricted") };
  const exemptions = { namespaces: ["kube-system"], usernames: ["root"], runtimeClasses: [] };
  const plugins = enabledPlugins("", "", { podSecurity: { defaults, exemptions } });
  if (typeof plugins === "string") throw new Error(plugins);
  const h = bootedHarness({ plugins });
  h.json("POST", "/api/v1/namespaces/kube-system/serviceaccounts", { metadata: { name: "default" } });
  const bad = pod({ hostNetwork: true });
  expect(h.json("POST", "/api/v1/namespaces/default/pods", bad).message).toBe(
    'pods "web" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true)',
  );
  expect(h.request("POST", "/api/v1/namespaces/default/pods", pod()).headers["warning"]).toMatch(
    /would violate PodSecurity/,
  );
  expect(h.json("POST", "/api/v1/namespaces/kube-system/pods", bad).kind).toBe("Pod");
  const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
  const patch = { metadata: { labels } };
  const headers = { "content-type": "application/merge-patch+json" };
  expect(h.request("PATCH", "/api/v1/namespaces/kube-system", patch, { headers }).headers["warning"]).toMatch(
    /namespace \\"kube-system\\" is exempt from Pod Security, and the policy \(enforce=restricted:latest\) will be ignored/,
  );
});

it("ImagePolicyWebhook asks its backend", () => {
  const settings = { imagePolicy: { server: "https://bouncer:1234/review", defaultAllow: false } };
  const plugins = enabledPlugins("ImagePolicyWebhook", "", settings);
  if (typeof plugins === "string") throw new Error(plugins);
  let answer: unknown = "dial tcp: lookup bouncer: no such host";
  const asked: unknown[] = [];
  const webhooks: ApiServerOptions["webhooks"] = {
    *submitReview(address, path, review) {
      asked.push([address, path, (review as { spec: unknown }).spec]);
      return answer;
    },
  };
  const h = bootedHarness({ plugins, webhooks });
  const ask = () => h.json("POST", "/api/v1/namespaces/default/pods", pod());
  expect(ask().message).toBe(
    'pods "web" is forbidden: Post "https://bouncer:1234/review?timeout=30s": dial tcp: lookup bouncer: no such host',
  );
  answer = { status: { allowed: false, reason: "no tag" } };
  expect(ask().message).toBe('pods "web" is forbidden: image policy webhook backend denied one or more images: no tag');
  answer = { status: { allowed: true } };
  expect(ask().kind).toBe("Pod");
  expect(asked[2]).toEqual([
    "bouncer:1234",
    "/review",
    { containers: [{ image: "nginx:1.27" }], namespace: "default" },
  ]);
  expect(enabledPlugins("ImagePolicyWebhook")).toBe(
    'failed to initialize admission: couldn\'t init admission plugin "ImagePolicyWebhook": no config specified',
  );
});

it("a plugin that is off does nothing", () => {
  const h = withPlugins("", "DefaultTolerationSeconds");
  expect(h.json("POST", "/api/v1/namespaces/default/pods", pod()).spec.tolerations).toBeUndefined();
});
