import { type AssociativeArray, hashOrder } from "./assoc.ts";

/** Most elements of an array. */
export const MAX_ELEMENTS = 2_000_000;

/** What a reference may refer to: a name, or an element of an array (`valid_nameref_value` of bash's general.c). */
export function isNameReference(text: string): boolean {
  return /^[A-Za-z_]\w*(\[[\s\S]+\])?$/.test(text);
}

/** A shell variable with its attributes. Exactly one of `value`, `list` and `map` holds what it is set to. */
export class Variable {
  value: string | undefined;
  /** Indexed array; sparse. */
  list: string[] | undefined;
  /** Associative array. */
  map: AssociativeArray | undefined;
  exported = false;
  readonly = false;
  integer = false;
  /** `declare -l`, `-u`, `-c`: the case of the letters of what is assigned. */
  letters: "lower" | "upper" | "capital" | undefined;
  nameref = false;
  /** `declare -t`. */
  traced = false;
  /** Set by an assignment before a command. */
  temporary = false;
  /** Exported or made read-only by the command that it was set for: it stays. */
  propagate = false;
  /** Declared as an array and never assigned. */
  declaredEmpty = false;
  /** Computed at each read, e.g. RANDOM; `undefined` while unset. */
  get: (() => string | undefined) | undefined;
  /** Computed at each read, and an array. */
  computedList = false;
  /** A computed array that was read: until then a listing shows none of it. */
  asked = true;
  set: ((value: string) => void) | undefined;
  /** Assigns an element of a computed array; without it nothing is assigned. */
  setAt: ((index: number, value: string) => void) | undefined;

  copy(): Variable {
    const other = new Variable();
    other.value = this.value;
    if (this.list) other.list = this.list.slice();
    if (this.map) other.map = this.map.copy();
    other.exported = this.exported;
    other.readonly = this.readonly;
    other.integer = this.integer;
    other.letters = this.letters;
    other.nameref = this.nameref;
    other.traced = this.traced;
    other.temporary = this.temporary;
    other.declaredEmpty = this.declaredEmpty;
    other.get = this.get;
    other.set = this.set;
    other.setAt = this.setAt;
    other.asked = this.asked;
    return other;
  }

  get isArray(): boolean {
    return this.list !== undefined || this.map !== undefined;
  }

  get isSet(): boolean {
    return this.get !== undefined || this.value !== undefined || this.list !== undefined || this.map !== undefined;
  }

  /** What `$name` gives: element 0 of arrays. */
  scalar(): string | undefined {
    if (this.get) return this.get();
    if (this.list) return this.list[0];
    if (this.map) return this.map.get("0");
    return this.value;
  }

  /** All elements in order. */
  elements(): string[] {
    if (this.list) return this.list.filter(() => true);
    if (this.map) return this.map.values();
    const value = this.scalar();
    return value === undefined ? [] : [value];
  }

  keys(): string[] {
    if (this.list) return Object.keys(this.list);
    if (this.map) return [...this.map.keys()];
    return this.scalar() === undefined ? [] : ["0"];
  }
}

/** What a function (or an assignment before a command) replaced, to be put back when it ends. */
export class Frame extends Map<string, Variable | undefined> {
  /** What `local -` puts back: the options of `set`. */
  options: Set<string> | undefined;
  /** It holds what a program is given: the shell itself does not see it. */
  environment = false;
  /** It holds what a builtin is given: what that makes local is the function's. */
  given = false;
  /** What a local OPTIND puts back: where `getopts` was in its word. */
  getoptsPosition: number | undefined;
}

/** All variables of a shell. Dynamic scoping: `local` replaces the visible variable and a frame remembers the old one. */
export class Variables {
  readonly all: Map<string, Variable>;
  readonly frames: Frame[];
  /** The shell ends within functions: what they made local stays for its EXIT trap. */
  keepsFrames = false;
  /** Told of each look at a local reference to its own name. */
  circled: (name: string) => void = () => {};
  /** Changes with every change of an exported variable. */
  private envCache: Map<string, string> | undefined;

  constructor(all = new Map<string, Variable>(), frames: Frame[] = []) {
    this.all = all;
    this.frames = frames;
  }

