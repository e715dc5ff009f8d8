/** find's tests: what is asked of a file, and the options among them. */
import type { Inode } from "../../machine/inode.ts";
import { mayAccess } from "../../machine/path.ts";
import * as sys from "../../machine/sys.ts";
import { groupByGid, groupByName, userByName, userByUid } from "../../machine/users.ts";
import { localZone } from "../../machine/zone.ts";
import { parseDate } from "../../text/date-parse.ts";
import { globRegex } from "../../text/glob.ts";
import { applyMode, parseMode } from "../../text/mode.ts";
import { compileRegex, RegexError } from "../../text/regex/index.ts";
import { Fatal, quote } from "../tool.ts";
import { baseName } from "./cp.ts";
import { always, type Expression, type Maker, type Test, type Visit } from "./find-expression.ts";
import { fileSystemOf } from "./find-printf.ts";
import { linksOf, sizeOf } from "./ls-view.ts";

const KINDS: Record<string, Inode["kind"] | "block" | "door"> = {
  f: "file",
  d: "dir",
  l: "symlink",
  p: "fifo",
  c: "char",
  s: "socket",
  b: "block",
  D: "door",
};
const DAY = 86_400e6;
const MINUTE = 60e6;

function test(check: (visit: Visit) => boolean): Test {
  return function* (visit) {
    return check(visit);
  };
}

/** `[+-]N`: how a number compares. */
function number(e: Expression, name: string): (n: number) => boolean {
  const text = e.value(name);
  const match = /^([-+]?)(\d+)$/.exec(text);
  if (match === null) throw new Fatal(`invalid argument \`${text}' to \`${name}'`);
  const wanted = Number(match[2]);
  return match[1] === "+" ? (n) => n > wanted : match[1] === "-" ? (n) => n < wanted : (n) => n === wanted;
}

const named =
  (subject: (visit: Visit) => string | undefined): Maker =>
  (e, name) => {
    const pattern = e.value(name);
    if (/name$/.test(name) && !/(?:l|whole)name$/.test(name) && pattern.includes("/") && e.warns)
      e.warnings.push(
        `${quote(name)} matches against basenames only, but the given pattern contains a directory separator (${quote("/")}), thus the expression will evaluate to false all the time.  Did you mean ${quote(name.replace("name", "wholename"))}?`,
      );
    const regex = globRegex(pattern, { ignoreCase: name.startsWith("-i") });
    return test((visit) => {
      const text = subject(visit);
      return text !== undefined && regex.test(text);
    });
  };

const base = named((visit) => baseName(visit.path));
const whole = named((visit) => visit.path);
const target = named(({ node }) => (node.kind === "symlink" ? node.target : undefined));

/** An expression of Emacs, whose groups and bars have backslashes and whose braces are text, as an extended one. */
function fromEmacs(text: string): string {
  return text.replace(/\[\^?\]?(?:\[:\w+:\]|[^\]])*\]|\\[\s\S]|[(){}|]/g, (part) =>
    part[0] === "[" ? part : /^\\[()|]$/.test(part) ? part[1]! : part.length === 1 ? `\\${part}` : part,
  );
}

const regex: Maker = (e, name) => {
  const text = e.value(name);
  try {
    const { syntax } = e.search;
    const compiled = compileRegex(syntax === "emacs" ? fromEmacs(text) : text, {
      syntax: syntax === "emacs" ? "ere" : syntax,
      ignoreCase: name === "-iregex",
    });
    // All of the path has to match: the longest match at its beginning is as long as it.
    return test((visit) => {
      const match = compiled.exec(visit.path);
      return match !== null && match.index === 0 && match.end === visit.path.length;
    });
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    throw new Fatal(`failed to compile regular expression '${text}': ${error.message}`);
  }
};

const type: Maker = (e, name) => {
  const text = e.value(name);
  if (/[^,][^,]/.test(text)) throw new Fatal(`Must separate multiple arguments to ${name} using: ','`);
  if (text.endsWith(","))
    throw new Fatal(`Last file type in list argument to ${name} is missing, i.e., list is ending on: ','`);
  for (const letter of text.split(","))
    if (KINDS[letter] === undefined) throw new Fatal(`Unknown argument to ${name}: ${letter}`);
  const wanted = text.split(",").map((letter) => KINDS[letter]);
  if (name === "-type") return test((visit) => wanted.includes(visit.node.kind));
  return test((visit) => wanted.includes((sys.find(e.t.p, visit.path) ?? visit.node).kind));
};

const depth: Maker = (e, name) => {
  const text = e.value(name);
  if (!/^\d+$/.test(text))
    throw new Fatal(`Expected a positive decimal integer argument to ${name}, but got ${quote(text)}`);
  if (name === "-maxdepth") e.search.max = Number(text);
  else e.search.min = Number(text);
  return always(true);
};

