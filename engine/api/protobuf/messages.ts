/** What both ways of `application/vnd.kubernetes.protobuf` know of messages. */
import { MESSAGES } from "../schema/messages.ts";
import { type TypeSchema, typeOf } from "../schema/types.ts";

/** `k8s\0`, which begins every object in this form (apimachinery pkg/runtime/serializer/protobuf). */
export const MAGIC: readonly number[] = [0x6b, 0x38, 0x73, 0x00];

export type Json = Record<string, unknown>;

export interface MessageField {
  number: number;
  name: string;
  /** As in MESSAGES. */
  type: string;
}

/** The message of a kind: `apps.v1.Deployment`. It need not exist. */
export function messageOf(apiVersion: string, kind: string): string {
  const slash = apiVersion.indexOf("/");
  const group = slash < 0 ? "core" : apiVersion.slice(0, slash).split(".")[0]!;
  return `${group}.${apiVersion.slice(slash + 1)}.${kind}`;
}

/** The type of JSON that a message stands for; undefined for those that are written otherwise. */
export const schemaOf = (message: string): TypeSchema | undefined =>
  typeOf(message.startsWith("+") ? `io.k8s.apimachinery.pkg.${message.slice(1)}` : `io.k8s.api.${message}`);

const parsed = new Map<string, ReadonlyMap<number, MessageField>>();

/** A message's fields by their numbers, in that order. */
export function fieldsOf(message: string): ReadonlyMap<number, MessageField> {
  let fields = parsed.get(message);
  if (fields === undefined) {
    const list: MessageField[] = [];
    for (const text of (MESSAGES[message] ?? "").split("|")) {
      const [number, name, type] = text.split(" ");
      if (type !== undefined) list.push({ number: Number(number), name: name!, type });
    }
    fields = new Map(list.sort((a, b) => a.number - b.number).map((field) => [field.number, field]));
    parsed.set(message, fields);
  }
  return fields;
}
