/** Plugins that let a question through, or answer in its stead: acl, any, autopath, minimal. */

import { isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import { answer, type DnsMessage, type DnsRecord } from "../../network/dns.ts";
import { type Directive, normal, within } from "./corefile.ts";
import { Dropped, ParseError, type Setup, SetupError } from "./plugin.ts";

interface Policy {
  action: string;
  types: ReadonlySet<string> | undefined;
  nets: readonly (readonly [number, number])[] | undefined;
}

const numberOf = (address: string): number =>
  address.split(".").reduce((sum, byte) => ((sum << 8) | Number(byte)) >>> 0, 0);

function policyOf({ name, args, line }: Directive): Policy {
  const sections = { type: [] as string[], net: [] as string[] };
  let into = sections.type;
  for (const word of args) {
    const key = word.toLowerCase();
    if (key === "type" || key === "net") into = sections[key];
    else into.push(word);
  }
  const nets = sections.net.map((text): [number, number] => {
    const whole = text.includes("/") ? text : `${text}/32`;
    const match = /^(\d+\.\d+\.\d+\.\d+)\/(\d+)$/.exec(whole);
    if (text === "*") return [0, 0];
    if (match === null || Number(match[2]) > 32)
      throw new ParseError(line, `illegal CIDR notation ${JSON.stringify(whole)}`);
    return [numberOf(match[1]!), Number(match[2])];
  });
  return {
    action: name.toLowerCase(),
    types: sections.type.length === 0 || sections.type.includes("*") ? undefined : new Set(sections.type),
    nets: sections.net.length === 0 ? undefined : nets,
  };
}

/** plugin/acl: who may ask what. */
export const acl: Setup = ({ args, block }, server) => {
  const zones = args.length > 0 ? args.map(normal) : server.zones;
  const policies = block.map(policyOf);
  return {
    *serve(query, next) {
      const name = normal(query.question.name);
      if (!zones.some((zone) => within(name, zone))) return yield* next(query);
      const from = numberOf(query.client.address);
      const holds = ([network, bits]: readonly [number, number]) =>
        bits === 0 || network >>> (32 - bits) === from >>> (32 - bits);
      const met = policies.find(
        ({ types, nets }) => (types?.has(query.question.type) ?? true) && (nets?.some(holds) ?? true),
      );
      if (met?.action === "drop") throw new Dropped();
      if (met?.action === "block") return answer(query.asked, "REFUSED", [], { recursion: false });
      if (met?.action === "filter") return answer(query.asked, "NOERROR", [], { recursion: false });
      return yield* next(query);
    },
  };
};

/** plugin/any: ANY is answered with next to nothing (RFC 8482). */
export const any: Setup = () => ({
  *serve(query, next) {
    const { name, type } = query.question;
    if (type !== "ANY") return yield* next(query);
    const record: DnsRecord = { name, type: "HINFO", ttl: 8482, data: '"ANY obsoleted" "See RFC 8482"' };
    return answer(query.asked, "NOERROR", [record], { recursion: false });
  },
});

/** plugin/minimal: nothing besides the answers. */
export const minimal: Setup = () => ({
  *serve(query, next) {
    const found = yield* next(query);
    if (found === undefined || found.rcode !== "NOERROR" || found.answers.length === 0) return found;
    return { ...found, authorities: [], additionals: [] };
  },
});

/** plugin/autopath: goes a client's search path for it. */
export const autopath: Setup = ({ args }, server) => {
  const source = args.at(-1)!;
  const given = args.slice(0, -1);
  const zones = given.length > 0 ? given.map(normal) : server.zones;
  let fixed: string[] = [];
  if (source.startsWith("@")) {
    if (source !== "@kubernetes")
      throw new SetupError(`${source.slice(1)} does not implement the AutoPather interface`);
  } else fixed = searchOf(server.p, source);
  return {
    *serve(query, next) {
      const name = normal(query.question.name);
      const path = source.startsWith("@") ? server.searchPath?.(query.client.address, name) : fixed;
      const [first] = path ?? [];
      if (
        path === undefined ||
        first === undefined ||
        !zones.some((zone) => within(name, zone)) ||
        !within(name, first)
      )
        return yield* next(query);
      const base = name.slice(0, Math.max(0, name.length - first.length - 1));
      let denial: DnsMessage | undefined;
      for (const zone of path) {
        const became = zone === "" ? base : `${base}.${zone}`;
        const question = { ...query.question, name: became };
        const found = yield* next({ ...query, question, asked: { ...query.asked, questions: [question] } });
        denial ??= found;
        if (found === undefined || found.rcode === "NXDOMAIN") continue;
        const alias: DnsRecord[] =
          became === name
            ? []
            : [{ name: query.question.name, type: "CNAME", ttl: found.answers[0]?.ttl ?? 0, data: became }];
        const answers = found.answers.length > 0 ? [...alias, ...found.answers] : [];
        return { ...found, questions: query.asked.questions, answers };
      }
      return denial && { ...denial, questions: query.asked.questions };
    },
  };
};

function searchOf(p: Parameters<typeof sys.readText>[0], path: string): string[] {
  try {
    const line = [...sys.readText(p, path).matchAll(/^\s*search\s+(.*)$/gm)].at(-1)?.[1] ?? "";
    return [...line.trim().split(/\s+/).filter(Boolean).map(normal), ""];
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new SetupError(`failed to parse ${JSON.stringify(path)}: open ${path}: no such file or directory`);
  }
}
