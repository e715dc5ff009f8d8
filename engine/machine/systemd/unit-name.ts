/** Names of units and what is made of them (systemd.unit(5)). */
import { decode, encode } from "../../kernel/index.ts";
import type { Machine } from "../machine.ts";

/** A unit's full name: `.service` when it has no suffix. */
export function unitName(given: string): string {
  if (given.startsWith("/") && !given.endsWith(".service")) return `${escapePath(given)}.mount`;
  return /\.(service|target|socket|timer|slice|scope|mount|path|device|swap|automount)$/.test(given)
    ? given
    : `${given}.service`;
}

function escapePath(path: string): string {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  return parts.length === 0 ? "-" : parts.map(escapeName).join("-");
}

/** What a unit's name may not hold as its bytes in hexadecimal. */
export function escapeName(text: string): string {
  return Array.from(encode(text), (byte) => {
    const char = String.fromCharCode(byte);
    return /[A-Za-z0-9:_.]/.test(char) ? char : `\\x${byte.toString(16).padStart(2, "0")}`;
  }).join("");
}

/** `-` back to `/`, `\x2d` back to its byte. */
export function unescapeName(text: string): string {
  const bytes: number[] = [];
  for (let i = 0; i < text.length; i++) {
    const code = /^\\x([0-9a-fA-F]{2})/.exec(text.slice(i));
    if (code !== null) {
      bytes.push(Number.parseInt(code[1]!, 16));
      i += 3;
    } else bytes.push(...encode(text[i] === "-" ? "/" : text[i]!));
  }
  return decode(Uint8Array.from(bytes));
}

/** A template without an instance: `job@.service`. */
export function isTemplate(name: string): boolean {
  return /^[^@]+@\.[a-z]+$/.test(name);
}

/** Replaces specifiers in a unit's text (systemd.unit(5), "Specifiers"). */
export function expand(text: string, name: string, machine: Machine): string {
  if (!text.includes("%")) return text;
  const base = name.replace(/\.[a-z]+$/, "");
  const at = base.indexOf("@");
  const [prefix, instance] = at < 0 ? [base, ""] : [base.slice(0, at), base.slice(at + 1)];
  const last = prefix.slice(prefix.lastIndexOf("-") + 1);
  const values: Record<string, string> = {
    n: name,
    N: base,
    p: prefix,
    P: unescapeName(prefix),
    i: instance,
    I: unescapeName(instance),
    j: last,
    J: unescapeName(last),
    f: `/${unescapeName(instance === "" ? prefix : instance)}`,
    H: machine.ns.uts.hostname,
    l: machine.ns.uts.hostname.split(".")[0]!,
    m: machine.machineId,
    b: machine.journal.bootIds.at(-1) ?? "",
    v: "6.1.0-32-amd64",
    t: "/run",
    S: "/var/lib",
    C: "/var/cache",
    L: "/var/log",
    E: "/etc",
    T: "/tmp",
    V: "/var/tmp",
    u: "root",
    U: "0",
    g: "root",
    G: "0",
    h: "/root",
    s: "/bin/sh",
    "%": "%",
  };
  return text
    .split("\n")
    .map((line) => {
      // Words are split before specifiers are replaced: what these bring in is not unquoted.
      const split = /^\s*(Exec|Environment)/.test(line);
      return line.replace(/%([a-zA-Z%])/g, (all, letter: string) => {
        const value = values[letter];
        return value === undefined ? all : split ? value.replaceAll("\\", "\\\\") : value;
      });
    })
    .join("\n");
}
