import { sha512 } from "@noble/hashes/sha2.js";
import { inClusterClient } from "../../api/kubeconfig.ts";
import { encode, type Gen, MS, SECOND, sleep, WaitQueue, wait } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import {
  answer,
  type DnsMessage,
  type DnsQuestion,
  decodeDns,
  encodeDns,
  query as question,
} from "../../network/dns.ts";
import { dnsConversation } from "../../network/dns-stream.ts";
import { isNetError, type Listener } from "../../network/index.ts";
import { healthPages, logger } from "../daemon.ts";
import { CorefileError, type Directive, normal, parseCorefile, type ServerBlock, within } from "./corefile.ts";
import { checkDirectives, sameZone, seconds } from "./directive-checks.ts";
import { DnsMetrics, typeLabel } from "./metrics.ts";
import {
  type ClusterView,
  Dropped,
  type Next,
  ParseError,
  type Plugin,
  type Query,
  type Server,
  SetupError,
  UpstreamError,
} from "./plugin.ts";
import { ORDER } from "./plugins.ts";
import { ClusterWatch } from "./watch.ts";

/** plugin/reload looks at the file so often, and a little later each time, in seconds. */
const RELOAD = 30;
const JITTER = 15;
/** How often a start that waits for the API server looks, says so, and how long it waits. */
const SYNC_CHECK = 100 * MS;
const SYNC_TELL = 500 * MS;
const SYNC_WAIT = 5 * SECOND;
/** An ExternalName may lead to another, so many times. */
const DEEPEST = 8;

/** CoreDNS 1.11: server blocks of a Corefile, each a chain of plugins; the file is read again when it changes. */
export const coredns: Program = function* coredns(p) {
  const flag = p.argv.indexOf("-conf");
  const path = flag >= 0 ? (p.argv[flag + 1] ?? "Corefile") : "Corefile";
  const server = new CoreDns(p, path);
  return yield* server.run();
};

/** A configuration that was read and can be served. */
interface Prepared {
  text: string;
  plugins: readonly Plugin[];
  blocks: Running["blocks"];
}

/** The block that answers a question. */
interface Served {
  readonly chain: Next;
  readonly zone: string;
  readonly directives: readonly Directive[];
}

/** Plugins that answers pass on their way out, the outermost first: the one that prometheus takes for their writer. */
const WRITERS = ["loadbalance", "cache", "rewrite", "kubernetes", "forward"];

const writerOf = (directives: readonly Directive[] = []): string =>
  WRITERS.find((name) => directives.some((one) => one.name === name)) ?? "";

/** Directives without a part in the chain of those who answer. */
const BESIDE = new Set(["bind", "debug", "health", "pprof", "ready", "reload", "root", "timeouts", "tls"]);

interface Running {
  text: string;
  blocks: { zones: ServerBlock["zones"]; chain: Next; directives: readonly Directive[] }[];
  close: (() => void)[];
  /** Ports of pages. */
  readonly pages: Set<number>;
}

class CoreDns {
  private readonly p: Process;
  private readonly path: string;
  private readonly log: (line: string) => void;
  private readonly woken = new WaitQueue();
  private readonly metrics = new DnsMetrics();
  private plugins: readonly Plugin[] = [];
  private running: Running | undefined;
  private died: string | undefined;
  private watch: ClusterWatch | undefined;
  private depth = 0;

  constructor(p: Process, path: string) {
    this.p = p;
    this.path = path;
    this.log = logger(p, 1);
  }

