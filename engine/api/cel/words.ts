/** The library's complaints in the words of cel-go, with the place where cel-go sees them. */

export interface LibraryError {
  code?: string;
  message: string;
  range?: { start: number; end: number };
}

export interface Words {
  message: string;
  code: string;
  /** Place in the expression, where it is not the library's. */
  at?: number;
}

const EXPRESSION =
  "expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";

/** Functions of Kubernetes' libraries that the engine's environment does not have. */
const FOREIGN = new Set(
  (
    "group resource subresource namespace name path serviceAccount check allowed reason error errored fieldSelector " +
    "labelSelector"
  ).split(" "),
);

/** What the library says of the parts of an expression; undefined for what is not known here. */
export function celWords({ code = "", message, range }: LibraryError, expression: string): Words | undefined {
  const [head = ""] = message.split("\n");
  const token = range === undefined ? "" : expression.slice(range.start, range.end);
  switch (code) {
    case "unexpected_token":
    case "expected_token":
    case "unexpected_character":
    case "reserved_identifier":
      return syntaxWords(code, head, token, expression.slice(range?.end ?? expression.length));
    case "unknown_variable":
      return { message: `undeclared reference to '${token}' (in container '')`, code: "undeclared" };
    case "invalid_macro_argument":
      return /has\(\)|hAs/.test(head) ? { message: "invalid argument to has() macro", code } : undefined;
    case "heterogeneous_list_element":
      return { message: /expected type .*$/.exec(head)?.[0] ?? head, code };
    case "invalid_logical_operand":
      return { message: `expected type 'bool' but found '${/got '(.*)'/.exec(head)?.[1] ?? ""}'`, code };
    case "predicate_type_mismatch":
    case "invalid_predicate":
      return { message: `expected type 'bool' but found '${/got '(.*)'/.exec(head)?.[1] ?? ""}'`, code };
    case "no_such_overload":
      return operatorWords(head, expression, range);
    case "no_matching_overload":
      return callWords(head, expression, range);
    default:
      return undefined;
  }
}

function syntaxWords(code: string, head: string, token: string, rest: string): Words | undefined {
  const syntax = (message: string) => ({ message: `Syntax error: ${message}`, code: "syntax" });
  if (code === "reserved_identifier") return { message: `reserved identifier: ${token}`, code };
  if (code === "unexpected_character") {
    if (!/^[\w)\]}'"]/.test(token)) return syntax(`token recognition error at: '${token}'`);
    return syntax(`${rest.trim() === "" ? "extraneous" : "mismatched"} input '${token}' expecting <EOF>`);
  }
  const missing = /^Expected (RPAREN|RBRACKET|RBRACE), got EOF/.exec(head)?.[1];
  if (missing !== undefined) {
    const sign = { RPAREN: ")", RBRACKET: "]", RBRACE: "}" }[missing];
    return syntax(`missing '${sign}' at '<EOF>'`);
  }
  if (/^Expected IDENTIFIER, got EOF/.test(head)) return syntax("no viable alternative at input '.'");
  if (/got EOF|: EOF/.test(head)) return syntax(`mismatched input '<EOF>' ${EXPRESSION}`);
  if (code === "unexpected_token") return syntax(`extraneous input '${token}' ${EXPRESSION}`);
  return syntax(`mismatched input '${token}'`);
}

function operatorWords(head: string, expression: string, range: LibraryError["range"]): Words | undefined {
  const unary = /^no such overload: ([!-])(.+)$/.exec(head);
  if (unary) return { message: overload(`${unary[1]}_`, [unary[2]!]), code: "overload" };
  const index = /^no such overload: (.+)\[(.+)\]$/.exec(head);
  const binary = /^no such overload: (.+) (==|!=|<=|>=|<|>|\+|-|\*|\/|%|in) (.+)$/.exec(head);
  const from = range?.start ?? 0;
  const text = expression.slice(from, range?.end);
  if (index) return { message: overload("_[_]", [index[1]!, index[2]!]), code: "overload", at: from + open(text, "[") };
  if (!binary) return undefined;
  const operator = binary[2]!;
  const name = operator === "in" ? "@in" : `_${operator}_`;
  const at = outside(text, operator);
  return { message: overload(name, [binary[1]!, binary[3]!]), code: "overload", at: from + Math.max(0, at) };
}

