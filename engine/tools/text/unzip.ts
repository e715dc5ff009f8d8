/** unzip(1) and zipinfo(1) of Info-ZIP. */
import { decode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { globRegex } from "../../text/glob.ts";
import { modeString } from "../../text/mode.ts";
import { unpackBytes, unpackZip, type ZipMember } from "../../text/zip-format.ts";
import { inSteps, LineReader } from "../io.ts";
import { percent } from "./zip.ts";

const USAGE = `UnZip 6.00 of 20 April 2009, by Debian. Original by Info-ZIP.

Usage: unzip [-Z] [-opts[modifiers]] file[.zip] [list] [-x xlist] [-d exdir]
`;

interface Asked {
  letters: string;
  archive: string | undefined;
  list: string[];
  exclude: string[];
  directory: string | undefined;
}

/** Options may be clustered before the archive; -x and -d may follow it. */
function asked(args: readonly string[]): Asked {
  const out: Asked = { letters: "", archive: undefined, list: [], exclude: [], directory: undefined };
  let list = out.list;
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === "-d") out.directory = args[++i];
    else if (/^-d./.test(arg)) out.directory = arg.slice(2);
    else if (arg === "-x") list = out.exclude;
    else if (/^-[A-Za-z0-9]+$/.test(arg)) out.letters += arg.slice(1);
    else if (out.archive === undefined) out.archive = arg;
    else list.push(arg);
  }
  return out;
}

const two = (n: number) => String(n).padStart(2, "0");
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

function dateOf({ when }: ZipMember): string {
  return `${when.year}-${two(when.month)}-${two(when.day)} ${two(when.hour)}:${two(when.minute)}`;
}

const many = (count: number) => `${count} file${count === 1 ? "" : "s"}`;

function listing(members: readonly ZipMember[], quiet: boolean): string {
  const total = members.reduce((sum, { size }) => sum + size, 0);
  const rows = members.map((one) => `${String(one.size).padStart(9)}  ${dateOf(one)}   ${one.name}\n`).join("");
  if (quiet) return rows;
  return (
    "  Length      Date    Time    Name\n---------  ---------- -----   ----\n" +
    `${rows}---------                     -------\n${String(total).padStart(9)}                     ${many(members.length)}\n`
  );
}

function verbose(members: readonly ZipMember[]): string {
  const [size, packed] = [
    members.reduce((sum, one) => sum + one.size, 0),
    members.reduce((sum, one) => sum + one.packed.length, 0),
  ];
  const share = (a: number, b: number) => `${percent(a, b)}%`.padStart(4);
  const rows = members.map((one) => {
    const method = one.method === 8 ? "Defl:N" : "Stored";
    const crc = one.crc.toString(16).padStart(8, "0");
    return `${String(one.size).padStart(8)}  ${method} ${String(one.packed.length).padStart(8)} ${share(one.packed.length, one.size)} ${dateOf(one)} ${crc}  ${one.name}\n`;
  });
  return (
    " Length   Method    Size  Cmpr    Date    Time   CRC-32   Name\n--------  ------  ------- ---- ---------- ----- --------  ----\n" +
    `${rows.join("")}--------          -------  ---                            -------\n` +
    `${String(size).padStart(8)}         ${String(packed).padStart(8)} ${share(packed, size)}                            ${many(members.length)}\n`
  );
}

function info(members: readonly ZipMember[], path: string, bytes: number): string {
  const [size, packed] = [
    members.reduce((sum, one) => sum + one.size, 0),
    members.reduce((sum, one) => sum + one.packed.length, 0),
  ];
  const rows = members.map((one) => {
    const { when } = one;
    const kind = (one.mode & 0o170000) === 0o040000 ? "d" : (one.mode & 0o170000) === 0o120000 ? "l" : "-";
    const mode = kind + modeString({ kind: "file", mode: one.mode & 0o7777 } as never).slice(1);
    const date = `${two(when.year % 100)}-${MONTHS[when.month - 1]}-${two(when.day)} ${two(when.hour)}:${two(when.minute)}`;
    return `${mode}  3.0 unx ${String(one.size).padStart(8)} ${one.text ? "t" : "b"}x ${one.method === 8 ? "defN" : "stor"} ${date} ${one.name}\n`;
  });
  const tenths = size === 0 ? 0 : Math.round(((size - packed) * 1000) / size) / 10;
  return (
    `Archive:  ${path}\nZip file size: ${bytes} bytes, number of entries: ${members.length}\n${rows.join("")}` +
    `${many(members.length)}, ${size} bytes uncompressed, ${packed} bytes compressed:  ${tenths.toFixed(1)}%\n`
  );
}

