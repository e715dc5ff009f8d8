import { optionNumber, quoted, wholeNumber } from "../numbers.ts";
import { bang, plainMatch } from "../plain.ts";
import { Problem } from "../problem.ts";

const PATTERNS = ["string", "hex-string"];
const hex = (text: string) => [...text].map((char) => char.charCodeAt(0).toString(16).padStart(2, "0")).join("");

/** `|de ad|x` as characters. */
function hexPattern(text: string): string {
  return text.replace(/\|([^|]*)\|/g, (_, inside: string) => {
    const digits = inside.replaceAll(" ", "");
    const wrong = /[^\da-fA-F]/.exec(digits);
    if (wrong) throw new Problem(`Invalid hex char '${wrong[0]}'`);
    return String.fromCharCode(...(digits.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16)));
  });
}

const offset = (name: string) => ({
  name,
  read: (value: string) => `${optionNumber("string", name, value, 0, 65_535)}`,
});

/** `-m string`: what a packet carries (libxt_string.c). The first packets of connections carry nothing. */
export const string = plainMatch(
  {
    name: "string",
    options: [
      { name: "string", invert: true, excludes: PATTERNS, read: (value) => `"${value.replace(/["\\]/g, "\\$&")}"` },
      {
        name: "hex-string",
        invert: true,
        excludes: PATTERNS,
        read(value, _rule, said) {
          const text = hexPattern(value);
          // What can be printed is kept as it is.
          if (/^[\x20-\x7e]*$/.test(text)) said.set("string", { value: `"${text}"`, inverted: false });
          return `"|${hex(text)}|"`;
        },
      },
      { name: "algo", mandatory: true },
      offset("from"),
      offset("to"),
      { name: "icase", flag: true },
    ],
    list(said) {
      const pattern = said.get("string") ?? said.get("hex-string");
      const word = (label: string, name: string) => (said.has(name) ? ` ${label} ${said.get(name)!.value}` : "");
      const fold = said.has("icase") ? " ICASE" : "";
      return ` STRING match ${pattern!.inverted ? "!" : ""} ${pattern!.value} ALGO name ${said.get("algo")!.value}${word("FROM", "from")}${word("TO", "to")}${fold}`;
    },
    finish(given, said) {
      if (!PATTERNS.some((name) => given.has(name))) {
        throw new Problem("STRING match: You must specify `--string' or `--hex-string'");
      }
      const hexed = said.get("hex-string");
      if (hexed && said.has("string")) {
        said.set("string", { value: said.get("string")!.value, inverted: hexed.inverted });
        said.delete("hex-string");
      }
      if (said.get("from")?.value === "0") said.delete("from");
      if (said.get("to")?.value === "65535") said.delete("to");
    },
    missing: (said) => !["bm", "kmp", "fsm"].includes(said.get("algo")!.value),
  },
  (_packet, _on, said) => (said.get("string") ?? said.get("hex-string"))!.inverted,
);

const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const two = (value: number) => `${value}`.padStart(2, "0");
const NEVER = "2038-01-19T03:14:07";

function clock(text: string): string {
  const found = /^(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?$/.exec(text);
  const [hours, minutes, seconds] = (found?.slice(1) ?? []).map((part) => Number(part ?? 0));
  if (found === null || hours! > 23 || minutes! > 59 || seconds! > 59) {
    throw new Problem(`invalid time "${text}" specified, should be hh:mm[:ss] format and within the boundaries`);
  }
  return `${two(hours!)}:${two(minutes!)}:${two(seconds!)}`;
}

function dateOf(text: string): string {
  const found = /^(\d{4})(?:-(\d{1,2})(?:-(\d{1,2})(?:T(\d{1,2})(?::(\d{1,2})(?::(\d{1,2}))?)?)?)?)?$/.exec(text);
  if (found === null) throw new Problem(`Invalid date "${text}" specified. Should be YYYY[-MM[-DD[Thh[:mm[:ss]]]]]`);
  const [year, month = "1", day = "1", hour = "0", minute = "0", second = "0"] = found.slice(1);
  return `${year}-${two(Number(month))}-${two(Number(day))}T${two(Number(hour))}:${two(Number(minute))}:${two(Number(second))}`;
}

function weekdays(text: string): string[] {
  return text.split(",").map((word) => {
    const day = /^[1-7]$/.test(word)
      ? DAYS[Number(word) - 1]
      : DAYS.find((name) => word.length >= 2 && name.slice(0, 2).toLowerCase() === word.slice(0, 2).toLowerCase());
    if (day === undefined) throw new Problem(`${word} is not a valid day specifier`);
    return day;
  });
}

const ordinal = (day: number) => {
  const end = day > 10 && day < 14 ? "th" : (["th", "st", "nd", "rd"][day % 10] ?? "th");
  return `${day}${end}`;
};

/** Seconds of a day. */
const daySeconds = (text: string) => text.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);

