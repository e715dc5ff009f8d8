import { decode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import { entriesOf } from "../../machine/inode.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { compileRegex, type Regex, RegexError } from "../../text/regex/index.ts";
import { busyboxWords } from "../busybox-words.ts";
import { Output, readWhole } from "../io.ts";
import { OptionError, type ParsedOptions, parseOptions } from "../options.ts";

const ROOT = "/proc/sys";
/** Directories of `--system`, the first one's file of a name counts. */
const DIRECTORIES = ["/run/sysctl.d", "/etc/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d"];

const HELP = `
Usage:
 sysctl [options] [variable[=value] ...]

Options:
  -a, --all            display all variables
  -A                   alias of -a
  -X                   alias of -a
      --deprecated     include deprecated parameters to listing
      --dry-run        Print the key and values but do not write
  -b, --binary         print value without new line
  -e, --ignore         ignore unknown variables errors
  -N, --names          print variable names without values
  -n, --values         print only values of the given variable(s)
  -p, --load[=<file>]  read values from file
  -f                   alias of -p
      --system         read values from all system directories
  -r, --pattern <expression>
                       select setting that match expression
  -q, --quiet          do not echo variable set
  -w, --write          enable writing a value to variable
  -o                   does nothing
  -x                   does nothing
  -d                   alias of -h

 -h, --help     display this help and exit
 -V, --version  output version information and exit

For more details see sysctl(8).
`;

const pathOf = (key: string): string => `${ROOT}/${key.includes("/") ? key : key.split(".").join("/")}`;

/** Files that `--system` applies, in the order of their names, /etc/sysctl.conf last. */
function systemFiles(p: Process): string[] {
  const byName = new Map<string, string>();
  for (const directory of DIRECTORIES) {
    const node = sys.find(p, directory);
    if (node?.kind !== "dir") continue;
    for (const name of entriesOf(node).keys())
      if (name.endsWith(".conf") && !byName.has(name)) byName.set(name, `${directory}/${name}`);
  }
  const files = [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, path]) => path);
  return sys.find(p, "/etc/sysctl.conf") === undefined ? files : [...files, "/etc/sysctl.conf"];
}

/** Names of everything below /proc/sys, sorted as the directory is walked. */
function everything(p: Process): string[] {
  const out: string[] = [];
  const walk = (path: string, prefix: string): void => {
    const node = sys.find(p, path);
    if (node?.kind !== "dir") return;
    for (const [name, child] of [...entriesOf(node)].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (child.kind === "dir") walk(`${path}/${name}`, `${prefix}${name}.`);
      else out.push(prefix + name);
    }
  };
  walk(ROOT, "");
  return out;
}

/** One assignment of a file or of the command line. */
interface Setting {
  key: string;
  value: string;
  /** `-` before the key: its failure is forgiven. */
  forgiven: boolean;
}

/** sysctl(8) of procps-ng 4.0.2: reads and writes /proc/sys. */
export const sysctl: Program = function* (p) {
  const out = new Output(p);
  let status: number;
  try {
    status = yield* new Sysctl(p, out).run();
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    yield* out.flush();
    yield* sys.printError(p, `sysctl: ${error.message}\n${HELP}`);
    return 1;
  }
  yield* out.flush();
  return status;
};

class Sysctl {
  private readonly p: Process;
  private readonly out: Output;
  private readonly o: ParsedOptions;
  private readonly pattern: Regex | undefined;
  private status = 0;

  constructor(p: Process, out: Output) {
    this.p = p;
    this.out = out;
    this.o = parseOptions(p.argv.slice(1), {
      short: "bneNwfp::qoxaAXr:Vdh",
      long: "all=a binary=b deprecated dry-run ignore=e names=N values=n load::=p quiet=q write=w pattern:=r system help=h version=V",
      standard: false,
    });
    const expression = this.o.value("r");
    try {
      this.pattern = expression === undefined ? undefined : compileRegex(expression, { syntax: "ere" });
    } catch (error) {
      if (!(error instanceof RegexError)) throw error;
    }
  }

