import { describe, expect, it } from "vitest";
import { onScreen } from "../screen/testing.ts";

const FILE = Array.from({ length: 40 }, (_, i) => `line ${i + 1}`).join("\n");
const SIZE = { rows: 6, columns: 30 };

describe("less", () => {
  /** Keys, and the first row and the prompt after them. */
  const CASES: [string, string, string][] = [
    ["", "line 1", "f"],
    [" ", "line 6", ":"],
    ["  b", "line 6", ":"],
    ["j", "line 2", ":"],
    ["jjk", "line 2", ":"],
    ["d", "line 4", ":"],
    ["du", "line 1", ":"],
    ["G", "line 36", "(END)"],
    ["Gg", "line 1", ":"],
    ["20g", "line 20", ":"],
    ["/line 3\r", "line 3", ":"],
    ["/line 3\rn", "line 30", ":"],
    ["/line 3\rnN", "line 3", ":"],
    ["G?line 1\r", "line 19", ":"],
    ["/nothing\r", "line 1", "Pattern not found  (press RETURN)"],
    ["/(\r", "line 1", "Invalid pattern  (press RETURN)"],
    ["\x1b[B\x1b[6~", "line 7", ":"],
  ];

  it.each(CASES)("%j", (keys, first, prompt) => {
    const session = onScreen(["less", "f"], { f: `${FILE}\n` }, SIZE);
    session.type(keys);
    expect(session.screen.rows[0]).toBe(first);
    expect(session.screen.rows[5]).toBe(prompt);
    session.type("q");
    expect(session.process.status).toEqual({ kind: "exited", code: 0 });
    expect(session.tty.termios).toMatchObject({ icanon: true, echo: true });
  });

  it("wraps long lines, or chops them with -S", () => {
    const long = "x".repeat(40);
    expect(onScreen(["less", "f"], { f: `${long}\n` }, SIZE).screen.rows.slice(3, 5)).toEqual([
      "x".repeat(30),
      "x".repeat(10),
    ]);
    expect(onScreen(["less", "-S", "f"], { f: `${long}\n` }, SIZE).screen.rows[4]).toBe(`${"x".repeat(29)}>`);
  });

  it("shows the size after a resize", () => {
    const session = onScreen(["less", "f"], { f: `${FILE}\n` }, SIZE);
    session.tty.resize(30, 4);
    session.type("j");
    expect(session.screen.rows[0]).toBe("line 2");
  });
});

describe("more", () => {
  it("goes page by page and ends with the text", () => {
    const session = onScreen(["more", "f"], { f: `${FILE}\n` }, SIZE);
    expect(session.process.status).toBeUndefined();
    session.type("        ");
    expect(session.process.status).toEqual({ kind: "exited", code: 0 });
  });
});
