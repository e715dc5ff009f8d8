import * as sys from "../../machine/sys.ts";
import { searchPath } from "../text/env.ts";
import { Fatal, tool } from "../tool.ts";

/** visudo(8): checks sudoers (-c), or edits it and keeps what parses. */
export const visudo = tool(
  {
    name: "visudo",
    usage: "[-chqsV] [[-f] sudoers ]",
    about: "",
    version: "visudo version 1.9.13p3",
    short: "cf:hqsVOPI",
    long: "check=c file:=f quiet=q strict=s",
  },
  function* (t, o) {
    const { p } = t;
    const path = o.value("f") ?? o.operands[0] ?? "/etc/sudoers";
    if (p.cred.uid !== 0) throw new Fatal(`${path}: Permission denied`);
    const files =
      path === "/etc/sudoers" && sys.find(p, "/etc/sudoers.d") !== undefined
        ? [
            path,
            ...[...sys.readDir(p, "/etc/sudoers.d").keys()]
              .filter((name) => !/[.~]/.test(name))
              .sort()
              .map((name) => `/etc/sudoers.d/${name}`),
          ]
        : [path];
    if (o.has("c")) {
      for (const file of files) {
        if (sys.find(p, file) === undefined) throw new Fatal(`unable to open ${file}: No such file or directory`);
        const wrong = syntaxError(sys.readText(p, file));
        if (wrong !== undefined) {
          yield* t.out.flush();
          yield* sys.printError(
            p,
            `${file}:${wrong.line}:${wrong.column}: syntax error\n${wrong.text}\n${" ".repeat(Math.max(0, wrong.column - 1))}^\n`,
          );
          return 1;
        }
        if (!o.has("q")) t.out.add(`${file}: parsed OK\n`);
      }
      return 0;
    }
    const temporary = `${path}.tmp`;
    sys.writeText(p, temporary, sys.find(p, path) === undefined ? "" : sys.readText(p, path), 0o440);
    const editor = p.env.get("SUDO_EDITOR") ?? p.env.get("VISUAL") ?? p.env.get("EDITOR") ?? "/usr/bin/editor";
    const program = searchPath(p, editor);
    if (program === undefined) throw new Fatal("no editor found (editor path = /usr/bin/editor)");
    const child = yield* sys.spawn(p, program, { argv: [editor, temporary] });
    yield* sys.waitFor(p, child);
    const text = sys.readText(p, temporary);
    const wrong = syntaxError(text);
    sys.unlink(p, temporary);
    if (wrong !== undefined) {
      yield* sys.printError(p, `${path}:${wrong.line}:${wrong.column}: syntax error\n${wrong.text}\n`);
      return 1;
    }
    sys.writeText(p, path, text, 0o440);
    return 0;
  },
);

/** The first line of a sudoers file that is neither an alias, a default, an include nor a rule. */
function syntaxError(text: string): { line: number; column: number; text: string } | undefined {
  for (const [i, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    if (line === "" || /^#(?!include)/.test(line)) continue;
    if (/^(@|#)include(dir)?\s+\S/.test(line) || /^Defaults([:@!>]\S+)?\s+\S/.test(line)) continue;
    if (/^(User|Runas|Host|Cmnd|Cmd)_Alias\s+[A-Z]\w*\s*=\s*\S/.test(line)) continue;
    if (/^[%#+]?[\w.:-]+(\s*,\s*[%#+]?[\w.:-]+)*\s+\S+\s*=\s*(\([^)]*\))?\s*([A-Z]+:\s*)*\S/.test(line)) continue;
    return { line: i + 1, column: Math.max(1, raw.length), text: raw };
  }
  return undefined;
}
