/** apt, apt-get, apt-cache and apt-mark: these machines have no way to a package mirror. */
import { type Gen, sleep } from "../../../kernel/index.ts";
import type { Process, Program } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import { holds, installed, setHolds } from "./installed.ts";

const SUITES = [
  ["http://deb.debian.org/debian", "bookworm"],
  ["http://deb.debian.org/debian-security", "bookworm-security"],
] as const;

const READING = "Reading package lists... Done\nBuilding dependency tree... Done\nReading state information... Done\n";
const CHANGING = ["install", "remove", "purge", "upgrade", "dist-upgrade", "full-upgrade", "autoremove", "reinstall"];

function* update(p: Process): Gen<number> {
  yield* sleep(3_000_000);
  for (const [i, [url, suite]] of SUITES.entries()) {
    yield* sys.print(p, `Err:${i + 1} ${url} ${suite} InRelease\n  Temporary failure resolving 'deb.debian.org'\n`);
  }
  yield* sys.print(p, "Reading package lists... Done\n");
  for (const [url, suite] of SUITES) {
    yield* sys.printError(
      p,
      `W: Failed to fetch ${url}/dists/${suite}/InRelease  Temporary failure resolving 'deb.debian.org'\n`,
    );
  }
  yield* sys.printError(
    p,
    "W: Some index files failed to download. They have been ignored, or old ones used instead.\n",
  );
  return 0;
}

function* change(p: Process, verb: string, names: readonly string[]): Gen<number> {
  yield* sys.print(p, READING);
  const all = installed(p);
  const held = new Set(holds(p));
  let failed = false;
  const gone: string[] = [];
  for (const text of names) {
    const [name = "", version] = text.replace(/[+-]$/, "").split("=");
    const one = all.find((each) => each.name === name);
    if (one === undefined) {
      yield* sys.printError(p, `E: Unable to locate package ${name}\n`);
      failed = true;
    } else if (verb === "install" && version !== undefined && version !== one.version) {
      yield* sys.printError(p, `E: Version '${version}' for '${name}' was not found\n`);
      failed = true;
    } else if (verb === "install") yield* sys.print(p, `${name} is already the newest version (${one.version}).\n`);
    else gone.push(name);
  }
  if (failed) return 100;
  if (gone.length > 0) {
    if (gone.some((name) => held.has(name))) {
      yield* sys.printError(p, "E: Held packages were changed and -y was used without --allow-change-held-packages.\n");
    } else yield* sys.printError(p, "E: Sub-process /usr/bin/dpkg returned an error code (1)\n");
    return 100;
  }
  const count = names.length === 0 && /upgrade/.test(verb) ? "Calculating upgrade... Done\n" : "";
  yield* sys.print(p, `${count}0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n`);
  return 0;
}

export const apt: Program = function* (p): Gen<number> {
  const name = p.argv[0]!.slice(p.argv[0]!.lastIndexOf("/") + 1);
  const words = p.argv.slice(1);
  const [verb, ...packages] = words.filter(
    (word, i) => !word.startsWith("-") && words[i - 1] !== "-o" && words[i - 1] !== "-t",
  );
  if (name === "apt" && verb !== undefined && p.fds.get(1)?.tty === undefined) {
    yield* sys.printError(p, "\nWARNING: apt does not have a stable CLI interface. Use with caution in scripts.\n\n");
  }
  if (words.includes("--version") || words.includes("-v")) {
    yield* sys.print(p, "apt 2.6.1 (amd64)\n");
    return 0;
  }
  if (verb === undefined) {
    yield* sys.print(p, `apt 2.6.1 (amd64)\nUsage: ${name} [options] command\n`);
    return 0;
  }
  const changing = CHANGING.includes(verb);
  if (p.cred.uid !== 0 && (changing || verb === "update")) {
    const lock = verb === "update" ? "/var/lib/apt/lists/lock" : "/var/lib/dpkg/lock-frontend";
    yield* sys.printError(
      p,
      `E: Could not open lock file ${lock} - open (13: Permission denied)\n${
        verb === "update"
          ? "E: Unable to lock directory /var/lib/apt/lists/\n"
          : "E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), are you root?\n"
      }`,
    );
    return 100;
  }
  if (verb === "update") return yield* update(p);
  if (changing) return yield* change(p, verb, packages);
  if (verb === "list") {
    yield* sys.print(p, "Listing... Done\n");
    const lines = installed(p).map((one) => `${one.name}/stable,now ${one.version} ${one.architecture} [installed]\n`);
    yield* sys.print(
      p,
      lines.filter((line) => packages.length === 0 || packages.some((each) => line.startsWith(`${each}/`))).join(""),
    );
    return 0;
  }
  if (["policy", "show", "search", "madison"].includes(verb)) return yield* query(p, verb, packages);
  if (["clean", "autoclean", "check"].includes(verb)) return 0;
  yield* sys.printError(p, `E: Invalid operation ${verb}\n`);
  return 100;
};

