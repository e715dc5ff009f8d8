import { describe, expect, it } from "vitest";
import { KEYS_LIMIT } from "../../protocol.ts";
import { Keyboard } from "./keyboard.ts";

const settle = () => new Promise((resolve) => setTimeout(resolve, 20));

describe("the keyboard of a terminal", () => {
  it("sends a long paste in pieces, in order, never splitting a character", async () => {
    const sent: string[] = [];
    const keyboard = new Keyboard(async (text) => {
      sent.push(text);
      return { ok: true };
    });
    const text = `a${"😀".repeat(5000)}`;
    keyboard.type(text);
    keyboard.type("z");
    await settle();
    expect(sent.join("")).toBe(`${text}z`);
    expect(Math.max(...sent.map(({ length }) => length))).toBeLessThanOrEqual(KEYS_LIMIT);
    expect(sent.every((piece) => !/\p{Surrogate}/u.test(piece))).toBe(true);
  });

  it("sends the same piece again when told to wait", async () => {
    const sent: string[] = [];
    const keyboard = new Keyboard(async (text) => {
      sent.push(text);
      return sent.length === 1 ? { ok: false, wait: 1 } : { ok: true };
    });
    keyboard.type("ls\r");
    await settle();
    expect(sent).toEqual(["ls\r", "ls\r"]);
  });

  it("forgets the rest of a paste at Ctrl-C", async () => {
    const sent: string[] = [];
    const keyboard = new Keyboard(async (text) => {
      sent.push(text);
      await new Promise((resolve) => setTimeout(resolve, 1));
      return { ok: true };
    });
    keyboard.type("x".repeat(10 * KEYS_LIMIT));
    keyboard.type("\x03");
    await settle();
    expect(sent.length).toBeLessThan(4);
    expect(sent.join("")).toContain("\x03");
  });
});
