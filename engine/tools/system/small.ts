/** Small programs that scripts call: whereis, fallocate, mknod, getconf, uuidgen, locale, run-parts. */
import { isErrno } from "../../machine/errno.ts";
import { exitCode } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { parseSize } from "../text/input.ts";
import { Fatal, quote, tool, UsageError } from "../tool.ts";

const VERSION = "util-linux 2.38.1";

/** whereis(1): programs where they usually lie, and configuration of that name. */
export const whereis = tool(
  {
    name: "whereis",
    usage: "[options] [-BMS <dir>... -f] <name>",
    about: "",
    version: `whereis from ${VERSION}`,
    short: "bBmMsSuflg",
  },
  function* (t, o) {
    const places = ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/etc", "/usr/lib", "/usr/share"];
    for (const given of o.operands) {
      const name = given.slice(given.lastIndexOf("/") + 1);
      const hits = places.map((dir) => `${dir}/${name}`).filter((path) => sys.find(t.p, path) !== undefined);
      t.out.add(`${name}:${hits.map((path) => ` ${path}`).join("")}\n`);
    }
    return 0;
  },
);

/** fallocate(1). */
export const fallocate = tool(
  {
    name: "fallocate",
    usage: "[options] <filename>",
    about: "",
    version: `fallocate from ${VERSION}`,
    short: "cdil:no:pzvx",
    long: "length:=l offset:=o keep-size=n verbose=v",
  },
  function* (t, o) {
    const [path, extra] = o.operands;
    const text = o.value("l");
    if (path === undefined) throw new UsageError("no filename specified");
    if (extra !== undefined) throw new UsageError("unexpected number of arguments");
    if (text === undefined) throw new UsageError("no length argument specified");
    const size = parseSize(text.replace(/i?B$/, ""));
    if (size === undefined || size === 0) throw new Fatal(`invalid length value specified`);
    try {
      const fd = sys.open(t.p, path, { write: true, create: true });
      const node = sys.file(t.p, fd).node;
      if (size > (t.p.limits.fsize ?? size)) throw new Fatal("fallocate failed: File too large");
      try {
        if (node?.kind === "file" && node.content.size() < size) sys.resize(t.p, node, size);
      } catch (error) {
        if (!isErrno(error)) throw error;
        throw new Fatal(`fallocate failed: ${error.message}`);
      }
      t.close(fd);
      return 0;
    } catch (error) {
      if (!isErrno(error)) throw error;
      throw new Fatal(`cannot open ${path}: ${error.message}`);
    }
  },
);

/** mknod(1): named pipes; devices are the kernel's here. */
export const mknod = tool(
  {
    name: "mknod",
    usage: "[OPTION]... NAME TYPE [MAJOR MINOR]",
    about: "Create the special file NAME of the given TYPE.",
    short: "m:Z",
    long: "mode:=m",
  },
  function* (t, o) {
    const [path, type, major, minor] = o.operands;
    if (path === undefined) throw new UsageError("missing operand");
    if (type === undefined) throw new UsageError(`missing operand after ${quote(path)}`);
    if (type[0] !== "p" && (major === undefined || minor === undefined)) {
      const more = major === undefined ? "\nSpecial files require major and minor device numbers." : "";
      throw new UsageError(`missing operand after ${quote(o.operands.at(-1)!)}${more}`);
    }
    if (!/^[bcup]/.test(type)) throw new UsageError(`invalid device type ${quote(type)}`);
    if (type[0] === "p" && major !== undefined)
      throw new UsageError(`extra operand ${quote(major)}\nFifos do not have major and minor device numbers.`);
    if (type[0] !== "p") throw new Fatal(`${path}: Operation not permitted`);
    if (sys.find(t.p, path, false) !== undefined) throw new Fatal(`${path}: File exists`);
    const mode = o.has("m") ? ["-m", o.value("m")!] : [];
    const child = yield* sys.spawn(t.p, "/usr/bin/mkfifo", { argv: ["mkfifo", ...mode, path] });
    return exitCode((yield* sys.waitFor(t.p, child))!.status);
  },
);

