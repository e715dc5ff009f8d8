import type { Gen } from "../../kernel/index.ts";
import { applyAssignment, assignArray, type Element, expandArray, type Prepared, settledIndex } from "../assignment.ts";
import { AssociativeArray, CONVERTED_BUCKETS } from "../assoc.ts";
import { readonlyVariable, ShellError } from "../control.ts";
import { expandingAtOnce } from "../expand.ts";
import { closeBrace } from "../scan.ts";
import type { Shell } from "../shell.ts";
import { parseText } from "../source.ts";
import { isNameReference, type Variable } from "../variables.ts";

/** What a declaration names: a variable or an element, and what it is set to. */
export interface Aim {
  name: string;
  index: string | undefined;
  ready: Prepared | undefined;
}

export type DeclarationKind = "declare" | "local" | "export" | "readonly";

/** The options of a declaration. */
export interface Flags {
  on: (letter: string) => boolean;
  off: (letter: string) => boolean;
}

/** Splits an argument `name`, `name=value`, `name[i]=value`; undefined when it is none. */
export function aimOf(arg: string, ready: Prepared | undefined): Aim | undefined {
  // What a subscript was expanded to may have ended it.
  const parsed = !ready?.index || aimOf(arg, undefined) !== undefined;
  if (ready && parsed) return { name: ready.name, index: ready.index, ready };
  const name = /^[A-Za-z_]\w*/.exec(arg)?.[0];
  if (name === undefined) return undefined;
  let at = name.length;
  let index: string | undefined;
  if (arg[at] === "[") {
    const end = closeBrace(arg, at + 1, "[", "]");
    if (arg[end] !== "]" || end === at + 1) return undefined;
    index = arg.slice(at + 1, end);
    at = end + 1;
  }
  const rest = arg.slice(at);
  if (rest === "") return { name, index, ready: undefined };
  const append = rest.startsWith("+=");
  if (!append && rest[0] !== "=") return undefined;
  const value = rest.slice(append ? 2 : 1);
  return { name, index, ready: { name, index, append, value, elements: undefined, raw: "", hasValue: true } };
}

const CASES = ["lower", "upper", "capital"] as const;

const fail = (message: string) => new ShellError(message, "fail");

/** Carries out one argument of `declare` and its kin, in the order in which bash checks and sets (declare.def). */
export function* declareOne(sh: Shell, aim: Aim, kind: DeclarationKind, flags: Flags, label: string): Gen<void> {
  const { vars } = sh;
  const local = kind === "local" || (kind === "declare" && sh.functionDepth > 0 && !flags.on("g"));
  if (!local && flags.on("g")) {
    // The global variable, though locals hide it: it is brought back while it is worked on.
    const frame = vars.frames.find((one) => one.has(aim.name));
    if (frame !== undefined) {
      const hiding = vars.find(aim.name);
      const hidden = frame.get(aim.name);
      if (hidden) vars.put(aim.name, hidden);
      else vars.remove(aim.name);
      try {
        yield* new Declaration(sh, kind, flags, label, false).run(aim);
      } finally {
        frame.set(aim.name, vars.find(aim.name));
        if (hiding) vars.put(aim.name, hiding);
        else vars.remove(aim.name);
      }
      return;
    }
  }
  yield* new Declaration(sh, kind, flags, label, local).run(aim);
}

/** A read-only global variable cannot be made local. */
function keepsGlobal({ vars }: Shell, name: string): boolean {
  return vars.find(name)?.readonly === true && !vars.frames.some((one) => one.has(name));
}

/**
 * What comes of the elements of `declare a=(…)` before the builtin runs: they are shown, and an array that may not have
 * them is told of (`expand_declaration_argument` of bash's subst.c). `words`: those before, the builtin's name first.
 */
export function* declareElements(
  sh: Shell,
  words: readonly string[],
  ready: Prepared,
  show: Gen<void> | undefined,
): Gen<void> {
  const [builtin = ""] = words.filter((word) => word !== "command" && word !== "builtin");
  const has = (letter: string) => words.some((word) => /^-[a-zA-Z]+$/.test(word) && word.includes(letter));
  const local = builtin === "local" || (/^(?:declare|typeset)$/.test(builtin) && sh.functionDepth > 0 && !has("g"));
  const inherits = sh.shopts.has("localvar_inherit") || has("I");
  const hidden = local && !inherits && !sh.vars.frames.at(-1)?.has(ready.name);
  const own = hidden ? undefined : sh.vars.find(sh.vars.target(ready.name));
  let refused: string | undefined;
  if (local && own === undefined && keepsGlobal(sh, ready.name)) refused = `${ready.name}: readonly variable`;
  else if (own?.map && has("a")) refused = `${ready.name}: cannot convert associative to indexed array`;
  else if (own?.list && has("A")) refused = `${ready.name}: cannot convert indexed to associative array`;
  if (refused !== undefined) {
    if (sh.functionDepth === 0) {
      const error = new ShellError(refused);
      error.bare = true;
      throw error;
    }
    yield* sh.complain(`${begunBy(sh)}${refused}`);
    return;
  }
  if (show) yield* show;
  for (const message of ready.refusals?.messages ?? []) yield* sh.complain(message);
  if (own?.readonly) throw readonlyVariable(ready.name);
}

