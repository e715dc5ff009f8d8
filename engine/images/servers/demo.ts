import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import type { ImageDef } from "../image.ts";
import { errorDate } from "../nginx/http.ts";
import { rootfs, SKELETON } from "../rootfs.ts";
import { AGNHOST_IMAGE, agnhost } from "./agnhost.ts";
import { answer, say, serving } from "./serving.ts";
import { whoami } from "./whoami.ts";

/** Small servers that courses use to show where a request ends up. */

const hostOf = (p: Process): string => p.env.get("HOSTNAME") ?? p.machine.hostname;
const BARE = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" };

/** hashicorp/http-echo: answers every request with -text. */
const httpEcho: Program = function* (p) {
  const option = (name: string, fallback?: string): string | undefined => {
    for (const [i, arg] of p.argv.entries()) {
      for (const flag of [`-${name}`, `--${name}`]) {
        if (arg === flag) return p.argv[i + 1];
        if (arg.startsWith(`${flag}=`)) return arg.slice(flag.length + 1);
      }
    }
    return fallback;
  };
  const text = option("text", p.env.get("ECHO_TEXT"));
  if (!text) {
    yield* sys.printError(p, "Missing -text option or ECHO_TEXT env var!\n");
    return 127;
  }
  const listen = option("listen", ":5678")!;
  const stamp = () => errorDate(p.machine.kernel.wallMs);
  yield* sys.printError(p, `${stamp()} [INFO] server is listening on ${listen}\n`);
  yield* serving(
    p,
    [
      {
        port: Number(listen.split(":").pop()),
        *http(request) {
          const agent = request.headers["user-agent"] ?? "";
          const host = request.headers["host"] ?? "";
          const line = `${host} ${request.remoteAddress}:${p.ns.net.ephemeralPort()} "${request.method} ${request.path} HTTP/1.1" 200 ${text.length + 1} "${agent}" 21.4µs`;
          say(p, 1, `${stamp()} ${line}\n`);
          return answer(200, `${text}\n`, { "x-app-name": "http-echo", "x-app-version": "1.0.0" });
        },
      },
    ],
    ["TERM", "INT"],
  );
  yield* sys.printError(p, `${stamp()} [INFO] received interrupt, shutting down...\n`);
  return 0;
};

/** google-samples/hello-app, of a version. */
const helloApp = (version: string): Program =>
  function* (p) {
    const port = Number(p.env.get("PORT") ?? 8080);
    const stamp = () => errorDate(p.machine.kernel.wallMs);
    yield* sys.printError(p, `${stamp()} Server listening on port ${port}\n`);
    yield* serving(
      p,
      [
        {
          port,
          *http(request) {
            say(p, 2, `${stamp()} Serving request: ${request.path}\n`);
            return answer(200, `Hello, world!\nVersion: ${version}\nHostname: ${hostOf(p)}\n`);
          },
        },
      ],
      ["TERM", "INT"],
    );
    return 0;
  };

/** The image of liveness probes by itself: whatever it is called with, it is the server of `agnhost liveness`. */
const livenessServer: Program = (p) => {
  p.argv = [p.argv[0]!, "liveness"];
  return agnhost(p);
};

/** docker.io/library/hello-world: says that it works, and ends. */
const hello: Program = function* (p) {
  yield* sys.print(
    p,
    "\nHello from Docker!\nThis message shows that your installation appears to be working correctly.\n\n",
  );
  return 0;
};

export const demoPrograms: Readonly<Record<string, Program>> = {
  "http-echo": httpEcho,
  "traefik-whoami": whoami,
  "hello-app-1.0": helloApp("1.0.0"),
  "hello-app-2.0": helloApp("2.0.0"),
  agnhost,
  "liveness-server": livenessServer,
  hello,
};

export const DEMO_IMAGES: readonly ImageDef[] = [
  {
    names: ["docker.io/hashicorp/http-echo"],
    tags: /^(latest|alpine|0\.2\.[1-3]|1\.0(\.0)?)$/,
    sizeBytes: 3_080_000,
    rootfs: () => rootfs({ "http-echo": { program: "http-echo" } }),
    entrypoint: ["/http-echo"],
    cmd: [],
    env: () => BARE,
    workingDir: "/",
    exposedPorts: ["5678/tcp"],
  },
  {
    names: ["docker.io/traefik/whoami", "docker.io/containous/whoami"],
    tags: /^(latest|v?1(\.\d+){0,2})$/,
    sizeBytes: 2_900_000,
    rootfs: () => rootfs({ whoami: { program: "traefik-whoami" } }),
    entrypoint: ["/whoami"],
    cmd: [],
    env: () => BARE,
    exposedPorts: ["80/tcp"],
  },
  {
    names: ["gcr.io/google-samples/hello-app"],
    tags: /^[12]\.0$/,
    sizeBytes: 11_500_000,
    rootfs: (tag) => rootfs(SKELETON, { "hello-app": { program: `hello-app-${tag}` } }),
    entrypoint: [],
    cmd: ["/hello-app"],
    env: () => ({ ...BARE, PORT: "8080" }),
    exposedPorts: ["8080/tcp"],
  },
  AGNHOST_IMAGE,
  {
    names: ["registry.k8s.io/liveness"],
    tags: /^(latest|v?1(\.\d)?)$/,
    sizeBytes: 1_990_000,
    rootfs: () => rootfs({ server: { program: "liveness-server" } }),
    entrypoint: ["/server"],
    cmd: [],
    env: () => BARE,
  },
  {
    names: ["docker.io/library/hello-world"],
    tags: /^(latest|linux)$/,
    sizeBytes: 10_070,
    rootfs: () => rootfs({ hello: { program: "hello" } }),
    entrypoint: [],
    cmd: ["/hello"],
    env: () => BARE,
  },
];
