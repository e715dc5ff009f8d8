/** Directives of nginx that people put into a location with configuration-snippet. */
export interface Snippet {
  /** Headers for the client. */
  headers: readonly [name: string, value: string][];
  /** Headers for the backend. */
  proxyHeaders: readonly [name: string, value: string][];
  /** Answers without asking any backend. */
  returns: { code: number; text: string } | undefined;
}

/** Reads a snippet; directives that do nothing here are passed over. */
export function snippetIn(text: string): Snippet {
  const headers: [string, string][] = [];
  const proxyHeaders: [string, string][] = [];
  let returns: Snippet["returns"];
  for (const words of directives(text)) {
    const [name, first = "", second = ""] = words;
    if (name === "add_header") headers.push([first, second]);
    else if (name === "more_set_headers") {
      for (const header of words.slice(1)) {
        const colon = header.indexOf(":");
        if (colon > 0) headers.push([header.slice(0, colon).trim(), header.slice(colon + 1).trim()]);
      }
    } else if (name === "proxy_set_header") proxyHeaders.push([first, second]);
    else if (name === "return" && /^\d{3}$/.test(first)) returns ??= { code: Number(first), text: second };
  }
  return { headers, proxyHeaders, returns };
}

/** Words of each directive outside of blocks, quotes taken off. */
function directives(text: string): string[][] {
  const out: string[][] = [];
  let words: string[] = [];
  let depth = 0;
  for (const [, comment, double, single, sign, word] of text.matchAll(
    /(#[^\n]*)|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([;{}])|([^\s;{}"']+)/g,
  )) {
    if (comment !== undefined) continue;
    if (sign === ";") {
      if (depth === 0 && words.length > 0) out.push(words);
      words = [];
    } else if (sign === "{" || sign === "}") {
      depth += sign === "{" ? 1 : -1;
      words = [];
    } else words.push(double ?? single ?? word ?? "");
  }
  return out;
}