/** `-m time`: hours, days and dates, in UTC (libxt_time.c, xt_time.c). */
export const time = plainMatch(
  {
    name: "time",
    options: [
      { name: "timestart", read: clock },
      { name: "timestop", read: clock },
      {
        name: "monthdays",
        invert: true,
        read(value) {
          const days = value.split(",").map((word) => {
            const day = wholeNumber(word, 1, 31);
            if (day === undefined) throw new Problem(`${word} is not a valid month day`);
            return day;
          });
          return [...new Set(days)].sort((a, b) => a - b).join(",");
        },
      },
      {
        name: "weekdays",
        invert: true,
        read: (value) => DAYS.filter((day) => weekdays(value).includes(day)).join(","),
      },
      { name: "datestart", read: dateOf },
      { name: "datestop", read: dateOf },
      { name: "localtz", flag: true },
      { name: "utc", flag: true, silent: true },
      { name: "kerneltz", flag: true },
      { name: "contiguous", flag: true },
    ],
    list(said) {
      const value = (name: string) => said.get(name)?.value;
      const times = said.has("timestart") || said.has("timestop");
      const at = times ? ` from ${value("timestart") ?? "00:00:00"} to ${value("timestop") ?? "23:59:59"}` : "";
      const days = value("weekdays") === undefined ? "" : ` on ${value("weekdays")}`;
      const month = value("monthdays");
      const numbers =
        month === undefined
          ? ""
          : ` on ${month
              .split(",")
              .map((day) => ordinal(Number(day)))
              .join(",")}`;
      const start = value("datestart") === undefined ? "" : ` starting from ${value("datestart")!.replace("T", " ")}`;
      const stop = value("datestop") === NEVER ? "" : ` until date ${value("datestop")!.replace("T", " ")}`;
      const zone = said.has("kerneltz") ? "" : " UTC";
      return ` TIME${at}${days}${numbers}${start}${stop}${zone}${said.has("contiguous") ? " contiguous" : ""}`;
    },
    finish(_given, said) {
      if (!said.has("datestop")) said.set("datestop", { value: NEVER, inverted: false });
      const complement = (name: string, all: readonly string[]) => {
        const said2 = said.get(name);
        if (!said2?.inverted) return;
        const chosen = said2.value.split(",");
        said.set(name, { value: all.filter((one) => !chosen.includes(one)).join(","), inverted: false });
      };
      complement("weekdays", DAYS);
      complement(
        "monthdays",
        Array.from({ length: 31 }, (_, i) => `${i + 1}`),
      );
    },
  },
  (_packet, on, said) => {
    const seconds = Math.floor((on.wallMs ?? 0) / 1000);
    const day = Math.floor(seconds / 86_400);
    const value = (name: string) => said.get(name)?.value;
    const days = value("weekdays");
    // The first of January 1970 was a Thursday.
    if (days !== undefined && !days.split(",").includes(DAYS[(day + 3) % 7]!)) return false;
    const clockNow = seconds % 86_400;
    const from = daySeconds(value("timestart") ?? "00:00:00");
    const to = daySeconds(value("timestop") ?? "23:59:59");
    return from <= to ? clockNow >= from && clockNow <= to : clockNow >= from || clockNow <= to;
  },
  { volatile: true },
);

/** `-m helper`: which helper follows the connection; none does here (libxt_helper.c). */
export const helper = plainMatch(
  {
    name: "helper",
    options: [{ name: "helper", mandatory: true, invert: true, read: (value) => quoted(value).slice(1) }],
    list: (said) => ` helper match ${bang(said.get("helper"))}"${said.get("helper")!.value.replace(/^"(.*)"$/, "$1")}"`,
  },
  (_packet, _on, said) => said.get("helper")!.inverted,
);