function callWords(head: string, expression: string, range: LibraryError["range"]): Words | undefined {
  const called = /for '(?:(.+)\.)?(\w+)\((.*)\)'$/.exec(head);
  if (!called) return undefined;
  const [, target, given = "", args = ""] = called;
  const name = given === "re2Test" ? "matches" : given === "hAs" ? "has" : given;
  const text = expression.slice(range?.start ?? 0, range?.end);
  const at = (range?.start ?? 0) + Math.max(0, open(text, "("));
  if (FOREIGN.has(name)) return { message: head, code: "foreign" };
  if (!KNOWN.has(name))
    return { message: `undeclared reference to '${name}' (in container '')`, code: "undeclared", at };
  const types = args === "" ? [] : args.split(/, (?![^<]*>)/);
  const signature = `${target === undefined ? "" : `${goType(target)}.`}(${types.map(goType).join(", ")})`;
  return { message: `found no matching overload for '${name}' applied to '${signature}'`, code: "overload", at };
}

const KNOWN = new Set(
  (
    "size startsWith endsWith matches has int uint double string bool bytes duration timestamp type dyn all exists " +
    "exists_one map filter find findAll charAt sum min max isSorted isQuantity quantity compareTo isGreaterThan " +
    "isLessThan isIP isCIDR isURL getFullYear getMonth getDate getDayOfMonth getDayOfWeek getDayOfYear getHours " +
    "getMinutes getSeconds getMilliseconds orValue or value hasValue none of ofNonZeroValue url getScheme getHost " +
    "getHostname getPort getEscapedPath getQuery ip cidr family isLoopback isUnspecified isLinkLocalMulticast " +
    "isLinkLocalUnicast isGlobalUnicast containsIP containsCIDR masked prefixLength isCanonical contains equivalent " +
    "intersects validate sign asInteger asApproximateFloat isInteger add sub lowerAscii upperAscii replace substring " +
    "split join trim indexOf lastIndexOf format optMap optFlatMap"
  ).split(" "),
);

const goType = (type: string) => (type === "null" ? "null_type" : type.replaceAll("<", "(").replaceAll(">", ")"));

/** As a signature names the types that Go has its own for. */
const SIGNED: Readonly<Record<string, string>> = {
  null: "null",
  "google.protobuf.Duration": "duration",
  "google.protobuf.Timestamp": "timestamp",
};

const overload = (name: string, types: readonly string[]) =>
  `found no matching overload for '${name}' applied to '(${types.map((type) => SIGNED[type] ?? goType(type)).join(", ")})'`;

/** Where the bracket stands whose closing one ends the text. */
function open(text: string, bracket: string): number {
  let found = -1;
  walk(text, (char, i, depth) => {
    if (char === bracket && depth === 0) found = i;
  });
  return found;
}

/** The last place of an operator that stands in no bracket and no string. */
function outside(text: string, operator: string): number {
  let found = -1;
  walk(text, (_char, i, depth) => {
    if (depth > 0 || !text.startsWith(operator, i)) return;
    const around = `${text[i - 1] ?? ""}${text[i + operator.length] ?? ""}`;
    if (operator === "in" ? /\w/.test(around) : /[=<>!]/.test(around)) return;
    found = i;
  });
  return found;
}

function walk(text: string, visit: (char: string, i: number, depth: number) => void): void {
  let depth = 0;
  let quote = "";
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (quote !== "") {
      if (char === "\\") i++;
      else if (char === quote) quote = "";
      continue;
    }
    visit(char, i, depth);
    if (char === "'" || char === '"') quote = char;
    else if ("([{".includes(char)) depth++;
    else if (")]}".includes(char)) depth--;
  }
}
