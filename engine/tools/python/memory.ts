/** What a Python program's values take: containers and limits of control groups meet here. */
import { allocate } from "../../machine/memory.ts";
import type { Process } from "../../machine/process.ts";
import { PyDict, PyList, PyObject, PyRange, PySet, PyTuple, type Scope, type Value } from "./values.ts";

/** KiB of an interpreter that has begun. */
const BEGUN = 9_200;
/** KiB after which the kernel ends a program that nothing else limits: machines have other things to keep. */
const MOST = 1_400_000;
const KIB = 1024;

/** The resident memory of one program, looked at now and then: more seldom the more it holds. */
export class PythonMemory {
  private readonly p: Process;
  private next = 20_000;
  private kib = BEGUN;

  constructor(p: Process) {
    this.p = p;
    p.rssKib = BEGUN;
  }

  /** Looks at what the scopes hold when `steps` says that it is time, or at once. */
  look(scopes: readonly Scope[], steps = Number.POSITIVE_INFINITY): void {
    if (steps < this.next) return;
    const { bytes, values } = held(scopes);
    if (Number.isFinite(steps)) this.next = steps + Math.max(20_000, 2 * values);
    const kib = BEGUN + Math.ceil(bytes / KIB);
    const more = kib - this.kib;
    this.kib = kib;
    if (more > 0) allocate(this.p, more);
    else this.p.rssKib += more;
    if (kib > MOST && this.p.status === undefined) this.p.machine.signal(this.p, "KILL");
  }
}

/** Bytes of all that can be reached, about as CPython 3.11 lays it out, and how many values that is. */
export function held(scopes: readonly Scope[]): { bytes: number; values: number } {
  const seen = new Set<object>();
  const rest: Value[] = [];
  for (const scope of scopes) for (const value of scope.variables.values()) rest.push(value);
  let bytes = 0;
  let values = 0;
  while (rest.length > 0) {
    const value = rest.pop()!;
    values++;
    if (typeof value === "bigint") bytes += 32;
    else if (typeof value === "string") bytes += 49 + value.length;
    else if (typeof value !== "object" || value === null) bytes += 24;
    else if (!seen.has(value)) {
      seen.add(value);
      bytes += inside(value, rest);
    }
  }
  return { bytes, values };
}

/** Bytes of a value itself; what it holds is put with the rest. */
function inside(value: object, rest: Value[]): number {
  if (value instanceof Uint8Array) return 57 + value.length;
  if (value instanceof PyRange) return 144;
  if (value instanceof PyList || value instanceof PyTuple) {
    for (const item of value.items) rest.push(item);
    return 56 + 9 * value.items.length;
  }
  if (value instanceof PySet) {
    for (const item of value.entries.values()) rest.push(item);
    return 216 + 48 * value.entries.size;
  }
  if (value instanceof PyDict) {
    for (const [key, one] of value.entries.values()) rest.push(key, one);
    return 232 + 104 * value.entries.size;
  }
  if (value instanceof PyObject) {
    for (const one of value.attributes.values()) rest.push(one);
    return 152;
  }
  return 64;
}
