import { beforeAll, describe, expect, it } from "vitest";
import { type SessionMessage, SessionService } from "../service.ts";
import type { WalkPicture } from "./walk.ts";

const SECOND = 1_000_000;
const SPEC = {
  lab: "test",
  seed: 1,
  epochMs: Date.UTC(2026, 2, 2, 9),
  topology: { controlPlanes: 1, workers: 2, loadBalancers: 0 },
};

function world() {
  const asked = new Map<string, WalkPicture | "from" | "to">();
  const walks: WalkPicture[] = [];
  const timers: (() => void)[] = [];
  const post = (message: SessionMessage) => {
    if (message.type === "error") throw new Error(message.message);
    if (message.type === "walked") asked.set(message.id, message.walk);
    if (message.type === "walks") walks.push(...message.walks);
  };
  const service = new SessionService(post, {
    now: () => 0,
    after: (_ms, callback) => {
      timers.push(callback);
      return () => {};
    },
  });
  service.receive({ type: "start", spec: SPEC, paused: true });
  const session = service.session!;
  let scripts = 0;
  const run = (text: string, seconds = 30) => {
    const place = { id: `s${++scripts}`, machine: "workstation", user: "learner", name: "s.sh" };
    service.receive({ type: "input", input: { type: "script", ...place, text } });
    service.receive({ type: "run", us: seconds * SECOND });
    for (const timer of timers.splice(0)) timer();
  };
  let count = 0;
  const walk = (from: string, to: string, port = 80, protocol: "tcp" | "udp" | "icmp" = "tcp") => {
    const id = `w${++count}`;
    service.receive({ type: "input", input: { type: "walk", id, from, to, port, protocol } });
    return asked.get(id)!;
  };
  const found = (from: string, to: string, port?: number) => walk(from, to, port) as WalkPicture;
  const pods = (app: string) =>
    session.objects("", "pods", "default").filter(({ metadata }) => metadata.labels?.["app"] === app);
  return { service, session, walks, run, walk, found, pods };
}

