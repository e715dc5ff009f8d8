import type { Program } from "../../../machine/process.ts";
import { gpasswd, groupadd, groupdel, groupmod } from "./groups.ts";
import { chage, chpasswd, chsh, passwd } from "./passwords.ts";
import { adduser, deluser, useradd, userdel, usermod } from "./users.ts";

/** Programs that change accounts, by name. */
export const accountPrograms: Record<string, Program> = {
  adduser,
  chage,
  chpasswd,
  chsh,
  deluser,
  gpasswd,
  groupadd,
  groupdel,
  groupmod,
  passwd,
  useradd,
  userdel,
  usermod,
};