/** getconf(1): the values that scripts ask for. */
export const getconf = tool(
  {
    name: "getconf",
    usage: "[-v specification] variable_name [pathname]",
    about: "",
    version: "getconf (Debian GLIBC 2.36-9+deb12u10) 2.36",
    short: "v:a",
  },
  function* (t, o) {
    const { cpus, memoryKib } = t.p.machine.hardware;
    const values: Record<string, string | number> = {
      PAGE_SIZE: 4096,
      PAGESIZE: 4096,
      _NPROCESSORS_ONLN: cpus,
      _NPROCESSORS_CONF: cpus,
      NPROCESSORS_ONLN: cpus,
      _PHYS_PAGES: Math.floor(memoryKib / 4),
      ARG_MAX: 2_097_152,
      PATH_MAX: 4096,
      NAME_MAX: 255,
      OPEN_MAX: 1024,
      CLK_TCK: 100,
      LONG_BIT: 64,
      HOST_NAME_MAX: 64,
      CHILD_MAX: 15_592,
      GNU_LIBC_VERSION: "glibc 2.36",
      PATH: "/bin:/usr/bin",
    };
    if (o.has("a")) {
      for (const [name, value] of Object.entries(values)) t.out.add(`${name.padEnd(34)} ${value}\n`);
      return 0;
    }
    const [name] = o.operands;
    if (name === undefined) {
      yield* sys.printError(
        t.p,
        "Usage: getconf [-v specification] variable_name [pathname]\n       getconf -a [pathname]\n",
      );
      return 2;
    }
    if (values[name] === undefined) {
      yield* sys.printError(t.p, `getconf: Unrecognized variable \`${name}'\n`);
      return 2;
    }
    t.out.add(`${values[name]}\n`);
    return 0;
  },
);

/** uuidgen(1). */
export const uuidgen = tool(
  {
    name: "uuidgen",
    usage: "[options]",
    about: "",
    version: `uuidgen from ${VERSION}`,
    short: "rtn:N:msx",
    long: "random=r time=t",
  },
  function* (t) {
    const hex = t.p.machine.kernel.random("uuidgen").hex(32);
    const variant = "89ab"[Number.parseInt(hex[16]!, 16) & 3];
    t.out.add(
      `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}\n`,
    );
    return 0;
  },
);

const CATEGORIES = [
  "CTYPE",
  "NUMERIC",
  "TIME",
  "COLLATE",
  "MONETARY",
  "MESSAGES",
  "PAPER",
  "NAME",
  "ADDRESS",
  "TELEPHONE",
  "MEASUREMENT",
  "IDENTIFICATION",
];

/** locale(1). */
export const locale = tool(
  {
    name: "locale",
    usage: "[OPTION...] NAME\n  or:  locale [OPTION...] [-a|-m]",
    about: "",
    version: "locale (Debian GLIBC 2.36-9+deb12u10) 2.36",
    short: "acmkv",
    long: "all-locales=a charmaps=m",
  },
  function* (t, o) {
    if (o.has("a")) {
      t.out.add("C\nC.utf8\nPOSIX\n");
      return 0;
    }
    if (o.operands[0] === "charmap") {
      t.out.add("UTF-8\n");
      return 0;
    }
    const { env } = t.p;
    const lang = env.get("LANG") ?? "";
    const all = env.get("LC_ALL") ?? "";
    t.out.add(`LANG=${lang}\nLANGUAGE=${env.get("LANGUAGE") ?? ""}\n`);
    for (const name of CATEGORIES) {
      const own = env.get(`LC_${name}`);
      t.out.add(all === "" && own !== undefined ? `LC_${name}=${own}\n` : `LC_${name}="${all || lang || "POSIX"}"\n`);
    }
    t.out.add(`LC_ALL=${all}\n`);
    return 0;
  },
);

/** run-parts(8): the programs of a directory, as cron runs cron.daily. */
export const runParts = tool(
  {
    name: "run-parts",
    usage: "[OPTION]... DIRECTORY",
    about: "",
    version: "Debian run-parts program, version 5.7",
    short: "va:u:",
    long: "test list report verbose=v arg:=a umask:=u exit-on-error regex: reverse",
  },
  function* (t, o) {
    const dir = o.operands[0];
    if (dir === undefined) throw new Fatal("missing operand");
    const node = sys.find(t.p, dir);
    if (node === undefined) throw new Fatal(`failed to open directory ${dir}: No such file or directory`);
    for (const name of [...sys.readDir(t.p, dir).keys()].sort()) {
      if (!/^[a-zA-Z0-9_-]+$/.test(name)) continue;
      const path = `${dir.replace(/\/$/, "")}/${name}`;
      const file = sys.find(t.p, path);
      if (file?.kind !== "file" || (file.mode & 0o111) === 0) continue;
      if (o.has("test", "list")) {
        t.out.add(`${path}\n`);
        continue;
      }
      if (o.has("v")) yield* sys.printError(t.p, `run-parts: executing ${path}\n`);
      yield* t.out.flush();
      const child = yield* sys.spawn(t.p, path, { argv: [path, ...o.values("a")] });
      const code = exitCode((yield* sys.waitFor(t.p, child))!.status);
      if (code !== 0) yield* t.error(`${path} exited with return code ${code}`);
    }
    return t.status;
  },
);
