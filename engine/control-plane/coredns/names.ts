/** Plugins that give names another meaning: hosts, rewrite, template, kubernetes. */
import type { Gen } from "../../kernel/index.ts";
import { answer, type DnsMessage, type DnsRecord, reverseName } from "../../network/dns.ts";
import { textOf } from "../../network/hosts.ts";
import { compileRegex, type Regex, RegexError } from "../../text/regex/index.ts";
import { type Directive, normal, within } from "./corefile.ts";
import { type Query, type Server, type Setup, SetupError } from "./plugin.ts";
import { answerFromZone } from "./zone.ts";

/** `fallthrough [ZONES…]`: whether a name that is not found goes on to the next plugin. */
function fallsThrough(block: readonly Directive[]): (name: string) => boolean {
  const found = block.find(({ name }) => name === "fallthrough");
  if (found === undefined) return () => false;
  const zones = found.args.map(normal);
  return (name) => zones.length === 0 || zones.some((zone) => within(name, zone));
}

const numberOf = (block: readonly Directive[], key: string): number | undefined => {
  const value = block.find(({ name }) => name === key)?.args[0];
  return value === undefined ? undefined : Number(value);
};

/** plugin/kubernetes: the cluster's zones from Services and EndpointSlices. */
export const kubernetes: Setup = ({ args, block }, server) => {
  const zones = (args.length > 0 ? args.map(normal) : server.zones).filter((zone) => zone !== "");
  const domain = zones.find((zone) => !zone.endsWith(".arpa"));
  if (domain === undefined) throw new SetupError("plugin/kubernetes: non-reverse zone name must be used");
  const known = new Set([
    "pods",
    "fallthrough",
    "ttl",
    "endpoint_pod_names",
    "namespaces",
    "labels",
    "noendpoints",
    "ignore",
    "endpoint",
    "kubeconfig",
    "tls",
    "namespace_labels",
  ]);
  for (const { name } of block)
    if (!known.has(name)) throw new SetupError(`plugin/kubernetes: unknown property '${name}'`);
  const pods = block.find(({ name }) => name === "pods")?.args[0] ?? "disabled";
  const ttl = numberOf(block, "ttl") ?? 5;
  if (!(ttl >= 0 && ttl <= 3600)) throw new SetupError(`plugin/kubernetes: ttl must be in range [0, 3600]: ${ttl}`);
  const through = fallsThrough(block);
  const source = { domain, pods: pods !== "disabled", ttl, ...server.cluster() };
  return {
    *serve(query, next) {
      const name = normal(query.question.name);
      if (!zones.some((zone) => within(name, zone))) return yield* next(query);
      const found = answerFromZone(source, query.asked);
      if (found === undefined || (found.rcode === "NXDOMAIN" && through(name))) {
        if (through(name)) return yield* next(query);
        return found ?? answer(query.asked, "NXDOMAIN", [], { authoritative: true, recursion: false });
      }
      return yield* followed(server, query, found);
    },
  };
};

/** The addresses behind an ExternalName, which the server asks itself for. */
function* followed(server: Server, { question }: Query, found: DnsMessage): Gen<DnsMessage> {
  const alias = found.answers.find(({ type }) => type === "CNAME");
  if (alias === undefined || (question.type !== "A" && question.type !== "AAAA")) return found;
  const more = yield* server.ask({ name: alias.data, type: question.type });
  return more === undefined ? found : { ...found, answers: [...found.answers, ...more.answers] };
}

