import { calendar, DAYS, MONTHS } from "./prompt.ts";

/** strftime(3) in UTC and the C locale. `seconds` since 1970. */
export function strftime(format: string, seconds: number): string {
  const at = calendar(seconds * 1000);
  const two = (n: number) => String(n).padStart(2, "0");
  const twelve = at.hour % 12 === 0 ? 12 : at.hour % 12;
  const one = (letter: string): string => {
    switch (letter) {
      case "Y":
        return String(at.year);
      case "C":
        return two(Math.floor(at.year / 100));
      case "y":
        return two(at.year % 100);
      case "m":
        return two(at.month + 1);
      case "d":
        return two(at.day);
      case "e":
        return String(at.day).padStart(2);
      case "H":
        return two(at.hour);
      case "I":
        return two(twelve);
      case "k":
        return String(at.hour).padStart(2);
      case "l":
        return String(twelve).padStart(2);
      case "M":
        return two(at.minute);
      case "S":
        return two(at.second);
      case "p":
        return at.hour < 12 ? "AM" : "PM";
      case "P":
        return at.hour < 12 ? "am" : "pm";
      case "j":
        return String(at.yearDay + 1).padStart(3, "0");
      case "u":
        return String(at.weekday === 0 ? 7 : at.weekday);
      case "w":
        return String(at.weekday);
      case "a":
        return DAYS[at.weekday]!.slice(0, 3);
      case "A":
        return DAYS[at.weekday]!;
      case "b":
      case "h":
        return MONTHS[at.month]!.slice(0, 3);
      case "B":
        return MONTHS[at.month]!;
      case "D":
        return strftime("%m/%d/%y", seconds);
      case "x":
        return strftime("%m/%d/%y", seconds);
      case "F":
        return strftime("%Y-%m-%d", seconds);
      case "T":
      case "X":
        return strftime("%H:%M:%S", seconds);
      case "R":
        return strftime("%H:%M", seconds);
      case "r":
        return strftime("%I:%M:%S %p", seconds);
      case "c":
        return strftime("%a %b %e %H:%M:%S %Y", seconds);
      case "s":
        return String(seconds);
      case "z":
        return "+0000";
      case "Z":
        return "UTC";
      case "n":
        return "\n";
      case "t":
        return "\t";
      case "%":
        return "%";
      default:
        return `%${letter}`;
    }
  };
  return format.replace(/%[-_0^#EO]?(.)/gs, (_whole, letter: string) => one(letter));
}
