/** The tree of a Python program. */

export interface Parameter {
  name: string;
  /** `*` and `**` parameters; `only`: by name alone. */
  kind: "plain" | "only" | "rest" | "named";
  value?: Expression;
}

export interface Argument {
  name?: string;
  star?: 1 | 2;
  value: Expression;
}

export interface Clause {
  targets: Expression;
  source: Expression;
  conditions: Expression[];
}

export type Expression = { line: number } & (
  | { type: "constant"; value: bigint | number | string | boolean | null | Uint8Array }
  | { type: "format"; parts: (string | { value: Expression; conversion: string; spec: Expression | undefined })[] }
  | { type: "name"; name: string }
  | { type: "attribute"; of: Expression; name: string }
  | { type: "index"; of: Expression; at: Expression }
  | { type: "slice"; from: Expression | undefined; to: Expression | undefined; step: Expression | undefined }
  | { type: "call"; callee: Expression; arguments: Argument[] }
  | { type: "binary"; operator: string; left: Expression; right: Expression }
  | { type: "unary"; operator: string; operand: Expression }
  | { type: "compare"; first: Expression; rest: { operator: string; value: Expression }[] }
  | { type: "and" | "or"; left: Expression; right: Expression }
  | { type: "conditional"; test: Expression; yes: Expression; no: Expression }
  | { type: "lambda"; parameters: Parameter[]; body: Expression }
  | { type: "list" | "tuple" | "set"; items: Expression[] }
  | { type: "dict"; entries: { key: Expression | undefined; value: Expression }[] }
  | {
      type: "comprehension";
      of: "list" | "set" | "dict" | "generator";
      key: Expression;
      value?: Expression;
      clauses: Clause[];
    }
  | { type: "star"; operand: Expression }
  | { type: "walrus"; name: string; value: Expression }
);

export interface Handler {
  kind: Expression | undefined;
  name: string | undefined;
  body: Statement[];
}

export type Statement = { line: number } & (
  | { type: "expression"; value: Expression }
  | { type: "assign"; targets: Expression[]; value: Expression }
  | { type: "augmented"; target: Expression; operator: string; value: Expression }
  | { type: "if"; test: Expression; body: Statement[]; otherwise: Statement[] }
  | { type: "while"; test: Expression; body: Statement[]; otherwise: Statement[] }
  | { type: "for"; target: Expression; source: Expression; body: Statement[]; otherwise: Statement[] }
  | { type: "def"; name: string; parameters: Parameter[]; body: Statement[] }
  | { type: "return"; value: Expression | undefined }
  | { type: "import"; names: { path: string; as: string | undefined }[] }
  | { type: "from"; module: string; names: { name: string; as: string }[] }
  | { type: "try"; body: Statement[]; handlers: Handler[]; otherwise: Statement[]; last: Statement[] }
  | { type: "raise"; value: Expression | undefined }
  | { type: "assert"; test: Expression; message: Expression | undefined }
  | { type: "with"; items: { value: Expression; target: Expression | undefined }[]; body: Statement[] }
  | { type: "delete"; targets: Expression[] }
  | { type: "global"; names: string[] }
  | { type: "pass" | "break" | "continue" }
);
