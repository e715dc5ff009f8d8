/** Aliases as bash's reader expands them: in the text, before it is understood, so that they may open compounds. */
import type { Shell } from "./shell.ts";
import { type Token, Tokens, Unclosed } from "./tokens.ts";

/** Words behind which a command begins. */
const OPENERS = new Set(["if", "then", "else", "elif", "while", "until", "do", "{", "!", "time", "coproc"]);
const REDIRECTS = new Set(["<", ">", ">>", "<<", "<<-", "<<<", "<&", ">&", "<>", ">|", "&>", "&>>"]);

/** Most expansions in one text: aliases that stand in each other's values double it. */
const MOST = 1_000;

export function aliasesExpand(sh: Shell): boolean {
  return sh.aliases.size > 0 && (sh.shopts.has("expand_aliases") || sh.posix);
}

/** The text with aliases in the place of their names; the same text when there is nothing to expand. */
export function expandAliases(sh: Shell, text: string): string {
  if (!aliasesExpand(sh)) return text;
  let out = text;
  /** Values that were put in: within one its name is no alias again. */
  let open: { name: string; end: number; blank: boolean }[] = [];
  let tokens = new Tokens(out);
  let command = true;
  let target = false;
  let pattern = false;
  let inCase = false;
  let count = 0;
  for (;;) {
    let token: Token;
    try {
      token = tokens.next();
    } catch (error) {
      if (error instanceof Unclosed) return out;
      throw error;
    }
    if (token.kind === "end") return out;
    // A value that ends in a blank lets the word behind it be an alias too.
    if (open.some((one) => one.blank && one.end <= token.at && /^[ \t]*$/.test(out.slice(one.end, token.at))))
      command = true;
    open = open.filter((one) => one.end > token.at);
    if (token.kind === "newline") {
      command = true;
      continue;
    }
    if (token.kind === "operator") {
      if (REDIRECTS.has(token.text)) target = true;
      else {
        command = true;
        pattern = token.text === ";;" || token.text === ";&" || token.text === ";;&" || (pattern && token.text !== ")");
      }
      continue;
    }
    if (target) {
      target = false;
      continue;
    }
    if (!command || pattern) {
      if (inCase && token.text === "in") {
        inCase = false;
        pattern = command = true;
      } else if (pattern && token.text === "esac") pattern = false;
      continue;
    }
    const value = sh.aliases.get(token.text);
    if (value !== undefined && count < MOST && !open.some((one) => one.name === token.text)) {
      count++;
      const grown = value.length - token.text.length;
      out = out.slice(0, token.at) + value + out.slice(token.at + token.text.length);
      for (const one of open) one.end += grown;
      open.push({ name: token.text, end: token.at + value.length, blank: /[ \t]$/.test(value) });
      tokens = new Tokens(out);
      tokens.position = token.at;
      continue;
    }
    if (OPENERS.has(token.text) || /^[A-Za-z_]\w*(\[[^\]]*\])?\+?=/.test(token.text)) continue;
    inCase = token.text === "case";
    command = false;
  }
}
