/** The tree of an awk program. A `path` holds the subscripts of arrays within arrays that come before the last one. */
export type Expr =
  | { t: "num"; value: number }
  | { t: "str"; value: string }
  | { t: "regex"; source: string }
  | { t: "var"; name: string }
  | { t: "field"; index: Expr }
  | { t: "index"; name: string; path: Expr[][]; keys: Expr[] }
  | { t: "assign"; op: string; target: Expr; value: Expr }
  | { t: "cond"; test: Expr; yes: Expr; no: Expr }
  | { t: "and" | "or"; left: Expr; right: Expr }
  | { t: "in"; keys: Expr[]; name: string; path: Expr[][] }
  | { t: "match"; negate: boolean; text: Expr; pattern: Expr }
  | { t: "binary"; op: string; left: Expr; right: Expr }
  | { t: "concat"; left: Expr; right: Expr }
  | { t: "unary"; op: "!" | "-" | "+"; value: Expr }
  | { t: "step"; op: "++" | "--"; prefix: boolean; target: Expr }
  /** `indirect`: the name is a variable that holds the function's (`@f()`). */
  | { t: "call"; name: string; args: Expr[]; line: number; indirect: boolean }
  | { t: "builtin"; name: string; args: Expr[] }
  | { t: "getline"; kind: "main" | "file" | "command" | "both"; source: Expr | undefined; target: Expr | undefined }
  | { t: "group"; value: Expr };

/** `line`: where it begins. */
export type Stmt = StmtKind & { line?: number };

type StmtKind =
  | { t: "expr"; value: Expr }
  | { t: "print"; args: Expr[]; format: boolean; to: { kind: ">" | ">>" | "|" | "|&"; target: Expr } | undefined }
  | { t: "if"; test: Expr; yes: Stmt; no: Stmt | undefined }
  | { t: "while"; test: Expr; body: Stmt; first: boolean }
  | { t: "for"; init: Stmt | undefined; test: Expr | undefined; step: Stmt | undefined; body: Stmt }
  | { t: "forin"; name: string; array: string; path: Expr[][]; body: Stmt }
  | { t: "switch"; value: Expr; cases: { test: Expr | undefined; body: Stmt[] }[] }
  | { t: "block"; body: Stmt[] }
  | { t: "delete"; name: string; path: Expr[][]; keys: Expr[] | undefined }
  | { t: "exit" | "return"; value: Expr | undefined }
  | { t: "next" | "nextfile" | "break" | "continue" | "empty" };

export interface AwkFunction {
  name: string;
  params: string[];
  body: Stmt;
  /** Where its name stands in the source. */
  at: number;
  line: number;
}

export interface Rule {
  pattern: Expr | undefined;
  /** Second pattern of a range. */
  until: Expr | undefined;
  body: Stmt | undefined;
  line: number;
}

export interface AwkProgram {
  begin: Stmt[];
  end: Stmt[];
  /** BEGINFILE and ENDFILE. */
  fileBegin: Stmt[];
  fileEnd: Stmt[];
  rules: Rule[];
  functions: Map<string, AwkFunction>;
  /** Its text has more than one line. */
  singleLine: boolean;
  placeOfLine: (line: number) => string;
  /** Characters whose meaningless escapes somebody was told of. */
  warned: Set<string>;
  warnings: string[];
}

/** A program that is none; lines of the message come after `awk: `, those behind a vertical tab do not. */
export class AwkSyntaxError extends Error {
  readonly status: number;

  constructor(message: string, status = 1) {
    super(message);
    this.status = status;
  }
}