/** Ages in whole days, or within minutes; `+N` days are those of which N whole ones have passed. */
const age: Maker = (e, name) => {
  const text = e.value(name);
  const match = /^([-+]?)(\d+(?:\.\d*)?)$/.exec(text);
  if (match === null) throw new Fatal(`invalid argument \`${text}' to \`${name}'`);
  const field = `${name[1]}time` as "mtime";
  const wanted = Number(match[2]);
  const minutes = name.endsWith("min");
  const { kernel } = e.t.p.machine;
  const now = e.search.daystart
    ? Math.ceil((kernel.epochMs * 1000 + kernel.now) / DAY) * DAY - kernel.epochMs * 1000
    : kernel.now;
  return test(({ node }) => {
    const passed = now - node[field];
    if (minutes) {
      if (match[1] === "+") return passed > wanted * MINUTE;
      if (match[1] === "-") return passed < wanted * MINUTE;
      return passed >= (wanted - 1) * MINUTE && passed < wanted * MINUTE;
    }
    if (match[1] === "+") return passed >= (wanted + 1) * DAY;
    if (match[1] === "-") return passed < wanted * DAY;
    return passed >= wanted * DAY && passed < (wanted + 1) * DAY;
  });
};

/** -newer, -anewer, -cnewer and -newerXY. */
const newer: Maker = (e, name) => {
  const [x, y] =
    name === "-newer"
      ? ["m", "m"]
      : name === "-anewer"
        ? ["a", "m"]
        : name === "-cnewer"
          ? ["c", "m"]
          : [name[6]!, name[7]!];
  const text = e.value(name);
  const { kernel } = e.t.p.machine;
  let reference: number;
  if (y === "t") {
    const ms = parseDate(text, kernel.wallMs, localZone(e.t.p));
    if (ms === undefined) throw new Fatal(`I cannot figure out how to interpret ${quote(text)} as a date or time`);
    reference = (ms - kernel.epochMs) * 1000;
  } else {
    const node = sys.find(e.t.p, text);
    if (node === undefined) throw new Fatal(`${quote(text)}: No such file or directory`);
    reference = node[`${y}time` as "mtime"];
  }
  return test(({ node }) => node[`${x}time` as "mtime"] > reference);
};

const size: Maker = (e) => {
  const text = e.value("-size");
  if (!/^[-+]?\d+[bcwkMG]?$/.test(text))
    throw new Fatal(
      /[a-zA-Z]$/.test(text) && !/[bcwkMG]$/.test(text)
        ? `invalid -size type \`${text.at(-1)}'`
        : `Invalid argument \`${text}' to -size`,
    );
  const match = /^([-+]?)(\d+)([bcwkMG]?)$/.exec(text)!;
  const unit = { "": 512, b: 512, c: 1, w: 2, k: 1024, M: 1024 ** 2, G: 1024 ** 3 }[match[3]!]!;
  const wanted = Number(match[2]);
  return test(({ node }) => {
    const units = Math.ceil(sizeOf(node) / unit);
    return match[1] === "+" ? units > wanted : match[1] === "-" ? units < wanted : units === wanted;
  });
};

const perm: Maker = (e) => {
  const text = e.value("-perm");
  const how = /^[-/]/.test(text) ? text[0] : "";
  const rest = how === "" ? text : text.slice(1);
  // `+MODE` once meant what `/MODE` does.
  const mode = /^\+[0-7]/.test(rest) ? undefined : parseMode(rest);
  if (how === "/" && /^0+$/.test(rest))
    e.warnings.push(
      `you have specified a mode pattern ${text} (which is equivalent to /000). The meaning of -perm /000 has now been changed to be consistent with -perm -000; that is, while it used to match no files, it now matches all files.`,
    );
  if (mode === undefined) throw new Fatal(`invalid mode ${quote(text)}`);
  const bits = applyMode(mode, 0, false, 0);
  return test(({ node }) => {
    const has = node.mode & 0o7777;
    if (how === "-") return (has & bits) === bits;
    return how === "/" ? bits === 0 || (has & bits) !== 0 : has === bits;
  });
};

const owner: Maker = (e, name) => {
  const text = e.value(name);
  const { mnt } = e.t.p.ns;
  const found = name === "-user" ? userByName(mnt, text)?.uid : groupByName(mnt, text)?.gid;
  const id = found ?? (/^\d+$/.test(text) ? Number(text) : undefined);
  if (id === undefined)
    throw new Fatal(
      name === "-user"
        ? `invalid user name or UID argument to -user: ${quote(text)}`
        : `invalid group name or GID argument to -group: ${quote(text)}`,
    );
  return test(({ node }) => (name === "-user" ? node.uid : node.gid) === id);
};

