/** Runs the tree of a Python program. */
import { cpu, type Gen } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import { attributeOf } from "./attributes.ts";
import { bind } from "./calls.ts";
import { itemsOf, iterator } from "./iteration.ts";
import { PythonMemory } from "./memory.ts";
import { binary, compare, unary } from "./operators.ts";
import type { Clause, Expression, Statement } from "./syntax.ts";
import { assign, remove } from "./targets.ts";
import { formatValue, repr, str } from "./text.ts";
import {
  isKind,
  PyDict,
  PyFunction,
  PyList,
  type PyModule,
  PyNative,
  PyObject,
  PySet,
  PyTuple,
  PyType,
  Raised,
  raised,
  Scope,
  truthy,
  typeError,
  typeName,
  type Value,
} from "./values.ts";

/** How a statement ended: nothing, or what leaves a loop or a function. */
type Completion = undefined | "break" | "continue" | { value: Value };

/** Steps between two charges of CPU time. */
const STEPS = 500;
const DEEPEST = 400;

export class Interpreter {
  readonly p: Process;
  readonly globals: Scope;
  readonly modules: ReadonlyMap<string, (py: Interpreter) => PyModule>;
  private readonly loaded = new Map<string, PyModule>();
  private readonly memory: PythonMemory;
  /** Scopes of the module and of the functions that run. */
  private readonly frames: Scope[];
  private steps = 0;
  private depth = 0;

  constructor(p: Process, builtins: Scope, modules: Interpreter["modules"]) {
    this.p = p;
    this.globals = new Scope(builtins);
    this.modules = modules;
    this.frames = [this.globals];
    this.memory = new PythonMemory(p);
  }

  /** Time for the steps that were made; and a look at the memory, now and then. */
  private *charge(): Gen {
    this.memory.look(this.frames, this.steps);
    yield* cpu(200);
  }

  /** What the program holds becomes its process's memory: before it waits. */
  settle(): void {
    this.memory.look(this.frames);
  }

  // ---- statements ---------------------------------------------------------------------------------------------------

  *block(body: readonly Statement[], scope: Scope, name: string): Gen<Completion> {
    for (const one of body) {
      try {
        const done = yield* this.statement(one, scope, name);
        if (done !== undefined) return done;
      } catch (error) {
        if (error instanceof Raised && error.frames.at(-1)?.name !== `${name} ${this.depth}`) {
          error.frames.push({ line: one.line, name: `${name} ${this.depth}` });
        }
        throw error;
      }
    }
    return undefined;
  }

  private *statement(one: Statement, scope: Scope, name: string): Gen<Completion> {
    if (++this.steps % STEPS === 0) yield* this.charge();
    switch (one.type) {
      case "expression":
        yield* this.value(one.value, scope);
        return undefined;
      case "assign": {
        const value = yield* this.value(one.value, scope);
        for (const target of one.targets) yield* assign(this, target, value, scope);
        return undefined;
      }
      case "augmented": {
        const before = yield* this.value(one.target, scope);
        const more = yield* this.value(one.value, scope);
        if (before instanceof PyList && one.operator === "+") before.items.push(...(yield* this.iterate(more)));
        else yield* assign(this, one.target, binary(one.operator, before, more), scope);
        return undefined;
      }
      case "if":
        return yield* this.block(truthy(yield* this.value(one.test, scope)) ? one.body : one.otherwise, scope, name);
      case "while":
        while (truthy(yield* this.value(one.test, scope))) {
          const done = yield* this.block(one.body, scope, name);
          if (done === "break") return undefined;
          if (done !== undefined && done !== "continue") return done;
          if (++this.steps % STEPS === 0) yield* this.charge();
        }
        return yield* this.block(one.otherwise, scope, name);
      case "for":
        for (const item of yield* this.iterate(yield* this.value(one.source, scope))) {
          yield* assign(this, one.target, item, scope);
          const done = yield* this.block(one.body, scope, name);
          if (done === "break") return undefined;
          if (done !== undefined && done !== "continue") return done;
        }
        return yield* this.block(one.otherwise, scope, name);
      case "def":
        scope.set(one.name, yield* this.closure(one.name, one.parameters, one.body, scope));
        return undefined;
      case "return":
        return { value: one.value === undefined ? null : yield* this.value(one.value, scope) };
      case "import":
        for (const { path, as } of one.names) {
          const module = this.module(path);
          if (as !== undefined) scope.set(as, module);
          else scope.set(path.split(".")[0]!, this.module(path.split(".")[0]!));
        }
        return undefined;
      case "from":
        for (const { name: member, as } of one.names) {
          const value = this.module(one.module).members.get(member);
          if (value === undefined)
            throw raised("ImportError", `cannot import name '${member}' from '${one.module}' (unknown location)`);
          scope.set(as, value);
        }
        return undefined;
      case "try":
        return yield* this.attempt(one, scope, name);
      case "raise": {
        const value = one.value === undefined ? scope.find("__exception__") : yield* this.value(one.value, scope);
        const made = value instanceof PyType ? yield* this.call(value, [], new Map()) : value;
        if (!(made instanceof PyObject)) throw typeError("exceptions must derive from BaseException");
        throw new Raised(made);
      }
      case "assert":
        if (!truthy(yield* this.value(one.test, scope))) {
          throw raised("AssertionError", ...(one.message ? [yield* this.value(one.message, scope)] : []));
        }
        return undefined;
      case "with":
        return yield* this.within(one, scope, name);
      case "delete":
        for (const target of one.targets) yield* remove(this, target, scope);
        return undefined;
      case "global":
        for (const each of one.names) scope.outer.add(each);
        return undefined;
      case "pass":
        return undefined;
      default:
        return one.type;
    }
  }

