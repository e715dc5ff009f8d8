/** chattr(1) and lsattr(1) of e2fsprogs: attributes of files on ext4. Those that the kernel acts on here are i and a. */
import type { Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Inode } from "../../machine/inode.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { fileSystemOf } from "../text/find-printf.ts";

/** Letters in the order of a listing, with the words of `lsattr -l`. */
const NAMES: readonly (readonly [string, string])[] = [
  ["s", "Secure_Deletion"],
  ["u", "Undelete"],
  ["S", "Synchronous_Updates"],
  ["D", "Synchronous_Directory_Updates"],
  ["i", "Immutable"],
  ["a", "Append_Only"],
  ["d", "No_Dump"],
  ["A", "No_Atime"],
  ["c", "Compression_Requested"],
  ["E", "Encrypted"],
  ["j", "Journaled_Data"],
  ["I", "Indexed_directory"],
  ["t", "No_Tailmerging"],
  ["T", "Top_of_Directory_Hierarchies"],
  ["e", "Extents"],
  ["C", "No_COW"],
  ["x", "DAX"],
  ["F", "Casefold"],
  ["N", "Inline_Data"],
  ["P", "Project_Hierarchy"],
  ["V", "Verity"],
  ["m", "No_Compression"],
];
const SETTABLE = "aAcCdDeijPsStTuFx";
const USAGE = `Usage: chattr [-RVf] [-+=${SETTABLE}] [-p project] [-v version] files...\n`;
const VERSION = "1.47.0 (5-Feb-2023)";
/** File systems that keep attributes. */
const KEEPS = /^(?:ext[234]|overlay|xfs|btrfs)$/;

/** Every file of ext4 is laid out in extents. */
const attributesOf = (node: Inode): string => `${node.attributes ?? ""}e`;

const line = (node: Inode): string =>
  NAMES.map(([letter]) => (attributesOf(node).includes(letter) ? letter : "-")).join("");

export const chattr: Program = function* (p) {
  let [recursive, verbose, silent] = [false, false, false];
  let change: { sign: string; letters: string } | undefined;
  const changes: { sign: string; letters: string }[] = [];
  const args = p.argv.slice(1);
  while (args.length > 0 && /^[-+=]./.test(args[0]!)) {
    const word = args.shift()!;
    if (word === "--") break;
    const sign = word[0]!;
    let letters = "";
    for (const letter of word.slice(1)) {
      if (sign === "-" && letter === "R") recursive = true;
      else if (sign === "-" && letter === "V") verbose = true;
      else if (sign === "-" && letter === "f") silent = true;
      else if (sign === "-" && (letter === "p" || letter === "v")) args.shift();
      else if (SETTABLE.includes(letter)) letters += letter;
      else return yield* usage(p);
    }
    change = { sign, letters };
    if (letters !== "" || sign === "=") changes.push(change);
  }
  if (args[0] === "=") changes.push({ sign: args.shift()!, letters: "" });
  if (args.length === 0) return yield* usage(p);
  if (changes.length === 0) {
    yield* sys.printError(p, "Must use '-v', =, - or +\n");
    return 1;
  }
  if (changes.some(({ sign }) => sign === "=") && changes.some(({ sign }) => sign !== "=")) {
    yield* sys.printError(p, "= is incompatible with - and +\n");
    return 1;
  }
  if (verbose) yield* sys.printError(p, `chattr ${VERSION}\n`);
  let status = 0;
  const apply = function* (path: string): Gen<void> {
    const node = sys.find(p, path, false);
    if (node === undefined) {
      if (!silent) yield* sys.printError(p, `chattr: No such file or directory while trying to stat ${path}\n`);
      status = 1;
      return;
    }
    const why = refusal(p, path, node, changes);
    if (why !== undefined) {
      if (!silent) yield* sys.printError(p, `chattr: ${why} ${path}\n`);
      status = 1;
    } else {
      let has = node.attributes ?? "";
      for (const { sign, letters } of changes) {
        if (sign === "=") has = letters;
        else if (sign === "+") has += letters;
        else has = [...has].filter((letter) => !letters.includes(letter)).join("");
      }
      node.attributes = [...new Set(has)].filter((letter) => letter !== "e").join("");
      node.ctime = p.machine.kernel.now;
      if (verbose) yield* sys.print(p, `Flags of ${path} set as ${line(node)}\n`);
    }
    if (recursive && node.kind === "dir")
      for (const name of [...sys.readDir(p, path).keys()].sort()) yield* apply(`${path.replace(/\/$/, "")}/${name}`);
  };
  for (const path of args) yield* apply(path);
  return status;
};

