import { readFileSync } from "node:fs";
import { z } from "zod";
import type { SessionFile } from "../engine/index.ts";

const size = { columns: z.number().int(), rows: z.number().int() };
const stamp = { at: z.number().nonnegative(), index: z.number().int().nonnegative() };
const id = z.string();

const inputSchema = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("terminal"), id, machine: z.string(), user: z.string(), ...size, ...stamp }),
  z.strictObject({ type: z.literal("keys"), id, text: z.string(), ...stamp }),
  z.strictObject({ type: z.literal("resize"), id, ...size, ...stamp }),
  z.strictObject({ type: z.literal("close"), id, ...stamp }),
  z.strictObject({
    type: z.literal("script"),
    id,
    machine: z.string(),
    user: z.string(),
    name: z.string(),
    text: z.string(),
    instant: z.boolean().optional(),
    ...stamp,
  }),
  z.strictObject({
    type: z.literal("api"),
    id,
    method: z.string(),
    path: z.string(),
    headers: z.record(z.string(), z.string()),
    body: z.string().optional(),
    clientCertificate: z.string().optional(),
    address: z.string(),
    ...stamp,
  }),
  z.strictObject({ type: z.literal("api-input"), id, bytes: z.string(), end: z.boolean().optional(), ...stamp }),
  z.strictObject({ type: z.literal("api-forward"), id, on: z.string(), port: z.number().int(), ...stamp }),
  z.strictObject({ type: z.literal("api-resize"), id, ...size, ...stamp }),
  z.strictObject({ type: z.literal("api-close"), id, ...stamp }),
  z.strictObject({ type: z.literal("answer"), task: z.string(), value: z.string(), ...stamp }),
  z.strictObject({
    type: z.literal("walk"),
    id,
    from: z.string(),
    to: z.string(),
    port: z.number().int(),
    protocol: z.enum(["tcp", "udp", "icmp"]),
    cluster: z.string().optional(),
    ...stamp,
  }),
  z.strictObject({
    type: z.literal("fault"),
    fault: z.strictObject({ kind: z.enum(["unplug", "plug"]), machine: z.string() }),
    ...stamp,
  }),
]);

/** A session on paper; docs/session.schema.json is made from it. */
export const sessionFileSchema = z.strictObject({
  format: z.literal(1),
  engine: z.string(),
  lab: z.string(),
  seed: z.number().int().nonnegative(),
  epoch: z.number(),
  inputs: z.array(inputSchema),
  end: z.strictObject(stamp),
  digest: z.string(),
});

/** Checks a parsed session file. Throws an Error that says what is wrong where. */
export function checkSessionFile(value: unknown): SessionFile {
  const result = sessionFileSchema.safeParse(value);
  if (!result.success) throw new Error(z.prettifyError(result.error));
  return result.data;
}

export function readSessionFile(path: string): SessionFile {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`);
  }
  try {
    return checkSessionFile(value);
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`);
  }
}
