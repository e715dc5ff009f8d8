import fc from "fast-check";

/**
 * More of the language of random scripts: patterns within patterns, arithmetic on elements, negative subscripts,
 * here-documents and traps wherever they may stand, `set -e` in every place, `read`, `printf` and `[[` with all they take.
 */
const pick = fc.constantFrom;

/** Fills `{}` of a template, in order, with what the arbitraries give. */
function fill(template: string, ...parts: fc.Arbitrary<string>[]): fc.Arbitrary<string> {
  return fc.tuple(...parts).map((values) => {
    let i = 0;
    return template.replace(/\{\}/g, () => values[i++]!);
  });
}

const value = pick(
  "foo",
  "a b",
  "",
  "0",
  "12",
  "-3",
  "a:b::c",
  " x  y ",
  "x,y,,z",
  "foo.tar.gz",
  "/usr/lib/x",
  "Abc",
  "a*b",
  "é",
);
const quoted = value.map((text) => `'${text}'`);
const plainName = pick("a", "b", "n", "s");

const simplePattern = pick(
  "a*",
  "?",
  "*o",
  "[a-f]",
  "[!a-f]*",
  "[[:alpha:]]*",
  "[[:digit:]]",
  "*[[:space:]]*",
  "'a'*",
  '"$a"*',
  "$b",
  "[]x]",
  "[^0-9]",
);
/** Without negations: bash's matcher goes astray with them within other groups, and in parts of a text. */
const part: fc.Arbitrary<string> = fc.letrec<{ p: string }>((tie) => ({
  p: fc.oneof(
    { maxDepth: 2 },
    simplePattern,
    fc.tuple(pick("@", "?", "*", "+"), tie("p"), tie("p")).map(([op, l, r]) => `${op}(${l}|${r})`),
    fc.tuple(tie("p"), pick("@", "*"), tie("p")).map(([l, op, r]) => `${l}${op}(${r})`),
  ),
})).p;
const pattern = fc.oneof({ weight: 3, arbitrary: part }, { weight: 1, arbitrary: fill("!({}|{})", part, part) });

const number = fc.oneof(
  fc.integer({ min: -9, max: 99 }).map(String),
  pick("n", "arr2[0]", "arr2[-1]", "arr2[n]", "0x1F", "017", "8#17", "36#Z", "64#_", "a", "unset1"),
);
const expression: fc.Arbitrary<string> = fc.letrec<{ e: string }>((tie) => ({
  e: fc.oneof(
    { maxDepth: 3 },
    number,
    fill(
      "{} {} {}",
      tie("e"),
      pick("+", "-", "*", "/", "%", "**", "<<", ">>", "&", "|", "^", "<", ">=", "!=", "&&", "||"),
      tie("e"),
    ),
    fill("({})", tie("e")),
    fill("{}{}", pick("!", "~", "-", "+", "- -", "!!"), tie("e")),
    fill("{} ? {} : {}", tie("e"), tie("e"), tie("e")),
    fill(
      "{} {} {}",
      pick("n", "arr2[1]", "arr2[n]", "m2[x]"),
      pick("=", "+=", "-=", "*=", "/=", "%=", "<<=", "|="),
      tie("e"),
    ),
    fill("{}{}", pick("n", "arr2[0]", "arr2[-1]"), pick("++", "--")),
    fill("{}{}", pick("++", "--"), pick("n", "arr2[1]", "m2[x]")),
    fill("{}, {}", tie("e"), tie("e")),
    fill("$(( {} ))", tie("e")),
    fill("${#{}} + {}", pick("a", "arr2[@]", "b"), tie("e")),
    pick("arr2[$n]", "$(echo 3) * 2", "'5' + 1", '"2" + 1', "1 +", "08", "3 = 4", "", "n n", "1 ? 2", "a b"),
  ),
})).e;

