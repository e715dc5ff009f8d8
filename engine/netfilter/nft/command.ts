import type { Ruleset } from "../ruleset.ts";
import { FAMILIES, Transaction, type Verb } from "./change.ts";
import { Nftables, type NftTable } from "./model.ts";
import { type PrintOptions, showChain, showSet, showTable, tableHead } from "./print.ts";
import { NftError, Reader } from "./scanner.ts";

export interface NftOutcome {
  out: string;
  error: string;
  status: number;
}

const VERBS: ReadonlySet<string> = new Set([
  "add",
  "create",
  "insert",
  "delete",
  "destroy",
  "replace",
  "flush",
  "rename",
]);

/** What stands besides nft's own tables: those of iptables, as texts. */
export interface OtherTables {
  names(): string[];
  /** Lines of a table; undefined when there is none. */
  table(name: string): string[] | undefined;
  /** Whether it has rules of iptables, which nft warns of. */
  isManaged(name: string): boolean;
}

/**
 * Runs nft commands on a namespace's tables as one transaction.
 * @param source  name of the file, for messages
 */
export function nft(
  ruleset: Ruleset,
  input: string,
  options: PrintOptions & { check?: boolean },
  source?: string,
  others?: OtherTables,
): NftOutcome {
  const tables = (ruleset.nft ??= new Nftables());
  const reader = new Reader(input);
  const transaction = new Transaction(tables, options.now);
  let out = "";
  let warnings = "";
  let changed = false;
  const warn = (name: string) => {
    if (others?.isManaged(name)) warnings += `# Warning: table ip ${name} is managed by iptables-nft, do not touch!\n`;
  };
  try {
    for (;;) {
      reader.pastEnds();
      if (reader.done) break;
      const verb = reader.peek();
      if (verb.text === "list") {
        reader.next();
        out += list(reader, tables, options, others, warn)
          .map((line) => `${line}\n`)
          .join("");
      } else if (VERBS.has(verb.text)) {
        reader.next();
        transaction.command(reader, verb.text as Verb);
        changed = true;
      } else if (["table", "chain", "rule", "set", "map", "element"].includes(verb.text)) {
        transaction.command(reader, "add");
        changed = true;
      } else {
        // A rule may begin without `add rule`: the word is then a table's name.
        reader.name();
        throw reader.unexpected("string or last");
      }
      if (!reader.ended) throw reader.unexpected("end of file or newline or semicolon");
    }
    transaction.finish();
  } catch (error) {
    if (!(error instanceof NftError)) throw error;
    transaction.rollBack();
    const { at, message } = error;
    const marks = " ".repeat(at.from) + "^".repeat(Math.max(1, at.to - at.from));
    const where =
      source === undefined ? "" : `${source}:${at.line + 1}:${at.from + 1}-${Math.max(at.to, at.from + 1)}: `;
    return { out, error: `${where}Error: ${message}\n${reader.lines[at.line] ?? ""}\n${marks}\n`, status: 1 };
  }
  if (options.check) transaction.rollBack();
  else if (changed) ruleset.version++;
  return { out, error: warnings, status: 0 };
}

function list(
  reader: Reader,
  tables: Nftables,
  options: PrintOptions,
  others: OtherTables | undefined,
  warn: (table: string) => void,
): string[] {
  const what = reader.next();
  const plural = ["ruleset", "tables", "chains", "sets", "maps"].includes(what.text);
  if (!plural && !["table", "chain", "set", "map"].includes(what.text)) {
    if (["counters", "quotas", "limits", "flowtables", "meters"].includes(what.text)) return [];
    throw new NftError(
      `syntax error, unexpected ${what.text === "\n" || what.text === "" ? "newline" : "string"}`,
      what,
    );
  }
  const given = FAMILIES.includes(reader.peek().text);
  const family = given ? reader.next().text : "ip";
  const own = [...tables.tables.values()].filter((table) => !given || table.family === family);
  const foreign = !given || family === "ip" ? (others?.names() ?? []) : [];
  switch (what.text) {
    case "ruleset":
      if (!reader.ended) throw reader.unexpected("end of file or newline or semicolon");
      foreign.forEach(warn);
      return [...foreign.flatMap((name) => others!.table(name)!), ...own.flatMap((table) => showTable(table, options))];
    case "tables":
      return [...foreign.map((name) => `table ip ${name}`), ...own.map(tableHead)];
    case "chains":
      return own.flatMap((table) =>
        within(
          table,
          [...table.chains.values()].flatMap((c) => showChain(c, options, true)),
        ),
      );
    case "sets":
    case "maps":
      return own.flatMap((table) => {
        const some = [...table.sets.values()].filter(({ verdicts }) => verdicts === (what.text === "maps"));
        return within(
          table,
          some.flatMap((set) => showSet(set, options)),
        );
      });
    default:
  }
  const at = reader.name();
  const table = tables.table(family, at.text);
  const other = family === "ip" ? others?.table(at.text) : undefined;
  if (table === undefined) {
    if (other !== undefined) warn(at.text);
    if (other !== undefined && what.text === "table") return other;
    if (what.text !== "table") reader.name();
    if (other !== undefined && what.text === "chain") return oneChain(other, reader.peek(-1).text);
    throw new NftError("No such file or directory", at);
  }
  if (what.text === "table") return showTable(table, options);
  const name = reader.name();
  if (what.text === "chain") {
    const chain = table.chains.get(name.text);
    if (chain === undefined) throw new NftError("No such file or directory", name);
    return within(table, showChain(chain, options));
  }
  const set = table.sets.get(name.text);
  if (set === undefined || set.verdicts !== (what.text === "map"))
    throw new NftError("No such file or directory", name);
  return within(table, showSet(set, options));
}

function within(table: NftTable, lines: readonly string[]): string[] {
  return [`${tableHead(table)} {`, ...lines, "}"];
}

/** One chain out of a table's listing. */
function oneChain(table: readonly string[], name: string): string[] {
  const from = table.indexOf(`\tchain ${name} {`);
  const head = table.findIndex((line) => line.startsWith("table "));
  return [...table.slice(0, head + 1), ...table.slice(from, table.indexOf("\t}", from) + 1), "}"];
}
