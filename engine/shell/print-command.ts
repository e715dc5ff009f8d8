import type {
  AndOr,
  Command,
  CompoundList,
  Function as FunctionNode,
  PipelineNode,
  Redirection,
  Statement,
} from "unbash";

/** A function as `declare -f` and `type` print it: bash's own layout, four spaces a level. */
export function printCommand(node: FunctionNode, text: string, name: string): string {
  return `${name} () \n${new Printer(text).functionBody(node, 0)}`;
}

/** A command as `jobs` shows it. */
export function commandText(node: PipelineNode | AndOr, text: string): string {
  return new Printer(text).alone(node);
}

class Printer {
  private readonly text: string;
  /** Heredocs whose bodies follow the current line. */
  private heredocs: string[] = [];
  /** Outside functions lists in braces and parentheses stay on one line. */
  private flat = false;

  constructor(text: string) {
    this.text = text;
  }

  alone(node: PipelineNode | AndOr): string {
    this.flat = true;
    return node.type === "AndOr" ? this.andOr(node, 0) : this.node(node, 0);
  }

  functionBody(node: FunctionNode, depth: number): string {
    const { body } = node;
    const command = body.type === "Redirected" ? body.command : body;
    const after = body.type === "Redirected" ? this.redirections(body.redirects) : "";
    const list: CompoundList =
      command.type === "BraceGroup"
        ? command.body
        : command.type === "CompoundList"
          ? command
          : ({
              type: "CompoundList",
              pos: command.pos,
              end: command.end,
              commands: [{ type: "Statement", pos: command.pos, end: command.end, command, background: undefined }],
            } as CompoundList);
    return `${pad(depth)}{ \n${this.list(list, depth + 1)}\n${pad(depth)}}${after}`;
  }

  /** Statements on lines of their own. */
  private list(list: CompoundList, depth: number): string {
    const out: string[] = [];
    list.commands.forEach((statement, i) => {
      const last = i === list.commands.length - 1;
      out.push(this.line(statement, depth, last));
    });
    return out.join("\n");
  }

  private line(statement: Statement, depth: number, last: boolean): string {
    const command = this.statement(statement, depth);
    const end = statement.background ? " &" : last ? "" : ";";
    const docs = this.heredocs.splice(0).join("");
    if (docs === "") return `${pad(depth)}${command}${end}`;
    return `${pad(depth)}${command}${statement.background ? " &" : ""}\n${docs}`;
  }

  private statement(statement: Statement, depth: number): string {
    const { command } = statement;
    return command.type === "AndOr" ? this.andOr(command, depth) : this.node(command, depth);
  }

  private andOr(node: AndOr, depth: number): string {
    return node.commands
      .map((one, i) => (i === 0 ? "" : ` ${node.operators[i - 1]} `) + this.node(one, depth))
      .join("");
  }

  private redirections(list: readonly Redirection[]): string {
    return list
      .map((one) => {
        if (one.type === "HereDoc") {
          const delimiter = one.delimiter?.value ?? "";
          const body = one.operator === "<<-" ? one.body.text.replace(/^\t+/gm, "") : one.body.text;
          this.heredocs.push(`${body}${delimiter}\n`);
          return ` ${one.operator}${one.delimiter?.text ?? ""}`;
        }
        const descriptor = one.descriptor ? this.text.slice(one.descriptor.pos, one.descriptor.end) : "";
        const target = one.target?.text ?? "";
        if (one.operator === "<&" || one.operator === ">&") {
          const from = descriptor === "" && /^[\d-]/.test(target) ? (one.operator === "<&" ? "0" : "1") : descriptor;
          return ` ${from}${one.operator}${target}`;
        }
        return ` ${descriptor}${one.operator} ${target}`;
      })
      .join("");
  }

  private simple(node: Command): string {
    const parts: string[] = [];
    for (const part of node.prefix) if (part.type === "Assignment") parts.push(part.text);
    if (node.name) parts.push(node.name.text);
    for (const part of node.args) parts.push(part.text);
    return (
      parts.join(" ") +
      (parts.length === 0 ? this.redirections(node.redirects).trimStart() : this.redirections(node.redirects))
    );
  }

