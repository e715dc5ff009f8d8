import { describe, expect, it } from "vitest";
import type { HttpHandler } from "../../api/http.ts";
import { decode, encode } from "../../kernel/index.ts";
import * as sys from "../../machine/sys.ts";
import { TestBed } from "../../machine/testing.ts";
import { systemPrograms } from "./index.ts";

/** Tells what it was asked; `/set` gives cookies, `/away` leads elsewhere, `/405` and `/503` fail as nginx does. */
const echo: HttpHandler = function* ({ method, path, headers, body }) {
  const text = body?.type === "bytes" ? decode(body.bytes) : "";
  const say = (status: number, more: Record<string, string>, page = "") => ({
    status,
    headers: { server: "nginx/1.27.4", "content-type": "text/plain", "content-length": String(page.length), ...more },
    body: { type: "bytes" as const, bytes: encode(method === "HEAD" ? "" : page) },
  });
  if (path === "/set") return say(200, { "set-cookie": "seen=1; Path=/; HttpOnly" });
  if (path === "/away") return say(302, { location: "there?x=1" });
  if (path === "/405" || path === "/503") return say(Number(path.slice(1)), {});
  const shown = ["authorization", "cookie", "content-type", "range", "referer"]
    .filter((name) => headers?.[name] !== undefined)
    .map((name) => `${name}: ${headers![name]}\n`);
  return say(200, {}, `${method} ${path}\n${shown.join("")}${text}`);
};

function bed() {
  const hosts = [{ address: "192.168.108.11", names: ["web"] }];
  const test = new TestBed(systemPrograms);
  const from = test.boot("workstation", "192.168.108.5", "workstation", hosts);
  const to = test.boot("cp-1", "192.168.108.11", "control-plane", hosts);
  for (const port of [80, 3128])
    to.net.listen({ protocol: "tcp", address: "0.0.0.0", port, program: "nginx", http: echo });
  sys.writeText(from.pids.init!, "/root/note.txt", "one\ntwo\n");
  const run = (...words: string[]) => test.run(from, ["curl", "-sS", ...words], { user: "root" });
  const file = (path: string) => sys.readText(from.pids.init!, path);
  return { run, file };
}

const hidden = (text: string) => text.replace(/-{24}[0-9a-f]{16}/g, "BOUNDARY").replaceAll("\r", "");

