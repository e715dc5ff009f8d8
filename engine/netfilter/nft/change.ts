import { readTime } from "./data.ts";
import { namedTypes, readBase, selectorTypes } from "./declarations.ts";
import {
  type Element,
  keyText,
  type Nftables,
  NftChain,
  type NftObject,
  type NftRule,
  NftSet,
  type NftTable,
} from "./model.ts";
import { fillObject, isNamed, newObject } from "./objects.ts";
import { byKeyText, merged, parseElements } from "./parse-match.ts";
import { parseRule } from "./parse-rule.ts";
import { hasOwnSet, isAsked, isJumpedTo } from "./references.ts";
import { NftError, type Reader, type Token } from "./scanner.ts";

/** Commands that change tables (src/parser_bison.y, src/rule.c do_command). */

/** The kernel's answers. */
const refused = (why: string, at: Token) => new NftError(`Could not process rule: ${why}`, at);
const missing = (at: Token) => refused("No such file or directory", at);
const exists = (at: Token) => refused("File exists", at);
const busy = (at: Token) => refused("Device or resource busy", at);

export const FAMILIES: readonly string[] = ["ip", "ip6", "inet", "arp", "bridge", "netdev"];
/** Elements of a set that rules fill, when nobody says (NFT_SET_… in src/evaluate.c). */
const DYNAMIC_SIZE = 65_535;

export type Verb = "add" | "create" | "insert" | "delete" | "destroy" | "replace" | "flush" | "rename" | "reset";

/** Runs commands as one transaction: either all happen or none. */
export class Transaction {
  private readonly tables: Nftables;
  private readonly now: number;
  private readonly undo: (() => void)[] = [];
  private readonly made = new Set<NftSet>();
  /** Rules of the table whose text is being read. */
  private deferred: (() => void)[] | undefined;

  constructor(tables: Nftables, now: number) {
    this.tables = tables;
    this.now = now;
  }

  rollBack(): void {
    for (const back of this.undo.reverse()) back();
  }

  private set<K, V>(map: Map<K, V>, key: K, value: V): void {
    const had = map.has(key);
    const before = map.get(key);
    this.undo.push(() => (had ? map.set(key, before!) : map.delete(key)));
    map.set(key, value);
  }

  private drop<K, V>(map: Map<K, V>, key: K): void {
    const entries = [...map];
    this.undo.push(() => {
      map.clear();
      for (const [k, v] of entries) map.set(k, v);
    });
    map.delete(key);
  }

  private assign<T extends object, K extends keyof T>(object: T, key: K, value: T[K]): void {
    const before = object[key];
    this.undo.push(() => {
      object[key] = before;
    });
    object[key] = value;
  }

  /** One command, whose verb has been read. */
  command(reader: Reader, verb: Verb): void {
    const what = reader.peek();
    if (verb === "flush" && reader.take("ruleset")) {
      if (FAMILIES.includes(reader.peek().text)) reader.next();
      for (const key of [...this.tables.tables.keys()]) this.drop(this.tables.tables, key);
      return;
    }
    switch (what.text) {
      case "table":
        reader.next();
        this.table(reader, verb);
        return;
      case "chain":
        reader.next();
        this.chain(reader, verb);
        return;
      case "set":
      case "map":
        reader.next();
        this.setOrMap(reader, verb, what.text === "map");
        return;
      case "counter":
      case "limit":
      case "quota":
        reader.next();
        this.object(reader, verb, what.text);
        return;
      case "element":
        reader.next();
        this.element(reader, verb);
        return;
      case "rule":
        reader.next();
        this.rule(reader, verb);
        return;
      default:
        throw reader.unexpected();
    }
  }

  private family(reader: Reader): string {
    return FAMILIES.includes(reader.peek().text) ? reader.next().text : "ip";
  }

  private find(reader: Reader): { table: NftTable; at: Token } {
    const family = this.family(reader);
    const at = reader.name();
    const table = this.tables.table(family, at.text);
    if (table === undefined) throw missing(at);
    return { table, at };
  }

  // ---- tables and chains ------------------------------------------------------------------------------------------

