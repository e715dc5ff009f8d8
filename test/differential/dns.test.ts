import { spawn, spawnSync } from "node:child_process";
import { createSocket, type Socket } from "node:dgram";
import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { answer, type DnsMessage, type DnsRecord, decodeDns, encodeDns } from "../../engine/network/dns.ts";
import { onTheHost } from "../host.ts";
import { corpus } from "./corpus.ts";
import { runOn, toolMachine } from "./tools-runner.ts";

/** What the server knows: `name TTL type data`. */
const ZONE: readonly DnsRecord[] = `
test 300 SOA ns.test admin.test 2026030201 7200 1800 86400 60
test 300 NS ns.test
ns.test 300 A 10.0.0.2
web.test 30 A 10.0.0.7
www.test 300 CNAME web.test
_http._tcp.web.test 30 SRV 0 100 80 web.test
mail.test 300 MX 10 mx1.test
mail.test 300 MX 20 mx2.test
mail.test 300 TXT v=spf1 -all
six.test 300 AAAA 2001:db8::5
many.test 60 A 10.0.0.11
many.test 60 A 10.0.0.12
many.test 60 A 10.0.0.13
loop.test 60 CNAME loop.test
long.name.that.is.longer.than.the.first.column.test 30 A 10.0.0.9
web.svc.test 90061 A 10.0.0.8
7.0.0.10.in-addr.arpa 30 PTR web.test
8.0.0.10.in-addr.arpa 30 PTR web.svc.test
a.cache.test 5400 A 10.1.0.7
a.cache.test 5400 TXT hello
7.0.1.10.in-addr.arpa 5400 PTR a.cache.test
`
  .trim()
  .split("\n")
  .map((line) => {
    const [name, ttl, type, ...data] = line.split(" ");
    return { name: name!, ttl: Number(ttl), type: type as DnsRecord["type"], data: data.join(" ") };
  });
const SOA = ZONE[0]!;

/** The server's answer: the only one for its zone, but for names that it has from elsewhere; it asks nobody for others. */
function respond(asked: DnsMessage): DnsMessage {
  const [question] = asked.questions;
  const name = question?.name.toLowerCase() ?? "";
  const say = (...args: [Parameters<typeof answer>[1], DnsRecord[]?, DnsRecord[]?, DnsRecord[]?]) => {
    const [rcode, answers, authorities, additionals] = args;
    const cached = name === "a.cache.test" || name === "7.0.1.10.in-addr.arpa";
    const authoritative = rcode !== "REFUSED" && !cached;
    const flags = { authoritative, authorities: authorities ?? [], recursion: cached };
    return { ...answer(asked, rcode, answers, flags), additionals: additionals ?? [] };
  };
  if (name.startsWith("fail.")) return say("SERVFAIL");
  if (question?.class === "CH") {
    if (name !== "version.bind") return say("REFUSED");
    return say("NOERROR", [{ name: question.name, type: "TXT", class: "CH", ttl: 0, data: "server 1.2" }]);
  }
  if (question === undefined || !/(^|\.)(test|in-addr\.arpa)$/.test(name)) return say("REFUSED");
  const found: DnsRecord[] = [];
  let at = name;
  const own = (type: string) =>
    ZONE.filter((each) => each.name === at && (type === "ANY" || each.type === type)).map((each) =>
      at === name ? { ...each, name: question.name } : each,
    );
  found.push(...own(question.type));
  const alias = question.type === "ANY" ? undefined : own("CNAME")[0];
  if (alias !== undefined && found.length === 0) {
    found.push(alias);
    at = alias.data;
    found.push(...own(question.type));
  }
  if (found.length > 0) {
    const target = question.type === "SRV" ? found[0]!.data.split(" ")[3] : undefined;
    return say("NOERROR", found, [], target ? ZONE.filter((each) => each.name === target && each.type === "A") : []);
  }
  const exists = ZONE.some((each) => each.name === name || each.name.endsWith(`.${name}`));
  return say(exists ? "NOERROR" : "NXDOMAIN", [], [SOA]);
}

const answerBytes = (bytes: Uint8Array): Uint8Array | undefined => {
  const asked = decodeDns(bytes);
  return asked && encodeDns(respond(asked));
};

