import { Ruleset } from "../ruleset.ts";
import { FAMILIES, Transaction, type Verb } from "./change.ts";
import { eventsSince, snapshotOf } from "./events.ts";
import { chainJson, type Json, nftJson, objectJson, rulesJson, setJson, tableHeadJson, tableJson } from "./json.ts";
import { keyText, Nftables, type NftTable } from "./model.ts";
import { parseElements } from "./parse-match.ts";
import { type PrintOptions, showChain, showObject, showSet, showTable, tableHead } from "./print.ts";
import { NftError, Reader, type Token } from "./scanner.ts";

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
  /** As `ip filter`. */
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
  options: PrintOptions & { check?: boolean; echo?: boolean; json?: boolean; by?: string },
  source?: string,
  others?: OtherTables,
): NftOutcome {
  const tables = (ruleset.nft ??= new Nftables());
  const reader = new Reader(input);
  const transaction = new Transaction(tables, options.now);
  const heard = options.echo === true || ruleset.listeners.size > 0;
  const before = heard ? snapshotOf(tables) : undefined;
  let out = "";
  let warnings = "";
  let changed = false;
  const warn = (name: string) => {
    if (others?.isManaged(name)) warnings += `# Warning: table ${name} is managed by iptables-nft, do not touch!\n`;
  };
  try {
    for (;;) {
      reader.pastEnds();
      if (reader.done) break;
      const verb = reader.peek();
      if (verb.text === "list") {
        reader.next();
        out += options.json
          ? nftJson(listJson(reader, tables, options, others))
          : list(reader, tables, options, others, warn)
              .map((line) => `${line}\n`)
              .join("");
      } else if (verb.text === "reset") {
        reader.next();
        out += reset(reader, tables, options)
          .map((line) => `${line}\n`)
          .join("");
        changed = true;
      } else if (verb.text === "get") {
        reader.next();
        out += get(reader, tables, options, verb)
          .map((line) => `${line}\n`)
          .join("");
      } else if (verb.text === "define" || verb.text === "redefine") {
        reader.next();
        define(reader);
      } else if (VERBS.has(verb.text)) {
        reader.next();
        transaction.command(reader, verb.text as Verb);
        changed = true;
      } else if (["table", "chain", "rule", "set", "map", "element", "counter", "limit", "quota"].includes(verb.text)) {
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
  else if (changed) {
    tables.generation++;
    ruleset.version++;
    if (before !== undefined) {
      const generation = `# new generation ${tables.generation} by process ${options.by ?? "1 (kube-proxy)"}`;
      const told = [...eventsSince(before, tables, options), generation];
      if (options.echo) out += told.map((line) => `${line}\n`).join("");
      for (const listener of ruleset.listeners) listener(told);
    }
  }
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
  const plural = ["ruleset", "tables", "chains", "sets", "maps", "counters", "limits", "quotas"].includes(what.text);
  if (!plural && !["table", "chain", "set", "map", "counter", "limit", "quota"].includes(what.text)) {
    if (["flowtables", "meters", "hooks"].includes(what.text)) return [];
    throw new NftError(
      `syntax error, unexpected ${what.text === "\n" || what.text === "" ? "newline" : "string"}`,
      what,
    );
  }
  const given = FAMILIES.includes(reader.peek().text);
  const family = given ? reader.next().text : "ip";
  const own = [...tables.tables.values()].filter((table) => !given || table.family === family);
  const foreign = (others?.names() ?? []).filter((name) => !given || name.startsWith(`${family} `));
  switch (what.text) {
    case "ruleset":
      if (!reader.ended) throw reader.unexpected("end of file or newline or semicolon");
      foreign.forEach(warn);
      return [...foreign.flatMap((name) => others!.table(name)!), ...own.flatMap((table) => showTable(table, options))];
    case "tables":
      return [...foreign.map((name) => `table ${name}`), ...own.map(tableHead)];
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
        const some = [...table.sets.values()].filter(({ isMap }) => isMap === (what.text === "maps"));
        return within(
          table,
          some.flatMap((set) => showSet(set, options)),
        );
      });
    case "counters":
    case "limits":
    case "quotas":
      return own.flatMap((table) => objectsOf(table, what.text.slice(0, -1), options));
    default:
  }
  const at = reader.name();
  const table = tables.table(family, at.text);
  const other = others?.table(`${family} ${at.text}`);
  if (table === undefined) {
    if (other !== undefined) warn(`${family} ${at.text}`);
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
  if (["counter", "limit", "quota"].includes(what.text)) {
    const object = table.objects.get(`${what.text} ${name.text}`);
    if (object === undefined) throw new NftError("No such file or directory", name);
    return within(table, showObject(object, options));
  }
  const set = table.sets.get(name.text);
  if (set === undefined || set.isMap !== (what.text === "map")) throw new NftError("No such file or directory", name);
  return within(table, showSet(set, options));
}

/** The same things as JSON. */
function listJson(reader: Reader, tables: Nftables, options: PrintOptions, others: OtherTables | undefined): Json[] {
  const at = reader.peek(0);
  const what = reader.next().text;
  const given = FAMILIES.includes(reader.peek().text);
  const family = given ? reader.next().text : "ip";
  const foreign = (others?.names() ?? []).flatMap((name) => asNft(others!.table(name)!));
  const all = [...foreign, ...tables.tables.values()].filter((table) => !given || table.family === family);
  switch (what) {
    case "ruleset":
      return all.flatMap((table) => tableJson(table, options));
    case "tables":
      return all.map(tableHeadJson);
    case "chains":
      return all.flatMap((table) => [...table.chains.values()].map((chain) => chainJson(table, chain)));
    case "sets":
    case "maps":
      return all.flatMap((table) =>
        [...table.sets.values()]
          .filter(({ isMap }) => isMap === (what === "maps"))
          .map((set) => setJson(table, set, options)),
      );
    case "counters":
    case "limits":
    case "quotas":
      return all.flatMap((table) =>
        [...table.objects.values()]
          .filter(({ kind }) => `${kind}s` === what)
          .map((object) => objectJson(table, object)),
      );
    default:
  }
  if (!["table", "chain", "set", "map", "counter", "limit", "quota"].includes(what)) {
    throw new NftError("syntax error, unexpected string", at);
  }
  const name = reader.name();
  const table = all.find((each) => each.name === name.text && each.family === family);
  if (table === undefined) throw new NftError("No such file or directory", name);
  if (what === "table") return tableJson(table, options);
  const own = reader.name();
  const missing = new NftError("No such file or directory", own);
  if (what === "chain") {
    const chain = table.chains.get(own.text);
    if (chain === undefined) throw missing;
    return [chainJson(table, chain), ...rulesJson(table, chain, options)];
  }
  const set = table.sets.get(own.text);
  const object = table.objects.get(`${what} ${own.text}`);
  if (object) return [objectJson(table, object)];
  if (set === undefined || set.isMap !== (what === "map")) throw missing;
  return [setJson(table, set, options)];
}

/** A table of iptables, read from its listing; nothing where it says what nft has no words for. */
function asNft(lines: readonly string[]): NftTable[] {
  const ruleset = new Ruleset();
  nft(ruleset, lines.join("\n"), { now: 0 });
  return [...(ruleset.nft?.tables.values() ?? [])];
}

function within(table: NftTable, lines: readonly string[]): string[] {
  return [`${tableHead(table)} {`, ...lines, "}"];
}

/** Named objects of a kind, where there are any. */
function objectsOf(table: NftTable, kind: string, options: PrintOptions): string[] {
  const found = [...table.objects.values()].filter((object) => object.kind === kind);
  if (found.length === 0) return [];
  return within(
    table,
    found.flatMap((object) => showObject(object, options)),
  );
}

/** `reset counters`: shows what they have counted, and begins anew. */
function reset(reader: Reader, tables: Nftables, options: PrintOptions): string[] {
  const what = reader.next();
  const kind = what.text.replace(/s$/, "");
  if (kind !== "counter" && kind !== "quota") throw new NftError("syntax error, unexpected string", what);
  const given = FAMILIES.includes(reader.peek().text) ? reader.next().text : undefined;
  const out: string[] = [];
  const named = reader.ended
    ? undefined
    : { table: reader.name(), object: kind === what.text ? reader.name() : undefined };
  for (const table of tables.tables.values()) {
    if (given !== undefined && table.family !== given) continue;
    if (named && table.name !== named.table.text) continue;
    const objects = [...table.objects.values()].filter(
      (object) => object.kind === kind && (named?.object === undefined || object.name === named.object.text),
    );
    if (objects.length === 0) continue;
    out.push(
      ...within(
        table,
        objects.flatMap((object) => showObject(object, options)),
      ),
    );
    for (const { counter, quota } of objects) {
      if (counter) counter.packets = counter.bytes = 0;
      if (quota) quota.used = 0;
    }
  }
  return out;
}

/** `get element TABLE SET { key }`. */
function get(reader: Reader, tables: Nftables, options: PrintOptions, verb: Token): string[] {
  if (!reader.is("element")) throw reader.unexpected("string or last");
  reader.next();
  const family = FAMILIES.includes(reader.peek().text) ? reader.next().text : "ip";
  const at = reader.name();
  const table = tables.table(family, at.text);
  const name = reader.name();
  if (table === undefined) throw new NftError("No such file or directory", at);
  const set = table.sets.get(name.text);
  if (set === undefined) throw new NftError("No such file or directory", name);
  const found = parseElements(reader, set.types, undefined).map(({ key }) =>
    set.find(
      key.map(({ first }) => first),
      options.now,
    ),
  );
  const last = reader.peek(-1);
  if (found.some((element) => element === undefined)) {
    throw new NftError("Could not process rule: No such file or directory", { ...verb, to: last.to + 1 });
  }
  const shown = Object.assign(Object.create(Object.getPrototypeOf(set)), set, {
    elements: new Map(found.map((element) => [keyText(element!.key), element!])),
  });
  return within(table, showSet(shown, options));
}

/** `define NAME = value`, up to the end of its line. */
function define(reader: Reader): void {
  const name = reader.name();
  reader.expect("=");
  const value: Token[] = [];
  for (let depth = 0; !reader.done && (depth > 0 || !(reader.is("\n") || reader.is(";"))); ) {
    const token = reader.next();
    if (token.text === "{") depth++;
    if (token.text === "}") depth--;
    if (token.text !== "\n") value.push(token);
  }
  reader.define(name.text, value);
}

/** One chain out of a table's listing. */
function oneChain(table: readonly string[], name: string): string[] {
  const from = table.indexOf(`\tchain ${name} {`);
  const head = table.findIndex((line) => line.startsWith("table "));
  return [...table.slice(0, head + 1), ...table.slice(from, table.indexOf("\t}", from) + 1), "}"];
}
