import type { HttpRequest, HttpResponse } from "../../api/http.ts";
import { encode, type Gen } from "../../kernel/index.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { isNetError } from "../../network/index.ts";
import { resolveHost } from "../../network/resolver.ts";
import { debianTree } from "../debian.ts";
import type { ImageDef } from "../image.ts";
import { logDate } from "../nginx/http.ts";
import { DEFAULT_PATH, rootfs, SKELETON } from "../rootfs.ts";
import { NAMED } from "./catalog/row.ts";
import { stamp } from "./httpd.ts";
import { REDIS_TREE, redis } from "./redis.ts";
import type { Reply } from "./redis-store.ts";
import { readReply, received, written } from "./redis-wire.ts";
import { answer, say, serving } from "./serving.ts";

/** The guestbook of Kubernetes' tutorials: pages that write to one redis and read from its replicas. */

const PHP = { "content-type": "text/html; charset=UTF-8", "x-powered-by": "PHP/7.4.33" };
const SERVER = { server: "Apache/2.4.54 (Debian)" };

const page = (title: string, body: string): string =>
  `<!DOCTYPE html>\n<html>\n<head><title>${title}</title></head>\n<body>\n${body}\n</body>\n</html>\n`;
const FORM = `<h2>Guestbook</h2>
<form><input name="msg" placeholder="Messages"/><button type="button">Submit</button></form>
<div id="messages"></div>
<script src="controllers.js"></script>`;

/** Where the redis of a role is: by DNS, or by what the kubelet tells of Services, as GET_HOSTS_FROM says. */
function hostOf(p: Process, role: "leader" | "follower"): string {
  if (p.env.get("GET_HOSTS_FROM") !== "env") return `redis-${role}`;
  return p.env.get(`REDIS_${role.toUpperCase()}_SERVICE_HOST`) ?? "";
}

/** One command to a redis. Throws NetError. */
function* ask(p: Process, host: string, words: readonly string[]): Gen<Reply | undefined> {
  const found = yield* resolveHost(p, host);
  if (!found.ok) return undefined;
  const { network } = p.ns.net;
  const socket = (yield* network.connect(p.ns.net, found.addresses[0]!, 6379)).stream();
  try {
    socket.output.push(encode(written([...words])));
    return yield* received(socket, { bytes: new Uint8Array(0) }, readReply);
  } finally {
    socket.close();
  }
}

const unescaped = (text: string): string => {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
};

function* guestbook(p: Process, request: HttpRequest): Gen<HttpResponse> {
  const [path = "/", query = ""] = request.path.split("?");
  if (path !== "/guestbook.php") {
    const found = path === "/" || path === "/index.html";
    const body = found ? page("Guestbook", FORM) : page("404 Not Found", "<h1>Not Found</h1>");
    return answer(found ? 200 : 404, body, { ...SERVER, "content-type": "text/html" });
  }
  const given = new Map(
    query.split("&").map((pair) => {
      const [name = "", value = ""] = pair.split("=");
      return [unescaped(name), unescaped(value)];
    }),
  );
  const php = (body: string, status = 200) => answer(status, body, { ...SERVER, ...PHP });
  const key = given.get("key") ?? "";
  const sets = given.get("cmd") === "set";
  if (!given.has("cmd")) return php("");
  try {
    const words = sets ? ["set", key, given.get("value") ?? ""] : ["get", key];
    const reply = yield* ask(p, hostOf(p, sets ? "leader" : "follower"), words);
    const failed = reply === undefined || (typeof reply === "object" && reply !== null && "error" in reply);
    if (failed) return php("", 500);
    return php(sets ? '{"message": "Updated"}' : `{"data": "${reply ?? ""}"}`);
  } catch (error) {
    if (!isNetError(error)) throw error;
    return php("", 500);
  }
}

const frontend: Program = function* (p) {
  p.comm = "apache2";
  p.rssKib = 21_000;
  const note = (text: string) => `[${stamp(p)}] ${text}\n`;
  yield* sys.printError(
    p,
    note(
      `[mpm_prefork:notice] [pid ${p.nsPid}] AH00163: Apache/2.4.54 (Debian) PHP/7.4.33 configured -- resuming normal operations`,
    ) + note(`[core:notice] [pid ${p.nsPid}] AH00094: Command line: 'apache2 -D FOREGROUND'`),
  );
  const http = function* (request: HttpRequest): Gen<HttpResponse> {
    const response = yield* guestbook(p, request);
    const size = response.body.type === "bytes" ? response.body.bytes.length : 0;
    const agent = request.headers["user-agent"] ?? "-";
    say(
      p,
      1,
      `${request.remoteAddress} - - [${logDate(p.machine.kernel.wallMs)}] "${request.method} ${request.path} HTTP/1.1" ${response.status} ${size} "-" "${agent}"\n`,
    );
    return response;
  };
  yield* serving(p, [{ port: 80, http }], ["WINCH", "TERM"]);
  return 0;
};

export const guestbookPrograms: Readonly<Record<string, Program>> = { "guestbook-frontend": frontend };

/** The redis image with a script that follows `leader`, by its name or by the environment. */
const follower = (names: readonly string[], leader: string): ImageDef => ({
  ...redis,
  names,
  tags: NAMED,
  rootfs: () => {
    const variable = `${leader.replace("-", "_").toUpperCase()}_SERVICE_HOST`;
    const script = `#!/bin/bash\nif [ "$GET_HOSTS_FROM" = env ]; then host=$${variable}; else host=${leader}; fi\nexec redis-server --slaveof "$host" 6379\n`;
    return rootfs(SKELETON, REDIS_TREE, { "run.sh": { text: script, mode: 0o755 } });
  },
  entrypoint: ["docker-entrypoint.sh"],
  cmd: ["/run.sh"],
  env: () => ({ PATH: DEFAULT_PATH, REDIS_VERSION: "6.0.5" }),
});

export const GUESTBOOK_IMAGES: readonly ImageDef[] = [
  follower(["gcr.io/google-samples/gb-redis-follower"], "redis-leader"),
  follower(["gcr.io/google-samples/gb-redisslave", "registry.k8s.io/redis-slave"], "redis-master"),
  {
    names: ["gcr.io/google-samples/gb-frontend"],
    tags: NAMED,
    sizeBytes: 180_000_000,
    rootfs: () =>
      rootfs(SKELETON, debianTree({ name: "www-data", uid: 33 }), {
        "usr/local/bin/apache2-foreground": { program: "guestbook-frontend" },
      }),
    entrypoint: [],
    cmd: ["apache2-foreground"],
    env: () => ({ PATH: DEFAULT_PATH }),
    workingDir: "/var/www/html",
    exposedPorts: ["80/tcp"],
  },
];
