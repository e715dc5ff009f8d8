import type { StatusCause } from "../status.ts";
import { invalid, invalidEach, required } from "./field.ts";
import { dns1123Subdomain } from "./names.ts";

const path = /^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/;
const BAD_PATH = "Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')";

/** A domain and a path, like `acme.io/foo` (apimachinery pkg/util/validation IsDomainPrefixedPath). */
export function validateDomainPath(text: string, field: string): StatusCause[] {
  if (text === "") return [required(field, "")];
  const slash = text.indexOf("/");
  const [domain, rest] = [text.slice(0, Math.max(slash, 0)), text.slice(slash + 1)];
  if (domain === "" || rest === "")
    return [invalid(field, text, 'must be a domain-prefixed path (such as "acme.io/foo")')];
  const causes = invalidEach(field, domain, dns1123Subdomain(domain));
  if (!path.test(rest)) causes.push(invalid(field, rest, BAD_PATH));
  return causes;
}
