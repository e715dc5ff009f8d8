/** tree(1) of Debian, version 2.1. BusyBox has one of its own. */
import { cpu, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import { entriesOf, type Inode } from "../../machine/inode.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { groupName, userName } from "../../machine/users.ts";
import { localZone } from "../../machine/zone.ts";
import { globRegex } from "../../text/glob.ts";
import { modeString } from "../../text/mode.ts";
import { strftime } from "../../text/time.ts";
import { Output } from "../io.ts";
import { human, sizeOf } from "./ls-view.ts";

const USAGE = `usage: tree [-acdfghilnpqrstuvxACDFJQNSUX] [-L level [-R]] [-H  baseHREF]
	[-T title] [-o filename] [-P pattern] [-I pattern] [--gitignore]
	[--gitfile[=]file] [--matchdirs] [--metafirst] [--ignore-case]
	[--nolinks] [--hintro[=]file] [--houtro[=]file] [--inodes] [--device]
	[--sort[=]<name>] [--dirsfirst] [--filesfirst] [--filelimit #] [--si]
	[--du] [--prune] [--charset[=]X] [--timefmt[=]format] [--fromfile]
	[--fflinks] [--info] [--infofile[=]file] [--noreport] [--version]
	[--help] [--] [directory ...]
`;

/** Ends with a message. */
class Refusal extends Error {}

interface Options {
  /** Letters and long names that were given. */
  has: ReadonlySet<string>;
  value: ReadonlyMap<string, string>;
  level: number;
  show: readonly ((name: string) => boolean)[];
  hide: readonly ((name: string) => boolean)[];
  sort: string;
  lines: { branch: string; last: string; bar: string; none: string };
  operands: string[];
}

const VALUED = new Set(["L", "P", "I", "o", "H", "T"]);
const LONG_VALUED = new Set(["filelimit", "timefmt", "charset", "sort", "gitfile", "infofile", "hintro", "houtro"]);
const LONG = new Set(
  "ignore-case matchdirs metafirst prune info noreport si du inodes device dirsfirst filesfirst nolinks fromfile fflinks gitignore version help".split(
    " ",
  ),
);
const UTF8 = { branch: "├── ", last: "└── ", bar: "│\u00a0\u00a0 ", none: "    " };
const ASCII = { branch: "|-- ", last: "`-- ", bar: "|   ", none: "    " };

function parse(p: Process, args: readonly string[]): Options {
  const has = new Set<string>();
  const value = new Map<string, string>();
  const lists: Record<string, string[]> = { P: [], I: [] };
  const operands: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    const next = (what: string): string => {
      if (i + 1 >= args.length) throw new Refusal(`tree: missing argument to ${what}\n`);
      return args[++i]!;
    };
    if (arg === "--") {
      operands.push(...args.slice(i + 1));
      break;
    }
    if (arg.startsWith("--")) {
      const [name = "", given] = arg.slice(2).split(/=(.*)/s);
      if (LONG_VALUED.has(name)) value.set(name, given ?? next(`--${name}`));
      else if (LONG.has(name)) has.add(name);
      else throw new Refusal(`tree: Invalid argument \`${arg}'.\n${USAGE}`);
    } else if (arg.startsWith("-") && arg.length > 1) {
      for (const letter of arg.slice(1)) {
        if (VALUED.has(letter)) {
          const text = next(`-${letter} option.`);
          if (letter === "P" || letter === "I") lists[letter]!.push(text);
          else value.set(letter, text);
        } else if ("acdfghilnpqrstuvxACDFJQNSUXR".includes(letter)) has.add(letter);
        else throw new Refusal(`tree: Invalid argument -\`${letter}'.\n${USAGE}`);
      }
    } else operands.push(arg);
  }
  const level = value.get("L");
  if (level !== undefined && !(Number.parseInt(level, 10) > 0))
    throw new Refusal("tree: Invalid level, must be greater than 0.\n");
  const matchers = (texts: readonly string[]) =>
    texts
      .flatMap((text) => text.split("|"))
      .map((pattern) => {
        const regex = globRegex(pattern.replace(/\/$/, ""), { ignoreCase: has.has("ignore-case") });
        return (name: string) => regex.test(name);
      });
  const locale = p.env.get("LC_ALL") || p.env.get("LC_CTYPE") || p.env.get("LANG") || "";
  const utf8 = value.has("charset") ? /utf-?8/i.test(value.get("charset")!) : /utf-?8/i.test(locale);
  return {
    has,
    value,
    level: level === undefined ? Number.POSITIVE_INFINITY : Number.parseInt(level, 10),
    show: matchers(lists["P"]!),
    hide: matchers(lists["I"]!),
    sort: value.get("sort") ?? (has.has("t") ? "mtime" : has.has("c") ? "ctime" : has.has("v") ? "version" : "name"),
    lines: utf8 ? UTF8 : ASCII,
    operands: operands.length > 0 ? operands : ["."],
  };
}