/** Bash names the command that it ran last: the function, for the first command in it. */
function begunBy(sh: Shell): string {
  // Or the DEBUG trap's command, which is over.
  if (sh.traps.has("DEBUG")) return "";
  const { name = "" } = sh.calls.at(-1) ?? {};
  const body = sh.functions.get(name)?.node.body;
  const first = body?.type === "BraceGroup" ? body.body.commands[0] : undefined;
  return first !== undefined && first.command === sh.simpleNode ? `${name}: ` : "";
}

class Declaration {
  private readonly sh: Shell;
  private readonly kind: DeclarationKind;
  private readonly flags: Flags;
  private readonly label: string;
  private readonly local: boolean;
  /** `-n` and `+n`, which `export -n` and `readonly -n` are not. */
  private readonly makeReference: boolean;
  private readonly dropReference: boolean;

  constructor(sh: Shell, kind: DeclarationKind, flags: Flags, label: string, local: boolean) {
    this.sh = sh;
    this.kind = kind;
    this.flags = flags;
    this.label = label;
    this.local = local;
    const declares = kind === "declare" || kind === "local";
    this.makeReference = declares && flags.on("n");
    this.dropReference = declares && flags.off("n");
  }

  *run({ name, index, ready }: Aim): Gen<void> {
    const { flags } = this;
    if (this.makeReference) yield* this.checkReference(name, index, ready);
    for (let tries = 0; tries < 9; tries++) {
      const found = yield* this.find(name, index, ready);
      if (found === undefined) return;
      if (found.again === undefined) {
        yield* this.change(found.name, index, ready, found.variable, found.reference);
        return;
      }
      // A reference to a variable that is not there: that one is declared.
      const aim = aimOf(found.again, undefined);
      const whole = this.kind === "export" || this.kind === "readonly";
      if (aim === undefined || (aim.index !== undefined && (index !== undefined || whole)))
        throw new ShellError(`\`${found.again}': not a valid identifier`, "fail");
      name = aim.name;
      index = aim.index ?? index;
      if (ready) ready = { ...ready, name, index };
      if (ready && index !== undefined && ready.elements && !flags.on("a"))
        throw fail(`${name}[${index}]: cannot assign list to array member`);
    }
  }

  private *checkReference(name: string, index: string | undefined, ready: Prepared | undefined): Gen<void> {
    if (index !== undefined) throw fail(`${name}[${index}]: reference variable cannot be an array`);
    if (ready?.elements) {
      // Elements are assigned before the builtin runs.
      assignArray(this.sh, name, ready.elements, ready.append);
      throw fail(`${name}: reference variable cannot be an array`);
    }
    const value = ready?.value ?? "";
    if (ready && value === "" && !ready.append) throw fail("`': not a valid identifier");
    if (value === name || value.startsWith(`${name}[`)) {
      if (this.sh.functionDepth === 0) throw fail(`${name}: nameref variable self references not allowed`);
      yield* this.sh.complain(`${this.label}: warning: ${name}: circular name reference`);
      yield* this.sh.complain(`warning: ${name}: circular name reference`);
    }
    if (value !== "" && !ready!.append && !isNameReference(value))
      throw fail(`\`${value}': invalid variable name for name reference`);
  }

