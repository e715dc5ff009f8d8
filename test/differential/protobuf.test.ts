import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { decodeProtobuf } from "../../engine/api/protobuf/decode.ts";
import { encodeProtobuf } from "../../engine/api/protobuf/encode.ts";

/** `protobuf.jsonl`: objects, and the bytes that Go's types (k8s.io/api 0.32.3 with apimachinery's serializer) made of them. */
const lines = readFileSync(new URL("protobuf.jsonl", import.meta.url), "utf8")
  .trim()
  .split("\n");
const cases = lines.map((line) => {
  const { object, bytes } = JSON.parse(line) as { object: Record<string, unknown>; bytes: string };
  return [`${object["kind"]} ${(object["metadata"] as { name: string }).name}`, object, bytes] as const;
});

/** What says nothing is written where Go has no pointer, and comes back; types stand on the object itself only. */
function spare(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(spare);
  if (typeof value !== "object" || value === null) return value;
  const { kind, apiVersion, ...rest } = value as Record<string, unknown>;
  const typed = kind === "PersistentVolumeClaim" ? rest : { ...rest, kind, apiVersion };
  const said = Object.entries(typed)
    .map(([key, part]) => [key, spare(part)] as const)
    .filter(([, part]) => !["", 0, false, null, undefined].includes(part as never) && JSON.stringify(part) !== "{}");
  return Object.fromEntries(said);
}

it.each(cases)("%s is written as Go writes it, and read back", (_name, object, bytes) => {
  const written = encodeProtobuf(object)!;
  expect(Buffer.from(written).toString("base64")).toBe(bytes);
  expect(spare(decodeProtobuf(written))).toEqual(spare(object));
});

it("has no message for what is stored as JSON", () => {
  expect(encodeProtobuf({ apiVersion: "example.com/v1", kind: "Shirt", metadata: { name: "a" } })).toBeUndefined();
  expect(encodeProtobuf({ data: {} })).toBeUndefined();
});
