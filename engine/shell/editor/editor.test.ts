import { describe, expect, it } from "vitest";
import { textPrograms } from "../../tools/text/index.ts";
import { Terminal } from "../terminal-harness.ts";

/**
 * Keys, and what the last command line that they make prints: Emacs mode and history expansion, asked of bash 5.2 on a
 * pseudo terminal.
 */
const CASES: [string[], string][] = [
  [["echo abc def\x17\x1f\r"], "abc def\n"],
  [["echo abcdefghijklmnopqrstuvwxyz\x1f\r"], "abcdefghijklmno\n"],
  [["echo one\x01X\x05 two\x1f\x1f\r"], "one\n"],
  [["echo aa bb cc\x1bt\r"], "aa cc bb\n"],
  [["echo aa bb cc\x1bb\x1bb\x1bt\r"], "bb aa cc\n"],
  [["echo abc\x02\x14\r"], "acb\n"],
  [["echo abc\x14\r"], "acb\n"],
  [["echo abc\x01\x14\x0eecho z\r"], "zecho abc\n"],
  [["echo hello world foo\x1bb\x1bu\x1bb\x1bb\x1bc\r"], "hello World FOO\n"],
  [["echo HELLO World\x1bb\x1bb\x1bl\x1bc\r"], "hello World\n"],
  [["echo a\x1b5x\r"], "axxxxx\n"],
  [["echo aaaaaaaa\x1b3\x02\x1b2\x04\r"], "aaaaaa\n"],
  [["echo a b c d\x1b2\x1bb\x0b\r"], "a b\n"],
  [["echo abcdefgh\x1b3\x7f\r"], "abcde\n"],
  [["echo one two three\x1bb\x1bb\x1b-\x1bd\r"], "two three\n"],
  [["echo one two\x1b-\x0b\r"], ""],
  [["echo one-two three\x17\x17x\r"], "x\n"],
  [["echo one-two three\x1b\x7f\x1b\x7fx\r"], "one-x\n"],
  [["echo one two\x1bb\x1bb\x1bd\r"], "two\n"],
  [["echo abc\x15echo new \x19\r"], "new echo abc\n"],
  [["echo abc def\x1bb\x0bX \x19\r"], "abc X def\n"],
  [["echo first second\r", "echo \x1b.\r"], "second\n"],
  [["echo one two\r", "echo three four\r", "echo \x1b.\x1b.\r"], "two\n"],
  [["echo one two three\r", "echo \x1b1\x1b.\r"], "one\n"],
  [["echo one two three\r", "echo \x1b0\x1b.\r"], "echo\n"],
  [["echo 'a b' \"c d\"\r", "echo \x1b.\r"], "c d\n"],
  [["echo one two three\r", "echo \x1b\x19\r"], "one\n"],
  [["echo one two three\r", "echo \x1b2\x1b\x19\r"], "two\n"],
  [["echo alpha\r", "echo beta\r", "\x12alp\r"], "alpha\n"],
  [["echo alpha1\r", "echo alpha2\r", "\x12alpha\x12\r"], "alpha1\n"],
  [["echo alpha1\r", "echo alpha2\r", "\x12alpha\x05 end\r"], "alpha2 end\n"],
  [["echo keep\x12zzz\x07\r"], "keep\n"],
  [["echo abc\r", "echo abd\r", "\x12abc\x7fd\r"], "abc\n"],
  [["echo l1\r", "echo l2\r", "\x10\x10\x0e\r"], "l2\n"],
  [["echo l1\r", "\x10X\r", "\x10\x10\r"], "l1\n"],
  [["echo a\x16\x01b | cat -v\r"], "a^Ab\n"],
  [["echo abc\x18\x18X\r"], "bash: Xecho: command not found\n"],
  [["echo abc def\x17\x18\x15\r"], "abc def\n"],
  [["echo one two\x1bb\x00\x05\x17X\r"], "one X\n"],
  [["echo a    b\x02\x1b\\\r"], "ab\n"],
  [["echo abcabc\x01\x1db\x0b\r"], "a\n"],
  [["echo abcabc\x1b\x1db\x0b\r"], "abca\n"],
  [["echo l1\r", "\x10xyz\x1br\r"], "l1\n"],
  [["echo one two\r", "echo !!\r"], "echo echo one two\necho one two\n"],
  [["echo one two\r", "echo !$\r"], "echo two\ntwo\n"],
  [
    ["echo one two three\r", "echo !* !^ !:2 !:1-2 !:0\r"],
    "echo one two three one two one two echo\none two three one two one two echo\n",
  ],
  [
    ["echo /a/b/c.txt\r", "echo !$:h !$:t !$:r !$:e !$:t:r\r"],
    "echo /a/b c.txt /a/b/c .txt c\n/a/b c.txt /a/b/c .txt c\n",
  ],
  [["echo one two\r", "^one^1^\r"], "echo 1 two\n1 two\n"],
  [["echo one two\r", "!!:s/two/2/\r"], "echo one 2\none 2\n"],
  [["echo aa aa\r", "!!:gs/a/b/\r"], "echo bb bb\nbb bb\n"],
  [["echo one\r", "echo two\r", "!-2\r"], "echo one\none\n"],
  [["echo one\r", "!ec\r"], "echo one\none\n"],
  [["echo one\r", "!zz\r"], "bash: !zz: event not found\n"],
  [["echo one\r", "!!:p\r", "!!\r"], "echo one\none\n"],
  [["echo \"a!b\" 'a!b' a\\!b a! = !\r"], "bash: !b: event not found\n"],
  [
    ["echo one two three\r", "echo !!:$ !!:2* !!:1- !!:-1\r"],
    "echo three two three one two echo one\nthree two three one two echo one\n",
  ],
  [["echo one two\r", "echo x !#:1\r"], "echo x x\nx x\n"],
  [["echo one two three\r", "echo !?tw?:%\r"], "echo two\ntwo\n"],
  [["echo one\r", "!!:& \r"], "bash: :&: no previous substitution\n"],
  [["echo aXa\r", "!!:s/X/Y/\r", "!-2:&\r"], "echo aYa\naYa\n"],
  [["echo a b\r", "!!:q\r", "echo !-2:x\r"], "echo 'echo' 'a' 'b'\necho a b\n"],
  [["echo ab\r", "!!:s/a/&&/\r"], "echo aab\naab\n"],
  [["echo one two\r", "^zz^y\r"], "bash: :s^zz^y: substitution failed\n"],
  [["echo !9999\r"], "bash: !9999: event not found\n"],
  [["echo one two\r", "echo !!:5\r"], "bash: :5: bad word specifier\n"],
  [["echo a b c\r", "!:0 x !$\r", "echo ${#x} $!x\r"], "0 x\n"],
  [["echo one two\r", "echo !!:a\r"], "bash: : unrecognized history modifier\n"],
  [["echo a/b a/b\r", "!!:as/a/x/\r", "!-2:Gs/a/y/\r"], "echo y/b y/b\ny/b y/b\n"],
  [["\x1b[200~echo p1\necho p2\x1b[201~\r"], "p1\np2\n"],
  [["echo \x1b[200~a\tb\x1b[201~ | cat -A\r"], "a b$\n"],
  [["echo 한글abc\x02\x02\x02\x7fX\r"], "한Xabc\n"],
  [["echo éx\x02\x02\x7fY\r"], "bash: echoYéx: command not found\n"],
  [["echo a\r", "history | tail -2\r"], "    1  echo a\n    2  history | tail -2\n"],
  [["for i in 1 2\r", "do echo $i; done\r", "\x10\r"], "1\n2\n"],
  [['echo "a\r', 'b"\r', "\x10\r"], "a\nb\n"],
  [["echo a \\\r", "b\r", "history 2\r"], "    1  echo a b\n    2  history 2\n"],
  [["echo $HOME\x1b\x05\r"], "/root\n"],
  [["echo one\r", "echo !$\x1b^X\r"], "oneX\n"],
  [["echo ~root/\x1b&\r"], "/root/\n"],
  [["echo one two\x1bb\x1b \r"], "one two\n"],
  [["echo abc\x02\x02\x1b[3~X\r"], "aXc\n"],
  [["echo one two\x01\x1b[1;5C\x1b[1;5C\x0bX\r"], "oneX\n"],
  [["echo foo-bar_baz.qux\x1bb\x1bbX\r"], "foo-bar_Xbaz.qux\n"],
  [["echo  abc\x15\x19\r"], "abc\n"],
  [["echo one. two\x18\x7fecho z\r"], "z\n"],
];

