import { alpineTree } from "../alpine.ts";
import { debianTree } from "../debian.ts";
import type { ImageDef } from "../image.ts";
import { DEFAULT_PATH, type Entry, rootfs, SKELETON } from "../rootfs.ts";
import { DEFAULT_CONF } from "./entrypoint.ts";

export const NGINX_CONF = `
user  nginx;
worker_processes  auto;

error_log  /var/log/nginx/error.log notice;
pid        /run/nginx.pid;


events {
    worker_connections  1024;
}


http {
    include       /etc/nginx/mime.types;
    default_type  application/octet-stream;

    log_format  main  '$remote_addr - $remote_user [$time_local] "$request" '
                      '$status $body_bytes_sent "$http_referer" '
                      '"$http_user_agent" "$http_x_forwarded_for"';

    access_log  /var/log/nginx/access.log  main;

    sendfile        on;
    #tcp_nopush     on;

    keepalive_timeout  65;

    #gzip  on;

    include /etc/nginx/conf.d/*.conf;
}
`;

const INDEX = `<!DOCTYPE html>
<html>
<head>
<title>Welcome to nginx!</title>
<style>
html { color-scheme: light dark; }
body { width: 35em; margin: 0 auto;
font-family: Tahoma, Verdana, Arial, sans-serif; }
</style>
</head>
<body>
<h1>Welcome to nginx!</h1>
<p>If you see this page, the nginx web server is successfully installed and
working. Further configuration is required.</p>

<p>For online documentation and support please refer to
<a href="http://nginx.org/">nginx.org</a>.<br/>
Commercial support is available at
<a href="http://nginx.com/">nginx.com</a>.</p>

<p><em>Thank you for using nginx.</em></p>
</body>
</html>
`;

const ERROR_PAGE = `<!DOCTYPE html>
<html>
<head>
<title>Error</title>
</head>
<body>
<h1>An error occurred.</h1>
<p>Sorry, the page you are looking for is currently unavailable.<br/>
Please try again later.</p>
</body>
</html>
`;

/** What the other tags stand on. */
function debianBase(): Record<string, Entry> {
  return { ...debianTree({ name: "nginx", uid: 101 }), "usr/bin/curl": { program: "curl" } };
}

/** What `-alpine` tags stand on: BusyBox, and curl besides. */
function alpineBase(): Record<string, Entry> {
  const base = alpineTree("3.21.3");
  return {
    ...base,
    "etc/passwd": `${base["etc/passwd"] as string}nginx:x:101:101:nginx:/var/cache/nginx:/sbin/nologin\n`,
    "etc/group": `${base["etc/group"] as string}nginx:x:101:nginx\n`,
    "usr/bin/curl": { program: "curl" },
  };
}

function version(tag: string): string {
  const found = /^(\d+\.\d+)(\.\d+)?/.exec(tag);
  if (found === null) return tag.startsWith("stable") ? "1.26.3" : "1.27.4";
  if (found[2] !== undefined) return found[0];
  return { "1.27": "1.27.4", "1.26": "1.26.3", "1.25": "1.25.5", "1.24": "1.24.0" }[found[1]!] ?? `${found[1]}.2`;
}

/** Files of the image; those of `-alpine` tags stand on BusyBox. */
export function nginxTree(alpine: boolean): readonly Readonly<Record<string, Entry>>[] {
  return [SKELETON, alpine ? alpineBase() : debianBase(), NGINX_FILES];
}

const NGINX_FILES: Readonly<Record<string, Entry>> = {
  "docker-entrypoint.sh": { program: "nginx-entrypoint" },
  "docker-entrypoint.d/10-listen-on-ipv6-by-default.sh": { text: "", mode: 0o755 },
  "docker-entrypoint.d/15-local-resolvers.envsh": { text: "", mode: 0o755 },
  "docker-entrypoint.d/20-envsubst-on-templates.sh": { text: "", mode: 0o755 },
  "docker-entrypoint.d/30-tune-worker-processes.sh": { text: "", mode: 0o755 },
  "etc/nginx/nginx.conf": NGINX_CONF,
  "etc/nginx/conf.d/default.conf": DEFAULT_CONF,
  "etc/nginx/mime.types":
    "\ntypes {\n    text/html                                        html htm shtml;\n" +
    "    text/css                                         css;\n    application/javascript                           js;\n}\n",
  run: { dir: 0o755 },
  "usr/sbin/nginx": { program: "nginx" },
  "usr/share/nginx/html/index.html": INDEX,
  "usr/share/nginx/html/50x.html": ERROR_PAGE,
  "var/cache/nginx": { dir: 0o755 },
  "var/log/nginx/access.log": { link: "/dev/stdout" },
  "var/log/nginx/error.log": { link: "/dev/stderr" },
};

export const nginx: ImageDef = {
  names: ["docker.io/library/nginx"],
  tags: /^((latest|mainline|stable|1|1\.([7-9]|1\d|2[0-9])(\.\d{1,2})?)(-(alpine|bookworm|trixie|bullseye|perl|otel|alpine-(slim|perl|otel)))?|alpine(-(slim|perl|otel))?|perl)$/,
  sizeBytes: 72_060_000,
  sizes: {
    latest: 72_080_558,
    "1.27": 72_080_558,
    "1.27.4": 72_080_558,
    alpine: 20_534_112,
    "1.27-alpine": 20_534_112,
    "1.14.2": 44_710_204,
  },
  rootfs: (tag) => rootfs(...nginxTree(tag.includes("alpine"))),
  entrypoint: ["/docker-entrypoint.sh"],
  cmd: ["nginx", "-g", "daemon off;"],
  env: (tag) => ({
    PATH: DEFAULT_PATH,
    NGINX_VERSION: version(tag),
    NJS_VERSION: "0.8.9",
    ...(tag.includes("alpine")
      ? { NJS_RELEASE: "1", PKG_RELEASE: "1", DYNPKG_RELEASE: "1" }
      : { NJS_RELEASE: "1~bookworm", PKG_RELEASE: "1~bookworm", DYNPKG_RELEASE: "1~bookworm" }),
  }),
  exposedPorts: ["80/tcp"],
  stopSignal: "QUIT",
};
