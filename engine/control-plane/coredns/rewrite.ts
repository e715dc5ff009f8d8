import { DNS_TYPES, type DnsMessage, type DnsRecord, type DnsType, RCODES, type Rcode } from "../../network/dns.ts";
import { type Directive, normal } from "./corefile.ts";
import { filledIn, patternOf } from "./pattern.ts";
import { type Next, type Plugin, type Query, type Setup, SetupError } from "./plugin.ts";

/** What one rule does to a question that it matches, and to its answer. */
interface Rule {
  stop: boolean;
  /** The question instead, if the rule is about it. */
  ask(query: Query): Query | undefined;
  reply(found: DnsMessage, query: Query): DnsMessage;
}

const KINDS = ["exact", "prefix", "suffix", "substring", "regex"];

const renamed = (query: Query, name: string): Query => {
  const question = { ...query.question, name };
  return { ...query, question, asked: { ...query.asked, questions: [question] } };
};

/** How names of one kind match, and what they become; undefined: no match. */
function matcher(kind: string, from: string, to: string): (name: string) => string | undefined {
  const [old, now] = [normal(from), normal(to)];
  const regex =
    kind === "regex"
      ? patternOf(from, (why) => new SetupError(`invalid regex pattern in a name rule: ${why}`))
      : undefined;
  return (name) => {
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
        return match === null ? undefined : normal(filledIn(to, match.groups));
      }
    }
  };
}

type Change = (text: string) => string | undefined;

/** `answer auto`, `answer name FROM TO`, `answer value FROM TO` after a name rule (parseAnswerRules). */
function answersOf(kind: string, words: readonly string[]): { auto: boolean; names: Change[]; values: Change[] } {
  const out = { auto: false, names: [] as Change[], values: [] as Change[] };
  if (words.length === 1) throw new SetupError(`invalid arguments for ${kind} rule`);
  for (let i = 0, last = ""; i < words.length; ) {
    if (last === "" && words[i] !== "answer")
      throw new SetupError(`exceeded the number of arguments for a non-answer rule argument for ${kind} rule`);
    if (words[i] === "answer") i++;
    last = words[i++] ?? "";
    if (last === "") throw new SetupError(`type missing for answer rule for ${kind} rule`);
    if (last === "auto") {
      out.auto = true;
      continue;
    }
    if (last !== "name" && last !== "value")
      throw new SetupError(`invalid type ${JSON.stringify(last)} for answer rule for ${kind} rule`);
    const [from, to] = [words[i], words[i + 1]];
    if (from === undefined || to === undefined)
      throw new SetupError(`${last} answer rule for ${kind} rule: 2 arguments required`);
    i += 2;
    const pattern = patternOf(
      from,
      (why) => new SetupError(`${last} answer rule for ${kind} rule: invalid regex pattern in a name rule: ${why}`),
    );
    out[last === "name" ? "names" : "values"].push((text) => {
      const match = pattern.exec(`${text}.`);
      return match === null ? undefined : normal(filledIn(to, match.groups));
    });
  }
  if (out.auto && out.names.length > 0)
    throw new SetupError("auto name answer rule cannot be combined with explicit name anwer rules");
  return out;
}

const first = (changes: readonly Change[], text: string): string => {
  for (const change of changes) {
    const became = change(text);
    if (became !== undefined) return became;
  }
  return text;
};

/** Records whose data holds a name that a `value` rule may change. */
const NAMES_LAST = new Set<DnsType>(["CNAME", "SRV", "MX", "NS", "PTR"]);

function revalued(record: DnsRecord, values: readonly Change[]): DnsRecord {
  if (values.length === 0 || !NAMES_LAST.has(record.type)) return record;
  const words = record.data.split(" ");
  words.push(first(values, words.pop()!));
  return { ...record, data: words.join(" ") };
}

function nameRule(stop: boolean, words: readonly string[]): Rule {
  if (words.length < 2) throw new SetupError("too few arguments for a name rule");
  const typed = words.length >= 3;
  const kind = typed ? words[0]!.toLowerCase() : "exact";
  if (!KINDS.includes(kind))
    throw new SetupError(
      `name rule supports only exact, prefix, suffix, substring, and regex name matching, received: ${kind}`,
    );
  const [from = "", to = ""] = typed ? words.slice(1) : words;
  const { auto, names, values } = answersOf(kind, words.slice(3));
  const matches = matcher(kind, from, to);
  return {
    stop,
    ask(query) {
      const became = matches(normal(query.question.name));
      return became === undefined ? undefined : renamed(query, became);
    },
    reply(found, query) {
      const asked = query.question.name;
      const became = matches(normal(asked))!;
      const named = (name: string): string => {
        if (names.length > 0) return first(names, name);
        return (auto || kind === "exact") && normal(name) === became ? asked : name;
      };
      const change = (records: readonly DnsRecord[] = []) =>
        records.map((record) => revalued({ ...record, name: named(record.name) }, values));
      const { additionals } = found;
      return { ...found, answers: change(found.answers), ...(additionals && { additionals: change(additionals) }) };
    },
  };
}

