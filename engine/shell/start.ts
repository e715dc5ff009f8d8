import type { Process } from "../machine/process.ts";
import type { Signal } from "../machine/signal.ts";
import { find } from "../machine/sys.ts";
import { builtins } from "./builtins/index.ts";
import { SET_OPTIONS, SHOPT_NAMES } from "./builtins/options.ts";
import { hasBuiltin } from "./dialect.ts";
import { defineDynamic, installDynamic, watchReferences } from "./dynamic.ts";
import { Shell, type ShellSetup } from "./shell.ts";
import { parseText, Source } from "./source.ts";
import { Variable } from "./variables.ts";

export const BASH_VERSION = "5.2.37(1)-release";
/** Where `enable -f` looks. */
const LOADABLES = "/usr/local/lib/bash:/usr/lib/bash:/opt/local/lib/bash:/usr/pkg/lib/bash:/opt/pkg/lib/bash:.";
const DEFAULT_PATH = "/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin:.";

/** A new shell in a process: its variables come from the environment. */
export function startShell(p: Process, setup: ShellSetup): Shell {
  const sh = new Shell(p, setup);
  if (setup.dialect !== "bash") {
    sh.options.delete("braceexpand");
    for (const name of builtins.keys()) if (!hasBuiltin(setup.dialect, name)) sh.disabledBuiltins.add(name);
  }
  for (const [name, value] of p.env) {
    const fn = /^BASH_FUNC_(.+)%%$/.exec(name);
    if (fn) {
      importFunction(sh, fn[1]!, value);
      continue;
    }
    if (!/^[A-Za-z_]\w*$/.test(name)) {
      if (setup.dialect === "bash") sh.foreignEnvironment.set(name, value);
      continue;
    }
    const variable = new Variable();
    variable.value = value;
    variable.exported = true;
    sh.vars.all.set(name, variable);
  }
  const plain = (name: string, value: string, flags: Partial<Variable> = {}) => {
    const variable = new Variable();
    variable.value = value;
    Object.assign(variable, flags);
    sh.vars.all.set(name, variable);
  };
  plain("IFS", " \t\n");
  plain("OPTIND", "1");
  plain("PS4", sh.vars.find("PS4")?.value ?? "+ ");
  if (setup.dialect === "busybox") {
    const random = new Variable();
    defineDynamic(sh, "RANDOM", random);
    sh.vars.all.set("RANDOM", random);
    const line = new Variable();
    defineDynamic(sh, "LINENO", line);
    sh.vars.all.set("LINENO", line);
    if (!sh.vars.find("HOSTNAME")) plain("HOSTNAME", p.ns.uts.hostname);
  }
  if (setup.dialect !== "bash") {
    const prompt = setup.dialect === "busybox" ? "\\w \\$ " : p.cred.uid === 0 ? "# " : "$ ";
    if (!sh.vars.find("PS1")) plain("PS1", prompt);
    if (!sh.vars.find("PS2")) plain("PS2", "> ");
  }
  if (!sh.vars.find("PATH")) plain("PATH", DEFAULT_PATH);
  plain("PPID", String(p.parent?.nsPid ?? 0), sh.posix ? {} : { readonly: true, integer: true });
  const shlvl = Number(sh.vars.find("SHLVL")?.value ?? 0) || 0;
  const pwd = sh.vars.find("PWD")?.value;
  const logical = pwd?.startsWith("/") && !/(^|\/)\.\.?(\/|$)/.test(pwd) && find(p, pwd) === find(p, ".") ? pwd : p.cwd;
  plain("PWD", logical, { exported: true });
  if (setup.dialect === "bash") {
    plain("SHLVL", String(shlvl + 1), { exported: true });
    installDynamic(sh);
    watchReferences(sh);
    plain("UID", String(p.cred.uid), sh.posix ? {} : { readonly: true, integer: true });
    plain("EUID", String(p.cred.uid), sh.posix ? {} : { readonly: true, integer: true });
    plain("OPTERR", "1");
    const here = {
      HOSTNAME: p.ns.uts.hostname,
      HOSTTYPE: "x86_64",
      OSTYPE: "linux-gnu",
      MACHTYPE: "x86_64-pc-linux-gnu",
    };
    for (const [name, value] of Object.entries(here)) if (!sh.vars.find(name)) plain(name, value);
    plain("BASH", p.exe || "/bin/bash");
    plain("BASH_VERSION", BASH_VERSION);
    plain("BASH_LOADABLES_PATH", LOADABLES);
    plain("TERM", sh.vars.find("TERM")?.value ?? "dumb", { exported: sh.vars.find("TERM")?.exported ?? false });
    if (!sh.vars.find("SHELL")) plain("SHELL", "/bin/bash");
    const versions = new Variable();
    versions.list = ["5", "2", "37", "1", "release", "x86_64-pc-linux-gnu"];
    versions.readonly = true;
    sh.vars.all.set("BASH_VERSINFO", versions);
    inheritOptions(sh);
    plain("BASHOPTS", "", { readonly: true, exported: sh.vars.find("BASHOPTS")?.exported ?? false });
    sh.vars.find("BASHOPTS")!.get = () => sh.shownShopts ?? [...sh.shopts].sort().join(":");
    plain("SHELLOPTS", "", { readonly: true, exported: sh.vars.find("SHELLOPTS")?.exported ?? false });
    sh.vars.find("SHELLOPTS")!.get = () => [...sh.options].sort().join(":");
    const oldpwd = sh.vars.find("OLDPWD");
    if (oldpwd === undefined || find(p, oldpwd.value ?? "")?.kind !== "dir") {
      const unset = new Variable();
      unset.exported = true;
      sh.vars.all.set("OLDPWD", unset);
    }
  }
  for (const [signal, how] of p.dispositions) if (how === "ignore") sh.ignoredAtStart.add(signal as Signal);
  sh.vars.changed();
  return sh;
}

/** What a parent that exports SHELLOPTS and BASHOPTS has switched on. */
function inheritOptions(sh: Shell): void {
  const given = (name: string) => (sh.vars.find(name)?.value ?? "").split(":");
  for (const name of given("SHELLOPTS")) if (SET_OPTIONS.includes(name)) sh.options.add(name);
  for (const name of given("BASHOPTS")) if (SHOPT_NAMES.includes(name)) sh.shopts.add(name);
}

/** A function that was exported by the parent. */
function importFunction(sh: Shell, name: string, value: string): void {
  const text = `${name} ${value}`;
  const { commands } = parseText(text);
  const node = commands[0]?.command;
  // Nothing but a definition is taken from the environment, since 2014.
  if (commands.length > 1)
    sh.startComplaints.push(
      `warning: ${name}: ignoring function definition attempt`,
      `error importing function definition for \`${name}'`,
    );
  else if (node?.type === "Function")
    sh.functions.set(name, { node, source: new Source(text, "environment", 1), exported: true });
}
