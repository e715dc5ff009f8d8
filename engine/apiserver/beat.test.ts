import { describe, expect, it } from "vitest";
import type { BeatRequests, HttpRequest } from "../api/http.ts";
import { withManagedFields } from "../api/managed-fields/index.ts";
import { formatMicroTime } from "../api/time.ts";
import type { KubeObject } from "../api/types.ts";
import type { User } from "../api/user.ts";
import { harness } from "./harness.ts";
import type { ApiServerOptions } from "./server.ts";

const node: User = { name: "system:node:worker-1", groups: ["system:nodes"] };
const stranger: User = { name: "system:node:worker-2", groups: ["system:nodes"] };
const LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
const WEBHOOKS = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
const START = 1_740_819_600_000_000;

function requests(headers: Record<string, string> = {}): BeatRequests {
  const made = (method: string): HttpRequest => ({
    method,
    path: `${LEASES}/worker-1`,
    headers: { accept: "application/json", "user-agent": "kubelet/v1.32.3", ...headers },
    remoteAddress: "192.168.108.10",
    clientCertificate: "test",
  });
  return { look: made("GET"), renewal: made("PUT") };
}

/** A server with a Lease of worker-1, whose certificate is shown from now on. */
function leased(options: Partial<ApiServerOptions> = {}, more: { metadata?: object; spec?: object } = {}) {
  const h = harness(options);
  h.json("POST", "/api/v1/namespaces", { metadata: { name: "kube-node-lease" } });
  const lease = h.json("POST", LEASES, {
    metadata: { name: "worker-1", namespace: "kube-node-lease", ...more.metadata },
    spec: { holderIdentity: "worker-1", leaseDurationSeconds: 40, renewTime: formatMicroTime(START), ...more.spec },
  }) as KubeObject;
  h.server.certificates.userOf = () => node;
  return { ...h, lease };
}

describe("beats", () => {
  /** Looks and renewals, and all that is to be seen of them. */
  const life = (short: boolean, more: { metadata?: object; spec?: object }): string => {
    const { server, store, registry, json, request, lease } = leased({}, more);
    const { buffer } = (request("GET", `${LEASES}?watch=true`).body as { watch: { buffer: unknown[] } }).watch;
    const beat = server.beat(requests())!;
    const agent = { user: node, headers: { "user-agent": "kubelet/v1.32.3" } };
    server.certificates.userOf = () => node;
    const answers: unknown[] = [];
    let latest = lease;
    for (let i = 1; i < 4; i++) {
      const micros = START + i * 10_000_001;
      const spec = { ...latest["spec"], renewTime: formatMicroTime(micros) };
      const sent = structuredClone({ ...latest, spec });
      latest = short ? beat.renew(latest, micros)! : json("PUT", `${LEASES}/worker-1`, sent, agent);
      const seen = short ? beat.look() : json("GET", `${LEASES}/worker-1`, undefined, agent);
      answers.push(withManagedFields(latest), seen, Object.isFrozen(latest), Object.isFrozen(latest["spec"]));
    }
    const history = store.history("/registry/leases/kube-node-lease/worker-1");
    const known = JSON.stringify(history.map((kv) => ({ ...kv, lease: String(kv.lease) })));
    const page = server.metrics.page().replace(/.*pages.*\n/, "");
    return JSON.stringify({ answers, buffer, known, page, revision: registry.revision });
  };

  const owner = { apiVersion: "v1", kind: "Node", name: "worker-1", uid: "1-2-3" };
  it.each([
    ["a kubelet", { metadata: { ownerReferences: [owner] } }],
    ["a leader", { spec: { acquireTime: formatMicroTime(START), leaseTransitions: 0 } }],
    ["somebody", { metadata: { labels: { a: "b" } } }],
  ])("leave what the requests leave: of %s", (_, more) => {
    expect(life(true, more)).toBe(life(false, more));
  });

  it("are for the pipeline where a Lease is not what was seen last", () => {
    const { server, json, lease } = leased();
    const beat = server.beat(requests())!;
    expect(beat.renew({ ...lease }, START + 1)).toBeUndefined();
    expect(beat.renew(lease, START)).toBeUndefined();
    const renewed = beat.renew(lease, START + 1)!;
    expect(beat.renew(lease, START + 2)).toBeUndefined();
    json("DELETE", `${LEASES}/worker-1`);
    expect([beat.look(), beat.renew(renewed, START + 3)]).toEqual([undefined, undefined]);
  });

  it("are for the pipeline where who asks may not, or shows something else than a certificate", () => {
    const { server, lease } = leased();
    const beat = server.beat(requests())!;
    server.certificates.userOf = () => stranger;
    expect(beat.renew(lease, START + 1)).toBeUndefined();
    server.certificates.userOf = () => undefined;
    expect([beat.look(), beat.renew(lease, START + 1)]).toEqual([undefined, undefined]);
    server.certificates.userOf = () => node;
    expect(beat.renew(lease, START + 1)).toBeDefined();
    const others: Record<string, string>[] = [
      { "impersonate-user": "admin" },
      { authorization: "Bearer x" },
      { "user-agent": "curl/8" },
    ];
    for (const headers of others) expect(server.beat(requests(headers))).toBeUndefined();
  });

  it("are for the pipeline where a record is wanted of them", () => {
    const auditSink = () => undefined;
    const { server, lease } = leased({
      auditSink,
      audit: { policy: { rules: [{ level: "Metadata", verbs: ["update"] }] } },
    });
    const beat = server.beat(requests())!;
    expect(beat.look()).toBe(lease);
    expect(beat.renew(lease, START + 1)).toBeUndefined();
  });

  it("are for the pipeline while admission may ask somebody", () => {
    const { server, json, lease } = leased();
    const beat = server.beat(requests())!;
    const renewed = beat.renew(lease, START + 1)!;
    const clientConfig = { url: "https://hooks.example/" };
    const hook = { name: "a.b.c", clientConfig, admissionReviewVersions: ["v1"], sideEffects: "None", rules: [] };
    json("POST", WEBHOOKS, { metadata: { name: "hooks" }, webhooks: [hook] });
    server.certificates.userOf = () => node;
    expect(beat.renew(renewed, START + 2)).toBeUndefined();
    expect(beat.look()).toBe(renewed);
    json("DELETE", `${WEBHOOKS}/hooks`);
    server.certificates.userOf = () => node;
    expect(beat.renew(renewed, START + 2)).toBeDefined();
  });
});
