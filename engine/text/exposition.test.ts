import { expect, it } from "vitest";
import { Exposition, goFloat } from "./exposition.ts";
import { exponentialBounds, Histogram } from "./histogram.ts";

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

it("families stand by name with their help and type, labels are escaped, families without samples are left out", () => {
  const out = new Exposition();
  out.add("up", "gauge", "Whether it runs", 1);
  out.add("none", "gauge", "Nothing", []);
  out.add("requests_total", "counter", "Requests", [{ labels: { path: 'a"b\\c' }, value: 3, at: 17 }]);
  expect(out.page()).toBe(
    '# HELP requests_total Requests\n# TYPE requests_total counter\nrequests_total{path="a\\"b\\\\c"} 3 17\n# HELP up Whether it runs\n# TYPE up gauge\nup 1\n',
  );
});

it("a histogram counts what is at most as large as each bound", () => {
  const values = new Histogram(exponentialBounds(1, 2, 3));
  for (const value of [1, 1.5, 4, 9]) values.observe(value);
  const out = new Exposition();
  out.add("size", "histogram", "Sizes", values.samples({ kind: "a" }));
  expect(out.page().split("\n").slice(2, -1)).toEqual([
    'size_bucket{kind="a",le="1"} 1',
    'size_bucket{kind="a",le="2"} 2',
    'size_bucket{kind="a",le="4"} 3',
    'size_bucket{kind="a",le="+Inf"} 4',
    'size_sum{kind="a"} 15.5',
    'size_count{kind="a"} 4',
  ]);
});
