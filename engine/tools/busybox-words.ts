/**
 * BusyBox says most of what the GNU tools say in words of its own (libbb perror_msg and the applets' sources). The tools
 * here write GNU's; a process that runs as an applet has its messages turned into BusyBox's by this table.
 */
type Turn = readonly [RegExp, string];

const CANNOT_STAT: Turn = [/^cannot stat '(.*)': (.*)$/s, "can't stat '$1': $2"];
const PLAIN_OPEN: Turn = [/^cannot open '(.*)' for reading: (.*)$/s, "$1: $2"];
const INTO_FILE: Turn = [/^cannot create (?:regular file|directory) ['‘](.*)['’]: (.*)$/s, "can't create '$1': $2"];

const TURNS: Readonly<Record<string, readonly Turn[]>> = {
  cat: [[/^(.*): (.*?)$/s, "can't open '$1': $2"]],
  chmod: [[/^cannot access '(.*)': (.*)$/s, "$1: $2"]],
  chown: [[/^cannot access '(.*)': (.*)$/s, "$1: $2"]],
  cp: [
    CANNOT_STAT,
    INTO_FILE,
    [/^cannot open '(.*)' for reading: (.*)$/s, "can't open '$1': $2"],
    [/^-r not specified; omitting directory '(.*)'$/s, "omitting directory '$1'"],
  ],
  head: [PLAIN_OPEN],
  ln: [[/^failed to create symbolic link '(.*)': (.*)$/s, "$1: $2"]],
  ls: [
    [/^cannot access '(.*)': (.*)$/s, "$1: $2"],
    [/^cannot open directory '(.*)': (.*)$/s, "can't open '$1': $2"],
  ],
  mkdir: [[/^cannot create directory ['‘](.*)['’]: (.*)$/s, "can't create directory '$1': $2"]],
  mv: [[/^cannot (?:stat|move) '(.*?)'(?: to '.*')?: (.*)$/s, "can't rename '$1': $2"], INTO_FILE],
  rm: [
    [/^cannot remove '(.*)': Is a directory$/s, "'$1' is a directory"],
    [/^cannot remove '(.*)': (.*)$/s, "can't remove '$1': $2"],
  ],
  rmdir: [[/^failed to remove '(.*)': (.*)$/s, "'$1': $2"]],
  sed: [[/^can't read (.*): (.*)$/s, "$1: $2"]],
  sort: [[/^cannot read: (.*): (.*)$/s, "$1: $2"]],
  stat: [[/^cannot statx? '(.*)': (.*)$/s, "can't stat '$1': $2"]],
  sysctl: [
    [/^setting key "(.*)": (.*)$/s, "error setting key '$1': $2"],
    [/^permission denied on key "(.*)"$/s, "error setting key '$1': Permission denied"],
    [/^cannot stat \/proc\/sys\/(.*): No such file or directory$/s, "error: '$1' is an unknown key"],
  ],
  tail: [[/^cannot open '(.*)' for reading: (.*)$/s, "can't open '$1': $2"]],
  touch: [[/^cannot touch '(.*)': (.*)$/s, "$1: $2"]],
};

/** A message of the applet `name`, without the name, in BusyBox's words. */
export function busyboxWords(name: string, message: string): string {
  for (const [from, to] of TURNS[name] ?? []) if (from.test(message)) return message.replace(from, to);
  return message;
}
