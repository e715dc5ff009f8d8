import { mayAccess } from "../machine/path.ts";
import { find } from "../machine/sys.ts";
import { parseParam } from "./param-syntax.ts";
import { lookup } from "./parameters.ts";
import type { Shell } from "./shell.ts";

/** Operators of `test` and `[[` that take one word. */
export const UNARY = new Set(
  "-a -b -c -d -e -f -g -h -k -p -r -s -t -u -w -x -G -L -N -O -S -o -v -R -z -n".split(" "),
);

/** Operators that take two. */
export const BINARY = new Set("= == != < > -eq -ne -lt -le -gt -ge -nt -ot -ef".split(" "));

/** `-f path`, `-z text` and so on. */
export function testUnary(sh: Shell, operator: string, word: string, _inBrackets: boolean): boolean {
  switch (operator) {
    case "-z":
      return word === "";
    case "-n":
      return word !== "";
    case "-o":
      return sh.has(word);
    case "-v":
      return isSet(sh, word);
    case "-R":
      return sh.vars.find(word)?.nameref === true && sh.vars.find(word)?.value !== undefined;
    case "-t":
      return /^\d+$/.test(word) && sh.p.fds.get(Number(word))?.tty !== undefined;
  }
  if (word === "") return false;
  const link = operator === "-h" || operator === "-L";
  const node = find(sh.p, word, !link);
  if (node === undefined) return false;
  switch (operator) {
    case "-a":
    case "-e":
      return true;
    case "-f":
      return node.kind === "file";
    case "-d":
      return node.kind === "dir";
    case "-h":
    case "-L":
      return node.kind === "symlink";
    case "-b":
      return false;
    case "-c":
      return node.kind === "char";
    case "-p":
      return node.kind === "fifo";
    case "-S":
      return node.kind === "socket";
    case "-r":
      return mayAccess(node, sh.p.cred, 4);
    case "-w":
      return mayAccess(node, sh.p.cred, 2);
    case "-x":
      return mayAccess(node, sh.p.cred, 1);
    case "-s":
      return node.kind === "file" ? node.content.size() > 0 : true;
    case "-u":
      return (node.mode & 0o4000) !== 0;
    case "-g":
      return (node.mode & 0o2000) !== 0;
    case "-k":
      return (node.mode & 0o1000) !== 0;
    case "-O":
      return node.uid === sh.p.cred.uid;
    case "-G":
      return node.gid === sh.p.cred.gid;
    case "-N":
      return node.mtime > node.atime;
    default:
      return false;
  }
}

function isSet(sh: Shell, name: string): boolean {
  if (!/^[A-Za-z_]\w*(\[.*\])?$/s.test(name)) return false;
  const param = parseParam(name, false);
  if (param.index === "@" || param.index === "*") return sh.elementsOf(sh.vars.target(param.name)).length > 0;
  const value = lookup(sh, param);
  return value.text !== undefined;
}

/** `-nt`, `-ot`, `-ef`. */
export function testBinaryFile(sh: Shell, operator: string, left: string, right: string): boolean {
  const a = find(sh.p, left);
  const b = find(sh.p, right);
  if (operator === "-ef") return a !== undefined && a === b;
  if (operator === "-nt") return a !== undefined && (b === undefined || a.mtime > b.mtime);
  if (operator === "-ot") return b !== undefined && (a === undefined || a.mtime < b.mtime);
  return false;
}