const subscripted: fc.Arbitrary<string> = pick(
  "${arr2[-1]}",
  "${arr2[-3]}",
  "${arr2[-9]}",
  "${arr2[@]: -2:1}",
  "${arr2[@]: -1}",
  "${arr2[@]:1}",
  "${arr2[*]:0:2}",
  "${#arr2[-1]}",
  "${arr2[-1]:-none}",
  "${arr2[-2]%o}",
  "${!arr2[@]}",
  "${arr2[n]}",
  "${arr2[n+1]}",
  "${arr2[-1]@Q}",
  "${m2[x]}",
  '${m2["a b"]}',
  "${m2[$a]:=new}",
  "${#m2[@]}",
  "${arr2[@]@A}",
  "${m2[@]@Q}",
  "${arr2[@]@P}",
  "${arr2[*]@u}",
  "${@: -2}",
  "${@:0:1}",
  "${*: -1:1}",
  "${!1}",
  "${!arr2[0]}",
);

const edited: fc.Arbitrary<string> = fc.oneof(
  fill("${{}{}{}}", plainName, pick("#", "##", "%", "%%"), part),
  fill(
    "${{}{}{}/{}}",
    plainName,
    pick("/", "//", "/#", "/%"),
    part.map((p) => p.replaceAll("/", "_")),
    pick("X", "<&>", "\\&", "$a", "'&'", ""),
  ),
  fill("${{}{}{}}", plainName, pick("^", "^^", ",", ",,", "~", "~~"), pick("", "?", "[a-m]", "o", "@(a|f)")),
  fill(
    "${{}{}{}}",
    plainName,
    pick(":-", "-", ":+", "+", ":="),
    pick("d", "'q q'", '"$b"', "$(echo sub)", "${n:-x}", "a\\ b", "~"),
  ),
  fill("${{}:{}:{}}", plainName, pick("0", "1", " -2", "n", "(1)", "9"), pick("1", "2", "-1", "0", "n+1")),
);

const anyWord = fc.oneof(
  quoted,
  subscripted,
  subscripted.map((w) => `"${w}"`),
  edited,
  edited.map((w) => `"${w}"`),
  pick(
    "$n",
    '"$*"',
    '"$@"',
    "$*",
    "x{1,2}y",
    "{a..e..2}",
    "{01..03}",
    "{3..-3..3}",
    "$'a\\tb\\x41\\u00e9'",
    "$((n*2))",
    "a=~",
    "\\$x",
    '"\\$x \\" \\\\ \\n"',
    "$(printf '%s,' \"$@\")",
    "`echo \\`echo in\\``",
  ),
);
const words = fc.array(anyWord, { maxLength: 3 }).map((all) => all.join(" "));

const format = pick(
  "%s",
  "%5s|",
  "%-5s|",
  "%.2s",
  "%*s|",
  "%b",
  "%q",
  "%c",
  "%d",
  "%5d",
  "%05d",
  "%+d",
  "% d",
  "%i",
  "%u",
  "%o",
  "%x",
  "%X",
  "%#x",
  "%#o",
  "%e",
  "%.2f",
  "%g",
  "%08.3f",
  "%%",
  "\\t%s\\n",
  "\\x41\\101",
  "%s %s",
  "%.*f",
  "%5c|",
  "%.3d",
  "%z",
);

