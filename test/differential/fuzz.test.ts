import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runShell } from "../../engine/shell/harness.ts";
import { textPrograms } from "../../engine/tools/text/index.ts";

/**
 * Small random scripts, run by this shell and by the real bash: the same output, messages and status. FUZZ_SCRIPTS says
 * how many (300), FUZZ_SEED where to begin.
 */
const COUNT = Number(process.env.FUZZ_SCRIPTS ?? 300);
const SEED = Number(process.env.FUZZ_SEED ?? 20_260_302);

const name = fc.constantFrom("a", "b", "c", "arr", "m");
const literal = fc.constantFrom(
  "x",
  "foo",
  "a b",
  "",
  "1",
  "42",
  "-7",
  "*",
  "a:b:c",
  "path/to/file.txt",
  "é",
  "한글",
  "$",
  "\\n",
  "~",
  "{1,2}",
  "[ab]",
);
const glob = fc.constantFrom("*", "?", "a*", "*o", "[a-f]*", "*:", "+([0-9])", "/*", "*/", "\\*", "o");

const parameter: fc.Arbitrary<string> = fc.oneof(
  name.map((n) => `$${n}`),
  name.map((n) => `\${${n}}`),
  name.map((n) => `\${#${n}}`),
  fc.tuple(name, fc.constantFrom(":-", "-", ":+", "+"), literal).map(([n, op, w]) => `\${${n}${op}${quoteFree(w)}}`),
  fc.tuple(name, fc.constantFrom("#", "##", "%", "%%"), glob).map(([n, op, g]) => `\${${n}${op}${g}}`),
  fc
    .tuple(name, fc.constantFrom("/", "//", "/#", "/%"), glob, literal)
    .map(([n, op, g, w]) => `\${${n}${op}${g.replaceAll("/", "")}/${quoteFree(w)}}`),
  fc
    .tuple(name, fc.integer({ min: -4, max: 4 }), fc.integer({ min: 0, max: 4 }))
    .map(([n, from, size]) => `\${${n}: ${from}:${size}}`),
  fc.tuple(name, fc.constantFrom("^", "^^", ",", ",,", "@Q", "@U", "@A")).map(([n, op]) => `\${${n}${op}}`),
  fc.constantFrom(
    "${arr[@]}",
    "${arr[*]}",
    "${#arr[@]}",
    "${arr[1]}",
    "${arr[-1]}",
    "${!arr[@]}",
    "${arr[@]:1:2}",
    "${arr[@]/o/0}",
    "${m[k]}",
    "${!m[@]}",
  ),
  fc.constantFrom(
    "$?",
    "$#",
    "$*",
    "$@",
    "$1",
    "${@:2}",
    "${10}",
    "$((1+2))",
    "$((a+1))",
    "$(echo sub)",
    "$(printf '%s-' $a)",
    "`echo old`",
  ),
);

function quoteFree(text: string): string {
  return text.replace(/[\\~{}$*[\]/]/g, "_");
}

const word: fc.Arbitrary<string> = fc.oneof(
  literal.map((text) => `'${text}'`),
  literal.map((text) => `"${text.replace(/[$\\]/g, "\\$&")}"`),
  parameter,
  parameter.map((text) => `"${text}"`),
  fc.tuple(parameter, literal).map(([p, l]) => `"<${p}>"'${l}'`),
  fc.constantFrom("{a,b}{1..3}", "{3..1}", "pre{x,y}post", "a{,b}", "$'t\\tn\\x41'", "foo", "-n", "x=1"),
);

const sum: fc.Arbitrary<string> = fc.letrec<{ e: string }>((tie) => ({
  e: fc.oneof(
    { maxDepth: 3 },
    fc.integer({ min: 0, max: 99 }).map(String),
    fc.constantFrom("a", "b", "0x1f", "010", "arr[1]", "2#101"),
    fc
      .tuple(
        tie("e"),
        fc.constantFrom("+", "-", "*", "/", "%", "<<", "&", "|", "^", "<", "==", "&&", "||", ","),
        tie("e"),
      )
      .map(([l, op, r]) => `(${l}) ${op} (${r})`),
    tie("e").map((e) => `!(${e})`),
    tie("e").map((e) => `-(${e})`),
    fc.tuple(tie("e"), tie("e"), tie("e")).map(([c, l, r]) => `(${c}) ? (${l}) : (${r})`),
    fc.constantFrom("a++", "++b", "a+=2", "b=5"),
  ),
})).e;

const condition: fc.Arbitrary<string> = fc.oneof(
  fc.tuple(word, fc.constantFrom("==", "!=", "=", "<"), word).map(([l, op, r]) => `[[ ${l} ${op} ${r} ]]`),
  fc.tuple(word, glob).map(([l, g]) => `[[ ${l} == ${g} ]]`),
  fc
    .tuple(parameter, fc.constantFrom("^a", "o+$", "^[0-9]+$", "(f)(o)", "b|x"))
    .map(([p, r]) => `[[ "${p}" =~ ${r} ]]`),
  fc.tuple(fc.constantFrom("-z", "-n"), parameter).map(([op, p]) => `[ ${op} "${p}" ]`),
  sum.map((e) => `(( ${e} ))`),
  fc.constantFrom("true", "false", "[[ -v a ]]", "test -e /nonexistent"),
);

