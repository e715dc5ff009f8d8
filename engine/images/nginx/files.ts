/** What nginx's master does with files. Of a container that nobody has looked at, it knows them from others of its image. */
import { type Errno, isErrno } from "../../machine/errno.ts";
import type { OpenFile } from "../../machine/open-file.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { type Config, ConfigError, readConfig, type Server } from "./config.ts";

/** The image's user `nginx`. */
export const NGINX_UID = 101;

/** Root can write wherever nothing is read-only. */
export const mayPutOff = (p: Process): boolean =>
  p.cred.uid === 0 && p.cwd === "/" && p.umask === 0o022 && !p.ns.mnt.readOnlyRoot;

/** The configuration, where it needs nothing but the image's own files; undefined: it is to be read. */
export function imageConfig(p: Process, file = "/etc/nginx/nginx.conf"): Config | undefined {
  if (p.cred.uid !== 0 || !file.startsWith("/etc/nginx/")) return undefined;
  const config = p.ns.mnt.unseen?.peek("/etc/nginx")?.recall(`nginx ${file}`, (view) => {
    try {
      const read = readConfig(view, file);
      if (includesOwn(sys.readText(view, file)) && read.servers.every(isPlain)) return read;
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
    }
    return "to be read";
  });
  return config === "to be read" ? undefined : config;
}

/** Includes nothing from other directories. */
const includesOwn = (text: string): boolean => !/^\s*include\s+(?!\s|\/etc\/nginx\/)/m.test(text);

/** Has neither certificates nor backends that are to be found. */
const isPlain = ({ listens, locations }: Server): boolean =>
  listens.every(({ ssl }) => !ssl) && locations.every(({ proxy }) => proxy === undefined);

/** A log file by path: the image links them to /dev/stdout and /dev/stderr. */
export function openLog(p: Process, path: string | undefined): OpenFile | undefined {
  if (path === undefined) return undefined;
  if (path === "stderr" || path === "/dev/stderr") return p.fds.get(2);
  const full = path.startsWith("/") ? path : `/etc/nginx/${path}`;
  const linked = (view: Process): number => {
    const link = sys.find(view, full, false);
    if (link?.kind !== "symlink") return 0;
    return link.target === "/dev/stdout" ? 1 : link.target === "/dev/stderr" ? 2 : 0;
  };
  const known = p.cred.uid === 0 ? p.ns.mnt.unseen?.peek(full)?.recall(`log ${full}`, linked) : undefined;
  const descriptor = known || linked(p);
  if (descriptor > 0) return p.fds.get(descriptor);
  try {
    return sys.openFile(p, full, { write: true, append: true, create: true });
  } catch (error) {
    if (isErrno(error)) return undefined;
    throw error;
  }
}

/** Makes the directories for passing data, for the workers' user. The reason when one cannot be. */
export function makeTempPaths(p: Process, config: Config): string | undefined {
  const paths = config.tempPaths.join(":");
  const make = (by: Process): void => {
    for (const path of config.tempPaths) makeTempPath(by, path);
  };
  if (putOff(p, paths, `mkdir ${paths}`, make)) return undefined;
  for (const path of config.tempPaths) {
    try {
      makeTempPath(p, path);
    } catch (error) {
      if (!isErrno(error)) throw error;
      return failure("mkdir()", path, error);
    }
  }
  return undefined;
}

function makeTempPath(p: Process, path: string): void {
  if (sys.find(p, path) !== undefined) return;
  sys.mkdir(p, path, 0o700);
  if (p.cred.uid === 0) sys.stat(p, path).uid = NGINX_UID;
}

/** Writes the master's process number. The reason when it cannot be. */
export function writePid(p: Process, path: string): string | undefined {
  const text = `${p.nsPid}\n`;
  const write = (by: Process): void => sys.writeText(by, path, text, 0o644);
  if (putOff(p, path, `pid ${text} ${path}`, write)) return undefined;
  try {
    write(p);
    return undefined;
  } catch (error) {
    if (!isErrno(error)) throw error;
    return failure("open()", path, error);
  }
}

/** Writes to these paths (with colons between them) once somebody looks; false: it is to be done at once. */
export function putOff(p: Process, paths: string, key: string, write: (by: Process) => void): boolean {
  const { unseen } = p.ns.mnt;
  return unseen !== undefined && mayPutOff(p) && unseen.peek(paths) !== undefined && unseen.putOff(p, key, write);
}

/** What nginx says of a call that failed. */
export function failure(call: string, path: string, { number, message }: Errno): string {
  return `${call} "${path}" failed (${number}: ${message})`;
}
