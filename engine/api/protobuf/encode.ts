import { decodeBase64, encode } from "../../kernel/index.ts";
import { MESSAGES } from "../schema/messages.ts";
import { parseMicros, parseTime } from "../time.ts";
import { fieldsOf, type Json, MAGIC, messageOf, schemaOf } from "./messages.ts";

/**
 * An object in `application/vnd.kubernetes.protobuf`, as API servers store those of their own kinds: the bytes that Go's
 * types marshal to, where what is no pointer is written though it be empty (gogoproto, nullable=false). Undefined for
 * kinds that have no message: custom resources, their definitions and APIServices are stored as JSON.
 */
export function encodeProtobuf(object: Json): Uint8Array | undefined {
  const { kind, apiVersion, ...content } = object;
  if (typeof kind !== "string" || typeof apiVersion !== "string") return undefined;
  const message = messageOf(apiVersion, kind);
  if (MESSAGES[message] === undefined) return undefined;
  const typeMeta = new Writer().text(1, apiVersion).text(2, kind);
  const unknown = new Writer().nested(1, typeMeta).nested(2, messageBytes(content, message)).text(3, "").text(4, "");
  return Uint8Array.from([...MAGIC, ...unknown.bytes]);
}

/** The fields of a message. Wire format: protobuf.dev/programming-guides/encoding. */
function messageBytes(value: unknown, message: string): Writer {
  const out = new Writer();
  switch (message) {
    case "+api.resource.Quantity":
      return out.text(1, String(value ?? "0"));
    case "+util.intstr.IntOrString": {
      const text = typeof value === "string";
      return out
        .number(1, text ? 1 : 0)
        .number(2, text ? 0 : Number(value ?? 0))
        .text(3, text ? value : "");
    }
    case "+apis.meta.v1.Time":
      if (typeof value !== "string") return out;
      return out.number(1, Math.floor(parseTime(value) / 1000)).number(2, 0);
    case "+apis.meta.v1.MicroTime": {
      if (typeof value !== "string") return out;
      const micros = parseMicros(value);
      return out.number(1, Math.floor(micros / 1_000_000)).number(2, (micros % 1_000_000) * 1000);
    }
    case "+apis.meta.v1.FieldsV1":
    case "+runtime.RawExtension":
      return value === undefined || value === null ? out : out.blob(1, encode(JSON.stringify(value)));
  }
  if (message.endsWith(".ExtraValue")) {
    for (const item of (value ?? []) as string[]) out.text(1, item);
    return out;
  }
  const json = (value ?? {}) as Json;
  const schema = schemaOf(message);
  for (const { number, name, type } of fieldsOf(message).values()) {
    const known = schema?.fields.get(name);
    // A field that JSON does not know is an embedded struct: its fields stand around it.
    if (schema !== undefined && known === undefined && type[0] === "#") {
      out.nested(number, messageBytes(json, type.slice(1)));
      continue;
    }
    const part = json[name];
    const absent = part === undefined || part === null;
    if (absent && (known === undefined || known.pointer || !"sbid#".includes(type[0]!))) continue;
    field(out, number, type, part);
  }
  return out;
}

function field(out: Writer, number: number, type: string, value: unknown): void {
  if (type[0] === "[") for (const item of value as unknown[]) field(out, number, type.slice(1), item);
  else if (type[0] === "{") {
    const map = value as Json;
    for (const key of Object.keys(map).sort()) {
      const entry = new Writer().text(1, key);
      field(entry, 2, type.slice(1), map[key]);
      out.nested(number, entry);
    }
  } else if (type[0] === "#") out.nested(number, messageBytes(value, type.slice(1)));
  else if (type === "s") out.text(number, String(value ?? ""));
  else if (type === "b") out.number(number, value === true ? 1 : 0);
  else if (type === "y") out.blob(number, decodeBase64(String(value)) ?? new Uint8Array(0));
  else if (type === "d") out.double(number, Number(value ?? 0));
  else out.number(number, Number(value ?? 0));
}

class Writer {
  readonly bytes: number[] = [];

  private varint(value: bigint): void {
    let rest = BigInt.asUintN(64, value);
    while (rest >= 0x80n) {
      this.bytes.push(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.bytes.push(Number(rest));
  }

  private tag(number: number, wire: number): void {
    this.varint(BigInt(number * 8 + wire));
  }

  number(number: number, value: number): this {
    this.tag(number, 0);
    if (value >= 0 && value < 0x80) this.bytes.push(value);
    else this.varint(BigInt(value));
    return this;
  }

  double(number: number, value: number): this {
    this.tag(number, 1);
    const view = new DataView(new ArrayBuffer(8));
    view.setFloat64(0, value, true);
    for (let i = 0; i < 8; i++) this.bytes.push(view.getUint8(i));
    return this;
  }

  blob(number: number, value: ArrayLike<number>): this {
    this.tag(number, 2);
    this.varint(BigInt(value.length));
    for (let i = 0; i < value.length; i++) this.bytes.push(value[i]!);
    return this;
  }

  text(number: number, value: string): this {
    return this.blob(number, encode(value));
  }

  nested(number: number, value: Writer): this {
    return this.blob(number, value.bytes);
  }
}
