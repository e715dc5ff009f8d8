/** What `bind` and inputrc(5) change: keys, macros, commands of the shell, and variables. */
import { isErrno } from "../../machine/errno.ts";
import type { Process } from "../../machine/process.ts";
import { readText } from "../../machine/sys.ts";
import { isReadlineVariable } from "./variables.ts";

export type Bound =
  | { kind: "function"; name: string }
  | { kind: "macro"; text: string }
  | { kind: "command"; text: string };

/** Readline's functions, with the key that does the same by default; "" for those that have none. */
export const FUNCTIONS: Readonly<Record<string, string>> = {
  abort: "C-g",
  "accept-line": "enter",
  "alias-expand-line": "",
  "backward-char": "C-b",
  "backward-delete-char": "backspace",
  "backward-kill-line": "C-x backspace",
  "backward-kill-word": "M-backspace",
  "backward-word": "M-b",
  "beginning-of-history": "M-<",
  "beginning-of-line": "C-a",
  "call-last-kbd-macro": "C-x e",
  "capitalize-word": "M-c",
  "character-search": "C-]",
  "character-search-backward": "M-C-]",
  "clear-screen": "C-l",
  complete: "tab",
  "complete-command": "M-!",
  "complete-filename": "M-/",
  "complete-hostname": "M-@",
  "complete-into-braces": "M-{",
  "complete-username": "M-~",
  "complete-variable": "M-$",
  "delete-char": "C-d",
  "delete-horizontal-space": "M-\\",
  "digit-argument": "",
  "dynamic-complete-history": "M-tab",
  "downcase-word": "M-l",
  "edit-and-execute-command": "C-x C-e",
  "end-kbd-macro": "C-x )",
  "end-of-history": "M->",
  "end-of-line": "C-e",
  "exchange-point-and-mark": "C-x C-x",
  "forward-char": "C-f",
  "forward-search-history": "C-s",
  "forward-word": "M-f",
  "glob-complete-word": "M-g",
  "glob-expand-word": "C-x *",
  "glob-list-expansions": "C-x g",
  "history-expand-line": "M-^",
  "history-search-backward": "history-search-backward",
  "history-search-forward": "history-search-forward",
  "insert-comment": "M-#",
  "insert-completions": "M-*",
  "insert-last-argument": "M-.",
  "kill-line": "C-k",
  "kill-whole-line": "kill-whole-line",
  "kill-word": "M-d",
  "menu-complete": "menu-complete",
  "menu-complete-backward": "menu-complete-backward",
  "next-history": "C-n",
  "non-incremental-forward-search-history": "M-n",
  "non-incremental-reverse-search-history": "M-p",
  "operate-and-get-next": "C-o",
  "possible-completions": "M-?",
  "possible-command-completions": "C-x !",
  "possible-filename-completions": "C-x /",
  "possible-hostname-completions": "C-x @",
  "possible-username-completions": "C-x ~",
  "possible-variable-completions": "C-x $",
  "previous-history": "C-p",
  "quoted-insert": "C-v",
  "reverse-search-history": "C-r",
  "revert-line": "M-r",
  "self-insert": "",
  "set-mark": "C-@",
  "start-kbd-macro": "C-x (",
  "tilde-expand": "M-&",
  "transpose-chars": "C-t",
  "transpose-words": "M-t",
  undo: "C-_",
  "unix-line-discard": "C-u",
  "unix-word-rubout": "C-w",
  "upcase-word": "M-u",
  yank: "C-y",
  "yank-last-arg": "M-.",
  "yank-nth-arg": "M-C-y",
  "yank-pop": "M-y",
};

const NAMED: Record<string, string> = {
  tab: "\t",
  rubout: "\x7f",
  del: "\x7f",
  esc: "\x1b",
  escape: "\x1b",
  lfd: "\n",
  newline: "\n",
  ret: "\r",
  return: "\r",
  spc: " ",
  space: " ",
};

/** The bytes that a key sequence of inputrc stands for: \C-x, \M-x, \e, \t, \\, octal and hexadecimal. */
export function keySequence(text: string): string {
  let out = "";
  for (let i = 0; i < text.length; i++) {
    if (text[i] !== "\\") {
      out += text[i];
      continue;
    }
    const rest = text.slice(i + 1);
    const control = /^(?:C-|c-)(\\?.)/.exec(rest);
    const meta = /^(?:M-|m-)(?:\\?C-(.)|(.))/.exec(rest);
    const octal = /^[0-7]{1,3}/.exec(rest) ?? undefined;
    const hex = /^x([0-9a-fA-F]{1,2})/.exec(rest);
    if (control) {
      const char = control[1]!.at(-1)!;
      out += char === "?" ? "\x7f" : String.fromCharCode(char.toUpperCase().charCodeAt(0) & 31);
      i += control[0].length;
    } else if (meta) {
      out += `\x1b${meta[1] ? String.fromCharCode(meta[1].toUpperCase().charCodeAt(0) & 31) : meta[2]}`;
      i += meta[0].length;
    } else if (hex) {
      out += String.fromCharCode(Number.parseInt(hex[1]!, 16));
      i += hex[0].length;
    } else if (octal) {
      out += String.fromCharCode(Number.parseInt(octal[0], 8) & 255);
      i += octal[0].length;
    } else {
      const char = rest[0] ?? "\\";
      out += { e: "\x1b", t: "\t", n: "\n", r: "\r", a: "\x07", b: "\b", d: "\x7f", f: "\f", v: "\v" }[char] ?? char;
      i++;
    }
  }
  return out;
}

