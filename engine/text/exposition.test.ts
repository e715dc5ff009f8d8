import { expect, it } from "vitest";
import { Exposition, goFloat } from "./exposition.ts";

// strconv.FormatFloat(v, 'g', -1, 64), which expfmt writes values with.
it.each([
  [0, "0"],
  [1, "1"],
  [0.25, "0.25"],
  [999_999, "999999"],
  [1_000_000, "1e+06"],
  [1_234_567.5, "1.2345675e+06"],
  [0.0001, "0.0001"],
  [0.00001, "1e-05"],
])("%d is written as %s", (value, text) => expect(goFloat(value)).toBe(text));

it("families have their help and type, labels are escaped, families without samples are left out", () => {
  const out = new Exposition();
  out.add("up", "gauge", "Whether it runs", 1);
  out.add("none", "gauge", "Nothing", []);
  out.add("requests_total", "counter", "Requests", [{ labels: { path: 'a"b\\c' }, value: 3, at: 17 }]);
  expect(out.page()).toBe(
    '# HELP up Whether it runs\n# TYPE up gauge\nup 1\n# HELP requests_total Requests\n# TYPE requests_total counter\nrequests_total{path="a\\"b\\\\c"} 3 17\n',
  );
});
