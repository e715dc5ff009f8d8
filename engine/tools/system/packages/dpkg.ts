/** dpkg and dpkg-query (dpkg 1.21): what is installed; nothing can be added. */
import { decode, type Gen } from "../../../kernel/index.ts";
import type { Process, Program } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import { holds, installed, type Package, setHolds } from "./installed.ts";
import { compareWords, parseVersion } from "./versions.ts";

const HELP = `
Type dpkg --help for help about installing and deinstalling packages [*];
Use 'apt' or 'aptitude' for user-friendly package management;
Type dpkg -Dhelp for a list of dpkg debug flag values;
Type dpkg --force-help for a list of forcing options;
Type dpkg-deb --help for help about manipulating *.deb files;

Options marked [*] produce a lot of output - pipe it through 'less' or 'more' !
`;

function* wrong(p: Process, message: string): Gen<number> {
  const query = p.argv[0]!.endsWith("dpkg-query");
  yield* sys.printError(
    p,
    `${query ? "dpkg-query" : "dpkg"}: error: ${message}\n${query ? "\nUse --help for help about querying packages.\n" : HELP}`,
  );
  return 2;
}

/** Actions that say nothing where nothing is left half done. */
const QUIET = new Set(["-C", "--audit", "--clear-avail", "--forget-old-unavail", "--update-avail", "--merge-avail"]);

/** Facts about the features of dpkg, which are there. */
const ASSERTIONS =
  /^--assert-(support-predepends|working-epoch|long-filenames|multi-conrep|multi-arch|versioned-provides|protected-field)$/;

/** Taking away what is not there, and refusing to take what is (no package can come back). */
function* removal(p: Process, names: readonly string[], action: string): Gen<number> {
  if (names.length === 0) return yield* wrong(p, `${action} needs at least one package name argument`);
  if (p.cred.uid !== 0) {
    yield* sys.printError(p, "dpkg: error: requested operation requires superuser privilege\n");
    return 2;
  }
  let failed = "";
  for (const name of names) {
    const known = installed(p).some((one) => one.name === name);
    if (!known) yield* sys.printError(p, `dpkg: warning: ignoring request to remove ${name} which isn't installed\n`);
    else {
      yield* sys.printError(
        p,
        `dpkg: error processing package ${name} (${action}):\n this is an essential package; it should not be removed\n`,
      );
      failed += ` ${name}\n`;
    }
  }
  if (failed !== "") yield* sys.printError(p, `Errors were encountered while processing:\n${failed}`);
  return failed === "" ? 0 : 1;
}

/** Directories on the way to files, each once, and the files. */
function withDirectories(files: readonly string[]): string[] {
  const out = new Set(["/."]);
  for (const file of files) {
    const parts = file.split("/").slice(1);
    for (let i = 1; i <= parts.length; i++) out.add(`/${parts.slice(0, i).join("/")}`);
  }
  return [...out];
}

/** Other actions of dpkg; undefined: there is no such. */
function* others(p: Process, action: string | undefined, rest: readonly string[]): Gen<number> {
  const names = rest.filter((word) => !word.startsWith("-"));
  if (action === undefined) return yield* wrong(p, "need an action option");
  if (action === "--compare-versions") {
    const { status, errors, bad } = compareWords(rest);
    yield* sys.printError(p, errors.map((line) => `${line}\n`).join(""));
    return bad === undefined ? status : yield* wrong(p, bad);
  }
  if (action === "--validate-version") {
    const { error, warning } = parseVersion(rest[0] ?? "");
    const what = error ?? warning;
    if (what === undefined) return 0;
    yield* sys.printError(
      p,
      `dpkg: ${error === undefined ? "warning" : "error"}: version '${rest[0]}' has bad syntax: ${what}\n`,
    );
    return 1;
  }
  if (QUIET.has(action) || ASSERTIONS.test(action) || action === "--print-foreign-architectures") return 0;
  if (action === "--add-architecture" || action === "--remove-architecture") return 0;
  if (action === "--configure") {
    if (rest.includes("-a") || rest.includes("--pending")) return 0;
    let failed = "";
    for (const name of names) {
      const known = installed(p).some((one) => one.name === name);
      const why = known
        ? `package ${name} is already installed and configured`
        : `no package named '${name}' is installed, cannot configure`;
      yield* sys.printError(p, `dpkg: error processing package ${name} (--configure):\n ${why}\n`);
      failed += ` ${name}\n`;
    }
    if (failed !== "") yield* sys.printError(p, `Errors were encountered while processing:\n${failed}`);
    return failed === "" ? 0 : 1;
  }
  if (action === "-V" || action === "--verify") {
    const missing = names.filter((name) => !installed(p).some((one) => one.name === name));
    for (const name of missing) yield* sys.printError(p, `dpkg: package '${name}' is not installed\n`);
    return missing.length > 0 ? 1 : 0;
  }
  if (action === "--set-selections") {
    const lines = yield* sys.readAll(p, 0);
    const held = new Set(holds(p));
    for (const line of decode(lines).split("\n")) {
      const [name, want] = line.trim().split(/\s+/);
      if (name === undefined || want === undefined) continue;
      if (!installed(p).some((one) => one.name === name))
        yield* sys.printError(p, `dpkg: warning: package not in status nor available database at line 1: ${name}\n`);
      else if (want === "hold") held.add(name);
      else held.delete(name);
    }
    setHolds(p, [...held]);
    return 0;
  }
  if (["-r", "--remove"].includes(action)) return yield* removal(p, names, "--remove");
  if (["-P", "--purge"].includes(action)) return yield* removal(p, names, "--purge");
  if (
    [
      "-c",
      "-I",
      "-x",
      "-X",
      "-e",
      "-f",
      "--contents",
      "--info",
      "--extract",
      "--vextract",
      "--control",
      "--field",
    ].includes(action)
  ) {
    const [file] = names;
    if (file === undefined) return yield* wrong(p, `${action} needs a .deb filename argument`);
    const known = sys.find(p, file) !== undefined;
    yield* sys.printError(
      p,
      known
        ? `dpkg-deb: error: '${file}' is not a Debian format archive\n`
        : `dpkg-deb: error: failed to read archive '${file}': No such file or directory\n`,
    );
    return 2;
  }
  return yield* wrong(p, `unknown option ${action}`);
}

