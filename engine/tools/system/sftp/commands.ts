/** sftp's commands, one a line. */
import type { Gen } from "../../../kernel/index.ts";
import { isErrno } from "../../../machine/errno.ts";
import { exitCode } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import { listFiles } from "./list.ts";
import { absolute, isDirectory, matching, reason, type Sftp, SftpError } from "./session.ts";
import { get, put } from "./transfer.ts";

/** Names, and how `help` shows them. */
const HELP: readonly (readonly [string, string])[] = [
  ["bye", "Quit sftp"],
  ["cd path", "Change remote directory to 'path'"],
  ["chgrp [-h] grp path", "Change group of file 'path' to 'grp'"],
  ["chmod [-h] mode path", "Change permissions of file 'path' to 'mode'"],
  ["chown [-h] own path", "Change owner of file 'path' to 'own'"],
  ["exit", "Quit sftp"],
  ["get [-afpR] remote [local]", "Download file"],
  ["help", "Display this help text"],
  ["lcd path", "Change local directory to 'path'"],
  ["lls [ls-options [path]]", "Display local directory listing"],
  ["lmkdir path", "Create local directory"],
  ["ln [-s] oldpath newpath", "Link remote file (-s for symlink)"],
  ["lpwd", "Print local working directory"],
  ["ls [-1afhlnrSt] [path]", "Display remote directory listing"],
  ["lumask umask", "Set local umask to 'umask'"],
  ["mkdir path", "Create remote directory"],
  ["progress", "Toggle display of progress meter"],
  ["put [-afpR] local [remote]", "Upload file"],
  ["pwd", "Display remote working directory"],
  ["quit", "Quit sftp"],
  ["rename oldpath newpath", "Rename remote file"],
  ["rm path", "Delete remote file"],
  ["rmdir path", "Remove remote directory"],
  ["symlink oldpath newpath", "Symlink remote file"],
  ["version", "Show SFTP version"],
  ["!command", "Execute 'command' in local shell"],
  ["!", "Escape to local shell"],
  ["?", "Synonym for help"],
];

