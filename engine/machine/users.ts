import { decode } from "../kernel/index.ts";
import { isErrno } from "./errno.ts";
import { type Credentials, type MountNamespace, ROOT, resolve } from "./path.ts";

/** A line of /etc/passwd (passwd(5)). */
export interface User {
  name: string;
  uid: number;
  gid: number;
  /** Comment field: full name and the like. */
  gecos: string;
  home: string;
  shell: string;
}

/** A line of /etc/group (group(5)). */
export interface Group {
  name: string;
  gid: number;
  members: readonly string[];
}

/** Parsed tables by the bytes they came from: a file that has not changed is not parsed again. */
const parsedUsers = new WeakMap<Uint8Array, readonly User[]>();
const parsedGroups = new WeakMap<Uint8Array, readonly Group[]>();

/** Every user of /etc/passwd as the mount namespace has it now; none when there is no such file. */
export function users(mnt: MountNamespace): readonly User[] {
  return table(mnt, "/etc/passwd", parsedUsers, (fields) => {
    const [name, , uid, gid, gecos = "", home = "/", shell = ""] = fields;
    if (!name || !isNumber(uid) || !isNumber(gid)) return undefined;
    return { name, uid: Number(uid), gid: Number(gid), gecos, home, shell: shell || "/bin/sh" };
  });
}

/** Every group of /etc/group as the mount namespace has it now. */
export function groups(mnt: MountNamespace): readonly Group[] {
  return table(mnt, "/etc/group", parsedGroups, (fields) => {
    const [name, , gid, members = ""] = fields;
    if (!name || !isNumber(gid)) return undefined;
    return { name, gid: Number(gid), members: members.split(",").filter((member) => member !== "") };
  });
}

export function userByName(mnt: MountNamespace, name: string): User | undefined {
  return users(mnt).find((user) => user.name === name);
}

export function userByUid(mnt: MountNamespace, uid: number): User | undefined {
  return users(mnt).find((user) => user.uid === uid);
}

export function groupByName(mnt: MountNamespace, name: string): Group | undefined {
  return groups(mnt).find((group) => group.name === name);
}

export function groupByGid(mnt: MountNamespace, gid: number): Group | undefined {
  return groups(mnt).find((group) => group.gid === gid);
}

/** User name of a uid, or the number when nobody has it: what `ls -l` and `ps` print. */
export function userName(mnt: MountNamespace, uid: number): string {
  return userByUid(mnt, uid)?.name ?? String(uid);
}

export function groupName(mnt: MountNamespace, gid: number): string {
  return groupByGid(mnt, gid)?.name ?? String(gid);
}

/** Credentials a login of that user has: initgroups(3). */
export function credentialsOf(mnt: MountNamespace, user: User): Credentials {
  const extra = groups(mnt).filter((group) => group.gid !== user.gid && group.members.includes(user.name));
  return { uid: user.uid, gid: user.gid, groups: [user.gid, ...extra.map((group) => group.gid)] };
}

function table<T>(
  mnt: MountNamespace,
  path: string,
  cache: WeakMap<Uint8Array, readonly T[]>,
  parse: (fields: string[]) => T | undefined,
): readonly T[] {
  const bytes = fileBytes(mnt, path);
  if (bytes === undefined) return [];
  const known = cache.get(bytes);
  if (known !== undefined) return known;
  const out: T[] = [];
  for (const line of decode(bytes).split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const entry = parse(line.split(":"));
    if (entry !== undefined) out.push(entry);
  }
  cache.set(bytes, out);
  return out;
}

function fileBytes(mnt: MountNamespace, path: string): Uint8Array | undefined {
  try {
    const { node } = resolve(mnt, "/", path, ROOT);
    return node?.kind === "file" ? node.content.bytes() : undefined;
  } catch (error) {
    if (isErrno(error)) return undefined;
    throw error;
  }
}

function isNumber(text: string | undefined): boolean {
  return text !== undefined && /^\d+$/.test(text);
}
