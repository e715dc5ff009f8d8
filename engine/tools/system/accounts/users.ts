/** useradd, usermod, userdel and adduser, deluser (shadow 4.13; adduser 3.134). */
import type { Gen } from "../../../kernel/index.ts";
import type { Program } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import type { ParsedOptions } from "../../options.ts";
import { Fatal, type Tool, tool } from "../../tool.ts";
import { Accounts, hashed, requireRoot, today, validName } from "./files.ts";
import { makeHome, removeTree } from "./home.ts";
import { setPassword } from "./passwords.ts";

const VERSION = "shadow-utils 4.13";

function groupsOf(accounts: Accounts, list: string | undefined): string[] {
  return (list ?? "")
    .split(",")
    .filter((name) => name !== "")
    .map((name) => {
      const line = accounts.groupNamed(name);
      if (line === undefined) throw new Fatal(`group '${name}' does not exist`, 6);
      return line[0]!;
    });
}

function uidOf(accounts: Accounts, o: ParsedOptions, taken: (uid: string) => string): string | undefined {
  const given = o.value("u");
  if (given === undefined) return undefined;
  if (!/^\d+$/.test(given)) throw new Fatal(`invalid user ID '${given}'`, 3);
  if (!o.has("o") && accounts.passwd.some((line) => line[2] === given)) throw new Fatal(taken(given), 4);
  return given;
}

const COMMON = "b:c:d:De:f:g:G:hk:K:lmMNop:rR:s:u:U";

export const useradd: Program = tool(
  {
    name: "useradd",
    usage: "[options] LOGIN",
    about: "",
    version: VERSION,
    short: `${COMMON}P:`,
    long: "base-dir:=b comment:=c home-dir:=d home:=d defaults=D expiredate:=e inactive:=f gid:=g groups:=G skel:=k key:=K no-log-init=l create-home=m no-create-home=M no-user-group=N non-unique=o password:=p system=r root:=R shell:=s uid:=u user-group=U badname prefix:=P",
    usageStatus: 2,
  },
  function* (t, o) {
    const { p } = t;
    if (o.has("D") && o.operands.length === 0) {
      t.out.add(
        "GROUP=100\nHOME=/home\nINACTIVE=-1\nEXPIRE=\nSHELL=/bin/sh\nSKEL=/etc/skel\nCREATE_MAIL_SPOOL=no\nLOG_INIT=yes\n",
      );
      return 0;
    }
    const [name] = o.operands;
    if (name === undefined || o.operands.length > 1) {
      throw new Fatal("", 2, "Usage: useradd [options] LOGIN\n       useradd -D\n       useradd -D [options]\n");
    }
    if (!validName(name) && !o.has("badname")) {
      throw new Fatal(`invalid user name '${name}': use --badname to ignore`, 19);
    }
    requireRoot(p, "useradd");
    const accounts = new Accounts(p, o.value("P"));
    if (accounts.user(name)) throw new Fatal(`user '${name}' already exists`, 9);
    const own = o.value("g") === undefined && !o.has("N");
    if (own && accounts.groupNamed(name)) {
      throw new Fatal(`group ${name} exists - if you want to add this user to that group, use -g.`, 9);
    }
    const primary = o.value("g");
    const given = primary === undefined ? undefined : accounts.groupNamed(primary);
    if (primary !== undefined && given === undefined) throw new Fatal(`group '${primary}' does not exist`, 6);
    const extra = groupsOf(accounts, o.value("G"));
    const uid =
      uidOf(accounts, o, (id) => `UID ${id} is not unique`) ??
      accounts.free(accounts.passwd, o.has("r"), own ? accounts.group : []);
    const taken = accounts.group.some((line) => line[2] === uid);
    const gid = given?.[2] ?? (own ? (taken ? accounts.free(accounts.group, o.has("r")) : uid) : "100");
    const home = o.value("d") ?? `${o.value("b") ?? "/home"}/${name}`;
    if (own) accounts.group.push([name, "x", gid, ""]);
    accounts.passwd.push([name, "x", uid, gid, o.value("c") ?? "", home, o.value("s") ?? accounts.defaultShell()]);
    const aging = o.has("r") ? ["", "", ""] : ["0", "99999", "7"];
    accounts.shadow.push([name, o.value("p") ?? "!", today(p), ...aging, "", "", ""]);
    accounts.join(name, extra, false);
    accounts.save();
    if (!o.has("m") || o.has("M")) return 0;
    const place = accounts.prefix + home;
    if (sys.find(p, place) !== undefined) {
      yield* sys.printError(
        p,
        `useradd: warning: the home directory ${home} already exists.\nuseradd: Not copying any file from skel directory into it.\n`,
      );
      return 0;
    }
    makeHome(p, place, Number(uid), Number(gid), o.value("k"));
    return 0;
  },
);

