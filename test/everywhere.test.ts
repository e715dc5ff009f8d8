import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { chromium } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { HostMessage, SessionMessage } from "../engine/index.ts";

/**
 * The engine as it is built, one file, runs the same session in Node, in a worker thread and in a browser: one digest.
 * All three are driven by the same messages of the host protocol.
 */
const dist = join(dirname(dirname(fileURLToPath(import.meta.url))), "dist");
const engineFile = readdirSync(join(dist, "engines")).find(
  (file) => file.endsWith(".mjs") && readFileSync(join(dist, "engine.mjs"), "utf8").includes(file),
)!;
const browser = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);

const SECOND = 1_000_000;
const keys = (text: string): HostMessage[] => [
  { type: "input", input: { type: "keys", id: "t", text } },
  { type: "run", us: 20 * SECOND },
];

const messages: HostMessage[] = [
  { type: "start", spec: { lab: "playground", seed: 42, epochMs: Date.UTC(2026, 2, 2, 9) }, paused: true },
  {
    type: "input",
    input: { type: "terminal", id: "t", machine: "workstation", user: "learner", columns: 100, rows: 30 },
  },
  { type: "run", us: SECOND },
  ...keys("kubectl run web --image=nginx\r"),
  ...keys("kubectl get pods -A | sort | head -n 5; echo 한국어 $RANDOM\r"),
  ...keys("while :; do :; done\r"),
  ...keys("\u0003"),
  ...keys("kubectl describe pod web | tail -n 12\r"),
  ...keys("kubectl delete pod web\r"),
  { type: "ask", id: 1, what: "digest" },
];

/** What a host sees: the digest and all the terminal showed. */
interface Seen {
  digest: string;
  screen: string;
}

function collect(): { take(message: SessionMessage): void; seen: Promise<Seen> } {
  let screen = "";
  let done: (seen: Seen) => void;
  let failed: (error: Error) => void;
  const seen = new Promise<Seen>((resolve, reject) => {
    done = resolve;
    failed = reject;
  });
  return {
    seen,
    take(message) {
      if (message.type === "output") screen += Buffer.from(message.bytes).toString("latin1");
      if (message.type === "error") failed(new Error(message.message));
      if (message.type === "answer") done({ digest: message.value as string, screen });
    },
  };
}

async function inNode(): Promise<Seen> {
  const { SessionService } = await import(pathToFileURL(join(dist, "engines", engineFile)).href);
  const { take, seen } = collect();
  const service = new SessionService(take, { now: () => performance.now(), after: () => () => {} });
  for (const message of messages) service.receive(message);
  return seen;
}

async function inWorker(): Promise<Seen> {
  const code = `
    import { parentPort } from "node:worker_threads";
    import { SessionService } from ${JSON.stringify(pathToFileURL(join(dist, "engines", engineFile)).href)};
    const service = new SessionService((message) => parentPort.postMessage(message), { now: () => performance.now(), after: () => () => {} });
    parentPort.on("message", (message) => service.receive(message));`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`));
  const { take, seen } = collect();
  worker.on("message", take);
  for (const message of messages) worker.postMessage(message);
  try {
    return await seen;
  } finally {
    await worker.terminate();
  }
}

/** In a Web Worker of a page, as a browser would host it. */
async function inChromium(url: string): Promise<Seen> {
  const flags =
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";
  const chrome = await chromium.launch({ executablePath: browser!, args: flags.split(" ") });
  try {
    const page = await chrome.newPage();
    await page.goto(url);
    // As text: a function of this file would arrive with the test runner's own imports in it.
    return (await page.evaluate("window.seen")) as Seen;
  } finally {
    await chrome.close();
  }
}

function serve(): Promise<Server> {
  const worker = `import { SessionService } from "/engine.mjs";
    const service = new SessionService((message) => postMessage(message), { now: () => performance.now(), after: () => () => {} });
    onmessage = ({ data }) => service.receive(data);`;
  const page = `<!doctype html><title>engine</title><script type="module">
    window.seen = new Promise((resolve, reject) => {
      const worker = new Worker("/worker.js", { type: "module" });
      let screen = "";
      worker.onerror = (event) => reject(new Error(event.message));
      worker.onmessage = ({ data }) => {
        if (data.type === "output") for (const byte of data.bytes) screen += String.fromCharCode(byte);
        if (data.type === "error") reject(new Error(data.message));
        if (data.type === "answer") resolve({ digest: data.value, screen });
      };
      for (const message of ${JSON.stringify(messages)}) worker.postMessage(message);
    });
  </script>`;
  const server = createServer((request, response) => {
    const script =
      request.url === "/engine.mjs"
        ? readFileSync(join(dist, "engines", engineFile))
        : request.url === "/worker.js"
          ? worker
          : undefined;
    response.writeHead(200, {
      "content-type": script === undefined ? "text/html; charset=utf-8" : "text/javascript; charset=utf-8",
    });
    response.end(script ?? page);
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

describe("the built engine", () => {
  let server: Server;
  let node: Seen;
  beforeAll(async () => {
    server = await serve();
    node = await inNode();
  });
  afterAll(() => server.close());

  it("did what was typed", () => {
    expect(node.screen).toContain("pod/web created");
    expect(node.screen).toContain("Successfully assigned default/web to worker-");
    expect(node.screen).toContain("^C");
    expect(node.screen).toContain('pod "web" deleted');
  });

  it("gives the same digest and screen in a second run", async () => expect(await inNode()).toEqual(node));

  it("gives the same digest and screen in a worker thread", async () => expect(await inWorker()).toEqual(node));

  it.skipIf(browser === undefined)("gives the same digest and screen in headless Chromium", async () => {
    expect(await inChromium(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)).toEqual(node);
  });
});
