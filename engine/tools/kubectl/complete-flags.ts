import { DEPRECATED, type FlagDef, findFlag, globalFlags, localFlags } from "./commands.ts";
import type { Flags } from "./flags.ts";
import { compareStrings } from "./go.ts";

/** Flags without which a command does nothing (cobra MarkFlagRequired): they are offered before anything else. */
const REQUIRED: Record<string, readonly string[]> = {
  autoscale: ["max"],
  "create clusterrolebinding": ["clusterrole"],
  "create cronjob": ["image", "schedule"],
  "create deployment": ["image"],
  "create service externalname": ["external-name"],
  run: ["image"],
  scale: ["replicas"],
};

/** `--flag` and `-f` of a flag, as far as they begin like that. */
function forms(flag: FlagDef, prefix: string): [string, string][] {
  const words: [string, string][] = [];
  if (`--${flag.name}`.startsWith(prefix)) words.push([`--${flag.name}`, flag.usage]);
  if (flag.shorthand && `-${flag.shorthand}`.startsWith(prefix)) words.push([`-${flag.shorthand}`, flag.usage]);
  return words;
}

/** The flags that the line still lacks. */
export function requiredFlags(flags: Flags, prefix: string): [string, string][] {
  return (REQUIRED[flags.path] ?? [])
    .filter((name) => !flags.changed(name))
    .flatMap((name) => forms(findFlag(flags.path, name)!, prefix));
}

/** All flags that may still be given: those of every command, then the command's own. */
export function flagNames(flags: Flags, prefix: string): [string, string][] {
  const { path } = flags;
  const byName = (a: FlagDef, b: FlagDef) => compareStrings(a.name, b.name);
  const help: FlagDef = {
    name: "help",
    shorthand: "h",
    value: "false",
    usage: `help for ${path.split(" ").at(-1) || "kubectl"}`,
    type: "bool",
    bare: "true",
  };
  let inherited = [...globalFlags()];
  const own = [...localFlags(path).filter(({ name }) => DEPRECATED[name] === undefined), help];
  if (path.split(" ")[0] === "config") {
    // `config` and what is below it have a flag of their own by this name.
    const kubeconfig = { ...findFlag("", "kubeconfig")!, usage: "use a particular kubeconfig file" };
    inherited = inherited.filter(({ name }) => name !== "kubeconfig");
    (path === "config" ? own : inherited).push(kubeconfig);
  }
  const hidden = new Set(own.map(({ name }) => name));
  inherited = inherited.filter(({ name }) => !hidden.has(name));
  const all = path === "" ? [...inherited, ...own].sort(byName) : [...inherited.sort(byName), ...own.sort(byName)];
  return all
    .filter((flag) => !flags.changed(flag.name) || flag.type === "slice" || flag.type === "array")
    .flatMap((flag) => forms(flag, prefix));
}
