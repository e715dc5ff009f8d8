import { describe, expect, it } from "vitest";
import { conflict, named, notFound } from "./status.ts";

/** Names in messages are printed with Go's %q (apimachinery pkg/api/errors), so a script with CRLF sees its carriage return. */
describe("names in messages", () => {
  it.each([
    ["web", '"web"'],
    ["web\r", '"web\\r"'],
    ["a\nb\tc", '"a\\nb\\tc"'],
    ["\x01\x7f", '"\\x01\\x7f"'],
    ["한글", '"한글"'],
    ["a\u200bb\u00a0", '"a\\u200bb\\u00a0"'],
    ['say "a\\b"', '"say \\"a\\\\b\\""'],
  ])("%j", (name, shown) => expect(named("apps", "deployments", name)).toBe(`deployments.apps ${shown}`));

  it("stand in each of them", () => {
    expect(notFound("", "pods", "a\r").message).toBe('pods "a\\r" not found');
    expect(conflict("", "pods", "a\r").message).toMatch(/^Operation cannot be fulfilled on pods "a\\r": /);
  });
});
