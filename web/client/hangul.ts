/** Keys of the two-set Korean keyboard, by the letter they make. */
const INITIALS = ["r", "R", "s", "e", "E", "f", "a", "q", "Q", "t", "T", "d", "w", "W", "c", "z", "x", "v", "g"];
const VOWELS = [
  "k",
  "o",
  "i",
  "O",
  "j",
  "p",
  "u",
  "P",
  "h",
  "hk",
  "ho",
  "hl",
  "y",
  "n",
  "nj",
  "np",
  "nl",
  "b",
  "m",
  "ml",
  "l",
];
const FINALS = [
  "",
  "r",
  "R",
  "rt",
  "s",
  "sw",
  "sg",
  "e",
  "f",
  "fr",
  "fa",
  "fq",
  "ft",
  "fx",
  "fv",
  "fg",
  "a",
  "q",
  "qt",
  "t",
  "T",
  "d",
  "w",
  "c",
  "z",
  "x",
  "v",
  "g",
];
/** U+3131…U+3163 in order. */
const LETTERS = [..."r R rt s sw sg e E f fr fa fq ft fx fv fg a q Q qt t T d w W c z x v g".split(" "), ...VOWELS];

/** The keys that were pressed for a text typed in Hangul mode; other characters stay. */
export function keysOf(text: string): string {
  let out = "";
  for (const char of text.normalize("NFC")) {
    const code = char.codePointAt(0)!;
    if (code >= 0xac00 && code <= 0xd7a3) {
      const index = code - 0xac00;
      out += INITIALS[Math.floor(index / 588)]! + VOWELS[Math.floor((index % 588) / 28)]! + FINALS[index % 28]!;
    } else if (code >= 0x3131 && code <= 0x3163) out += LETTERS[code - 0x3131]!;
    else out += char;
  }
  return out;
}

const COMMANDS = new Set(
  (
    "kubectl k cat ls cd grep awk sed sort uniq wc head tail echo ssh sudo jq watch ps exit clear export for while if " +
    "curl ip iptables systemctl journalctl etcdctl crictl hostname date vi vim nano less man mkdir rm cp mv touch env alias"
  ).split(" "),
);

/** The command that was meant when a line's first word was typed in Hangul mode; undefined when it was not. */
export function meantCommand(line: string): { typed: string; command: string } | undefined {
  const typed = line.trimStart().split(/\s/)[0] ?? "";
  if (!/[\u3131-\u3163\uac00-\ud7a3]/.test(typed)) return undefined;
  const command = keysOf(typed);
  return COMMANDS.has(command) ? { typed, command } : undefined;
}