  *run(): Gen<number> {
    const { p } = this;
    try {
      const made = this.prepare(this.read());
      yield* this.waitForCluster();
      this.start(made);
    } catch (error) {
      const words = problemOf(error);
      if (words === undefined) throw error;
      yield* sys.printError(p, `${words}\n`);
      return 1;
    }
    this.log("CoreDNS-1.11.3\nlinux/amd64, go1.21.11, a6338e9");
    p.dispositions.set("TERM", "catch");
    p.dispositions.set("INT", "catch");
    this.watchFile();
    try {
      for (;;) {
        const signal = p.takeSignal();
        if (signal === "TERM" || signal === "INT") {
          this.log(`[INFO] SIG${signal}: Shutting down servers then terminating`);
          yield* this.lameduck();
          return 0;
        }
        if (this.died !== undefined) {
          this.log(this.died);
          return 1;
        }
        yield* wait(this.woken);
      }
    } finally {
      for (const close of this.running?.close ?? []) close();
      this.watch?.stop();
    }
  }

  private read(): string {
    return sys.readText(this.p, this.path);
  }

  /** Reads a configuration. Throws CorefileError or SetupError before anything has changed. */
  private prepare(text: string): Prepared {
    const { p, path } = this;
    const files = (pattern: string) => importedFiles(p, path, pattern);
    const blocks = parseCorefile(text, path, p.env, (name) => ORDER.some(([known]) => known === name), files);
    const seen: ServerBlock["zones"] = [];
    for (const zone of blocks.flatMap(({ zones }) => zones)) {
      if (seen.some((one) => sameZone(one, zone)))
        throw new SetupError(`cannot serve dns://${zone.zone}.:${zone.port} - it is already defined`);
      seen.push(zone);
    }
    const plugins: Plugin[] = [];
    return { text, plugins, blocks: blocks.map((block) => ({ ...block, chain: this.chainOf(block, plugins) })) };
  }

  /** Throws NetError when a port is taken. */
  private start({ text, plugins, blocks }: Prepared): void {
    for (const close of this.running?.close ?? []) close();
    const running: Running = { text, blocks, close: [], pages: new Set() };
    this.running = running;
    this.plugins = plugins;
    for (const port of new Set(blocks.flatMap(({ zones }) => zones.map((zone) => zone.port))))
      this.listen(running, port);
    for (const { directives } of blocks) for (const directive of directives) this.serve(running, directive);
    const places = blocks.flatMap(({ zones }) => zones.map(({ zone, port }) => `${zone}.:${port}`));
    this.log(places.join("\n"));
    if (this.has("reload"))
      this.log(`[INFO] plugin/reload: Running configuration SHA512 = ${hex(sha512(encode(text)))}`);
    for (const plugin of plugins) plugin.start?.();
  }

  private has(name: string): boolean {
    return this.directive(name) !== undefined;
  }

  private directive(name: string): Directive | undefined {
    for (const { directives } of this.running?.blocks ?? [])
      for (const directive of directives) if (directive.name === name) return directive;
    return undefined;
  }

  /** The first start waits a little for the API server (plugin/kubernetes InitKubeCache). */
  private *waitForCluster(): Gen {
    const { kernel } = this.p.machine;
    const begin = kernel.now;
    for (let told = begin; this.watch !== undefined && !this.watch.view.synced(); yield* sleep(SYNC_CHECK)) {
      if (kernel.now - begin >= SYNC_WAIT) {
        this.log("[WARNING] plugin/kubernetes: starting server with unsynced Kubernetes API");
        return;
      }
      if (kernel.now - told < SYNC_TELL) continue;
      told = kernel.now;
      this.log("[INFO] plugin/kubernetes: waiting for Kubernetes API before starting server");
    }
  }

  /** Goes on answering for a while after it was told to end (plugin/health). */
  private *lameduck(): Gen {
    const text = this.directive("health")?.block.find(({ name }) => name === "lameduck")?.args[0];
    const pause = text === undefined ? 0 : seconds(text);
    if (pause <= 0) return;
    this.log(`[INFO] plugin/health: Going into lameduck mode for ${pause}s`);
    yield* sleep(pause * SECOND);
  }

