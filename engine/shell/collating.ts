/** Names of the characters of the portable character set, as `[.name.]` has them (POSIX, XBD 6.1), from NUL on. */
const NAMES = [
  "NUL SOH STX ETX EOT ENQ ACK alert backspace tab newline vertical-tab form-feed carriage-return SO SI",
  "DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC IS4 IS3 IS2 IS1",
  "space exclamation-mark quotation-mark number-sign dollar-sign percent-sign ampersand apostrophe left-parenthesis",
  "right-parenthesis asterisk plus-sign comma hyphen period slash",
  "zero one two three four five six seven eight nine",
  "colon semicolon less-than-sign equals-sign greater-than-sign question-mark commercial-at",
  "A B C D E F G H I J K L M N O P Q R S T U V W X Y Z",
  "left-square-bracket backslash right-square-bracket circumflex underscore grave-accent",
  "a b c d e f g h i j k l m n o p q r s t u v w x y z",
  "left-brace vertical-line right-brace tilde DEL",
]
  .join(" ")
  .split(" ");

const OTHER_NAMES: Record<string, string> = {
  "hyphen-minus": "-",
  "full-stop": ".",
  solidus: "/",
  "reverse-solidus": "\\",
  "circumflex-accent": "^",
  "low-line": "_",
  "left-curly-bracket": "{",
  "right-curly-bracket": "}",
};

/** The character that a collating symbol names: itself, or by its name; undefined when there is none. */
export function collatingCharacter(name: string): string | undefined {
  if ([...name].length === 1) return name;
  const code = NAMES.indexOf(name);
  return code < 0 ? OTHER_NAMES[name] : String.fromCharCode(code);
}
