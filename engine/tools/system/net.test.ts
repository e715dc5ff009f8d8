import { describe, expect, it } from "vitest";
import type { HttpHandler } from "../../api/http.ts";
import { encode, MS, SECOND, sleep } from "../../kernel/index.ts";
import type { Machine } from "../../machine/machine.ts";
import * as sys from "../../machine/sys.ts";
import { TestBed } from "../../machine/testing.ts";
import { answer, type DnsRecord, decodeDns, encodeDns, query } from "../../network/dns.ts";
import { systemPrograms } from "./index.ts";

const ZONE: Record<string, DnsRecord[]> = {
  "web.default.svc.cluster.local A": [
    { name: "web.default.svc.cluster.local", type: "A", ttl: 30, data: "192.168.108.11" },
  ],
  "11.108.168.192.in-addr.arpa PTR": [
    { name: "11.108.168.192.in-addr.arpa", type: "PTR", ttl: 30, data: "web.example" },
  ],
};

const page: HttpHandler = function* (request) {
  yield* sleep(2 * MS);
  if (request.path === "/slow") yield* sleep(60 * SECOND);
  const text =
    request.path === "/"
      ? "hello\n"
      : request.path === "/echo" && request.body?.type === "bytes"
        ? `${request.method} ${new TextDecoder().decode(request.body.bytes)}`
        : "missing\n";
  const status = text === "missing\n" ? 404 : 200;
  const headers = {
    server: "nginx/1.27.4",
    "content-type": "text/html",
    "content-length": String(text.length),
    etag: '"1"',
  };
  if (request.path === "/old")
    return { status: 301, headers: { location: "/" }, body: { type: "bytes", bytes: encode("moved") } };
  return { status, headers, body: { type: "bytes", bytes: encode(request.method === "HEAD" ? "" : text) } };
};

function bed() {
  const hosts = [{ address: "192.168.108.11", names: ["cp-1", "cp-1.example"] }];
  const test = new TestBed(systemPrograms);
  const from = test.boot("workstation", "192.168.108.5", "workstation", hosts);
  const to = test.boot("cp-1", "192.168.108.11", "control-plane", hosts);
  to.net.listen({ protocol: "tcp", address: "0.0.0.0", port: 80, program: "nginx", http: page });
  to.net.listen({ protocol: "tcp", address: "0.0.0.0", port: 6443, program: "kube-apiserver", tls: true, http: page });
  to.net.listen({
    protocol: "udp",
    address: "0.0.0.0",
    port: 53,
    program: "coredns",
    *datagram(bytes) {
      const asked = decodeDns(bytes)!;
      const { name, type } = asked.questions[0]!;
      const found = ZONE[`${name} ${type}`];
      const known = Object.keys(ZONE).some((key) => key.startsWith(`${name} `));
      return encodeDns(answer(asked, found || known ? "NOERROR" : "NXDOMAIN", found ?? [], { authoritative: true }));
    },
  });
  test.kernel.run(SECOND);
  const run = (line: string, user = "root") => test.run(from, line.split(" "), { user });
  return { test, from, to, run };
}

function resolver(machine: Machine): void {
  sys.writeText(
    machine.pids.init!,
    "/etc/resolv.conf",
    "search default.svc.cluster.local svc.cluster.local\nnameserver 192.168.108.11\noptions ndots:5\n",
  );
}