  private *attempt(one: Extract<Statement, { type: "try" }>, scope: Scope, name: string): Gen<Completion> {
    const { depth } = this;
    let done: Completion;
    try {
      try {
        done = yield* this.block(one.body, scope, name);
        if (done === undefined) done = yield* this.block(one.otherwise, scope, name);
      } catch (error) {
        if (!(error instanceof Raised)) throw error;
        this.depth = depth;
        const { value } = error;
        const handler = yield* this.handlerOf(one, value, scope);
        if (handler === undefined) throw error;
        if (handler.name !== undefined) scope.set(handler.name, value);
        scope.variables.set("__exception__", value);
        done = yield* this.block(handler.body, scope, name);
      }
    } finally {
      const last = yield* this.block(one.last, scope, name);
      if (last !== undefined) done = last;
    }
    return done;
  }

  private *handlerOf(one: Extract<Statement, { type: "try" }>, value: PyObject, scope: Scope) {
    for (const handler of one.handlers) {
      if (handler.kind === undefined) return handler;
      const kinds = yield* this.value(handler.kind, scope);
      const all = kinds instanceof PyTuple ? kinds.items : [kinds];
      if (all.some((kind) => kind instanceof PyType && isKind(value.type, kind))) return handler;
    }
    return undefined;
  }

  private *within(one: Extract<Statement, { type: "with" }>, scope: Scope, name: string): Gen<Completion> {
    const opened: Value[] = [];
    for (const { value, target } of one.items) {
      const resource = yield* this.value(value, scope);
      opened.push(resource);
      if (target !== undefined) yield* assign(this, target, resource, scope);
    }
    try {
      return yield* this.block(one.body, scope, name);
    } finally {
      for (const resource of opened) {
        if (resource instanceof PyObject && resource.attributes.has("close"))
          yield* this.call(resource.attributes.get("close")!, [], new Map());
      }
    }
  }

  // ---- expressions --------------------------------------------------------------------------------------------------

  *value(one: Expression, scope: Scope): Gen<Value> {
    switch (one.type) {
      case "constant":
        return one.value;
      case "name": {
        const found = scope.find(one.name);
        if (found === undefined) throw raised("NameError", `name '${one.name}' is not defined`);
        return found;
      }
      case "format": {
        let out = "";
        for (const part of one.parts) {
          if (typeof part === "string") out += part;
          else {
            const inner = yield* this.value(part.value, scope);
            const shown = part.conversion === "r" ? repr(inner) : part.conversion === "s" ? str(inner) : inner;
            const spec = part.spec === undefined ? "" : str(yield* this.value(part.spec, scope));
            out += formatValue(shown, spec);
          }
        }
        return out;
      }
      case "attribute":
        return attributeOf(yield* this.value(one.of, scope), one.name);
      case "index": {
        const of = yield* this.value(one.of, scope);
        const at = yield* this.value(one.at, scope);
        if (of instanceof PyDict && of.missing !== undefined && of.get(at) === undefined)
          of.set(at, yield* this.call(of.missing, [], new Map()));
        return binary("[]", of, at);
      }
      case "slice": {
        const parts: [string, Value][] = [];
        for (const name of ["from", "to", "step"] as const) {
          const part = one[name];
          parts.push([name, part === undefined ? null : yield* this.value(part, scope)]);
        }
        return new PyObject(SLICE, parts);
      }
      case "call":
        return yield* this.called(one, scope);
      case "binary":
        return binary(one.operator, yield* this.value(one.left, scope), yield* this.value(one.right, scope));
      case "unary":
        return unary(one.operator, yield* this.value(one.operand, scope));
      case "compare": {
        let left = yield* this.value(one.first, scope);
        for (const { operator, value } of one.rest) {
          const right = yield* this.value(value, scope);
          if (!compare(operator, left, right)) return false;
          left = right;
        }
        return true;
      }
      case "and": {
        const left = yield* this.value(one.left, scope);
        return truthy(left) ? yield* this.value(one.right, scope) : left;
      }
      case "or": {
        const left = yield* this.value(one.left, scope);
        return truthy(left) ? left : yield* this.value(one.right, scope);
      }
      case "conditional":
        return yield* this.value(truthy(yield* this.value(one.test, scope)) ? one.yes : one.no, scope);
      case "lambda":
        return yield* this.closure("<lambda>", one.parameters, one.body, scope);
      case "list":
        return new PyList(yield* this.items(one.items, scope));
      case "tuple":
        return new PyTuple(yield* this.items(one.items, scope));
      case "set":
        return new PySet(yield* this.items(one.items, scope));
      case "dict":
        return yield* this.dict(one, scope);
      case "comprehension":
        return yield* this.comprehension(one, scope);
      case "walrus": {
        const value = yield* this.value(one.value, scope);
        scope.set(one.name, value);
        return value;
      }
      default:
        throw typeError("can't use starred expression here");
    }
  }

