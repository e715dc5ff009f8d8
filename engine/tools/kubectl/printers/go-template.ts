import { GoTemplateError } from "../template/error.ts";
import { execute, type Program } from "../template/execute.ts";
import { functions, type GoFunction } from "../template/functions.ts";
import { parseTemplate } from "../template/parser.ts";
import type { GoValue } from "../template/values.ts";

export { GoTemplateError };

/** A Go template (text/template of Go 1.24) over decoded JSON, with kubectl's functions, or those that are `known`. */
export class GoTemplate {
  private readonly program: Program;

  /** Throws GoTemplateError when it cannot be parsed. `name` is what errors call it. */
  constructor(
    text: string,
    allowMissing: boolean,
    name = "output",
    known: ReadonlyMap<string, GoFunction> = functions,
  ) {
    const templates = parseTemplate(name, text, (each) => known.has(each));
    this.program = { name, text, templates, functions: known, strict: !allowMissing };
  }

  /** The template filled in. Throws GoTemplateError. */
  execute(value: unknown): string {
    return execute(this.program, (value ?? undefined) as GoValue);
  }
}
