export const VERSION = "ipset v7.22";

/** What ipset says before it gives up: status 2 for a wrong command line, 1 for everything else. */
export class SetError extends Error {
  readonly status: number;

  constructor(message: string, status = 1) {
    super(message);
    this.status = status;
  }
}

/** A word that cannot be read, with what was said of it before. */
export const syntax = (...messages: string[]): SetError => new SetError(syntaxText(...messages));
export const syntaxText = (...messages: string[]): string =>
  messages.map((message) => `Syntax error: ${message}`).join("\n");
export const wrong = (message: string): SetError =>
  new SetError(`${message}\nTry \`ipset help' for more information.`, 2);

/** A whole number of C within bounds. */
export function numberOf(text: string, least = 0, most = 0xffff_ffff): number {
  const found = /^\s*([+-]?)(0[xX][0-9a-fA-F]+|[0-9]+)$/.exec(text);
  const digits = found?.[2] ?? "";
  const octal = /^0[0-7]*[89]/.test(digits);
  if (found === null || octal) throw syntax(`'${text}' is invalid as number`);
  const size = /^0[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number(digits);
  if ((found[1] === "-" && size > 0) || size < least || size > most) {
    throw syntax(`'${text}' is out of range ${least}-${most}`);
  }
  return size;
}
