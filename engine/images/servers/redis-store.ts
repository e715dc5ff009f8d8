import { SECOND } from "../../kernel/index.ts";

/** A reply of the protocol: status text, error, number, text or nothing, or a list (RESP2). */
export type Reply = { status: string } | { error: string } | number | string | null | Reply[];

type Value = string | string[] | Map<string, string> | Set<string>;

const OK: Reply = { status: "OK" };
const WRONG_TYPE: Reply = { error: "WRONGTYPE Operation against a key holding the wrong kind of value" };
const NOT_INTEGER: Reply = { error: "ERR value is not an integer or out of range" };
const SYNTAX: Reply = { error: "ERR syntax error" };

/** The commands of Redis that tutorials use, on one database. `now`: virtual time in µs. */
export class RedisStore {
  private readonly values = new Map<string, Value>();
  private readonly expiry = new Map<string, number>();
  private readonly now: () => number;
  private readonly info: (section: string) => string;

  constructor(now: () => number, info: (section: string) => string) {
    this.now = now;
    this.info = info;
  }

  run(words: readonly string[]): Reply {
    const [name = "", ...args] = words;
    const command = COMMANDS[name.toLowerCase()];
    if (command === undefined) {
      const shown = args.map((arg) => `'${arg}' `).join("");
      return { error: `ERR unknown command '${name}', with args beginning with: ${shown}` };
    }
    const [least, most] = command.arguments;
    if (args.length < least || (most !== undefined && args.length > most)) {
      return { error: `ERR wrong number of arguments for '${name.toLowerCase()}' command` };
    }
    return command.run(this, args);
  }

  get(key: string): Value | undefined {
    const until = this.expiry.get(key);
    if (until !== undefined && until <= this.now()) this.remove(key);
    return this.values.get(key);
  }

  set(key: string, value: Value): void {
    this.values.set(key, value);
  }

  remove(key: string): boolean {
    this.expiry.delete(key);
    return this.values.delete(key);
  }

  keys(): string[] {
    return [...this.values.keys()].filter((key) => this.get(key) !== undefined);
  }

  clear(): void {
    this.values.clear();
    this.expiry.clear();
  }

  expire(key: string, seconds: number | undefined): void {
    if (seconds === undefined) this.expiry.delete(key);
    else this.expiry.set(key, this.now() + seconds * SECOND);
  }

  left(key: string): number {
    if (this.get(key) === undefined) return -2;
    const until = this.expiry.get(key);
    return until === undefined ? -1 : Math.round((until - this.now()) / SECOND);
  }

  about(section: string): string {
    return this.info(section);
  }

  /** All that is there, as a master hands it to a replica. */
  dump(): string {
    const entries = this.keys().map((key) => {
      const value = this.values.get(key)!;
      const data = value instanceof Map || value instanceof Set ? [...value] : value;
      return [key, typeOf(value), data, this.expiry.get(key)];
    });
    return JSON.stringify(entries);
  }

  /** Takes the place of what is there. */
  load(dump: string): void {
    this.clear();
    for (const [key, type, data, until] of JSON.parse(dump) as [string, string, never, number | null][]) {
      this.values.set(key, type === "hash" ? new Map(data) : type === "set" ? new Set(data) : data);
      if (until !== null && until !== undefined) this.expiry.set(key, until);
    }
  }
}

/** Commands that change something: a replica takes them from its master alone. */
export const WRITES: ReadonlySet<string> = new Set(
  "set mset append del flushall flushdb incr decr incrby decrby expire persist rpush lpush lpop rpop hset hdel sadd srem".split(
    " ",
  ),
);

interface Command {
  /** Least and most arguments. */
  arguments: readonly [number, number?];
  run(store: RedisStore, args: readonly string[]): Reply;
}

const one = (run: (store: RedisStore, key: string) => Reply): Command => ({
  arguments: [1, 1],
  run: (store, args) => run(store, args[0]!),
});