/** Words of a line, with quotes and backslashes taken away; patterns keep theirs in what was quoted. Throws `SftpError`. */
function wordsOf(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let i = 0; i < line.length; i++) {
    const char = line[i]!;
    if (quote === "" && /\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (quote === "" && (char === '"' || char === "'")) {
      quote = char;
      word ??= "";
    } else if (char === quote) quote = "";
    else if (char === "\\" && i + 1 < line.length)
      word = (word ?? "") + (/[*?[]/.test(line[++i]!) ? "\\" : "") + line[i];
    else word = (word ?? "") + (quote !== "" && /[*?[]/.test(char) ? "\\" : "") + char;
  }
  if (quote !== "") throw new SftpError("Unterminated quoted argument");
  if (word !== undefined) words.push(word);
  return words;
}

const unescaped = (text: string) => text.replace(/\\([*?[])/g, "$1");

/** Leading options of a command. Throws `SftpError` for a letter that it does not know. */
function options(name: string, words: string[], known: string): string {
  let flags = "";
  while (words[0]?.startsWith("-") && words[0].length > 1) {
    for (const letter of words.shift()!.slice(1)) {
      if (!known.includes(letter)) throw new SftpError(`${name}: Invalid flag -${letter}`);
      flags += letter;
    }
  }
  return flags;
}

function need(words: readonly string[], count: 1 | 2, name: string): void {
  if (words.length >= count) return;
  throw new SftpError(
    count === 2
      ? `You must specify two paths after a ${name} command.`
      : `You must specify a path after a ${name} command.`,
  );
}

/** The number before a path. Throws `SftpError`. */
function numeric(words: string[], name: string, base: 8 | 10): number {
  const word = words.shift() ?? "";
  if (!(base === 8 ? /^[0-7]+$/ : /^\d+$/).test(word))
    throw new SftpError(`You must supply a numeric argument to the ${name} command.`);
  return Number.parseInt(word, base);
}

const ALIASES: Readonly<Record<string, string>> = {
  exit: "bye",
  quit: "bye",
  dir: "ls",
  mget: "get",
  mput: "put",
  reget: "get",
  reput: "put",
  delete: "rm",
  chdir: "cd",
  lchdir: "lcd",
  "?": "help",
};

/** Carries out a line; true ends the session. Throws `SftpError`. */
export function* runCommand(s: Sftp, line: string): Gen<boolean> {
  const { p, far } = s;
  if (line.startsWith("!")) {
    yield* shell(s, line.slice(1).trim());
    return false;
  }
  const words = wordsOf(line);
  const given = words.shift()?.toLowerCase() ?? "";
  const name = ALIASES[given] ?? given;
  const remote = (path: string) => absolute(s.cwd, unescaped(path));
  switch (name) {
    case "bye":
      return true;
    case "pwd":
      yield* sys.print(p, `Remote working directory: ${s.cwd}\n`);
      return false;
    case "lpwd":
      yield* sys.print(p, `Local working directory: ${p.cwd}\n`);
      return false;
    case "cd":
      changeDirectory(s, words[0]);
      return false;
    case "lcd": {
      const path = unescaped(words[0] ?? p.env.get("HOME") ?? "/");
      try {
        sys.chdir(p, path);
      } catch (error) {
        if (!isErrno(error)) throw error;
        throw new SftpError(`Couldn't change local directory to "${path}": ${error.message}`);
      }
      return false;
    }
    case "ls": {
      const flags = options("ls", words, "1afhlnrSt");
      yield* listFiles(s, flags, words[0]);
      return false;
    }
    case "lls":
      yield* shell(s, `ls ${line.trim().replace(/^\S+\s*/, "")}`);
      return false;
    case "get":
    case "put": {
      const flags = options(name, words, "afpPrR");
      if (words.length === 0) throw new SftpError(`You must specify at least one path after a ${given} command.`);
      const how = { recursive: /[rR]/.test(flags), preserve: /[pP]/.test(flags) };
      const to = words[1] === undefined ? undefined : unescaped(words[1]);
      yield* name === "get" ? get(s, words[0]!, to, how) : put(s, words[0]!, to, how);
      return false;
    }
    case "mkdir":
    case "rmdir":
      need(words, 1, name);
      try {
        if (name === "mkdir") sys.mkdir(far, remote(words[0]!));
        else sys.rmdir(far, remote(words[0]!));
      } catch (error) {
        const path = remote(words[0]!);
        throw new SftpError(`remote ${name} "${path}": ${reason(error)}`);
      }
      return false;
    case "lmkdir":
      need(words, 1, name);
      try {
        sys.mkdir(p, unescaped(words[0]!));
      } catch (error) {
        if (!isErrno(error)) throw error;
        throw new SftpError(`Couldn't create local directory "${words[0]}": ${error.message}`);
      }
      return false;
    case "rm":
      need(words, 1, name);
      yield* removeFiles(s, words[0]!);
      return false;
    case "rename":
    case "symlink":
    case "ln": {
      const flags = options(name, words, name === "ln" ? "s" : name === "rename" ? "l" : "");
      need(words, 2, name);
      link(s, name === "ln" && flags.includes("s") ? "symlink" : name, unescaped(words[0]!), remote(words[1]!));
      return false;
    }
    case "chmod":
    case "chown":
    case "chgrp":
      options(name, words, "h");
      yield* changeFiles(s, name, numeric(words, name, name === "chmod" ? 8 : 10), words);
      return false;
    case "lumask":
      p.umask = numeric(words, name, 8) & 0o777;
      yield* sys.print(p, `Local umask: ${p.umask.toString(8).padStart(3, "0")}\n`);
      return false;
    case "progress":
      s.meter = !s.meter;
      yield* sys.print(p, `Progress meter ${s.meter ? "enabled" : "disabled"}\n`);
      return false;
    case "version":
      yield* sys.print(p, "SFTP protocol version 3\n");
      return false;
    case "help":
      yield* sys.print(
        p,
        `Available commands:\n${HELP.map(([usage, about]) => `${usage.padEnd(34)} ${about}\n`).join("")}`,
      );
      return false;
    default:
      throw new SftpError("Invalid command.");
  }
}

function changeDirectory(s: Sftp, path: string | undefined): void {
  const target = path === undefined ? s.far.cwd : absolute(s.cwd, unescaped(path));
  const node = sys.find(s.far, target);
  if (node === undefined) throw new SftpError("stat remote: No such file or directory");
  if (node.kind !== "dir") throw new SftpError(`Can't change directory: "${target}" is not a directory`);
  s.cwd = target;
}

function* removeFiles(s: Sftp, pattern: string): Gen<void> {
  const target = absolute(s.cwd, pattern);
  const found = matching(s.far, target);
  for (const path of found.length > 0 ? found : [target]) {
    if (s.tells) yield* sys.print(s.p, `Removing ${path}\n`);
    try {
      if (isDirectory(s.far, path) && sys.find(s.far, path, false)?.kind === "dir") throw new SftpError("Failure");
      sys.unlink(s.far, path);
    } catch (error) {
      const why = error instanceof SftpError ? error.message : reason(error);
      s.failed = true;
      yield* sys.printError(s.p, `remote delete ${path}: ${why}\r\n`);
    }
  }
}

function link({ far, cwd }: Sftp, how: string, from: string, to: string): void {
  const source = absolute(cwd, from);
  try {
    if (how === "symlink") sys.symlink(far, from, to);
    else if (how === "rename") sys.rename(far, source, to);
    else {
      const node = sys.stat(far, source, false);
      sys.link(far, to, node);
      node.nlink++;
    }
  } catch (error) {
    const what = how === "symlink" ? "symlink" : how === "rename" ? "rename" : "link";
    throw new SftpError(`remote ${what} "${how === "symlink" ? from : source}" to "${to}": ${reason(error)}`);
  }
}

function* changeFiles(s: Sftp, name: string, value: number, words: readonly string[]): Gen<void> {
  need(words, 1, name);
  const target = absolute(s.cwd, words[0]!);
  const { cred } = s.far;
  const verb = name === "chmod" ? "mode" : name === "chown" ? "owner" : "group";
  for (const path of matching(s.far, target)) {
    if (s.tells) yield* sys.print(s.p, `Changing ${verb} on ${path}\n`);
    const node = sys.stat(s.far, path);
    const may = cred.uid === 0 || (name !== "chown" && cred.uid === node.uid);
    if (!may) throw new SftpError(`remote setstat "${path}": Permission denied`);
    if (name === "chmod") node.mode = value & 0o7777;
    else if (name === "chown") node.uid = value;
    else node.gid = value;
  }
}

/** A command of the local shell, or the shell itself. */
function* shell({ p }: Sftp, command: string): Gen<void> {
  const path = p.env.get("SHELL") ?? "/bin/sh";
  const child = yield* sys.spawn(p, path, { argv: command === "" ? [path] : [path, "-c", command] });
  exitCode((yield* sys.waitFor(p, child))!.status);
}
