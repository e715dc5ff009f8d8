import {
  type CreateNodeOptions,
  type DocumentOptions,
  type ParseOptions,
  parse,
  type SchemaOptions,
  stringify,
  type ToStringOptions,
  YAMLParseError,
} from "yaml";
import { yamlFault } from "../../text/yaml-fault.ts";

const KEPT = 512;
const parsed = new Map<string, unknown>();

/** The value of a YAML text, deeply frozen; equal texts give the same value. Throws Error in goyaml's words. */
export function parseYaml(text: string): unknown {
  if (!parsed.has(text)) rememberYaml(text, read(text));
  return parsed.get(text);
}

function read(text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw error instanceof YAMLParseError ? new Error(yamlFault(text, error)) : error;
  }
}

type WriteOptions = DocumentOptions & SchemaOptions & ParseOptions & CreateNodeOptions & ToStringOptions;

/** Writes a value that this machine's kubelet will read; the value must be what YAML would give back, and is frozen. */
export function writeYaml(value: unknown, options?: WriteOptions): string {
  const text = stringify(value, options);
  rememberYaml(text, value);
  return text;
}

/** Notes what a text that was just written from `value` means, so that nobody needs to parse it. */
function rememberYaml(text: string, value: unknown): void {
  if (parsed.size >= KEPT) parsed.clear();
  parsed.set(text, freeze(value));
}

export function freeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  for (const inner of Object.values(value)) freeze(inner);
  return Object.freeze(value);
}