/** An option that takes no word: it changes the search and holds of every file. */
const option =
  (set: (e: Expression) => void): Maker =>
  (e) => {
    set(e);
    return always(true);
  };

const nothing = option(() => {});

const counted =
  (of: (visit: Visit) => number): Maker =>
  (e, name) => {
    const fits = number(e, name);
    return test((visit) => fits(of(visit)));
  };

const access =
  (wanted: number): Maker =>
  (e) =>
    test(({ node }) => mayAccess(node, e.t.p.cred, wanted));

const REGEX_TYPES = [
  "findutils-default",
  "ed",
  "emacs",
  "gnu-awk",
  "grep",
  "posix-awk",
  "awk",
  "posix-basic",
  "posix-egrep",
  "egrep",
  "posix-extended",
  "posix-minimal-basic",
  "sed",
];

/** By name; whoever is not here may be an action. */
export const TESTS: Record<string, Maker> = {
  "-name": base,
  "-iname": base,
  "-path": whole,
  "-wholename": whole,
  "-ipath": whole,
  "-iwholename": whole,
  "-lname": target,
  "-ilname": target,
  "-regex": regex,
  "-iregex": regex,
  "-regextype": (e) => {
    const text = e.value("-regextype");
    if (!REGEX_TYPES.includes(text))
      throw new Fatal(
        `Unknown regular expression type ${quote(text)}; valid types are ${REGEX_TYPES.map(quote).join(", ")}.`,
      );
    if (text === "emacs" || text === "findutils-default") e.search.syntax = "emacs";
    else
      e.search.syntax = /^(posix-)?(basic|minimal-basic)$|^(grep|sed|ed)$/.test(text.replace("posix-", ""))
        ? "bre"
        : "ere";
    return always(true);
  },
  "-type": type,
  "-xtype": type,
  "-maxdepth": depth,
  "-mindepth": depth,
  "-empty": () =>
    test(({ node }) =>
      node.kind === "file" ? node.content.size() === 0 : node.kind === "dir" && (node.entries?.size ?? 0) === 0,
    ),
  "-size": size,
  "-mtime": age,
  "-mmin": age,
  "-atime": age,
  "-amin": age,
  "-ctime": age,
  "-cmin": age,
  "-used": counted(({ node }) => Math.floor((node.atime - node.ctime) / DAY)),
  "-newer": newer,
  "-anewer": newer,
  "-cnewer": newer,
  ...Object.fromEntries([..."acm"].flatMap((x) => [..."acmt"].map((y) => [`-newer${x}${y}`, newer]))),
  "-perm": perm,
  "-user": owner,
  "-group": owner,
  "-uid": counted(({ node }) => node.uid),
  "-gid": counted(({ node }) => node.gid),
  "-nouser": (e) => test(({ node }) => userByUid(e.t.p.ns.mnt, node.uid) === undefined),
  "-nogroup": (e) => test(({ node }) => groupByGid(e.t.p.ns.mnt, node.gid) === undefined),
  "-links": counted(({ node }) => linksOf(node)),
  "-inum": counted(({ node }) => node.ino),
  "-samefile": (e) => {
    const path = e.value("-samefile");
    const wanted = sys.find(e.t.p, path, false);
    if (wanted === undefined) throw new Fatal(`${quote(path)}: No such file or directory`);
    return test(({ node }) => node === wanted);
  },
  "-fstype": (e) => {
    const wanted = e.value("-fstype");
    return test((visit) => fileSystemOf(e.t.p, visit.path) === wanted);
  },
  "-readable": access(4),
  "-writable": access(2),
  "-executable": access(1),
  "-true": nothing,
  "-false": () => always(false),
  "-depth": option(({ search }) => (search.depthFirst = true)),
  "-d": option(({ search }) => (search.depthFirst = true)),
  "-xdev": option(({ search }) => (search.oneFileSystem = true)),
  "-mount": option(({ search }) => (search.oneFileSystem = true)),
  "-follow": option(({ search }) => (search.follow = true)),
  "-daystart": option(({ search }) => (search.daystart = true)),
  "-noleaf": nothing,
  "-ignore_readdir_race": nothing,
  "-noignore_readdir_race": nothing,
  "-warn": option((e) => (e.warns = true)),
  "-nowarn": option((e) => (e.warns = false)),
  "-context": () => {
    throw new Fatal("invalid predicate -context: SELinux is not enabled.");
  },
  "-files0-from": (e) => {
    e.search.namesFrom = e.value("-files0-from");
    return always(true);
  },
};