/** `ttl`, `cname` and `rcode` rules: `[KIND] NAME WORDS…`, on the answers of names that match. */
function answerRule(
  what: string,
  stop: boolean,
  words: readonly string[],
  change: (rest: readonly string[]) => (found: DnsMessage) => DnsMessage,
): Rule {
  const typed = KINDS.includes((words[0] ?? "").toLowerCase());
  const kind = typed ? words[0]!.toLowerCase() : "exact";
  const [name, ...rest] = typed ? words.slice(1) : words;
  if (name === undefined || rest.length === 0)
    throw new SetupError(`too few (${words.length}) arguments for a ${what} rule`);
  const matches = matcher(kind, name, "");
  const apply = change(rest);
  return {
    stop,
    ask: (query) => (matches(normal(query.question.name)) === undefined ? undefined : query),
    reply: apply,
  };
}

/** Least and most seconds of `60`, `30-`, `-60` or `30-60`. */
function range(text: string): [number, number] {
  const match = /^(\d*)(-?)(\d*)$/.exec(text);
  if (match === null || text === "" || text === "-") throw new SetupError(`invalid TTL '${text}' for ttl rule`);
  const [, low, dash, high] = match;
  const least = Number(low || 0);
  return [least, dash === "" ? least : Number(high || 2_147_483_647)];
}

const rcodeOf = (text: string): Rcode => {
  const names: Record<string, Rcode> = { NXDOMAIN: "NXDOMAIN", NOERROR: "NOERROR" };
  const found = RCODES[Number(text)] ?? names[text.toUpperCase()] ?? RCODES.find((one) => one === text.toUpperCase());
  if (found === undefined) throw new SetupError(`invalid rcode: ${text}`);
  return found;
};

function ruleOf({ args, block }: Directive): Rule {
  // A block's lines read on after the arguments.
  const words = args.length < 2 ? [...args, ...block.flatMap(({ name, args: more }) => [name, ...more])] : [...args];
  const mode = words[0]?.toLowerCase();
  if (mode === undefined) throw new SetupError("no rule type specified for rewrite");
  const moded = mode === "stop" || mode === "continue";
  const stop = mode !== "continue";
  if (moded) words.shift();
  if (words.length === 0) throw new SetupError(`${mode} rule must begin with a rule type`);
  const [type = "", ...rest] = words;
  switch (type.toLowerCase()) {
    case "name":
      return nameRule(stop, rest);
    case "answer":
      throw new SetupError("response rewrites must begin with a name rule");
    case "class":
    case "type": {
      if (rest.length !== 2) throw new SetupError(`${type.toLowerCase()} rules must have exactly two arguments`);
      const [from, to] = rest as [string, string];
      if (type.toLowerCase() === "class") return { stop, ask: () => undefined, reply: (found) => found };
      for (const one of [from, to])
        if (!(one.toUpperCase() in DNS_TYPES)) throw new SetupError(`invalid type ${JSON.stringify(one)}`);
      return {
        stop,
        ask(query) {
          if (query.question.type !== from.toUpperCase()) return undefined;
          const question = { ...query.question, type: to.toUpperCase() as DnsType };
          return { ...query, question, asked: { ...query.asked, questions: [question] } };
        },
        reply: (found) => found,
      };
    }
    case "ttl":
      return answerRule("ttl", stop, rest, ([text = ""]) => {
        const [least, most] = range(text);
        const timed = (record: DnsRecord) => ({ ...record, ttl: Math.min(most, Math.max(least, record.ttl)) });
        return (found) => ({ ...found, answers: found.answers.map(timed) });
      });
    case "rcode":
      return answerRule("rcode", stop, rest, ([from = "", to = ""]) => {
        const [old, now] = [rcodeOf(from), rcodeOf(to)];
        return (found) => (found.rcode === old ? { ...found, rcode: now } : found);
      });
    case "cname":
      return answerRule("cname", stop, rest, ([to = ""]) => (found) => ({
        ...found,
        answers: found.answers.map((one) => (one.type === "CNAME" ? { ...one, data: normal(to) } : one)),
      }));
    case "edns0":
      return { stop, ask: () => undefined, reply: (found) => found };
    default:
      throw new SetupError(`invalid rule type ${JSON.stringify(args[0] ?? type)}`);
  }
}

/** plugin/rewrite: another question, and the old one back in the answer. One plugin a line; the first `stop` ends it. */
export const rewrite: Setup = (directive) => {
  const rule = ruleOf(directive);
  return {
    *serve(query: Query, next: Next) {
      if (query.rewritten) return yield* next(query);
      const became = rule.ask(query);
      if (became === undefined) return yield* next(query);
      const found = yield* next(rule.stop ? { ...became, rewritten: true } : became);
      if (found === undefined) return undefined;
      return { ...rule.reply(found, query), questions: query.asked.questions };
    },
  } satisfies Plugin;
};
