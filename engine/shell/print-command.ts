import type {
  AndOr,
  Assignment,
  Command,
  CompoundList,
  Coproc,
  Function as FunctionNode,
  HereDoc,
  If,
  PipelineNode,
  Redirection,
  Statement,
  TestExpression,
} from "unbash";
import { printedWord, statementsOf } from "./print-word.ts";
import { singleQuote } from "./quote.ts";
import { skipQuoted } from "./scan.ts";

/** A function as `declare -f` and `type` print it: bash's own layout, four spaces a level. */
export function printCommand(node: FunctionNode, text: string, name: string, posix = false): string {
  return new Printer(text, false, posix).definition(node, name);
}

/** A function as an exported one is handed to programs: without indentation. */
export function exportedFunction(node: FunctionNode, text: string): string {
  return new Printer(text).exported(node);
}

/** A command as `jobs` shows it. */
export function commandText(node: PipelineNode | AndOr, text: string, substitution = false): string {
  return new Printer(text, substitution).alone(node);
}

/** The commands of `$(…)` as they stand in a printed word. */
export function substitutionText(text: string, statements: readonly Statement[]): string {
  return new Printer(text, true).commands(statements);
}

/** A word as it stands in a printed command. */
export function wordText(text: string): string {
  // A backslash that only kept the parser from taking an argument for a reserved word.
  if (text === "\\case" || text === "\\esac") return text.slice(1);
  return printedWord(text, (inner) => {
    const statements = statementsOf(inner);
    return statements && substitutionText(inner, statements);
  });
}

/** An assignment as it stands in a printed command: words of arrays are parted by one blank. */
function assignmentText({ text, value }: Assignment): string {
  if (value.type !== "ArrayValue") return wordText(text);
  const open = text.indexOf("=(") + 2;
  return `${wordText(text.slice(0, open))}${printedList(text.slice(open, -1))})`;
}

/** Words of a list, parted by one blank each. */
export function printedList(text: string): string {
  const words: string[] = [];
  let word = "";
  for (let i = 0; i < text.length; ) {
    if (/\s/.test(text[i]!)) {
      if (word !== "") words.push(word);
      word = "";
      i++;
      continue;
    }
    const end = Math.max(skipQuoted(text, i), i + 1);
    word += text.slice(i, end);
    i = end;
  }
  if (word !== "") words.push(word);
  return words.map(wordText).join(" ");
}

/** Writes commands as bash does (print_cmd.c), whose here-documents follow the operator behind their command. */
class Printer {
  private readonly text: string;
  private out = "";
  private depth = 0;
  private pad = () => "    ".repeat(this.depth);
  /** How many functions are being written: in one, lists take a line a command. */
  private functions = 0;
  /** The next command goes on on the current line. */
  private skipIndent = 0;
  /** Operators between whose sides we are: here-documents wait for them. */
  private connections = 0;
  private deferred: HereDoc[] = [];
  /** A here-document was written last, so that no `;` follows it. */
  private wasHereDoc = false;
  /** Inside `$(…)` newlines stay what they are. */
  private readonly substitution: boolean;
  /** In POSIX mode functions are shown as POSIX has them written. */
  private readonly posix: boolean;

  constructor(text: string, substitution = false, posix = false) {
    this.text = text;
    this.substitution = substitution;
    this.posix = posix;
  }

  alone(node: PipelineNode | AndOr): string {
    if (node.type === "AndOr") this.andOr(node);
    else this.command(node);
    this.flush();
    return this.out;
  }

  commands(statements: readonly Statement[]): string {
    this.sequence(statements);
    this.flush();
    return this.out;
  }