  /** A block's plugins in the order of plugin.cfg, the same one's directives as they stand. */
  private chainOf(block: ServerBlock, plugins: Plugin[]): Next {
    const server = this.serverOf(block);
    const chain: Plugin[] = [];
    for (const [name, setup] of ORDER) {
      const own = block.directives.filter((directive) => directive.name === name);
      try {
        checkDirectives(name, own);
        for (const directive of own) chain.push(setup(directive, server));
      } catch (error) {
        if (!(error instanceof SetupError)) throw error;
        const why = error instanceof ParseError ? error.at(this.path) : error.message;
        throw new SetupError(`plugin/${name}: ${why}`);
      }
    }
    plugins.push(...chain);
    const from = (at: number): Next => {
      const plugin = chain[at];
      if (plugin === undefined) return none;
      const next = from(at + 1);
      return (query) => plugin.serve(query, next);
    };
    return from(0);
  }

  private serverOf({ zones }: ServerBlock): Server {
    const { p } = this;
    const { kernel } = p.machine;
    return {
      p,
      kernel,
      random: kernel.random(`coredns ${p.ns.uts.hostname}`),
      zones: zones.map(({ zone }) => zone),
      port: zones[0]?.port ?? 53,
      cluster: (pods) => this.cluster(pods),
      ownSearch: () => searchList(p),
      log: this.log,
      ask: (asked) => this.askSelf(asked),
      end: (line) => {
        this.died ??= line;
        this.woken.wakeAll();
      },
      metrics: this.metrics,
    };
  }

  /** What the plugin kubernetes watches, from the first block on that has it. */
  private cluster(pods: boolean): ClusterView {
    const { p } = this;
    if (this.watch === undefined) {
      const client = inClusterClient(p, "coredns/v1.11.3");
      if (client === undefined) {
        throw new SetupError(
          "unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined",
        );
      }
      this.watch = new ClusterWatch(p, client);
    }
    if (pods) this.watch.withPods();
    return this.watch.view;
  }

  private listen(running: Running, port: number): void {
    const { p } = this;
    const common = { address: "0.0.0.0", port, program: p.comm, pid: p.pid };
    const open = (listener: Listener) => running.close.push(p.ns.net.listen(listener));
    const reply = (payload: Uint8Array, client: Query["client"], protocol: "udp" | "tcp") =>
      this.reply(running, port, payload, client, protocol);
    open({ ...common, protocol: "udp", datagram: (payload, client) => reply(payload, client, "udp") });
    open({
      ...common,
      protocol: "tcp",
      accept: (socket) => dnsConversation(socket, (payload, client) => reply(payload, client, "tcp")),
    });
  }

  private *reply(
    running: Running,
    port: number,
    payload: Uint8Array,
    client: Query["client"],
    protocol: "udp" | "tcp",
  ): Gen<Uint8Array | undefined> {
    const asked = decodeDns(payload);
    const first = asked?.questions[0];
    if (asked === undefined || asked.response || first === undefined) return undefined;
    const began = this.p.machine.kernel.now;
    const query: Query = { asked, question: first, client, protocol, size: payload.length };
    let found: DnsMessage;
    try {
      found = (yield* this.resolve(running, port, query)) ?? answer(asked, "REFUSED", [], { recursion: false });
    } catch (error) {
      if (error instanceof Dropped) return undefined;
      if (!(error instanceof UpstreamError)) throw error;
      found = answer(asked, "SERVFAIL", [], { recursion: false });
    }
    const bytes = encodeDns({ ...found, edns: asked.edns, cookie: asked.cookie });
    const served = this.blockFor(running, port, query);
    const server = `dns://:${port}`;
    const zone = served === undefined ? "dropped" : `${served.zone}.`;
    const rest = { server, view: "", zone };
    const { metrics } = this;
    const counted = { family: "1", proto: protocol, server, type: typeLabel(first.type), view: "", zone };
    metrics.count("dns_requests_total", counted);
    metrics.count("dns_responses_total", { plugin: writerOf(served?.directives), rcode: found.rcode, ...rest });
    metrics.observe("dns_request_duration_seconds", rest, (this.p.machine.kernel.now - began) / SECOND);
    metrics.observe("dns_request_size_bytes", { proto: protocol, ...rest }, payload.length);
    metrics.observe("dns_response_size_bytes", { proto: protocol, ...rest }, bytes.length);
    return bytes;
  }

