import { describe, expect, it } from "vitest";
import { parseCorefile } from "./corefile.ts";
import { checkDirectives } from "./directive-checks.ts";
import { ParseError } from "./plugin.ts";
import { ORDER } from "./plugins.ts";

const PATH = "/etc/coredns/Corefile";
const FILES: Record<string, string> = {
  "custom/log.override": "log\n",
  "zones.server": "example.org {\n  errors\n}\n",
};
const files = (pattern: string) =>
  Object.entries(FILES)
    .filter(([path]) => (pattern.includes("*") ? path.startsWith(pattern.split("*")[0]!) : path === pattern))
    .map(([path, text]) => ({ path, text }));

const read = (text: string) =>
  parseCorefile(text, PATH, new Map([["ZONE", "corp.example"]]), (name) => ORDER.some(([one]) => one === name), files);
/** What the real server ends with. */
function problemOf(text: string): string {
  try {
    for (const { directives } of read(text))
      for (const [name] of ORDER) {
        try {
          checkDirectives(
            name,
            directives.filter((one) => one.name === name),
          );
        } catch (error) {
          return `plugin/${name}: ${error instanceof ParseError ? error.at(PATH) : (error as Error).message}`;
        }
      }
  } catch (error) {
    return (error as Error).message;
  }
  return "";
}

describe("a Corefile", () => {
  // Restated from coredns/caddy caddyfile/parse_test.go and CoreDNS's setup_test.go files.
  it.each([
    [".:53 {\n  errors\n  cache 30\n}", [[".:53", "errors", "cache 30"]]],
    ["a.example, b.example:1053\nerrors", [["a.example.:53", "b.example.:1053", "errors"]]],
    ["(common) {\n  errors\n  log\n}\n. {\n  import common\n  loop\n}", [[".:53", "errors", "log", "loop"]]],
    [". {\n  import custom/*.override\n  loop\n}", [[".:53", "log", "loop"]]],
    [
      ". {\n  errors\n}\nimport zones.server",
      [
        [".:53", "errors"],
        ["example.org.:53", "errors"],
      ],
    ],
    [". {\n  import none/*.override\n  errors\n}", [[".:53", "errors"]]],
    ["{$ZONE} {\n  errors # why\n}", [["corp.example.:53", "errors"]]],
    [". {\n  hosts {\n    10.0.0.1 a b\n    fallthrough\n  }\n}", [[".:53", "hosts {10.0.0.1 a b;fallthrough}"]]],
    [
      '. {\n  template IN A x {\n    answer "{{ .Name }} 60 IN A 1.2.3.4"\n  }\n}',
      [[".:53", "template IN A x {answer {{ .Name }} 60 IN A 1.2.3.4}"]],
    ],
  ])("%j", (text, blocks) => {
    const line = (one: { name: string; args: readonly string[] }) => [one.name, ...one.args].join(" ");
    const shown = read(text).map(({ zones, directives }) => [
      ...zones.map(({ zone, port }) => `${zone}.:${port}`),
      ...directives.map((one) => line(one) + (one.block.length > 0 ? ` {${one.block.map(line).join(";")}}` : "")),
    ]);
    expect(shown).toEqual(blocks);
  });

  it.each([
    [". {\n  errrors\n}", `${PATH}:2 - Error during parsing: Unknown directive 'errrors'`],
    [". {\n  errors\n", `${PATH}:2 - Syntax error: Unexpected token 'errors', expecting '}'`],
    [". {\n  hosts {\n    1.2.3.4 a\n", `${PATH}:3 - Error during parsing: Unexpected EOF`],
    [". {\n  cache 30\n  import nothing\n}", `${PATH}:3 - Error during parsing: File to import not found: nothing`],
    [
      ". {\n  kubernetes cluster.local {\n    pods insecure\n  prometheus :9153\n}",
      "plugin/kubernetes: /etc/coredns/Corefile:4 - Error during parsing: unknown property 'prometheus'",
    ],
    [". {\n  errors }\n}", `${PATH}:2 - Error during parsing: Unexpected '}' because no matching opening brace`],
    [
      ". {\n  kubernetes x {\n    podz insecure\n  }\n}",
      `plugin/kubernetes: ${PATH}:3 - Error during parsing: unknown property 'podz'`,
    ],
    [
      ". {\n  kubernetes x {\n    pods always\n  }\n}",
      "plugin/kubernetes: wrong value for pods: always,  must be one of: disabled, verified, insecure",
    ],
    [
      ". {\n  kubernetes x {\n    ttl 4000\n  }\n}",
      `plugin/kubernetes: ${PATH}:3 - Error during parsing: ttl must be in range [0, 3600]: 4000`,
    ],
    [". {\n  kubernetes x\n  kubernetes y\n}", "plugin/kubernetes: this plugin can only be used once per Server Block"],
    [
      ". {\n  forward .\n}",
      `plugin/forward: ${PATH}:2 - Error during parsing: Wrong argument count or unexpected line ending after '.'`,
    ],
    [
      ". {\n  forward . 1.1.1.1 {\n    policy best\n  }\n}",
      `plugin/forward: ${PATH}:3 - Error during parsing: unknown policy 'best'`,
    ],
    [". {\n  cache 0\n}", "plugin/cache: cache TTL can not be zero or negative: 0"],
    [
      ". {\n  cache {\n    sucess 10\n  }\n}",
      `plugin/cache: ${PATH}:3 - Error during parsing: Wrong argument count or unexpected line ending after '10'`,
    ],
    [
      ". {\n  health {\n    lameduck 5\n  }\n}",
      "plugin/health: unable to parse lameduck duration value: '5' : time: missing unit in duration \"5\"",
    ],
    [". {\n  log {\n    class errors\n  }\n}", "plugin/log: invalid Class: errors"],
    [". {\n  reload 1s\n}", "plugin/reload: interval value must be greater or equal to 2s"],
    [
      ". {\n  hosts {\n    fallthrough\n    1.2.3.4 a\n  }\n}",
      `plugin/hosts: ${PATH}:4 - Error during parsing: unknown property '1.2.3.4'`,
    ],
    [". {\n  loadbalance first\n}", "plugin/loadbalance: unknown policy: first"],
    [
      ". {\n  acl {\n    deny net 10.0.0.0/8\n  }\n}",
      `plugin/acl: ${PATH}:3 - Error during parsing: unexpected token "deny"; expect 'allow', 'block', 'filter' or 'drop'`,
    ],
    [
      ". {\n  errors {\n    consolidate 5m\n  }\n}",
      `plugin/errors: ${PATH}:3 - Error during parsing: Wrong argument count or unexpected line ending after '5m'`,
    ],
  ])("%j ends the server", (text, problem) => expect(problemOf(text)).toBe(problem));
});
