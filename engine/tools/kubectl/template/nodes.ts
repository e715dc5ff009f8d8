/** The tree of a Go template, and how error messages write its parts (parse/node.go). `at`: where it stands in the text. */
import { quoteString } from "../../../text/go-quote.ts";

export interface NumberNode {
  kind: "number";
  at: number;
  text: string;
  int?: bigint;
  /** A whole number that fits an int64 or a uint64. */
  uint?: bigint;
  float?: number;
  complex?: { real: number; imaginary: number };
}

export interface VariableNode {
  kind: "variable";
  at: number;
  /** Its name with the dollar, then fields. */
  names: string[];
}

export type Operand =
  | { kind: "field"; at: number; names: string[] }
  | VariableNode
  | { kind: "chain"; at: number; node: Operand; fields: string[] }
  | { kind: "identifier"; at: number; name: string }
  | { kind: "dot"; at: number }
  | { kind: "nil"; at: number }
  | { kind: "bool"; at: number; value: boolean }
  | NumberNode
  | { kind: "string"; at: number; quoted: string; text: string }
  | PipeNode;

export interface CommandNode {
  kind: "command";
  at: number;
  args: [Operand, ...Operand[]];
}

export interface PipeNode {
  kind: "pipe";
  at: number;
  /** `=` and not `:=`. */
  assigns: boolean;
  variables: VariableNode[];
  commands: CommandNode[];
}

export interface BranchNode {
  kind: "if" | "range" | "with";
  at: number;
  pipe: PipeNode;
  list: Statement[];
  otherwise: Statement[] | undefined;
}

export type Statement =
  | { kind: "text"; at: number; text: string }
  | { kind: "action"; at: number; pipe: PipeNode }
  | { kind: "break" | "continue"; at: number }
  | { kind: "template"; at: number; name: string; pipe: PipeNode | undefined }
  | BranchNode;

export type ContextNode = Operand | CommandNode | Extract<Statement, { kind: "template" }>;

/** A node as it would be written. */
export function nodeText(node: ContextNode): string {
  switch (node.kind) {
    case "field":
      return node.names.map((name) => `.${name}`).join("");
    case "variable":
      return node.names.join(".");
    case "chain":
      return parenthesized(node.node) + node.fields.map((name) => `.${name}`).join("");
    case "identifier":
      return node.name;
    case "dot":
      return ".";
    case "nil":
      return "nil";
    case "bool":
      return String(node.value);
    case "number":
      return node.text;
    case "string":
      return node.quoted;
    case "command":
      return node.args.map(parenthesized).join(" ");
    case "pipe": {
      const variables = node.variables.map(nodeText).join(", ");
      const commands = node.commands.map(nodeText).join(" | ");
      return variables === "" ? commands : `${variables} ${node.assigns ? "=" : ":="} ${commands}`;
    }
    case "template": {
      const pipe = node.pipe === undefined ? "" : ` ${nodeText(node.pipe)}`;
      return `{{template ${quoteString(node.name)}${pipe}}}`;
    }
  }
}

function parenthesized(node: Operand): string {
  return node.kind === "pipe" ? `(${nodeText(node)})` : nodeText(node);
}
