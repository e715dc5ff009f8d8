import { type Directive, normal } from "./corefile.ts";
import { ParseError, SetupError } from "./plugin.ts";

/** Least and most words after a property. */
type Count = readonly [least: number, most: number];
const MANY = Number.POSITIVE_INFINITY;

interface Shape {
  args: Count;
  properties: Record<string, Count>;
  /** A property that is not known is one word too many for it (caddy's ArgErr), not an unknown property. */
  argError?: true;
  /** May stand but once in a server block. */
  once?: true;
}

/** What each plugin reads of its lines (setup.go of each plugin; 1.11). Those not here are read by themselves. */
const SHAPES: Record<string, Shape> = {
  kubernetes: {
    args: [0, MANY],
    once: true,
    properties: {
      endpoint_pod_names: [0, 0],
      pods: [1, 1],
      namespaces: [1, MANY],
      endpoint: [1, MANY],
      tls: [3, 3],
      labels: [1, MANY],
      namespace_labels: [1, MANY],
      fallthrough: [0, MANY],
      ttl: [1, MANY],
      noendpoints: [0, 0],
      ignore: [0, MANY],
      kubeconfig: [1, 2],
    },
  },
  cache: {
    args: [0, MANY],
    once: true,
    argError: true,
    properties: {
      success: [1, MANY],
      denial: [1, MANY],
      prefetch: [1, 3],
      serve_stale: [0, 2],
      servfail: [1, 1],
      disable: [1, MANY],
      keepttl: [0, 0],
    },
  },
  forward: {
    args: [2, MANY],
    properties: {
      except: [1, MANY],
      max_fails: [1, MANY],
      health_check: [1, MANY],
      force_tcp: [0, 0],
      prefer_udp: [0, 0],
      tls: [0, 3],
      tls_servername: [1, MANY],
      expire: [1, MANY],
      policy: [1, MANY],
      max_concurrent: [1, MANY],
      next: [1, MANY],
    },
  },
  errors: { args: [0, 1], once: true, properties: { stacktrace: [0, MANY], consolidate: [2, 3] } },
  log: { args: [0, MANY], properties: { class: [1, MANY] } },
  health: { args: [0, 1], properties: { lameduck: [1, 1] } },
  ready: { args: [0, 1], once: true, properties: {} },
  loop: { args: [0, 0], once: true, properties: {} },
  reload: { args: [0, 2], properties: {} },
  bufsize: { args: [0, 1], properties: {} },
  loadbalance: { args: [0, MANY], properties: { reload: [1, 1], prefer: [0, MANY] } },
  prometheus: { args: [0, 1], properties: {} },
  template: {
    args: [2, MANY],
    argError: true,
    properties: {
      match: [1, MANY],
      answer: [1, MANY],
      additional: [1, MANY],
      authority: [1, MANY],
      rcode: [1, MANY],
      ederror: [1, 2],
      fallthrough: [0, MANY],
      upstream: [0, MANY],
    },
  },
  file: { args: [1, MANY], properties: { fallthrough: [0, MANY], reload: [1, MANY], upstream: [0, MANY] } },
  autopath: { args: [0, MANY], properties: {} },
};

const CLASSES = new Set(["success", "denial", "error", "all"]);

/** Throws for words that a plugin could not be set up with, in the plugin's own words. */
export function checkDirectives(name: string, directives: readonly Directive[]): void {
  const shape = SHAPES[name];
  for (const [i, directive] of directives.entries()) {
    if (i > 0 && shape?.once) throw new SetupError("this plugin can only be used once per Server Block");
    if (shape === undefined) continue;
    counted(directive, shape.args);
    for (const line of directive.block) {
      const count = shape.properties[line.name];
      if (count !== undefined) counted(line, count);
      else if (shape.argError) throw argError(line);
      else if (name === "errors") throw new ParseError(line.line, line.name, `Unknown field ${line.name}`);
      else throw new ParseError(line.line, `unknown property '${line.name}'`);
    }
  }
  for (const directive of directives) VALUES[name]?.(directive);
}

function counted(line: Directive, [least, most]: Count): void {
  if (line.args.length < least || line.args.length > most) throw argError(line);
}