  private table(reader: Reader, verb: Verb): void {
    const family = this.family(reader);
    const at = reader.is("handle") ? reader.next() : reader.name();
    const key = `${family} ${at.text}`;
    let table = this.tables.table(family, at.text);
    if (verb === "delete" || verb === "destroy" || verb === "flush") {
      if (table === undefined) {
        if (verb === "destroy") return;
        throw missing(at);
      }
      if (verb === "flush") for (const chain of table.chains.values()) this.assign(chain, "rules", []);
      else this.drop(this.tables.tables, key);
      return;
    }
    if (table !== undefined && verb === "create") throw exists(at);
    if (table === undefined) {
      this.undo.push(() => this.tables.tables.delete(key));
      table = this.tables.add(family, at.text);
    }
    if (!reader.take("{")) return;
    // In a table's own text chains are made first, then sets, then rules, wherever they stand.
    this.announce(reader, table);
    this.deferred = [];
    for (;;) {
      reader.pastEnds();
      if (reader.take("}")) {
        const rules = this.deferred;
        this.deferred = undefined;
        for (const run of rules) run();
        return;
      }
      const word = reader.next();
      if (word.text === "comment") this.assign(table, "comment", reader.next().text);
      else if (word.text === "flags") reader.next();
      else if (word.text === "chain") this.chainIn(reader, table, "add");
      else if (word.text === "counter" || word.text === "limit" || word.text === "quota")
        this.objectIn(reader, table, "add", word.text);
      else if (word.text === "set" || word.text === "map") this.setIn(reader, table, "add", word.text === "map");
      else throw new NftError(`syntax error, unexpected ${word.text || "end of file"}`, word);
    }
  }

  private announce(reader: Reader, table: NftTable): void {
    let depth = 1;
    const named: [kind: NftObject["kind"], name: string][] = [];
    for (let i = 0; depth > 0; i++) {
      const { text, quoted } = reader.peek(i);
      if (text === "" && !quoted) break;
      if (quoted) continue;
      if (text === "{") depth++;
      else if (text === "}") depth--;
      const name = reader.peek(i + 1).text;
      if (depth === 1 && (text === "counter" || text === "limit" || text === "quota")) named.push([text, name]);
      if (depth === 1 && text === "chain" && !table.chains.has(name))
        this.set(table.chains, name, new NftChain(name, table.nextHandle()));
    }
    for (const [kind, name] of named) {
      const key = `${kind} ${name}`;
      if (!table.objects.has(key)) this.set(table.objects, key, newObject(kind, name, table.nextHandle()));
    }
  }

  private chain(reader: Reader, verb: Verb): void {
    const { table } = this.find(reader);
    this.chainIn(reader, table, verb);
  }

  private chainIn(reader: Reader, table: NftTable, verb: Verb): void {
    const at = reader.name();
    const chain = table.chains.get(at.text);
    switch (verb) {
      case "delete":
      case "destroy":
        if (chain === undefined) {
          if (verb === "destroy") return;
          throw missing(at);
        }
        if (isJumpedTo(table, at.text)) throw busy(at);
        this.drop(table.chains, at.text);
        return;
      case "flush":
        if (chain === undefined) throw missing(at);
        this.assign(chain, "rules", []);
        return;
      case "rename": {
        if (chain === undefined) throw missing(at);
        const to = reader.name();
        if (table.chains.has(to.text)) throw exists(to);
        // What leads to a chain follows its name here: nothing may.
        if (isJumpedTo(table, at.text)) throw busy(at);
        const entries = [...table.chains].map(([name, each]) => [name === at.text ? to.text : name, each] as const);
        const before = [...table.chains];
        this.undo.push(() => refill(table.chains, before));
        refill(table.chains, entries);
        this.assign(chain, "name", to.text);
        return;
      }
      default:
        if (chain !== undefined && verb === "create") throw exists(at);
        this.addChain(reader, table, at, chain);
        return;
    }
  }

  private addChain(reader: Reader, table: NftTable, at: Token, known: NftChain | undefined): void {
    let chain = known;
    if (chain === undefined) {
      chain = new NftChain(at.text, table.nextHandle());
      this.set(table.chains, at.text, chain);
    }
    if (!reader.take("{")) return;
    for (;;) {
      reader.pastEnds();
      if (reader.take("}")) return;
      if (reader.is("comment") && reader.peek(1).quoted) {
        reader.next();
        this.assign(chain, "comment", reader.next().text);
      } else if (reader.is("type")) {
        const base = readBase(reader);
        if (chain.base && (chain.base.hook !== base.hook || chain.base.priority !== base.priority)) throw exists(at);
        this.assign(chain, "base", base);
      } else if (reader.take("policy")) {
        const policy = reader.next().text as "accept" | "drop";
        if (chain.base) this.assign(chain, "base", { ...chain.base, policy });
      } else this.append(reader, table, chain, "add", undefined);
    }
  }

