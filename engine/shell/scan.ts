/** Finds the ends of quoted and nested constructs in shell text. A missing end is the end of the text. */

/** Position of the backquote that closes one opened before `i`. */
export function closeBacktick(text: string, i: number): number {
  while (i < text.length && text[i] !== "`") i += text[i] === "\\" ? 2 : 1;
  return Math.min(i, text.length);
}

/** Position after the quoted part that starts at `i`, or `i` when none does. */
export function skipQuoted(text: string, i: number, inDouble = false): number {
  const c = text[i];
  if (c === "\\") return Math.min(i + 2, text.length);
  if (c === "'" && !inDouble) {
    const end = text.indexOf("'", i + 1);
    return end < 0 ? text.length : end + 1;
  }
  if (c === '"') {
    let k = i + 1;
    while (k < text.length && text[k] !== '"') {
      const next = text[k] === "'" ? k + 1 : skipQuoted(text, k, true);
      k = next > k ? next : k + 1;
    }
    return Math.min(k + 1, text.length);
  }
  if (c === "`") return Math.min(closeBacktick(text, i + 1) + 1, text.length);
  if (c === "$") {
    const next = text[i + 1];
    if (next === "'" && !inDouble) {
      let k = i + 2;
      while (k < text.length && text[k] !== "'") k += text[k] === "\\" ? 2 : 1;
      return Math.min(k + 1, text.length);
    }
    if (next === "(") return Math.min(closeParen(text, i + 2) + 1, text.length);
    if (next === "{") return Math.min(closeParameter(text, i + 2, inDouble) + 1, text.length);
  }
  return i;
}

/** Position of the `)` that closes a command substitution whose text starts at `i`. */
export function closeParen(text: string, i: number): number {
  const start = i;
  let depth = 0;
  /** Depths at which a `case` is open: there a `)` ends a pattern. */
  const cases: number[] = [];
  let wordStart = true;
  while (i < text.length) {
    const c = text[i]!;
    const next = skipQuoted(text, i);
    if (next > i) {
      i = next;
      wordStart = false;
      continue;
    }
    if (c === "#" && wordStart) {
      const end = text.indexOf("\n", i);
      i = end < 0 ? text.length : end;
      continue;
    }
    if (c === "<" && text[i + 1] === "<" && text[i + 2] !== "<" && text[i - 1] !== "<") {
      i = skipHeredoc(text, i);
      continue;
    }
    if (c === "(") depth++;
    else if (c === ")") {
      if (cases.at(-1) === depth) {
        // The end of a case pattern.
      } else if (depth === 0) return i;
      else depth--;
    } else if (wordStart && /[a-z]/.test(c)) {
      const word = /^[a-z]+/.exec(text.slice(i, i + 8))![0];
      const after = text[i + word.length];
      if (after === undefined || /[\s;)&|]/.test(after)) {
        if (word === "case" && beginsCommand(text.slice(start, i))) cases.push(depth);
        else if (word === "esac" && cases.at(-1) === depth && !/\|\s*$/.test(text.slice(Math.max(start, i - 20), i)))
          cases.pop();
      }
      i += word.length;
      wordStart = false;
      continue;
    }
    wordStart = /[\s;(&|)]/.test(c);
    i++;
  }
  return text.length;
}

/** True when a command may begin behind this text. */
function beginsCommand(before: string): boolean {
  return /(^|[;&|(\n{!)]|(^|\s)(then|do|else|elif|if|while|until|time|!|\{))\s*$/.test(before.slice(-40));
}

/** Steps over the body of a heredoc whose `<<` is at `i`, if its delimiter is found; else over the operator. */
function skipHeredoc(text: string, i: number): number {
  const head = /^<<(-?)[ \t]*(?:'([^'\n]*)'|"([^"\n]*)"|\\?([^\s;&|()<>'"\\]+)|\\([;&|()<>'"]))/.exec(
    text.slice(i, i + 80),
  );
  const newline = text.indexOf("\n", i);
  if (head === null || newline < 0) return i + 2;
  const lines = text.slice(newline + 1).split("\n");
  let at = newline + 1;
  for (const line of lines) {
    const plain = head[1] === "-" ? line.replace(/^\t+/, "") : line;
    const delimiter = head[2] ?? head[3] ?? head[4] ?? head[5]!;
    if (delimiter !== "" && plain.startsWith(delimiter) && plain.includes(")", delimiter.length))
      return at + line.length - plain.length + delimiter.length;
    if (plain === delimiter) {
      // What follows the operator on its own line is still code: only jump when nothing there closes.
      const rest = text.slice(i + head[0].length, newline);
      return rest.includes(")") ? i + head[0].length : at + line.length;
    }
    at += line.length + 1;
  }
  return i + head[0].length;
}

