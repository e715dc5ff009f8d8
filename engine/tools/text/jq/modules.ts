/** What `import` and `include` bring into a program (jq's linker.c). */
import { patternNames } from "./check.ts";
import { type Json, type JsonObject, Literal } from "./json.ts";
import { parseJson } from "./json-stream.ts";
import { type Directive, parseModule, type Unit } from "./program.ts";
import { type Ast, CompileError, type Pattern } from "./syntax.ts";

type Binding = { t: "def"; def: Ast & { t: "def" } } | { t: "var"; name: string; value: Json };

/** Where modules are found and how they are read. */
export interface Shelf {
  /** `-L`, or jq's own. */
  directories: readonly string[];
  /** A file's text; undefined where there is none. */
  read(path: string): string | undefined;
}

const join = (dir: string, path: string): string => (path.startsWith("/") ? path : `${dir}/${path}`);
const dirOf = (path: string): string => path.replace(/\/[^/]*$/, "") || "/";

export class Linker {
  private readonly shelf: Shelf;

  constructor(shelf: Shelf) {
    this.shelf = shelf;
  }

  /** The program with all that its directives bring in around it. Throws CompileError. */
  link(directives: readonly Directive[], program: Ast, prelude: string | undefined): Ast {
    const bindings = prelude === undefined ? [] : this.own(parseModule(prelude), ".");
    for (const directive of directives) bindings.push(...this.brought(directive, "."));
    return bindings.reduceRight<Ast>(
      (rest, binding) =>
        binding.t === "def"
          ? { ...binding.def, rest }
          : {
              t: "as",
              source: { t: "value", value: binding.value },
              patterns: [{ t: "var", name: binding.name }],
              body: rest,
            },
      program,
    );
  }

  /** `modulemeta`. Throws CompileError. */
  meta(name: string): Json {
    const { meta, directives, definitions } = parseModule(this.find({ path: name, meta: new Map() }, ".", "jq").text);
    const deps = directives.map((directive) => {
      const entry: JsonObject = new Map(directive.meta);
      if (directive.alias !== undefined) entry.set("as", directive.alias);
      entry.set("is_data", directive.data);
      entry.set("relpath", directive.path);
      return entry;
    });
    const defs = definitions.map((def) => `${def.name}/${def.params.length}`);
    return new Map<string, Json>([...meta, ["deps", deps], ["defs", defs]]);
  }

  private brought(directive: Directive, from: string): Binding[] {
    const { alias, data } = directive;
    if (data && alias !== undefined) {
      const value = parseJson(this.find(directive, from, "json").text);
      return [alias, `${alias}::${alias}`].map((name) => ({ t: "var", name, value }));
    }
    const { path, text } = this.find(directive, from, "jq");
    const bindings = this.own(parseModule(text), dirOf(path));
    return alias === undefined ? bindings : prefixed(bindings, alias);
  }

  private own({ directives, definitions }: Unit, from: string): Binding[] {
    return [
      ...directives.flatMap((directive) => this.brought(directive, from)),
      ...definitions.map((def): Binding => ({ t: "def", def })),
    ];
  }

  private find(
    { path, meta }: Pick<Directive, "path" | "meta">,
    from: string,
    ending: string,
  ): { path: string; text: string } {
    const search = meta.get("search");
    const first = (Array.isArray(search) ? search : [search]).filter((each) => typeof each === "string");
    const base = path.replace(/^.*\//, "");
    const near = first.length > 0 ? first.map((each) => join(from, each)) : [from];
    for (const dir of [...near, ...this.shelf.directories]) {
      for (const file of [`${path}.${ending}`, `${path}/${base}.${ending}`]) {
        const text = this.shelf.read(join(dir, file));
        if (text !== undefined) return { path: join(dir, file), text };
      }
    }
    throw new CompileError(`jq: error: module not found: ${path}\n\njq: 1 compile error\n`);
  }
}

/** The same under names that begin with an alias, inside as well. */
function prefixed(bindings: readonly Binding[], alias: string): Binding[] {
  const functions = new Map<string, string>();
  const variables = new Map<string, string>();
  return bindings.map((binding): Binding => {
    if (binding.t === "var") {
      variables.set(binding.name, `${alias}::${binding.name}`);
      return { ...binding, name: `${alias}::${binding.name}` };
    }
    const { def } = binding;
    const name = `${alias}::${def.name}`;
    functions.set(`${def.name}/${def.params.length}`, name);
    const body = renamed(
      def.body,
      without(
        functions,
        def.params.map((param) => `${param}/0`),
      ),
      variables,
    );
    return { t: "def", def: { ...def, name, body } };
  });
}

type Names = ReadonlyMap<string, string>;

function without(names: Names, gone: readonly string[]): Names {
  if (!gone.some((name) => names.has(name))) return names;
  const out = new Map(names);
  for (const name of gone) out.delete(name);
  return out;
}

/** A tree in which free names have become others. */
function renamed<T>(node: T, functions: Names, variables: Names): T {
  if (Array.isArray(node)) return node.map((item) => renamed(item, functions, variables)) as T;
  if (node === null || typeof node !== "object" || node instanceof Map || node instanceof Literal) return node;
  const ast = node as unknown as Ast;
  const again = <U>(part: U, gone: readonly string[] = []): U => renamed(part, functions, without(variables, gone));
  switch (ast.t) {
    case "value":
      return node;
    case "def": {
      const own = without(functions, [`${ast.name}/${ast.params.length}`]);
      const inner = without(
        own,
        ast.params.map((param) => `${param}/0`),
      );
      const out: Ast = {
        ...ast,
        body: renamed(ast.body, inner, variables),
        rest: renamed(ast.rest, own, variables),
      };
      return out as T;
    }
    case "call": {
      const name = functions.get(`${ast.name}/${ast.args.length}`) ?? ast.name;
      return { ...ast, name, args: again(ast.args) } as T;
    }
    case "var":
      return { ...ast, name: variables.get(ast.name) ?? ast.name } as T;
    case "as": {
      const bound = ast.patterns.flatMap(patternNames);
      const patterns = ast.patterns.map((pattern) => inPattern(pattern, functions, variables));
      return { ...ast, source: again(ast.source), patterns, body: again(ast.body, bound) } as T;
    }
    case "reduce":
    case "foreach": {
      const bound = patternNames(ast.pattern);
      const out = {
        ...ast,
        source: again(ast.source),
        pattern: inPattern(ast.pattern, functions, variables),
        init: again(ast.init),
        update: again(ast.update, bound),
      };
      if (out.t === "foreach") out.extract = again(out.extract, bound);
      return out as T;
    }
    default: {
      const out: Record<string, unknown> = {};
      for (const [key, value] of Object.entries(node)) out[key] = again(value);
      return out as T;
    }
  }
}

function inPattern(pattern: Pattern, functions: Names, variables: Names): Pattern {
  if (pattern.t === "var") return pattern;
  if (pattern.t === "array") {
    return { t: "array", items: pattern.items.map((item) => inPattern(item, functions, variables)) };
  }
  return {
    t: "object",
    entries: pattern.entries.map((entry) => ({
      ...entry,
      key: renamed(entry.key, functions, variables),
      value: entry.value && inPattern(entry.value, functions, variables),
    })),
  };
}