describe("curl", () => {
  it("gets, follows, posts, writes out", () => {
    const { run, from } = bed();
    expect(run("curl -s http://cp-1")).toEqual({ out: "hello\n", err: "", status: 0 });
    expect(run("curl -sL cp-1/old").out).toBe("hello\n");
    expect(run("curl -sI cp-1").out).toBe(
      'HTTP/1.1 200 OK\r\nServer: nginx/1.27.4\r\nDate: Sat, 01 Mar 2025 09:00:01 GMT\r\nContent-Type: text/html\r\nContent-Length: 6\r\nETag: "1"\r\n\r\n',
    );
    expect(run("curl -s -o /dev/null -w %{http_code}\\n http://cp-1/x").out).toBe("404\n");
    expect(run("curl -sd a=1 -d b=2 http://cp-1/echo").out).toBe("POST a=1&b=2");
    expect(run("curl -sk https://cp-1:6443/").out).toBe("hello\n");
    expect(run("curl -s --resolve x.test:80:192.168.108.11 http://x.test/").out).toBe("hello\n");
    expect(run("curl -so /tmp/page http://cp-1/").status).toBe(0);
    expect(sys.readText(from.pids.init!, "/tmp/page")).toBe("hello\n");
    const verbose = run("curl -sv http://cp-1/").err;
    expect(verbose).toContain(
      "* Connected to cp-1 (192.168.108.11) port 80 (#0)\n> GET / HTTP/1.1\r\n> Host: cp-1\r\n",
    );
    expect(verbose).toContain("< Server: nginx/1.27.4\r\n");
  });

  it.each([
    [
      "curl -sS http://cp-1:81/",
      7,
      /^curl: \(7\) Failed to connect to cp-1 port 81 after \d+ ms: Couldn't connect to server\n$/,
    ],
    ["curl -sS http://nowhere/", 6, "curl: (6) Could not resolve host: nowhere\n"],
    ["curl -sSf http://cp-1/x", 22, "curl: (22) The requested URL returned error: 404\n"],
    [
      "curl -sS -m 2 http://cp-1/slow",
      28,
      /^curl: \(28\) Operation timed out after 200\d milliseconds with 0 bytes received\n$/,
    ],
    [
      "curl -sS --connect-timeout 1 http://10.9.9.9/",
      28,
      /^curl: \(28\) Failed to connect to 10.9.9.9 port 80 after 100\d ms: Timeout was reached\n$/,
    ],
    [
      "curl -sS https://cp-1:6443/",
      60,
      /^curl: \(60\) SSL certificate problem: unable to get local issuer certificate\n/,
    ],
    ["curl -sS https://cp-1:80/", 35, "curl: (35) OpenSSL/3.0.15: error:0A00010B:SSL routines::wrong version number\n"],
    ["curl -sS foo://x", 1, 'curl: (1) Protocol "foo" not supported or disabled in libcurl\n'],
    ["curl", 2, /^curl: try 'curl --help' or/],
    ["curl --bad http://cp-1", 2, /^curl: option --bad: is unknown\n/],
  ])("%s fails with %i", (line, status, message) => {
    const { run } = bed();
    const got = run(line);
    expect(got.status).toBe(status);
    if (typeof message === "string") expect(got.err).toBe(message);
    else expect(got.err).toMatch(message);
  });
});

