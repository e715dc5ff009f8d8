import { isErrno } from "../machine/errno.ts";
import { find, readText } from "../machine/sys.ts";
import type { Shell } from "./shell.ts";

/** The working directory by the name it was reached by. */
export function workingDirectory(sh: Shell): string {
  const pwd = sh.get("PWD");
  if (pwd?.startsWith("/") && find(sh.p, pwd) === find(sh.p, ".")) return pwd;
  return sh.p.cwd;
}

/** Home directory for a tilde; `+` and `-` are PWD and OLDPWD. Undefined when there is none. */
export function homeOf(sh: Shell, user: string): string | undefined {
  if ((user === "+" || user === "-") && sh.setup.dialect !== "bash") return undefined;
  if (user === "+") return sh.get("PWD");
  if (user === "-") return sh.get("OLDPWD");
  if (/^[+-]?\d+$/.test(user) && sh.setup.dialect === "bash") {
    // Of the directory stack, from its top or (`~-1`) its end.
    const stack = [workingDirectory(sh), ...sh.dirStack];
    const n = Number(user.replace(/^[+-]/, ""));
    return stack[user[0] === "-" ? stack.length - 1 - n : n];
  }
  if (user === "") {
    const home = sh.get("HOME");
    if (home !== undefined) return home;
  }
  return passwd(sh, (fields) => (user === "" ? fields[2] === String(sh.p.cred.uid) : fields[0] === user))?.[5];
}

/** Name of a shell's user as it was when first asked for: bash reads it once (get_current_user_info). */
export function currentUser(sh: Shell): string {
  const { uid } = sh.p.cred;
  sh.userName ??= passwd(sh, (fields) => fields[2] === String(uid))?.[0] ?? (uid === 0 ? "root" : "I have no name!");
  return sh.userName;
}

/** Names of all users. */
export function userNames(sh: Shell): string[] {
  const names: string[] = [];
  passwd(sh, (fields) => {
    names.push(fields[0]!);
    return false;
  });
  return names;
}

/** The first line of /etc/passwd that fits, split at colons. */
export function passwd(sh: Shell, fits: (fields: string[]) => boolean): string[] | undefined {
  try {
    for (const line of readText(sh.p, "/etc/passwd").split("\n")) {
      const fields = line.split(":");
      if (fields.length >= 6 && fits(fields)) return fields;
    }
  } catch (error) {
    if (!isErrno(error)) throw error;
  }
  return undefined;
}
