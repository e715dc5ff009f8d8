/** Flags that keys switch, and the help that lists them. */
import type { Gen } from "../../../../kernel/index.ts";
import { nextKey } from "./prompts.ts";
import { MAIN, textRows } from "./screen.ts";
import type { Flags, Nano } from "./state.ts";

const TOGGLES: Record<string, [keyof Omit<Flags, "tabSize">, string]> = {
  "M-n": ["lineNumbers", "Line numbering"],
  "M-p": ["whitespace", "Whitespace display"],
  "M-i": ["autoIndent", "Auto indent"],
  "M-k": ["cutToEnd", "Cut to end"],
  "M-l": ["hardWrap", "Hard wrapping of overlong lines"],
  "M-s": ["softWrap", "Soft wrapping of overlong lines"],
  "M-m": ["mouse", "Mouse support"],
  "M-h": ["smartHome", "Smart home key"],
  "M-o": ["tabsToSpaces", "Conversion of typed tabs to spaces"],
  "M-x": ["noHelp", "Help mode"],
  "M-c": ["constantShow", "Constant cursor position display"],
  "M-y": ["plainText", "Color syntax highlighting"],
  "M-z": ["noTitle", "Hidden interface"],
};

/** Switches what a key stands for, and says so. */
export function toggle(nano: Nano, key: string): void {
  const [flag, name] = TOGGLES[key]!;
  const on = !nano.flags[flag];
  nano.flags[flag] = on;
  nano.terminal.forget();
  if (key === "M-z") {
    nano.say("");
    return;
  }
  if (key === "M-c") {
    nano.say(on ? "" : `${name} disabled`);
    return;
  }
  const shown = key === "M-x" || key === "M-y" ? !on : on;
  nano.say(`${name} ${shown ? "enabled" : "disabled"}`);
  nano.top = Math.max(
    0,
    Math.min(nano.top, nano.text.row, nano.text.row - textRows(nano) + 1 > nano.top ? nano.text.row : nano.top),
  );
}

/** ^G: what the keys do, until ^X. */
export function* help(nano: Nano): Gen<void> {
  const { terminal } = nano;
  const lines = [
    "",
    " The bar at the top names the file; a star behind it tells of changes that are",
    " not saved. What nano has to say stands above the two lines of keys.",
    " ^ stands for the Ctrl key, M- for Alt (or Esc, pressed before).",
    "",
    ...MAIN.map(([key, what]) => ` ${key.padEnd(10)}${what}`),
    ...Object.entries(TOGGLES).map(([key, [, what]]) => ` ${key.toUpperCase().padEnd(10)}${what} (on or off)`),
  ];
  let top = 0;
  for (;;) {
    const height = terminal.rows - 3;
    const { columns } = terminal;
    const name = "Main nano help text";
    const rows = [
      `\x1b[7m${(" ".repeat(Math.max(0, Math.floor((columns - name.length) / 2))) + name).padEnd(columns)}\x1b[27m`,
    ];
    for (let i = 0; i < height; i++) rows.push(lines[top + i] ?? "");
    rows.push(
      "\x1b[7m^L\x1b[27m Refresh   \x1b[7m^P\x1b[27m Prev Line \x1b[7m^Y\x1b[27m Prev Page",
      "\x1b[7m^X\x1b[27m Close     \x1b[7m^N\x1b[27m Next Line \x1b[7m^V\x1b[27m Next Page",
    );
    terminal.draw(rows, { row: 1, column: 0 });
    const key = yield* nextKey(nano);
    if (key === undefined || key === "ctrl-x" || key === "q" || key === "ctrl-c") break;
    const by =
      {
        up: -1,
        "ctrl-p": -1,
        down: 1,
        "ctrl-n": 1,
        pageup: -height,
        "ctrl-y": -height,
        pagedown: height,
        "ctrl-v": height,
        " ": height,
      }[key] ?? 0;
    top = Math.max(0, Math.min(lines.length - height, top + by));
  }
  nano.say("");
}