function* query(p: Process, verb: string, names: readonly string[]): Gen<number> {
  const all = installed(p);
  if (verb === "search") {
    const found = all.filter((one) => names.some((name) => one.name.includes(name) || one.description.includes(name)));
    yield* sys.print(p, found.map((one) => `${one.name} - ${one.description}\n`).join(""));
    return 0;
  }
  let status = 0;
  for (const name of names) {
    const one = all.find((each) => each.name === name);
    if (one === undefined) {
      if (verb === "policy") yield* sys.printError(p, `N: Unable to locate package ${name}\n`);
      else if (verb === "madison") yield* sys.printError(p, `N: Unable to locate package ${name}\n`);
      else {
        yield* sys.printError(p, "E: No packages found\n");
        status = 100;
      }
      continue;
    }
    if (verb === "policy") {
      yield* sys.print(
        p,
        `${name}:\n  Installed: ${one.version}\n  Candidate: ${one.version}\n  Version table:\n *** ${one.version} 100\n        100 /var/lib/dpkg/status\n`,
      );
    } else if (verb === "show") {
      yield* sys.print(
        p,
        `Package: ${name}\nVersion: ${one.version}\nPriority: optional\nSection: ${one.section}\nArchitecture: ${one.architecture}\nDescription: ${one.description}\n\n`,
      );
    }
  }
  return status;
}

export const aptCache: Program = function* (p): Gen<number> {
  const [verb, ...names] = p.argv.slice(1).filter((word) => !word.startsWith("-"));
  if (verb !== undefined && ["policy", "show", "search", "madison"].includes(verb)) return yield* query(p, verb, names);
  yield* sys.printError(
    p,
    verb === undefined ? "apt 2.6.1 (amd64)\nUsage: apt-cache [options] command\n" : `E: Invalid operation ${verb}\n`,
  );
  return verb === undefined ? 0 : 100;
};

export const aptMark: Program = function* (p): Gen<number> {
  const [verb, ...names] = p.argv.slice(1).filter((word) => !word.startsWith("-"));
  const held = new Set(holds(p));
  if (verb === "showhold") {
    yield* sys.print(
      p,
      [...held]
        .sort()
        .map((name) => `${name}\n`)
        .join(""),
    );
    return 0;
  }
  if (verb === "showmanual" || verb === "showinstall") {
    yield* sys.print(
      p,
      installed(p)
        .map(({ name }) => `${name}\n`)
        .join(""),
    );
    return 0;
  }
  if (verb !== "hold" && verb !== "unhold") {
    yield* sys.printError(p, `E: Invalid operation ${verb ?? ""}\n`);
    return 100;
  }
  for (const name of names) {
    if (installed(p).some((one) => one.name === name)) continue;
    yield* sys.printError(p, `E: Unable to locate package ${name}\nE: No packages found\n`);
    return 100;
  }
  if (p.cred.uid !== 0) {
    yield* sys.printError(
      p,
      "E: Could not create temporary file for /var/lib/apt/extended_states - mkstemp (13: Permission denied)\n",
    );
    return 100;
  }
  for (const name of names) {
    const was = held.has(name);
    if (verb === "hold") held.add(name);
    else held.delete(name);
    const already = verb === "hold" ? `${name} was already set on hold.\n` : `${name} was already not on hold.\n`;
    const done = verb === "hold" ? `${name} set on hold.\n` : `Canceled hold on ${name}.\n`;
    yield* sys.print(p, was === (verb === "hold") ? already : done);
  }
  setHolds(p, [...held]);
  return 0;
};
