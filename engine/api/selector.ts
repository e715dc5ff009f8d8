import { quoteString } from "../text/go-quote.ts";
import type { StatusCause } from "./status.ts";
import { child, forbidden, invalid, invalidEach, required } from "./validation/field.ts";
import { validateLabels } from "./validation/meta.ts";
import { labelValue, qualifiedName } from "./validation/names.ts";

/** Label and field selectors (apimachinery pkg/labels, pkg/fields). */
export interface Requirement {
  readonly key: string;
  readonly operator: "=" | "==" | "!=" | "in" | "notin" | "exists" | "!" | "gt" | "lt";
  readonly values: readonly string[];
}

export type Selector = readonly Requirement[];

export interface SelectorError {
  error: string;
}

/** metav1.LabelSelector. */
export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

type Labels = Readonly<Record<string, string>> | undefined;

const SPECIAL = "=!(),><";
const TOKENS = new Set([")", ",", "!", "==", "=", ">", "in", "<", "!=", "notin", "("]);

interface Token {
  /** "id", "end", "error" or the symbol itself. */
  type: string;
  text: string;
}

function scan(text: string): Token[] {
  const tokens: Token[] = [];
  let i = 0;
  while (true) {
    while (i < text.length && " \t\r\n".includes(text[i]!)) i++;
    if (i >= text.length) {
      tokens.push({ type: "end", text: "" });
      return tokens;
    }
    const from = i;
    if (SPECIAL.includes(text[i]!)) {
      let found = "";
      while (i < text.length && SPECIAL.includes(text[i]!)) {
        const next = text.slice(from, i + 1);
        if (TOKENS.has(next)) found = next;
        else if (found !== "") break;
        i++;
      }
      tokens.push(
        found === ""
          ? { type: "error", text: `error expected: keyword found '${text.slice(from, i)}'` }
          : { type: found, text: found },
      );
      continue;
    }
    while (i < text.length && !SPECIAL.includes(text[i]!) && !" \t\r\n".includes(text[i]!)) i++;
    const word = text.slice(from, i);
    tokens.push({ type: word === "in" || word === "notin" ? word : "id", text: word });
  }
}

/** Parses `app=web,tier in (a,b),!old`; requirements come sorted by key, as upstream keeps them. */
export function parseLabelSelector(text: string): Selector | SelectorError {
  const parser = new Parser(scan(text));
  const result = parser.parse();
  if ("error" in result) return result;
  return [...result].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}

class Parser {
  private at = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  /** With `values`, `in` and `notin` are words like any other. */
  private look(values = true): Token {
    const token = this.tokens[Math.min(this.at, this.tokens.length - 1)]!;
    return values && (token.type === "in" || token.type === "notin") ? { type: "id", text: token.text } : token;
  }

  private take(values = true): Token {
    const token = this.look(values);
    this.at++;
    return token;
  }

  parse(): Requirement[] | SelectorError {
    const requirements: Requirement[] = [];
    while (true) {
      const token = this.look();
      if (token.type === "end") return requirements;
      if (token.type !== "id" && token.type !== "!") {
        return { error: `found '${token.text}', expected: !, identifier, or 'end of string'` };
      }
      const requirement = this.requirement();
      if ("error" in requirement) return { error: `unable to parse requirement: ${requirement.error}` };
      requirements.push(requirement);
      const next = this.take();
      if (next.type === "end") return requirements;
      if (next.type !== ",") return { error: `found '${next.text}', expected: ',' or 'end of string'` };
      const after = this.look();
      if (after.type !== "id" && after.type !== "!") {
        return { error: `found '${after.text}', expected: identifier after ','` };
      }
    }
  }

  private requirement(): Requirement | SelectorError {
    let token = this.take();
    const negated = token.type === "!";
    if (negated) token = this.take();
    if (token.type !== "id") return { error: `found '${token.text}', expected: identifier` };
    const key = token.text;
    const wrong = qualifiedName(key);
    if (wrong.length > 0) return { error: `<nil>: Invalid value: ${quoteString(key)}: ${wrong.join("; ")}` };
    if (negated) return { key, operator: "!", values: [] };
    const next = this.look();
    if (next.type === "end" || next.type === ",") return { key, operator: "exists", values: [] };
    const operator = OPERATORS[this.look(false).type];
    const found = this.take(false);
    if (operator === undefined) return { error: `found '${found.text}', expected: ${BINARY_OPERATORS}` };
    const values = operator === "in" || operator === "notin" ? this.values() : this.exactValue();
    if ("error" in values) return values;
    return checkRequirement({ key, operator, values });
  }