  private *items(all: readonly Expression[], scope: Scope): Gen<Value[]> {
    const out: Value[] = [];
    for (const item of all) {
      if (item.type === "star") out.push(...(yield* this.iterate(yield* this.value(item.operand, scope))));
      else out.push(yield* this.value(item, scope));
    }
    return out;
  }

  private *dict(one: Extract<Expression, { type: "dict" }>, scope: Scope): Gen<PyDict> {
    const out = new PyDict();
    for (const { key, value } of one.entries) {
      const made = yield* this.value(value, scope);
      if (key !== undefined) out.set(yield* this.value(key, scope), made);
      else if (made instanceof PyDict) for (const [each, inner] of made.entries.values()) out.set(each, inner);
      else throw typeError(`'${typeName(made)}' object is not a mapping`);
    }
    return out;
  }

  private *comprehension(one: Extract<Expression, { type: "comprehension" }>, scope: Scope): Gen<Value> {
    const inner = new Scope(scope);
    const found: [Value, Value][] = [];
    yield* this.clauses(one.clauses, 0, inner, scope, function* (py) {
      const key = yield* py.value(one.key, inner);
      found.push([key, one.value === undefined ? null : yield* py.value(one.value, inner)]);
    });
    if (one.of === "dict") return new PyDict(found);
    const keys = found.map(([key]) => key);
    if (one.of === "set") return new PySet(keys);
    return one.of === "list" ? new PyList(keys) : iterator(keys);
  }

  private *clauses(
    all: readonly Clause[],
    at: number,
    inner: Scope,
    outer: Scope,
    found: (py: Interpreter) => Gen,
  ): Gen {
    const clause = all[at];
    if (clause === undefined) return yield* found(this);
    const source = yield* this.value(clause.source, at === 0 ? outer : inner);
    next: for (const item of yield* this.iterate(source)) {
      if (++this.steps % STEPS === 0) yield* this.charge();
      yield* assign(this, clause.targets, item, inner);
      for (const condition of clause.conditions) if (!truthy(yield* this.value(condition, inner))) continue next;
      yield* this.clauses(all, at + 1, inner, outer, found);
    }
  }

  /** The items of what can be gone through. */
  iterate(value: Value): Gen<Iterable<Value>> {
    return itemsOf(this, value);
  }

  // ---- functions ----------------------------------------------------------------------------------------------------

  private *closure(
    name: string,
    parameters: PyFunction["parameters"],
    body: PyFunction["body"],
    scope: Scope,
  ): Gen<PyFunction> {
    const defaults = new Map<string, Value>();
    for (const one of parameters) if (one.value) defaults.set(one.name, yield* this.value(one.value, scope));
    return new PyFunction(name, parameters, defaults, body, scope);
  }

  private *called(one: Extract<Expression, { type: "call" }>, scope: Scope): Gen<Value> {
    const callee = yield* this.value(one.callee, scope);
    const args: Value[] = [];
    const named = new Map<string, Value>();
    for (const { name, star, value } of one.arguments) {
      const made = yield* this.value(value, scope);
      if (star === 1) args.push(...(yield* this.iterate(made)));
      else if (star === 2 && made instanceof PyDict) {
        for (const [key, each] of made.entries.values()) named.set(str(key), each);
      } else if (name !== undefined) named.set(name, made);
      else args.push(made);
    }
    return yield* this.call(callee, args, named);
  }

  *call(callee: Value, args: Value[], named: Map<string, Value>): Gen<Value> {
    if (callee instanceof PyNative || callee instanceof PyType) {
      const made = (callee instanceof PyType ? callee.make : callee.body)(args, named, this);
      return isGen(made) ? yield* made : made;
    }
    if (!(callee instanceof PyFunction)) throw typeError(`'${typeName(callee)}' object is not callable`);
    if (this.depth >= DEEPEST) throw raised("RecursionError", "maximum recursion depth exceeded");
    const scope = new Scope(callee.scope);
    bind(callee, args, named, scope);
    if (!Array.isArray(callee.body)) return yield* this.value(callee.body as Expression, scope);
    this.depth++;
    this.frames.push(scope);
    try {
      const done = yield* this.block(callee.body, scope, callee.name);
      return typeof done === "object" ? done.value : null;
    } finally {
      this.depth--;
      this.frames.pop();
    }
  }

  module(path: string): PyModule {
    let module = this.loaded.get(path);
    if (module === undefined) {
      const make = this.modules.get(path);
      if (make === undefined) throw raised("ModuleNotFoundError", `No module named '${path}'`);
      module = make(this);
      this.loaded.set(path, module);
    }
    return module;
  }
}

const SLICE = new PyType("slice", () => null);

function isGen(value: unknown): value is Gen<Value> {
  return typeof value === "object" && value !== null && "next" in value && typeof value.next === "function";
}