  /** The variable that a declaration is about; `again`: the name that it refers to is to be declared instead. */
  private *find(
    name: string,
    index: string | undefined,
    ready: Prepared | undefined,
  ): Gen<
    | { name: string; variable: Variable | undefined; reference: Variable | undefined; again?: string | undefined }
    | undefined
  > {
    const { vars } = this.sh;
    const { flags, makeReference, dropReference } = this;
    if (this.local) {
      const here = vars.frames.at(-1)?.has(name) ?? false;
      const actual = makeReference || dropReference || !here ? name : vars.target(name);
      const [bare] = actual.split("[");
      const variable = this.makeLocal(bare!);
      if (variable.nameref && variable.readonly && variable.value && dropReference)
        throw fail(`${name}: readonly variable`);
      return { name: bare!, variable, reference: undefined };
    }
    const own = vars.find(name);
    const reference = this.lastReference(name);
    if (makeReference) {
      if (own?.nameref) return { name, variable: own, reference: undefined };
      return { name, variable: own, reference: undefined };
    }
    let referring: Variable | undefined;
    if (dropReference) {
      referring = reference;
      if (referring?.value && referring.readonly) throw fail(`${name}: readonly variable`);
      if (referring && ready === undefined && !["a", "A", "i", "l", "u", "x", "r"].some(flags.on)) {
        referring.nameref = false;
        return undefined;
      }
    } else if (ready && index !== undefined && own?.nameref) {
      yield* this.sh.complain(`warning: ${name}: removing nameref attribute`);
      own.value = undefined;
      own.nameref = false;
      return { name, variable: own, reference: undefined };
    } else referring = reference;
    if (referring?.value) {
      const target = vars.target(name);
      const variable = target.includes("[") ? undefined : vars.find(target);
      if (variable === undefined) {
        if (dropReference) referring.nameref = false;
        return { name, variable, reference: referring, again: target };
      }
      return { name: target, variable, reference: referring };
    }
    return { name, variable: own, reference: referring };
  }

  /** The last reference of the chain that a name begins. */
  private lastReference(name: string): Variable | undefined {
    const { vars } = this.sh;
    let found: Variable | undefined;
    for (let i = 0; i < 8; i++) {
      const variable = vars.find(name);
      if (!variable?.nameref) break;
      found = variable;
      if (!variable.value) break;
      name = variable.value;
    }
    return found;
  }

  private makeLocal(name: string): Variable {
    const { sh } = this;
    const { frames } = sh.vars;
    const old = sh.vars.find(name);
    const own = frames.at(-1);
    if (old?.temporary && own?.has(name) && frames.length > 1) {
      // `v=1 local v`: what the builtin was given is the function's.
      const outer = frames.at(-2)!;
      if (!outer.has(name)) outer.set(name, own.get(name));
      own.delete(name);
      old.temporary = false;
      return old;
    }
    const frame = own;
    if (frame?.has(name)) return old ?? sh.vars.local(name);
    if (keepsGlobal(this.sh, name)) throw fail(`${name}: readonly variable`);
    const variable = sh.vars.local(name);
    if (name === "OPTIND" && frame) {
      frame.getoptsPosition = sh.getoptsPosition;
      sh.getoptsPosition = 0;
    }
    if (old === undefined) return variable;
    // In dash a local variable begins with what it hides.
    if (sh.setup.dialect === "dash") Object.assign(variable, old.copy(), { temporary: false });
    if (sh.shopts.has("localvar_inherit") || this.flags.on("I")) {
      const inherited = old.copy();
      if (!inherited.nameref) Object.assign(variable, inherited, { temporary: false });
    } else if (old.temporary) variable.value = old.value;
    variable.exported = old.exported;
    return variable;
  }

  private *change(
    name: string,
    index: string | undefined,
    ready: Prepared | undefined,
    existing: Variable | undefined,
    reference: Variable | undefined,
  ): Gen<void> {
    const { sh, flags, makeReference, dropReference } = this;
    const { on, off } = flags;
    const declares = this.kind === "declare" || this.kind === "local";
    if (existing) {
      if (makeReference && existing.isArray) throw fail(`${name}: reference variable cannot be an array`);
      const references = existing.nameref && !makeReference && !dropReference;
      if (references && ready && !ready.elements && !isNameReference(ready.value)) {
        if (this.local) throw fail(`\`${ready.value}': invalid variable name for name reference`);
        sh.vars.remove(name);
        throw fail(`\`${ready.value}': not a valid identifier`);
      }
      if (makeReference && !existing.nameref && existing.value !== undefined && !ready)
        if (!isNameReference(existing.value))
          throw fail(`\`${existing.value}': invalid variable name for name reference`);
      if (existing.readonly && ((makeReference && declares) || (off("r") && !references) || ready !== undefined))
        throw fail(`${name}: readonly variable`);
      if ((off("a") && existing.list) || (off("A") && existing.map))
        throw fail(`${name}: cannot destroy array variables in this way`);
      const kinds = on("a") && existing.map ? "associative to indexed" : "indexed to associative";
      if ((on("a") && existing.map) || (on("A") && existing.list)) throw fail(`${name}: cannot convert ${kinds} array`);
    }
    const compound = yield* this.compound(name, existing, index, ready);
    const variable = existing ?? sh.vars.ensure(name);
    const makes = declares || ready !== undefined;
    const wasArray = variable.isArray;
    const makesArray = makes && (on("a") || (index !== undefined && declares));
    if (makes && on("A") && !variable.map) {
      variable.map =
        variable.value === undefined
          ? new AssociativeArray()
          : new AssociativeArray([["0", variable.value]], CONVERTED_BUCKETS);
      variable.declaredEmpty = variable.value === undefined;
      variable.value = undefined;
      if (on("a")) throw fail(`${name}: cannot convert associative to indexed array`);
    } else if (makesArray && !variable.isArray) {
      variable.list = variable.value === undefined ? [] : [variable.value];
      variable.declaredEmpty = variable.value === undefined;
      variable.value = undefined;
    }
    if (ready && index !== undefined && !this.local && !compound && !wasArray && /^\(.*\)$/s.test(ready.value)) {
      const shown = `${name}[${index}]${ready.append ? "+" : ""}=${ready.value}`;
      yield* sh.complain(`warning: ${shown}: quoted compound array assignment deprecated`);
    }
    if (makesArray && !makeReference) variable.nameref = false;
    if (makeReference) {
      variable.integer = false;
      variable.letters = undefined;
    }
    this.setAttributes(variable);
    if (ready) {
      const place = index && (yield* settledIndex(sh, index));
      yield* expandingAtOnce(sh, () => this.assign(name, place, ready, compound, variable));
    }
    if (makeReference && !variable.isArray) {
      variable.nameref = true;
      if (variable.value === name) sh.vars.circular(name);
    }
    if (dropReference) variable.nameref = false;
    if (reference && dropReference) reference.nameref = false;
    if (on("r") || this.kind === "readonly") variable.readonly = true;
    if (variable.temporary && (variable.exported || variable.readonly)) variable.propagate = !declares || !this.local;
    sh.vars.changed();
  }

