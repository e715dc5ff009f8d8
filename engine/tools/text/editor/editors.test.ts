import { describe, expect, it } from "vitest";
import { onScreen } from "../screen/testing.ts";

const POD =
  "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  containers:\n  - image: nginx:1.26\n    name: web\n";
const SIZE = { rows: 12, columns: 60 };

describe("vi", () => {
  /** Keys on a file of three lines, and what the file holds after :wq. Checked against vim 9.1 with the same keys. */
  const CASES: [string, string][] = [
    ["", "one two three\nfour five\nsix\n"],
    ["iX\x1b", "Xone two three\nfour five\nsix\n"],
    ["aX\x1b", "oXne two three\nfour five\nsix\n"],
    ["AX\x1b", "one two threeX\nfour five\nsix\n"],
    ["oX\x1b", "one two three\nX\nfour five\nsix\n"],
    ["OX\rY\x1b", "X\nY\none two three\nfour five\nsix\n"],
    ["x", "ne two three\nfour five\nsix\n"],
    ["3x", " two three\nfour five\nsix\n"],
    ["dd", "four five\nsix\n"],
    ["2dd", "six\n"],
    ["jdd", "one two three\nsix\n"],
    ["Gdd", "one two three\nfour five\n"],
    ["dw", "two three\nfour five\nsix\n"],
    ["wdw", "one three\nfour five\nsix\n"],
    ["wwdw", "one two \nfour five\nsix\n"],
    ["d$", "\nfour five\nsix\n"],
    ["wD", "one \nfour five\nsix\n"],
    ["cwX\x1b", "X two three\nfour five\nsix\n"],
    ["wcwX\x1b", "one X three\nfour five\nsix\n"],
    ["ccX\x1b", "X\nfour five\nsix\n"],
    ["wCX\x1b", "one X\nfour five\nsix\n"],
    ["yyp", "one two three\none two three\nfour five\nsix\n"],
    ["yyGp", "one two three\nfour five\nsix\none two three\n"],
    ["ddp", "four five\none two three\nsix\n"],
    ["ddP", "one two three\nfour five\nsix\n"],
    ["ywP", "one one two three\nfour five\nsix\n"],
    ["J", "one two three four five\nsix\n"],
    ["rX", "Xne two three\nfour five\nsix\n"],
    ["~~", "ONe two three\nfour five\nsix\n"],
    ["ddu", "one two three\nfour five\nsix\n"],
    ["xj.", "ne two three\nour five\nsix\n"],
    ["cwX\x1bj0.", "X two three\nX five\nsix\n"],
    ["/five\rx", "one two three\nfour ive\nsix\n"],
    ["/i\rnx", "one two three\nfour five\nsx\n"],
    ["G?o\rx", "one two three\nfur five\nsix\n"],
    ["ftx", "one wo three\nfour five\nsix\n"],
    ["dtt", "two three\nfour five\nsix\n"],
    ["eX", "oe two three\nfour five\nsix\n"],
    ["$bx", "one two hree\nfour five\nsix\n"],
    ["diwi-\x1b", "- two three\nfour five\nsix\n"],
    [">>", "\tone two three\nfour five\nsix\n"],
    [":2d\r", "one two three\nsix\n"],
    [":%s/o/0/g\r", "0ne tw0 three\nf0ur five\nsix\n"],
    [":s/o/0/\r", "0ne two three\nfour five\nsix\n"],
    [":2,3s/i\\(.\\)/\\1i/\r", "one two three\nfour fvie\nsxi\n"],
    [":g/o/d\r", "six\n"],
    [":v/o/d\r", "one two three\nfour five\n"],
    [":$\rx", "one two three\nfour five\nix\n"],
    ["vex", " two three\nfour five\nsix\n"],
    ["Vjd", "six\n"],
    ["GA\rnew\x1b", "one two three\nfour five\nsix\nnew\n"],
    ["ia\x7fb\x1b", "bone two three\nfour five\nsix\n"],
    ["jI\x1b[A^\x1b", "^one two three\nfour five\nsix\n"],
  ];

  it.each(CASES)("%j gives %j", (keys, after) => {
    const session = onScreen(["vi", "f"], { f: "one two three\nfour five\nsix\n" }, SIZE);
    session.type(`${keys}:wq\r`);
    expect(session.process.status).toEqual({ kind: "exited", code: 0 });
    expect(session.file("f")).toBe(after);
  });

  it("shows the text, tildes, where it is and what it says", () => {
    const session = onScreen(["vi", "pod.yaml"], { "pod.yaml": POD }, { rows: 12, columns: 82 });
    expect(session.screen.rows.slice(0, 2)).toEqual(["apiVersion: v1", "kind: Pod"]);
    expect(session.screen.rows[9]).toBe("~");
    expect(session.screen.rows[11]).toMatch(/^"pod.yaml" 8L, 103B +1,1 +All$/);
    session.type("i");
    expect(session.screen.rows[11]).toContain("-- INSERT --");
    session.type("x\x1b:q\r");
    expect(session.screen.rows[11]).toContain("E37: No write since last change (add ! to override)");
    session.type(":foo\r");
    expect(session.screen.rows[11]).toContain("E492: Not an editor command: foo");
    session.type("/zzz\r");
    expect(session.screen.rows[11]).toContain("E486: Pattern not found: zzz");
    session.type(":q!\r");
    expect(session.process.status).toEqual({ kind: "exited", code: 0 });
    expect(session.file("pod.yaml")).toBe(POD);
    expect(session.tty.termios.icanon).toBe(true);
  });

  it("writes a new file; ZZ; :w name; :cq", () => {
    const session = onScreen(["vim", "new"], {}, SIZE);
    expect(session.screen.rows[11]).toContain('"new" [New]');
    session.type("ihello\x1b:w\r");
    expect(session.screen.rows[11]).toContain('"new" [New] 1L, 6B written');
    session.type(":w copy\rZZ");
    expect([session.file("new"), session.file("copy")]).toEqual(["hello\n", "hello\n"]);
    const other = onScreen(["vi", "new"], {}, SIZE);
    other.type(":cq\r");
    expect(other.process.status).toEqual({ kind: "exited", code: 1 });
  });
});

describe("nano", () => {
  it("edits, searches, cuts, pastes, saves and leaves", () => {
    const session = onScreen(["nano", "pod.yaml"], { "pod.yaml": POD }, SIZE);
    expect(session.screen.rows[0]).toMatch(/^ {2}GNU nano 8\.4 +pod\.yaml/);
    expect(session.screen.rows[9]).toContain("[ Read 8 lines ]");
    expect(session.screen.rows[10]).toMatch(/^\^G Help/);
    session.type("\x171.26\r");
    session.type("\x1b[C\x1b[C\x1b[C\x1b[3~7");
    expect(session.screen.rows[0]).toContain("pod.yaml *");
    session.type("\x0f\r");
    expect(session.screen.rows[9]).toContain("[ Wrote 8 lines ]");
    expect(session.file("pod.yaml")).toBe(POD.replace("1.26", "1.27"));
    session.type("\x0b\x15\x15\x18n");
    expect(session.process.status).toEqual({ kind: "exited", code: 0 });
  });

  it("asks before it drops changes", () => {
    const session = onScreen(["nano", "f"], {}, SIZE);
    session.type("hello\rworld\x18");
    expect(session.screen.rows[9]).toContain("Save modified buffer?");
    session.type("y");
    expect(session.screen.rows[9]).toContain("Write to File: f");
    session.type("\r");
    expect(session.file("f")).toBe("hello\nworld\n");
  });
});