  // ---- sets and maps ----------------------------------------------------------------------------------------------

  private setOrMap(reader: Reader, verb: Verb, isMap: boolean): void {
    const { table } = this.find(reader);
    this.setIn(reader, table, verb, isMap);
  }

  private setIn(reader: Reader, table: NftTable, verb: Verb, isMap: boolean): void {
    const at = reader.name();
    const known = table.sets.get(at.text);
    if (verb === "delete" || verb === "destroy" || verb === "flush") {
      if (known === undefined) {
        if (verb === "destroy") return;
        throw missing(at);
      }
      if (verb === "flush") {
        const entries = [...known.elements];
        this.undo.push(() => refill(known.elements, entries));
        known.elements.clear();
        return;
      }
      if (isAsked(table, at.text)) throw busy(at);
      this.drop(table.sets, at.text);
      return;
    }
    if (known !== undefined && verb === "create") throw exists(at);
    if (!reader.take("{")) throw new NftError("set definition does not specify key", at);
    const { types, data, verdicts, typeOf } = this.readTypes(reader, isMap, at);
    const draft = new NftSet(at.text, known?.handle ?? table.nextHandle(), types, verdicts, data);
    draft.typeOf = typeOf;
    this.fill(reader, draft);
    if (known !== undefined) return;
    this.made.add(draft);
    this.set(table.sets, at.text, draft);
  }

  private readTypes(reader: Reader, isMap: boolean, at: Token) {
    reader.pastEnds();
    const inferred = reader.take("typeof");
    if (!inferred) reader.expect("type");
    const key = inferred ? selectorTypes(reader) : namedTypes(reader);
    let data: ReturnType<typeof namedTypes> | undefined;
    let verdicts = false;
    if (isMap) {
      if (!reader.take(":")) throw new NftError("map definition does not specify mapping data type", at);
      if (reader.take("verdict")) verdicts = true;
      else data = inferred ? selectorTypes(reader) : namedTypes(reader);
    }
    const typeOf = inferred ? { key: key.text, data: data?.text } : undefined;
    return { types: key.types, data: data?.types, verdicts, typeOf };
  }

  private fill(reader: Reader, set: NftSet): void {
    for (;;) {
      reader.pastEnds();
      if (reader.take("}")) return;
      const word = reader.next();
      switch (word.text) {
        case "flags": {
          const flags: string[] = [];
          do flags.push(reader.next().text);
          while (reader.take(","));
          set.flags = ["constant", "interval", "dynamic", "timeout"].filter((flag) => flags.includes(flag));
          break;
        }
        case "timeout":
          set.timeout = readTime(reader.next().text);
          break;
        case "size":
          set.size = Number(reader.next().text);
          break;
        case "comment":
          set.comment = reader.next().text;
          break;
        case "auto-merge":
          set.autoMerge = true;
          break;
        case "gc-interval":
          set.gcInterval = readTime(reader.next().text);
          break;
        case "elements":
          reader.expect("=");
          for (const element of this.mergedFor(set, parseElements(reader, set.types, leadsTo(set)))) {
            const [[key, plain]] = [...byKeyText([element])] as [[string, typeof element]];
            set.elements.set(key, this.timed(set, plain));
          }
          break;
        default:
          throw new NftError(`syntax error, unexpected ${word.text || "end of file"}`, word);
      }
    }
  }

  /** Ranges that touch are one where the set wants it. */
  private mergedFor<T extends Element>(set: NftSet, elements: readonly T[]): readonly T[] {
    return set.autoMerge ? (merged(elements, set.types) as readonly T[]) : elements;
  }

  private timed<T extends { timeout?: number | undefined; until: number | undefined }>(set: NftSet, element: T): T {
    const timeout = element.timeout ?? set.timeout;
    return timeout === undefined ? element : { ...element, timeout, until: this.now + timeout };
  }

  private element(reader: Reader, verb: Verb): void {
    const family = this.family(reader);
    const tableAt = reader.name();
    const table = this.tables.table(family, tableAt.text);
    const at = reader.name();
    // The set is looked up before the kernel is asked.
    if (table === undefined) throw new NftError("No such file or directory", tableAt);
    const set = table.sets.get(at.text);
    if (set === undefined) throw new NftError("No such file or directory", at);
    const remove = verb === "delete" || verb === "destroy";
    for (const parsed of parseElements(reader, set.types, leadsTo(set))) {
      const { at: place, ...element } = parsed;
      const key = keyText(element.key);
      if (remove) {
        if (set.elements.has(key)) this.drop(set.elements, key);
        else if (verb === "delete") throw missing(place);
        continue;
      }
      const { chain } = element.verdict ?? {};
      if (chain !== undefined && !table.chains.has(chain)) throw missing(place);
      if (verb === "create" && set.elements.has(key)) throw exists(place);
      if (!set.elements.has(key)) this.set(set.elements, key, this.timed(set, element));
    }
  }

