/** systemctl's verbs about the manager itself: its environment, its log level; and set-property. */
import * as sys from "../../machine/sys.ts";
import { Fatal } from "../tool.ts";
import { PRIORITIES } from "./journal-match.ts";
import { setProperties } from "./systemctl-property.ts";
import { requireRoot, type Verb, verb } from "./systemctl-words.ts";

/** A value as `show-environment` prints it: in $'' where a shell would read it otherwise. */
function shellValue(value: string): string {
  if (/^[\w@%+=:,./-]*$/.test(value)) return value;
  return `$'${value.replace(/['\\]/g, "\\$&").replaceAll("\n", "\\n").replaceAll("\t", "\\t")}'`;
}

const TARGETS = ["console", "journal", "kmsg", "journal-or-kmsg", "syslog", "syslog-or-kmsg", "auto", "null"];

function setting(name: "logLevel" | "logTarget", known: (value: string) => boolean, what: string): Verb {
  return verb(
    function* (t, manager, [value]) {
      if (value === undefined) t.out.add(`${manager[name]}\n`);
      else {
        if (!(yield* requireRoot(t.p, `Failed to set ${what}`))) return 1;
        if (!known(value))
          throw new Fatal(`Failed to set ${what} to ${value}: Invalid log ${what.slice(4)} '${value}'`);
        manager[name] = value;
      }
      return 0;
    },
    0,
    1,
  );
}

export const ENVIRONMENT_VERBS: Readonly<Record<string, Verb>> = {
  "show-environment": verb(
    function* (t, manager) {
      for (const [name, value] of manager.environment) t.out.add(`${name}=${shellValue(value)}\n`);
      return 0;
    },
    0,
    0,
  ),
  "set-environment": verb(function* (t, manager, pairs) {
    if (!(yield* requireRoot(t.p, "Failed to set environment"))) return 1;
    if (pairs.some((pair) => !/^[A-Za-z_]\w*=/.test(pair)))
      throw new Fatal("Failed to set environment: Invalid environment assignments");
    for (const pair of pairs)
      manager.environment.set(pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1));
    return 0;
  }, 1),
  "unset-environment": verb(function* (t, manager, names) {
    if (!(yield* requireRoot(t.p, "Failed to set environment"))) return 1;
    for (const name of names) manager.environment.delete(name);
    return 0;
  }, 1),
  "import-environment": verb(function* (t, manager, names) {
    if (names.length === 0)
      yield* sys.printError(t.p, "Calling import-environment without a list of variable names is deprecated.\n");
    for (const name of names.length > 0 ? names : [...t.p.env.keys()]) {
      const value = t.p.env.get(name);
      if (value === undefined) yield* sys.printError(t.p, `Environment variable $${name} not set, ignoring.\n`);
      else manager.environment.set(name, value);
    }
    return 0;
  }),
  "log-level": setting("logLevel", (value) => PRIORITIES.includes(value) || /^[0-7]$/.test(value), "log level"),
  "log-target": setting("logTarget", (value) => TARGETS.includes(value), "log target"),
  "service-watchdogs": verb(
    function* (t) {
      t.out.add("yes\n");
      return 0;
    },
    0,
    1,
  ),
  "set-property": verb((t, manager, names, o) => setProperties(t, manager, names, o), 2),
};