  copy(dynamic: (name: string, variable: Variable) => void): Variables {
    const all = new Map<string, Variable>();
    for (const [name, variable] of this.all) {
      const copied = variable.copy();
      if (copied.get || copied.map?.live) dynamic(name, copied);
      all.set(name, copied);
    }
    const frames = this.frames.map((frame) => {
      const copied = new Frame();
      copied.options = frame.options;
      for (const [name, variable] of frame) copied.set(name, variable?.copy());
      return copied;
    });
    return new Variables(all, frames);
  }

  find(name: string): Variable | undefined {
    return this.all.get(name);
  }

  /** Follows namerefs; the name that is meant, with an index if the reference has one. */
  target(name: string): string {
    let variable = this.all.get(name);
    const begun = name;
    for (let i = 0; i < 8 && variable?.nameref && variable.value; i++) {
      if (variable.value === name || variable.value === begun) {
        name = begun;
        this.circled(name);
        return `${name}\0`;
      }
      name = variable.value;
      if (name.includes("[")) return name;
      variable = this.all.get(name);
    }
    return name;
  }

  /** A local reference to its own name means the variable that it hides, which is kept by a name of its own. */
  circular(name: string): void {
    const frame = this.frames.at(-1);
    if (frame === undefined) return;
    const outermost = this.frames.find((one) => one.has(name));
    let hidden = outermost?.get(name);
    if (hidden === undefined) {
      hidden = new Variable();
      outermost?.set(name, hidden);
    }
    frame.set(`${name}\0`, undefined);
    this.all.set(`${name}\0`, hidden);
  }

  put(name: string, variable: Variable): void {
    this.all.set(name, variable);
    this.changed();
  }

  remove(name: string): void {
    this.all.delete(name);
    this.changed();
  }

  /** Tells that an exported variable may have changed. */
  changed(): void {
    this.envCache = undefined;
  }

  pushFrame(environment = false): void {
    const frame = new Frame();
    frame.environment = environment;
    this.frames.push(frame);
  }

  popFrame(): void {
    if (this.keepsFrames) return;
    const frame = this.frames.pop();
    if (frame === undefined || frame.size === 0) return;
    const outer = frame.given ? this.frames.at(-1) : undefined;
    if (outer) outer.getoptsPosition ??= frame.getoptsPosition;
    for (const [name, variable] of frame) {
      const now = this.all.get(name);
      if (outer && now && !now.temporary) {
        if (!outer.has(name)) outer.set(name, variable);
        continue;
      }
      if (now?.propagate) {
        now.propagate = now.temporary = false;
        continue;
      }
      if (variable === undefined) this.all.delete(name);
      else this.all.set(name, variable);
    }
    this.changed();
  }

  /** Makes a variable of the innermost frame, unset, or the one that is there already. */
  local(name: string): Variable {
    const frame = this.frames.at(-1);
    if (frame === undefined) return this.ensure(name);
    if (frame.has(name)) return this.ensure(name);
    frame.set(name, this.all.get(name));
    const variable = new Variable();
    this.all.set(name, variable);
    this.changed();
    return variable;
  }

  ensure(name: string): Variable {
    let variable = this.all.get(name);
    if (variable === undefined) {
      variable = new Variable();
      this.all.set(name, variable);
    }
    return variable;
  }

  /** The environment of commands that are started now. */
  environment(): Map<string, string> {
    if (this.envCache) return this.envCache;
    const env = new Map<string, string>();
    const given = new Map<string, string>();
    const give = (name: string, variable: Variable | undefined) => {
      const value = variable?.exported && !variable.isArray ? variable.scalar() : undefined;
      if (value !== undefined && !given.has(name)) given.set(name, value);
    };
    for (const [name, variable] of this.all) give(name, variable);
    // What is local and not exported, or has no value, hides no exported variable from programs.
    for (let i = this.frames.length - 1; i >= 0; i--)
      for (const [name, variable] of this.frames[i]!) give(name, variable);
    for (const name of hashOrder(given.keys())) env.set(name, given.get(name)!);
    this.envCache = env;
    return env;
  }

  names(): string[] {
    return [...this.all.keys()].filter((name) => !name.includes("\0")).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  }
}
