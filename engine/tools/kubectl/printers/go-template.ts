/** Errors of a Go template, in the words of text/template. */
export class GoTemplateError extends Error {}

/** A Go template (text/template). */
export class GoTemplate {
  constructor(text: string, allowMissing: boolean) {
    void text;
    void allowMissing;
    throw new GoTemplateError("Go templates are not supported");
  }

  execute(_value: unknown): string {
    return "";
  }
}