function argError({ name, args, line }: Directive): ParseError {
  return new ParseError(line, `Wrong argument count or unexpected line ending after '${args.at(-1) ?? name}'`);
}

const wordOf = (block: readonly Directive[], property: string) => block.find(({ name }) => name === property)?.args[0];

function whole(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw new SetupError(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

/** Seconds of a Go duration. Throws in Go's words. */
export function seconds(text: string): number {
  if (text === "0") return 0;
  const sign = text.startsWith("-") ? -1 : 1;
  const parts = text.replace(/^[+-]/, "").match(/^(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|ms|s|m|h))+$/);
  if (parts === null) {
    const missing = /^[+-]?\d+(\.\d*)?$/.test(text);
    throw new SetupError(`time: ${missing ? "missing unit in" : "invalid"} duration ${JSON.stringify(text)}`);
  }
  const unit = { ns: 1e-9, us: 1e-6, µs: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600 };
  let sum = 0;
  for (const [, number, name] of text.matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)/g))
    sum += Number(number) * unit[name as "s"];
  return sign * sum;
}

const VALUES: Record<string, (directive: Directive) => void> = {
  kubernetes({ block }) {
    const pods = wordOf(block, "pods");
    if (pods !== undefined && !["disabled", "verified", "insecure"].includes(pods))
      throw new SetupError(`wrong value for pods: ${pods},  must be one of: disabled, verified, insecure`);
    const ttl = block.find(({ name }) => name === "ttl");
    if (ttl !== undefined) {
      const value = whole(ttl.args[0]!);
      if (value < 0 || value > 3600) throw new ParseError(ttl.line, `ttl must be in range [0, 3600]: ${value}`);
    }
    const ignore = wordOf(block, "ignore");
    if (ignore !== undefined && ignore !== "empty_service")
      throw new SetupError(`unable to parse ignore value: '${ignore}'`);
  },
  cache({ args, block }) {
    const positive = (text: string) => {
      if (whole(text) <= 0) throw new SetupError(`cache TTL can not be zero or negative: ${whole(text)}`);
    };
    if (args[0] !== undefined && /^[+-]?\d+$/.test(args[0])) positive(args[0]);
    for (const { name, args: words } of block) {
      if (name === "success" || name === "denial") {
        whole(words[0]!);
        if (words[1] !== undefined) positive(words[1]);
      } else if (name === "disable" && words[0] !== "success" && words[0] !== "denial")
        throw new SetupError('cache type for disable must be "success" or "denial"');
      else if (name === "servfail" && seconds(words[0]!) > 300)
        throw new SetupError("caching SERVFAIL responses over 5 minutes is not permitted");
      else if (name === "serve_stale" && words[1] !== undefined && !/^(immediate|verify)$/i.test(words[1]))
        throw new SetupError(`invalid value for serve_stale refresh mode: ${words[1].toLowerCase()}`);
    }
  },
  forward({ block }) {
    const policy = block.find(({ name }) => name === "policy");
    if (policy !== undefined && !["random", "round_robin", "sequential"].includes(policy.args[0]!))
      throw new ParseError(policy.line, `unknown policy '${policy.args[0]}'`);
    for (const { name, args } of block) {
      if (name === "expire" || name === "health_check") {
        const value = seconds(args[0]!);
        if (value < 0) throw new SetupError(`${name} can't be negative: ${args[0]}`);
      } else if (name === "max_concurrent" && whole(args[0]!) < 0)
        throw new SetupError(`max_concurrent can't be negative: ${args[0]}`);
    }
  },
  errors({ args, line, block }) {
    if (args.length > 0 && args[0] !== "stdout") throw new ParseError(line, `invalid log file: ${args[0]}`);
    for (const one of block) {
      if (one.name !== "consolidate") continue;
      seconds(one.args[0]!);
      const level = one.args[2];
      if (level !== undefined && !["warning", "error", "info", "debug"].includes(level))
        throw new ParseError(one.line, `unknown log level argument in consolidate: ${level}`);
    }
  },
  log({ block }) {
    for (const { args } of block)
      for (const word of args) if (!CLASSES.has(word)) throw new SetupError(`invalid Class: ${word}`);
  },
  health({ args, block }) {
    address(args[0]);
    const text = wordOf(block, "lameduck");
    if (text === undefined) return;
    try {
      seconds(text);
    } catch (error) {
      throw new SetupError(`unable to parse lameduck duration value: '${text}' : ${(error as Error).message}`);
    }
  },
  ready({ args }) {
    address(args[0]);
  },
  reload({ args }) {
    if (args[0] !== undefined && seconds(args[0]) < 2)
      throw new SetupError("interval value must be greater or equal to 2s");
    if (args[1] !== undefined && seconds(args[1]) !== 0 && seconds(args[1]) < 1)
      throw new SetupError("jitter value must be 0 or greater or equal to 1s");
  },
  bufsize({ args, line }) {
    const [size] = args;
    if (size === undefined) return;
    if (!/^\d+$/.test(size) || Number(size) < 512 || Number(size) > 4096)
      throw new SetupError(
        `plugin/bufsize: ${new ParseError(line, `Wrong argument count or unexpected line ending after '${size}'`).at("/etc/coredns/Corefile")}`,
      );
  },
  loadbalance({ args, line }) {
    const [policy] = args;
    if (policy === undefined) return;
    if (policy !== "round_robin" && policy !== "weighted") throw new SetupError(`unknown policy: ${policy}`);
    if (policy === "round_robin" && args.length > 1) throw new ParseError(line, "unknown property for round_robin");
    if (policy === "weighted" && args.length < 2) throw new ParseError(line, "missing weight file argument");
  },
  autopath({ args }) {
    if (args.length === 0) throw new SetupError("no resolv-conf specified");
  },
  acl({ block }) {
    for (const { name, args, line } of block) {
      if (!/^(allow|block|filter|drop)$/i.test(name))
        throw new ParseError(
          line,
          `unexpected token ${JSON.stringify(name)}; expect 'allow', 'block', 'filter' or 'drop'`,
        );
      const [first] = args;
      if (first !== undefined && !/^(type|net)$/i.test(first))
        throw new ParseError(line, `unexpected token ${JSON.stringify(first)}; expect 'type | net'`);
      for (const [i, word] of args.entries()) {
        const next = args[i + 1];
        if (/^(type|net)$/i.test(word) && (next === undefined || /^(type|net)$/i.test(next)))
          throw new ParseError(line, `no token specified in ${JSON.stringify(word.toLowerCase())} section`);
      }
    }
  },
  template({ args, line }) {
    if (!/^(IN|CH|HS|NONE|ANY|CS)$/.test(args[0]!)) throw new ParseError(line, `invalid query class ${args[0]}`);
    if (!/^[A-Z][A-Z0-9]*$/.test(args[1]!)) throw new ParseError(line, `invalid RR class ${args[1]}`);
  },
  hosts({ block }) {
    let through = false;
    for (const { name, args, line } of block) {
      if (name === "fallthrough") through = true;
      else if (name === "ttl") {
        if (args.length === 0) throw new ParseError(line, "ttl needs a time in second");
        if (!/^[+-]?\d+$/.test(args[0]!)) throw new ParseError(line, "ttl needs a number of second");
        if (Number(args[0]) <= 0 || Number(args[0]) > 65_535) throw new ParseError(line, "ttl provided is invalid");
      } else if (name === "reload") {
        if (args.length !== 1) throw new ParseError(line, "reload needs a duration (zero seconds to disable)");
        try {
          seconds(args[0]!);
        } catch {
          throw new ParseError(line, `invalid duration for reload '${args[0]}'`);
        }
      } else if (name !== "no_reverse" && through) throw new ParseError(line, `unknown property '${name}'`);
    }
  },
};

function address(text: string | undefined): void {
  if (text !== undefined && !/:\d*$/.test(text)) throw new SetupError(`address ${text}: missing port in address`);
}

/** Whether two server addresses are the same. */
export const sameZone = (a: { zone: string; port: number }, b: { zone: string; port: number }): boolean =>
  a.port === b.port && normal(a.zone) === normal(b.zone);