/** A file as the tree has it; `below` undefined where it is not looked into. */
interface Branch {
  name: string;
  path: string;
  node: Inode;
  /** A link's target. */
  target: string | undefined;
  /** What it is in the end: through a link. */
  directory: boolean;
  size: number;
  below: Branch[] | undefined;
  note: string;
}

class Tree {
  private readonly p: Process;
  private readonly o: Options;
  directories = 0;
  files = 0;
  /** A first root was looked into: it counts, others that follow do not. */
  private opened = false;
  /** Directories that were entered. */
  private readonly seen = new Set<number>();

  constructor(p: Process, o: Options) {
    this.p = p;
    this.o = o;
  }

  /** Undefined when it cannot be opened. */
  *root(name: string): Gen<Branch | undefined> {
    const node = sys.find(this.p, name);
    if (node?.kind !== "dir") {
      if (node !== undefined) this.files++;
      return undefined;
    }
    const root: Branch = {
      name,
      path: name,
      node,
      target: undefined,
      directory: true,
      size: 4096,
      below: [],
      note: "",
    };
    const first = !this.opened;
    this.opened = true;
    this.seen.add(node.ino);
    yield* this.fill(root, 1, false);
    // One with nothing in it is not counted.
    if (first && root.below?.length !== 0) this.directories++;
    return root;
  }

  private *fill(branch: Branch, depth: number, whole: boolean): Gen {
    const { o } = this;
    const node = sys.find(this.p, branch.path);
    if (node?.kind !== "dir") return;
    yield* cpu(20);
    let entries: [string, Inode][];
    try {
      sys.readDir(this.p, branch.path);
      entries = [...entriesOf(node)];
    } catch (error) {
      if (!isErrno(error)) throw error;
      branch.note = "  [error opening dir]";
      return;
    }
    const out: Branch[] = [];
    for (const [name, found] of entries) {
      if (name.startsWith(".") && !o.has.has("a")) continue;
      if (o.hide.some((test) => test(name))) continue;
      const path = branch.path === "/" ? `/${name}` : `${branch.path}/${name}`;
      const target = found.kind === "symlink" ? found.target : undefined;
      const end = found.kind === "symlink" ? sys.find(this.p, path) : found;
      const directory = end?.kind === "dir";
      if (o.has.has("d") && !directory) continue;
      const patterned = !whole && o.show.length > 0 && (!directory || (target !== undefined && !o.has.has("l")));
      if (patterned && !o.show.some((test) => test(name))) continue;
      out.push({ name, path, node: found, target, directory, size: sizeOf(found), below: undefined, note: "" });
    }
    const limit = Number(o.value.get("filelimit") ?? 0);
    if (limit > 0 && out.length > limit) {
      branch.note = `  [${out.length} entries exceeds filelimit, not opening dir]`;
      branch.below = undefined;
      return;
    }
    for (const one of this.sorted(out)) {
      if (!one.directory || (one.target !== undefined && !o.has.has("l"))) continue;
      const { ino } = sys.find(this.p, one.path)!;
      if (one.target !== undefined && this.seen.has(ino)) one.note = "  [recursive, not followed]";
      else if (depth < o.level) {
        one.below = [];
        this.seen.add(ino);
        yield* this.fill(one, depth + 1, whole || (o.has.has("matchdirs") && o.show.some((test) => test(one.name))));
        if (o.has.has("du")) one.size += one.below?.reduce((sum, { size }) => sum + size, 0) ?? 0;
      }
    }
    const kept = o.has.has("prune")
      ? out.filter((one) => !one.directory || one.target !== undefined || (one.below?.length ?? 0) > 0)
      : out;
    branch.below = this.sorted(kept);
    if (depth === 1 && o.has.has("du")) branch.size += kept.reduce((sum, { size }) => sum + size, 0);
  }

