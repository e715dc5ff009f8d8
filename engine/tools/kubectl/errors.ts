import { RequestError } from "../../api/kubeconfig.ts";
import { type Status, StatusError } from "../../api/status.ts";
import { quote } from "./go.ts";

/** Ends kubectl with a message; `error: ` goes before it unless it stands there already (cmd/util CheckErr). */
export class KubectlError extends Error {}

/** Ends kubectl with this exit status after printing `text` as it is, if any. */
export class Exit extends Error {
  readonly code: number;
  readonly text: string;

  constructor(code: number, text = "") {
    super(text);
    this.code = code;
    this.text = text;
  }
}

/** Errors that a command collected: printed a line each, without `error: ` before them. */
export class Errors extends Error {
  readonly list: readonly Error[];

  constructor(list: readonly Error[]) {
    super();
    this.list = list;
  }

  override get message(): string {
    return aggregateText(this.list);
  }

  override set message(_text: string) {}
}

/** utilerrors.Aggregate's text: `[a, b]` without repeats. */
export function aggregateText(list: readonly Error[]): string {
  if (list.length === 1) return list[0]!.message;
  const texts = [...new Set(list.map((error) => error.message))];
  return texts.length === 1 ? texts[0]! : `[${texts.join(", ")}]`;
}

/** Throws what was collected as a collection, be it of one. */
export function throwCollected(errors: readonly Error[]): void {
  if (errors.length > 0) throw new Errors(errors);
}

/** Throws what was collected, if anything; one alone as itself. */
export function throwAll(errors: readonly Error[]): void {
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new Errors(errors);
}

/** A mistake in the use of a command, with the pointer to its help. */
export function usageError(path: string, text: string): KubectlError {
  return new KubectlError(`${text}\nSee 'kubectl ${path} -h' for help and examples`);
}

function standardMessage(error: Error): string | undefined {
  if (error instanceof StatusError) {
    const { reason, message } = error.status;
    if (reason === "Unauthorized") return `error: You must be logged in to the server (${message})`;
    return reason ? `Error from server (${reason}): ${message}` : `Error from server: ${message}`;
  }
  if (error instanceof RequestError) {
    if (error.dial.includes("connection refused")) {
      return `The connection to the server ${error.host} was refused - did you specify the right host or port?`;
    }
    return `Unable to connect to the server: ${error.dial}`;
  }
  return undefined;
}

function invalidText(status: Status): string {
  const { details, message } = status;
  if (details === undefined) return message ? `The request is invalid: ${message}` : "The request is invalid";
  const causes = [...new Set((details.causes ?? []).map((cause) => `${cause.field}: ${cause.message}`))];
  let text = "The request is invalid";
  if (details.kind || details.name) text = `The ${details.kind ?? ""} ${quote(details.name ?? "")} is invalid`;
  else if (message && causes.length === 0) text += `: ${message}`;
  if (causes.length === 0) return text;
  if (causes.length === 1) return `${text}: ${causes[0]}\n`;
  return `${text}: \n${causes.map((cause) => `* ${cause}\n`).join("")}`;
}

/** What kubectl prints on stderr for an error (cmd/util checkErr), with the newline at its end. */
export function errorText(error: unknown): string {
  const text = textOf(error as Error);
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}

function textOf(error: Error): string {
  if (error instanceof Exit) return error.text;
  if (error instanceof StatusError && error.reason === "Invalid") return invalidText(error.status);
  if (error instanceof Errors) {
    return error.list.map((one) => `${standardMessage(one) ?? one.message}\n`).join("");
  }
  const standard = standardMessage(error);
  if (standard !== undefined) return standard;
  return error.message.startsWith("error: ") ? error.message : `error: ${error.message}`;
}

/** Answers of the server that an error's text tells in its own words (cmd/util StandardErrorMessage). */
export function answersIn(error: unknown): StatusError[] {
  if (error instanceof Errors) return error.list.filter((one) => one instanceof StatusError);
  return error instanceof StatusError && error.reason !== "Invalid" ? [error] : [];
}

/** `error when creating "x.yaml": …` (cmdutil.AddSourceToErr). */
export function withSource(verb: string, source: string | undefined, error: unknown): unknown {
  if (!source) return error;
  const text = `error when ${verb} ${quote(source)}: ${(error as Error).message}`;
  if (error instanceof StatusError) return new StatusError({ ...error.status, message: text });
  if (error instanceof Exit) return error;
  return error instanceof Error ? new KubectlError(text) : error;
}

/** What a server answered with, or that none did: not what is wrong with the configuration. */
export function isOfServer(error: unknown): error is Error {
  return error instanceof StatusError || error instanceof RequestError;
}

/** Errors that commands collect and go on after; anything else is a bug and must fly on. */
export function isExpected(error: unknown): error is Error {
  return (
    error instanceof StatusError ||
    error instanceof RequestError ||
    error instanceof KubectlError ||
    error instanceof Errors
  );
}
