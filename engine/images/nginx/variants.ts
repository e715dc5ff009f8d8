import type { ImageDef } from "../image.ts";
import { type Entry, rootfs } from "../rootfs.ts";
import { DEFAULT_CONF } from "./entrypoint.ts";
import { NGINX_CONF, nginx, nginxTree } from "./index.ts";

interface Variant {
  names: readonly string[];
  /** The page of `/`; nginx's own by default. */
  index?: string;
  listen?: number;
  user?: string;
  /** What the image has besides. */
  files?: Readonly<Record<string, Entry>>;
  /** Its tags stand on Alpine. */
  alpine?: boolean;
}

/** nginx under another name: the same program, files and configuration, and what makes that image another one. */
function variant({ names, index, listen, user, files = {}, alpine = false }: Variant): ImageDef {
  return {
    ...nginx,
    names,
    tags: /^(latest|stable|mainline|alpine|v?\d[\w.+-]*|[a-z]+)$/,
    sizes: {},
    rootfs: (tag) =>
      rootfs(
        ...nginxTree(alpine || tag.includes("alpine")),
        index === undefined ? {} : { "usr/share/nginx/html/index.html": index },
        listen === undefined
          ? {}
          : { "etc/nginx/conf.d/default.conf": DEFAULT_CONF.replace("listen       80;", `listen       ${listen};`) },
        // A user who may not write /run keeps the process's number elsewhere.
        user === undefined
          ? {}
          : {
              "etc/nginx/nginx.conf": NGINX_CONF.replace("user  nginx;\n", "")
                .replace("/run/nginx.pid", "/tmp/nginx.pid")
                .replace("http {\n", `http {\n${UNPRIVILEGED}`),
            },
        files,
      ),
    entrypoint: [],
    ...(user !== undefined && { user }),
    ...(listen !== undefined && { exposedPorts: [`${listen}/tcp`] }),
  };
}

/** Where another user than root may pass data. */
const UNPRIVILEGED = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
  .map((name) => `    ${name}_temp_path /tmp/${name === "client_body" ? "client" : name}_temp;\n`)
  .join("");

const tools = (...names: readonly string[]): Record<string, Entry> =>
  Object.fromEntries(names.map((name) => [`usr/bin/${name}`, { program: name }]));

const page = (body: string): string => `<!DOCTYPE html>\n<html>\n<body>\n${body}\n</body>\n</html>\n`;

export const NGINX_VARIANTS: readonly ImageDef[] = [
  variant({ names: ["registry.k8s.io/nginx-slim", "registry.k8s.io/e2e-test-images/nginx"] }),
  variant({ names: ["docker.io/nginxinc/nginx-unprivileged"], listen: 8080, user: "101" }),
  variant({ names: ["docker.io/bprashanth/nginxhttps"] }),
  variant({ names: ["docker.io/bitnami/nginx"], listen: 8080, user: "1001" }),
  variant({
    names: ["docker.io/stacksimplify/kubenginx", "docker.io/stacksimplify/kube-frontend-nginx"],
    index: page("<h1>Welcome to Stack Simplify</h1>"),
  }),
  variant({
    names: ["docker.io/wbitt/network-multitool", "docker.io/praqma/network-multitool"],
    alpine: true,
    index: "WBITT Network MultiTool (with NGINX) (Formerly praqma/network-multitool)\n",
    files: tools(
      ...[
        "bash",
        "curl",
        "dig",
        "host",
        "ip",
        "jq",
        "nc",
        "nslookup",
        "openssl",
        "ping",
        "ss",
        "tcpdump",
        "traceroute",
      ],
    ),
  }),
];