  *run(): Gen<number> {
    const { p, o, out } = this;
    if (o.has("h", "d")) {
      out.add(HELP);
      return 0;
    }
    if (o.has("V")) {
      out.add("sysctl from procps-ng 4.0.2\n");
      return 0;
    }
    if (o.has("system")) {
      const settings: Setting[] = [];
      for (const path of systemFiles(p)) {
        if (!o.has("q") || o.has("system")) out.add(`* Applying ${path} ...\n`);
        settings.push(...(yield* this.settingsOf(path)));
      }
      for (const one of settings) yield* this.write(one);
      return this.status;
    }
    const loaded = o.last("p", "f");
    if (loaded !== undefined) {
      const files = [...(loaded.value === undefined ? [] : [loaded.value]), ...o.operands];
      for (const path of files.length > 0 ? files : ["/etc/sysctl.conf"])
        for (const one of yield* this.settingsOf(path)) yield* this.write(one);
      return this.status;
    }
    if (o.has("a", "A", "X")) {
      for (const name of everything(p)) {
        const text = this.fits(name) ? read(p, pathOf(name)) : undefined;
        if (text !== undefined) this.show(name, text);
      }
      return 0;
    }
    if (o.operands.length === 0) {
      if (p.argv.length === 1) yield* sys.printError(p, HELP);
      else yield* sys.printError(p, "sysctl: no variables specified\nTry `sysctl --help' for more information.\n");
      return 1;
    }
    let failures = 0;
    for (const word of o.operands) {
      failures += this.status;
      this.status = 0;
      const equals = word.indexOf("=");
      if (equals < 0 && o.has("w")) yield* this.fail("command line(0): invalid syntax, continuing...");
      else if (equals < 0) yield* this.read(word);
      else
        yield* this.write({ key: word.slice(0, equals).trim(), value: word.slice(equals + 1).trim(), forgiven: false });
    }
    return failures + this.status;
  }

  private fits(name: string): boolean {
    return this.pattern?.test(name) ?? true;
  }

  private show(key: string, value: string): void {
    const { o, out } = this;
    for (const line of value.replace(/\n$/, "").split("\n"))
      out.add(o.has("N") ? `${key}\n` : o.has("b") ? line : o.has("n") ? `${line}\n` : `${key} = ${line}\n`);
  }

  private *fail(message: string): Gen {
    yield* this.out.flush();
    yield* sys.printError(this.p, `sysctl: ${this.p.applet ? busyboxWords("sysctl", message) : message}\n`);
    this.status = 1;
  }

  private *read(key: string): Gen {
    const { p, o } = this;
    const path = pathOf(key);
    const dotted = key.includes("/") ? key.replaceAll("/", ".") : key;
    const node = sys.find(p, path);
    const names = node?.kind === "dir" ? everything(p).filter((name) => name.startsWith(`${dotted}.`)) : [dotted];
    for (const name of names) {
      if (!this.fits(name)) continue;
      const text = read(p, pathOf(name));
      if (text !== undefined) this.show(name, text);
      else if (sys.find(p, path) !== undefined) yield* this.fail(`permission denied on key "${name}"`);
      else if (!o.has("e")) yield* this.fail(`cannot stat ${path}: No such file or directory`);
    }
  }

  private *write({ key, value, forgiven }: Setting): Gen {
    const { p, o } = this;
    if (!this.fits(key)) return;
    const path = pathOf(key);
    if (key === "") {
      this.status = 1;
      if (value === "") return;
      yield* this.fail(`Path is not under ${ROOT}/: ${ROOT}/`);
      return;
    }
    if (sys.find(p, path) === undefined) {
      if (o.has("e")) return;
      const before = this.status;
      yield* this.fail(`cannot stat ${path}: No such file or directory`);
      if (forgiven) this.status = before;
      return;
    }
    try {
      if (!o.has("dry-run")) sys.writeText(p, path, `${value}\n`);
      if (!o.has("q")) this.show(key.replaceAll("/", "."), value);
    } catch (error) {
      if (!isErrno(error)) throw error;
      if (o.has("e") && error.code !== "EINVAL") return;
      const denied = error.code === "EACCES";
      const before = this.status;
      yield* this.fail(denied ? `permission denied on key "${key}"` : `setting key "${key}": ${error.message}`);
      if (forgiven) this.status = before;
    }
  }

  /** The assignments of a file: `key = value`, comments with `#` and `;`. */
  private *settingsOf(path: string): Gen<Setting[]> {
    const text = path === "-" ? decode(yield* readWhole(this.p, 0)) : read(this.p, path);
    if (text === undefined) {
      yield* this.fail(`cannot open "${path}": No such file or directory`);
      return [];
    }
    const out: Setting[] = [];
    for (const [i, line] of text.split("\n").entries()) {
      const trimmed = line.trim();
      if (trimmed === "" || trimmed.startsWith("#") || trimmed.startsWith(";")) continue;
      const equals = trimmed.indexOf("=");
      if (equals < 0) {
        if (trimmed.startsWith("-")) continue;
        yield* this.out.flush();
        yield* sys.printError(this.p, `sysctl: ${path}(${i + 1}): invalid syntax, continuing...\n`);
        continue;
      }
      const key = trimmed.slice(0, equals).trim();
      out.push({ key: key.replace(/^-/, ""), value: trimmed.slice(equals + 1).trim(), forgiven: key.startsWith("-") });
    }
    return out;
  }
}

function read(p: Process, path: string): string | undefined {
  try {
    return sys.readText(p, path);
  } catch (error) {
    if (!isErrno(error)) throw error;
    return undefined;
  }
}