const NO_END = `  End-of-central-directory signature not found.  Either this file is not
  a zipfile, or it constitutes one disk of a multi-part archive.  In the
  latter case the central directory and zipfile comment will be found on
  the last disk(s) of this archive.
`;

export const unzip: Program = function* (p): Gen<number> {
  const name = (p.argv[0] ?? "unzip").split("/").at(-1)!;
  const ask = asked(p.argv.slice(1));
  const has = (letter: string) => ask.letters.includes(letter);
  if (ask.archive === undefined) {
    yield* sys.print(p, USAGE);
    return p.argv.length === 1 || has("h") || has("v") ? 0 : 10;
  }
  const wrong = [...ask.letters].find((letter) => !"aAbBcCfjKlLMnopqtTuUvVxXzZ0123456789hsm".includes(letter));
  if (wrong !== undefined) {
    yield* sys.printError(p, USAGE);
    return 10;
  }
  const path = [ask.archive, `${ask.archive}.zip`, `${ask.archive}.ZIP`].find(
    (one) => sys.find(p, one)?.kind === "file",
  );
  const quiet = has("q");
  const silent = quiet || has("p") || (has("Z") && has("1"));
  if (path === undefined) {
    yield* sys.printError(
      p,
      `${name}:  cannot find or open ${ask.archive}, ${ask.archive}.zip or ${ask.archive}.ZIP.\n`,
    );
    return 9;
  }
  const bytes = sys.readBytes(p, path);
  const all = unpackZip(bytes);
  const infoMode = has("Z") || name === "zipinfo";
  if (!silent && !infoMode) yield* sys.print(p, `Archive:  ${path}\n`);
  if (all === undefined) {
    yield* sys.printError(
      p,
      `${NO_END}${name}:  cannot find zipfile directory in one of ${path} or\n        ${path}.zip, and cannot find ${path}.ZIP, period.\n`,
    );
    return 9;
  }
  const patterns = ask.list.map((one) => ({ one, regex: globRegex(one, { ignoreCase: has("C") }) }));
  const excluded = ask.exclude.map((one) => globRegex(one, { ignoreCase: has("C") }));
  const members = all.filter(
    (member) =>
      (patterns.length === 0 || patterns.some(({ regex }) => regex.test(member.name))) &&
      !excluded.some((regex) => regex.test(member.name)),
  );
  const unmatched = patterns.filter(({ regex }) => !all.some((member) => regex.test(member.name)));
  if (infoMode) {
    const names = members.map((member) => `${member.name}\n`).join("");
    yield* sys.print(p, has("1") || has("2") ? names : info(members, path, bytes.length));
    return unmatched.length > 0 ? 11 : 0;
  }
  if (has("z")) return 0;
  if (has("l") || has("v")) {
    yield* sys.print(p, has("v") ? verbose(members) : listing(members, ask.letters.split("q").length > 2));
    return members.length === 0 && patterns.length > 0 ? 11 : 0;
  }
  const extraction = new Extraction(p, ask, has, quiet);
  for (const member of members) yield* extraction.member(member);
  yield* extraction.finish();
  for (const { one } of unmatched) yield* sys.printError(p, `caution: filename not matched:  ${one}\n`);
  if (has("t") && !quiet && members.length > 0)
    yield* sys.print(
      p,
      extraction.bad > 0
        ? `At least one error was detected in ${path}.\n`
        : `No errors detected in ${patterns.length > 0 ? `${path} for the ${many(members.length)} tested` : `compressed data of ${path}`}.\n`,
    );
  return unmatched.length > 0 ? 11 : extraction.bad > 0 ? 2 : 0;
};

class Extraction {
  bad = 0;
  private readonly p: Process;
  private readonly ask: Asked;
  private readonly has: (letter: string) => boolean;
  private readonly quiet: boolean;
  private readonly answers: LineReader;
  private readonly links: { path: string; target: string }[] = [];
  /** What was answered for all: A, N, or nothing yet. */
  private all = "";

  constructor(p: Process, ask: Asked, has: (letter: string) => boolean, quiet: boolean) {
    this.p = p;
    this.ask = ask;
    this.has = has;
    this.quiet = quiet;
    this.answers = new LineReader(p, 0);
    if (has("o")) this.all = "A";
    else if (has("n")) this.all = "N";
  }