function add(store: RedisStore, key: string, by: number): Reply {
  const value = store.get(key) ?? "0";
  if (typeof value !== "string") return WRONG_TYPE;
  const sum = Number(value) + by;
  if (!/^-?\d+$/.test(value) || !Number.isSafeInteger(sum)) return NOT_INTEGER;
  store.set(key, String(sum));
  return sum;
}

function push(store: RedisStore, [key, ...items]: readonly string[], front: boolean): Reply {
  const list = store.get(key!) ?? [];
  if (!Array.isArray(list)) return WRONG_TYPE;
  const after = front ? [...[...items].reverse(), ...list] : [...list, ...items];
  store.set(key!, after);
  return after.length;
}

function pop(store: RedisStore, key: string, front: boolean): Reply {
  const list = store.get(key);
  if (list === undefined) return null;
  if (!Array.isArray(list)) return WRONG_TYPE;
  const item = front ? list[0]! : list.at(-1)!;
  const rest = front ? list.slice(1) : list.slice(0, -1);
  if (rest.length === 0) store.remove(key);
  else store.set(key, rest);
  return item;
}

/** Glob patterns of KEYS: `*` and `?`. */
function globs(pattern: string, text: string): boolean {
  if (pattern === "") return text === "";
  if (pattern[0] === "*") return globs(pattern.slice(1), text) || (text !== "" && globs(pattern, text.slice(1)));
  return text !== "" && (pattern[0] === "?" || pattern[0] === text[0]) && globs(pattern.slice(1), text.slice(1));
}

const map = (value: Value | undefined): Map<string, string> | undefined => (value instanceof Map ? value : undefined);
const typeOf = (value: Value): string =>
  typeof value === "string" ? "string" : Array.isArray(value) ? "list" : value instanceof Map ? "hash" : "set";