/** Position behind single quotes between double ones, which keep braces from closing an expansion; `i` when there are none. */
function skipProtected(text: string, i: number): number {
  const end = text.indexOf("'", i + 1);
  // An expansion that ends between them, and another that begins: apostrophes, as dash has it.
  return end < 0 || /\}.*\$\{/s.test(text.slice(i + 1, end)) ? i : end + 1;
}

/** Position of the closing bracket that matches one opened before `i`. */
export function closeBrace(text: string, i: number, open: string, close: string, inDouble = false): number {
  let depth = 0;
  while (i < text.length) {
    const apostrophe = inDouble && text[i] === "'";
    const next = apostrophe ? skipProtected(text, i) : skipQuoted(text, i, inDouble && !text.startsWith("$'", i));
    if (next > i) {
      i = next;
      continue;
    }
    const c = text[i];
    if (c === open && open !== "{") depth++;
    else if (c === close) {
      if (depth === 0) return i;
      depth--;
    }
    i++;
  }
  return text.length;
}

/** True for a name, or one with a subscript that ends where the text does: what builtins may assign to. */
export function isReference(text: string): boolean {
  const name = /^[A-Za-z_]\w*/.exec(text)?.[0];
  if (name === undefined) return false;
  if (name.length === text.length) return true;
  const start = name.length + 1;
  return text[name.length] === "[" && text.length > start + 1 && closeBrace(text, start, "[", "]") === text.length - 1;
}

/**
 * Stands for an apostrophe that means nothing: POSIX has those of `"${x:-it's}"` so. Bash's own parser, which the tree is
 * made by, would take it for a quote.
 */
export const APOSTROPHE = "\uE001";

/** Operators whose pattern may be quoted although the expansion stands between double quotes. */
const PATTERN_OPERATOR = /[!#]?(?:\w+|[@*?$!#-])(?:\[[^\]]*\])?[#%/^,]/y;

/** True when the expansion whose text starts at `i` has a pattern. */
export function hasPattern(text: string, i: number): boolean {
  PATTERN_OPERATOR.lastIndex = i;
  return PATTERN_OPERATOR.test(text);
}

/** Position of the `}` that closes a parameter expansion whose text starts at `i`. */
export function closeParameter(text: string, i: number, inDouble: boolean): number {
  return closeBrace(text, i, "{", "}", inDouble && !hasPattern(text, i));
}

/** The body of a here-document with those of its apostrophes marked that POSIX takes for themselves. */
export function markApostrophes(text: string): string {
  if (!text.includes("'") || !text.includes("${")) return text;
  let out = "";
  /** Of each expansion that is open: it has a pattern, which may be quoted. */
  const open: boolean[] = [];
  for (let i = 0; i < text.length; ) {
    const c = text[i]!;
    let end = i + 1;
    if (c === "\\") end++;
    else if (c === "`" || (c === "$" && text[i + 1] === "(")) end = skipQuoted(text, i, true);
    else if (c === "$" && text[i + 1] === "{") {
      end++;
      open.push(hasPattern(text, end));
    } else if (c === "}") open.pop();
    out += c === "'" && open.at(-1) === false ? APOSTROPHE : text.slice(i, end);
    i = end;
  }
  return out;
}

/** The parts of an arithmetic `for`'s head: what is quoted or substituted holds no semicolon of it. */
export function splitHead(text: string): string[] {
  const parts: string[] = [];
  let start = 0;
  for (let i = 0; i < text.length; ) {
    const next = skipQuoted(text, i);
    if (next > i) i = next;
    else if (text[i++] === ";") {
      parts.push(text.slice(start, i - 1));
      start = i;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

/** Position of the `))` that closes an arithmetic expansion whose text starts at `i`; -1 when it is no arithmetic. */
export function closeArith(text: string, i: number): number {
  let depth = 0;
  while (i < text.length) {
    const next = skipQuoted(text, i);
    if (next > i) {
      i = next;
      continue;
    }
    const c = text[i];
    if (c === "(") depth++;
    else if (c === ")") {
      if (depth > 0) depth--;
      else return text[i + 1] === ")" ? i : -1;
    }
    i++;
  }
  return -1;
}