/** A shell pattern of dpkg: `*` and `?`. */
function matches(pattern: string, name: string): boolean {
  const step = (i: number, j: number): boolean => {
    if (i === pattern.length) return j === name.length;
    if (pattern[i] === "*") return step(i + 1, j) || (j < name.length && step(i, j + 1));
    return j < name.length && (pattern[i] === "?" || pattern[i] === name[j]) && step(i + 1, j + 1);
  };
  return step(0, 0);
}

function* list(p: Process, patterns: readonly string[]): Gen<number> {
  const all = installed(p);
  const held = new Set(holds(p));
  let status = 0;
  const found = patterns.length === 0 ? all : all.filter(({ name }) => patterns.some((one) => matches(one, name)));
  for (const pattern of patterns) {
    if (all.some(({ name }) => matches(pattern, name))) continue;
    yield* sys.printError(p, `dpkg-query: no packages found matching ${pattern}\n`);
    status = 1;
  }
  if (found.length === 0) return status;
  const width = (least: number, of: (one: Package) => string) => Math.max(least, ...found.map((one) => of(one).length));
  const [n, v, a, d] = [width(14, (x) => x.name), width(12, (x) => x.version), 12, width(33, (x) => x.description)];
  const dash = (count: number) => "=".repeat(count);
  let out =
    "Desired=Unknown/Install/Remove/Purge/Hold\n| Status=Not/Inst/Conf-files/Unpacked/halF-conf/Half-inst/trig-aWait/Trig-pend\n" +
    `|/ Err?=(none)/Reinst-required (Status,Err: uppercase=bad)\n||/ ${"Name".padEnd(n)} ${"Version".padEnd(v)} ${"Architecture".padEnd(a)} Description\n` +
    `+++-${dash(n)}-${dash(v)}-${dash(a)}-${dash(d)}\n`;
  for (const { name, version, architecture, description } of found) {
    out += `${held.has(name) ? "h" : "i"}i  ${name.padEnd(n)} ${version.padEnd(v)} ${architecture.padEnd(a)} ${description}\n`;
  }
  yield* sys.print(p, out);
  return status;
}

function statusText(p: Process, one: Package): string {
  const want = holds(p).includes(one.name) ? "hold" : "install";
  return (
    `Package: ${one.name}\nStatus: ${want} ok installed\nPriority: optional\nSection: ${one.section}\n` +
    `Architecture: ${one.architecture}\nVersion: ${one.version}\nDescription: ${one.description}\n`
  );
}

function* each(
  p: Process,
  names: readonly string[],
  missing: (name: string) => string,
  show: (one: Package) => string,
): Gen<number> {
  let status = 0;
  let out = "";
  for (const [i, name] of names.entries()) {
    const one = installed(p).find((each) => each.name === name);
    if (one === undefined) {
      yield* sys.printError(p, missing(name));
      status = 1;
    } else out += `${i > 0 && out !== "" ? "\n" : ""}${show(one)}`;
  }
  yield* sys.print(p, out);
  return status;
}

function* search(p: Process, patterns: readonly string[]): Gen<number> {
  let status = 0;
  for (const pattern of patterns) {
    const found = installed(p).flatMap(({ name, files }) =>
      files
        .filter((file) => file === pattern || (!pattern.startsWith("/") && file.includes(pattern)))
        .map((file) => `${name}: ${file}\n`),
    );
    if (found.length === 0) {
      yield* sys.printError(
        p,
        `dpkg-query: no path found matching pattern ${pattern.startsWith("/") ? pattern : `*${pattern}*`}\n`,
      );
      status = 1;
    } else yield* sys.print(p, found.join(""));
  }
  return status;
}

function* queryNeeds(p: Process, message: string): Gen<number> {
  yield* sys.printError(p, `dpkg-query: error: ${message}\n\nUse --help for help about querying packages.\n`);
  return 2;
}