  // ---- named counters, limits, quotas ------------------------------------------------------------------------------

  private object(reader: Reader, verb: Verb, kind: NftObject["kind"]): void {
    const { table } = this.find(reader);
    this.objectIn(reader, table, verb, kind);
  }

  private objectIn(reader: Reader, table: NftTable, verb: Verb, kind: NftObject["kind"]): void {
    const at = reader.name();
    const key = `${kind} ${at.text}`;
    const known = table.objects.get(key);
    if (verb === "delete" || verb === "destroy") {
      if (known === undefined) {
        if (verb === "destroy") return;
        throw missing(at);
      }
      if (isNamed(table, kind, at.text)) throw busy(at);
      this.drop(table.objects, key);
      return;
    }
    if (known !== undefined && verb === "create") throw exists(at);
    const object = known ?? newObject(kind, at.text, table.nextHandle());
    fillObject(reader, object);
    if (known === undefined) this.set(table.objects, key, object);
  }

  // ---- rules ------------------------------------------------------------------------------------------------------

  private rule(reader: Reader, verb: Verb): void {
    const { table } = this.find(reader);
    const at = reader.name();
    const chain = table.chains.get(at.text);
    if (chain === undefined) throw missing(at);
    let place: Token | undefined;
    if (reader.is("handle") || reader.is("position") || reader.is("index")) {
      const by = reader.next().text;
      place = reader.next();
      if (by === "index") place = { ...place, text: String(chain.rules[Number(place.text)]?.handle ?? -1) };
    }
    if (verb === "delete" || verb === "destroy") {
      const rest = chain.rules.filter(({ handle }) => handle !== Number(place?.text));
      if (rest.length === chain.rules.length) {
        if (verb === "destroy") return;
        throw place === undefined ? reader.unexpected("handle") : missing(place);
      }
      this.assign(chain, "rules", rest);
      return;
    }
    this.append(reader, table, chain, verb, place);
  }

  private append(reader: Reader, table: NftTable, chain: NftChain, verb: Verb, place: Token | undefined): void {
    const { statements, comment, chains, sets, objects } = parseRule(reader, table.family);
    for (const { kind, at } of objects) if (!table.objects.has(`${kind} ${at.text}`)) throw missing(at);
    for (const each of sets)
      if (!table.sets.has(each.text.slice(1))) throw new NftError("No such file or directory", each);
    for (const each of chains) if (!table.chains.has(each.text)) this.later.push({ table, each });
    for (const statement of statements) {
      if (statement.kind !== "update") continue;
      const set = table.sets.get(statement.set);
      if (set && this.made.has(set)) set.size ??= DYNAMIC_SIZE;
    }
    const run = () => {
      // Sets of the rule's own have handles, too.
      for (const statement of statements) if (hasOwnSet(statement)) table.nextHandle();
      const rule: NftRule = { handle: table.nextHandle(), statements, comment };
      const at = chain.rules.findIndex(({ handle }) => place !== undefined && handle === Number(place.text));
      if (place !== undefined && at < 0 && !(verb === "insert" && place.text === "0")) throw missing(place);
      const rules = [...chain.rules];
      if (verb === "replace") rules[at] = rule;
      else if (verb === "insert") rules.splice(at < 0 ? 0 : at, 0, rule);
      else rules.splice(at < 0 ? rules.length : at + 1, 0, rule);
      this.assign(chain, "rules", rules);
    };
    if (this.deferred) this.deferred.push(run);
    else run();
  }

  /** Chains that rules named before they were there: in a table's own text they may come later. */
  private readonly later: { table: NftTable; each: Token }[] = [];

  finish(): void {
    for (const { table, each } of this.later) if (!table.chains.has(each.text)) throw missing(each);
  }
}

function refill<K, V>(map: Map<K, V>, entries: readonly (readonly [K, V])[]): void {
  map.clear();
  for (const [key, value] of entries) map.set(key, value);
}

const leadsTo = ({ verdicts, data }: NftSet) => (verdicts ? ("verdict" as const) : data);
