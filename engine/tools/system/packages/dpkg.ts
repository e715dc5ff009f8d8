/** dpkg and dpkg-query (dpkg 1.21): what is installed; nothing can be added. */
import type { Gen } from "../../../kernel/index.ts";
import type { Process, Program } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import { holds, installed, type Package } from "./installed.ts";

const HELP = `dpkg: error: need an action option

Type dpkg --help for help about installing and deinstalling packages [*];
Use 'apt' or 'aptitude' for user-friendly package management;
Type dpkg -Dhelp for a list of dpkg debug flag values;
Type dpkg --force-help for a list of forcing options;
Type dpkg-deb --help for help about manipulating *.deb files;

Options marked [*] produce a lot of output - pipe it through 'less' or 'more' !
`;

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
    (word) => /^(-[lsLSWipPraVC]|--[a-z-]+)$/.test(word) && word !== "--showformat" && word !== "--no-pager",
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
    case "-s":
    case "--status":
      return yield* each(
        p,
        operands,
        (name) =>
          `dpkg-query: package '${name}' is not installed and no information is available\nUse dpkg --info (= dpkg-deb --info) to examine archive files.\n`,
        (one) => statusText(p, one),
      );
    case "-L":
    case "--listfiles":
      return yield* each(
        p,
        operands,
        (name) =>
          `dpkg-query: package '${name}' is not installed\nUse dpkg --contents (= dpkg-deb --contents) to list archive files contents.\n`,
        (one) => ["/.", "/usr", "/usr/bin", ...one.files].map((file) => `${file}\n`).join(""),
      );
    case "-S":
    case "--search":
      return yield* search(p, operands);
    case "-W":
    case "--show": {
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
      const lines = installed(p).map(({ name }) => {
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
      if (p.cred.uid !== 0) {
        yield* sys.printError(p, "dpkg: error: requested operation requires superuser privilege\n");
        return 2;
      }
      for (const file of operands) {
        yield* sys.printError(p, `dpkg: error: cannot access archive '${file}': No such file or directory\n`);
      }
      return 2;
    default:
      yield* sys.printError(p, HELP);
      return 2;
  }
};