/** Text of a `-f` format: `${Package}\\n`. */
function formatted(format: string, one: Package, want: string): string {
  const fields: Record<string, string> = {
    Package: one.name,
    Version: one.version,
    Architecture: one.architecture,
    Section: one.section,
    "binary:Package": one.name,
    Status: `${want} ok installed`,
    "db:Status-Status": "installed",
    "binary:Summary": one.description,
  };
  return format
    .replace(/\\n/g, "\n")
    .replace(/\\t/g, "\t")
    .replace(/\$\{([A-Za-z:-]+)(?:;(-?\d+))?\}/g, (_, name: string, width?: string) => {
      const text = fields[name] ?? "";
      const size = Number(width ?? 0);
      return size < 0 ? text.padEnd(-size) : text.padStart(size);
    });
}

export const dpkg: Program = function* (p): Gen<number> {
  const isQuery = p.argv[0]!.endsWith("dpkg-query");
  const words = p.argv.slice(1);
  const at = words.findIndex(
    (word) =>
      /^(-[A-Za-z0-9]|--[a-z-]+)$/.test(word) &&
      !["-f", "--showformat", "--no-pager", "-E", "-G"].includes(word) &&
      !/^--(force|no-force|refuse|no-act|dry-run|simulate|root|admindir|instdir|log|status)/.test(word),
  );
  const action = words[at];
  const format = words.flatMap((word, i) => {
    if (word === "-f" || word === "--showformat") return [words[i + 1] ?? ""];
    const long = /^(?:-f=?|--showformat=)(.+)$/s.exec(word);
    return long ? [long[1]!] : [];
  })[0];
  const operands = words.filter(
    (word, i) => !word.startsWith("-") && words[i - 1] !== "-f" && words[i - 1] !== "--showformat",
  );
  switch (action) {
    case "-l":
    case "--list":
      return yield* list(p, operands);
    case "-p":
    case "--print-avail":
    case "-s":
    case "--status":
      if (operands.length === 0 && action.startsWith("-p"))
        return yield* wrong(
          p,
          `${action === "-p" ? "--print-avail" : action} needs at least one package name argument`,
        );
      return yield* each(
        p,
        operands,
        (name) =>
          `dpkg-query: package '${name}' is not installed and no information is available\nUse dpkg --info (= dpkg-deb --info) to examine archive files.\n`,
        (one) => statusText(p, one),
      );
    case "-L":
    case "--listfiles":
      if (operands.length === 0) return yield* queryNeeds(p, "--listfiles needs at least one package name argument");
      return yield* each(
        p,
        operands,
        (name) =>
          `dpkg-query: package '${name}' is not installed\nUse dpkg --contents (= dpkg-deb --contents) to list archive files contents.\n`,
        (one) =>
          withDirectories(one.files)
            .map((file) => `${file}\n`)
            .join(""),
      );
    case "-S":
    case "--search":
      if (operands.length === 0) return yield* queryNeeds(p, "--search needs at least one file name pattern argument");
      return yield* search(p, operands);
    case "-W":
    case "--show": {
      if (!isQuery && action === "-W") return yield* wrong(p, "unknown option -W");
      const all = installed(p);
      const names = operands.length > 0 ? operands : ["*"];
      const held = holds(p);
      let status = 0;
      for (const pattern of names) {
        const found = all.filter(({ name }) => matches(pattern, name));
        if (found.length === 0) {
          yield* sys.printError(p, `dpkg-query: no packages found matching ${pattern}\n`);
          status = 1;
        }
        const text = found.map((one) =>
          formatted(format ?? "${binary:Package}\\t${Version}\\n", one, held.includes(one.name) ? "hold" : "install"),
        );
        yield* sys.print(p, text.join(""));
      }
      return status;
    }
    case "--get-selections": {
      const held = holds(p);
      const all = installed(p);
      for (const one of operands)
        if (!all.some(({ name }) => matches(one, name)))
          yield* sys.printError(p, `dpkg: no packages found matching ${one}\n`);
      const found =
        operands.length === 0 ? all : operands.flatMap((one) => all.filter(({ name }) => matches(one, name)));
      const lines = found.map(({ name }) => {
        const tabs = "\t".repeat(Math.max(1, 6 - Math.floor(name.length / 8)));
        return `${name}${tabs}${held.includes(name) ? "hold" : "install"}\n`;
      });
      yield* sys.print(p, lines.join(""));
      return 0;
    }
    case "--print-architecture":
      yield* sys.print(p, "amd64\n");
      return 0;
    case "--version":
      yield* sys.print(
        p,
        `Debian '${isQuery ? "dpkg-query" : "dpkg"}' package management program version 1.21.22 (amd64).\n`,
      );
      return 0;
    case "-i":
    case "--install":
      if (operands.length === 0) return yield* wrong(p, "--install needs at least one package archive file argument");
      if (p.cred.uid !== 0) {
        yield* sys.printError(p, "dpkg: error: requested operation requires superuser privilege\n");
        return 2;
      }
      for (const file of operands) {
        yield* sys.printError(p, `dpkg: error: cannot access archive '${file}': No such file or directory\n`);
      }
      return 2;
    default:
      return yield* others(p, action, words.slice(at + 1));
  }
};
