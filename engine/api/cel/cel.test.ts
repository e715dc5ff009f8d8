import { describe, expect, it } from "vitest";
import { compileCel, toCel } from "./cel.ts";
import { CelError } from "./error.ts";

const self = toCel({
  a: 1,
  b: "x-1",
  list: [{ name: "n", path: { type: "Exact" } }, { name: "m" }],
  map: { k: "v" },
  cpu: "500m",
}) as Record<string, unknown>;

describe("cel", () => {
  it.each<[string, unknown]>([
    ["self.a + 1 == 2", true],
    ["has(self.list[0].path)", true],
    ["has(self.list[1].path) || has(self.map.k)", true],
    ["has(self.nothing)", false],
    ["!has(self.list[0].path.type) || self.list[0].path.type == 'Exact'", true],
    ["self.b.matches('^x-[0-9]+$')", true],
    ["'matches(has('.size() == 12", true],
    ["self.list.all(l, has(l.name))", true],
    ["self.list.map(l, l.name).join(',') == 'n,m'", true],
    ["self.b.find('[0-9]+') == '1'", true],
    ["quantity(self.cpu).isLessThan(quantity('1'))", true],
    ["isQuantity('1Q')", false],
    ["[1, 2, 3].sum() == 6 && [2, 1].max() == 2 && ['a', 'b'].isSorted()", true],
    ["'%s-%d'.format(['a', 2]) == 'a-2'", true],
    ["self.?nothing.orValue('d') == 'd'", true],
    ["isIP('10.0.0.1') && isCIDR('10.0.0.0/8') && !isIP('10.0.0')", true],
    ["duration('1h') > duration('59m')", true],
    ["cel.bind(n, self.list.size(), n == 2)", true],
  ])("%s", (expression, value) => expect(compileCel(expression).run({ self })).toBe(value));

  it.each([
    ["self.nothing == 1", "no such key: nothing"],
    ["self.list[5].name == ''", "index out of bounds: 5"],
    ["1 / 0 == 1", "division by zero"],
  ])("%s fails: %s", (expression, message) => {
    const run = () => compileCel(expression).run({ self });
    expect(run).toThrow(CelError);
    expect(run).toThrow(message);
  });

  it("says where an expression does not parse", () => {
    expect(() => compileCel("self.a ==")).toThrow("Syntax error: mismatched input '<EOF>'");
  });
});
