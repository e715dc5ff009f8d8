import type { Draft } from "../api/kind.ts";
import type { ResourceContext } from "./context.ts";
import { badRequest } from "./errors.ts";

/** The object that a write brings is the one its path names (pkg/registry/rest/meta.go; pkg/endpoints/handlers/rest.go checkName). */
export function checkNames({ info, def }: ResourceContext, { metadata }: Draft): void {
  if (def.resource.namespaced) {
    metadata.namespace ||= info.namespace;
    if (metadata.namespace !== info.namespace) {
      throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
    }
  }
  if (metadata.name === info.name) return;
  throw badRequest(
    metadata.name
      ? `the name of the object (${metadata.name}) does not match the name on the URL (${info.name})`
      : `the name of the object (${info.name} based on URL) was undeterminable: name must be provided`,
  );
}
