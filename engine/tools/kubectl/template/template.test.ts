import { describe, expect, it } from "vitest";
import { quoteString } from "../../../text/go-quote.ts";
import { GoTemplate, GoTemplateError } from "../printers/go-template.ts";
import { formatFloat, unquote } from "./strconv.ts";

/** What test/differential/kubectl/templates.txt cannot ask the real kubectl: limits, and Go's own tables. */
function failure(run: () => unknown): GoTemplateError {
  try {
    run();
  } catch (error) {
    if (error instanceof GoTemplateError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("Go templates", () => {
  it("end where Go would go on for as long as it has memory", () => {
    const endless = new GoTemplate("{{range 1000000000000}}x{{end}}", true);
    expect(failure(() => endless.execute({})).message).toContain("the template does too much");
    const deep = new GoTemplate('{{define "x"}}.{{template "x"}}{{end}}{{template "x"}}', true);
    expect(failure(() => deep.execute({})).message).toContain("exceeded maximum template depth (100000)");
  });

  it("keep what was written before an error", () => {
    const error = failure(() => new GoTemplate("a{{.x}}b{{.x.y}}c", true).execute({ x: "1" }));
    expect(error.output).toBe("a1b");
    expect(error.message).toBe(
      'template: output:1:12: executing "output" at <.x.y>: can\'t evaluate field y in type interface {}',
    );
  });
});

/** Of Go's strconv/ftoa_test.go. */
describe("numbers as Go's strconv writes them", () => {
  it.each([
    [1, "e", 5, "1.00000e+00"],
    [1, "g", -1, "1"],
    [20, "g", -1, "20"],
    [1234567.8, "g", -1, "1.2345678e+06"],
    [200000, "g", -1, "200000"],
    [400, "g", 2, "4e+02"],
    [0, "f", 5, "0.00000"],
    [1e23, "e", 17, "9.99999999999999916e+22"],
    [32, "g", 0, "3e+01"],
    [100, "x", -1, "0x1.9p+06"],
    [5e-324, "g", -1, "5e-324"],
    [2.5, "f", 0, "2"],
    [0.5, "f", 0, "0"],
  ])("%f %s %i", (value, verb, precision, text) => {
    expect(formatFloat(value, verb, precision)).toBe(text);
  });
});

describe("strings as Go writes them", () => {
  it.each([
    ["\x07\b\f\r\n\t\v", '"\\a\\b\\f\\r\\n\\t\\v"'],
    ["abc\udcffdef", '"abc\\xffdef"'],
    ["\u263a", '"☺"'],
    ["\u200b\x7f", '"\\u200b\\x7f"'],
    ["\u{e0001}", '"\\U000e0001"'],
  ])("%j", (text, quoted) => {
    expect(quoteString(text)).toBe(quoted);
    expect(unquote(quoted)).toBe(text);
  });
});
