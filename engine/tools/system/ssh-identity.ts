/** Private keys that a user has: in files, and with an agent. */
import type { Gen } from "../../kernel/index.ts";
import type { Inode } from "../../machine/inode.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { textOf } from "../../network/hosts.ts";
import { parsePrivate, publicLineOf } from "./ssh-key-format.ts";

const RULE = "@".repeat(59);

/** Whether a private key's file may be read by others, which is told (authfile.c sshkey_perm_ok). */
export function* isTooOpen(p: Process, path: string, node: Inode): Gen<boolean> {
  if (node.uid !== p.cred.uid || (node.mode & 0o077) === 0) return false;
  const mode = (node.mode & 0o777).toString(8).padStart(4, "0");
  yield* sys.printError(
    p,
    `${RULE}\r\n@         WARNING: UNPROTECTED PRIVATE KEY FILE!          @\r\n${RULE}\r\nPermissions ${mode} for '${path}' are too open.\r\nIt is required that your private key files are NOT accessible by others.\r\nThis private key will be ignored.\r\n`,
  );
  return true;
}

/** The public line of a private key's file; that of the file beside it where it does not carry one; "" for none. */
export function publicLineAt(p: Process, path: string): string {
  const own = parsePrivate(textOf(p, path));
  if (own === undefined) return textOf(p, `${path}.pub`).trim();
  return publicLineOf({ ...own.key, comment: "" });
}

/** A key that an agent holds. */
export interface Identity {
  path: string;
  /** Its public line without the comment. */
  line: string;
  comment: string;
}

const agents = new WeakMap<Inode, Identity[]>();

/** Begins to hold keys behind a socket. */
export function openAgent(socket: Inode): void {
  agents.set(socket, []);
}

/** What the agent of SSH_AUTH_SOCK holds; undefined where there is none behind it. */
export function agentOf(p: Process): Identity[] | undefined {
  const path = p.env.get("SSH_AUTH_SOCK");
  const socket = path === undefined ? undefined : sys.find(p, path);
  return socket === undefined ? undefined : agents.get(socket);
}
