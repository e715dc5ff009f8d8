/** groupadd, groupmod, groupdel, gpasswd and their Debian faces. */
import type { Program } from "../../../machine/process.ts";
import { Fatal, tool } from "../../tool.ts";
import { Accounts, requireRoot, validName } from "./files.ts";

const VERSION = "shadow-utils 4.13";
const FILE = "/etc/group";

export const groupadd: Program = tool(
  {
    name: "groupadd",
    usage: "[options] GROUP",
    about: "",
    version: VERSION,
    short: "fg:K:op:rR:U:P:",
    long: "force=f gid:=g key:=K non-unique=o password:=p system=r root:=R users:=U prefix:=P",
    usageStatus: 2,
  },
  function* (t, o) {
    const [name] = o.operands;
    if (name === undefined) throw new Fatal("", 2, "Usage: groupadd [options] GROUP\n\n");
    if (!validName(name)) throw new Fatal(`'${name}' is not a valid group name`, 3);
    const accounts = new Accounts(t.p, o.value("P"));
    if (accounts.group.some((line) => line[0] === name)) {
      if (o.has("f")) return 0;
      throw new Fatal(`group '${name}' already exists`, 9);
    }
    const given = o.value("g");
    if (given !== undefined && !/^\d+$/.test(given)) throw new Fatal(`invalid group ID '${given}'`, 3);
    if (given !== undefined && !o.has("o") && accounts.group.some((line) => line[2] === given)) {
      throw new Fatal(`GID '${given}' already exists`, 4);
    }
    requireRoot(t.p, "groupadd", FILE, 10);
    accounts.group.push([name, "x", given ?? accounts.free(accounts.group, o.has("r")), o.value("U") ?? ""]);
    accounts.save();
    return 0;
  },
);

export const groupmod: Program = tool(
  {
    name: "groupmod",
    usage: "[options] GROUP",
    about: "",
    version: VERSION,
    short: "ag:n:op:R:U:P:",
    long: "gid:=g new-name:=n non-unique=o append=a users:=U prefix:=P",
    usageStatus: 2,
  },
  function* (t, o) {
    const [name] = o.operands;
    if (name === undefined) throw new Fatal("", 2, "Usage: groupmod [options] GROUP\n\n");
    const accounts = new Accounts(t.p, o.value("P"));
    const line = accounts.group.find((one) => one[0] === name);
    if (line === undefined) throw new Fatal(`group '${name}' does not exist`, 6);
    const [gid, renamed] = [o.value("g"), o.value("n")];
    if (renamed !== undefined && accounts.group.some((one) => one[0] === renamed)) {
      throw new Fatal(`group '${renamed}' already exists`, 9);
    }
    if (gid !== undefined && !o.has("o") && accounts.group.some((one) => one[2] === gid && one !== line)) {
      throw new Fatal(`GID '${gid}' already exists`, 4);
    }
    requireRoot(t.p, "groupmod", FILE, 10);
    if (gid !== undefined) {
      for (const user of accounts.passwd) if (user[3] === line[2]) user[3] = gid;
      line[2] = gid;
    }
    if (renamed !== undefined) {
      line[0] = renamed;
      // A renamed entry is removed and added anew.
      accounts.group.push(...accounts.group.splice(accounts.group.indexOf(line), 1));
    }
    accounts.save();
    return 0;
  },
);

export const groupdel: Program = tool(
  {
    name: "groupdel",
    usage: "[options] GROUP",
    about: "",
    version: VERSION,
    short: "fR:P:",
    long: "force=f prefix:=P",
    usageStatus: 2,
  },
  function* (t, o) {
    const [name] = o.operands;
    if (name === undefined) throw new Fatal("", 2, "Usage: groupdel [options] GROUP\n\n");
    const accounts = new Accounts(t.p, o.value("P"));
    const line = accounts.group.find((one) => one[0] === name);
    if (line === undefined) throw new Fatal(`group '${name}' does not exist`, 6);
    const owner = accounts.passwd.find((user) => user[3] === line[2]);
    if (owner && !o.has("f")) throw new Fatal(`cannot remove the primary group of user '${owner[0]}'`, 8);
    requireRoot(t.p, "groupdel", FILE, 10);
    accounts.group.splice(accounts.group.indexOf(line), 1);
    accounts.save();
    return 0;
  },
);

export const gpasswd: Program = tool(
  {
    name: "gpasswd",
    usage: "[option] GROUP",
    about: "",
    version: VERSION,
    short: "a:d:rRA:M:",
    long: "add:=a delete:=d administrators:=A members:=M",
    usageStatus: 2,
  },
  function* (t, o) {
    const [name] = o.operands;
    if (name === undefined) throw new Fatal("", 2, "Usage: gpasswd [option] GROUP\n\n");
    const accounts = new Accounts(t.p);
    const line = accounts.group.find((one) => one[0] === name);
    if (line === undefined) throw new Fatal(`group '${name}' does not exist in /etc/group`, 1);
    if (t.p.cred.uid !== 0) throw new Fatal("Permission denied.", 1);
    const members = (line[3] ?? "").split(",").filter((one) => one !== "");
    const [added, gone, list] = [o.value("a"), o.value("d"), o.value("M")];
    for (const user of [added, gone, ...(list?.split(",") ?? [])]) {
      if (user !== undefined && accounts.user(user) === undefined) throw new Fatal(`user '${user}' does not exist`, 3);
    }
    if (added !== undefined) {
      t.out.add(`Adding user ${added} to group ${name}\n`);
      if (!members.includes(added)) members.push(added);
    }
    if (gone !== undefined) {
      t.out.add(`Removing user ${gone} from group ${name}\n`);
      if (!members.includes(gone)) throw new Fatal(`user '${gone}' is not a member of '${name}'`, 3);
      members.splice(members.indexOf(gone), 1);
    }
    line[3] = list ?? members.join(",");
    accounts.save();
    return 0;
  },
);