  exported(node: FunctionNode): string {
    this.pad = () => " ";
    this.out = "() { ";
    this.body(node, 0);
    // Only the brace that closes the function stands against the line before it.
    return this.out.replace(/ (\}[^}]*)$/, "$1");
  }

  definition(node: FunctionNode, name: string): string {
    this.out = `${name} () \n{ \n`;
    this.body(node, 0);
    return this.out;
  }

  /** A function's body to its closing brace, which stands at `depth`. */
  private body(node: FunctionNode, depth: number): void {
    const { body } = node;
    const group = body.type === "Redirected" ? (body.command.type === "BraceGroup" ? body.command : undefined) : body;
    const redirects = body.type === "Redirected" && group ? body.redirects : [];
    this.functions++;
    this.depth = depth + 1;
    if (group?.type === "BraceGroup") this.list(group.body);
    else if (body.type === "CompoundList") this.list(body);
    else this.command(body);
    this.flush();
    this.depth = depth;
    this.functions--;
    this.newline(redirects.length > 0 ? "} " : "}");
    this.redirections(redirects);
  }

  // ---- layout -------------------------------------------------------------------------------------------------------

  private indent(): void {
    if (this.skipIndent > 0) this.skipIndent--;
    else this.out += this.pad();
  }

  private newline(text: string): void {
    this.out += `\n${this.pad()}${text}`;
  }

  private semicolon(): void {
    if (!/[&\n]$/.test(this.out)) this.out += ";";
  }

  /** Writes the here-documents that wait, behind the operator. */
  private flush(operator = ""): void {
    this.out += operator;
    if (this.deferred.length === 0) return;
    this.hereDocs(this.deferred.splice(0));
    if (operator !== "") this.out += " ";
  }

  private hereDocs(docs: readonly HereDoc[]): void {
    this.out += "\n";
    for (const doc of docs) {
      let body = doc.operator === "<<-" ? doc.body.text.replace(/^\t+/gm, "") : doc.body.text;
      if (!doc.delimiter?.quoted) body = body.replace(/(?<!\\)((?:\\\\)*)\\\n/g, "$1");
      // `$(… EOF)`: the delimiter has no line of its own.
      const last = body.slice(body.lastIndexOf("\n") + 1);
      if (doc.closing === undefined && last !== "") {
        const cut = this.substitution && last.startsWith(doc.delimiter?.value ?? "");
        body = cut ? body.slice(0, body.length - last.length) : `${body}\n`;
      }
      this.out += `${body}${doc.delimiter?.value ?? ""}\n`;
    }
    this.wasHereDoc = true;
  }

  private indented(list: CompoundList): void {
    this.depth++;
    this.list(list);
    this.flush();
    this.depth--;
  }

  // ---- lists --------------------------------------------------------------------------------------------------------

  private list(list: CompoundList): void {
    if (list.commands.length > 0) this.sequence(list.commands);
  }

  private sequence(statements: readonly Statement[]): void {
    const last = statements.length - 1;
    if (last < 0) return;
    const operators = last + (statements[last]!.background ? 1 : 0);
    this.connections += operators;
    statements.forEach((statement, i) => {
      const { command } = statement;
      if (command.type === "AndOr") this.andOr(command);
      else this.command(command);
      if (i > 0) {
        this.flush();
        this.connections--;
      }
      if (statement.background) {
        this.flush(" &");
        if (i < last) {
          this.out += " ";
          this.skipIndent++;
        } else this.connections--;
      } else if (i < last) this.separator(statement, statements[i + 1]!);
    });
  }

  /** The `;` or the newline between two commands of a list. */
  private separator(before: Statement, after: Statement): void {
    const between = this.text.slice(before.end, after.pos);
    const mark = this.substitution && !/^[ \t]*;/.test(between) ? "\n" : ";";
    if (this.deferred.length > 0) this.flush();
    else if (this.wasHereDoc) this.wasHereDoc = false;
    else this.out += mark;
    if (this.functions > 0) this.out += "\n";
    else {
      if (mark === ";") this.out += " ";
      this.skipIndent++;
    }
  }

  private andOr(node: AndOr): void {
    this.joined(node, (operator) => this.flush(` ${operator} `));
  }

  /** Commands with something between them; here-documents wait until the command behind them has begun. */
  private joined(
    node: { commands: readonly PipelineNode[]; operators: readonly string[] },
    between: (operator: string) => void,
  ): void {
    this.connections += node.operators.length;
    node.commands.forEach((command, i) => {
      this.command(command);
      if (i > 0) {
        this.flush();
        this.connections--;
      }
      if (i < node.operators.length) {
        between(node.operators[i]!);
        this.skipIndent++;
      }
    });
  }

  // ---- commands -----------------------------------------------------------------------------------------------------

  private command(node: PipelineNode): void {
    if (node.type === "Pipeline") {
      this.pipeline(node);
      return;
    }
    this.indent();
    this.plain(node);
  }

  private pipeline(node: PipelineNode & { type: "Pipeline" }): void {
    const time = node.prefixes.find((one) => one.type === "Time");
    const negations = node.prefixes.filter((one) => one.type === "Negation").length;
    const prefix = (time ? (time.posix ? "time -p " : "time ") : "") + (negations % 2 === 1 ? "! " : "");
    if (prefix !== "") {
      this.indent();
      this.out += prefix;
      this.skipIndent++;
    }
    this.joined(node, (operator) => {
      if (operator === "|&") this.out += " 2>&1";
      this.flush(" |");
      this.out += " ";
    });
  }

  private plain(node: PipelineNode): void {
    switch (node.type) {
      case "Command":
        this.simple(node);
        return;
      case "Redirected":
        this.plain(node.command);
        if (node.redirects.length > 0) this.out += " ";
        this.redirections(node.redirects);
        return;
      case "If":
        this.conditional(node, node, 0);
        return;
      case "While":
        this.out += `${node.kind} `;
        this.skipIndent++;
        this.list(node.clause);
        this.flush();
        this.semicolon();
        this.out += " do\n";
        this.loopBody(node.body);
        return;
      case "For":
      case "Select": {
        const words = node.wordlist ? this.words(node.wordlist.map((word) => word.text)) : '"$@"';
        this.out += `${node.type === "For" ? "for" : "select"} ${node.name.text} in ${words};`;
        this.newline("do\n");
        this.loopBody(node.body);
        return;
      }
      case "ArithmeticFor": {
        const source = this.text.slice(node.pos, node.body.pos);
        const head = /\(\(([\s\S]*)\)\)/.exec(source)?.[1] ?? "";
        this.out += `for ((${head
          .split(";")
          .map((part) => part.trimStart() || "1")
          .join("; ")}))`;
        this.newline("do\n");
        this.loopBody(node.body);
        return;
      }
      case "Case":
        this.out += `case ${wordText(node.word.text)} in `;
        this.depth++;
        for (const item of node.items) {
          this.newline(`${item.pattern.map((word) => wordText(word.text)).join(" | ")})\n`);
          this.indented(item.body);
          this.newline(item.terminator ?? ";;");
        }
        this.depth--;
        this.newline("esac");
        return;
      case "BraceGroup":
        this.group(node.body);
        return;
      case "Subshell":
        this.out += "( ";
        this.skipIndent++;
        this.list(node.body);
        this.flush();
        this.out += " )";
        return;
      case "ArithmeticCommand":
        this.out += `((${node.body.includes("$(") ? wordText(node.body) : node.body}))`;
        return;
      case "Function":
        this.out += `${this.posix ? "" : "function "}${node.name.text} () \n${this.pad()}{ \n`;
        this.body(node, this.depth);
        return;
      case "Coproc":
        this.coproc(node);
        return;
      case "TestCommand":
        this.out += `[[ ${conditionText(node.expression)} ]]`;
        return;
      default:
        this.out += this.text.slice(node.pos, node.end);
    }
  }

  private coproc(node: Coproc): void {
    const { body } = node;
    const name = node.name?.text ?? (body.type === "Command" ? "" : "COPROC");
    this.out += name === "" ? "coproc " : `coproc ${name} `;
    this.skipIndent++;
    if (body.type === "CompoundList") this.list(body);
    else this.command(body);
  }

  private loopBody(list: CompoundList): void {
    this.indented(list);
    this.semicolon();
    this.newline("done");
  }

  private group(list: CompoundList): void {
    this.out += "{ ";
    if (this.functions === 0) {
      this.skipIndent++;
      this.list(list);
      this.flush();
      this.semicolon();
      this.out += " }";
      return;
    }
    this.out += "\n";
    this.indented(list);
    this.newline("}");
  }

  /** Bash has no `elif` of its own: the rest of the chain is an `if` in the `else`. */
  private conditional(node: If, branch: { clause: CompoundList; then: CompoundList }, index: number): void {
    this.out += "if ";
    this.skipIndent++;
    this.list(branch.clause);
    this.semicolon();
    this.out += " then\n";
    this.indented(branch.then);
    const next = node.elif[index];
    if (next || node.else) {
      this.semicolon();
      this.newline("else\n");
      if (next) {
        this.depth++;
        this.indent();
        this.conditional(node, next, index + 1);
        this.flush();
        this.depth--;
      } else this.indented(node.else!);
    }
    this.semicolon();
    this.newline("fi");
  }

  private words(texts: readonly string[]): string {
    return texts.map(wordText).join(" ");
  }

  private simple(node: Command): void {
    const parts: string[] = [];
    for (const part of node.prefix) if (part.type === "Assignment") parts.push(assignmentText(part));
    if (node.name) parts.push(wordText(node.name.text));
    for (const part of node.args) parts.push(part.type === "Assignment" ? assignmentText(part) : wordText(part.text));
    this.out += parts.join(" ");
    if (parts.length > 0 && node.redirects.length > 0) this.out += " ";
    this.redirections(node.redirects);
  }

  private redirections(list: readonly Redirection[]): void {
    if (list.length === 0) return;
    this.wasHereDoc = false;
    const docs: HereDoc[] = [];
    this.out += list
      .map((one) => {
        if (one.type !== "HereDoc") return this.redirection(one);
        docs.push(one);
        const { delimiter } = one;
        const word = delimiter?.quoted ? singleQuote(delimiter.value) : (delimiter?.value ?? "");
        return `${this.descriptor(one, "0")}${one.operator}${word}`;
      })
      .join(" ");
    if (docs.length === 0) return;
    if (this.connections > 0) this.deferred = docs;
    else this.hereDocs(docs);
  }

  private descriptor(one: Redirection, usual: string): string {
    const text = one.descriptor ? this.text.slice(one.descriptor.pos, one.descriptor.end) : "";
    return text === usual ? "" : text;
  }

  private redirection(one: Redirection): string {
    const input = one.operator.startsWith("<");
    const target = one.type === "HereDoc" ? "" : wordText(one.target?.text ?? "");
    if (one.operator === "<&" || one.operator === ">&") {
      const variable = one.descriptor?.type !== "FileDescriptor" ? this.descriptor(one, "") : "";
      // Numbers are shown on both sides; what is closed is always shown as output.
      const number = one.descriptor?.type === "FileDescriptor" ? String(one.descriptor.value) : input ? "0" : "1";
      if (target === "-") return `${variable || number}>&-`;
      if (/^\d+-?$/.test(target)) return `${variable || number}${one.operator}${target}`;
      return `${variable || this.descriptor(one, input ? "0" : "1")}${one.operator}${target}`;
    }
    if (one.operator === "<>") return `${this.descriptor(one, "1") || "0"}<> ${target}`;
    return `${this.descriptor(one, input ? "0" : "1")}${one.operator} ${target}`;
  }
}

/** The inside of `[[ … ]]`; a lone word is a test for text. */
function conditionText(node: TestExpression): string {
  switch (node.type) {
    case "TestGroup":
      return `( ${conditionText(node.expression)} )`;
    case "TestNot":
      return `${node.negations.length % 2 === 1 ? "! " : ""}${conditionText(node.operand)}`;
    case "TestLogical":
      return node.operands.map(conditionText).join(` ${node.operator} `);
    case "TestUnary":
      return `${node.operator} ${wordText(node.operand.text)}`;
    case "TestBinary":
      return `${wordText(node.left.text)} ${node.operator} ${wordText(node.right.text)}`;
  }
}
