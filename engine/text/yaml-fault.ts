/** What is wrong with a YAML text, in the words of goyaml (sigs.k8s.io/yaml, gopkg.in/yaml.v2 scannerc.go and parserc.go). */

export interface Fault {
  code: string;
  message: string;
  pos: readonly [number, number];
}

/** Go's quoting of a text, as far as keys need it. */
const quote = (text: string): string => JSON.stringify(text);

/** Lines before a position. */
const lineOf = (text: string, position: number) => text.slice(0, position).split("\n").length - 1;

/** The line of libyaml's mark at the end of a text: one more than its newlines when the last line has none. */
function endLine(text: string): number {
  return lineOf(text, text.length) + (text.endsWith("\n") || text === "" ? 0 : 1);
}

/** `yaml: line 4: did not find expected key`. Scanner errors count lines from one, the parser's from zero. */
export function yamlFault(text: string, { code, message, pos }: Fault): string {
  // What the scanner finds on the first line has no number.
  const scanner = (line: number, words: string) => located(line > 0 ? line + 1 : 0, words);
  const located = (line: number, words: string) => (line > 0 ? `yaml: line ${line}: ${words}` : `yaml: ${words}`);
  const at = lineOf(text, pos[0]);
  const CONTEXT = "mapping values are not allowed in this context";
  switch (code) {
    case "BAD_INDENT":
      return /must start at the same column|must not be less indented/.test(message)
        ? located(at, "did not find expected key")
        : flowFault(text, message, pos, located);
    case "MULTILINE_IMPLICIT_KEY":
    case "BLOCK_AS_IMPLICIT_KEY":
    case "BAD_SCALAR_START":
    case "MISSING_CHAR": {
      if (code === "BAD_SCALAR_START") return scanner(at, "found character that cannot start any token");
      if (/quote/.test(message)) return scanner(endLine(text), "found unexpected end of stream");
      if (/Flow|flow/.test(message)) return flowFault(text, message, pos, located);
      const colon = /:(?=\s|$)/.exec(text.slice(pos[0]));
      const lost = /Implicit map keys need to be followed by map values/.test(message) && colon === null;
      if (lost) return scanner(Math.min(at + 1, endLine(text)), "could not find expected ':'");
      return scanner(colon === null ? at : lineOf(text, pos[0] + colon.index), CONTEXT);
    }
    case "TAB_AS_INDENT":
      return scanner(at, tabFault(text, pos[0]));
    case "BAD_DQ_ESCAPE":
      return scanner(at, "found unknown escape character");
    case "BAD_ALIAS":
      return scanner(at, "did not find expected alphabetic or numeric character");
    case "DUPLICATE_KEY": {
      const key = /^\s*["']?([^"':\s]+)/.exec(text.slice(pos[0]))?.[1] ?? "";
      return `yaml: unmarshal errors:\n  line ${at + 1}: key ${quote(key)} already set in map`;
    }
    default:
      if (/tab/i.test(message)) return scanner(at, tabFault(text, pos[0]));
      return located(at + 1, message.split(" at line ")[0]!.toLowerCase());
  }
}

/** A tab that begins a line may look like the next line of a plain scalar. */
function tabFault(text: string, position: number): string {
  const before = text.slice(0, text.lastIndexOf("\n", position - 1) + 1).trimEnd();
  const last = before.slice(before.lastIndexOf("\n") + 1);
  return /(?:^\s*|[:-]\s+)[^\s"'|>[\]{}&*!#:-][^#:]*$/.test(last)
    ? "found a tab character that violates indentation"
    : "found character that cannot start any token";
}

/** A flow collection that is not closed, or goes on with something else. */
function flowFault(
  text: string,
  message: string,
  pos: readonly [number, number],
  located: (line: number, words: string) => string,
): string {
  const bracket = /with a \]|sequence/.test(message) ? "]" : "}";
  const before = text.slice(0, pos[0]).trimEnd();
  const atEnd = text.slice(pos[0]).trim() === "";
  const line = atEnd ? endLine(text) : lineOf(text, pos[0]);
  if (/[[{,:]$/.test(before) && atEnd) return located(line, "did not find expected node content");
  return located(line, `did not find expected ',' or '${bracket}'`);
}
