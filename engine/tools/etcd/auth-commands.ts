/** etcdctl auth, user and role: this etcd knows no users, so that it can say that there are none, and no more. */
import * as sys from "../../machine/sys.ts";
import { EtcdctlError } from "./client.ts";
import type { Run, Subcommand } from "./command.ts";

const bad = (text: string) => new EtcdctlError(text, 128);
const USER = "requires user name as its argument";
const ROLE = "command requires role name as its argument";
const BOTH = "requires user name and role name as its argument";

/** A command that would change who may do what: how many arguments it takes, and what it says of others. */
const change = (usage: string, about: string, most: readonly [number, number], wrong: string): Subcommand => ({
  usage: `${usage} [flags]`,
  about,
  *run(r) {
    const [least, largest] = most;
    if (r.args.length < least || r.args.length > largest) throw bad(wrong);
    if (usage.startsWith("role grant")) checkPermission(r);
    yield* r.client.first();
    throw new EtcdctlError("authentication cannot be set up here");
  },
});

/** What is wrong with a permission, before anybody is asked. */
function checkPermission(r: Run): void {
  const [, kind = "", , end] = r.args;
  if (!["read", "write", "readwrite"].includes(kind.toLowerCase())) {
    throw bad(`invalid permission type: ${kind}`);
  }
  if (r.on("prefix") && r.on("from-key")) throw bad("--from-key and --prefix flags are mutually exclusive");
  for (const flag of ["prefix", "from-key"]) {
    if (r.on(flag) && end !== undefined) throw bad(`unexpected endkey argument with --${flag} flag`);
  }
}

/** A command that tells what is there. */
const told = (usage: string, about: string, wrong: string, text: string): Subcommand => ({
  usage: `${usage} [flags]`,
  about,
  *run(r) {
    if (r.args.length > 0) throw bad(wrong);
    yield* r.client.first();
    yield* sys.print(r.p, text);
  },
});

const none = (what: string) => `${what} command does not accept any arguments`;
const OFF = "Authentication Status: false\nAuthRevision: 1\n";
const NO_LIST = "list command requires no arguments";
const REVOKE = "role revoke-permission command requires role name and key [endkey] as its argument";
const GRANT = "role grant command requires role name, permission type, and key [endkey] as its argument";

export const authCommands: Readonly<Record<string, Subcommand>> = {
  "auth disable": change("auth disable", "Disables authentication", [0, 0], none("auth disable")),
  "auth enable": change("auth enable", "Enables authentication", [0, 0], none("auth enable")),
  "auth status": told("auth status", "Returns authentication status", none("auth status"), OFF),
  "role add": change("role add <role name>", "Adds a new role", [1, 1], `role add ${ROLE}`),
  "role delete": change("role delete <role name>", "Deletes a role", [1, 1], `role delete ${ROLE}`),
  "role get": change("role get <role name>", "Gets detailed information of a role", [1, 1], `role get ${ROLE}`),
  "role grant-permission": change(
    "role grant-permission [options] <role name> <permission type> <key> [endkey]",
    "Grants a key to a role",
    [3, 4],
    GRANT,
  ),
  "role list": told("role list", "Lists all roles", `role ${NO_LIST}`, ""),
  "role revoke-permission": change(
    "role revoke-permission <role name> <key> [endkey]",
    "Revokes a key from a role",
    [2, 3],
    REVOKE,
  ),
  "user add": change(
    "user add <user name or user:password> [options]",
    "Adds a new user",
    [1, 1],
    `user add command ${USER}`,
  ),
  "user delete": change("user delete <user name>", "Deletes a user", [1, 1], `user delete command ${USER}`),
  "user get": change(
    "user get <user name> [options]",
    "Gets detailed information of a user",
    [1, 1],
    `user get command ${USER}`,
  ),
  "user grant-role": change(
    "user grant-role <user name> <role name>",
    "Grants a role to a user",
    [2, 2],
    `user grant command ${BOTH}`,
  ),
  "user list": told("user list", "Lists all users", `user ${NO_LIST}`, ""),
  "user passwd": change(
    "user passwd <user name> [options]",
    "Changes password of user",
    [1, 1],
    `user passwd command ${USER}`,
  ),
  "user revoke-role": change(
    "user revoke-role <user name> <role name>",
    "Revokes a role from a user",
    [2, 2],
    `user revoke-role ${BOTH}`,
  ),
};
