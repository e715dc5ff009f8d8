import type { HttpResponse } from "../../api/http.ts";
import type { KindDef } from "../../api/kind.ts";
import { encode, sha256Hex } from "../../kernel/index.ts";
import type { Context } from "../context.ts";
import { raw } from "../respond.ts";
import { pathsOf } from "./paths.ts";
import { schemasOf } from "./schemas.ts";

interface Document {
  bytes: Uint8Array;
  hash: string;
}

const documents = new WeakMap<readonly KindDef[], Map<string, Document>>();

/** `/openapi/v3` lists the documents, `/openapi/v3/apis/<group>/<version>` is one; made when somebody asks. */
export function openApiPage({ info, registry }: Context): HttpResponse | undefined {
  const { path } = info;
  if (path === "/openapi/v3") return index(registry.kinds);
  if (!path.startsWith("/openapi/v3/")) return undefined;
  const document = documentOf(registry.kinds, path.slice("/openapi/v3/".length));
  if (document === undefined) return undefined;
  return {
    status: 200,
    headers: { "content-type": "application/json", etag: `"${document.hash}"`, vary: "Accept" },
    body: { type: "bytes", bytes: document.bytes },
  };
}

function pathOf(def: KindDef): string {
  const { group, version } = def.resource;
  return group === "" ? `api/${version}` : `apis/${group}/${version}`;
}

function index(kinds: readonly KindDef[]): HttpResponse {
  const paths: Record<string, { serverRelativeURL: string }> = {};
  for (const path of [...new Set(kinds.map(pathOf))].sort()) {
    // Hashing the path and not the document: the index costs no document, and kinds do not change while it runs.
    const hash = sha256Hex(path).toUpperCase();
    paths[path] = { serverRelativeURL: `/openapi/v3/${path}?hash=${hash}` };
  }
  return raw({ paths }, "bare");
}

function documentOf(kinds: readonly KindDef[], path: string): Document | undefined {
  let known = documents.get(kinds);
  if (known === undefined) documents.set(kinds, (known = new Map()));
  let document = known.get(path);
  if (document === undefined) {
    const own = kinds.filter((def) => pathOf(def) === path);
    if (own.length === 0) return undefined;
    const value = {
      openapi: "3.0.0",
      info: { title: "Kubernetes", version: "v1.32.3" },
      paths: pathsOf(`/${path}`, own),
      components: { schemas: schemasOf(own) },
    };
    document = { bytes: encode(JSON.stringify(value)), hash: sha256Hex(path).toUpperCase() };
    known.set(path, document);
  }
  return document;
}