/** A key sequence as `bind -p` writes it. */
export function shownSequence(keys: string): string {
  return [...keys]
    .map((char) => {
      const code = char.charCodeAt(0);
      if (code === 27) return "\\e";
      if (code === 127) return "\\C-?";
      if (code < 32) return `\\C-${String.fromCharCode(code + 96)}`;
      return char === '"' || char === "\\" ? `\\${char}` : char;
    })
    .join("");
}

/** Readline's settings of one shell. */
export class Bindings {
  readonly keys = new Map<string, Bound>();
  readonly variables = new Map<string, string>();
  /** Sequences that `bind -r` took away, and functions that `bind -u` took from all of theirs. */
  readonly removed = new Set<string>();
  readonly unbound = new Map<string, boolean>();

  /** What another shell's bindings are. */
  take(other: Bindings): void {
    for (const [keys, bound] of other.keys) this.keys.set(keys, bound);
    for (const [name, value] of other.variables) this.variables.set(name, value);
    for (const keys of other.removed) this.removed.add(keys);
    for (const [name, gone] of other.unbound) this.unbound.set(name, gone);
  }

  /** Obeys a line of inputrc or an argument of `bind`; what is wrong with it. */
  line(text: string, command = false): string | undefined {
    const set = /^set\s+([\w-]+)\s*(.*)$/i.exec(text.trim());
    if (set) {
      if (!isReadlineVariable(set[1]!.toLowerCase())) return `${set[1]}: unknown variable name`;
      this.variables.set(
        set[1]!.toLowerCase(),
        /^(on|off)$/i.test(set[2]!.trim()) ? set[2]!.trim().toLowerCase() : set[2]!.trim(),
      );
      return undefined;
    }
    const quoted = /^"((?:\\.|[^"\\])*)"\s*:?\s*(.*)$/s.exec(text.trim());
    const named = /^([\w\\-]+)\s*:\s*(.*)$/s.exec(text.trim());
    if (quoted === null && text.trim().startsWith('"')) return `${text.trim()}: no closing \`"' in key binding`;
    if (quoted === null && named === null) return `${text.trim()}: no key sequence terminator`;
    const keys = quoted ? keySequence(quoted[1]!) : namedKey(named![1]!);
    const what = (quoted ?? named)![2]!.trim();
    if (command) this.keys.set(keys, { kind: "command", text: /^(["'])(.*)\1$/s.exec(what)?.[2] ?? what });
    else if (/^["']/.test(what))
      this.keys.set(keys, { kind: "macro", text: keySequence(what.slice(1).replace(/["']$/, "")) });
    else if (FUNCTIONS[what.toLowerCase()] !== undefined)
      this.keys.set(keys, { kind: "function", name: what.toLowerCase() });
    return undefined;
  }

  /** Reads an inputrc, if there is one. False when there is none. */
  file(p: Process, path: string): boolean {
    let text: string;
    try {
      text = readText(p, path);
    } catch (error) {
      if (!isErrno(error)) throw error;
      return false;
    }
    const skipped: boolean[] = [];
    for (const raw of text.split("\n")) {
      const line = raw.trim();
      const condition = /^\$if\s+(.*)$/.exec(line);
      if (condition) skipped.push(!/^(bash|mode=emacs|term=.*|version.*)$/i.test(condition[1]!));
      else if (line === "$else" && skipped.length > 0) skipped.push(!skipped.pop()!);
      else if (line === "$endif") skipped.pop();
      else if (line.startsWith("$include ")) this.file(p, line.slice(9).trim());
      else if (line !== "" && !line.startsWith("#") && !skipped.includes(true)) this.line(line);
    }
    return true;
  }

  on(variable: string): boolean {
    return /^(on|1)$/.test(this.variables.get(variable) ?? "");
  }
}

const PREFIX = /^\\?(control-|c-|ctrl-|meta-|m-)/i;

/** `Control-x`, `Meta-x`, `TAB` and the like. */
function namedKey(text: string): string {
  let rest = text;
  let control = false;
  let meta = false;
  for (let part = PREFIX.exec(rest); part; part = PREFIX.exec(rest)) {
    if (/^c/i.test(part[1]!)) control = true;
    else meta = true;
    rest = rest.slice(part[0].length);
  }
  const char = NAMED[rest.toLowerCase()] ?? rest[0] ?? "";
  return (meta ? "\x1b" : "") + (control ? String.fromCharCode(char.toUpperCase().charCodeAt(0) & 31) : char);
}
