/** What a part of an entry is, and in which forms it may be given. */
export interface Part {
  kind: "ip" | "net" | "port" | "mac" | "iface" | "mark" | "set";
  /** IPv4 addresses may be given as networks or ranges: all of them, each by itself. */
  many?: boolean;
}

export interface SetType {
  name: string;
  /** Names of ipset 4. */
  also: readonly string[];
  parts: readonly Part[];
  /** Revision that the kernel offers. */
  revision: number;
  /** Bytes of an empty set, and of an entry without extensions. */
  bytes: number;
  entryBytes: number;
  /** Options of `create`, as the header has them, besides those of all types. */
  header: readonly string[];
  /** Options of `add`, besides those of all types. */
  entry: readonly string[];
  /** Forms that `test` takes besides a single element. */
  tests: readonly ("cidr" | "range" | "ports")[];
}

const HASH = ["family", "hashsize", "maxelem"];
const ip: Part = { kind: "ip", many: true };
const one: Part = { kind: "ip" };
const net: Part = { kind: "net", many: true };
const port: Part = { kind: "port" };

const hash = (
  parts: readonly Part[],
  [revision, bytes, entryBytes]: readonly [number, number, number],
  more: Partial<SetType> = {},
): SetType => ({
  name: `hash:${parts.map(({ kind }) => kind).join(",")}`,
  also: [],
  parts,
  revision,
  bytes,
  entryBytes,
  header: HASH,
  entry: parts.some(({ kind }) => kind === "net") ? ["nomatch"] : [],
  tests: parts[0]!.kind === "net" ? ["cidr"] : [],
  ...more,
});

const bitmap = (
  parts: readonly Part[],
  [bytes, entryBytes]: readonly [number, number],
  more: Partial<SetType>,
): SetType => ({
  name: `bitmap:${parts.map(({ kind }) => kind).join(",")}`,
  also: [],
  parts,
  revision: 3,
  bytes,
  entryBytes,
  header: ["range"],
  entry: [],
  tests: [],
  ...more,
});

/**
 * Types of sets (lib/ipset_*.c, net/netfilter/ipset/ip_set_*.c), with what of them the newest revisions know.
 */
const TYPES: readonly SetType[] = [
  bitmap([ip], [88, 0], { also: ["ipmap"], header: ["range", "netmask"] }),
  bitmap([one, { kind: "mac" }], [80, 8], { also: ["macipmap"] }),
  bitmap([port], [72, 0], { also: ["portmap"] }),
  hash([ip], [6, 200, 4], {
    also: ["iphash"],
    header: [...HASH, "netmask", "bitmask"],
    tests: ["cidr", "range"],
  }),
  hash([net], [7, 448, 8], { also: ["nethash"] }),
  hash([ip, port], [7, 216, 8], { also: ["ipporthash"], header: [...HASH, "netmask", "bitmask"] }),
  hash([ip, port, one], [6, 208, 12], { also: ["ipportiphash"] }),
  hash([ip, port, net], [8, 456, 16], { also: ["ipportnethash"] }),
  hash([net, port], [8, 456, 8], { also: ["netporthash"] }),
  hash([net, net], [4, 456, 16], { header: [...HASH, "netmask", "bitmask"] }),
  hash([net, port, net], [3, 464, 16]),
  hash([net, { kind: "iface" }], [8, 448, 28], { also: ["netifacehash"], entry: ["nomatch", "wildcard"] }),
  hash([ip, { kind: "mark" }], [3, 216, 8], { header: [...HASH, "markmask"] }),
  hash([{ kind: "mac" }], [1, 200, 8], { header: ["hashsize", "maxelem"] }),
  hash([ip, { kind: "mac" }], [1, 208, 16]),
  {
    name: "list:set",
    also: ["setlist"],
    parts: [{ kind: "set" }],
    revision: 3,
    bytes: 80,
    entryBytes: 48,
    header: ["size"],
    entry: ["before", "after"],
    tests: [],
  },
];

const BY_NAME = new Map(TYPES.flatMap((type) => [type.name, ...type.also].map((name) => [name, type] as const)));

/** The type of a name, or of one that it had in ipset 4. */
export function setType(name: string): SetType | undefined {
  return BY_NAME.get(name);
}