export const usermod: Program = tool(
  {
    name: "usermod",
    usage: "[options] LOGIN",
    about: "",
    version: VERSION,
    short: "ac:d:e:f:g:G:l:Lmop:rR:s:u:UP:",
    long: "append=a comment:=c home:=d expiredate:=e inactive:=f gid:=g groups:=G login:=l lock=L move-home=m non-unique=o password:=p remove=r root:=R shell:=s uid:=u unlock=U prefix:=P",
    usageStatus: 2,
  },
  function* (t, o) {
    const { p } = t;
    const [name] = o.operands;
    if (name === undefined || o.list.length === 0) throw new Fatal("", 2, "Usage: usermod [options] LOGIN\n");
    requireRoot(p, "usermod");
    const accounts = new Accounts(p, o.value("P"));
    const user = accounts.user(name);
    if (user === undefined) throw new Fatal(`user '${name}' does not exist`, 6);
    const shadow = accounts.shadowOf(name);
    const set = (key: string, field: number) => {
      const value = o.value(key);
      if (value !== undefined) user[field] = value;
    };
    if (o.has("G")) {
      const groups = groupsOf(accounts, o.value("G"));
      if (o.has("r")) {
        const now = accounts.group.filter((line) => (line[3] ?? "").split(",").includes(name)).map((line) => line[0]!);
        accounts.join(
          name,
          now.filter((one) => !groups.includes(one)),
          false,
        );
      } else accounts.join(name, groups, o.has("a"));
    }
    const primary = o.value("g");
    if (primary !== undefined) {
      const line = accounts.groupNamed(primary);
      if (line === undefined) throw new Fatal(`group '${primary}' does not exist`, 6);
      user[3] = line[2]!;
    }
    const uid = uidOf(accounts, o, (id) => `UID '${id}' already exists`);
    const oldHome = user[5]!;
    set("c", 4);
    set("d", 5);
    set("s", 6);
    if (uid !== undefined) user[2] = uid;
    if (shadow) {
      if (o.value("p") !== undefined) shadow[1] = o.value("p")!;
      if (o.has("L") && !shadow[1]!.startsWith("!")) shadow[1] = `!${shadow[1]}`;
      if (o.has("U")) {
        if (/^!+$/.test(shadow[1]!)) {
          yield* sys.printError(
            p,
            "usermod: unlocking the user's password would result in a passwordless account.\nYou should set a password with usermod -p to unlock this user's password.\n",
          );
        } else shadow[1] = shadow[1]!.replace(/^!/, "");
      }
    }
    const login = o.value("l");
    if (login !== undefined) {
      if (accounts.user(login)) throw new Fatal(`user '${login}' already exists`, 9);
      user[0] = login;
      if (shadow) shadow[0] = login;
      for (const line of accounts.group) {
        line[3] = (line[3] ?? "")
          .split(",")
          .map((member) => (member === name ? login : member))
          .join(",");
      }
    }
    accounts.save();
    if (o.has("m") && user[5] !== oldHome && sys.find(p, oldHome) !== undefined) sys.rename(p, oldHome, user[5]!);
    return 0;
  },
);

export const userdel: Program = tool(
  {
    name: "userdel",
    usage: "[options] LOGIN",
    about: "",
    version: VERSION,
    short: "frR:ZP:",
    long: "force=f remove=r root:=R prefix:=P",
    usageStatus: 2,
  },
  function* (t, o) {
    const [name] = o.operands;
    if (name === undefined) throw new Fatal("", 2, "Usage: userdel [options] LOGIN\n");
    requireRoot(t.p, "userdel");
    return yield* remove(t, name, o.has("r"), o.has("f"), o.value("P"));
  },
);

function* remove(t: Tool, name: string, withHome: boolean, force: boolean, prefix = ""): Gen<number> {
  const { p } = t;
  const accounts = new Accounts(p, prefix);
  const user = accounts.user(name);
  if (user === undefined) throw new Fatal(`user '${name}' does not exist`, 6);
  const busy = [...p.machine.processes.values()].find((one) => one.cred.uid === Number(user[2]));
  if (busy && !force) throw new Fatal(`user ${name} is currently used by process ${busy.pid}`, 8);
  const drop = (lines: string[][], keep: (line: string[]) => boolean) => {
    const kept = lines.filter(keep);
    lines.splice(0, lines.length, ...kept);
  };
  accounts.join(name, [], false);
  const shared = accounts.passwd.some((line) => line[0] !== name && line[3] === user[3]);
  drop(accounts.passwd, (line) => line[0] !== name);
  drop(accounts.shadow, (line) => line[0] !== name);
  drop(accounts.group, (line) => !(line[0] === name && line[2] === user[3] && !shared && (line[3] ?? "") === ""));
  accounts.save();
  if (withHome) {
    const home = prefix + user[5]!;
    yield* sys.printError(
      p,
      `userdel: ${name} mail spool (${prefix === "" ? "" : `${prefix}/`}/var/mail/${name}) not found\n`,
    );
    if (sys.find(p, home) === undefined) {
      yield* sys.printError(p, `userdel: ${name} home directory (${home}) not found\n`);
    } else removeTree(p, home);
  }
  return 0;
}