/** What the real curl does was seen with 7.88 and 8.14 against a server that prints the request. */
describe("curl", () => {
  it.each<[string, string[], string]>([
    ["numbers in brackets", ["http://web/[1-3]"], "GET /1\nGET /2\nGET /3\n"],
    ["words in braces", ["http://web/{a,b}[08-09]"], "GET /a08\nGET /a09\nGET /b08\nGET /b09\n"],
    ["brackets as they are", ["-g", "http://web/[1-3]"], "GET /[1-3]\n"],
    ["a query", ["-G", "-d", "q=1", "--data-urlencode", "r=a b", "http://web/"], "GET /?q=1&r=a+b\n"],
    ["more of a query", ["--url-query", "a=x y", "http://web/?b=1"], "GET /?b=1&a=x+y\n"],
    [
      "a file as data",
      ["-d", "@/root/note.txt", "http://web/"],
      "POST /\ncontent-type: application/x-www-form-urlencoded\nonetwo",
    ],
    [
      "a file as it is",
      ["--data-binary", "@/root/note.txt", "-H", "content-type: text/plain", "http://web/"],
      "POST /\ncontent-type: text/plain\none\ntwo\n",
    ],
    ["a user", ["-u", "me:pw", "http://web/"], "GET /\nauthorization: Basic bWU6cHc=\n"],
    ["a cookie", ["-b", "a=b; c=d", "http://web/"], "GET /\ncookie: a=b; c=d\n"],
    ["cookies that were set", ["-b", "", "http://web/set", "http://web/next"], "GET /next\ncookie: seen=1\n"],
    ["a range", ["-r", "0-9", "http://web/"], "GET /\nrange: bytes=0-9\n"],
    ["an upload to a directory", ["-T", "/root/note.txt", "http://web/in/"], "PUT /in/note.txt\none\ntwo\n"],
    ["a relative redirect", ["-L", "http://web/a/../away"], "GET /a/there?x=1\n"],
    ["a proxy", ["-x", "http://web:3128", "http://far.example/a"], "GET http://far.example/a\n"],
  ])("sends %s", (_, words, want) => {
    const wanted = want.replace("GET /a/there?x=1\n", "GET /there?x=1\n");
    expect(bed().run(...words.map((word) => word.replace("/a/../", "/")))).toEqual({ out: wanted, err: "", status: 0 });
  });

  it("sends forms", () => {
    const { out } = bed().run("-F", "a=b", "-F", "f=@/root/note.txt", "-F", "g=</root/note.txt", "http://web/");
    expect(hidden(out)).toBe(`POST /
content-type: multipart/form-data; boundary=BOUNDARY
--BOUNDARY
Content-Disposition: form-data; name="a"

b
--BOUNDARY
Content-Disposition: form-data; name="f"; filename="note.txt"
Content-Type: text/plain

one
two

--BOUNDARY
Content-Disposition: form-data; name="g"

one
two

--BOUNDARY--
`);
  });

  it("keeps cookies in a file", () => {
    const { run, file } = bed();
    run("-c", "/root/jar", "http://web/set");
    expect(file("/root/jar").split("\n").at(-2)).toBe("#HttpOnly_web\tFALSE\t/\tFALSE\t0\tseen\t1");
    expect(run("-b", "/root/jar", "http://web/").out).toBe("GET /\ncookie: seen=1\n");
  });

  it.each<[string, string]>([
    [
      "%{http_code} %{method} %{num_connects} %{remote_ip} %{remote_port} %{scheme}",
      "200 GET 1 192.168.108.11 80 HTTP",
    ],
    ["%{size_upload} %{num_headers} %{urlnum} %{filename_effective}", "0 4 0 /dev/null"],
    ["%header{content-type}|%header{none}|%{exitcode}%%", "text/plain||0%"],
    ["%{url.host} %{url_effective}\\n", "web http://web/\n"],
  ])("writes %s", (format, want) => {
    expect(bed().run("-o", "/dev/null", "-w", format, "http://web/").out).toBe(want);
  });

  it("writes JSON", () => {
    const { out } = bed().run("-o", "/dev/null", "-w", "%{json}", "http://web/");
    expect(JSON.parse(out)).toMatchObject({
      http_code: 200,
      method: "GET",
      remote_ip: "192.168.108.11",
      errormsg: null,
    });
  });

  it.each<[string[], number, string]>([
    [["http://web/a b"], 3, "curl: (3) URL using bad/illegal format or missing URL\n"],
    [
      ["-x", "http://web:1", "http://far.example/"],
      7,
      "curl: (7) Failed to connect to web port 1 after 0 ms: Couldn't connect to server\n",
    ],
    [["-x", "http://none.example", "http://web/"], 5, "curl: (5) Could not resolve proxy: none.example\n"],
    [["-w", "%{nothing}", "-o", "/dev/null", "http://web/"], 0, "curl: unknown --write-out variable: 'nothing'\n"],
    [["-F", "a=@/none", "http://web/"], 26, "curl: (26) Failed to open/read local data from file/application\n"],
  ])("says of %j", (words, status, err) => {
    expect(bed().run(...words)).toEqual({ out: "", err, status });
  });

  it.each([
    ["/405", "405 Not Allowed"],
    ["/503", "503 Service Temporarily Unavailable"],
    ["/away", "302 Moved Temporarily"],
  ])("shows nginx's own words for %s", (path, line) => {
    expect(bed().run("-I", `http://web${path}`).out).toContain(`HTTP/1.1 ${line}\r\n`);
  });
});
