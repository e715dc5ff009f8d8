import { call, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import { entriesOf, type Inode } from "../../machine/inode.ts";
import { mayAccess, WRITE } from "../../machine/path.ts";
import type { Process, Program } from "../../machine/process.ts";
import { shortName } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";

const ME = "/docker-entrypoint.sh";
const CONF = "/etc/nginx/conf.d/default.conf";
const IPV6 = "10-listen-on-ipv6-by-default.sh";

/** The image's entrypoint: goes through /docker-entrypoint.d when nginx is what it starts, then becomes its arguments. */
export const nginxEntrypoint: Program = function* (p: Process): Gen<number> {
  const args = p.argv.slice(p.argv.indexOf(ME) + 1);
  const command = args[0] ?? "";
  if (command === "nginx" || command === "nginx-debug") yield* configure(p);
  const path = command.includes("/") ? command : find(p, command);
  if (path === undefined) {
    yield* sys.printError(p, `${ME}: line 47: exec: ${command}: not found\n`);
    return 127;
  }
  try {
    return yield* sys.exec(p, path, args);
  } catch (error) {
    if (!isErrno(error)) throw error;
    yield* sys.printError(p, `${ME}: line 47: ${command}: ${error.message}\n`);
    return error.code === "ENOENT" ? 127 : 126;
  }
};

function find(p: Process, command: string): string | undefined {
  for (const dir of (p.env.get("PATH") ?? "").split(":")) {
    if (sys.find(p, `${dir}/${command}`)?.kind === "file") return `${dir}/${command}`;
  }
  return undefined;
}

function* configure(p: Process): Gen<void> {
  const quiet = p.env.has("NGINX_ENTRYPOINT_QUIET_LOGS");
  const say = function* (text: string): Gen<void> {
    if (!quiet) yield* sys.print(p, `${text}\n`);
  };
  const dir = sys.find(p, "/docker-entrypoint.d");
  const names = dir?.kind === "dir" ? [...entriesOf(dir).keys()].sort() : [];
  if (names.length === 0) {
    yield* say(`${ME}: No files found in /docker-entrypoint.d/, skipping configuration`);
    return;
  }
  yield* say(`${ME}: /docker-entrypoint.d/ is not empty, will attempt to perform configuration`);
  yield* say(`${ME}: Looking for shell scripts in /docker-entrypoint.d/`);
  for (const name of names) {
    const path = `/docker-entrypoint.d/${name}`;
    const node = sys.stat(p, path);
    const runs = (node.mode & 0o111) !== 0;
    if (name.endsWith(".envsh")) {
      yield* say(`${ME}: ${runs ? "Sourcing" : "Ignoring"} ${path}${runs ? "" : ", not executable"}`);
    } else if (name.endsWith(".sh")) {
      yield* say(runs ? `${ME}: Launching ${path}` : `${ME}: Ignoring ${path}, not executable`);
      if (runs) yield* launch(p, name, path, node, say);
    } else yield* say(`${ME}: Ignoring ${path}`);
  }
  yield* say(`${ME}: Configuration complete; ready for start up`);
}

function* launch(p: Process, name: string, path: string, node: Inode, say: (text: string) => Gen<void>): Gen<void> {
  if (name === IPV6) {
    yield* listenOnIpv6(p, say);
    return;
  }
  // The image's other scripts act only on variables and templates that somebody added.
  if (node.kind !== "file" || node.content.size() === 0) return;
  const child = yield* sys.spawn(p, path, { argv: [shortName(path)] });
  yield* call(sys.waitFor(p, child));
}

function* listenOnIpv6(p: Process, say: (text: string) => Gen<void>): Gen<void> {
  const node = sys.find(p, CONF);
  if (node?.kind !== "file") {
    yield* say(`${IPV6}: info: ${CONF} is not a file or does not exist`);
    return;
  }
  const text = sys.readText(p, CONF);
  let writable = mayAccess(node, p.cred, WRITE);
  if (p.ns.mnt.readOnlyAt(CONF)) writable = false;
  if (!writable) {
    yield* say(`${IPV6}: info: can not modify ${CONF} (read-only file system?)`);
    return;
  }
  if (text.includes("listen  [::]:80;") || text.includes("listen  [::]:80 ")) {
    yield* say(`${IPV6}: info: IPv6 listen already enabled`);
    return;
  }
  yield* say(`${IPV6}: info: Getting the checksum of ${CONF}`);
  if (text !== DEFAULT_CONF) {
    yield* say(`${IPV6}: info: ${CONF} differs from the packaged version`);
    return;
  }
  sys.writeText(p, CONF, IPV6_CONF);
  yield* say(`${IPV6}: info: Enabled listen on IPv6 in ${CONF}`);
}

/** conf.d/default.conf as the package installs it, without its commented examples. */
export const DEFAULT_CONF = `server {
    listen       80;
    server_name  localhost;

    #access_log  /var/log/nginx/host.access.log  main;

    location / {
        root   /usr/share/nginx/html;
        index  index.html index.htm;
    }

    #error_page  404              /404.html;

    # redirect server error pages to the static page /50x.html
    #
    error_page   500 502 503 504  /50x.html;
    location = /50x.html {
        root   /usr/share/nginx/html;
    }
}
`;

const IPV6_CONF = DEFAULT_CONF.replace("listen       80;", "listen       80;\n    listen  [::]:80;");