function* usage(p: Process): Gen<number> {
  yield* sys.printError(p, USAGE);
  return 1;
}

/** Why attributes of a file cannot be set; undefined where they can. */
function refusal(
  p: Process,
  path: string,
  node: Inode,
  changes: readonly { sign: string; letters: string }[],
): string | undefined {
  if (node.kind !== "file" && node.kind !== "dir") return "Operation not supported while reading flags on";
  if (!KEEPS.test(fileSystemOf(p, path))) return "Inappropriate ioctl for device while reading flags on";
  const guarded = changes.some(({ sign, letters }) => sign === "=" || /[ai]/.test(letters));
  if (p.cred.uid !== 0 && (guarded || p.cred.uid !== node.uid)) return "Operation not permitted while setting flags on";
  return undefined;
}

export const lsattr: Program = function* (p) {
  const letters = p.argv.slice(1).filter((word) => /^-./.test(word));
  const wrong = /[^RVadlpv-]/.exec(letters.join("").replaceAll("-", ""));
  if (wrong !== null) {
    yield* sys.printError(p, `lsattr: invalid option -- '${wrong[0]}'\nUsage: lsattr [-RVadlpv] [files...]\n`);
    return 1;
  }
  const has = (letter: string) => letters.some((word) => word.includes(letter));
  const names = p.argv.slice(1).filter((word) => !/^-./.test(word));
  let status = 0;
  const show = function* (path: string): Gen<void> {
    const node = sys.find(p, path, false);
    if (node === undefined) return;
    if ((node.kind !== "file" && node.kind !== "dir") || !KEEPS.test(fileSystemOf(p, path))) {
      yield* sys.printError(
        p,
        `lsattr: ${node.kind === "file" || node.kind === "dir" ? "Inappropriate ioctl for device" : "Operation not supported"} While reading flags on ${path}\n`,
      );
      return;
    }
    const front = `${has("p") ? "    0 " : ""}${has("v") ? `${String(node.ino % 2 ** 32).padStart(10)} ` : ""}`;
    const words = NAMES.filter(([letter]) => attributesOf(node).includes(letter)).map(([, word]) => word);
    yield* sys.print(
      p,
      has("l") ? `${path.padEnd(28)} ${words.join(", ") || "---"}\n` : `${front}${line(node)} ${path}\n`,
    );
  };
  const list = function* (dir: string): Gen<void> {
    const children = [...sys.readDir(p, dir).entries()].sort(([a], [b]) => (a < b ? -1 : 1));
    for (const [name, node] of children) {
      if (name.startsWith(".") && !has("a")) continue;
      const path = `${dir.replace(/\/$/, "")}/${name}`;
      yield* show(path);
      if (!has("R") || node.kind !== "dir") continue;
      yield* sys.print(p, `\n${path}:\n`);
      yield* list(path);
      yield* sys.print(p, "\n");
    }
  };
  for (const path of names.length > 0 ? names : ["."]) {
    const node = sys.find(p, path, false);
    if (node === undefined) {
      yield* sys.printError(p, `lsattr: No such file or directory while trying to stat ${path}\n`);
      status = 1;
    } else if (node.kind === "dir" && !has("d")) {
      try {
        yield* list(path);
      } catch (error) {
        if (!isErrno(error)) throw error;
        yield* sys.printError(p, `lsattr: ${error.message} while reading ${path}\n`);
      }
    } else yield* show(path);
  }
  return status;
};