const test: fc.Arbitrary<string> = fc.letrec<{ t: string }>((tie) => ({
  t: fc.oneof(
    { maxDepth: 2 },
    fill(
      "{} {} {}",
      anyWord.filter((w) => !/^[$"]?[$][@*]|\{[@*]|\{@:|\{\*:/.test(w)),
      pick("==", "!=", "=", "<", ">"),
      pick("foo", "a*", "'a*'", "$a", '"$b"', "[[:alpha:]]*", "@(foo|bar)", "*"),
    ),
    fill(
      "{} {} {}",
      number,
      pick("-eq", "-ne", "-lt", "-le", "-gt", "-ge"),
      expression.filter((e) => /^[\w+*-]+$/.test(e)),
    ),
    fill(
      '"{}" =~ {}',
      edited,
      pick("^(a|f)(.*)$", "[[:alpha:]]+", "o{2}", "a.*b|x", "^$", "(.)\\.(.)", "'.'", '"$a"', "$n", "[0-9]+$"),
    ),
    fill(
      "{} {}",
      pick("-n", "-z"),
      anyWord.filter((w) => !/@|\*/.test(w)),
    ),
    pick(
      "-v a",
      "-v arr2[1]",
      "-v arr2[9]",
      "-v m2[x]",
      "-v nope",
      "-o errexit",
      "-e /",
      "-d /usr",
      "-f /",
      "-x /bin/sh",
      "/ -ef /usr/..",
      "-s /etc/passwd",
      "-R ref2",
      "-t 9",
    ),
    fill("! {}", tie("t")),
    fill("( {} )", tie("t")),
    fill("{} {} {}", tie("t"), pick("&&", "||"), tie("t")),
  ),
})).t;

/** Commands that fail or not, for `set -e` and traps. */
const risky: fc.Arbitrary<string> = fc.letrec<{ r: string }>((tie) => ({
  r: fc.oneof(
    { maxDepth: 2 },
    pick(
      "true",
      "false",
      "(exit 3)",
      "echo r",
      "x=$(false)",
      "nosuchcmd",
      "[[ a == b ]]",
      "((0))",
      "f7",
      "! true",
      "! false",
      "false | true",
      "true | false",
      "eval false",
      "test x = y",
      "return 2",
      "local y=$(false)",
      "read z </dev/null",
      "let 0",
      "cd /nonexist",
      "echo $(false; echo no)",
      ": $(false)",
      "unset nope",
    ),
    fill("{} && {}", tie("r"), tie("r")),
    fill("{} || {}", tie("r"), tie("r")),
    fill("{ {}; {}; }", tie("r"), tie("r")),
    fill("({}; {})", tie("r"), tie("r")),
    fill("if {}; then {}; fi", tie("r"), tie("r")),
    fill("while {}; do {}; break; done", tie("r"), tie("r")),
    fill("for q in 1 2; do {}; done", tie("r")),
    fill("case x in x) {};; esac", tie("r")),
    fill("f8() { {}; {}; }; f8", tie("r"), tie("r")),
    fill("until {}; do {}; break; done", tie("r"), tie("r")),
    fill("! { {}; {}; }", tie("r"), tie("r")),
    fill('x=$({}; {}); echo "[$x]"', tie("r"), tie("r")),
    fill("{ {}; {}; } | cat", tie("r"), tie("r")),
  ),
})).r;

const setup = "n=2 s='x y  z'; arr2=(3 'p q' foo); declare -A m2=([x]=1 ['a b']=2); f7() { false; echo after; };";

/** One command line of the wider language. */
export const wider: fc.Arbitrary<string> = fc.oneof(
  fill(
    `${setup} case {} in {}|{}) echo 1;; {}) echo 2{} *) echo 3;; esac`,
    anyWord,
    pattern,
    pattern,
    pattern,
    pick(";;", ";&", ";;&"),
  ),
  fill('for w in {}; do [[ $w == {} ]] && echo "$w"; done', words, pattern),
  fill(`${setup} printf '<%s>' {}; echo`, words),
  fill(`${setup} echo $(( {} )) $n "\${arr2[*]}"`, expression),
  fill(`${setup} (( {} )); echo $? $n "\${arr2[@]}" \${m2[x]}`, expression),
  fill(`${setup} for ((n={}; n<3; n++)); do arr2[n]=$(({})); done; declare -p arr2`, pick("0", "-1", "1"), expression),
  fill(
    `${setup} let {} '{}'; echo $? $n`,
    pick("n+=1", "'n = 4'", '"n=3,s=2"'),
    expression.map((e) => e.replaceAll("'", "")),
  ),
  fill(
    `${setup} {}={}; declare -p arr2 m2`,
    pick(
      "arr2[-1]",
      "arr2[-2]+",
      "arr2[n]",
      "arr2[-9]",
      "arr2[7]",
      "m2[new]",
      "m2[a b]+",
      "arr2[n+1]",
      "arr2",
      "arr2+",
    ),
    anyWord,
  ),
  fill(
    `${setup} unset {}; declare -p arr2 m2; echo \${#arr2[@]}`,
    pick(
      "'arr2[-1]'",
      "'arr2[0]'",
      "'m2[x]'",
      "'arr2[-9]'",
      "'m2[\"a b\"]'",
      "arr2",
      "-v n",
      "'arr2[@]'",
      "-f f7",
      "nope",
    ),
  ),
  fill(
    `${setup} f9() { cat <<{}E\n{}\nE\n}; f9 | {}`,
    pick("", "-"),
    fc.oneof(subscripted, edited, pick("a 'b' \"c\" \\$x \\\\", "$(echo in; echo two)", "\ttab")),
    pick("cat", 'while read -r l; do echo "[$l]"; done', "tr a-z A-Z"),
  ),
  fill(
    `${setup} while read -r l m; do echo "$m-$l"; done <<'E' | {}\n{}\nx y z\nE`,
    pick("sort", "cat", "head -1"),
    value,
  ),
  fill(`${setup} cat <<A; cat <<B\n{}\nA\n{}\nB`, edited, subscripted),
  fill(
    `${setup} {}`,
    pick(
      "if cat <<E; then echo yes; fi\nin if\nE",
      "! cat <<E | grep b\nabc\nE\necho $?",
      'x=$(cat <<E\nin $n\nE\n); echo "$x"',
      "{ read p; read q; } <<E\n1\n2\nE\necho $q$p",
      "for i in 1 2; do cat <<E >>ff; done\n$i\nE\ncat ff; rm ff",
      "(cat; echo end) <<E\nx\nE",
      "cat <<'E' - <<< y\nx\nE",
    ),
  ),
  fill(
    'IFS={} read {} u v w <<< {}; echo "$?[$u][$v][$w]"',
    pick("' '", ":", "', '", "", "$' \\t'", "x", "': '"),
    pick("", "-r"),
    quoted,
  ),
  fill("IFS={} read {} -a ra <<< {}; declare -p ra", pick(":", ",", "' '", ", "), pick("", "-r"), quoted),
  fill(
    'read {} u v <<< {}; echo "$?[$u][$v]"',
    pick("-n 3", "-N 4", "-n 0", "-d :", "-d ''", "-rd ,", "-n 2 -r", "-t 0", "-N 99", "-r -n 5 -d x"),
    quoted,
  ),
  fill(
    "printf '%s\\n' {} | while IFS={} read -r u v; do echo \"$u|$v\"; done",
    fc.array(quoted, { minLength: 1, maxLength: 3 }).map((all) => all.join(" ")),
    pick(":", "", "' '", ","),
  ),
  fill(`${setup} printf '{}|' {}; echo " $?"`, format, words),
  fill(`${setup} printf -v {} '{}' {}; declare -p arr2 s`, pick("s", "'arr2[1]'", "'arr2[-1]'"), format, anyWord),
  fill(`${setup} [[ {} ]]; echo $? "\${BASH_REMATCH[@]}"`, test),
  fill(`${setup} if [[ {} ]]; then echo y; else echo n; fi`, test),
  fill("(set -e; {}; echo end); echo $?", risky),
  fill("f7() { false; echo after; }; set -e; ( {} ) || echo caught; set +e", risky),
  fill("f7() { false; echo after; }; (set -eE; trap 'echo ERR $?' ERR; {}; echo end); echo $?", risky),
  fill(
    "f7() { false; echo after; }; ({} trap 'echo {} $?' {}; {}; echo end); echo $?",
    pick("", "set -T;", "set -E;"),
    pick("T", "$FUNCNAME", "$BASH_COMMAND"),
    pick("EXIT", "ERR", "RETURN", "DEBUG"),
    risky,
  ),
  fill(
    "(trap 'echo one' EXIT; trap 'echo usr' USR1; {}; kill -USR1 $BASHPID; trap {}; echo in)",
    risky,
    pick("- EXIT", "'echo two' EXIT", "", "-p", "'' USR1", "- USR1 EXIT"),
  ),
  fill(
    "(set -u; {}; echo end {}); echo $?",
    pick(
      "echo ${nope-x}",
      "echo $nope",
      "echo ${#nope}",
      "echo ${arr9[@]}",
      "echo ${arr9[0]}",
      "echo $1",
      "echo $@",
      "echo $(( nope + 1 ))",
      "[[ -n $nope ]]",
      "a=$nope",
      "echo ${nope:+x}",
      "local z",
    ),
    pick("", "$nope", "$?"),
  ),
  fill("(set -o pipefail; { {}; } | { cat; {}; } | cat; echo ${PIPESTATUS[@]}; echo $?)", risky, risky),
  fill(
    `${setup} f6() { local {} n=5 s; {}; g6; echo "$n$s"; }; g6() { n+=1; s=dyn; }; f6 p 'q r'; echo "$n|$s"`,
    pick("", "-i", "-a", "-u", "-r z=1", "-n ref2=s"),
    risky,
  ),
  fill(
    `${setup} f5() { echo "$#:$*:$1"; shift {}; echo "$@"; set -- z; echo $1; }; f5 {}; echo $#`,
    pick("", "1", "2", "9"),
    words,
  ),
  fill(
    `${setup} { {}; } {}`,
    risky,
    pick(
      "2>&1 >/dev/null",
      "3>&1 1>&2 2>&3",
      ">ff; cat ff; rm -f ff",
      "2>ff; cat ff; rm ff",
      ">nodir/x",
      "<nofile",
      "&>ff; cat ff; rm ff",
      "4<&-",
      ">&9",
      '| { read x; echo "<$x>"; }',
    ),
  ),
  fill(
    'set -- {}; IFS={}; echo "$*" $* "${*:1:2}"; printf \'[%s]\' $@ "$@"; echo; unset IFS',
    words,
    pick(":", "", "' '", "xy", "$'\\n'"),
  ),
  fill(
    "printf '{}' | (mapfile {} -t mf; declare -p mf)",
    pick("a\\nb\\nc\\n", "a\\nb", "", "\\n\\n", "x:y:z"),
    pick("", "-n 1", "-s 1", "-d :", "-O 2", "-C 'echo cb' -c 1", "-n 2 -s 1"),
  ),
  fill(
    `${setup} eval "{}" '{}'; echo $?`,
    pick("echo", "n=3;", "set --", "x={}"),
    words.map((w) => w.replaceAll("'", "")),
  ),
  fill(
    `${setup} declare {} v9={}; declare -p v9; v9+={}; declare -p v9`,
    pick("", "-i", "-u", "-l", "-c", "-a", "-r", "-x", "-A", "-ai", "-n"),
    anyWord,
    pick("1", "'x'", "(2 3)", "([5]=q)"),
  ),
  fill(`${setup} echo {} > "f {}"; ls | head -5; rm -f f*`, anyWord, pick("1", "$n", "$s", "*")),
  fill(`${setup} x={}; echo "$x" \${#x} "\${x@Q}" "\${x^^}" \${x//[!a-z]/}`, anyWord),
  fill(
    "for i in 1 2 3; do for j in 1 2 3; do (( j == {} )) && {} {}; echo $i$j; done; done",
    pick("1", "2", "3", "i"),
    pick("continue", "break"),
    pick("", "1", "2", "3"),
  ),
  fill("job9() { {}; }; { job9 & wait $!; echo $?; }; {}", risky, risky),
);

/** A script of the wider language alone: what is wrong shows by itself. */
export const wideScript = fc
  .array(wider, { minLength: 1, maxLength: 3 })
  .map((lines) => `shopt -s extglob\na=foo b='a b'\n${lines.join("\n")}\n`);
