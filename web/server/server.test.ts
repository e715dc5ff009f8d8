import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { io, type Socket } from "socket.io-client";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Session, type SessionFile } from "../../engine/index.ts";
import { loadLab, sessionSpec } from "../../grader/lab.ts";
import { onTheHost } from "../../test/host.ts";
import type { ClientEvents, Home, Lesson, Problem, Screen, ServerEvents, Snapshot } from "../protocol.ts";
import { KEYS_LIMIT } from "../protocol.ts";
import { type RunningServer, startServer } from "./server.ts";
import { Store } from "./store.ts";

let server: RunningServer;
const dataDir = mkdtempSync(join(tmpdir(), "kubetude-server-"));
const start = async () => {
  server = await startServer({ port: 0, host: "127.0.0.1", dataDir, logLevel: "silent", workers: 1 });
};
beforeAll(start);
afterAll(async () => {
  await server?.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const decoder = new TextDecoder();

/** A learner without a browser. */
class Learner {
  cookie = "";

  async call(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { cookie: this.cookie, "content-type": "application/json", "accept-language": "ko" };
    const response = await fetch(`${server.url}/api${path}`, { ...init, headers });
    this.cookie ||= response.headers.getSetCookie()[0]?.split(";")[0] ?? "";
    return response;
  }

  async begin(lab = "01-pod-trace", fresh?: string): Promise<string> {
    const response = await this.call("/sessions", { method: "POST", body: JSON.stringify({ lab, fresh }) });
    return ((await response.json()) as { session: string }).session;
  }

  attach(session: string): Page {
    return new Page(session, this.cookie);
  }
}

const pages: Page[] = [];
afterEach(() => {
  for (const page of pages.splice(0)) page.socket.disconnect();
});

/** A page without a browser: keeps what terminals show. */
class Page {
  readonly socket: Socket<ServerEvents, ClientEvents>;
  readonly shown = new Map<string, string>();
  readonly ends = new Map<string, number>();
  snapshot: Snapshot | undefined;
  problem: Problem | undefined;
  tasks: Snapshot["tasks"] = [];
  redraws = 0;
  /** Tells the server what was drawn, as a page does; a frozen page does not. */
  draws = true;

  constructor(session: string, cookie: string, origin?: string) {
    this.socket = io(server.url, {
      auth: { session, language: "ko" },
      extraHeaders: { cookie, ...(origin ? { origin } : {}) },
      transports: ["websocket"],
      forceNew: true,
      reconnection: false,
    });
    pages.push(this);
    const { socket } = this;
    socket.on("snapshot", (snapshot) => {
      this.snapshot = snapshot;
      this.tasks = snapshot.tasks;
      for (const screen of snapshot.screens) this.draw(screen);
    });
    socket.on("opened", (screen) => this.draw(screen));
    socket.on("redraw", (screen) => {
      this.redraws++;
      this.draw(screen);
    });
    socket.on("output", ({ id, bytes, end }) => {
      expect(end - bytes.length).toBe(this.ends.get(id));
      this.shown.set(id, (this.shown.get(id) ?? "") + decoder.decode(bytes));
      this.ends.set(id, end);
      if (this.draws) socket.emit("drawn", { id, end });
    });
    socket.on("tasks", (tasks) => {
      this.tasks = tasks;
    });
    socket.on("failed", (problem) => {
      this.problem = problem;
    });
  }

  private draw({ id, tail, end }: Screen): void {
    this.shown.set(id, decoder.decode(tail));
    this.ends.set(id, end);
    if (this.draws) this.socket.emit("drawn", { id, end });
  }

  async ready(): Promise<this> {
    await expect.poll(() => this.snapshot, { timeout: 60_000 }).toBeDefined();
    return this;
  }

  async open(machine = "workstation"): Promise<string> {
    const result = await this.socket.emitWithAck("open", { machine, columns: 80, rows: 24 });
    if (!result.ok) throw new Error(result.problem.what);
    await this.see(result.id, /\$ $/);
    return result.id;
  }

  type(id: string, text: string) {
    return this.socket.emitWithAck("keys", { id, text });
  }

  see(id: string, pattern: RegExp) {
    return expect.poll(() => this.shown.get(id) ?? "", { timeout: 60_000, interval: 20 }).toMatch(pattern);
  }
}

describe("the server", onTheHost, () => {
  it("says that it is well, and counts", async () => {
    const health = await fetch(`${server.url}/healthz`);
    expect([health.status, await health.text()]).toEqual([200, "ok"]);
    expect(await (await fetch(`${server.url}/metrics`)).text()).toMatch(/^kubetude_sessions_running \d/m);
  });

  it("lets scripts and fonts come from nowhere else", async () => {
    const policy = (await fetch(server.url)).headers.get("content-security-policy");
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
  });

  it("shows a stranger the course, and gives a cookie that scripts cannot read", async () => {
    const response = await fetch(`${server.url}/api/home`);
    expect(response.headers.getSetCookie()[0]).toMatch(/^kubetude=[\w-]{21}; .*HttpOnly; SameSite=Lax/);
    const { labs } = (await response.json()) as Home;
    expect(labs.map(({ id, available }) => [id, available]).slice(0, 1)).toEqual([["01-pod-trace", true]]);
    expect(labs).toHaveLength(5);
  });

  it("never sends what a check expects", async () => {
    const response = await new Learner().call("/labs/01-pod-trace/lesson?lang=ko");
    const text = await response.text();
    expect((JSON.parse(text) as Lesson).tasks).toHaveLength(6);
    expect(text).not.toMatch(/"checks"|audit\.filter/);
  });

  it.each([
    ["/sessions", { method: "POST", body: JSON.stringify({ lab: "99-none" }) }, 404, "no-lab"],
    ["/sessions", { method: "POST", body: "{}" }, 400, "bad-request"],
    ["/sessions", { method: "POST", body: "{nonsense" }, 400, "bad-request"],
    ["/labs/..%2f..%2fetc/lesson", {}, 404, "no-lab"],
    ["/sessions/abc/session.json", {}, 404, "no-session"],
    ["/nothing", {}, 400, "bad-request"],
  ])("answers %s with what, why and next in the learner's language", async (path, init, status, code) => {
    const response = await new Learner().call(path, init);
    const { problem } = (await response.json()) as { problem: Problem };
    expect([response.status, problem.code]).toEqual([status, code]);
    expect(problem.what + problem.why + problem.next).toMatch(/[가-힣]/);
  });

  it("opens a session again where it was left, and a fresh one when asked", async () => {
    const learner = new Learner();
    const first = await learner.begin();
    expect(await learner.begin()).toBe(first);
    const again = await learner.begin("01-pod-trace", "same-seed");
    expect(again).not.toBe(first);
    const seeds = await Promise.all(
      [first, again].map(
        async (id) => ((await (await learner.call(`/sessions/${id}/session.json`)).json()) as { seed: number }).seed,
      ),
    );
    expect(seeds[0]).toBe(seeds[1]);
  });

  it("shows a session to nobody but its learner", async () => {
    const learner = new Learner();
    const session = await learner.begin();
    const stranger = new Learner();
    await stranger.call("/home");
    const page = stranger.attach(session);
    await expect.poll(() => page.problem?.code).toBe("no-session");
    expect((await stranger.call(`/sessions/${session}/session.json`)).status).toBe(404);
  });

  it("refuses a socket from another site", async () => {
    const learner = new Learner();
    const session = await learner.begin();
    const page = new Page(session, learner.cookie, "http://elsewhere.example");
    let refused = false;
    page.socket.on("connect_error", () => {
      refused = true;
    });
    await expect.poll(() => refused).toBe(true);
  });

  it("ends a learner's run of new sessions", async () => {
    const learner = new Learner();
    await learner.begin();
    let status = 201;
    for (let i = 0; i < 40 && status === 201; i++) {
      const body = JSON.stringify({ lab: "01-pod-trace", fresh: "new-seed" });
      status = (await learner.call("/sessions", { method: "POST", body })).status;
    }
    expect(status).toBe(429);
  });
});

describe("a session behind its socket", onTheHost, () => {
  it("runs commands, ticks tasks by itself within 300 ms, and judges answers", async () => {
    const learner = new Learner();
    const page = await learner.attach(await learner.begin()).ready();
    const id = await page.open();
    await page.type(id, "kubectl run nginx-test --image=nginx && kubectl wait --for=condition=Ready pod/nginx-test\r");
    await page.see(id, /condition met/);
    const met = performance.now();
    await expect.poll(() => page.tasks.find((task) => task.id === "create")?.passed, { interval: 10 }).toBe(true);
    expect(performance.now() - met).toBeLessThan(300);
    await page.socket.emitWithAck("answer", { task: "order", value: "Pulling Scheduled" });
    await expect
      .poll(() => page.tasks.find((task) => task.id === "order")?.checks.find(({ passed }) => !passed)?.message.ko)
      .toMatch(/다릅니다/);
  });

  it("comes back after a restart with terminals, scrollback, marks and progress, on the same cluster", async () => {
    const learner = new Learner();
    const session = await learner.begin();
    let page = await learner.attach(session).ready();
    const id = await page.open();
    await page.type(id, "echo kept-$((6*7)); kubectl get nodes\r");
    await page.see(id, /kept-42[\s\S]*worker-3[\s\S]*\$ $/);
    page.socket.emit("mark", { key: "hints:create", value: "2" });
    await expect.poll(async () => (await learner.call("/home")).status).toBe(200);
    const before = page.shown.get(id)!;
    await server.close();
    await start();
    page = await learner.attach(session).ready();
    expect(page.shown.get(id)).toBe(before);
    expect(page.snapshot!.marks).toEqual({ "hints:create": "2" });
    await page.type(id, "echo again-$((1+1))\r");
    await page.see(id, /again-2\r\n/);
  });

  it("goes on with the present engine when its own is gone, and says so", async () => {
    const learner = new Learner();
    const session = await learner.begin();
    let page = await learner.attach(session).ready();
    const id = await page.open();
    await page.type(id, "echo kept-$((6*7)) | tee note.txt\r");
    await page.see(id, /kept-42/);
    await server.close();
    const store = new Store(dataDir);
    await store.updateSession(session, { engine: "00000000deadbeef" });
    await store.close();
    await start();
    page = await learner.attach(session).ready();
    expect(page.snapshot!.notice).toBe("engine-changed");
    await page.type(id, "cat note.txt\r");
    await page.see(id, /cat note.txt[\s\S]*kept-42/);
    await server.close();
    await start();
    page = await learner.attach(session).ready();
    expect(page.snapshot!.notice).toBeUndefined();
    expect(page.shown.get(id)).toMatch(/cat note.txt[\s\S]*kept-42/);
  });

  it("keeps a session on the engine it began with, after another was built", async () => {
    const learner = new Learner();
    const session = await learner.begin();
    const first = await learner.attach(session).ready();
    const id = await first.open();
    await first.type(id, "echo kept-$((6*7))\r");
    await first.see(id, /kept-42/);
    await server.close();
    const store = new Store(dataDir);
    const { engine } = (await store.session(session))!;
    const engines = join(dataDir, "engines");
    copyFileSync(join(engines, `engine-${engine}.mjs`), join(engines, "engine-0123456789abcdef.mjs"));
    await store.updateSession(session, { engine: "0123456789abcdef" });
    await store.close();
    await start();
    const page = await learner.attach(session).ready();
    expect(page.snapshot!.notice).toBeUndefined();
    expect(page.shown.get(id)).toMatch(/kept-42/);
    const file = (await (await learner.call(`/sessions/${session}/session.json`)).json()) as { engine: string };
    expect(file.engine).toBe("0123456789abcdef");
  });

  it("brings sessions back from a worker that was stuck, and the one that held it up only once", async () => {
    const [learner, other] = [new Learner(), new Learner()];
    const session = await learner.begin();
    await server.close();
    const store = new Store(dataDir);
    const { engine } = (await store.session(session))!;
    const engines = join(dataDir, "engines");
    // An engine with a bug: some keys make it compute for ever.
    const bug = `
      const receive = SessionService.prototype.receive;
      SessionService.prototype.receive = function (message) {
        if (message.type === "input" && message.input.text === "HANG") for (;;);
        return receive.call(this, message);
      };`;
    const source = readFileSync(join(engines, `engine-${engine}.mjs`), "utf8");
    writeFileSync(join(engines, "engine-00000000000000b6.mjs"), source + bug);
    await store.updateSession(session, { engine: "00000000000000b6" });
    await store.close();
    await start();
    const page = await learner.attach(session).ready();
    const neighbour = await other.attach(await other.begin()).ready();
    const [id, theirs] = [await page.open(), await neighbour.open()];
    await page.type(id, "echo mine-$((1+1))\r");
    await neighbour.type(theirs, "echo theirs-$((1+1))\r");
    await page.see(id, /mine-2/);
    await neighbour.see(theirs, /theirs-2/);
    for (let times = 1; times <= 2; times++) {
      [page.snapshot, neighbour.snapshot] = [undefined, undefined];
      expect(await page.type(id, "HANG")).toEqual({ ok: false, lost: true });
      await neighbour.ready();
      if (times === 1) await page.ready();
    }
    expect(neighbour.shown.get(theirs)).toMatch(/theirs-2/);
    await neighbour.type(theirs, "echo on-$((1+1))\r");
    await neighbour.see(theirs, /on-2/);
    await expect.poll(() => page.problem?.code).toBe("stuck");
    expect(page.shown.get(id)).toMatch(/mine-2/);
    // Twice five seconds until a worker is given up, and two boots after each.
  }, 180_000);

  it("stops the clock when nobody looks", async () => {
    const learner = new Learner();
    const session = await learner.begin();
    const page = await learner.attach(session).ready();
    const { now } = page.snapshot!.clock;
    page.socket.disconnect();
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    const back = await learner.attach(session).ready();
    // A session lingers three seconds for a page that reloads.
    expect((back.snapshot!.clock.now - now) / 1e6).toBeLessThan(4.5);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const file = (await (await learner.call(`/sessions/${session}/session.json`)).json()) as { end: { at: number } };
    expect(file.end.at).toBeGreaterThan(back.snapshot!.clock.now);
  });

  it("holds frames back for a page that does not draw, and draws the screen anew when it does", async () => {
    const learner = new Learner();
    const page = await learner.attach(await learner.begin()).ready();
    const id = await page.open();
    page.draws = false;
    await page.type(id, "seq 1 300000 | sed 's/$/ a line that is long enough to fill the pipe/'; echo the-end\r");
    await expect.poll(() => (page.shown.get(id) ?? "").length, { timeout: 60_000 }).toBeGreaterThan(500_000);
    await page.type(id, "\x03");
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const held = page.shown.get(id)!.length;
    expect(held).toBeLessThan(2_000_000);
    page.draws = true;
    page.socket.emit("drawn", { id, end: page.ends.get(id)! });
    await page.type(id, "echo visible-$((1+1))\r");
    await page.see(id, /visible-2\r\n/);
  });

  it("makes a huge paste wait without making others wait", async () => {
    const learner = new Learner();
    const page = await learner.attach(await learner.begin()).ready();
    const id = await page.open();
    await page.type(id, "cat > /dev/null\r");
    const piece = `${"x".repeat(KEYS_LIMIT - 1)}\r`;
    const other = new Learner();
    const neighbour = await other.attach(await other.begin()).ready();
    const theirs = await neighbour.open();
    // A page that keeps the rules sends a piece when the one before was taken; this one does not.
    const answers = Promise.all(Array.from({ length: 100 }, () => page.type(id, piece)));
    const refused = (await answers).filter(({ ok }) => !ok);
    expect(refused.length).toBeGreaterThan(20);
    expect(refused.every(({ wait }) => wait! > 0)).toBe(true);
    let pasting = true;
    const paste = (async () => {
      while (pasting) await page.type(id, piece);
    })();
    const asked = performance.now();
    await neighbour.type(theirs, "echo here-$((1+2))\r");
    await neighbour.see(theirs, /here-3/);
    pasting = false;
    await paste;
    expect(performance.now() - asked).toBeLessThan(1_000);
  });

  it("says how much was typed into a terminal, so that a page knows after a restart what had arrived", async () => {
    const learner = new Learner();
    const session = await learner.begin();
    let page = await learner.attach(session).ready();
    const id = await page.open();
    expect(await page.type(id, "echo 한글")).toEqual({ ok: true, typed: 7 });
    expect(await page.type(id, "-$((1+1))\r")).toEqual({ ok: true, typed: 17 });
    await page.see(id, /한글-2/);
    await server.close();
    await start();
    page = await learner.attach(session).ready();
    expect(page.snapshot!.screens.map((screen) => [screen.id, screen.typed])).toEqual([[id, 17]]);
  });

  it("takes what a page asks before its session runs again", async () => {
    const learner = new Learner();
    const session = await learner.begin();
    const first = await learner.attach(session).ready();
    const id = await first.open();
    first.socket.disconnect();
    await server.close();
    await start();
    const page = learner.attach(session);
    // At once, before the snapshot has come.
    expect(await page.type(id, "echo early-$((1+1))\r")).toMatchObject({ ok: true });
    expect(await page.socket.emitWithAck("answer", { task: "order", value: "Pulling" })).toMatchObject({ ok: true });
    await page.ready();
    await page.see(id, /early-2/);
  });

  it("keeps a reported problem as it was seen, however the session goes on", async () => {
    const learner = new Learner();
    const session = await learner.begin();
    const page = await learner.attach(session).ready();
    const id = await page.open();
    await page.type(id, "echo before-$((1+1))\r");
    await page.see(id, /before-2/);
    const kept = await page.socket.emitWithAck("report", { text: "이상합니다" });
    if (!kept.ok) throw new Error(kept.problem.what);
    await page.type(id, "echo after-$((1+1))\r");
    await page.see(id, /after-2/);
    const read = async (query: string) =>
      (await (await learner.call(`/sessions/${session}/session.json${query}`)).json()) as SessionFile;
    const [then, now] = [await read(`?report=${kept.id}`), await read("")];
    const typed = ({ inputs }: SessionFile) =>
      inputs.map((input) => (input.type === "keys" ? input.text : "")).join("");
    expect([typed(then), typed(now)]).toEqual([
      "echo before-$((1+1))\r",
      "echo before-$((1+1))\recho after-$((1+1))\r",
    ]);
    const lab = loadLab(then.lab);
    const replayed = new Session(sessionSpec(lab, then.seed, then.engine));
    replayed.boot();
    replayed.replay(then.inputs, then.end);
    expect(replayed.digest()).toBe(then.digest);
    expect((await read("?report=nonsense")).inputs).toHaveLength(now.inputs.length);
  });

  it("tells the other pages of a terminal's new size", async () => {
    const learner = new Learner();
    const session = await learner.begin();
    const [one, two] = [await learner.attach(session).ready(), await learner.attach(session).ready()];
    const id = await one.open();
    const sizes: unknown[] = [];
    const own: unknown[] = [];
    two.socket.on("resized", (size) => sizes.push(size));
    one.socket.on("resized", (size) => own.push(size));
    one.socket.emit("resize", { id, columns: 101, rows: 33 });
    await expect.poll(() => sizes, { timeout: 10_000 }).toEqual([{ id, columns: 101, rows: 33 }]);
    await one.type(id, "stty size\r");
    await two.see(id, /^33 101\r$/m);
    expect(own).toEqual([]);
  });

  it("bounds the number of terminals, and says so", async () => {
    const learner = new Learner();
    const page = await learner.attach(await learner.begin()).ready();
    for (let i = 0; i < 8; i++) {
      expect((await page.socket.emitWithAck("open", { machine: "cp-1", columns: 80, rows: 24 })).ok).toBe(true);
    }
    const refused = await page.socket.emitWithAck("open", { machine: "cp-1", columns: 80, rows: 24 });
    expect(refused).toMatchObject({ ok: false, problem: { code: "terminals" } });
    const unknown = await page.socket.emitWithAck("open", { machine: "cp-9", columns: 80, rows: 24 });
    expect(unknown).toMatchObject({ ok: false, problem: { code: "no-machine" } });
  });

  it("shrugs at malformed events", async () => {
    const learner = new Learner();
    const page = await learner.attach(await learner.begin()).ready();
    const id = await page.open();
    const raw = page.socket as unknown as Socket;
    for (const bad of [undefined, null, 7, {}, { id: 5, text: 5 }, { id: "x".repeat(99), columns: 1e9, rows: -1 }]) {
      for (const event of ["keys", "resize", "clock", "mark", "drawn", "close", "answer"]) raw.emit(event, bad);
    }
    raw.emit("keys", { id: "t99", text: "x" });
    await page.type(id, "echo alive-$((3+4))\r");
    await page.see(id, /alive-7/);
  });
});
