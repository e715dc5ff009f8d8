/** Modes that change several rules of a shell at once: restricted, POSIX, and those of earlier releases. */
import type { Shell } from "./shell.ts";

/** Restricts the shell for good: what decides which programs it runs may not be changed either. */
export function restrict(sh: Shell): void {
  sh.restricted = true;
  for (const name of ["PATH", "SHELL", "ENV", "BASH_ENV", "HISTFILE"]) {
    const variable = sh.vars.find(name);
    if (variable) variable.readonly = true;
  }
}

/** The release whose ways BASH_COMPAT asks for, as in `51`. */
export function compatibility(sh: Shell): number {
  const level = /^(\d)\.?(\d)$/.exec(sh.vars.find("BASH_COMPAT")?.value ?? "");
  return level ? Number(level[1]! + level[2]!) : 52;
}

/** BASH_COMPAT: one of the `compat` options, or none. */
export function setCompatibility(sh: Shell, value: string): void {
  const level = /^(\d)\.?(\d)$/.exec(value);
  const number = level ? Number(level[1]! + level[2]!) : 0;
  const known = (number >= 31 && number <= 32) || (number >= 40 && number <= 44) || (number >= 50 && number <= 52);
  for (const name of [...sh.shopts]) if (name.startsWith("compat")) sh.shopts.delete(name);
  if (known && number <= 44) sh.shopts.add(`compat${number}`);
  else if (!known && value !== "") sh.warnings.push(`BASH_COMPAT: ${value}: compatibility value out of range`);
}

/** `set -o posix`: a few rules change, and POSIXLY_CORRECT with it. */
export function setPosixMode(sh: Shell, on: boolean): void {
  if (on === sh.has("posix")) return;
  sh.shownShopts ??= sh.get("BASHOPTS");
  const change = (all: Set<string>, name: string, to: boolean) => (to ? all.add(name) : all.delete(name));
  change(sh.options, "posix", on);
  for (const name of ["inherit_errexit", "shift_verbose"]) change(sh.shopts, name, on);
  // POSIX has scripts expand aliases.
  change(sh.shopts, "expand_aliases", on || sh.setup.interactive);
  if (on && sh.get("POSIXLY_CORRECT") === undefined) sh.set("POSIXLY_CORRECT", "y");
  if (!on) sh.vars.remove("POSIXLY_CORRECT");
}

/** `set -o ignoreeof`: an interactive shell is not left by Ctrl-D; IGNOREEOF says how many of them it takes. */
export function setIgnoreEof(sh: Shell, on: boolean): void {
  if (on) {
    sh.options.add("ignoreeof");
    sh.set("IGNOREEOF", "10");
  } else {
    sh.options.delete("ignoreeof");
    sh.vars.remove("IGNOREEOF");
  }
}

/** Ends of input that an interactive shell passes over before it believes one. */
export function ignoredEnds(sh: Shell): number {
  if (!sh.has("ignoreeof")) return 0;
  const value = sh.get("IGNOREEOF") ?? "";
  return /^\d+$/.test(value) ? Number(value) : 10;
}
