/** find -printf and -ls: what they show of a file. */

import { isErrno } from "../../machine/errno.ts";
import type { Inode } from "../../machine/inode.ts";
import { normalize } from "../../machine/path.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { groupName, userName } from "../../machine/users.ts";
import { localZone } from "../../machine/zone.ts";
import { C_ESCAPES } from "../../text/escapes.ts";
import { modeString } from "../../text/mode.ts";
import { general } from "../../text/number-format.ts";
import { strftime } from "../../text/time.ts";
import { Fatal } from "../tool.ts";
import { baseName } from "./cp.ts";
import type { Visit } from "./find-expression.ts";
import { blocksOf, linksOf, sizeOf } from "./ls-view.ts";

const LETTERS: Record<Inode["kind"], string> = {
  file: "f",
  dir: "d",
  symlink: "l",
  fifo: "p",
  char: "c",
  socket: "s",
};

/** Type of the file system that a path lies on. */
export function fileSystemOf(p: Process, path: string): string {
  const whole = normalize(p.cwd, path);
  let [best, type] = [0, "ext4"];
  for (const { target, fstype } of p.ns.mnt.list())
    if ((whole === target || whole.startsWith(`${target.replace(/\/$/, "")}/`)) && target.length >= best)
      [best, type] = [target.length, fstype];
  return type;
}

function clock(p: Process, us: number) {
  const wall = p.machine.kernel.epochMs * 1000 + us;
  const seconds = Math.floor(wall / 1e6);
  return localZone(p).calendar(seconds, Math.floor(wall - seconds * 1e6) * 1000);
}

/** `%Tk` and its like: seconds have ten decimals in find. */
function time(p: Process, us: number, letter: string): string {
  const at = clock(p, us);
  const fraction = `.${String(at.nano).padStart(9, "0")}0`;
  if (letter === "@") return `${at.epoch}${fraction}`;
  if (letter === "+") return strftime("%Y-%m-%d+%H:%M:%S", at) + fraction;
  const text = strftime(`%${letter}`, at);
  return letter === "S" || letter === "T" || letter === "X" ? text + fraction : text;
}

function directory(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "." : path.slice(0, slash);
}

function field(p: Process, visit: Visit, letter: string): string | undefined {
  const { node, path, root } = visit;
  const { mnt } = p.ns;
  switch (letter) {
    case "p":
      return path;
    case "f":
      return path === "/" ? path : baseName(path);
    case "h":
      return directory(path);
    case "H":
      return root;
    case "P":
      return path === root ? "" : path.slice(root.length).replace(/^\//, "");
    case "s":
      return String(sizeOf(node));
    case "b":
      return String(blocksOf(node) * 2);
    case "k":
      return String(blocksOf(node));
    case "m":
      return (node.mode & 0o7777).toString(8);
    case "M":
      return modeString(node);
    case "u":
      return userName(mnt, node.uid);
    case "g":
      return groupName(mnt, node.gid);
    case "U":
      return String(node.uid);
    case "G":
      return String(node.gid);
    case "y":
      return LETTERS[node.kind];
    case "Y":
      return followed(p, visit);
    case "d":
      return String(visit.depth);
    case "D":
      return "2049";
    case "F":
      return fileSystemOf(p, path);
    case "i":
      return String(node.ino);
    case "l":
      return node.kind === "symlink" ? node.target : "";
    case "n":
      return String(linksOf(node));
    case "S": {
      const size = sizeOf(node);
      return size === 0 ? "1" : general((blocksOf(node) * 1024) / size, 6);
    }
    case "t":
      return stamp(p, node.mtime);
    case "a":
      return stamp(p, node.atime);
    case "c":
      return stamp(p, node.ctime);
    default:
      return undefined;
  }
}

function stamp(p: Process, us: number): string {
  const at = clock(p, us);
  return strftime(`%a %b %e %H:%M:%S.${String(at.nano).padStart(9, "0")}0 %Y`, at);
}

/** Type behind a symbolic link: N where it leads nowhere, L in a circle. */
function followed(p: Process, { path, node }: Visit): string {
  try {
    return LETTERS[sys.stat(p, path).kind];
  } catch (error) {
    if (!isErrno(error)) throw error;
    return node.kind === "symlink" ? (error.code === "ELOOP" ? "L" : "N") : "?";
  }
}

/** The text of a -printf format for one file; `warn` is told what no file has. */
export function printfText(p: Process, format: string, visit: Visit, warn: (message: string) => void): string {
  let out = "";
  for (let i = 0; i < format.length; i++) {
    const char = format[i]!;
    if (char === "\\") {
      const octal = /^[0-7]{1,3}/.exec(format.slice(i + 1));
      if (octal !== null) {
        out += String.fromCharCode(Number.parseInt(octal[0], 8));
        i += octal[0].length;
        continue;
      }
      const letter = format[++i];
      if (letter === "c") return out;
      if (letter === undefined) warn("escape `\\' followed by nothing at all");
      else if (C_ESCAPES[letter] === undefined) warn(`unrecognized escape \`\\${letter}'`);
      out += letter === undefined ? "\\" : (C_ESCAPES[letter] ?? `\\${letter}`);
      continue;
    }
    if (char !== "%") {
      out += char;
      continue;
    }
    const match = /^%([-+ 0#]*)(\d*)(?:\.(\d+))?([ACBT]?)(.)?/s.exec(format.slice(i))!;
    let [whole, flags, width, precision, kind, letter] = match;
    if (kind !== "" && letter === undefined) [kind, letter] = ["", kind];
    i += whole.length - 1;
    if (letter === "%" && whole === "%%") {
      out += "%";
      continue;
    }
    let text: string | undefined;
    if (kind === "") text = letter === undefined ? undefined : field(p, visit, letter);
    else text = time(p, visit.node[kind === "A" ? "atime" : kind === "C" ? "ctime" : "mtime"], letter!);
    if (text === undefined) {
      if (letter === undefined) throw new Fatal("error: % at end of format string");
      warn(
        /^[ABCT]$/.test(letter) && i === format.length - 1
          ? `format directive \`%${letter}' should be followed by another character`
          : `unrecognized format directive \`%${letter}'`,
      );
      out += whole;
      continue;
    }
    if (letter === "m" && flags!.includes("#")) text = `0${text}`;
    if (precision !== undefined) text = text.slice(0, Number(precision));
    const fill = flags!.includes("0") && !flags!.includes("-") ? "0" : " ";
    out += flags!.includes("-") ? text.padEnd(Number(width)) : text.padStart(Number(width), fill);
  }
  return out;
}

/** A line of -ls, in the shape of `ls -dils`. */
export function lsLine(p: Process, { node, path }: Visit): string {
  const { kernel } = p.machine;
  const at = clock(p, node.mtime);
  const recent = kernel.now - node.mtime < 180 * 86_400e6 && node.mtime <= kernel.now + 3_600e6;
  const when = strftime(recent ? "%b %e %H:%M" : "%b %e  %Y", at);
  const { mnt } = p.ns;
  const name = node.kind === "symlink" ? `${path} -> ${node.target}` : path;
  return `${String(node.ino).padStart(9)} ${String(blocksOf(node)).padStart(6)} ${modeString(node)} ${String(linksOf(node)).padStart(3)} ${userName(mnt, node.uid).padEnd(8)} ${groupName(mnt, node.gid).padEnd(8)} ${String(sizeOf(node)).padStart(8)} ${when} ${name}\n`;
}