  /**
   * The block with the longest zone that the name lies in answers; other classes than the Internet's only where one of
   * its plugins is for them (core/dnsserver/server.go, EnableChaos).
   */
  private resolve(running: Running, port: number, query: Query): Gen<DnsMessage | undefined> {
    const best = this.blockFor(running, port, query);
    return best === undefined ? none() : best.chain(query);
  }

  private blockFor(running: Running, port: number, query: Query): Served | undefined {
    const name = normal(query.question.name);
    let best: Served | undefined;
    const special = (query.question.class ?? "IN") !== "IN" && query.question.class !== "ANY";
    for (const { zones, chain, directives } of running.blocks) {
      for (const { zone, port: own } of zones) {
        if (own !== port || !within(name, zone) || (best !== undefined && zone.length <= best.zone.length)) continue;
        const serves = !special || directives.some((one) => one.name === "chaos" || one.name === "forward");
        best = { chain: serves ? chain : none, zone, directives };
      }
    }
    return best;
  }

  private *askSelf(asked: DnsQuestion): Gen<DnsMessage | undefined> {
    const { running } = this;
    if (running === undefined || this.depth >= DEEPEST) return undefined;
    this.depth++;
    try {
      const message = question(0, asked.name, asked.type);
      const client = { address: "127.0.0.1", port: 53 };
      return yield* this.resolve(running, 53, { asked: message, question: asked, client, protocol: "udp", size: 0 });
    } finally {
      this.depth--;
    }
  }

  /** Plugins that are pages: health, ready, prometheus. */
  private serve(running: Running, { name, args }: Directive): void {
    const { p } = this;
    const port = (fallback: number) => Number(args[0]?.split(":").pop() ?? fallback);
    const open = (at: number, pages: Partial<Listener>) => {
      // Sockets of one server share a port (SO_REUSEPORT).
      if (running.pages.has(at)) return;
      running.pages.add(at);
      running.close.push(
        p.ns.net.listen({ protocol: "tcp", address: "0.0.0.0", port: at, program: p.comm, pid: p.pid, ...pages }),
      );
    };
    if (name === "health") open(port(8080), healthPages("/health"));
    if (name === "ready") open(port(8181), this.readyPage());
    if (name === "prometheus") {
      open(port(9153), {
        http: function* (this: CoreDns) {
          const bytes = encode(this.metricsPage());
          return {
            status: 200,
            headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8" },
            body: { type: "bytes" as const, bytes },
          };
        }.bind(this),
      });
    }
  }

  private readyPage(): Partial<Listener> {
    const pages = healthPages("/ready");
    const unready = () => this.watch !== undefined && !this.watch.view.synced();
    return {
      ...pages,
      well: (path) => pages.well(path) && !unready(),
      http: function* (this: CoreDns, request: Parameters<typeof pages.http>[0]) {
        if (!unready() || !pages.well(request.path)) return yield* pages.http(request);
        this.log('[INFO] plugin/ready: Still waiting on: "kubernetes"');
        return { status: 503, headers: {}, body: { type: "bytes" as const, bytes: encode("kubernetes") } };
      }.bind(this),
    };
  }

