/** The tables of accounts: /etc/passwd, /etc/group, /etc/shadow as lines of fields. */
import { encode, encodeBase64, sha256Hex } from "../../../kernel/index.ts";
import { isErrno } from "../../../machine/errno.ts";
import type { Process } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import { Fatal } from "../../tool.ts";

export type Line = string[];

/** The three tables as they are; `save` writes those that changed. */
export class Accounts {
  readonly p: Process;
  readonly passwd: Line[];
  readonly group: Line[];
  readonly shadow: Line[];
  /** `--prefix`: a directory that stands for the root. */
  readonly prefix: string;
  private readonly before: readonly string[];

  constructor(p: Process, prefix = "") {
    this.p = p;
    this.prefix = prefix;
    this.passwd = read(p, `${prefix}/etc/passwd`);
    this.group = read(p, `${prefix}/etc/group`);
    this.shadow = read(p, `${prefix}/etc/shadow`);
    this.before = this.texts();
  }

  private texts(): string[] {
    return [this.passwd, this.group, this.shadow].map((lines) => lines.map((line) => `${line.join(":")}\n`).join(""));
  }

  save(): void {
    const paths = ["/etc/passwd", "/etc/group", "/etc/shadow"];
    this.texts().forEach((text, i) => {
      if (text === this.before[i]) return;
      sys.writeText(this.p, this.prefix + paths[i], text);
    });
  }

  /** SHELL of /etc/default/useradd. */
  defaultShell(): string {
    const path = `${this.prefix}/etc/default/useradd`;
    const text = sys.find(this.p, path) === undefined ? "" : sys.readText(this.p, path);
    return /^SHELL=(\S+)/m.exec(text)?.[1] ?? "/bin/bash";
  }

  user(name: string): Line | undefined {
    return this.passwd.find((line) => line[0] === name);
  }

  groupNamed(name: string): Line | undefined {
    return this.group.find((line) => line[0] === name || (/^\d+$/.test(name) && line[2] === name));
  }

  shadowOf(name: string): Line | undefined {
    return this.shadow.find((line) => line[0] === name);
  }

  /** The next free number of 1000 to 60000, or below 1000 downwards for system accounts. */
  free(lines: readonly Line[], system: boolean, taken: readonly Line[] = []): string {
    const used = new Set([...lines, ...taken].map((line) => Number(line[2])));
    if (system) {
      for (let id = 999; id > 100; id--) if (!used.has(id)) return String(id);
    }
    const people = [...used].filter((id) => id >= 1000 && id < 60_000);
    let id = people.length === 0 ? 1000 : Math.max(...people) + 1;
    while (used.has(id)) id++;
    return String(id);
  }

  /** Makes `name` a member of just these groups besides its own; or of these too. */
  join(name: string, groups: readonly string[], append: boolean): void {
    for (const line of this.group) {
      const members = (line[3] ?? "").split(",").filter((member) => member !== "" && member !== name);
      const was = (line[3] ?? "").split(",").includes(name);
      const wanted = groups.includes(line[0]!) || (append && was);
      if (wanted) members.push(name);
      if (wanted !== was) line[3] = members.join(",");
    }
  }
}

function read(p: Process, path: string): Line[] {
  try {
    return sys
      .readText(p, path)
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => line.split(":"));
  } catch (error) {
    if (!isErrno(error)) throw error;
    return [];
  }
}

/** Only root changes accounts (shadow's words). */
export function requireRoot(p: Process, name: string, file = "/etc/passwd", status = 1): void {
  if (p.cred.uid !== 0) {
    throw new Fatal(`cannot lock ${file}; try again later.`, status, `${name}: Permission denied.\n`);
  }
}

/** Days since 1970, as the shadow file counts. */
export function today(p: Process): string {
  return String(Math.floor(p.machine.kernel.wallMs / 86_400_000));
}

/** A hash in the form of yescrypt. Nobody checks it here: logins come by key or through sudo. */
export function hashed(p: Process, password: string): string {
  const salt = p.machine.kernel.random(`passwd ${p.machine.hostname}`).string(22, ALPHABET);
  const digest = encodeBase64(encode(sha256Hex(`${salt} ${password}`))).replace(/[+=]/g, ".");
  return `$y$j9T$${salt}$${digest.slice(0, 43)}`;
}

const ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** Names that shadow takes. */
export function validName(name: string): boolean {
  return /^[A-Za-z0-9_.][A-Za-z0-9_.-]*\$?$/.test(name) && !/^(\d+|\.\.?)$/.test(name) && name.length <= 32;
}
