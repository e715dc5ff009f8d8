import type { KubeObject } from "../api/types.ts";
import { badRequest } from "./errors.ts";

/** One term of a label selector, all of which must hold (apimachinery pkg/labels). */
export interface Requirement {
  readonly key: string;
  readonly operator: "=" | "!=" | "in" | "notin" | "exists" | "!" | ">" | "<";
  readonly values: readonly string[];
}

const NONE: readonly Requirement[] = [];
const parsed = new Map<string, readonly Requirement[]>();

/**
 * Parses `--selector` syntax. Throws BadRequest with upstream's words. Selectors repeat, so the last few hundred are
 * remembered.
 */
export function parseLabelSelector(text: string | undefined): readonly Requirement[] {
  if (text === undefined || text === "") return NONE;
  let requirements = parsed.get(text);
  if (requirements === undefined) {
    requirements = new SelectorParser(text).parse();
    if (parsed.size > 500) parsed.clear();
    parsed.set(text, requirements);
  }
  return requirements;
}

export function matchesLabels(
  requirements: readonly Requirement[],
  labels: Readonly<Record<string, string>> | undefined,
): boolean {
  for (const requirement of requirements) if (!holds(requirement, labels?.[requirement.key])) return false;
  return true;
}

function holds({ operator, values }: Requirement, value: string | undefined): boolean {
  switch (operator) {
    case "=":
    case "in":
      return value !== undefined && values.includes(value);
    case "!=":
    case "notin":
      return value === undefined || !values.includes(value);
    case "exists":
      return value !== undefined;
    case "!":
      return value === undefined;
    default: {
      const number = parseInteger(value);
      const bound = Number(values[0]);
      if (number === undefined) return false;
      return operator === ">" ? number > bound : number < bound;
    }
  }
}

function parseInteger(text: string | undefined): number | undefined {
  return text !== undefined && /^[+-]?\d+$/.test(text) ? Number(text) : undefined;
}

const LABEL_NAME = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const DNS_SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** What is wrong with a label key or other qualified name (apimachinery pkg/util/validation IsQualifiedName). */
export function qualifiedNameErrors(text: string): string[] {
  const parts = text.split("/");
  const errors: string[] = [];
  if (parts.length > 2) {
    return [
      "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an " +
        "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is " +
        "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
    ];
  }
  const name = parts[parts.length - 1]!;
  if (parts.length === 2) {
    const prefix = parts[0]!;
    if (prefix === "") errors.push("prefix part must be non-empty");
    else for (const error of subdomainErrors(prefix)) errors.push(`prefix part ${error}`);
  }
  if (name === "") errors.push("name part must be non-empty");
  else if (name.length > 63) errors.push("name part must be no more than 63 bytes");
  if (!LABEL_NAME.test(name)) {
    errors.push(
      "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric " +
        "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is " +
        "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
    );
  }
  return errors;
}

