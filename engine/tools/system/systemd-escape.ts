/** systemd-escape(1): texts and paths as parts of unit names, and back (systemd.unit(5)). */

import { encode } from "../../kernel/index.ts";
import { escapeName, unescapeName } from "../../machine/systemd/unit-name.ts";
import { Fatal, tool } from "../tool.ts";
import { VERSION } from "./systemd-version.ts";

const SUFFIXES = [
  "service",
  "socket",
  "target",
  "device",
  "mount",
  "automount",
  "swap",
  "timer",
  "path",
  "slice",
  "scope",
];

/** `/` becomes `-`; what a unit's name may not hold, and a dot at the beginning, its bytes in hexadecimal. */
function escaped(text: string): string {
  return text
    .split("/")
    .map((part, i) => (i === 0 && part.startsWith(".") ? `\\x2e${escapeName(part.slice(1))}` : escapeName(part)))
    .join("-");
}

/** A path without needless slashes and `.`; undefined where it has `..`. */
function simplified(path: string): string | undefined {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  return parts.includes("..") ? undefined : parts.join("/");
}

/** A name that may be a unit's already: only what is wrong in it is escaped, and a suffix added. */
function mangled(text: string): string {
  if (text.startsWith("/dev/")) return `${escaped(simplified(text) ?? "")}.device`;
  if (text.startsWith("/")) return `${escaped(simplified(text) ?? "") || "-"}.mount`;
  const name = Array.from(encode(text), (byte) => {
    const char = String.fromCharCode(byte);
    if (char === "/") return "-";
    return /[A-Za-z0-9:_.\\@-]/.test(char) ? char : `\\x${byte.toString(16).padStart(2, "0")}`;
  }).join("");
  return SUFFIXES.some((suffix) => name.endsWith(`.${suffix}`)) ? name : `${name}.service`;
}

export const systemdEscape = tool(
  {
    name: "systemd-escape",
    usage: "[OPTIONS...] [NAME...]",
    about: "\nEscape strings for usage in systemd unit names.\n",
    version: VERSION,
    short: "hump",
    long: "suffix:=suffix template:=template instance=instance unescape=u mangle=m path=p",
  },
  function* (t, o) {
    const { operands } = o;
    const template = o.value("template");
    const suffix = o.value("suffix");
    if (suffix !== undefined && !SUFFIXES.includes(suffix)) throw new Fatal(`Invalid unit suffix type "${suffix}".`);
    if (template !== undefined && !/^[^@]+@\.[a-z]+$/.test(template))
      throw new Fatal(`Template name ${template} is not valid.`);
    if (operands.length === 0) throw new Fatal("Not enough arguments.");
    if (template !== undefined && suffix !== undefined)
      throw new Fatal("--suffix= and --template= may not be combined.");
    if ((template !== undefined || suffix !== undefined) && o.has("m"))
      throw new Fatal("--suffix= and --template= are not compatible with --mangle.");
    if (suffix !== undefined && o.has("u")) throw new Fatal("--suffix is not compatible with --unescape.");
    if (o.has("p") && o.has("m")) throw new Fatal("--path may not be combined with --mangle.");
    if (o.has("instance") && !o.has("u")) throw new Fatal("--instance must be used in conjunction with --unescape.");
    if (o.has("instance") && template !== undefined) throw new Fatal("--instance may not be combined with --template.");
    const words: string[] = [];
    for (const word of operands) {
      if (o.has("m")) {
        words.push(mangled(word));
        continue;
      }
      if (o.has("u")) {
        let name = word;
        if (template !== undefined || o.has("instance")) {
          const unit = /^([^@]+)@(.+)\.[a-z]+$/.exec(word);
          if (unit === null) throw new Fatal("Failed to extract instance: Invalid argument");
          if (template !== undefined && word !== template.replace("@.", `@${unit[2]}.`))
            throw new Fatal(`Unit ${word} template ${unit[1]}@. does not match specified template ${template}.`);
          name = unit[2]!;
        }
        words.push(o.has("p") ? (name === "-" ? "/" : `/${unescapeName(name)}`) : unescapeName(name));
        continue;
      }
      if (o.has("p") && !word.startsWith("/")) {
        const bad = simplified(word) === undefined;
        yield* t.error(
          `Input '${word}' is not an absolute file system path, ${bad ? "failed to escape" : "escaping is likely not going to be reversible"}.`,
          bad ? 1 : 0,
        );
        if (bad) return 1;
      }
      const path = o.has("p") ? simplified(word) : word;
      if (path === undefined) throw new Fatal(`Input '${word}' is not a valid file system path, failed to escape.`);
      const text = o.has("p") && path === "" ? "-" : escaped(path);
      if (template !== undefined) words.push(template.replace("@.", `@${text}.`));
      else words.push(suffix === undefined ? text : `${text}.${suffix}`);
    }
    t.out.add(`${words.join(" ")}\n`);
    return 0;
  },
);
