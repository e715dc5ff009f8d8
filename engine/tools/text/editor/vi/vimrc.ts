/** :map, and files of settings. */
import type { Gen } from "../../../../kernel/index.ts";
import * as sys from "../../../../machine/sys.ts";
import { ex } from "./ex.ts";
import type { Vi } from "./state.ts";

/** :map and its kin. */
export function map(vi: Vi, name: string, argument: string): void {
  const words = argument.replace(/<(silent|expr|buffer|nowait)>\s*/gi, "");
  const cut = /^(\S+)\s+(.*)$/s.exec(words);
  if (cut === null) return;
  const mode = name.startsWith("i") ? "i" : name.startsWith("v") ? "v" : "n";
  const names: Record<string, string> = {
    esc: "\x1b",
    cr: "\r",
    enter: "\r",
    tab: "\t",
    bs: "\x7f",
    space: " ",
    lt: "<",
    bar: "|",
    leader: "\\",
  };
  const keys = (text: string) =>
    text.replace(/<([^<>\s]+)>/g, (all, one: string) => {
      const control = /^c-(.)$/i.exec(one);
      if (control) return String.fromCharCode(control[1]!.toUpperCase().charCodeAt(0) & 31);
      return names[one.toLowerCase()] ?? all;
    });
  const from = keys(cut[1]!);
  vi.maps = vi.maps.filter((one) => !(one.mode === mode && one.from === from));
  vi.maps.push({ mode, from, to: keys(cut[2]!) });
  if (vi.message.startsWith(":")) vi.say("");
}

/** Reads a vimrc; what it does not know it passes over. */
export function* source(vi: Vi, path: string): Gen<boolean> {
  if (sys.find(vi.p, path)?.kind !== "file") return false;
  const text = sys.readText(vi.p, path);
  let depth = 0;
  for (const raw of text.split("\n")) {
    const line = raw.trim();
    if (line === "" || line.startsWith('"')) continue;
    if (/^(fu|function|aug)/.test(line)) depth++;
    if (/^(endf|endfunction|augroup END)/i.test(line)) {
      depth = Math.max(0, depth - 1);
      continue;
    }
    if (depth > 0) continue;
    const type = /^au(?:tocmd)?!?\s+FileType\s+(?:\S*,)?ya?ml(?:,\S*)?\s+(.*)$/.exec(line);
    if (type) {
      vi.onYaml.push(type[1]!);
      continue;
    }
    if (/^(filetype\b.*\bon\b|syn(tax)?\s+(on|enable))/.test(line)) vi.fileTypes = true;
    if (/^filetype\b.*\bindent\b.*\bon\b|^filetype\b.*\bon\b.*\bindent\b/.test(line)) vi.fileIndent = true;
    else if (
      /^(se|set|setl|setlocal|map|nmap|imap|vmap|noremap|nnoremap|inoremap|vnoremap|ab|iab|abbreviate|iabbrev)\b/.test(
        line,
      )
    )
      yield* ex(vi, line.replace(/\s+"[^"]*$/, ""));
  }
  return true;
}
