/** Image references as github.com/distribution/reference normalises them. */

/** A reference with registry and tag or digest filled in. */
export interface ImageReference {
  /** `docker.io/library/nginx`. */
  readonly name: string;
  readonly tag: string | undefined;
  /** `sha256:…`. */
  readonly digest: string | undefined;
  /** `docker.io/library/nginx:latest`. */
  readonly full: string;
}

/** The parser's own words; kubelet and containerd put theirs before it. */
export class ImageReferenceError extends Error {}

const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const DOMAIN = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*(?::[0-9]+)?$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;

/**
 * Parses `nginx`, `curlimages/curl:8.5.0`, `registry.k8s.io/pause@sha256:…` (reference.ParseNormalizedNamed, then the
 * tag `latest` where there is neither tag nor digest). Throws ImageReferenceError.
 */
export function parseReference(text: string): ImageReference {
  let reference = parsed.get(text);
  if (reference === undefined) {
    reference = parse(text);
    if (parsed.size >= 1000) parsed.clear();
    parsed.set(text, reference);
  }
  return reference;
}

/** The same few are asked for again and again. */
const parsed = new Map<string, ImageReference>();

/** The name by which containerd pulls and looks up: a digest makes the tag beside it void (docker.ParseDockerRef). */
export function pulledAs({ name, tag, digest, full }: ImageReference): string {
  return tag !== undefined && digest !== undefined ? `${name}@${digest}` : full;
}

function parse(text: string): ImageReference {
  if (/^[0-9a-f]{64}$/.test(text)) {
    throw new ImageReferenceError(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`);
  }
  if (text.length > 4096) throw new ImageReferenceError("invalid reference format");
  let rest = text;
  let digest: string | undefined;
  const at = rest.indexOf("@");
  if (at >= 0) {
    digest = rest.slice(at + 1);
    rest = rest.slice(0, at);
    if (!DIGEST.test(digest)) throw new ImageReferenceError("invalid reference format");
  }
  let tag: string | undefined;
  const colon = rest.lastIndexOf(":");
  if (colon > rest.lastIndexOf("/")) {
    tag = rest.slice(colon + 1);
    rest = rest.slice(0, colon);
    if (!TAG.test(tag)) throw new ImageReferenceError("invalid reference format");
  }
  const { domain, path } = splitDomain(rest);
  if (path !== path.toLowerCase()) {
    throw new ImageReferenceError(`invalid reference format: repository name (${path}) must be lowercase`);
  }
  if (!DOMAIN.test(domain) || path === "" || !path.split("/").every((part) => COMPONENT.test(part))) {
    throw new ImageReferenceError("invalid reference format");
  }
  const name = `${domain}/${path}`;
  if (name.length > 255) throw new ImageReferenceError("repository name must not be more than 255 characters");
  if (tag === undefined && digest === undefined) tag = "latest";
  const full = name + (tag === undefined ? "" : `:${tag}`) + (digest === undefined ? "" : `@${digest}`);
  return { name, tag, digest, full };
}

function splitDomain(name: string): { domain: string; path: string } {
  const slash = name.indexOf("/");
  const first = slash < 0 ? "" : name.slice(0, slash);
  let domain = "docker.io";
  let path = name;
  if (slash >= 0 && (/[.:]/.test(first) || first === "localhost" || first !== first.toLowerCase())) {
    domain = first === "index.docker.io" ? "docker.io" : first;
    path = name.slice(slash + 1);
  }
  if (domain === "docker.io" && !path.includes("/")) path = `library/${path}`;
  return { domain, path };
}
