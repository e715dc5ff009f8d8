/** Programs made ready to run: the tree becomes closures, those that cannot wait plain functions. */
import { call, type Gen } from "../../../kernel/index.ts";
import type { Value } from "./values.ts";

/** An expression made ready: `f` when it never waits, else `g`. */
export interface Code {
  f?: () => Value;
  g?: () => Gen<Value>;
}

/** How a statement ends. */
export type Flow = "normal" | "next" | "nextfile" | "exit" | "break" | "continue" | "return";

/** A statement made ready, likewise. */
export interface Run {
  f?: () => Flow;
  g?: () => Gen<Flow>;
}

/** The parameters of the function that something stands in. */
export interface Scope {
  params: readonly string[];
}

/** `exit`, `next` within a function: they end more than the function. */
export class Unwind extends Error {
  readonly flow: Flow;

  constructor(flow: Flow) {
    super(flow);
    this.flow = flow;
  }
}

/** Code of a function of other codes: plain when they all are. */
export function operation(parts: Code[], compute: (...values: Value[]) => Value): Code {
  if (parts.every((part) => part.f)) {
    const [a, b] = parts;
    if (parts.length === 1) {
      const f = a!.f!;
      return { f: () => compute(f()) };
    }
    if (parts.length === 2) {
      const [f, g] = [a!.f!, b!.f!];
      return { f: () => compute(f(), g()) };
    }
    return { f: () => compute(...parts.map((part) => part.f!())) };
  }
  return {
    *g() {
      const values: Value[] = [];
      for (const part of parts) values.push(part.f ? part.f() : yield* call(part.g!()));
      return compute(...values);
    },
  };
}
