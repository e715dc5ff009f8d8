import { describe, expect, it } from "vitest";
import {
  formatSelector,
  matchesFields,
  matchesLabels,
  matchLabelSelector,
  parseFieldSelector,
  parseLabelSelector,
  type Selector,
} from "./selector.ts";

const labels = { app: "web", tier: "front", level: "5" };

describe("label selectors", () => {
  it.each([
    ["", true],
    ["app=web", true],
    ["app==web,tier!=back", true],
    ["app", true],
    ["!app", false],
    ["!gone", true],
    ["app in (web, api),tier", true],
    ["app notin (web)", false],
    ["gone notin (x)", true],
    ["gone!=x", true],
    ["level>4", true],
    ["level<5", false],
    ["in in (in)", false],
    ["app in ()", false],
  ])("%j: %s", (text, matches) => {
    const selector = parseLabelSelector(text);
    expect(selector).toBeInstanceOf(Array);
    expect(matchesLabels(selector as Selector, labels)).toBe(matches);
  });

  it.each([
    ["app=web,", "found '', expected: identifier after ','"],
    ["app in web", "unable to parse requirement: found 'web' expected: '('"],
    ["=web", "found '=', expected: !, identifier, or 'end of string'"],
    ["app web", "unable to parse requirement: found 'web', expected: in, notin, =, ==, !=, gt, lt"],
    ["a=b c", "found 'c', expected: ',' or 'end of string'"],
    [
      "a=b$",
      "unable to parse requirement: values[0][a]: Invalid value: \"b$\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
    ],
    [
      "a$=b",
      "unable to parse requirement: <nil>: Invalid value: \"a$\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
    ],
  ])("%j is refused", (text, error) => {
    expect(parseLabelSelector(text)).toEqual({ error });
  });

  it("is written back sorted", () => {
    expect(formatSelector(parseLabelSelector("z,a in (c,b),!m,k!=v") as Selector)).toBe("a in (b,c),k!=v,!m,z");
  });

  it("matches a LabelSelector", () => {
    expect(matchLabelSelector(undefined, labels)).toBe(false);
    expect(matchLabelSelector({}, labels)).toBe(true);
    expect(matchLabelSelector({ matchLabels: { app: "web" } }, labels)).toBe(true);
    expect(matchLabelSelector({ matchExpressions: [{ key: "app", operator: "NotIn", values: ["web"] }] }, labels)).toBe(
      false,
    );
  });
});

describe("field selectors", () => {
  it.each([
    ["status.phase=Running", true],
    ["status.phase==Running,spec.nodeName!=a", true],
    ["spec.nodeName=", true],
    ["status.phase!=Running", false],
  ])("%j: %s", (text, matches) => {
    const selector = parseFieldSelector(text);
    expect(selector).toBeInstanceOf(Array);
    expect(matchesFields(selector as never, { "status.phase": "Running", "spec.nodeName": "" })).toBe(matches);
  });

  it.each([
    ["status", "invalid selector: 'status'; can't understand 'status'"],
    ["a=b=c", "invalid field selector: unescaped character in value: 61"],
    ["a=b\\x", "invalid field selector: invalid escape sequence: \\x"],
  ])("%j is refused", (text, error) => {
    expect(parseFieldSelector(text)).toEqual({ error });
  });
});
