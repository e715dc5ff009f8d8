import { decode } from "../../kernel/index.ts";
import { type DirNode, entriesOf } from "../inode.ts";
import type { Credentials } from "../path.ts";
import type { ContainerConfig } from "./types.ts";

/** Fields of the lines of /etc/passwd or /etc/group in a container's tree. */
function table(root: DirNode, file: string): string[][] {
  const etc = entriesOf(root).get("etc");
  const node = etc?.kind === "dir" ? entriesOf(etc).get(file) : undefined;
  if (node?.kind !== "file") return [];
  const bytes = node.content.bytes();
  let found = tables.get(bytes);
  if (found === undefined) {
    const lines = decode(bytes).split("\n");
    found = lines.filter((line) => line !== "").map((line) => line.split(":"));
    tables.set(bytes, found);
  }
  return found;
}

/** Containers of one image share its files' bytes. */
const tables = new WeakMap<Uint8Array, string[][]>();

/** Who a container runs as: the Pod's security context, else the image's user. Words of an error when there is no such user. */
export function credentialsOf(imageUser: string, config: ContainerConfig, root: DirNode): Credentials | string {
  const [userText = "", groupText] = config.runAsUser === undefined ? imageUser.split(":") : [String(config.runAsUser)];
  const users = table(root, "passwd");
  let uid = 0;
  let gid = 0;
  if (userText !== "") {
    const numeric = /^\d+$/.test(userText);
    const found = users.find((fields) => (numeric ? fields[2] === userText : fields[0] === userText));
    if (found === undefined && !numeric) return `no users found`;
    uid = numeric ? Number(userText) : Number(found![2]);
    gid = found === undefined ? 0 : Number(found[3]);
  }
  if (groupText) {
    const group = table(root, "group").find((fields) => fields[0] === groupText);
    gid = /^\d+$/.test(groupText) ? Number(groupText) : Number(group?.[2] ?? 0);
  }
  if (config.runAsGroup !== undefined) gid = config.runAsGroup;
  // The kernel keeps them sorted, and so does id show them.
  const groups = [...new Set([gid, ...(config.supplementalGroups ?? [])])].sort((a, b) => a - b);
  return { uid, gid, groups };
}

/** $HOME of a user: the entry of /etc/passwd, `/` for others. */
export function homeOf(uid: number, root: DirNode): string {
  return table(root, "passwd").find((fields) => Number(fields[2]) === uid)?.[5] ?? (uid === 0 ? "/root" : "/");
}