const command: fc.Arbitrary<string> = fc.letrec<{ c: string; list: string }>((tie) => ({
  list: fc.array(tie("c"), { minLength: 1, maxLength: 3 }).map((all) => all.join("; ")),
  c: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.array(word, { minLength: 0, maxLength: 3 }).map((words) => `printf '<%s>' ${words.join(" ")}; echo`),
    fc.array(word, { minLength: 0, maxLength: 3 }).map((words) => `echo ${words.join(" ")}`),
    fc.tuple(name, word).map(([n, w]) => (n === "arr" ? `arr+=(${w})` : n === "m" ? `m[k]=${w}` : `${n}=${w}`)),
    fc.array(word, { maxLength: 3 }).map((words) => `arr=(${words.join(" ")})`),
    fc
      .array(word, { maxLength: 3 })
      .map((words) => `set -- ${words.map((one) => (one === "-n" ? "n" : one)).join(" ")}`),
    sum.map((e) => `echo $(( ${e} ))`),
    fc.tuple(condition, tie("list"), tie("list")).map(([t, y, n]) => `if ${t}; then ${y}; else ${n}; fi`),
    fc
      .tuple(fc.array(word, { minLength: 1, maxLength: 3 }), tie("list"))
      .map(([w, l]) => `for a in ${w.join(" ")}; do ${l}; done`),
    fc
      .tuple(word, glob, glob, tie("list"))
      .map(([w, g, h, l]) => `case ${w} in ${g}) ${l};; ${h}|x) echo two;& *) echo other;; esac`),
    fc.tuple(condition, fc.constantFrom("&&", "||"), tie("c")).map(([t, op, c]) => `${t} ${op} { ${c}; }`),
    tie("list").map((l) => `( ${l} )`),
    tie("list").map((l) => `{ ${l}; } 2>&1 | cat`),
    tie("list").map((l) => `f() { local b=loc; ${l}; return 3; }; f 1 '2 3'`),
    tie("c").map((c) => `! ${c}`),
    fc
      .tuple(
        tie("c"),
        fc.constantFrom(
          "| sort",
          "| wc -l",
          "| tr a-z A-Z",
          ">/dev/null",
          '| while read -r x y; do echo "$y|$x"; done',
        ),
      )
      .map(([c, t]) => `{ ${c}; } ${t}`),
    word.map((w) => `read -r a b <<< ${w}`),
    word.map((w) => `IFS=: read -ra arr <<< ${w}`),
    fc.tuple(word, parameter).map(([w, p]) => `cat <<E\n${p} ${w.replaceAll("\n", "")}\nE\n:`),
    fc.constantFrom(
      "unset a",
      "unset 'arr[0]'",
      "shift",
      "local x",
      "set -u",
      "set -e",
      "declare -i a",
      "declare -p a b arr",
      "IFS=:",
      "IFS=",
      "unset IFS",
      "exit 4",
      "trap 'echo bye $?' EXIT",
      "shopt -s nullglob",
      "break",
      "echo ${PIPESTATUS[@]}",
      "type echo f",
      "false",
      "true",
    ),
  ),
})).c;

const script = fc
  .array(command, { minLength: 1, maxLength: 6 })
  .map(
    (lines) =>
      `shopt -s extglob\na=foo b='a b' arr=(one two "three four"); declare -A m=([k]=v)\n${lines.join("\n")}\n`,
  );

function real(dir: string, text: string): { stdout: string; stderr: string; status: number } {
  const env = { PATH: "/usr/bin:/bin", HOME: "/root", LC_ALL: "C.UTF-8" };
  const run = spawnSync("/bin/bash", ["-c", text], {
    argv0: "bash",
    cwd: dir,
    env,
    encoding: "utf8",
    timeout: 20_000,
    // A pipe of Node's is a socket, by which bash takes itself to be run by rshd and reads ~/.bashrc.
    stdio: ["ignore", "pipe", "pipe"],
  });
  return {
    stdout: run.stdout.replaceAll(dir, "/work"),
    stderr: run.stderr.replaceAll(dir, "/work"),
    status: run.status ?? -1,
  };
}

/** Which token bash names when variables refer to each other without end depends on how it read the innermost one. */
function alike<T extends { stdout: string; stderr: string }>(result: T): T {
  const tidy = (text: string) => text.replace(/(recursion level exceeded) \(error token is .*\)/g, "$1");
  return { ...result, stdout: tidy(result.stdout), stderr: tidy(result.stderr) };
}

describe.skipIf(!existsSync("/bin/bash"))("random scripts", () => {
  it(`${COUNT} scripts from seed ${SEED}`, { timeout: 60_000 + COUNT * 400 }, () => {
    const dir = mkdtempSync(join(tmpdir(), "fuzz-"));
    const scripts = fc.sample(script, { numRuns: COUNT, seed: SEED });
    const different: { script: string; ours: object; real: object }[] = [];
    try {
      for (const text of scripts) {
        const ours = alike(runShell(["bash", "-c", text], { programs: textPrograms }));
        const theirs = alike(real(dir, text));
        if (ours.stdout !== theirs.stdout || ours.stderr !== theirs.stderr || ours.status !== theirs.status)
          different.push({ script: text, ours, real: theirs });
      }
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
    if (process.env.FUZZ_SHOW) for (const one of different) console.log(JSON.stringify(one, null, 1));
    console.log(`random scripts: ${COUNT - different.length} of ${COUNT} the same (seed ${SEED})`);
    expect(different.slice(0, 5)).toEqual([]);
  });
});
