import type { OpenFile } from "../machine/open-file.ts";
import { mayAccess } from "../machine/path.ts";
import type { Process } from "../machine/process.ts";
import { find } from "../machine/sys.ts";
import { protectedName } from "./assignment.ts";
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
export function testUnary(sh: Shell, operator: string, word: string): boolean {
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
  return testFile(sh.p, operator, word);
}

/** What `-f` and its kin ask of a file, in `test(1)` as in the shells; false when there is none. */
export function testFile(p: Process, operator: string, word: string): boolean {
  if (word === "") return false;
  const link = operator === "-h" || operator === "-L";
  const open = link ? undefined : openDescriptor(p, word);
  if (open !== undefined && open.node === undefined) return testOpen(open, operator);
  const node = open?.node ?? find(p, word, !link);
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
      return mayAccess(node, p.cred, 4);
    case "-w":
      return mayAccess(node, p.cred, 2);
    case "-x":
      return mayAccess(node, p.cred, 1);
    case "-s":
      return node.kind === "file" ? node.content.size() > 0 : node.kind === "dir";
    case "-u":
      return (node.mode & 0o4000) !== 0;
    case "-g":
      return (node.mode & 0o2000) !== 0;
    case "-k":
      return (node.mode & 0o1000) !== 0;
    case "-O":
      return node.uid === p.cred.uid;
    case "-G":
      return node.gid === p.cred.gid;
    case "-N":
      return node.mtime > node.atime;
    default:
      return false;
  }
}

/** The open file that a name of /dev stands for. */
function openDescriptor(p: Process, word: string): OpenFile | undefined {
  const named = /^\/dev\/(?:fd\/(\d+)|std(in|out|err))$/.exec(word);
  if (named === null) return undefined;
  return p.fds.get(named[1] !== undefined ? Number(named[1]) : { in: 0, out: 1, err: 2 }[named[2] as "in"]);
}

/** What is asked of an open file that has no inode: a pipe, a terminal or a socket. */
function testOpen(file: OpenFile, operator: string): boolean {
  if (operator === "-p") return file.pipe !== undefined;
  if (operator === "-c") return file.tty !== undefined;
  return ["-a", "-e", "-r", "-w", "-O", "-G"].includes(operator);
}

function isSet(sh: Shell, name: string): boolean {
  if (/^\d+$/.test(name)) return Number(name) <= sh.positional.length;
  if (!/^[A-Za-z_]\w*(\[.*\])?$/s.test(name)) return false;
  const param = parseParam(protectedName(sh, name), false);
  if (param.index === "@" || param.index === "*") {
    const variable = sh.vars.find(sh.vars.target(param.name));
    return variable?.map ? variable.map.has(param.index) : (variable?.elements().length ?? 0) > 0;
  }
  const value = lookup(sh, param);
  return value.text !== undefined;
}

/** `-nt`, `-ot`, `-ef`. */
function testBinaryFile(p: Process, operator: string, left: string, right: string): boolean {
  const a = find(p, left);
  const b = find(p, right);
  if (operator === "-ef") return a !== undefined && a === b;
  if (operator === "-nt") return a !== undefined && (b === undefined || a.mtime > b.mtime);
  if (operator === "-ot") return b !== undefined && (a === undefined || a.mtime < b.mtime);
  return false;
}

/** LEFT OPERATOR RIGHT of `test` and `[[`; `integer` reads a number or throws what its program says of others. */
export function testBinary(
  p: Process,
  left: string,
  operator: string,
  right: string,
  integer: (text: string) => bigint,
): boolean {
  switch (operator) {
    case "=":
    case "==":
      return left === right;
    case "!=":
      return left !== right;
    case "<":
      return left < right;
    case ">":
      return left > right;
    case "-nt":
    case "-ot":
    case "-ef":
      return testBinaryFile(p, operator, left, right);
  }
  return compareNumbers(operator, integer(left), integer(right));
}

/** `-eq` and its kin. */
function compareNumbers(operator: string, a: bigint, b: bigint): boolean {
  switch (operator) {
    case "-eq":
      return a === b;
    case "-ne":
      return a !== b;
    case "-lt":
      return a < b;
    case "-gt":
      return a > b;
    case "-le":
      return a <= b;
    default:
      return a >= b;
  }
}
