import { currentUser } from "./home.ts";
import type { Shell } from "./shell.ts";

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
        out += sh.arg0.replace(/^-/, "").split("/").at(-1);
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
        out += promptTime(sh, next);
        break;
      case "[":
        out += "\x01";
        break;
      case "]":
        out += "\x02";
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

function promptTime(sh: Shell, how: string): string {
  const { year: _year, month, day, weekday, hour, minute, second } = calendar(sh.p.machine.kernel.wallMs);
  const two = (n: number) => String(n).padStart(2, "0");
  const twelve = hour % 12 === 0 ? 12 : hour % 12;
  switch (how) {
    case "t":
      return `${two(hour)}:${two(minute)}:${two(second)}`;
    case "T":
      return `${two(twelve)}:${two(minute)}:${two(second)}`;
    case "@":
      return `${two(twelve)}:${two(minute)} ${hour < 12 ? "AM" : "PM"}`;
    case "A":
      return `${two(hour)}:${two(minute)}`;
    default:
      return `${DAYS[weekday]!.slice(0, 3)} ${MONTHS[month]!.slice(0, 3)} ${two(day)}`;
  }
}

export const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
export const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

/** UTC calendar fields of an instant in ms since 1970 (civil-from-days by Howard Hinnant); month from 0. */
export function calendar(ms: number): {
  year: number;
  month: number;
  day: number;
  weekday: number;
  hour: number;
  minute: number;
  second: number;
  yearDay: number;
} {
  const seconds = Math.floor(ms / 1000);
  const days = Math.floor(seconds / 86_400);
  const rest = seconds - days * 86_400;
  const z = days + 719_468;
  const era = Math.floor(z / 146_097);
  const doe = z - era * 146_097;
  const yoe = Math.floor((doe - Math.floor(doe / 1460) + Math.floor(doe / 36_524) - Math.floor(doe / 146_096)) / 365);
  const doy = doe - (365 * yoe + Math.floor(yoe / 4) - Math.floor(yoe / 100));
  const mp = Math.floor((5 * doy + 2) / 153);
  const day = doy - Math.floor((153 * mp + 2) / 5) + 1;
  const month = mp < 10 ? mp + 2 : mp - 10;
  const year = yoe + era * 400 + (month <= 1 ? 1 : 0);
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const before = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334][month]!;
  return {
    year,
    month,
    day,
    weekday: (((days + 4) % 7) + 7) % 7,
    hour: Math.floor(rest / 3600),
    minute: Math.floor(rest / 60) % 60,
    second: rest % 60,
    yearDay: before + day - 1 + (leap && month > 1 ? 1 : 0),
  };
}
