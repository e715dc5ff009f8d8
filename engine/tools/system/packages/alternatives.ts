/** update-alternatives (dpkg): link groups of /etc/alternatives, kept in the files that dpkg keeps them in. */
import type { Gen } from "../../../kernel/index.ts";
import { isErrno } from "../../../machine/errno.ts";
import type { Process, Program } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import { LineReader } from "../../io.ts";

interface Choice {
  path: string;
  priority: number;
  /** Where each slave link leads; empty where this choice has none. */
  slaves: Map<string, string>;
}

interface Group {
  name: string;
  auto: boolean;
  link: string;
  /** Slave links by their names. */
  slaves: Map<string, string>;
  choices: Choice[];
}

/** Ends the program; `usage` adds the line about --help. */
class Wrong extends Error {
  readonly usage: boolean;

  constructor(message: string, usage = false) {
    super(message);
    this.usage = usage;
  }
}

const NAME = "update-alternatives";
const ACTIONS = [
  "display",
  "query",
  "list",
  "get-selections",
  "config",
  "set",
  "set-selections",
  "install",
  "remove",
  "all",
  "remove-all",
  "auto",
];

interface Settings {
  altdir: string;
  admindir: string;
  quiet: boolean;
  verbose: boolean;
  force: boolean;
}

class Alternatives {
  private readonly p: Process;
  private readonly set: Settings;

  constructor(p: Process, set: Settings) {
    this.p = p;
    this.set = set;
  }

  /** The group as its file tells it: mode, link, slaves, a blank line, then each choice. */
  read(name: string): Group | undefined {
    const path = `${this.set.admindir}/${name}`;
    if (sys.find(this.p, path) === undefined) return undefined;
    const lines = sys.readText(this.p, path).split("\n");
    let at = 0;
    const next = () => lines[at++] ?? "";
    const group: Group = { name, auto: next() === "auto", link: next(), slaves: new Map(), choices: [] };
    for (let slave = next(); slave !== ""; slave = next()) group.slaves.set(slave, next());
    for (let choice = next(); choice !== ""; choice = next()) {
      const priority = Number(next());
      const slaves = new Map([...group.slaves.keys()].map((slave) => [slave, next()]));
      group.choices.push({ path: choice, priority, slaves });
    }
    return group;
  }

  names(): string[] {
    if (sys.find(this.p, this.set.admindir) === undefined) return [];
    return [...sys.readDir(this.p, this.set.admindir).keys()].sort();
  }

  need(name: string): Group {
    const group = this.read(name);
    if (group === undefined) throw new Wrong(`error: no alternatives for ${name}`);
    return group;
  }

  best(group: Group): Choice | undefined {
    return group.choices.reduce<Choice | undefined>(
      (best, one) => (best === undefined || one.priority > best.priority ? one : best),
      undefined,
    );
  }

  current(group: Group): string | undefined {
    const node = sys.find(this.p, `${this.set.altdir}/${group.name}`, false);
    return node?.kind === "symlink" ? node.target : undefined;
  }

  private write(group: Group): void {
    const slaves = [...group.slaves.keys()].sort();
    const choices = [...group.choices].sort((a, b) => (a.path < b.path ? -1 : 1));
    const lines = [
      group.auto ? "auto" : "manual",
      group.link,
      ...slaves.flatMap((slave) => [slave, group.slaves.get(slave)!]),
      "",
      ...choices.flatMap((one) => [
        one.path,
        String(one.priority),
        ...slaves.map((slave) => one.slaves.get(slave) ?? ""),
      ]),
      "",
    ];
    this.mkdirs(this.set.admindir);
    sys.writeText(this.p, `${this.set.admindir}/${group.name}`, `${lines.join("\n")}\n`);
  }

  private mkdirs(path: string): void {
    if (sys.find(this.p, path) !== undefined) return;
    this.mkdirs(path.slice(0, path.lastIndexOf("/")) || "/");
    sys.mkdir(this.p, path);
  }

  private relink(path: string, target: string): void {
    if (sys.find(this.p, path, false) !== undefined) sys.unlink(this.p, path);
    sys.symlink(this.p, target, path);
  }

  private *say(text: string): Gen<void> {
    yield* sys.printError(this.p, `${NAME}: ${text}\n`);
  }

  *info(text: string): Gen<void> {
    if (!this.set.quiet) yield* sys.print(this.p, `${NAME}: ${text}\n`);
  }