function wipe(store: RedisStore): Reply {
  store.clear();
  return OK;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  ping: { arguments: [0, 1], run: (_, [text]) => text ?? { status: "PONG" } },
  echo: { arguments: [1, 1], run: (_, [text]) => text! },
  select: {
    arguments: [1, 1],
    run: (_, [index]) => (/^\d$/.test(index!) ? OK : { error: "ERR DB index is out of range" }),
  },
  auth: {
    arguments: [1, 2],
    run: () => ({
      error:
        "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?",
    }),
  },
  set: {
    arguments: [2],
    run(store, [key, value, ...options]) {
      let seconds: number | undefined;
      for (let i = 0; i < options.length; i++) {
        const option = options[i]!.toUpperCase();
        if (option === "EX" || option === "PX") seconds = Number(options[++i]) / (option === "PX" ? 1000 : 1);
        else if (option === "NX" && store.get(key!) !== undefined) return null;
        else if (option === "XX" && store.get(key!) === undefined) return null;
        else if (option !== "NX" && option !== "XX") return SYNTAX;
      }
      if (seconds !== undefined && !(seconds > 0)) return { error: "ERR invalid expire time in 'set' command" };
      store.set(key!, value!);
      store.expire(key!, seconds);
      return OK;
    },
  },
  get: one((store, key) => {
    const value = store.get(key);
    return value === undefined ? null : typeof value === "string" ? value : WRONG_TYPE;
  }),
  mset: {
    arguments: [2],
    run(store, pairs) {
      for (let i = 0; i + 1 < pairs.length; i += 2) store.set(pairs[i]!, pairs[i + 1]!);
      return OK;
    },
  },
  mget: {
    arguments: [1],
    run: (store, keys) =>
      keys.map((key) => {
        const value = store.get(key);
        return typeof value === "string" ? value : null;
      }),
  },
  append: {
    arguments: [2, 2],
    run(store, [key, more]) {
      const value = store.get(key!) ?? "";
      if (typeof value !== "string") return WRONG_TYPE;
      store.set(key!, value + more!);
      return value.length + more!.length;
    },
  },
  del: {
    arguments: [1],
    run: (store, keys) => keys.filter((key) => store.get(key) !== undefined && store.remove(key)).length,
  },
  exists: { arguments: [1], run: (store, keys) => keys.filter((key) => store.get(key) !== undefined).length },
  type: one((store, key) => ({
    status:
      typeOf(store.get(key) ?? "") === "string" && store.get(key) === undefined ? "none" : typeOf(store.get(key)!),
  })),
  keys: one((store, pattern) => store.keys().filter((key) => globs(pattern, key))),
  dbsize: { arguments: [0, 0], run: (store) => store.keys().length },
  flushall: { arguments: [0, 1], run: wipe },
  flushdb: { arguments: [0, 1], run: wipe },
  incr: one((store, key) => add(store, key, 1)),
  decr: one((store, key) => add(store, key, -1)),
  incrby: {
    arguments: [2, 2],
    run: (store, [key, by]) => (/^-?\d+$/.test(by!) ? add(store, key!, Number(by)) : NOT_INTEGER),
  },
  decrby: {
    arguments: [2, 2],
    run: (store, [key, by]) => (/^-?\d+$/.test(by!) ? add(store, key!, -Number(by)) : NOT_INTEGER),
  },
  expire: {
    arguments: [2, 2],
    run(store, [key, seconds]) {
      if (!/^-?\d+$/.test(seconds!)) return NOT_INTEGER;
      if (store.get(key!) === undefined) return 0;
      store.expire(key!, Number(seconds));
      return 1;
    },
  },
  ttl: one((store, key) => store.left(key)),
  persist: one((store, key) => {
    const had = store.left(key) >= 0;
    store.expire(key, undefined);
    return had ? 1 : 0;
  }),
  rpush: { arguments: [2], run: (store, args) => push(store, args, false) },
  lpush: { arguments: [2], run: (store, args) => push(store, args, true) },
  lpop: one((store, key) => pop(store, key, true)),
  rpop: one((store, key) => pop(store, key, false)),
  llen: one((store, key) => {
    const list = store.get(key) ?? [];
    return Array.isArray(list) ? list.length : WRONG_TYPE;
  }),
  lrange: {
    arguments: [3, 3],
    run(store, [key, from, to]) {
      const list = store.get(key!) ?? [];
      if (!Array.isArray(list)) return WRONG_TYPE;
      const end = Number(to) < 0 ? list.length + Number(to) : Number(to);
      return list.slice(Number(from) < 0 ? Math.max(0, list.length + Number(from)) : Number(from), end + 1);
    },
  },
  hset: {
    arguments: [3],
    run(store, [key, ...pairs]) {
      const hash = store.get(key!) ?? new Map<string, string>();
      if (!(hash instanceof Map)) return WRONG_TYPE;
      const before = hash.size;
      for (let i = 0; i + 1 < pairs.length; i += 2) hash.set(pairs[i]!, pairs[i + 1]!);
      store.set(key!, hash);
      return hash.size - before;
    },
  },
  hget: { arguments: [2, 2], run: (store, [key, field]) => map(store.get(key!))?.get(field!) ?? null },
  hgetall: one((store, key) => [...(map(store.get(key)) ?? [])].flat()),
  hkeys: one((store, key) => [...(map(store.get(key))?.keys() ?? [])]),
  sadd: {
    arguments: [2],
    run(store, [key, ...items]) {
      const set = store.get(key!) ?? new Set<string>();
      if (!(set instanceof Set)) return WRONG_TYPE;
      const before = set.size;
      for (const item of items) set.add(item);
      store.set(key!, set);
      return set.size - before;
    },
  },
  smembers: one((store, key) => {
    const set = store.get(key) ?? new Set<string>();
    return set instanceof Set ? [...set] : WRONG_TYPE;
  }),
  info: { arguments: [0], run: (store, [section]) => store.about(section ?? "") },
  save: { arguments: [0, 0], run: () => OK },
  bgsave: { arguments: [0, 1], run: () => ({ status: "Background saving started" }) },
  command: { arguments: [0], run: () => [] },
};