  private sorted(branches: Branch[]): Branch[] {
    const { has, sort } = this.o;
    if (has.has("U")) return branches;
    const byName = (a: Branch, b: Branch) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
    const order = (a: Branch, b: Branch): number => {
      if (sort === "mtime") return a.node.mtime - b.node.mtime || byName(a, b);
      if (sort === "ctime") return a.node.ctime - b.node.ctime || byName(a, b);
      if (sort === "size") return b.size - a.size || byName(a, b);
      return byName(a, b);
    };
    const first = has.has("dirsfirst") ? -1 : has.has("filesfirst") ? 1 : 0;
    return branches.sort((a, b) => {
      if (first !== 0 && a.directory !== b.directory) return a.directory ? first : -first;
      return has.has("r") ? -order(a, b) : order(a, b);
    });
  }

  /** What stands in brackets before a name. */
  private facts({ node, size }: Branch): string {
    const { o, p } = this;
    const { has, value } = o;
    const parts: string[] = [];
    if (has.has("inodes")) parts.push(String(node.ino).padStart(7));
    if (has.has("device")) parts.push("254");
    if (has.has("p")) parts.push(modeString(node));
    if (has.has("u")) parts.push(userName(p.ns.mnt, node.uid).slice(0, 32).padEnd(8));
    if (has.has("g")) parts.push(groupName(p.ns.mnt, node.gid).slice(0, 32).padEnd(8));
    const readable = has.has("h") || has.has("si");
    if (has.has("s") || readable || has.has("du"))
      parts.push(readable ? rounded(size, has.has("si")).padStart(4) : String(size).padStart(11));
    if (has.has("D") || value.has("timefmt")) {
      const { kernel } = p.machine;
      const at = (kernel.epochMs * 1000 + node.mtime) / 1_000_000;
      const recent = kernel.wallMs / 1000 - at < 31_556_952 / 2;
      parts.push(
        strftime(value.get("timefmt") ?? (recent ? "%b %e %H:%M" : "%b %e  %Y"), localZone(p).calendar(Math.floor(at))),
      );
    }
    return parts.length > 0 ? `[${parts.join(" ")}]  ` : "";
  }

  private named(branch: Branch, root: boolean): string {
    const { has } = this.o;
    const text = has.has("f") && !root ? branch.path : branch.name;
    let out = has.has("Q") ? `"${text}"` : text;
    if (has.has("C")) out = `\x1b[${colour(branch)}m${out}\x1b[0m`;
    const mark = (node: Inode | undefined): string => {
      if (!has.has("F") || node === undefined) return "";
      if (node.kind === "dir") return "/";
      if (node.kind === "fifo") return "|";
      if (node.kind === "socket") return "=";
      return node.kind === "file" && (node.mode & 0o111) !== 0 ? "*" : "";
    };
    if (branch.target !== undefined)
      return `${out} -> ${has.has("Q") ? `"${branch.target}"` : branch.target}${mark(sys.find(this.p, branch.path))}`;
    return out + mark(branch.node);
  }

  /** The lines of a root and all below. */
  text(root: Branch): string {
    const { lines, has } = this.o;
    let out = `${this.facts(root)}${this.named(root, true)}${root.note}\n`;
    const visit = (branches: readonly Branch[], before: string): void => {
      branches.forEach((one, i) => {
        const last = i === branches.length - 1;
        if (one.directory) this.directories++;
        else this.files++;
        const lead = has.has("i") ? "" : before + (last ? lines.last : lines.branch);
        out += `${lead}${this.facts(one)}${this.named(one, false)}${one.note}\n`;
        if (one.below) visit(one.below, before + (last ? lines.none : lines.bar));
      });
    };
    visit(root.below ?? [], "");
    return out;
  }

  json(root: Branch, indent = "  "): string {
    if (indent !== "  ") this.count(root);
    const quoted = JSON.stringify(indent === "  " || !this.o.has.has("f") ? root.name : root.path);
    const kind = root.target !== undefined ? "link" : root.directory ? "directory" : KINDS[root.node.kind];
    const target = root.target === undefined ? "" : `,"target":${JSON.stringify(root.target)}`;
    const head = `${indent}{"type":"${kind}","name":${quoted}${target}`;
    if (!root.below || root.below.length === 0) return `${head}}`;
    const inner = root.below.map((one) => this.json(one, `${indent}  `)).join(",\n");
    return `${head},"contents":[\n${inner}\n${indent}]}`;
  }