  private values(): string[] | SelectorError {
    const open = this.take();
    if (open.type !== "(") return { error: `found '${open.text}' expected: '('` };
    const first = this.look();
    if (first.type === ")") {
      this.take();
      return [""];
    }
    if (first.type !== "id" && first.type !== ",") {
      return { error: `found '${first.text}', expected: ',', ')' or identifier` };
    }
    const list = this.identifiers();
    if ("error" in list) return list;
    if (this.take().type !== ")") return { error: `found '${first.text}', expected: ')'` };
    return list;
  }

  private identifiers(): string[] | SelectorError {
    const found = new Set<string>();
    while (true) {
      const token = this.take();
      if (token.type === "id") {
        found.add(token.text);
        const next = this.look();
        if (next.type === ",") continue;
        if (next.type === ")") return [...found].sort();
        return { error: `found '${next.text}', expected: ',' or ')'` };
      }
      if (token.type !== ",") return { error: `found '${token.text}', expected: ',', or identifier` };
      if (found.size === 0) found.add("");
      const next = this.look();
      if (next.type === ")") {
        found.add("");
        return [...found].sort();
      }
      if (next.type === ",") {
        this.take();
        found.add("");
      }
    }
  }

  private exactValue(): string[] | SelectorError {
    const token = this.look();
    if (token.type === "end" || token.type === ",") return [""];
    this.take();
    return token.type === "id" ? [token.text] : { error: `found '${token.text}', expected: identifier` };
  }
}

const OPERATORS: Record<string, Requirement["operator"] | undefined> = {
  "=": "=",
  "==": "==",
  "!=": "!=",
  in: "in",
  notin: "notin",
  ">": "gt",
  "<": "lt",
};
const BINARY_OPERATORS = "in, notin, =, ==, !=, gt, lt";

function checkRequirement(requirement: Requirement): Requirement | SelectorError {
  const { key, operator, values } = requirement;
  const errors: string[] = [];
  if (operator === "gt" || operator === "lt") {
    values.forEach((value, i) => {
      if (/^[+-]?[0-9]+$/.test(value)) return;
      errors.push(
        `values[${i}]: Invalid value: ${quoteString(value)}: for 'Gt', 'Lt' operators, the value must be an integer`,
      );
    });
  }
  values.forEach((value, i) => {
    const wrong = labelValue(value);
    if (wrong.length > 0)
      errors.push(`values[${i}][${key}]: Invalid value: ${quoteString(value)}: ${wrong.join("; ")}`);
  });
  if (errors.length === 0) return requirement;
  return { error: errors.length === 1 ? errors[0]! : `[${errors.join(", ")}]` };
}

export function matchesLabels(selector: Selector, labels: Labels): boolean {
  for (const requirement of selector) if (!matchesOne(requirement, labels)) return false;
  return true;
}

function matchesOne({ key, operator, values }: Requirement, labels: Labels): boolean {
  const value = labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case "=":
    case "==":
      return value === values[0];
    case "in":
      return value !== undefined && values.includes(value);
    case "!=":
      return value !== values[0];
    case "notin":
      return value === undefined || !values.includes(value);
    case "exists":
      return value !== undefined;
    case "!":
      return value === undefined;
    case "gt":
    case "lt": {
      if (value === undefined || !/^[+-]?[0-9]+$/.test(value)) return false;
      return operator === "gt" ? BigInt(value) > BigInt(values[0]!) : BigInt(value) < BigInt(values[0]!);
    }
  }
}

/** The selector as `kubectl describe` and list requests write it. */
export function formatSelector(selector: Selector): string {
  return selector
    .map(({ key, operator, values }) => {
      if (operator === "exists") return key;
      if (operator === "!") return `!${key}`;
      if (operator === "in" || operator === "notin") return `${key} ${operator} (${[...values].sort().join(",")})`;
      if (operator === "gt" || operator === "lt") return `${key}${operator === "gt" ? ">" : "<"}${values[0]}`;
      return `${key}${operator}${values[0]}`;
    })
    .join(",");
}

/**
 * Does a metav1.LabelSelector select these labels? An empty selector selects everything, a missing one nothing;
 * an unknown operator selects nothing.
 */
