import { failure, type StatusError } from "../status.ts";

/** A patch that cannot be applied, in the words of the library that upstream applies it with. */
export class PatchError extends Error {
  /** What the API server answers: 400 bad form, 422 does not fit the object, 500 anything else. */
  readonly code: 400 | 422 | 500;

  constructor(message: string, code: 400 | 422 | 500) {
    super(message);
    this.code = code;
  }
}

/** The API server's answer to it (apiserver pkg/endpoints/handlers/patch.go). */
export function patchStatus(error: PatchError): StatusError {
  if (error.code === 400) return failure(400, "BadRequest", error.message);
  if (error.code === 422) {
    return failure(422, "Invalid", "the server rejected our request due to an error in our request", {});
  }
  const plain = failure(500, "", error.message);
  delete plain.status.reason;
  return plain;
}
