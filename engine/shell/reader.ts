import type { Statement } from "unbash";
import { aliasesExpand, rulesOf } from "./aliases.ts";
import { problemOf, type SyntaxProblem } from "./diagnose.ts";
import { Grammar } from "./grammar.ts";
import type { Shell } from "./shell.ts";
import { Source } from "./source.ts";
import { runnable } from "./syntax.ts";

/** What is read of a text before any of it runs. */
export interface Part {
  source: Source;
  statements: readonly Statement[];
  error: SyntaxProblem | undefined;
  /** What bash says as it reads. */
  warnings?: readonly { at: number; text: string }[];
}

/** Text in which `shopt -u extglob` makes a difference. */
const EXTGLOB = /[?*+@!]\(/;

/** Text that dash and busybox read otherwise than bash. */
const BASHISM = /\[\[|\(\(|&>|\$['"[]|\$\{[^}]*'|\b(?:time|select|coproc|function)\b|\]=|\+=|\(\)\s*[^\s({]/;

/**
 * Text that the parser of the tree takes otherwise than bash: words, operators and delimiters that go on behind the end
 * of a line, here-documents whose bodies stand behind the substitution that reads them.
 */
const REWRITTEN = /[^\s]\\\n[^\s]|\$\([^\n]*<<[^\n(]*\)|<\([^\n]*<<[^\n(]*\)|<<-[ \t]*['"\\]\t/;

/** `case` and `esac` where they are arguments or patterns. */
const NO_CASE = /\bcase\b(?!\s+\S+\s+in\b)|[\w"'] +esac\b|\|\s*esac\b/;

/** Text in which POSIX mode makes a difference. */
const APOSTROPHES = /\$\{[^}]*'/;

/**
 * Reads a text as bash does, a complete command at a time, so that aliases and options of the commands before count. A
 * text for which none of that matters is read at once.
 */
export class Reader {
  private readonly sh: Shell;
  private readonly source: Source;
  private grammar: Grammar | undefined;
  private atOnce = false;
  private patterns: boolean | undefined;
  private apostrophes: boolean | undefined;
  private rewritten: boolean | undefined;
  /** Where the last command began; what an alias puts behind it has no line of its own. */
  private begun = 0;

  constructor(sh: Shell, source: Source) {
    this.sh = sh;
    this.source = source;
  }

  /** Undefined at the end of the text. */
  next(): Part | undefined {
    if (this.grammar === undefined) {
      if (this.atOnce) return undefined;
      if (!this.matters()) {
        this.atOnce = true;
        return { source: this.source, ...runnable(this.sh, this.source) };
      }
    }
    return this.command();
  }

  /** True when nothing is left to read. */
  get ended(): boolean {
    return this.grammar === undefined ? this.atOnce : /^\s*$/.test(this.grammar.text.slice(this.grammar.end));
  }

  /** True when reading goes on behind the part that was read at once. */
  get readsOn(): boolean {
    return this.atOnce && this.grammar !== undefined;
  }

  /** True when what stands from a place on must be read anew, by what the commands before it have set. */
  rereads(at: number): boolean {
    if (this.grammar !== undefined || !this.matters()) return false;
    this.readFrom(at);
    return true;
  }

  /** Goes on at a place, a command at a time. */
  readFrom(at: number): void {
    this.grammar ??= new Grammar(this.source.text, rulesOf(this.sh));
    this.grammar.tokens.position = at;
  }

  /** After an error that gave a command up bash counts on from the line of the error. */
  slip(part: Source, end: number, at: number): void {
    const by = part.lineAt(end - 1) - part.lineAt(at);
    part.slip(end, by);
    if (part !== this.source && this.grammar) this.source.slip(this.grammar.end - this.grammar.tokens.grown, by);
  }

  private matters(): boolean {
    if (aliasesExpand(this.sh)) return true;
    if ((this.rewritten ??= isRewritten(this.source.text))) return true;
    if (this.sh.setup.dialect !== "bash") return (this.patterns ??= BASHISM.test(this.source.text));
    if (this.sh.has("posix") && (this.apostrophes ??= APOSTROPHES.test(this.source.text))) return true;
    if (this.sh.shopts.has("extglob")) return false;
    return (this.patterns ??= EXTGLOB.test(this.source.text));
  }

  private command(): Part | undefined {
    const grammar = (this.grammar ??= new Grammar(this.source.text, rulesOf(this.sh)));
    const { grown } = grammar.tokens;
    this.atOnce = false;
    try {
      if (!grammar.complete()) return undefined;
    } catch (error) {
      return { source: this.source, statements: [], error: problemOf(error, grammar) };
    }
    const { commandStart } = grammar;
    this.begun = Math.max(this.begun, commandStart - grown);
    const line = this.source.lineAt(this.begun);
    const source = new Source(grammar.text.slice(commandStart, grammar.end), this.source.file, line);
    const warnings = grammar.tokens.unterminated.splice(0).map(({ at, bodies }) => ({
      at: Math.max(0, at - commandStart),
      text: `warning: command substitution: ${bodies} unterminated here-document${bodies > 1 ? "s" : ""}`,
    }));
    return { source, statements: source.script.commands, error: undefined, warnings };
  }
}

function isRewritten(text: string): boolean {
  const substitution = text.indexOf("$(");
  return REWRITTEN.test(text) || (substitution >= 0 && NO_CASE.test(text.slice(substitution)));
}