export function matchLabelSelector(selector: LabelSelector | undefined | null, labels: Labels): boolean {
  if (!selector) return false;
  const required = selector.matchLabels;
  for (const key in required) if (labels?.[key] !== required[key]) return false;
  for (const { key, operator, values = [] } of selector.matchExpressions ?? []) {
    const value = labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined;
    let met = false;
    if (operator === "In") met = value !== undefined && values.includes(value);
    else if (operator === "NotIn") met = value === undefined || !values.includes(value);
    else if (operator === "Exists") met = value !== undefined;
    else if (operator === "DoesNotExist") met = value === undefined;
    if (!met) return false;
  }
  return true;
}

/** A map selector (Service, ReplicationController) selects labels that hold all of it; an empty one selects nothing. */
export function matchMapSelector(
  selector: Readonly<Record<string, string>> | undefined | null,
  labels: Labels,
): boolean {
  let any = false;
  for (const key in selector) {
    any = true;
    if (labels?.[key] !== selector[key]) return false;
  }
  return any;
}

/** metav1 ValidateLabelSelector. */
export function validateLabelSelector(selector: LabelSelector | undefined | null, path: string): StatusCause[] {
  if (!selector) return [];
  const causes = validateLabels(selector.matchLabels as Record<string, string>, child(path, "matchLabels"));
  (selector.matchExpressions ?? []).forEach((one, i) => {
    causes.push(...validateRequirement(one, `${child(path, "matchExpressions")}[${i}]`));
  });
  return causes;
}

/** ValidateLabelSelectorRequirement. `lenient`: other operators may come to be. */
export function validateRequirement(
  { key = "", operator = "", values: given }: { key?: string; operator?: string; values?: readonly string[] },
  at: string,
  lenient = false,
): StatusCause[] {
  const causes: StatusCause[] = [];
  const values = given ?? [];
  if (operator === "In" || operator === "NotIn") {
    if (values.length === 0) {
      causes.push(required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
    }
  } else if (operator === "Exists" || operator === "DoesNotExist") {
    if (values.length > 0) {
      causes.push(forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
    }
  } else if (!lenient) causes.push(invalid(`${at}.operator`, operator, "not a valid selector operator"));
  causes.push(...invalidEach(`${at}.key`, key, qualifiedName(key)));
  values.forEach((value, j) => {
    causes.push(...invalidEach(`${at}.values[${j}]`, value, labelValue(value)));
  });
  return causes;
}

export interface FieldRequirement {
  readonly field: string;
  readonly operator: "=" | "!=";
  readonly value: string;
}

/** Parses `status.phase=Running,spec.nodeName!=a`; values may escape `\`, `,` and `=` with a backslash. */
export function parseFieldSelector(text: string): FieldRequirement[] | SelectorError {
  const requirements: FieldRequirement[] = [];
  for (const term of splitTerms(text).sort()) {
    if (term === "") continue;
    const at = term.search(/[!=]/);
    const operator = ["!=", "==", "="].find((o) => firstOperator(term) === o);
    if (at < 0 || operator === undefined) return { error: `invalid selector: '${text}'; can't understand '${term}'` };
    const index = term.indexOf(operator);
    const value = unescapeValue(term.slice(index + operator.length));
    if (typeof value !== "string") return value;
    requirements.push({ field: term.slice(0, index), operator: operator === "!=" ? "!=" : "=", value });
  }
  return requirements;
}

/** The operator that stands first in a term. */
function firstOperator(term: string): string | undefined {
  for (let i = 0; i < term.length; i++) {
    for (const operator of ["!=", "==", "="]) if (term.startsWith(operator, i)) return operator;
  }
  return undefined;
}

function splitTerms(text: string): string[] {
  if (text === "") return [];
  const terms: string[] = [];
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === ",") {
      terms.push(text.slice(from, i));
      from = i + 1;
    }
  }
  terms.push(text.slice(from));
  return terms;
}

function unescapeValue(text: string): string | SelectorError {
  let value = "";
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (c === "\\") {
      const next = text[++i];
      if (next === undefined || !"\\,=".includes(next)) {
        return { error: `invalid field selector: invalid escape sequence: \\${next ?? ""}` };
      }
      value += next;
    } else if (c === "," || c === "=") {
      return { error: `invalid field selector: unescaped character in value: ${c.charCodeAt(0)}` };
    } else value += c;
  }
  return value;
}

/** Do an object's selectable fields meet the selector? */
export function matchesFields(
  selector: readonly FieldRequirement[],
  fields: Readonly<Record<string, string>>,
): boolean {
  for (const { field, operator, value } of selector) {
    if (((fields[field] ?? "") === value) !== (operator === "=")) return false;
  }
  return true;
}
