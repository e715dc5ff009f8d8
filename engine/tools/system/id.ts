import type { Credentials } from "../../machine/path.ts";
import { credentialsOf, groupName, userByName, userByUid, userName } from "../../machine/users.ts";
import { Fatal, tool, UsageError } from "../tool.ts";

/** id(1): user and group ids of this process or of a named user. */
export const id = tool(
  {
    name: "id",
    usage: "[OPTION]... [USER]...",
    about: "Print user and group information for each specified USER, or for the current process.",
    short: "agGnruzZ",
    long: "group=g groups=G name=n real=r user=u zero=z context=Z",
  },
  function* (t, o) {
    const { p } = t;
    const { mnt } = p.ns;
    const which = o.last("u", "g", "G")?.key;
    if (o.list.filter(({ key }) => "ugG".includes(key)).length > 1) {
      throw new Fatal('cannot print "only" of more than one choice');
    }
    if (o.has("Z")) throw new Fatal("--context (-Z) works only on an SELinux-enabled kernel");
    if (which === undefined && o.has("n", "r"))
      throw new Fatal("printing only names or real IDs requires -u, -g, or -G");
    if (which === undefined && o.has("z")) throw new Fatal("option --zero not permitted in default format");
    const show = (cred: Credentials): string => {
      const named = o.has("n");
      const groups = [cred.gid, ...cred.groups.filter((gid) => gid !== cred.gid)];
      if (which === "u") return named ? userName(mnt, cred.uid) : String(cred.uid);
      if (which === "g") return named ? groupName(mnt, cred.gid) : String(cred.gid);
      if (which === "G")
        return groups.map((gid) => (named ? groupName(mnt, gid) : String(gid))).join(o.has("z") ? "\0" : " ");
      const both = (number: number, name: string) => (name === String(number) ? name : `${number}(${name})`);
      const list = groups.map((gid) => both(gid, groupName(mnt, gid))).join(",");
      return `uid=${both(cred.uid, userName(mnt, cred.uid))} gid=${both(cred.gid, groupName(mnt, cred.gid))} groups=${list}`;
    };
    const end = o.has("z") ? (which === "G" && o.operands.length > 1 ? "\0\0" : "\0") : "\n";
    if (o.operands.length === 0) t.out.add(`${show(p.cred)}${end}`);
    for (const name of o.operands) {
      const user = userByName(mnt, name) ?? (/^\+?\d+$/.test(name) ? userByUid(mnt, Number(name)) : undefined);
      if (user === undefined) yield* t.error(`‘${name}’: no such user`);
      else t.out.add(`${show(credentialsOf(mnt, user))}${end}`);
    }
    return undefined;
  },
);

/** whoami(1). */
export const whoami = tool(
  {
    name: "whoami",
    usage: "[OPTION]...",
    about: "Print the user name associated with the current effective user ID.",
    short: "",
  },
  function* (t, o) {
    if (o.operands.length > 0) throw new UsageError(`extra operand ‘${o.operands[0]}’`);
    const user = userByUid(t.p.ns.mnt, t.p.cred.uid);
    if (user === undefined) throw new Fatal(`cannot find name for user ID ${t.p.cred.uid}`);
    t.out.add(`${user.name}\n`);
    return 0;
  },
);

/** groups(1). */
export const groups = tool(
  {
    name: "groups",
    usage: "[OPTION]... [USERNAME]...",
    about: "Print group memberships for each USERNAME.",
    short: "",
  },
  function* (t, o) {
    const { mnt } = t.p.ns;
    const names = (cred: Credentials) =>
      [cred.gid, ...cred.groups.filter((gid) => gid !== cred.gid)].map((gid) => groupName(mnt, gid)).join(" ");
    if (o.operands.length === 0) t.out.add(`${names(t.p.cred)}\n`);
    for (const name of o.operands) {
      const user = userByName(mnt, name);
      if (user === undefined) yield* t.error(`‘${name}’: no such user`);
      else t.out.add(`${name} : ${names(credentialsOf(mnt, user))}\n`);
    }
    return undefined;
  },
);
