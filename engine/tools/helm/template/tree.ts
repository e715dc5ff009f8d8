/** What a template is once it is parsed (Go text/template/parse node.go). */

interface At {
  /** Offset in the source of the template. */
  at: number;
}

export type Operand = At &
  (
    | { kind: "dot" }
    | { kind: "nil" }
    | { kind: "field"; names: string[] }
    | { kind: "variable"; name: string; names: string[] }
    | { kind: "literal"; value: string | number | boolean; text: string }
    | { kind: "function"; name: string }
    | { kind: "pipe"; pipe: Pipe; names: string[] }
  );

export interface Command extends At {
  operands: Operand[];
}

export interface Pipe extends At {
  declared: string[];
  /** `=` instead of `:=`. */
  assigns: boolean;
  commands: Command[];
}

export type Node = At &
  (
    | { kind: "text"; text: string }
    | { kind: "action"; pipe: Pipe }
    | { kind: "if" | "with" | "range"; pipe: Pipe; body: Node[]; otherwise: Node[] }
    | { kind: "template"; name: string; pipe: Pipe | undefined }
    | { kind: "break" | "continue" }
  );

/** A named template: its nodes and where they were written. */
export interface Template {
  name: string;
  /** Name of the file it was parsed from, and its text, for errors. */
  file: string;
  source: string;
  nodes: Node[];
}

/** An operand as text/template prints it in errors. */
export function operandText(operand: Operand): string {
  const chain = (names: readonly string[]) => names.map((name) => `.${name}`).join("");
  switch (operand.kind) {
    case "dot":
      return ".";
    case "nil":
      return "nil";
    case "field":
      return chain(operand.names);
    case "variable":
      return operand.name + chain(operand.names);
    case "literal":
      return operand.text;
    case "function":
      return operand.name;
    case "pipe":
      return `(${pipeText(operand.pipe)})${chain(operand.names)}`;
  }
}

export function commandText({ operands }: Command): string {
  return operands.map(operandText).join(" ");
}

export function pipeText(pipe: Pipe): string {
  const declared = pipe.declared.length === 0 ? "" : `${pipe.declared.join(", ")} ${pipe.assigns ? "=" : ":="} `;
  return declared + pipe.commands.map(commandText).join(" | ");
}
