import type { MatchExtension } from "../extension.ts";
import { leadingNumber } from "../numbers.ts";
import { Problem } from "../problem.ts";
import type { Match } from "../types.ts";

/** Users and groups that every Debian has, by number. */
const USERS: Readonly<Record<number, string>> = { 0: "root", 1: "daemon", 2: "bin", 33: "www-data", 65534: "nobody" };
const GROUPS: Readonly<Record<number, string>> = { 0: "root", 1: "daemon", 2: "bin", 33: "www-data", 65534: "nogroup" };

interface Ids {
  first: number;
  last: number;
  inverted: boolean;
}

/** `-m owner`: whose socket it came from (libxt_owner.c). Packets here do not tell, so none matches unless inverted. */
class OwnerMatch implements Match {
  readonly name = "owner";
  user: Ids | undefined;
  group: Ids | undefined;
  socket: { inverted: boolean } | undefined;

  private text(words: readonly [string, string, string], names: boolean): string {
    const not = (item: { inverted: boolean }) => (item.inverted ? " !" : "");
    const ids = (word: string, item: Ids | undefined, known: Readonly<Record<number, string>>) => {
      if (item === undefined) return "";
      const { first, last } = item;
      return `${not(item)} ${word} ${first === last ? ((names ? known[first] : undefined) ?? first) : `${first}-${last}`}`;
    };
    return (
      (this.socket === undefined ? "" : `${not(this.socket)} ${words[0]}`) +
      ids(words[1], this.user, USERS) +
      ids(words[2], this.group, GROUPS)
    );
  }

  save(): string {
    return this.text(["--socket-exists", "--uid-owner", "--gid-owner"], false);
  }

  list(numeric: boolean): string {
    return this.text(["owner socket exists", "owner UID match", "owner GID match"], !numeric);
  }

  test(): boolean {
    return (
      (this.user === undefined || this.user.inverted) &&
      (this.group === undefined || this.group.inverted) &&
      (this.socket === undefined || !this.socket.inverted)
    );
  }

  fits(_table: string, base: string | undefined): boolean {
    return base === undefined || base === "OUTPUT" || base === "POSTROUTING";
  }
}

function idsOf(option: string, text: string, known: Readonly<Record<number, string>>, inverted: boolean): Ids {
  const named = Object.entries(known).find(([, name]) => name === text);
  if (named) return { first: Number(named[0]), last: Number(named[0]), inverted };
  const first = leadingNumber(text);
  const last = first?.rest[0] === "-" ? leadingNumber(first.rest.slice(1)) : first;
  if (first === undefined || last === undefined || (last !== first ? last.rest : first.rest) !== "") {
    throw new Problem(`owner: Bad value for "--${option}" option: "${text}"`);
  }
  return { first: first.value, last: last.value, inverted };
}

export const owner: MatchExtension = {
  name: "owner",
  options: [
    {
      name: "uid-owner",
      invert: true,
      read(match, value, inverted) {
        (match as OwnerMatch).user = idsOf("uid-owner", value, USERS, inverted);
      },
    },
    {
      name: "gid-owner",
      invert: true,
      read(match, value, inverted) {
        (match as OwnerMatch).group = idsOf("gid-owner", value, GROUPS, inverted);
      },
    },
    {
      name: "socket-exists",
      flag: true,
      invert: true,
      read(match, _value, inverted) {
        (match as OwnerMatch).socket = { inverted };
      },
    },
  ],
  create: () => new OwnerMatch(),
  finish(_match, given) {
    if (given.size === 0) {
      throw new Problem("owner: At least one of --uid-owner, --gid-owner or --socket-exists is required");
    }
  },
};
