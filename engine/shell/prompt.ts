import { strftime } from "../text/time.ts";
import { currentUser } from "./home.ts";
import type { Shell } from "./shell.ts";
import { shellCalendar } from "./zone.ts";

/** Expands the backslash escapes of PS1 and its kin. */
export function expandPrompt(sh: Shell, text: string): string {
  let out = "";
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (c !== "\\" || i + 1 >= text.length) {
      out += c;
      continue;
    }
    const next = text[++i]!;
    switch (next) {
      case "a":
        out += "\x07";
        break;
      case "e":
        out += "\x1b";
        break;
      case "n":
        out += "\n";
        break;
      case "r":
        out += "\r";
        break;
      case "\\":
        out += "\\";
        break;
      case "h":
        out += sh.p.ns.uts.hostname.split(".")[0];
        break;
      case "H":
        out += sh.p.ns.uts.hostname;
        break;
      case "u":
        out += currentUser(sh);
        break;
      case "w":
      case "W":
        out += promptDir(sh, next === "W");
        break;
      case "$":
        out += sh.p.cred.uid === 0 ? "#" : "$";
        break;
      case "s":
        out += (sh.isCommandString ? sh.arg0 : (sh.p.argv[0] ?? "bash")).replace(/^-/, "").split("/").at(-1);
        break;
      case "v":
        out += "5.2";
        break;
      case "V":
        out += "5.2.37";
        break;
      case "j":
        out += String(sh.jobs.jobs.length);
        break;
      case "l":
        out += sh.p.tty
          ? sh.p.tty.name
              .replace(/^\/dev\//, "")
              .split("/")
              .at(-1)
          : "tty";
        break;
      case "!":
        out += String(sh.history?.number() ?? 1);
        break;
      case "#":
        out += String(sh.commandNumber);
        break;
      case "t":
      case "T":
      case "@":
      case "A":
      case "d":
        out += strftime(TIMES[next]!, shellCalendar(sh, Math.floor(sh.p.machine.kernel.wallMs / 1000)));
        break;
      case "D": {
        if (text[i + 1] !== "{") {
          out += "\\D";
          break;
        }
        const close = text.indexOf("}", i);
        const end = close < 0 ? text.length : close;
        const now = shellCalendar(sh, Math.floor(sh.p.machine.kernel.wallMs / 1000));
        out += strftime(text.slice(i + 2, end) || "%X", now, "libc");
        i = end;
        break;
      }
      case "[":
        // Only a line editor wants to know what takes no room.
        if (!sh.setup.interactive) break;
        out += "\x01";
        break;
      case "]":
        if (sh.setup.interactive) out += "\x02";
        break;
      case "0":
      case "1":
      case "2":
      case "3":
      case "4":
      case "5":
      case "6":
      case "7": {
        const digits = /^[0-7]{1,3}/.exec(text.slice(i, i + 3))![0];
        out += String.fromCharCode(Number.parseInt(digits, 8));
        i += digits.length - 1;
        break;
      }
      default:
        out += `\\${next}`;
    }
  }
  return out;
}

function promptDir(sh: Shell, base: boolean): string {
  const dir = sh.get("PWD") ?? sh.p.cwd;
  const home = sh.get("HOME");
  const short =
    home && home !== "/" && (dir === home || dir.startsWith(`${home}/`)) ? `~${dir.slice(home.length)}` : dir;
  if (base) return short === "/" || short === "~" ? short : short.slice(short.lastIndexOf("/") + 1);
  const trim = Number(sh.get("PROMPT_DIRTRIM") ?? 0);
  if (trim > 0) {
    const parts = short.split("/");
    const head = parts[0] === "~" ? "~/" : "";
    const rest = parts.slice(1);
    if (rest.length > trim) return `${head}.../${rest.slice(-trim).join("/")}`;
  }
  return short;
}

const TIMES: Readonly<Record<string, string>> = { t: "%T", T: "%I:%M:%S", "@": "%I:%M %p", A: "%R", d: "%a %b %d" };
