import fc from "fast-check";

/** Rules of a grammar: a name and its alternatives. The form is told at the head of `kubectl.grammar`. */
type Rules = ReadonlyMap<string, readonly { weight: number; text: string }[]>;

/** Reads a grammar. Throws for one that names a rule it has not. */
export function rulesOf(text: string): Rules {
  const rules = new Map<string, { weight: number; text: string }[]>();
  let current: { weight: number; text: string }[] = [];
  for (const line of text.split("\n")) {
    if (line.startsWith("#") || line.trim() === "") continue;
    const head = /^([a-z-]+):(?: |$)/.exec(line);
    if (head) rules.set(head[1]!, (current = []));
    for (const alternative of line
      .slice(head?.[0].length ?? 0)
      .trim()
      .split(/ {2,}/)) {
      if (alternative === "") continue;
      const [, weight = "1", rest] = /^(?:(\d+):)?(.*)$/.exec(alternative)!;
      current.push({ weight: Number(weight), text: rest === "_" ? "" : rest! });
    }
  }
  return rules;
}

const quoted = (text: string) => (/^[\w./:=,@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

/** Texts that a rule of the grammar stands for. */
export function textsOf(rules: Rules, start: string): fc.Arbitrary<string> {
  const made = new Map<string, fc.Arbitrary<string>>();
  const alternatives = (name: string) => {
    const found = rules.get(name);
    if (found === undefined) throw new Error(`the grammar has no rule ${name}`);
    return found;
  };
  const rule = (name: string): fc.Arbitrary<string> => {
    let arbitrary = made.get(name);
    if (arbitrary === undefined) {
      const each = alternatives(name).map(({ weight, text }) => ({ weight, arbitrary: expanded(text) }));
      made.set(name, (arbitrary = fc.oneof(...each)));
    }
    return arbitrary;
  };
  const reference = (name: string, how: string): fc.Arbitrary<string> => {
    if (how === "*") {
      const all = alternatives(name).map(({ text }) => text);
      return fc.subarray(all, { maxLength: Math.min(4, all.length) }).map((some) => some.join(" "));
    }
    if (how === "!") return rule(name).map(quoted);
    if (how === "") return rule(name);
    const nothing = { weight: how === "?" ? 3 : 9, arbitrary: fc.constant("") };
    return fc.oneof(nothing, { weight: 1, arbitrary: rule(name) });
  };
  const expanded = (text: string): fc.Arbitrary<string> => {
    const parts = text.split(/(<[a-z-]+(?:\?{0,2}|[*!])>)/).map((part) => {
      const found = /^<([a-z-]+)([?*!]*)>$/.exec(part);
      return found ? reference(found[1]!, found[2]!) : fc.constant(part);
    });
    return fc.tuple(...parts).map((all) => all.join(""));
  };
  return rule(start);
}