  /** Makes the links of a group lead to a choice. */
  *point(group: Group, choice: Choice): Gen<void> {
    this.mkdirs(this.set.altdir);
    const links: [string, string, string | undefined][] = [
      [group.name, group.link, choice.path],
      ...[...group.slaves].map(([slave, link]): [string, string, string | undefined] => [
        slave,
        link,
        choice.slaves.get(slave) || undefined,
      ]),
    ];
    for (const [name, link, target] of links) {
      const own = `${this.set.altdir}/${name}`;
      const there = sys.find(this.p, link, false);
      if (target === undefined || sys.find(this.p, target) === undefined) {
        if (there?.kind === "symlink") sys.unlink(this.p, link);
        if (sys.find(this.p, own, false)) sys.unlink(this.p, own);
        continue;
      }
      this.relink(own, target);
      if (there !== undefined && there.kind !== "symlink" && !this.set.force)
        yield* this.say(`warning: not replacing ${link} with a link`);
      else if (there?.kind !== "symlink" || there.target !== own) this.relink(link, own);
    }
    this.write(group);
  }

  private *use(group: Group, choice: Choice): Gen<void> {
    const mode = group.auto ? "auto" : "manual";
    if (this.current(group) !== choice.path)
      yield* this.info(`using ${choice.path} to provide ${group.link} (${group.name}) in ${mode} mode`);
    yield* this.point(group, choice);
  }

  *install(words: readonly string[], slaves: readonly (readonly string[])[]): Gen<void> {
    const [link, name, path, priority] = words as [string, string, string, string];
    for (const [one, target] of [[link, path], ...slaves.map((slave) => [slave[0]!, slave[2]!])]) {
      if (!one!.startsWith("/")) throw new Wrong(`error: alternative link is not absolute as it should be: ${one}`);
      if (!target!.startsWith("/"))
        throw new Wrong(`error: alternative path is not absolute as it should be: ${target}`);
    }
    if (sys.find(this.p, path) === undefined) throw new Wrong(`error: alternative path ${path} doesn't exist`);
    const group: Group = this.read(name) ?? { name, auto: true, link, slaves: new Map(), choices: [] };
    if (group.link !== link) {
      yield* this.say(`renaming ${name} link from ${group.link} to ${link}`);
      if (sys.find(this.p, group.link, false)?.kind === "symlink") sys.unlink(this.p, group.link);
      group.link = link;
    }
    for (const [slaveLink, slave] of slaves) group.slaves.set(slave!, slaveLink!);
    const choice: Choice = {
      path,
      priority: Number(priority),
      slaves: new Map(slaves.map(([, slave, target]) => [slave!, target!])),
    };
    group.choices = [...group.choices.filter((one) => one.path !== path), choice];
    const wanted = group.auto ? this.best(group)! : group.choices.find((one) => one.path === this.current(group));
    if (group.auto || wanted === undefined) yield* this.use(group, wanted ?? choice);
    else yield* this.point(group, wanted);
  }

  *choose(name: string, path: string | undefined): Gen<void> {
    if (path !== undefined && !path.startsWith("/"))
      throw new Wrong(`error: alternative path is not absolute as it should be: ${path}`);
    const group = this.need(name);
    const choice = path === undefined ? this.best(group) : group.choices.find((one) => one.path === path);
    if (choice === undefined) throw new Wrong(`error: alternative ${path} for ${name} not registered; not setting`);
    group.auto = path === undefined;
    yield* this.use(group, choice);
  }

  *remove(name: string, path: string | undefined): Gen<void> {
    const group = this.need(name);
    const before = this.current(group);
    const left = path === undefined ? [] : group.choices.filter((one) => one.path !== path);
    if (left.length === group.choices.length) {
      if (this.set.verbose) yield* this.info(`alternative ${path} for ${name} not registered; not removing`);
      return;
    }
    group.choices = left;
    if (left.length === 0) {
      for (const [slave, link] of [[name, group.link] as const, ...group.slaves]) {
        for (const file of [link, `${this.set.altdir}/${slave}`])
          if (sys.find(this.p, file, false)?.kind === "symlink") sys.unlink(this.p, file);
      }
      sys.unlink(this.p, `${this.set.admindir}/${name}`);
      return;
    }
    for (const slave of [...group.slaves.keys()])
      if (!left.some((one) => one.slaves.get(slave))) {
        const link = group.slaves.get(slave)!;
        for (const file of [link, `${this.set.altdir}/${slave}`])
          if (sys.find(this.p, file, false)?.kind === "symlink") sys.unlink(this.p, file);
        group.slaves.delete(slave);
      }
    if (before === path && path !== undefined) {
      if (!group.auto) yield* this.say(`removing manually selected alternative - switching ${name} to auto mode`);
      group.auto = true;
      yield* this.use(group, this.best(group)!);
    } else yield* this.point(group, left.find((one) => one.path === before) ?? this.best(group)!);
  }

