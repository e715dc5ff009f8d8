import type { Function as FunctionNode } from "unbash";

/** A function as `declare -f` prints it. */
export function printCommand(node: FunctionNode, text: string, name: string): string {
  const body = text.slice(node.body.pos, node.body.end);
  return `${name} () \n${body}`;
}