  private node(node: PipelineNode, depth: number): string {
    const inner = pad(depth);
    switch (node.type) {
      case "Command":
        return this.simple(node);
      case "Pipeline": {
        const prefix = node.prefixes
          .map((one) => (one.type === "Negation" ? "! " : one.posix ? "time -p " : "time "))
          .join("");
        const commands = node.commands.map(
          (one, i) => (i === 0 ? "" : node.operators[i - 1] === "|&" ? " 2>&1 | " : " | ") + this.node(one, depth),
        );
        return prefix + commands.join("");
      }
      case "Redirected":
        return this.node(node.command, depth) + this.redirections(node.redirects);
      case "If": {
        let out = `if ${this.inline(node.clause, depth)}; then\n${this.list(node.then, depth + 1)};\n${inner}`;
        let level = depth;
        for (const branch of node.elif) {
          level++;
          out += `else\n${pad(level)}if ${this.inline(branch.clause, level)}; then\n${this.list(branch.then, level + 1)};\n${pad(level)}`;
        }
        if (node.else) out += `else\n${this.list(node.else, level + 1)};\n${pad(level)}`;
        return out + closing(depth, level);
      }
      case "While":
        return `${node.kind} ${this.inline(node.clause, depth)}; do\n${this.list(node.body, depth + 1)};\n${inner}done`;
      case "For": {
        const words = node.wordlist ? node.wordlist.map((word) => word.text).join(" ") : '"$@"';
        return `for ${node.name.text} in ${words};\n${inner}do\n${this.list(node.body, depth + 1)};\n${inner}done`;
      }
      case "Select": {
        const words = node.wordlist ? node.wordlist.map((word) => word.text).join(" ") : '"$@"';
        return `select ${node.name.text} in ${words};\n${inner}do\n${this.list(node.body, depth + 1)};\n${inner}done`;
      }
      case "ArithmeticFor": {
        const source = this.text.slice(node.pos, node.body.pos);
        const head = /\(\(([\s\S]*)\)\)/.exec(source)?.[1] ?? "";
        const parts = head.split(";").map((part) => part.trim() || "1");
        return `for ((${parts.join("; ")}))\n${inner}do\n${this.list(node.body, depth + 1)};\n${inner}done`;
      }
      case "Case": {
        const items = node.items.map((item) => {
          const patterns = item.pattern.map((word) => word.text).join(" | ");
          const body = item.body.commands.length > 0 ? `${this.list(item.body, depth + 2)}\n` : "\n";
          return `${pad(depth + 1)}${patterns})\n${body}${pad(depth + 1)}${item.terminator ?? ";;"}\n`;
        });
        return `case ${node.word.text} in \n${items.join("")}${inner}esac`;
      }
      case "BraceGroup":
        if (this.flat) return `{ ${this.inline(node.body, depth)}; }`;
        return `{ \n${this.list(node.body, depth + 1)}\n${inner}}`;
      case "Subshell":
        return `( ${this.inline(node.body, depth)} )`;
      case "ArithmeticCommand":
        return `((${node.body}))`;
      case "Function":
        return `function ${node.name.text} () \n${this.functionBody(node, depth)}`;
      default:
        return this.text.slice(node.pos, node.end);
    }
  }

  /** A list that begins on the current line, as in conditions and subshells. */
  private inline(list: CompoundList, depth: number): string {
    return list.commands
      .map((statement, i) => {
        const last = i === list.commands.length - 1;
        return (
          this.statement(statement, depth) +
          (statement.background ? (last ? " &" : " & ") : last ? "" : this.flat ? "; " : `;\n${pad(depth)}`)
        );
      })
      .join("");
  }
}

/** The `fi`s of an `elif` chain, which bash prints as nested ifs. */
function closing(depth: number, level: number): string {
  let out = "fi";
  for (let at = level - 1; at >= depth; at--) out += `;\n${pad(at)}fi`;
  return out;
}

function pad(depth: number): string {
  return "    ".repeat(depth);
}
