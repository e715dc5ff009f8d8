import { matchesLabels, parseLabelSelector } from "../../api/selector.ts";
import type { KubeObject } from "../../api/types.ts";
import type { Gen } from "../../kernel/index.ts";
import { answer, type DnsMessage } from "../../network/dns.ts";
import { normal, within } from "./corefile.ts";
import { fallsThrough, numberOf } from "./fallthrough.ts";
import { type Query, type Server, type Setup, SetupError } from "./plugin.ts";
import { answerFromZone } from "./zone.ts";

/** plugin/kubernetes: the cluster's zones from Services, EndpointSlices, Namespaces and Pods. */
export const kubernetes: Setup = ({ args, block }, server) => {
  const zones = args.length > 0 ? args.map(normal) : [...server.zones];
  const primary = zones.find((zone) => !zone.endsWith(".arpa"));
  if (primary === undefined) throw new SetupError("non-reverse zone name must be used");
  const words = (property: string) => block.filter(({ name }) => name === property).flatMap((line) => line.args);
  const has = (property: string) => block.some(({ name }) => name === property);
  const [mode = "disabled"] = words("pods");
  const through = fallsThrough(block);
  const view = server.cluster(mode === "verified");
  const spaces = new Set(words("namespaces"));
  const spaceLabels = selectorOf("namespace_label selector", words("namespace_labels"));
  const labels = selectorOf("label selector", words("labels"));
  const source = {
    ...view,
    pods: mode as "disabled" | "insecure" | "verified",
    ttl: numberOf(block, "ttl") ?? 5,
    podNames: has("endpoint_pod_names"),
    ignoresEmpty: has("ignore"),
    noEndpoints: has("noendpoints"),
    suits: (service: KubeObject) => labels(service.metadata.labels),
    exposes(name: string) {
      const namespace = view.namespace(name);
      if (namespace === undefined) return false;
      return (spaces.size === 0 || spaces.has(name)) && spaceLabels(namespace.metadata.labels);
    },
  };
  const zoneOf = (name: string) => zones.filter((zone) => within(name, zone)).sort((a, b) => b.length - a.length)[0];
  // What autopath asks by `@kubernetes`.
  if (mode === "verified")
    server.searchPath = (address, name) => {
      const domain = zoneOf(name);
      const pod = domain === undefined ? undefined : view.podAt(address);
      if (pod === undefined || domain === undefined) return undefined;
      const inside = (prefix: string) => (domain === "" ? prefix : `${prefix}.${domain}`);
      return [inside(`${pod.metadata.namespace}.svc`), inside("svc"), domain, ...server.ownSearch(), ""];
    };
  return {
    *serve(query, next) {
      const name = normal(query.question.name);
      const domain = zoneOf(name);
      if (domain === undefined) return yield* next(query);
      const found = answerFromZone({ ...source, domain: domain.endsWith(".arpa") ? primary : domain }, query.asked);
      if (found === undefined || found.rcode === "NXDOMAIN") {
        if (through(name)) return yield* next(query);
        if (!view.synced()) return answer(query.asked, "SERVFAIL", [], { recursion: false });
        return found ?? answer(query.asked, "NXDOMAIN", [], { authoritative: true, recursion: false });
      }
      return yield* followed(server, query, found);
    },
  };
};

function selectorOf(what: string, words: readonly string[]): (labels: Record<string, string> | undefined) => boolean {
  if (words.length === 0) return () => true;
  const text = words.join(" ");
  const selector = parseLabelSelector(text);
  if ("error" in selector) throw new SetupError(`unable to parse ${what} value: '${text}': ${selector.error}`);
  return (labels) => matchesLabels(selector, labels ?? {});
}

/** The addresses behind an alias, which the server asks itself for. */
export function* followed(server: Server, { question }: Query, found: DnsMessage): Gen<DnsMessage> {
  const alias = found.answers.find(({ type }) => type === "CNAME");
  if (alias === undefined || (question.type !== "A" && question.type !== "AAAA")) return found;
  const more = yield* server.ask({ name: alias.data, type: question.type });
  return more === undefined ? found : { ...found, answers: [...found.answers, ...more.answers] };
}
