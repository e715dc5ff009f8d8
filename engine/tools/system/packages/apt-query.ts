/** apt-cache, and what apt tells of packages: policy, madison, show, search. */
import type { Gen } from "../../../kernel/index.ts";
import type { Process, Program } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import { DEBIAN_OFFERS, type Offered } from "./catalogue.ts";
import { installed } from "./installed.ts";
import { compare, versionsOf } from "./kubernetes.ts";

export function* query(p: Process, verb: string, names: readonly string[]): Gen<number> {
  const all = installed(p);
  if (verb === "search") {
    const offered = [...DEBIAN_OFFERS.values()].filter(({ name }) => !all.some((one) => one.name === name));
    const found = [...all, ...offered]
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .filter((one) => names.some((name) => one.name.includes(name) || one.description.includes(name)));
    yield* sys.print(p, found.map((one) => `${one.name} - ${one.description}\n`).join(""));
    return 0;
  }
  let status = 0;
  for (const name of names) {
    const one = all.find((each) => each.name === name);
    const offer = DEBIAN_OFFERS.get(name);
    if (one === undefined && offer !== undefined) {
      yield* sys.print(p, ofOffer(verb, offer));
      continue;
    }
    if (one === undefined) {
      if (verb === "policy") yield* sys.printError(p, `N: Unable to locate package ${name}\n`);
      else if (verb === "madison") yield* sys.printError(p, `N: Unable to locate package ${name}\n`);
      else {
        yield* sys.printError(p, "E: No packages found\n");
        status = 100;
      }
      continue;
    }
    const versions = versionsOf(p, name);
    if (verb === "madison") {
      const line = (version: string, from: string) => `${name.padStart(10)} | ${version.padStart(10)} | ${from}\n`;
      yield* sys.print(p, versions.map(({ version, url }) => line(version, `${url}  Packages`)).join(""));
    } else if (verb === "policy" && versions.length > 0) {
      const newest = compare(versions[0]!.release, `v${one.version}`.replace(/-.*/, "")) > 0;
      const entry = ({ version, url }: (typeof versions)[number]) =>
        `${version === one.version ? " ***" : "    "} ${version} 500\n        500 ${url}  Packages\n` +
        (version === one.version ? "        100 /var/lib/dpkg/status\n" : "");
      yield* sys.print(
        p,
        `${name}:\n  Installed: ${one.version}\n  Candidate: ${newest ? versions[0]!.version : one.version}\n  Version table:\n${versions.map(entry).join("")}`,
      );
    } else if (verb === "policy") {
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

/** What is told of a package that a mirror has and the machine has not. */
function ofOffer(verb: string, { name, version, description }: Offered): string {
  const place = "http://deb.debian.org/debian bookworm/main amd64 Packages";
  if (verb === "madison") return `${name.padStart(10)} | ${version.padStart(10)} | ${place}\n`;
  if (verb === "policy")
    return `${name}:\n  Installed: (none)\n  Candidate: ${version}\n  Version table:\n     ${version} 500\n        500 ${place}\n`;
  return `Package: ${name}\nVersion: ${version}\nPriority: optional\nSection: misc\nArchitecture: amd64\nDescription: ${description}\n\n`;
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