describe("names", () => {
  it("encode and decode messages", () => {
    const records: DnsRecord[] = [
      { name: "a.b", type: "A", ttl: 5, data: "10.0.0.1" },
      { name: "a.b", type: "AAAA", ttl: 5, data: "fd00::2" },
      { name: "s.b", type: "SRV", ttl: 5, data: "0 50 80 a.b" },
      { name: "b", type: "SOA", ttl: 5, data: "ns.b mail.b 1 2 3 4 5" },
      { name: "t.b", type: "TXT", ttl: 5, data: "x y" },
    ];
    const message = answer(query(7, "a.b", "A"), "NOERROR", records);
    expect(decodeDns(encodeDns(message))).toEqual(message);
    expect(decodeDns(Uint8Array.of(1, 2))).toBeUndefined();
  });

  it("nslookup, getent and ping ask the hosts file and the nameserver", () => {
    const { run, from } = bed();
    resolver(from);
    expect(run("nslookup web")).toEqual({
      out: "Server:\t\t192.168.108.11\nAddress:\t192.168.108.11#53\n\nName:\tweb.default.svc.cluster.local\nAddress: 192.168.108.11\n\n",
      err: "",
      status: 0,
    });
    expect(run("nslookup nope")).toMatchObject({
      status: 1,
      out: "Server:\t\t192.168.108.11\nAddress:\t192.168.108.11#53\n\n** server can't find nope: NXDOMAIN\n\n",
    });
    expect(run("getent hosts web").out).toBe("192.168.108.11  web.default.svc.cluster.local\n");
    expect(run("getent hosts cp-1").out).toBe("192.168.108.11  cp-1 cp-1.example\n");
    expect(run("dig +short web.default.svc.cluster.local").out).toBe("192.168.108.11\n");
    expect(run("curl -s http://web").out).toBe("hello\n");
    expect(run("ping -c 2 cp-1").out).toMatch(
      /^PING cp-1 \(192.168.108.11\) 56\(84\) bytes of data.\n64 bytes from cp-1 \(192.168.108.11\): icmp_seq=1 ttl=64 time=0.\d{3} ms\n(?:.*\n)+2 packets transmitted, 2 received, 0% packet loss, time \d+ms\n/,
    );
    expect(run("wget -qO- http://web").out).toBe("hello\n");
    expect(run("nc -zv cp-1 80").err).toBe("Connection to cp-1 (192.168.108.11) 80 port [tcp/http] succeeded!\n");
  });
});

describe("interfaces and sockets", () => {
  it("ip and ss read the namespace", () => {
    const { run, test, to } = bed();
    expect(run("ip -br a").out).toBe(
      "lo               UNKNOWN        127.0.0.1/8 \neth0             UP             192.168.108.5/24 \n",
    );
    expect(run("ip a show eth0").out).toBe(
      "2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc fq_codel state UP group default qlen 1000\n    link/ether 52:54:00:00:00:01 brd ff:ff:ff:ff:ff:ff\n    inet 192.168.108.5/24 brd 192.168.108.255 scope global eth0\n       valid_lft forever preferred_lft forever\n",
    );
    expect(run("ip r").out).toBe(
      "default via 192.168.108.1 dev eth0 \n192.168.108.0/24 dev eth0 proto kernel scope link src 192.168.108.5 \n",
    );
    expect(run("ip a show nope")).toEqual({ out: "", err: 'Device "nope" does not exist.\n', status: 1 });
    expect(run("ip foo")).toEqual({ out: "", err: 'Object "foo" is unknown, try "ip help".\n', status: 1 });
    const pid = to.systemd!.unit("ssh").main!.pid;
    const lines = test.run(to, ["ss", "-tlnp"]).out.split("\n");
    expect(lines[0]!.trimEnd()).toBe("State  Recv-Q Send-Q Local Address:Port Peer Address:PortProcess");
    expect(lines.find((line) => line.includes(":22 "))?.trimEnd()).toBe(
      `LISTEN 0      4096         0.0.0.0:22        0.0.0.0:*    users:(("sshd",pid=${pid},fd=3))`,
    );
  });

  it("shows memory, disk, users, and goes down on reboot", () => {
    const { run, test, from } = bed();
    expect(run("free -m").out.split("\n")[0]).toBe(
      "               total        used        free      shared  buff/cache   available",
    );
    expect(run("df -h /").out).toMatch(/^Filesystem {6}Size {2}Used Avail Use% Mounted on\n\/dev\/vda1 /);
    expect(run("uptime").out).toMatch(/^ 09:00:\d\d up 0 min, {2}0 users, {2}load average: /);
    expect(run("who").out).toBe("");
    expect(run("reboot", "learner").status).toBe(1);
    run("reboot");
    test.kernel.run(test.kernel.now + 60 * SECOND);
    expect(from.journal.boot).toBe(1);
    expect(run("hostname").out).toBe("workstation\n");
    expect(run("journalctl --list-boots").out.split("\n")).toHaveLength(4);
    expect(test.kernel.faults).toEqual([]);
  });
});
