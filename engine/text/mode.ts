/** File modes as chmod(1) reads them and ls(1) shows them. */
import type { Inode } from "../machine/inode.ts";

interface ModeChange {
  who: number;
  op: "+" | "-" | "=";
  /** Permission bits for all three classes, or a class to copy from. */
  bits: number;
  copy: "u" | "g" | "o" | undefined;
  conditionalX: boolean;
  /** No class was named: the umask limits it. */
  masked: boolean;
}

export type Mode = { absolute: number; digits: number } | { changes: ModeChange[] };

/** `644`, `u+rwx,go-w`, `a=r`, `+X` …; undefined when it is no mode. */
export function parseMode(text: string): Mode | undefined {
  if (/^[0-7]{1,5}$/.test(text)) {
    const absolute = Number.parseInt(text, 8);
    return absolute > 0o7777 ? undefined : { absolute, digits: text.length };
  }
  const changes: ModeChange[] = [];
  for (const clause of text.split(",")) {
    const match = /^([ugoa]*)((?:[-+=](?:[0-7]+|[rwxXst]*|[ugo]))+)$/.exec(clause);
    if (match === null) return undefined;
    let who = 0;
    for (const letter of match[1]!) who |= { u: 0o4700, g: 0o2070, o: 0o1007, a: 0o7777 }[letter]!;
    for (const part of match[2]!.matchAll(/([-+=])([0-7]+|[rwxXst]*|[ugo])(?=[-+=]|$)/g)) {
      let bits = 0;
      const copy = /^[ugo]$/.test(part[2]!) ? (part[2] as "u") : undefined;
      if (/^[0-7]+$/.test(part[2]!)) {
        const number = Number.parseInt(part[2]!, 8);
        if (who !== 0 || number > 0o7777) return undefined;
        changes.push({
          who: 0o7777,
          op: part[1] as "+",
          bits: number,
          copy: undefined,
          conditionalX: false,
          masked: false,
        });
        continue;
      }
      for (const letter of copy ? "" : part[2]!)
        bits |= { r: 0o444, w: 0o222, x: 0o111, X: 0, s: 0o6000, t: 0o1000 }[letter]!;
      changes.push({
        who: who === 0 ? 0o7777 : who,
        op: part[1] as "+",
        bits,
        copy,
        conditionalX: part[2]!.includes("X"),
        masked: who === 0,
      });
    }
  }
  return { changes };
}

/** The mode after a change. */
export function applyMode(mode: Mode, old: number, isDir: boolean, umask: number): number {
  if ("absolute" in mode) {
    // chmod keeps set-user-ID and set-group-ID of directories unless five digits are given.
    const keep = isDir && mode.digits < 5 ? old & 0o6000 : 0;
    return mode.absolute | keep;
  }
  let result = old;
  for (const change of mode.changes) {
    let { bits } = change;
    if (change.copy) {
      const from = (result >> { u: 6, g: 3, o: 0 }[change.copy]) & 7;
      bits = (from << 6) | (from << 3) | from;
    }
    if (change.conditionalX && (isDir || (result & 0o111) !== 0)) bits |= 0o111;
    bits &= change.who;
    if (change.masked) bits &= ~(umask & 0o777);
    if (change.op === "+") result |= bits;
    else if (change.op === "-") result &= ~bits;
    else {
      const cleared = change.who & (isDir ? 0o1777 : 0o7777);
      result = (result & ~cleared) | bits;
    }
  }
  return result;
}

const TYPES: Record<Inode["kind"], string> = { file: "-", dir: "d", symlink: "l", fifo: "p", char: "c", socket: "s" };

/** `drwxr-xr-x`. */
export function modeString({ kind, mode }: { kind: Inode["kind"]; mode: number }): string {
  const triple = (shift: number, special: boolean, letter: string): string => {
    const bits = (mode >> shift) & 7;
    const x = (bits & 1) !== 0;
    return (
      (bits & 4 ? "r" : "-") + (bits & 2 ? "w" : "-") + (special ? (x ? letter : letter.toUpperCase()) : x ? "x" : "-")
    );
  };
  return (
    TYPES[kind] +
    triple(6, (mode & 0o4000) !== 0, "s") +
    triple(3, (mode & 0o2000) !== 0, "s") +
    triple(0, (mode & 0o1000) !== 0, "t")
  );
}