  private metricsPage(): string {
    const build = { goversion: "go1.21.11", revision: "a6338e9", version: "1.11.3" };
    const enabled = (this.running?.blocks ?? []).flatMap(({ zones, directives }) =>
      zones.flatMap(({ zone, port }) =>
        [...new Set(directives.map(({ name }) => name))]
          .filter((name) => !BESIDE.has(name))
          .map((name) => ({ labels: { name, server: `dns://:${port}`, view: "", zone: `${zone}.` }, value: 1 })),
      ),
    );
    return this.metrics.page(this.p, [
      { name: "build_info", samples: [{ labels: build, value: 1 }] },
      { name: "plugin_enabled", samples: enabled.sort((a, b) => (a.labels.name < b.labels.name ? -1 : 1)) },
      ...this.plugins.flatMap((plugin) => plugin.gauges?.() ?? []),
    ]);
  }

  private watchFile(): void {
    const { kernel } = this.p.machine;
    const random = kernel.random(`coredns reload ${this.p.ns.uts.hostname}`);
    let timed: unknown = null;
    let every = 0;
    let late = 0;
    const turn = (): void => {
      // The directive of a Corefile that was read since counts from then on.
      const { running } = this;
      if (running !== timed) {
        timed = running;
        const [each = `${RELOAD}s`, jitter = `${JITTER}s`] = this.directive("reload")?.args ?? [];
        every = seconds(each) * SECOND;
        late = Math.floor(Math.min(seconds(jitter), seconds(each) / 2) * SECOND);
      }
      kernel.after(every + random.int(0, late), "coredns reload", () => {
        if (this.p.status !== undefined || this.running === undefined) return;
        if (this.has("reload")) this.reload(this.running.text);
        turn();
      });
    };
    turn();
  }

  private reload(before: string): void {
    let text: string;
    try {
      text = this.read();
    } catch (error) {
      if (isErrno(error)) return;
      throw error;
    }
    if (text === before || text === this.refused) return;
    this.log("[INFO] Reloading");
    try {
      this.start(this.prepare(text));
      this.log("[INFO] Reloading complete");
    } catch (error) {
      const words = problemOf(error);
      if (words === undefined) throw error;
      this.refused = text;
      this.log(`[ERROR] Restart failed: ${words}\n[ERROR] plugin/reload: Corefile changed but reload failed: ${words}`);
    }
  }

  /** A file that could not be started with: it is tried once. */
  private refused: string | undefined;
}

function problemOf(error: unknown): string | undefined {
  if (error instanceof CorefileError || error instanceof SetupError) return error.message;
  if (isErrno(error)) return `loading Caddyfile via flag: ${error.message}`;
  return isNetError(error) ? `Listen: listen tcp :53: bind: ${error.message}` : undefined;
}

/** The files that `import` names, besides the Corefile where the pattern does not begin with a slash. */
function importedFiles(p: Process, corefile: string, pattern: string): { path: string; text: string }[] {
  const whole = pattern.startsWith("/") ? pattern : `${corefile.slice(0, corefile.lastIndexOf("/"))}/${pattern}`;
  const slash = whole.lastIndexOf("/");
  const directory = whole.slice(0, slash) || "/";
  const glob = whole.slice(slash + 1).split("*");
  const fits = (name: string): boolean => {
    if (glob.length === 1) return name === glob[0];
    const [first = "", ...rest] = glob;
    const last = rest.pop() ?? "";
    return name.startsWith(first) && name.endsWith(last) && name.length >= first.length + last.length;
  };
  const node = sys.find(p, directory);
  const names = node?.kind === "dir" ? [...(node.entries?.keys() ?? [])].filter(fits).sort() : [];
  return names.map((name) => ({ path: `${directory}/${name}`, text: sys.readText(p, `${directory}/${name}`) }));
}

function searchList(p: Process): string[] {
  try {
    const line = [...sys.readText(p, "/etc/resolv.conf").matchAll(/^\s*search\s+(.*)$/gm)].at(-1)?.[1] ?? "";
    return line.trim().split(/\s+/).filter(Boolean).map(normal);
  } catch (error) {
    if (isErrno(error)) return [];
    throw error;
  }
}

/** Nobody has an answer. */
function* none(): Gen<undefined> {
  return undefined;
}

const hex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
