import { decode, encodeBase64 } from "../../kernel/index.ts";
import { MESSAGES } from "../schema/messages.ts";
import { formatMicroTime, formatTime } from "../time.ts";
import { fieldsOf, type Json, MAGIC, messageOf, schemaOf } from "./messages.ts";

/** The JSON value of an object in `application/vnd.kubernetes.protobuf`. Throws Error for bytes that are none. */
export function decodeProtobuf(bytes: Uint8Array): Json {
  if (!MAGIC.every((byte, i) => bytes[i] === byte))
    throw new Error("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
  const unknown = read(bytes.subarray(4), "+runtime.Unknown");
  const { apiVersion = "", kind = "" } = (unknown["typeMeta"] ?? {}) as { apiVersion?: string; kind?: string };
  const raw = unknown["raw"] as Uint8Array | undefined;
  const name = messageOf(apiVersion, kind);
  const message = MESSAGES[name] !== undefined ? name : `+apis.meta.v1.${kind}`;
  if (MESSAGES[message] === undefined) throw new Error(`no kind "${kind}" is registered for version "${apiVersion}"`);
  return { kind, apiVersion, ...(toJson(raw ?? new Uint8Array(0), message) as Json) };
}

/** A message as JSON has it; some are written as one scalar, others are part of the struct around them. */
function toJson(bytes: Uint8Array, message: string): unknown {
  const value = read(bytes, message);
  switch (message) {
    case "+api.resource.Quantity":
      return value["string"] ?? "0";
    case "+util.intstr.IntOrString":
      return value["type"] === 1 ? (value["strVal"] ?? "") : (value["intVal"] ?? 0);
    case "+apis.meta.v1.Time":
      return value["seconds"] === undefined ? null : formatTime((value["seconds"] as number) * 1000);
    case "+apis.meta.v1.MicroTime":
      if (value["seconds"] === undefined) return null;
      return formatMicroTime(
        (value["seconds"] as number) * 1_000_000 + Math.floor(((value["nanos"] as number) ?? 0) / 1000),
      );
    case "+apis.meta.v1.FieldsV1":
    case "+runtime.RawExtension": {
      const raw = (value["Raw"] ?? value["raw"]) as Uint8Array | undefined;
      return raw ? JSON.parse(decode(raw)) : null;
    }
  }
  if (message.endsWith(".ExtraValue")) return value["items"] ?? [];
  const type = schemaOf(message);
  const out: Json = {};
  for (const key of Object.keys(value)) {
    const part = value[key];
    // A field that JSON does not know is an embedded struct: its fields stand here.
    const embedded = type !== undefined && !type.fields.has(key) && typeof part === "object" && part !== null;
    if (embedded && !Array.isArray(part) && !(part instanceof Uint8Array)) Object.assign(out, part);
    else out[key] = part instanceof Uint8Array ? encodeBase64(part) : part;
  }
  return out;
}

/** The fields that a message holds, each by name. Wire format: protobuf.dev/programming-guides/encoding. */
function read(bytes: Uint8Array, message: string): Json {
  const fields = fieldsOf(message);
  const out: Json = {};
  const reader = new Reader(bytes);
  while (!reader.done) {
    const tag = reader.varint();
    const field = fields.get(Math.floor(tag / 8));
    const raw = reader.value(tag % 8);
    if (field === undefined) continue;
    const { name, type } = field;
    if (type[0] === "[") ((out[name] ??= []) as unknown[]).push(scalar(raw, type.slice(1)));
    else if (type[0] === "{") {
      const [key, value] = entry(raw as Uint8Array, type.slice(1));
      ((out[name] ??= {}) as Json)[key] = value;
    } else out[name] = scalar(raw, type);
  }
  return out;
}

function entry(bytes: Uint8Array, type: string): [string, unknown] {
  const reader = new Reader(bytes);
  let key = "";
  let value: unknown = type === "y" ? "" : type === "s" ? "" : undefined;
  while (!reader.done) {
    const tag = reader.varint();
    const raw = reader.value(tag % 8);
    if (Math.floor(tag / 8) === 1) key = decode(raw as Uint8Array);
    else value = scalar(raw, type);
  }
  return [key, value instanceof Uint8Array ? encodeBase64(value) : value];
}

function scalar(raw: number | Uint8Array, type: string): unknown {
  if (type === "s") return decode(raw as Uint8Array);
  if (type === "b") return raw !== 0;
  if (type[0] === "#") return toJson(raw as Uint8Array, type.slice(1));
  return raw;
}

class Reader {
  private readonly bytes: Uint8Array;
  private at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get done(): boolean {
    return this.at >= this.bytes.length;
  }

  /** A signed 64-bit integer, exact up to 2⁵³. */
  varint(): number {
    let value = 0n;
    let shift = 0n;
    for (;;) {
      const byte = this.bytes[this.at++];
      if (byte === undefined) throw new Error("unexpected EOF");
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return Number(BigInt.asIntN(64, value));
      shift += 7n;
    }
  }

  value(wire: number): number | Uint8Array {
    if (wire === 0) return this.varint();
    if (wire === 2) {
      const length = this.varint();
      if (length < 0 || this.at + length > this.bytes.length) throw new Error("unexpected EOF");
      this.at += length;
      return this.bytes.subarray(this.at - length, this.at);
    }
    const size = wire === 1 ? 8 : 4;
    if (wire !== 1 && wire !== 5) throw new Error(`proto: illegal wireType ${wire}`);
    if (this.at + size > this.bytes.length) throw new Error("unexpected EOF");
    const view = new DataView(this.bytes.buffer, this.bytes.byteOffset + this.at, size);
    this.at += size;
    return wire === 1 ? view.getFloat64(0, true) : view.getFloat32(0, true);
  }
}