  display(name: string): string {
    const group = this.need(name);
    const slaves = [...group.slaves].sort();
    const current = this.current(group);
    const best = this.best(group);
    return [
      `${name} - ${group.auto ? "auto" : "manual"} mode`,
      best === undefined ? "  link best version not available" : `  link best version is ${best.path}`,
      current === undefined ? "  link currently absent" : `  link currently points to ${current}`,
      `  link ${name} is ${group.link}`,
      ...slaves.map(([slave, link]) => `  slave ${slave} is ${link}`),
      ...group.choices.flatMap((one) => [
        `${one.path} - priority ${one.priority}`,
        ...slaves
          .filter(([slave]) => one.slaves.get(slave))
          .map(([slave]) => `  slave ${slave}: ${one.slaves.get(slave)}`),
      ]),
      "",
    ].join("\n");
  }

  query(name: string): string {
    const group = this.need(name);
    const slaves = [...group.slaves].sort();
    const best = this.best(group);
    return [
      `Name: ${name}`,
      `Link: ${group.link}`,
      ...(slaves.length > 0 ? ["Slaves:", ...slaves.map(([slave, link]) => ` ${slave} ${link}`)] : []),
      `Status: ${group.auto ? "auto" : "manual"}`,
      ...(best === undefined ? [] : [`Best: ${best.path}`]),
      `Value: ${this.current(group) ?? "none"}`,
      "",
      ...group.choices.flatMap((one, i) => [
        ...(i > 0 ? [""] : []),
        `Alternative: ${one.path}`,
        `Priority: ${one.priority}`,
        ...(slaves.length > 0
          ? [
              "Slaves:",
              ...slaves
                .filter(([slave]) => one.slaves.get(slave))
                .map(([slave]) => ` ${slave} ${one.slaves.get(slave)}`),
            ]
          : []),
      ]),
      "",
    ].join("\n");
  }

  selections(): string {
    return this.names()
      .map((name) => this.need(name))
      .map(
        (group) =>
          `${group.name.padEnd(30)} ${(group.auto ? "auto" : "manual").padEnd(8)} ${this.current(group) ?? ""}\n`,
      )
      .join("");
  }

  /** Asks on standard input until the answer is one of the numbers; nothing keeps what is. */
  *configure(name: string): Gen<void> {
    const group = this.need(name);
    const current = this.current(group);
    const best = this.best(group)!;
    const answers = new LineReader(this.p, 0);
    const width = 1 + Math.max(14, ...group.choices.map(({ path }) => path.length));
    const count = group.choices.length;
    for (;;) {
      const row = (i: number, one: Choice, auto: boolean) => {
        const chosen = current === one.path && group.auto === auto;
        return `${chosen ? "*" : " "} ${String(i).padEnd(12)} ${one.path.padEnd(width)} ${` ${one.priority}`.padEnd(10)} ${auto ? "auto" : "manual"} mode\n`;
      };
      yield* sys.print(
        this.p,
        `There ${count === 1 ? "is 1 choice" : `are ${count} choices`} for the alternative ${name} (providing ${group.link}).\n\n` +
          `  Selection    ${"Path".padEnd(width)} Priority   Status\n${"-".repeat(60)}\n` +
          row(0, best, true) +
          group.choices.map((one, i) => row(i + 1, one, false)).join("") +
          "\nPress <enter> to keep the current choice[*], or type selection number: ",
      );
      const answer = (yield* answers.line())?.trim();
      if (answer === undefined || answer === "") return;
      const number = /^\d+$/.test(answer)
        ? Number(answer)
        : group.choices.findIndex(({ path }) => path === answer) + 1 || -1;
      if (number < 0 || number > count) continue;
      yield* this.choose(name, number === 0 ? undefined : group.choices[number - 1]!.path);
      return;
    }
  }

  *config(name: string): Gen<void> {
    if (name !== "--all") {
      yield* this.configure(name);
      return;
    }
    for (const one of this.names()) {
      yield* this.configure(one);
      yield* sys.print(this.p, "\n");
    }
  }

  *setSelections(): Gen<void> {
    const lines = new LineReader(this.p, 0);
    for (let line = yield* lines.line(); line !== undefined; line = yield* lines.line()) {
      const [name, mode, path] = line.trim().split(/\s+/);
      if (name === undefined || this.read(name) === undefined) continue;
      yield* sys.print(
        this.p,
        `[${NAME} --set-selections] Call ${NAME} --${mode === "auto" ? `auto ${name}` : `set ${name} ${path}`}\n`,
      );
      yield* this.choose(name, mode === "auto" ? undefined : path);
    }
  }
}

