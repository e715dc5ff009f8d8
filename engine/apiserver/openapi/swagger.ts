import type { HttpResponse } from "../../api/http.ts";
import type { KindDef } from "../../api/kind.ts";
import { encode } from "../../kernel/index.ts";
import type { Context } from "../context.ts";
import { schemasOf } from "./schemas.ts";

/** What kubectl asks for: the document as gnostic's protobuf message. */
const ASKED = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
/** The same in letters that a media type may have, as it is answered. */
const PROTOBUF = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

const INFO = { title: "Kubernetes", version: "v1.32.3" } as const;

const documents = new WeakMap<readonly KindDef[], Uint8Array>();

/**
 * `/openapi/v2`. Clients read v3; kubectl comes here for kinds that v3 does not have, to learn that they are not here
 * either. So the protobuf form says what it is and defines nothing, and the JSON form has the definitions for readers.
 */
export function swaggerPage({ info, request, registry }: Context): HttpResponse | undefined {
  if (info.path !== "/openapi/v2") return undefined;
  if ((request.headers["accept"] ?? "").includes(ASKED)) {
    const document = [
      ...field(1, encode("2.0")),
      ...field(2, [...field(1, encode(INFO.title)), ...field(2, encode(INFO.version))]),
    ];
    return {
      status: 200,
      headers: { "content-type": PROTOBUF, vary: "Accept" },
      body: { type: "bytes", bytes: Uint8Array.from(document) },
    };
  }
  let bytes = documents.get(registry.kinds);
  if (bytes === undefined) {
    const value = { swagger: "2.0", info: INFO, paths: {}, definitions: schemasOf(registry.kinds) };
    bytes = encode(JSON.stringify(value).replaceAll("#/components/schemas/", "#/definitions/"));
    documents.set(registry.kinds, bytes);
  }
  return {
    status: 200,
    headers: { "content-type": "application/json", vary: "Accept" },
    body: { type: "bytes", bytes },
  };
}

/** A length-delimited protobuf field of fewer than 128 bytes. */
function field(number: number, content: ArrayLike<number>): number[] {
  return [(number << 3) | 2, content.length, ...Array.from(content)];
}
