/** Errors of a Go template, in the words of text/template; `output`: what was written before it. */
export class GoTemplateError extends Error {
  output = "";
}