export function subdomainErrors(text: string): string[] {
  const errors: string[] = [];
  if (text.length > 253) errors.push("must be no more than 253 bytes");
  if (!DNS_SUBDOMAIN.test(text)) {
    errors.push(
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and " +
        "end with an alphanumeric character (e.g. 'example.com', regex used for validation is " +
        "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    );
  }
  return errors;
}

/** What is wrong with a label's value (IsValidLabelValue). */
export function labelValueErrors(text: string): string[] {
  const errors: string[] = [];
  if (text.length > 63) errors.push("must be no more than 63 bytes");
  if (text !== "" && !LABEL_NAME.test(text)) {
    errors.push(
      "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and " +
        "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is " +
        "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
    );
  }
  return errors;
}

const OPERATORS: Readonly<Record<string, string>> = {
  ")": "ClosedParToken",
  ",": "CommaToken",
  "!": "DoesNotExistToken",
  "==": "DoubleEqualsToken",
  "=": "EqualsToken",
  ">": "GreaterThanToken",
  in: "InToken",
  "<": "LessThanToken",
  "!=": "NotEqualsToken",
  notin: "NotInToken",
  "(": "OpenParToken",
};

interface Token {
  /** A literal, an operator's text, or the end. */
  kind: "identifier" | "operator" | "end";
  text: string;
}

class SelectorParser {
  private readonly tokens: Token[];
  private next = 0;

  constructor(text: string) {
    this.tokens = tokenize(text);
  }

  parse(): readonly Requirement[] {
    const requirements: Requirement[] = [];
    for (;;) {
      const token = this.peek();
      if (token.kind === "identifier" || token.text === "!") {
        requirements.push(this.requirement());
        const after = this.take();
        if (after.kind === "end") break;
        if (after.text !== ",") throw fail(`found '${after.text}', expected: ',' or 'end of string'`);
        const following = this.peek();
        if (following.kind !== "identifier" && following.text !== "!") {
          throw fail(`found '${following.text}', expected: identifier after ','`);
        }
      } else if (token.kind === "end") break;
      else throw fail(`found '${token.text}', expected: !, identifier, or 'end of string'`);
    }
    return requirements.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  }

  private peek(): Token {
    return this.tokens[this.next]!;
  }

  private take(): Token {
    const token = this.tokens[this.next]!;
    if (token.kind !== "end") this.next++;
    return token;
  }

  private requirement(): Requirement {
    let negated = false;
    let token = this.take();
    if (token.text === "!" && token.kind === "operator") {
      negated = true;
      token = this.take();
    }
    // `in` and `notin` may be label keys too.
    if (token.kind !== "identifier" && !(token.text in { in: 1, notin: 1 })) {
      throw fail(`found '${token.text}', expected: identifier`);
    }
    const key = token.text;
    const errors = qualifiedNameErrors(key);
    if (errors.length > 0)
      throw badRequest(`unable to parse requirement: <nil>: Invalid value: "${key}": ${errors.join("; ")}`);
    const after = this.peek();
    if (negated || after.kind === "end" || after.text === ",") {
      return { key, operator: negated ? "!" : "exists", values: [] };
    }
    this.take();
    if (after.kind !== "operator" || !["=", "==", "!=", "in", "notin", ">", "<"].includes(after.text)) {
      throw fail(`found '${after.text}', expected: in, notin, =, ==, !=, gt, lt`);
    }
    const operator = after.text === "==" ? "=" : (after.text as Requirement["operator"]);
    const values = operator === "in" || operator === "notin" ? this.set() : [this.exact()];
    if (operator === ">" || operator === "<") {
      if (parseInteger(values[0]) === undefined) {
        throw badRequest(
          `unable to parse requirement: values[0][${key}]: Invalid value: "${values[0]}": for 'Gt', 'Lt' operators, the value must be an integer`,
        );
      }
    }
    values.forEach((value, i) => {
      const wrong = labelValueErrors(value);
      if (wrong.length > 0) {
        throw badRequest(
          `unable to parse requirement: values[${i}][${key}]: Invalid value: "${value}": ${wrong.join("; ")}`,
        );
      }
    });
    return { key, operator, values };
  }

  private exact(): string {
    const token = this.peek();
    if (token.kind === "end" || token.text === ",") return "";
    this.take();
    if (token.kind === "identifier" || token.text in { in: 1, notin: 1 }) return token.text;
    throw fail(`found '${token.text}', expected: identifier`);
  }

  private set(): string[] {
    const open = this.take();
    if (open.text !== "(") throw fail(`found '${open.text}' expected: '('`);
    const values = new Set<string>();
    for (;;) {
      const token = this.take();
      if (token.kind === "identifier" || token.text in { in: 1, notin: 1 }) {
        values.add(token.text);
        const after = this.take();
        if (after.text === ")") break;
        if (after.text !== ",") throw fail(`found '${after.text}', expected: ',' or ')'`);
        if (this.peek().text === ")" || this.peek().text === ",") values.add("");
        if (this.peek().text === ")") {
          this.take();
          break;
        }
      } else if (token.text === "," && token.kind === "operator") {
        values.add("");
        if (this.peek().text === ")") {
          this.take();
          break;
        }
      } else if (token.text === ")") {
        values.add("");
        break;
      } else throw fail(`found '${token.text}', expected: ',', ')' or identifier`);
    }
    return [...values].sort();
  }
}

function fail(why: string): Error {
  return badRequest(`unable to parse requirement: ${why}`);
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let i = 0;
  while (i < text.length) {
    const char = text[i]!;
    if (" \t\r\n".includes(char)) {
      i++;
      continue;
    }
    if ("=!(),<>".includes(char)) {
      // Special characters are read as long as they form an operator.
      let end = i + 1;
      while (end < text.length && "=!(),<>".includes(text[end]!) && text.slice(i, end + 1) in OPERATORS) end++;
      tokens.push({ kind: "operator", text: text.slice(i, end) });
      i = end;
      continue;
    }
    let end = i + 1;
    while (end < text.length && !"=!(),<> \t\r\n".includes(text[end]!)) end++;
    const word = text.slice(i, end);
    tokens.push({ kind: word === "in" || word === "notin" ? "operator" : "identifier", text: word });
    i = end;
  }
  tokens.push({ kind: "end", text: "" });
  return tokens;
}

/** One term of a field selector (apimachinery pkg/fields). */
export interface FieldRequirement {
  readonly field: string;
  readonly equal: boolean;
  readonly value: string;
}

const NO_FIELDS: readonly FieldRequirement[] = [];

/** Parses `a=b,c!=d`; `\` escapes `,`, `=` and itself. Throws BadRequest with upstream's words. */
export function parseFieldSelector(text: string | undefined): readonly FieldRequirement[] {
  if (text === undefined || text === "") return NO_FIELDS;
  const out: FieldRequirement[] = [];
  for (const term of splitTerms(text)) {
    if (term === "") continue;
    const requirement = splitTerm(term);
    if (requirement === undefined) {
      throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
    }
    out.push(requirement);
  }
  return out;
}

function splitTerms(text: string): string[] {
  const terms: string[] = [];
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === ",") {
      terms.push(text.slice(start, i));
      start = i + 1;
    }
  }
  terms.push(text.slice(start));
  return terms;
}

function splitTerm(term: string): FieldRequirement | undefined {
  for (let i = 0; i < term.length; i++) {
    const rest = term.slice(i);
    for (const operator of ["!=", "==", "="]) {
      if (!rest.startsWith(operator)) continue;
      const value = term.slice(i + operator.length).replace(/\\([\\,=])/g, "$1");
      return { field: term.slice(0, i), equal: operator !== "!=", value };
    }
  }
  return undefined;
}

export function matchesFields(
  requirements: readonly FieldRequirement[],
  object: KubeObject,
  fields: ((object: KubeObject) => Record<string, string>) | undefined,
): boolean {
  if (requirements.length === 0) return true;
  const named = fields?.(object);
  for (const { field, equal, value } of requirements) {
    const actual =
      field === "metadata.name"
        ? object.metadata.name
        : field === "metadata.namespace"
          ? (object.metadata.namespace ?? "")
          : (named?.[field] ?? "");
    if ((actual === value) !== equal) return false;
  }
  return true;
}
