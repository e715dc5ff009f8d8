import type { HttpResponse } from "../api/http.ts";
import type { Context } from "./context.ts";

/** `/openapi/v3` and its documents, a group version each. */
export function openApiPage(_context: Context): HttpResponse | undefined {
  return undefined;
}