describe("line editing", () => {
  it.each(CASES)("%j prints %j", (keys, output) => {
    const t = new Terminal({ programs: textPrograms });
    t.run("history -c");
    for (const key of keys.slice(0, -1)) t.type(key);
    const shown = t.type(keys.at(-1)!);
    expect(shown.replace(/\$ $/, "").endsWith(output)).toBe(true);
  });

  it("knows the keys that need more than one look", () => {
    const t = new Terminal({ programs: textPrograms });
    t.type("one\x15");
    t.type("two\x15");
    expect(t.run("echo \x19\x1by")).toBe("one\n");
    t.run("echo 1");
    t.run("echo 2");
    t.type("\x10\x10\x0f");
    t.type("\x0f");
    expect(t.type("\r")).toMatch(/\$ $/);
    // ^S is the terminal's own, unless it is told otherwise (stty -ixon).
    t.tty.termios.ixon = false;
    expect(t.run("\x12echo 1\x13\x05 more")).toBe("1 more\n");
    t.type("\x18(");
    t.type("echo m; ");
    t.type("\x18)");
    t.type("\x18e");
    expect(t.run("")).toBe("m\nm\n");
    expect(t.type("echo x\x1b#")).toMatch(/#echo x[^\n]*\n\$ $/);
  });
});