  xml(root: Branch, indent = "  "): string {
    if (indent !== "  ") this.count(root);
    const tag = root.target !== undefined ? "link" : root.directory ? "directory" : KINDS[root.node.kind]!;
    const text = (value: string) => value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
    const target = root.target === undefined ? "" : ` target="${text(root.target)}"`;
    const head = `${indent}<${tag} name="${text(root.name)}"${target}>`;
    if (!root.below || root.below.length === 0) return `${head}</${tag}>\n`;
    return `${head}\n${root.below.map((one) => this.xml(one, `${indent}  `)).join("")}${indent}</${tag}>\n`;
  }

  private count({ directory }: Branch): void {
    if (directory) this.directories++;
    else this.files++;
  }

  report(total: number): string {
    const { has } = this.o;
    const count = (n: number, one: string, many: string) => `${n} ${n === 1 ? one : many}`;
    const used = has.has("du")
      ? `${has.has("h") || has.has("si") ? rounded(total, has.has("si")).padStart(5) : String(total).padStart(12)}${has.has("h") || has.has("si") ? "" : " bytes"} used in `
      : "";
    const files = has.has("d") ? "" : `, ${count(this.files, "file", "files")}`;
    return `\n${used}${count(this.directories, "directory", "directories")}${files}\n`;
  }
}

const KINDS: Readonly<Record<string, string>> = { file: "file", fifo: "fifo", socket: "socket", char: "char" };

/** `4.9K`: one decimal below ten, cut as printf rounds it. */
function rounded(bytes: number, si: boolean): string {
  const base = si ? 1000 : 1024;
  if (bytes < base) return String(bytes);
  let value = bytes;
  let unit = -1;
  while (value >= base) {
    value /= base;
    unit++;
  }
  if (value >= 10)
    return human(bytes, si)
      .toUpperCase()
      .replace(/^\d+/, String(Math.round(value)));
  return `${value.toFixed(1)}${"KMGTPEZY"[unit]}`;
}

function colour({ node, target, directory }: Branch): string {
  if (target !== undefined) return "01;36";
  if (directory) return "01;34";
  if (node.kind === "fifo") return "40;33";
  return node.kind === "file" && (node.mode & 0o111) !== 0 ? "01;32" : "00";
}

/** tree(1). */
export const tree: Program = function* (p) {
  let o: Options;
  try {
    o = parse(p, p.argv.slice(1));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    yield* sys.printError(p, error.message);
    return 1;
  }
  const { has } = o;
  if (has.has("version")) {
    yield* sys.print(
      p,
      "tree v2.1.0 © 1996 - 2022 by Steve Baker, Thomas Moore, Francesc Rocher, Florian Sesser, Kyosuke Tokoro\n",
    );
    return 0;
  }
  if (has.has("help")) {
    yield* sys.print(p, USAGE);
    return 0;
  }
  const out = new Output(p);
  const walk = new Tree(p, o);
  let status = 0;
  let total = 0;
  const roots: Branch[] = [];
  const [json, xml] = [has.has("J"), has.has("X")];
  if (xml) out.add('<?xml version="1.0" encoding="UTF-8"?>\n<tree>\n');
  if (json) out.add("[\n");
  for (const name of o.operands) {
    const root = yield* walk.root(name.replace(/(.)\/+$/, "$1"));
    if (root === undefined) {
      if (sys.find(p, name) === undefined) status = 2;
      if (!json && !xml) out.add(`${name}  [error opening dir]\n`);
      continue;
    }
    root.name = name;
    roots.push(root);
    total += root.size;
    if (!json && !xml) out.add(walk.text(root));
    else if (xml) out.add(walk.xml(root));
  }
  if (json) {
    out.add(`${roots.map((root) => walk.json(root)).join(",\n")}\n`);
    if (!has.has("noreport"))
      out.add(`,\n  {"type":"report","directories":${walk.directories},"files":${walk.files}}\n`);
    else out.add("\n");
    out.add("]\n");
  } else if (xml) {
    if (!has.has("noreport"))
      out.add(
        `  <report>\n    <directories>${walk.directories}</directories>\n    <files>${walk.files}</files>\n  </report>\n`,
      );
    out.add("</tree>\n");
  } else if (!has.has("noreport")) out.add(walk.report(total));
  yield* out.flush();
  return status;
};
