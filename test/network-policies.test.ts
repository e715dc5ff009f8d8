import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { SECOND } from "../engine/index.ts";
import { isNetError } from "../engine/network/index.ts";
import { Stage } from "./stage.ts";

interface Step {
  policies?: { in: string; name: string; spec: object }[];
  run?: string;
  port?: number;
  protocol?: "tcp" | "udp";
  expect: string[];
}

const cases = parse(readFileSync(new URL("network-policies/cases.yaml", import.meta.url), "utf8")) as {
  name: string;
  steps: Step[];
}[];
const PODS = ["x", "y", "z"].flatMap((namespace) => ["a", "b", "c"].map((pod) => `${namespace}/${pod}`));

/** A Pod that serves a port over TCP and UDP. */
const container = (port: number) => ({
  name: `cont-${port}`,
  image: "registry.k8s.io/e2e-test-images/agnhost:2.53",
  args: ["netexec", `--http-port=${port}`, `--udp-port=${port}`],
  ports: ["tcp", "udp"].map((protocol) => ({
    containerPort: port,
    protocol: protocol.toUpperCase(),
    name: `serve-${port}-${protocol}`,
  })),
});

describe("NetworkPolicy: who reaches whom", () => {
  const stage = new Stage({ seed: 3 });
  const addresses = new Map<string, string>();

  beforeAll(() => {
    const objects = PODS.map((name) => {
      const [namespace, pod] = name.split("/");
      const metadata = { name: pod, namespace, labels: { pod } };
      const spec = { containers: [container(80), container(81)], terminationGracePeriodSeconds: 0 };
      return JSON.stringify({ apiVersion: "v1", kind: "Pod", metadata, spec });
    });
    const { all } = stage.run(`for n in x y z; do kubectl create ns $n; done >/dev/null
kubectl apply -f - >/dev/null <<'END'
${objects.join("\n")}
END
for n in x y z; do kubectl wait -n $n --for=condition=ready pod --all >/dev/null; done; sleep 5
kubectl get pods -A -o jsonpath='{range .items[*]}{.metadata.namespace}/{.metadata.name} {.status.podIP}{"\\n"}{end}'`);
    for (const line of all.trim().split("\n")) {
      const [name, address] = line.split(" ");
      if (PODS.includes(name!)) addresses.set(name!, address!);
    }
    expect(addresses.size).toBe(9);
  });

  /** All pairs that a connection is let through for. */
  function reached(port: number, protocol: "tcp" | "udp"): Set<string> {
    const { kernel, network } = stage.session.cluster;
    const found = new Set<string>();
    let open = 0;
    for (const from of PODS) {
      for (const to of PODS) {
        open++;
        const space = network.ownerOf(addresses.get(from)!)!;
        const probe = function* () {
          try {
            const options = { protocol, timeout: SECOND };
            const connection = yield* network.connect(space, addresses.get(to)!, port, options);
            found.add(`${from} ${to}`);
            connection.close();
          } catch (error) {
            if (!isNetError(error)) throw error;
          }
          open--;
        };
        kernel.spawn("probe", probe());
      }
    }
    kernel.runUntil(() => open === 0, kernel.now + 30 * SECOND);
    return found;
  }

  function wanted(rules: readonly string[]): Set<string> {
    const fits = (pattern: string, pod: string) =>
      pattern === "*" || pattern === pod || (pattern.endsWith("/*") && pod.startsWith(pattern.slice(0, -1)));
    const out = new Set<string>();
    for (const from of PODS) {
      for (const to of PODS) {
        let allowed = true;
        for (const rule of rules) {
          const [verb, source, target] = rule.split(" ") as [string, string, string];
          if (fits(source, from) && fits(target, to)) allowed = verb === "allow";
        }
        if (allowed || from === to) out.add(`${from} ${to}`);
      }
    }
    return out;
  }

  it.each(cases.map((each) => [each.name, each.steps] as const))("%s", (_name, steps) => {
    for (const { policies = [], run = "", port = 80, protocol = "tcp", expect: rules } of steps) {
      const objects = policies.map(({ in: namespace, name, spec }) => {
        const metadata = { name, namespace };
        const text = JSON.stringify({ apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata, spec });
        return text.replace(/\$\{(.*?)\}/g, (_, pod) => addresses.get(pod)!);
      });
      const applied = objects.length === 0 ? "" : `kubectl apply -f - >/dev/null <<'END'\n${objects.join("\n")}\nEND\n`;
      const { err } = stage.run(`${run}\n${applied}sleep 2`);
      expect(err).toBe("");
      const [got, want] = [reached(port, protocol), wanted(rules)];
      const missing = [...want].filter((pair) => !got.has(pair));
      const extra = [...got].filter((pair) => !want.has(pair));
      expect({ missing, extra }, `${port}/${protocol} ${rules}`).toEqual({ missing: [], extra: [] });
    }
    expect(stage.run("kubectl delete netpol --all -A >/dev/null; sleep 1").err).toBe("");
  });
});