describe("the packet walk's picture", () => {
  let own: ReturnType<typeof world>;
  beforeAll(() => {
    own = world();
    own.run(
      `kubectl create deployment web --image=nginx --replicas=2
kubectl expose deployment web --port=8000 --target-port=80
kubectl create service clusterip empty --tcp=80:80
kubectl run client --image=curlimages/curl -- sleep 100000
kubectl wait --for=condition=Available deployment/web`,
      60,
    );
  });

  it("leads from a Pod through its node's rules to an endpoint, with the rules' own words", () => {
    const walk = own.found("pod/default/client", "web", 8000);
    expect(walk).toMatchObject({
      from: { kind: "pod", name: "default/client" },
      name: "web",
      port: 8000,
      end: "arrived",
      detail: "nginx",
      chance: true,
      finally: { port: 80 },
    });
    const [start, node] = walk.stations;
    expect(start!.hooks).toEqual([]);
    expect(node!.place.kind).toBe("machine");
    const prerouting = node!.hooks[0]!;
    expect(prerouting).toMatchObject({
      hook: "PREROUTING",
      destination: walk.address,
      rewritten: { destination: walk.finally.address, port: 80 },
      outcome: "accept",
    });
    const service = prerouting.chains.find(({ chain }) => chain.startsWith("KUBE-SVC-"))!;
    expect(service.matched.at(-1)!.rule).toMatch(/-j KUBE-SEP-[A-Z0-9]{16}$/);
    expect(service.compared).toBeLessThanOrEqual(service.total);
    const endpoint = prerouting.chains.find(({ chain }) => chain.startsWith("KUBE-SEP-"))!;
    expect(endpoint.matched.at(-1)!.rule).toContain(`-j DNAT --to-destination ${walk.finally.address}:80`);
    expect(walk.stations.at(-1)!.place.name).toMatch(/^default\/web-/);
    expect(walk.compared).toBeGreaterThan(5);
  });

  it("takes either endpoint, as chance has it, and none of the session's counters", () => {
    const { found, session } = own;
    const counted = () =>
      session.cluster
        .machine("worker-1")
        .net.netfilter!.table("nat")
        .chains.get("OUTPUT")!
        .rules.map(({ packets }) => packets);
    const before = counted();
    const ends = new Set(
      Array.from({ length: 20 }, () => found("machine/worker-1", "web.default", 8000).finally.address),
    );
    expect(ends.size).toBe(2);
    expect(counted()).toEqual(before);
  });

  it.each([
    ["machine/worker-1", "empty", 80, "rejected", "ECONNREFUSED"],
    ["machine/worker-1", "worker-2", 81, "closed", "ECONNREFUSED"],
    ["machine/worker-1", "10.200.77.7", 80, "unreachable", "EHOSTUNREACH"],
    ["machine/workstation", "cp-1", 6443, "arrived", "kube-apiserver"],
    ["pod/default/client", "kubernetes", 443, "arrived", "kube-apiserver"],
  ])("ends as a connection would: %s to %s:%i", (from, to, port, end, detail) => {
    expect(own.found(from, to, port)).toMatchObject({ end, detail });
  });

  it("shows a rule that somebody wrote, and where it died", () => {
    const { found, pods, run } = own;
    const [pod] = pods("web");
    const node = pod!["spec"].nodeName as string;
    run(`ssh ${node} sudo iptables -I FORWARD -d ${pod!["status"].podIP} -j DROP`);
    const walk = found("machine/cp-1", pod!.metadata.name, 80);
    run(`ssh ${node} sudo iptables -D FORWARD 1`);
    expect(walk).toMatchObject({ end: "dropped", detail: "ETIMEDOUT" });
    expect(walk.stations.at(-1)).toMatchObject({ place: { name: node } });
    expect(walk.stations.at(-1)!.hooks.at(-1)).toMatchObject({
      hook: "FORWARD",
      outcome: "drop",
      chains: [{ chain: "FORWARD", compared: 1, matched: [{ number: 1, rule: expect.stringContaining("-j DROP") }] }],
    });
  });

  it("shows the NetworkPolicies that a connection met, and the one that let nobody in", () => {
    const { found, walk, run } = own;
    run(`kubectl apply -f - <<'EOF'
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: friends-only }
spec:
  podSelector: { matchLabels: { app: web } }
  ingress:
    - from: [{ podSelector: { matchLabels: { role: friend } } }]
      ports: [{ port: 80 }]
EOF`);
    const stranger = found("pod/default/client", "web", 8000);
    expect(stranger).toMatchObject({ end: "dropped", detail: "ETIMEDOUT" });
    expect(stranger.stations.at(-1)).toMatchObject({ place: { kind: "machine" } });
    expect(stranger.stations.at(-1)!.hooks.at(-1)).toMatchObject({
      hook: "NetworkPolicy Ingress",
      port: 80,
      outcome: "drop",
      chains: [{ table: "policy", chain: "default/friends-only", compared: 1, total: 1, matched: [] }],
    });
    expect(
      walk("pod/default/client", found("pod/default/client", "web", 8000).finally.address, 80, "icmp"),
    ).toMatchObject({
      end: "dropped",
    });
    run("kubectl label pod client role=friend");
    const friend = found("pod/default/client", "web", 8000);
    expect(friend.end).toBe("arrived");
    const met = friend.stations.flatMap(({ hooks }) => hooks).find(({ hook }) => hook.startsWith("NetworkPolicy"))!;
    expect(met.chains[0]!.matched[0]!.rule).toContain("friend");
    run("kubectl delete networkpolicy friends-only");
    expect(found("pod/default/client", "web", 8000).end).toBe("arrived");
  });

  it("says what it could not find", () => {
    expect(own.walk("pod/default/nobody", "web")).toBe("from");
    expect(own.walk("machine/worker-1", "no-such-name")).toBe("to");
  });

  it("tells of connections that programs open while somebody looks, and of no probe", () => {
    const { service, session, walks, run } = own;
    expect(session.cluster.network.onWalk).toBeUndefined();
    service.receive({ type: "look", walks: true });
    run("kubectl exec client -- curl -s -o /dev/null --max-time 5 http://web:8000");
    const seen = walks.map(({ from, port, protocol, end }) => `${from.name} ${port}/${protocol} ${end}`);
    expect(seen).toContain("default/client 53/udp arrived");
    expect(seen).toContain("default/client 8000/tcp arrived");
    expect(new Set(walks.map(({ from }) => from.name))).toEqual(new Set(["default/client"]));
    service.receive({ type: "look", walks: false });
    expect(session.cluster.network.onWalk).toBeUndefined();
  });

  it("is part of the record, so that a replay draws the same lots", () => {
    const { session } = own;
    const file = session.save();
    const again = new SessionService(() => {}, { now: () => 0, after: () => () => {} });
    again.receive({ type: "start", spec: SPEC, file, paused: true });
    expect(again.session!.digest()).toBe(file.digest);
  });
});