  private setAttributes(variable: Variable): void {
    const { on, off } = this.flags;
    const exports = this.kind === "export";
    if (on("i")) variable.integer = true;
    if (off("i")) variable.integer = false;
    // Two of them at once are none.
    const chosen = CASES.filter((one) => on(one[0]!));
    if (chosen.length > 0) variable.letters = chosen.length === 1 ? chosen[0] : undefined;
    for (const one of CASES) if (off(one[0]!) && variable.letters === one) variable.letters = undefined;
    if (on("t")) variable.traced = true;
    if (off("t")) variable.traced = false;
    if (on("x") || (exports && !on("n"))) variable.exported = true;
    if (off("x") || (exports && on("n"))) variable.exported = false;
  }

  /** Elements of `(…)`, which for an array may also come as a quoted text. */
  private *compound(
    name: string,
    existing: Variable | undefined,
    index: string | undefined,
    ready: Prepared | undefined,
  ): Gen<readonly Element[] | undefined> {
    if (ready === undefined) return undefined;
    if (ready.elements) return ready.elements;
    const { value } = ready;
    if (value[0] !== "(" || value.at(-1) !== ")" || value.length < 2) return undefined;
    const { on } = this.flags;
    const array = ((this.kind === "declare" || this.kind === "local") && existing?.isArray) || on("a") || on("A");
    if (!array || this.makeReference) return undefined;
    if (index !== undefined && !on("a") && !on("A")) return undefined;
    const node = parseText(`x=${value}`).commands[0]?.command;
    const assignment = node?.type === "Command" ? node.prefix[0] : undefined;
    if (assignment?.type !== "Assignment" || assignment.value.type !== "ArrayValue") return undefined;
    const keyed = (on("A") || existing?.map !== undefined) && { name, quoted: false };
    return yield* expandArray(this.sh, assignment.value.elements, keyed);
  }

  private assign(
    name: string,
    index: string | undefined,
    ready: Prepared,
    compound: readonly Element[] | undefined,
    variable: Variable,
  ): void {
    const { sh } = this;
    variable.declaredEmpty = false;
    if (compound) {
      if (index !== undefined && ready.elements) throw fail(`${name}[${index}]: cannot assign list to array member`);
      try {
        assignArray(sh, name, compound, ready.append);
      } catch (error) {
        if (error instanceof ShellError) error.unnamed = true;
        throw error;
      }
    } else if (index !== undefined) applyAssignment(sh, { ...ready, name, index });
    else if (this.makeReference || variable.nameref) this.refer(name, ready, variable);
    else sh.assign(name, undefined, ready.value, ready.append);
  }

  /** Sets what a reference refers to, as its other attributes make it: a number is no name, which nobody is told. */
  private refer(name: string, ready: Prepared, variable: Variable): void {
    const { sh } = this;
    const text = ready.append ? (variable.value ?? "") + ready.value : ready.value;
    if (ready.append && text === name && sh.functionDepth === 0) {
      const error = new ShellError(`${name}: nameref variable self references not allowed`, "fail");
      error.unnamed = true;
      throw error;
    }
    const value = sh.converted(variable, text, false, undefined);
    if (variable.integer && !isNameReference(value)) {
      if (variable.value === undefined) sh.vars.remove(name);
      throw fail("");
    }
    variable.value = value;
  }
}