  *member(member: ZipMember): Gen<void> {
    const { p, has, quiet } = this;
    const bytes = yield* inSteps(unpackBytes(member), 8);
    const how = member.method === 8 ? "  inflating: " : " extracting: ";
    if (has("t")) {
      if (bytes === undefined) this.bad++;
      if (!quiet)
        yield* sys.print(p, `    testing: ${member.name.padEnd(22)}   ${bytes === undefined ? "bad CRC" : "OK"}\n`);
      return;
    }
    if (has("p") || has("c")) {
      if (member.name.endsWith("/") || bytes === undefined) return;
      if (has("c") && !has("p") && !quiet) yield* sys.print(p, `${how}${member.name.padEnd(22)}  \n`);
      yield* sys.write(p, 1, bytes);
      if (has("c") && !has("p") && !quiet) yield* sys.print(p, "\n");
      return;
    }
    // No member leads out of the directory.
    let name = member.name.replace(/^\/+/, "").replace(/(^|\/)(\.\.\/)+/g, "$1");
    if (has("j")) name = name.slice(name.replace(/\/$/, "").lastIndexOf("/") + 1);
    if (has("j") && member.name.endsWith("/")) return;
    const path = this.ask.directory === undefined ? name : `${this.ask.directory.replace(/\/+$/, "")}/${name}`;
    if (member.name.endsWith("/")) {
      if (sys.find(p, path)?.kind === "dir") return;
      this.parents(path.replace(/\/+$/, ""));
      sys.mkdir(p, path.replace(/\/+$/, ""), member.mode & 0o777);
      if (!quiet) yield* sys.print(p, `   creating: ${path}\n`);
      return;
    }
    const there = sys.find(p, path, false);
    if (there !== undefined && !(yield* this.mayReplace(path, there.mtime, member))) return;
    if (there === undefined && has("f")) return;
    try {
      this.parents(path);
      if (there !== undefined) sys.unlink(p, path);
      if ((member.mode & 0o170000) === 0o120000) {
        this.links.push({ path, target: decode(bytes ?? new Uint8Array(0)) });
        if (!quiet) yield* sys.print(p, `    linking: ${path.padEnd(22)}  -> ${decode(bytes ?? new Uint8Array(0))} \n`);
        return;
      }
      sys.writeText(p, path, (bytes ?? new Uint8Array(0)).slice());
      const node = sys.stat(p, path);
      if ((member.mode & 0o777) !== 0) node.mode = member.mode & 0o777;
      if (member.mtime > 0) node.mtime = member.mtime * 1e6 - p.machine.kernel.epochMs * 1000;
      if (!quiet) yield* sys.print(p, `${how}${path.padEnd(22)}  \n`);
      if (bytes === undefined) {
        this.bad++;
        yield* sys.printError(p, `${path}  bad CRC ${member.crc.toString(16).padStart(8, "0")}\n`);
      }
    } catch (error) {
      if (!isErrno(error)) throw error;
      this.bad++;
      yield* sys.printError(p, `error:  cannot create ${path}\n        ${error.message}\n`);
    }
  }

  /** Links are made when all files are there. */
  *finish(): Gen<void> {
    if (this.links.length === 0) return;
    if (!this.quiet) yield* sys.print(this.p, "finishing deferred symbolic links:\n");
    for (const { path, target } of this.links) {
      sys.symlink(this.p, target, path);
      if (!this.quiet) yield* sys.print(this.p, `  ${path.padEnd(22)} -> ${target}\n`);
    }
  }

  private parents(path: string): void {
    const parent = path.slice(0, Math.max(0, path.lastIndexOf("/")));
    if (parent === "" || sys.find(this.p, parent) !== undefined) return;
    this.parents(parent);
    sys.mkdir(this.p, parent);
  }

  private *mayReplace(path: string, mtime: number, member: ZipMember): Gen<boolean> {
    const { p, has } = this;
    if (has("u") || has("f")) {
      const seconds = Math.floor((p.machine.kernel.epochMs * 1000 + mtime) / 1e6);
      if (member.mtime <= seconds) return false;
    }
    if (this.all === "N") return false;
    if (this.all === "A") return true;
    for (;;) {
      yield* sys.printError(p, `replace ${path}? [y]es, [n]o, [A]ll, [N]one, [r]ename: `);
      const answer = yield* this.answers.line();
      if (answer === undefined) {
        yield* sys.printError(p, ' NULL\n(EOF or read error, treating as "[N]one" ...)\n');
        this.all = "N";
        return false;
      }
      const letter = answer.trim()[0] ?? "";
      if (letter === "A" || letter === "N") {
        this.all = letter;
        return letter === "A";
      }
      if (letter === "y" || letter === "Y") return true;
      if (letter === "n") return false;
      yield* sys.printError(p, `error:  invalid response [${answer.trim() || "{ENTER}"}]\n`);
    }
  }
}