/** How many words follow each action. */
const NEEDS: Readonly<Record<string, string>> = {
  install: "<link> <name> <path> <priority>",
  slave: "<link> <name> <path>",
  set: "<name> <path>",
  remove: "<name> <path>",
  "remove-all": "<name>",
  auto: "<name>",
  display: "<name>",
  query: "<name>",
  list: "<name>",
  config: "<name>",
  altdir: "<argument>",
  admindir: "<argument>",
  instdir: "<argument>",
  root: "<argument>",
  log: "<argument>",
};

function* main(p: Process): Gen<number> {
  const set: Settings = {
    altdir: "/etc/alternatives",
    admindir: "/var/lib/dpkg/alternatives",
    quiet: false,
    verbose: false,
    force: false,
  };
  let action: string | undefined;
  let words: string[] = [];
  const slaves: string[][] = [];
  const args = p.argv.slice(1);
  for (let i = 0; i < args.length; i++) {
    const word = args[i]!;
    const name = word.slice(2);
    const needs = NEEDS[name];
    const take = () => {
      const count = needs?.split(" ").length ?? 0;
      const taken = args.slice(i + 1, i + 1 + count);
      if (taken.length < count || taken.some((one, k) => one === "" && k < 3))
        throw new Wrong(`--${name} needs ${needs}`, true);
      i += count;
      return taken;
    };
    if (word === "--help" || word === "--version") {
      yield* sys.print(
        p,
        word === "--help" ? `Usage: ${NAME} [<option> ...] <command>\n` : `Debian ${NAME} version 1.21.22.\n`,
      );
      return 0;
    }
    if (word === "--quiet") set.quiet = true;
    else if (word === "--verbose" || word === "--debug") set.verbose = true;
    else if (word === "--force") set.force = true;
    else if (word === "--skip-auto") continue;
    else if (name === "altdir") set.altdir = take()[0]!;
    else if (name === "admindir") set.admindir = take()[0]!;
    else if (["log", "root", "instdir"].includes(name)) take();
    else if (word === "--slave") {
      if (action !== "install") throw new Wrong("--slave only allowed with --install", true);
      slaves.push(take());
    } else if (word.startsWith("--") && ACTIONS.includes(name)) {
      if (action !== undefined) throw new Wrong(`two commands specified: --${action} and --${name}`, true);
      action = name;
      words = take();
      if (action === "install" && !/^-?\d+$/.test(words[3]!))
        throw new Wrong(`priority '${words[3]}' must be an integer`, true);
    } else
      throw new Wrong(
        word.startsWith("-") ? `unknown option '${word}'` : `error: unknown argument '${word}'`,
        word.startsWith("-"),
      );
  }
  if (action === undefined)
    throw new Wrong(
      "need --display, --query, --list, --get-selections, --config, --set, --set-selections, --install, --remove, --all, --remove-all or --auto",
      true,
    );
  const groups = new Alternatives(p, set);
  const [name = "", path] = words;
  if (action === "install") yield* groups.install(words, slaves);
  else if (action === "set") yield* groups.choose(name, path);
  else if (action === "auto") yield* groups.choose(name, undefined);
  else if (action === "remove") yield* groups.remove(name, path);
  else if (action === "remove-all") yield* groups.remove(name, undefined);
  else if (action === "display") yield* sys.print(p, groups.display(name));
  else if (action === "query") yield* sys.print(p, groups.query(name));
  else if (action === "list")
    yield* sys.print(
      p,
      groups
        .need(name)
        .choices.map((one) => `${one.path}\n`)
        .join(""),
    );
  else if (action === "get-selections") yield* sys.print(p, groups.selections());
  else if (action === "set-selections") yield* groups.setSelections();
  else yield* groups.config(action === "all" ? "--all" : name);
  return 0;
}

/** update-alternatives(1). */
export const updateAlternatives: Program = function* (p) {
  try {
    return yield* main(p);
  } catch (error) {
    if (error instanceof Wrong) {
      const usage = error.usage ? `\nUse '${NAME} --help' for program usage information.\n` : "";
      yield* sys.printError(p, `${NAME}: ${error.message}\n${usage}`);
      return 2;
    }
    if (!isErrno(error)) throw error;
    yield* sys.printError(p, `${NAME}: error: unable to make the links: ${error.message}\n`);
    return 2;
  }
};