const EPOCH_MS = Date.UTC(2026, 2, 2, 9);
const RESOLV = "nameserver 127.0.0.1\nsearch svc.test test\noptions ndots:2\n";
const NAMES = "web.test\nwww.test\n";
/** What is never the same twice, and where another version of BIND says so. */
const masked = (text: string): string =>
  text
    .replaceAll(/9\.\d\d\.[\w.+~-]*/g, "9.VERSION")
    .replaceAll(/id: \d+/g, "id: N")
    .replaceAll(/COOKIE: [0-9a-f]+/g, "COOKIE: C")
    .replaceAll(/WHEN: .*/g, "WHEN")
    .replaceAll(/Query time: \d+/g, "Query time: N")
    .replaceAll(/ in \d+ ms\.?/g, " in N ms")
    .replaceAll(/_time: !!timestamp .*/g, "_time: T")
    .replaceAll(/time-m?sec: .*/g, "time")
    .replaceAll(/xid: \d+|_id: \d+/g, "N");

const works =
  spawnSync("unshare", ["-nm", "sh", "-c", "ip link set lo up && dig -v"], { encoding: "utf8" }).status === 0;

describe.skipIf(!works)("BIND's tools: the real ones and ours", () => {
  let udp: Socket;
  let tcp: Server;
  const dir = mkdtempSync(join(tmpdir(), "dns-"));
  writeFileSync(join(dir, "resolv.conf"), RESOLV);
  writeFileSync(join(dir, "names.txt"), NAMES);

  beforeAll(async () => {
    udp = createSocket("udp4", (bytes, from) => {
      const out = answerBytes(bytes);
      if (out) udp.send(out, from.port, from.address);
    });
    tcp = createServer((socket) => {
      socket.on("data", (bytes) => {
        const out = answerBytes(bytes.subarray(2));
        if (out) socket.write(Buffer.concat([Buffer.from([out.length >> 8, out.length & 255]), out]));
      });
      socket.on("error", () => {});
    });
    await new Promise<void>((done) => udp.bind(53, "127.0.0.1", done));
    await new Promise<void>((done) => tcp.listen(53, "127.0.0.1", done));
  });
  afterAll(() => {
    udp.close();
    tcp.close();
  });

  /** What the real tools said, by the line; all are asked at once, since some wait for servers that never answer. */
  const said = new Map<string, { out: string; status: number | null }>();
  const cases = [...corpus(new URL("dns", import.meta.url).pathname).values()].flat();
  beforeAll(async () => {
    const waiting = cases.map(({ command }) => command);
    const worker = async () => {
      for (let line = waiting.pop(); line !== undefined; line = waiting.pop()) said.set(line, await real(line));
    };
    await Promise.all(Array.from({ length: 16 }, worker));
  }, 120_000);

  function real(line: string): Promise<{ out: string; status: number | null }> {
    const script = `exec 2>&1; mount --bind ${dir}/resolv.conf /etc/resolv.conf && cd ${dir} && ${line}`;
    const child = spawn("timeout", ["30", "unshare", "-m", "sh", "-c", script], {
      env: { PATH: process.env.PATH, TZ: "UTC", LC_ALL: "C" },
    });
    child.stdin.end();
    let out = "";
    child.stdout.on("data", (bytes) => (out += bytes));
    return new Promise((done) => child.on("close", (status) => done({ out, status })));
  }

  function ours(line: string): { out: string; status: number } {
    const { kernel, machine } = toolMachine({ "names.txt": NAMES }, EPOCH_MS);
    const serve = { program: "named", pid: 1, address: "127.0.0.1", port: 53 };
    machine.net.listen({
      ...serve,
      protocol: "udp",
      *datagram(payload) {
        return answerBytes(payload);
      },
    });
    machine.net.listen({
      ...serve,
      protocol: "tcp",
      *accept(socket) {
        for (;;) {
          const bytes = yield* socket.input.read(65_536);
          if (bytes === "interrupted") continue;
          if (bytes.length === 0) return;
          const out = answerBytes(bytes.subarray(2));
          if (out) yield* socket.output.write(Uint8Array.from([out.length >> 8, out.length & 255, ...out]));
        }
      },
    });
    const { stdout, status } = runOn(
      { kernel, machine },
      `cat > /etc/resolv.conf <<'X'\n${RESOLV}X\nexec 2>&1; ${line}`,
    );
    return { out: stdout, status };
  }

  it.each(cases.map(({ name, command }) => [name, command] as const))("%s: %s", onTheHost, (_name, command) => {
    const wanted = said.get(command)!;
    const got = ours(command);
    expect(masked(got.out)).toBe(masked(wanted.out));
    expect(got.status).toBe(wanted.status);
  });
});
