import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { type ApiServing, serveApi } from "../cli/api.ts";

/** WebSockets as clients other than kubectl open them: older protocols, base64 for browsers, watches and logs. */
describe("WebSockets of the API", () => {
  let serving: ApiServing;

  beforeAll(async () => {
    serving = await serveApi({ lab: "playground", seed: 4, port: 0, host: "127.0.0.1", speed: 20, paused: false });
    await post("/api/v1/namespaces/default/pods", {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "web" },
      spec: {
        containers: [{ name: "web", image: "busybox", command: ["sh", "-c", "echo one; echo two; sleep 10000"] }],
      },
    });
    const running = await talk("/api/v1/namespaces/default/pods?watch=1", [], { origin: "https://127.0.0.1" }, (text) =>
      text.includes('"phase":"Running"'),
    );
    expect(running.texts.at(-1)).toContain('"phase":"Running"');
  }, 120_000);

  afterAll(() => serving?.close());

  function credentials() {
    const field = (name: string) =>
      Buffer.from(new RegExp(`${name}: (\\S+)`).exec(serving.kubeconfig)![1]!, "base64").toString();
    return {
      ca: field("certificate-authority-data"),
      cert: field("client-certificate-data"),
      key: field("client-key-data"),
    };
  }

  async function post(path: string, body: unknown): Promise<void> {
    const { request } = await import("node:https");
    const status = await new Promise((resolve, reject) => {
      const options = { method: "POST", headers: { "content-type": "application/json" }, ...credentials() };
      const sent = request(`https://127.0.0.1:${serving.port}${path}`, options, (response) => {
        response.resume().on("end", () => resolve(response.statusCode));
      });
      sent.on("error", reject);
      sent.end(JSON.stringify(body));
    });
    expect(status).toBe(201);
  }

  /** Opens a WebSocket, sends, and gathers what comes until the server closes it or `enough` has come. */
  function talk(
    path: string,
    protocols: string[],
    headers: Record<string, string> = {},
    enough?: (text: string) => boolean,
    send: (string | Buffer)[] = [],
  ): Promise<{ texts: string[]; protocol: string; code: number; refused?: number }> {
    return new Promise((resolve, reject) => {
      const texts: string[] = [];
      const web = new WebSocket(`wss://127.0.0.1:${serving.port}${path}`, protocols, { headers, ...credentials() });
      web.on("open", () => {
        for (const message of send) web.send(message);
      });
      web.on("message", (data) => {
        texts.push(String(data));
        if (enough?.(texts.at(-1)!)) web.close();
      });
      web.on("unexpected-response", (_request, response) =>
        resolve({ texts, protocol: "", code: 0, refused: response.statusCode ?? 0 }),
      );
      web.on("error", reject);
      web.on("close", (code) => resolve({ texts, protocol: web.protocol, code }));
    });
  }

  const exec = (...command: string[]) =>
    `/api/v1/namespaces/default/pods/web/exec?stdin=1&stdout=1&stderr=1${command.map((word) => `&command=${encodeURIComponent(word)}`).join("")}`;
  /** What the messages of a channel say together. */
  const channel = (texts: string[], number: string, decode = (text: string) => text) =>
    texts
      .filter((text) => text.startsWith(number))
      .map((text) => decode(text.slice(1)))
      .join("");
  const fromBase64 = (text: string) => Buffer.from(text, "base64").toString();

  it.each(["v5.channel.k8s.io", "v4.channel.k8s.io", "channel.k8s.io", ""])("run a command in %s", async (protocol) => {
    const began = Date.now();
    const said = await talk(exec("sh", "-c", "echo out; echo err >&2; exit 3"), protocol === "" ? [] : [protocol]);
    expect(said.protocol).toBe(protocol);
    expect(said.code).toBe(1000);
    expect(said.texts[0]).toBe("\x01");
    expect(channel(said.texts, "\x01")).toBe("out\n");
    expect(channel(said.texts, "\x02")).toBe("err\n");
    const result = channel(said.texts, "\x03");
    if (protocol.startsWith("v")) expect(JSON.parse(result)).toMatchObject({ reason: "NonZeroExitCode" });
    else expect(result).toMatch(/^command terminated with non-zero exit code: .*, exit code 3$/);
    expect(Date.now() - began).toBeLessThan(10_000);
  });

  it.each(["v4.base64.channel.k8s.io", "base64.channel.k8s.io"])("carry text only in %s", async (protocol) => {
    const typed = `0${Buffer.from("word\n").toString("base64")}`;
    const said = await talk(exec("sh", "-c", 'read x; echo "got $x"'), [protocol], {}, undefined, [typed]);
    expect(channel(said.texts, "1", fromBase64)).toBe("got word\n");
    const result = channel(said.texts, "3", fromBase64);
    if (protocol.startsWith("v4")) expect(JSON.parse(result)).toMatchObject({ status: "Success" });
    else expect(result).toBe("");
  });

  it("take the first protocol of the client that is known, or refuse", async () => {
    const said = await talk(exec("true"), ["v9.channel.k8s.io", "channel.k8s.io", "v5.channel.k8s.io"]);
    expect(said.protocol).toBe("channel.k8s.io");
    expect((await talk(exec("true"), ["v9.channel.k8s.io"])).refused).toBe(403);
  });

  it("watch, an event a message", async () => {
    const path = "/api/v1/namespaces/default/pods?watch=true&timeoutSeconds=60";
    const said = await talk(path, [], { origin: "https://127.0.0.1" }, (text) => text.includes('"name":"web"'));
    for (const text of said.texts) expect(JSON.parse(text)).toMatchObject({ type: "ADDED", object: { kind: "Pod" } });
    const over = await talk(`${path.replace("60", "20")}&labelSelector=a%3Db`, [], { origin: "null" });
    expect([over.code, over.texts]).toEqual([1000, []]);
    expect((await talk(path, [])).refused).toBe(403);
    const gone = await talk("/apis/apps/v1/nothings?watch=1", [], { origin: "https://127.0.0.1" });
    expect(gone.refused).toBe(404);
  });

  it("carry a log", async () => {
    const path = "/api/v1/namespaces/default/pods/web/log";
    expect((await talk(path, [])).texts.join("")).toBe("one\ntwo\n");
    const said = await talk(`${path}?follow=true`, ["base64.binary.k8s.io"], {}, (text) =>
      fromBase64(text).includes("two"),
    );
    expect(said.texts.map(fromBase64).join("")).toBe("one\ntwo\n");
    expect((await talk(path.replace("web", "nobody"), [])).refused).toBe(404);
  });
});