/** adduser(8) of Debian: asks for a password unless told not to; `adduser USER GROUP` joins a group. */
export const adduser: Program = tool(
  {
    name: "adduser",
    usage: "[options] user [group]",
    about: "",
    version: "adduser version 3.134",
    short: "q",
    long: "disabled-password disabled-login gecos:=c comment:=c home:=d shell:=s uid:=u gid:=g ingroup:=G no-create-home=M system group quiet=q force-badname allow-bad-names",
  },
  function* (t, o) {
    const { p } = t;
    const [name, group] = o.operands;
    if (p.cred.uid !== 0) throw new Fatal("Only root may add a user or group to the system.", 1);
    if (name === undefined) throw new Fatal("Only one or two names allowed.", 1);
    const accounts = new Accounts(p);
    const say = (text: string) => {
      if (!o.has("q")) t.out.add(text);
    };
    if (group !== undefined) {
      if (accounts.user(name) === undefined) throw new Fatal(`The user \`${name}' does not exist.`, 1);
      const line = accounts.groupNamed(group);
      if (line === undefined) throw new Fatal(`The group \`${group}' does not exist.`, 1);
      if ((line[3] ?? "").split(",").includes(name)) {
        say(`The user \`${name}' is already a member of \`${group}'.\n`);
        return 0;
      }
      accounts.join(name, [group], true);
      accounts.save();
      say(`Adding user \`${name}' to group \`${group}' ...\nDone.\n`);
      return 0;
    }
    if (accounts.user(name)) throw new Fatal(`The user \`${name}' already exists.`, 1);
    const system = o.has("system");
    const uid = o.value("u") ?? accounts.free(accounts.passwd, system, accounts.group);
    const own = !(system && !o.has("group")) && o.value("G") === undefined;
    const gid = own ? uid : (accounts.groupNamed(o.value("G") ?? "nogroup")?.[2] ?? "65534");
    const home = o.value("d") ?? (system ? "/nonexistent" : `/home/${name}`);
    say(`Adding ${system ? "system " : ""}user \`${name}' ${system ? `(UID ${uid}) ` : ""}...\n`);
    if (own) say(`Adding new group \`${name}' (${system ? "GID " : ""}${gid}) ...\n`);
    say(
      `Adding new user \`${name}' (${system ? "UID " : ""}${uid}) with group \`${own ? name : "nogroup"}${system ? "'" : ` (${gid})'`} ...\n`,
    );
    if (own) accounts.group.push([name, "x", gid, ""]);
    const shell = o.value("s") ?? (system ? "/usr/sbin/nologin" : "/bin/bash");
    accounts.passwd.push([name, "x", uid, gid, o.value("c") ?? "", home, shell]);
    accounts.shadow.push([name, "!", today(p), "0", "99999", "7", "", "", ""]);
    if (!system) accounts.join(name, ["users"], false);
    accounts.save();
    if (!o.has("M") && !(system && o.value("d") === undefined)) {
      say(`Creating home directory \`${home}' ...\n`);
      makeHome(p, home, Number(uid), Number(gid));
      if (!system) say("Copying files from `/etc/skel' ...\n");
    } else say(`Not creating ${system ? "" : ""}home directory \`${home}'.\n`);
    yield* t.out.flush();
    if (!system && !o.has("disabled-password", "disabled-login")) {
      const status = yield* setPassword(p, "passwd", (password) => {
        const again = new Accounts(p);
        again.shadowOf(name)![1] = hashed(p, password);
        again.save();
      });
      if (status !== 0) return status;
    }
    if (!system) {
      say(
        `Adding new user \`${name}' to supplemental / extra groups \`users' ...\nAdding user \`${name}' to group \`users' ...\n`,
      );
    }
    return 0;
  },
);

export const deluser: Program = tool(
  {
    name: "deluser",
    usage: "[options] user [group]",
    about: "",
    version: "deluser version 3.134",
    short: "q",
    long: "remove-home remove-all-files system quiet=q",
  },
  function* (t, o) {
    const { p } = t;
    const [name, group] = o.operands;
    if (p.cred.uid !== 0) throw new Fatal("Only root may remove a user or group from the system.", 1);
    if (name === undefined) throw new Fatal("Only one or two names allowed.", 1);
    const accounts = new Accounts(p);
    if (accounts.user(name) === undefined) throw new Fatal(`The user \`${name}' does not exist.`, 2);
    if (group !== undefined) {
      const line = accounts.groupNamed(group);
      if (line === undefined) throw new Fatal(`The group \`${group}' does not exist.`, 3);
      if (!(line[3] ?? "").split(",").includes(name)) {
        throw new Fatal(`The user \`${name}' is not a member of group \`${group}'.`, 6);
      }
      line[3] = line[3]!
        .split(",")
        .filter((member) => member !== name)
        .join(",");
      accounts.save();
      t.out.add(`Removing user \`${name}' from group \`${group}' ...\nDone.\n`);
      return 0;
    }
    const home = accounts.user(name)![5]!;
    if (o.has("remove-home", "remove-all-files")) {
      t.out.add("Looking for files to backup/remove ...\nRemoving files ...\n");
      removeTree(p, home);
    }
    t.out.add(`Removing crontab ...\nRemoving user \`${name}' ...\nDone.\n`);
    yield* t.out.flush();
    return yield* remove(t, name, false, false);
  },
);
