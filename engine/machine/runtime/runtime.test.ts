import { describe, expect, it } from "vitest";
import { PODS } from "../../api/resources.ts";
import { rootfs } from "../../images/rootfs.ts";
import { entriesOf, fileNode, type Inode } from "../inode.ts";
import { node } from "../kubelet/testing.ts";
import { ensureDir } from "./files.ts";
import { ContainerLog, formatNano, LOG_MAX_BYTES, LogSink } from "./log-file.ts";
import { snapshot } from "./snapshot.ts";

const NO_PROGRAMS = new Map();

describe("container runtime", () => {
  it("gives each container its own copy of an image, made of what it touches", () => {
    const image = rootfs({ "etc/a": "one", "etc/b": "two", "bin/gone": { program: "nope" } });
    const mine = snapshot(image, NO_PROGRAMS);
    const yours = snapshot(image, NO_PROGRAMS);
    const etc = entriesOf(mine).get("etc");
    const a = etc?.kind === "dir" ? entriesOf(etc).get("a") : undefined;
    if (a?.kind !== "file" || etc?.kind !== "dir") throw new Error("no file");
    a.content.append(new TextEncoder().encode("!"));
    entriesOf(etc).delete("b");
    entriesOf(etc).set("c", fileNode("three"));
    expect([...entriesOf(etc).keys()].sort()).toEqual(["a", "c"]);
    const other = entriesOf(yours).get("etc");
    if (other?.kind !== "dir") throw new Error("no directory");
    expect([...entriesOf(other).keys()].sort()).toEqual(["a", "b"]);
    const theirs = entriesOf(other).get("a");
    expect(theirs?.kind === "file" && new TextDecoder().decode(theirs.content.bytes())).toBe("one");
    const bin = entriesOf(mine).get("bin");
    expect(bin?.kind === "dir" && entriesOf(bin).size).toBe(0);
  });

  it("writes to a container's files when somebody looks, as of the time at which it was done", () => {
    const n = node();
    n.advance(3);
    const used = () => n.machine.disk.used;
    const before = used();
    n.create("seen", { containers: [{ name: "web", image: "nginx" }] });
    n.create("unseen", { containers: [{ name: "web", image: "nginx" }] });
    n.advance(30);
    const written = used() - before;
    expect(written).toBeGreaterThan(0);
    const [seen, unseen] = [...n.runtime.containers.values()];
    expect([seen!.mnt.unseen, unseen!.mnt.unseen]).not.toContain(undefined);
    const at = (...names: string[]) => {
      let node: Inode | undefined = seen!.rootfs;
      for (const name of names) node = node?.kind === "dir" ? entriesOf(node).get(name) : undefined;
      return node;
    };
    const conf = at("etc", "nginx", "conf.d", "default.conf");
    expect(conf?.kind === "file" && conf.content.text()).toContain("listen  [::]:80;");
    expect(conf?.mtime).toBe(seen!.startedAt);
    expect(at("var", "cache", "nginx", "proxy_temp")).toMatchObject({ uid: 101, mtime: seen!.startedAt });
    const pid = at("run", "nginx.pid");
    expect(pid?.kind === "file" && pid.content.text()).toBe("1\n");
    expect(seen!.mnt.list().map(({ target }) => target)).toContain("/etc/hosts");
    expect(unseen!.mnt.unseen).toBeDefined();
    expect(used() - before).toBe(written);
    for (const name of ["seen", "unseen"]) n.run(n.client.delete(PODS, "default", name));
    n.advance(10);
    expect(used()).toBe(before);
  });

  it("writes logs in CRI's format, cuts long lines, and rotates", () => {
    const { machine, kernel } = node();
    const dir = ensureDir(machine, "/var/log/pods/x/c");
    const log = new ContainerLog(machine, dir, "0.log");
    const sink = new LogSink(log, "stdout");
    const put = (text: string) => sink.put(new TextEncoder().encode(text));
    put("half ");
    put("line\nnext\nrest");
    sink.close();
    const text = new TextDecoder().decode(log.file.content.bytes());
    const at = formatNano(kernel.epochMs, kernel.now);
    expect(text).toBe(`${at} stdout F half line\n${at} stdout F next\n${at} stdout F rest\n`);
    put(`${"x".repeat(20_000)}\n`);
    expect(new TextDecoder().decode(log.file.content.bytes())).toContain(` stdout P ${"x".repeat(16_384)}\n`);
    const line = `${"y".repeat(1000)}\n`;
    for (let size = 0; size < LOG_MAX_BYTES + 5000; size += line.length) put(line);
    expect([...entriesOf(dir).keys()].filter((name) => name.startsWith("0.log"))).toHaveLength(2);
  });

  it("formats times as Go's RFC3339Nano", () => {
    expect(formatNano(0, 0)).toBe("1970-01-01T00:00:00Z");
    expect(formatNano(0, 1_500_000)).toBe("1970-01-01T00:00:01.5Z");
    expect(formatNano(0, 123_456)).toBe("1970-01-01T00:00:00.123456Z");
  });

  it("never gives an address away that is in use", () => {
    const n = node();
    for (let i = 0; i < 5; i++)
      n.create(`p${i}`, { containers: [{ name: "m", image: "busybox:1.36", command: ["sleep", "999"] }] });
    n.advance(15);
    const ips = [...n.runtime.sandboxes.values()].map((sandbox) => sandbox.ips[0]);
    expect(new Set(ips).size).toBe(5);
    expect(n.machine.net.interfaces.get("cni0")?.addresses).toEqual(["10.200.1.1/24"]);
    for (const sandbox of n.runtime.sandboxes.values()) expect(sandbox.net.owns(sandbox.ips[0]!)).toBe(true);
  });

  it("fails every call while containerd is stopped", () => {
    const n = node();
    n.advance(1);
    n.machine.signal(n.runtime.daemon!, "TERM");
    n.advance(1);
    expect(() => n.run(n.runtime.pullImage("nginx"))).toThrow("dial unix /run/containerd/containerd.sock");
  });
});
