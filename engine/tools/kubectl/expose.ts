import type { KubeObject } from "../../api/types.ts";
import type { Gen } from "../../kernel/index.ts";
import { createObject, createOrUpdateAnnotation, dryRun, typedPrinter } from "./changes.ts";
import { KubectlError } from "./errors.ts";
import { quote } from "./go.ts";
import type { Invocation } from "./invocation.ts";
import { applyOverrides } from "./overrides.ts";
import { parseLabelPairs } from "./pairs.ts";
import { PODS } from "./pods.ts";
import { build, fileFlags, visit } from "./resources.ts";

const EXPOSABLE = ["ReplicationController", "Service", "Pod", "Deployment.apps", "ReplicaSet.apps"];

interface Port {
  containerPort?: number;
  port?: number;
  protocol?: string;
}

/** kubectl expose. */
export function* expose(k: Invocation): Gen<number> {
  const { flags } = k;
  const strategy = dryRun(k);
  const print = typedPrinter(k, strategy);
  const result = yield* build(k, {
    args: k.args,
    ...fileFlags(k),
    continueOnError: true,
    flatten: true,
    typed: true,
  });
  yield* visit(result, function* ({ mapping, object }) {
    const kind = mapping.group === "" ? mapping.kind : `${mapping.kind}.${mapping.group}`;
    if (!EXPOSABLE.includes(kind)) throw new KubectlError(`cannot expose a ${kind}`);
    let service = applyOverrides(k, generate(k, object!));
    const { namespace, explicitNamespace } = k.target();
    if (strategy === "client") {
      if (explicitNamespace) service = { ...service, metadata: { ...service.metadata, namespace } };
      print(service, "exposed");
      return;
    }
    const services = { ...PODS, resource: "services", kind: "Service" };
    const query = { dryRun: strategy, fieldManager: flags.string("field-manager") };
    print(yield* createObject(k, services, namespace, createOrUpdateAnnotation(k, service), query), "exposed");
  });
  return 0;
}

function portsOf(object: KubeObject): Port[] {
  if (object.kind === "Service") return (object.spec.ports ?? []) as Port[];
  const spec = object.kind === "Pod" ? object.spec : object.spec.template.spec;
  return (spec.containers as { ports?: Port[] }[]).flatMap((container) => container.ports ?? []);
}

const portNumber = (port: Port) => (port.containerPort ?? port.port)!;

/** As Go's `%+v` prints selectors. */
function goExpressions(list: readonly { key: string; operator: string; values?: readonly string[] }[]): string {
  const each = list.map((one) => `{Key:${one.key} Operator:${one.operator} Values:[${(one.values ?? []).join(" ")}]}`);
  return `[${each.join(" ")}]`;
}

function selectorOf(object: KubeObject): Record<string, string> {
  const words = "couldn't retrieve selectors via --selector flag or introspection";
  let found: Record<string, string> | undefined;
  if (object.kind === "Pod") {
    found = object.metadata.labels;
    if (!found || Object.keys(found).length === 0) {
      throw new KubectlError(`${words}: the pod has no labels and cannot be exposed`);
    }
  } else if (object.kind === "Service" || object.kind === "ReplicationController") found = object.spec.selector;
  else {
    const { matchExpressions, matchLabels } = object.spec.selector ?? {};
    if (matchExpressions?.length > 0)
      throw new KubectlError(
        `${words}: couldn't convert expressions - "${goExpressions(matchExpressions)}" to map-based selector format`,
      );
    found = matchLabels;
    if (!found || Object.keys(found).length === 0) {
      throw new KubectlError(
        `${words}: invalid ${object.kind.toLowerCase()}: no selectors, therefore cannot be exposed`,
      );
    }
  }
  if (!found) throw new KubectlError(`${words}: the service has no pod selector set`);
  return found;
}

function generate(k: Invocation, object: KubeObject): KubeObject {
  const { flags } = k;
  const selector = flags.string("selector") === "" ? selectorOf(object) : parseLabelPairs(flags.string("selector"));
  const introspected = portsOf(object);
  const headless = flags.string("cluster-ip") === "None";
  let numbers =
    flags.string("port") === ""
      ? introspected.map(portNumber)
      : flags
          .string("port")
          .split(",")
          .map((text) => {
            if (!/^[-+]?\d+$/.test(text))
              throw new KubectlError(`strconv.Atoi: parsing ${quote(text)}: invalid syntax`);
            return Number(text);
          });
  if (numbers.length === 0 && !headless) throw new KubectlError("couldn't find port via --port flag or introspection");
  numbers = [...new Set(numbers)];
  const target = flags.string("target-port");
  const protocolFlag = flags.string("protocol");
  const ports = numbers.map((port, i) => {
    const known = introspected.find((each) => portNumber(each) === port)?.protocol;
    const name = numbers.length > 1 ? `port-${i + 1}` : flags.has("port-name") ? flags.string("port-name") : "";
    const targetPort = target === "" ? port : /^\d+$/.test(target) ? Number(target) : target;
    return { ...(name && { name }), port, protocol: protocolFlag || known || "TCP", targetPort };
  });
  const labels = flags.string("labels") === "" ? object.metadata.labels : parseLabelPairs(flags.string("labels"));
  const affinity = flags.string("session-affinity");
  if (affinity !== "" && affinity !== "None" && affinity !== "ClientIP") {
    throw new KubectlError(`unknown session affinity: ${affinity}`);
  }
  const type = flags.string("type");
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      creationTimestamp: null,
      ...(labels && Object.keys(labels).length > 0 && { labels }),
      name: flags.string("name") || object.metadata.name.slice(0, 63),
    },
    spec: {
      ...(flags.string("cluster-ip") && { clusterIP: flags.string("cluster-ip") }),
      ...(flags.string("external-ip") && { externalIPs: [flags.string("external-ip")] }),
      ...(type === "LoadBalancer" &&
        flags.string("load-balancer-ip") && { loadBalancerIP: flags.string("load-balancer-ip") }),
      ...(ports.length > 0 && { ports }),
      selector,
      ...(affinity && { sessionAffinity: affinity }),
      ...(type && { type }),
    },
    status: { loadBalancer: {} },
  } as unknown as KubeObject;
}