/** plugin/hosts: names from lines in the form of /etc/hosts. */
export const hosts: Setup = ({ args, block }, { p, zones }) => {
  const file = args[0]?.startsWith("/") ? args[0] : undefined;
  const own = args.slice(file === undefined ? 0 : 1).map(normal);
  const scope = own.length > 0 ? own : zones;
  const lines = block.filter(({ name }) => /^[\d:.a-f]+$/i.test(name) && /[.:]/.test(name));
  const ttl = numberOf(block, "ttl") ?? 3600;
  const reverses = !block.some(({ name }) => name === "no_reverse");
  const through = fallsThrough(block);
  const entries = (): { address: string; names: readonly string[] }[] => {
    const inline = lines.map(({ name, args: names }) => ({ address: name, names: names.map(normal) }));
    const text = file === undefined && lines.length > 0 ? "" : textOf(p, file ?? "/etc/hosts");
    for (const line of text.split("\n")) {
      const [address, ...names] = line.replace(/#.*/, "").trim().split(/\s+/);
      if (address && names.length > 0) inline.push({ address, names: names.map(normal) });
    }
    return inline;
  };
  return {
    *serve(query, next) {
      const { name, type } = query.question;
      const wanted = normal(name);
      const record = (data: string): DnsRecord => ({ name, type, ttl, data });
      if (type === "PTR") {
        const found = reverses ? entries().filter(({ address }) => reverseName(address) === wanted) : [];
        if (found.length === 0) return yield* next(query);
        const names = found.flatMap((entry) => entry.names.map(record));
        return answer(query.asked, "NOERROR", names, { authoritative: true, recursion: false });
      }
      if (!scope.some((zone) => within(wanted, zone))) return yield* next(query);
      const found = entries().filter(({ names }) => names.includes(wanted));
      const fits = found.filter(({ address }) => address.includes(":") === (type === "AAAA"));
      if (fits.length > 0 && (type === "A" || type === "AAAA")) {
        const records = fits.map(({ address }) => record(address));
        return answer(query.asked, "NOERROR", records, { authoritative: true, recursion: false });
      }
      if (found.length > 0) return answer(query.asked, "NOERROR", [], { authoritative: true, recursion: false });
      if (through(wanted)) return yield* next(query);
      // Without a zone's SOA there is no honest NXDOMAIN (plugin/hosts/hosts.go).
      return answer(query.asked, "SERVFAIL", [], { recursion: false });
    },
  };
};

interface Rule {
  stop: boolean;
  /** The question's new name, if the rule is about it. */
  name(name: string): string | undefined;
  /** What stands in answers becomes what the client asked for. */
  back(name: string, asked: string, became: string): string;
}

const KINDS = new Set(["exact", "prefix", "suffix", "substring", "regex"]);

/** Patterns see names with their final dot. */
function patternOf(text: string): Regex {
  try {
    return compileRegex(text, { syntax: "perl", ignoreCase: true });
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    throw new SetupError(`plugin/rewrite: invalid regex pattern in a name rule: ${text}`);
  }
}

/** `{1}` of a replacement is the pattern's first group. */
function filled(replacement: string, groups: readonly (string | undefined)[]): string {
  return replacement.replace(/\{(\d)\}/g, (_, digit: string) => groups[Number(digit)] ?? "");
}

function ruleOf(words: readonly string[], block: readonly Directive[]): Rule {
  const stop = words[0] !== "continue";
  const rest = words[0] === "stop" || words[0] === "continue" ? words.slice(1) : words;
  const lines =
    rest.length > 0
      ? [rest, ...block.map(({ name, args }) => [name, ...args])]
      : block.map(({ name, args }) => [name, ...args]);
  const question = lines.find(([first]) => first === "name");
  if (question === undefined) throw new SetupError(`plugin/rewrite: invalid rule type "${rest[0] ?? ""}"`);
  const kind = KINDS.has(question[1] ?? "") ? question[1]! : "exact";
  const [from, to, ...more] = question.slice(KINDS.has(question[1] ?? "") ? 2 : 1) as [string?, string?, ...string[]];
  if (from === undefined || to === undefined) throw new SetupError("plugin/rewrite: too few arguments for a name rule");
  const answers = lines.filter(([first]) => first === "answer");
  const auto = answers.some(([, second]) => second === "auto") || (more[0] === "answer" && more[1] === "auto");
  const backs = answers
    .filter(([, second]) => second === "name")
    .map((line) => {
      const plain = line[2] === "regex" ? line.slice(3) : line.slice(2);
      return { pattern: patternOf(plain[0] ?? ""), replacement: normal(plain[1] ?? "") };
    });
  const regex = kind === "regex" ? patternOf(from) : undefined;
  return {
    stop,
    name(name) {
      const [old, now] = [normal(from), normal(to)];
      switch (kind) {
        case "exact":
          return name === old ? now : undefined;
        case "prefix":
          return name.startsWith(old) ? now + name.slice(old.length) : undefined;
        case "suffix":
          return name.endsWith(old) ? name.slice(0, name.length - old.length) + now : undefined;
        case "substring":
          return name.includes(old) ? name.replaceAll(old, now) : undefined;
        default: {
          const match = regex!.exec(`${name}.`);
          return match === null ? undefined : normal(filled(to, match.groups));
        }
      }
    },
    back(name, asked, became) {
      for (const { pattern, replacement } of backs) {
        const match = pattern.exec(`${name}.`);
        if (match !== null) return normal(filled(replacement, match.groups));
      }
      return (auto || kind === "exact") && name === became ? asked : name;
    },
  };
}

/** plugin/rewrite: another name in the question, and the old one back in the answer. */
export const rewrite: Setup = ({ args, block }) => {
  const rule = ruleOf(args, block);
  return {
    *serve(query, next) {
      const { question, asked } = query;
      const name = normal(question.name);
      const became = rule.name(name);
      if (became === undefined) return yield* next(query);
      const changed = { ...question, name: became };
      const found = yield* next({ ...query, question: changed, asked: { ...asked, questions: [changed] } });
      if (found === undefined) return undefined;
      const answers = found.answers.map((record) => ({
        ...record,
        name: rule.back(record.name, question.name, became),
      }));
      return { ...found, questions: asked.questions, answers };
    },
  };
};

/** plugin/template: answers made by a text for names that match. */
export const template: Setup = ({ args, block }) => {
  const [, type = "ANY", ...zones] = args;
  const matches = block.filter(({ name }) => name === "match").map(({ args: [pattern] }) => patternOf(pattern ?? ""));
  const texts = block.filter(({ name }) => name === "answer").map(({ args: words }) => words.join(" "));
  const rcode = block.find(({ name }) => name === "rcode")?.args[0] ?? "NOERROR";
  const through = fallsThrough(block);
  return {
    *serve(query, next) {
      const name = normal(query.question.name);
      const fits =
        (type === "ANY" || type === query.question.type) &&
        (zones.length === 0 || zones.some((zone) => within(name, normal(zone))));
      const match =
        matches.length === 0
          ? { groups: [name] }
          : matches.map((one) => one.exec(`${name}.`)).find((one) => one !== null);
      if (!fits || !match)
        return fits && !through(name) ? answer(query.asked, "NXDOMAIN", [], { recursion: false }) : yield* next(query);
      const records = texts.flatMap((text): DnsRecord[] => {
        const line = text
          .replace(/\{\{\s*\.Name\s*\}\}/g, `${name}.`)
          .replace(
            /\{\{\s*(?:index \.Match |\.Group\.)(\d)\s*\}\}/g,
            (_, digit: string) => match.groups[Number(digit)] ?? "",
          );
        const [owner = "", ttl = "60", , kind = "A", ...data] = line.split(/\s+/);
        return [
          {
            name: normal(owner),
            type: kind as DnsRecord["type"],
            ttl: Number(ttl),
            data: data.join(" ").replace(/\.$/, ""),
          },
        ];
      });
      return answer(query.asked, rcode === "NXDOMAIN" ? "NXDOMAIN" : "NOERROR", records, {
        authoritative: true,
        recursion: false,
      });
    },
  };
};
