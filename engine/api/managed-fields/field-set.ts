/**
 * Sets of paths into an object (sigs.k8s.io/structured-merge-diff/v4/fieldpath). A path element is kept as FieldsV1
 * writes it: `f:name`, `k:{"name":"x"}`, `v:"x"`.
 */
export type FieldPath = readonly string[];

export class FieldSet {
  readonly members = new Set<string>();
  readonly children = new Map<string, FieldSet>();

  get empty(): boolean {
    if (this.members.size > 0) return false;
    for (const child of this.children.values()) if (!child.empty) return false;
    return true;
  }

  insert(path: FieldPath): void {
    if (path.length === 0) return;
    let set: FieldSet = this;
    for (let i = 0; i < path.length - 1; i++) {
      let next = set.children.get(path[i]!);
      if (next === undefined) set.children.set(path[i]!, (next = new FieldSet()));
      set = next;
    }
    set.members.add(path[path.length - 1]!);
  }

  union(other: FieldSet): FieldSet {
    const out = new FieldSet();
    for (const member of this.members) out.members.add(member);
    for (const member of other.members) out.members.add(member);
    for (const [element, child] of this.children) {
      const theirs = other.children.get(element);
      out.children.set(element, theirs ? child.union(theirs) : child);
    }
    for (const [element, child] of other.children) if (!out.children.has(element)) out.children.set(element, child);
    return out;
  }

  intersection(other: FieldSet): FieldSet {
    const out = new FieldSet();
    for (const member of this.members) if (other.members.has(member)) out.members.add(member);
    for (const [element, child] of this.children) {
      const theirs = other.children.get(element);
      const both = theirs && child.intersection(theirs);
      if (both && !both.empty) out.children.set(element, both);
    }
    return out;
  }

  /** Without the members of another set; what lies below those stays. */
  difference(other: FieldSet): FieldSet {
    const out = new FieldSet();
    for (const member of this.members) if (!other.members.has(member)) out.members.add(member);
    for (const [element, child] of this.children) {
      const theirs = other.children.get(element);
      const rest = theirs ? child.difference(theirs) : child;
      if (!rest.empty) out.children.set(element, rest);
    }
    return out;
  }

  /** Without the members of another set and all that lies below them. */
  recursiveDifference(other: FieldSet): FieldSet {
    const out = new FieldSet();
    for (const member of this.members) if (!other.members.has(member)) out.members.add(member);
    for (const [element, child] of this.children) {
      if (other.members.has(element)) continue;
      const theirs = other.children.get(element);
      const rest = theirs ? child.recursiveDifference(theirs) : child;
      if (!rest.empty) out.children.set(element, rest);
    }
    return out;
  }

  /** Calls for every path, sorted. */
  each(visit: (path: FieldPath) => void, prefix: FieldPath = []): void {
    for (const member of [...this.members].sort()) visit([...prefix, member]);
    for (const element of [...this.children.keys()].sort())
      this.children.get(element)!.each(visit, [...prefix, element]);
  }

  /** FieldsV1. */
  toJson(self = false): Record<string, unknown> {
    const out: Record<string, unknown> = {};
    if (self && (this.members.size > 0 || this.children.size > 0)) out["."] = {};
    const elements = new Set([...this.members, ...this.children.keys()]);
    for (const element of [...elements].sort()) {
      const child = this.children.get(element);
      out[element] = child ? child.toJson(this.members.has(element)) : {};
    }
    return out;
  }

  static fromJson(fields: unknown): FieldSet {
    const out = new FieldSet();
    if (typeof fields !== "object" || fields === null) return out;
    for (const [element, below] of Object.entries(fields)) {
      if (element === ".") continue;
      const keys = typeof below === "object" && below !== null ? Object.keys(below) : [];
      if (keys.length === 0 || keys.includes(".")) out.members.add(element);
      if (keys.some((key) => key !== ".")) out.children.set(element, FieldSet.fromJson(below));
    }
    return out;
  }

  static of(...paths: FieldPath[]): FieldSet {
    const out = new FieldSet();
    for (const path of paths) out.insert(path);
    return out;
  }
}

/** `.spec.template.spec.containers[name="c"].image`, as conflicts name a field (fieldpath.Path String). */
export function pathText(path: FieldPath): string {
  return path
    .map((element) => {
      const rest = element.slice(2);
      if (element[0] === "f") return `.${rest}`;
      if (element[0] === "k") {
        const keys = Object.entries(JSON.parse(rest) as Record<string, unknown>);
        return `[${keys.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(",")}]`;
      }
      return element[0] === "v" ? `[=${rest}]` : `[${rest}]`;
    })
    .join("");
}
