/** Versions as Debian orders them (deb-version(7)), and what is wrong with one that is none. */
import { compareVersions } from "../../text/sort-keys.ts";

export interface DebianVersion {
  epoch: number;
  upstream: string;
  revision: string;
}

/** A part's order: digits as numbers, letters before other characters, `~` before the end. */
function compareParts(a: string, b: string): number {
  const order = compareVersions(a, b);
  // What differs in leading zeros alone is the same to dpkg.
  return order !== 0 && a.replace(/0+(?=\d)/g, "") === b.replace(/0+(?=\d)/g, "") ? 0 : order;
}

export function compareDebian(a: DebianVersion, b: DebianVersion): number {
  return (
    a.epoch - b.epoch || compareParts(a.upstream, b.upstream) || compareParts(a.revision || "0", b.revision || "0")
  );
}

/** A version's parts; `error`: it is none at all, `warning`: dpkg takes it all the same. */
export function parseVersion(text: string): DebianVersion & { error?: string; warning?: string } {
  const trimmed = text.trim();
  const none = { epoch: 0, upstream: "", revision: "" };
  if (trimmed === "") return { ...none, error: "version string is empty" };
  if (/\s/.test(trimmed)) return { ...none, error: "version string has embedded spaces" };
  const colon = trimmed.indexOf(":");
  const epoch = colon < 0 ? "0" : trimmed.slice(0, colon);
  if (epoch === "" || /^\D/.test(epoch)) return { ...none, error: "epoch in version is empty" };
  if (!/^\d+$/.test(epoch)) return { ...none, error: "epoch in version is not number" };
  const rest = trimmed.slice(colon + 1);
  if (rest === "") return { ...none, error: "nothing after colon in version number" };
  const dash = rest.lastIndexOf("-");
  const upstream = dash < 0 ? rest : rest.slice(0, dash);
  const revision = dash < 0 ? "" : rest.slice(dash + 1);
  const parts = { epoch: Number(epoch), upstream, revision };
  if (dash >= 0 && revision === "") return { ...parts, error: "revision number is empty" };
  if (upstream === "") return { ...parts, error: "version number is empty" };
  if (!/^\d/.test(upstream)) return { ...parts, warning: "version number does not start with digit" };
  if (/[^A-Za-z0-9.+~:-]/.test(upstream)) return { ...parts, warning: "invalid character in version number" };
  if (/[^A-Za-z0-9.+~]/.test(revision)) return { ...parts, warning: "invalid character in revision number" };
  return parts;
}

type Relation = readonly [test: (order: number) => boolean, emptyIsLatest: boolean, obsolete?: boolean];

const RELATIONS: Readonly<Record<string, Relation>> = {
  lt: [(order) => order < 0, false],
  le: [(order) => order <= 0, false],
  eq: [(order) => order === 0, false],
  ne: [(order) => order !== 0, false],
  ge: [(order) => order >= 0, false],
  gt: [(order) => order > 0, false],
  "lt-nl": [(order) => order < 0, true],
  "le-nl": [(order) => order <= 0, true],
  "ge-nl": [(order) => order >= 0, true],
  "gt-nl": [(order) => order > 0, true],
  "<<": [(order) => order < 0, false],
  "<=": [(order) => order <= 0, false],
  "=": [(order) => order === 0, false],
  ">=": [(order) => order >= 0, false],
  ">>": [(order) => order > 0, false],
  "<": [(order) => order <= 0, false, true],
  ">": [(order) => order >= 0, false, true],
};

/** dpkg --compare-versions: the status, and lines of standard error. `bad`: a wrong command line. */
export function compareWords(words: readonly string[]): { status: number; errors: string[]; bad?: string } {
  const [a, name, b] = words;
  if (words.length !== 3)
    return {
      status: 2,
      errors: [],
      bad: "--compare-versions takes three arguments: <version> <relation> <version>",
    };
  const relation = RELATIONS[name!];
  if (relation === undefined) return { status: 2, errors: [], bad: "--compare-versions bad relation" };
  const [test, latest, obsolete] = relation;
  const errors = obsolete ? [`dpkg: warning: --compare-versions used with obsolete relation operator '${name}'`] : [];
  const versions = [a!, b!].map((text) => (text === "" || text === "<unknown>" ? undefined : parseVersion(text)));
  for (const [i, version] of versions.entries()) {
    const text = [a!, b!][i]!;
    if (version?.error !== undefined)
      return { status: 2, errors: [...errors, `dpkg: error: version '${text}' has bad syntax: ${version.error}`] };
    if (version?.warning !== undefined)
      errors.push(`dpkg: warning: version '${text}' has bad syntax: ${version.warning}`);
  }
  const [x, y] = versions;
  const empty = latest ? 1 : -1;
  const order = x === undefined ? (y === undefined ? 0 : empty) : y === undefined ? -empty : compareDebian(x, y);
  return { status: test(order) ? 0 : 1, errors };
}
