import { call, cpu, type Gen } from "../../kernel/index.ts";
import { COST } from "../../machine/costs.ts";
import { isErrno } from "../../machine/errno.ts";
import { entriesOf, type Inode } from "../../machine/inode.ts";
import { mayAccess, WRITE } from "../../machine/path.ts";
import type { Process, Program } from "../../machine/process.ts";
import { shortName } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { mayPutOff, putOff } from "./files.ts";

const ME = "/docker-entrypoint.sh";
const CONF = "/etc/nginx/conf.d/default.conf";
const IPV6 = "10-listen-on-ipv6-by-default.sh";

const SCRIPTS = "/docker-entrypoint.d";
/** What the entrypoint looks at or writes to. */
const LOOKED_AT = `${SCRIPTS}:/etc/nginx`;

/** The image's entrypoint: goes through /docker-entrypoint.d when nginx is what it starts, then becomes its arguments. */
export const nginxEntrypoint: Program = function* (p: Process): Gen<number> {
  const args = p.argv.slice(p.argv.indexOf(ME) + 1);
  const command = args[0] ?? "";
  if (command === "nginx" || command === "nginx-debug") {
    const rehearsal = rehearsed(p);
    if (rehearsal === undefined)
      yield* configure(p, { say: saying(p), rewrite: (text) => sys.writeText(p, CONF, text) });
    else yield* perform(p, rehearsal);
  }
  const known = command.includes("/") ? undefined : executableOf(p, command, args);
  const path = known?.path ?? (command.includes("/") ? command : find(p, command));
  if (path === undefined) {
    yield* sys.printError(p, `${ME}: line 47: exec: ${command}: not found\n`);
    return 127;
  }
  try {
    return yield* sys.exec(p, path, args, undefined, known);
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

/** What `find` finds in a container that nobody has looked at: a program, the same in all of its image. */
function executableOf(p: Process, command: string, argv: readonly string[]): sys.Executable | undefined {
  const path = p.env.get("PATH") ?? "";
  const found = p.cred.uid === 0 ? p.ns.mnt.unseen?.peek(path) : undefined;
  const known = found?.recall(`entrypoint ${path} ${command}`, (view) => {
    try {
      const at = find({ ...view, env: p.env } as Process, command);
      const one = at === undefined ? undefined : sys.executable(view, at, argv);
      return one?.argv === argv ? one : "to be looked at";
    } catch (error) {
      if (!isErrno(error)) throw error;
      return "to be looked at";
    }
  });
  return known === undefined || known === "to be looked at" ? undefined : { ...known, argv };
}

/** What comes of going through the scripts. */
interface Configuring {
  say(text: string): Gen<void>;
  /** Gives default.conf another text. */
  rewrite(text: string): void;
  /** Undefined: starts it. */
  launch?(path: string): void;
}

const isQuiet = (p: Process): boolean => p.env.has("NGINX_ENTRYPOINT_QUIET_LOGS");

function saying(p: Process): Configuring["say"] {
  const quiet = isQuiet(p);
  return function* (text) {
    if (!quiet) yield* sys.print(p, `${text}\n`);
  };
}

/** What the image's own scripts say and do in every container with the image's own files. */
interface Rehearsal {
  readonly said: readonly string[];
  readonly text: string;
  readonly rewritten: string | undefined;
}

function rehearsed(p: Process): Rehearsal | undefined {
  if (!mayPutOff(p)) return undefined;
  const found = p.ns.mnt.unseen?.peek(LOOKED_AT)?.recall("nginx's entrypoint", rehearse);
  return found === "launches" ? undefined : found;
}

function rehearse(view: Process): Rehearsal | "launches" {
  const said: string[] = [];
  let rewritten: string | undefined;
  let launches = false;
  const say = function* (text: string): Gen<void> {
    said.push(text);
  };
  const rewrite = (text: string): void => void (rewritten = text);
  for (const _ of configure(view, { say, rewrite, launch: () => void (launches = true) }));
  return launches ? "launches" : { said, text: said.map((line) => `${line}\n`).join(""), rewritten };
}

/** Does what was rehearsed; the file is written when somebody looks at it. */
function* perform(p: Process, { said, text, rewritten }: Rehearsal): Gen<void> {
  if (p.fds.get(1)?.lines === undefined) for (const line of said) yield* saying(p)(line);
  else if (!isQuiet(p)) {
    yield* cpu(COST.io * (said.length - 1));
    yield* sys.print(p, text);
  }
  if (rewritten === undefined) return;
  const write = (by: Process): void => sys.writeText(by, CONF, rewritten);
  if (!putOff(p, CONF, "nginx's entrypoint", write)) write(p);
}

function* configure(p: Process, doing: Configuring): Gen<void> {
  const { say } = doing;
  const dir = sys.find(p, SCRIPTS);
  const names = dir?.kind === "dir" ? [...entriesOf(dir).keys()].sort() : [];
  if (names.length === 0) {
    yield* say(`${ME}: No files found in ${SCRIPTS}/, skipping configuration`);
    return;
  }
  yield* say(`${ME}: ${SCRIPTS}/ is not empty, will attempt to perform configuration`);
  yield* say(`${ME}: Looking for shell scripts in ${SCRIPTS}/`);
  for (const name of names) {
    const path = `${SCRIPTS}/${name}`;
    const node = sys.stat(p, path);
    const runs = (node.mode & 0o111) !== 0;
    if (name.endsWith(".envsh")) {
      yield* say(`${ME}: ${runs ? "Sourcing" : "Ignoring"} ${path}${runs ? "" : ", not executable"}`);
    } else if (name.endsWith(".sh")) {
      yield* say(runs ? `${ME}: Launching ${path}` : `${ME}: Ignoring ${path}, not executable`);
      if (runs) yield* launch(p, name, path, node, doing);
    } else yield* say(`${ME}: Ignoring ${path}`);
  }
  yield* say(`${ME}: Configuration complete; ready for start up`);
}

function* launch(p: Process, name: string, path: string, node: Inode, doing: Configuring): Gen<void> {
  if (name === IPV6) {
    yield* listenOnIpv6(p, doing);
    return;
  }
  // The image's other scripts act only on variables and templates that somebody added.
  if (node.kind !== "file" || node.content.size() === 0) return;
  if (doing.launch !== undefined) return doing.launch(path);
  const child = yield* sys.spawn(p, path, { argv: [shortName(path)] });
  yield* call(sys.waitFor(p, child));
}

function* listenOnIpv6(p: Process, { say, rewrite }: Configuring): Gen<void> {
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
  rewrite(IPV6_CONF);
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
