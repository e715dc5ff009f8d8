/** Key tables: which key does what, after the prefix and without it. */
import { keyName } from "./keys.ts";
import { quoted } from "./parse.ts";

export interface Binding {
  key: string;
  /** Text of the commands. */
  command: string;
  /** Further keys of the same kind need no prefix for a while. */
  repeat: boolean;
  note: string;
}

/** Key, whether it repeats, command, note: the table `prefix` of tmux 3.5a as far as its commands are known here. */
const PREFIX: readonly [string, boolean, string, string][] = [
  ["C-b", false, "send-prefix", "Send the prefix key"],
  ["C-o", false, "rotate-window", "Rotate through the panes"],
  ["Space", false, "next-layout", "Select next layout"],
  ["!", false, "break-pane", "Break pane to a new window"],
  ['"', false, "split-window", "Split window vertically"],
  ["#", false, "list-buffers", "List all paste buffers"],
  ["$", false, 'command-prompt -I "#S" { rename-session "%%" }', "Rename current session"],
  ["%", false, "split-window -h", "Split window horizontally"],
  ["&", false, 'confirm-before -p "kill-window #W? (y/n)" kill-window', "Kill current window"],
  [
    "'",
    false,
    'command-prompt -T window-target -p index { select-window -t ":%%" }',
    "Prompt for window index to select",
  ],
  ["(", false, "switch-client -p", "Switch to previous client"],
  [")", false, "switch-client -n", "Switch to next client"],
  [",", false, 'command-prompt -I "#W" { rename-window "%%" }', "Rename current window"],
  ["-", false, "delete-buffer", "Delete the most recent paste buffer"],
  [".", false, 'command-prompt -T target { move-window -t "%%" }', "Move the current window"],
  ...Array.from({ length: 10 }, (_, n): [string, boolean, string, string] => [
    String(n),
    false,
    `select-window -t :=${n}`,
    `Select window ${n}`,
  ]),
  [":", false, "command-prompt", "Prompt for a command"],
  [";", false, "last-pane", "Move to the previously active pane"],
  ["=", false, "choose-buffer -Z", "Choose a paste buffer from a list"],
  ["?", false, "list-keys -N", "List key bindings"],
  ["D", false, "choose-client -Z", "Choose and detach a client from a list"],
  ["E", false, "select-layout -E", "Spread panes out evenly"],
  ["L", false, "switch-client -l", "Switch to the last client"],
  ["M", false, "select-pane -M", "Clear the marked pane"],
  ["[", false, "copy-mode", "Enter copy mode"],
  ["]", false, "paste-buffer -p", "Paste the most recent paste buffer"],
  ["c", false, "new-window", "Create a new window"],
  ["d", false, "detach-client", "Detach the current client"],
  ["f", false, 'command-prompt { find-window -Z "%%" }', "Search for a pane"],
  ["i", false, "display-message", "Display window information"],
  ["l", false, "last-window", "Select the previously current window"],
  ["m", false, "select-pane -m", "Toggle the marked pane"],
  ["n", false, "next-window", "Select the next window"],
  ["o", false, "select-pane -t :.+", "Select the next pane"],
  ["p", false, "previous-window", "Select the previous window"],
  ["q", false, "display-panes", "Display pane numbers"],
  ["r", false, "refresh-client", "Redraw the current client"],
  ["s", false, "choose-tree -Zs", "Choose a session from a list"],
  ["t", false, "clock-mode", "Show a clock"],
  ["w", false, "choose-tree -Zw", "Choose a window from a list"],
  ["x", false, 'confirm-before -p "kill-pane #P? (y/n)" kill-pane', "Kill the active pane"],
  ["z", false, "resize-pane -Z", "Zoom the active pane"],
  ["{", false, "swap-pane -U", "Swap the active pane with the pane above"],
  ["}", false, "swap-pane -D", "Swap the active pane with the pane below"],
  ["~", false, "show-messages", "Show messages"],
  ["PPage", false, "copy-mode -u", "Enter copy mode and scroll up"],
  ["Up", true, "select-pane -U", "Select the pane above the active pane"],
  ["Down", true, "select-pane -D", "Select the pane below the active pane"],
  ["Left", true, "select-pane -L", "Select the pane to the left of the active pane"],
  ["Right", true, "select-pane -R", "Select the pane to the right of the active pane"],
  ["M-1", false, "select-layout even-horizontal", "Set the even-horizontal layout"],
  ["M-2", false, "select-layout even-vertical", "Set the even-vertical layout"],
  ["M-3", false, "select-layout main-horizontal", "Set the main-horizontal layout"],
  ["M-4", false, "select-layout main-vertical", "Set the main-vertical layout"],
  ["M-5", false, "select-layout tiled", "Select the tiled layout"],
  ["M-n", false, "next-window -a", "Select the next window with an alert"],
  ["M-o", false, "rotate-window -D", "Rotate through the panes in reverse"],
  ["M-p", false, "previous-window -a", "Select the previous window with an alert"],
  ["M-Up", true, "resize-pane -U 5", "Resize the pane up by 5"],
  ["M-Down", true, "resize-pane -D 5", "Resize the pane down by 5"],
  ["M-Left", true, "resize-pane -L 5", "Resize the pane left by 5"],
  ["M-Right", true, "resize-pane -R 5", "Resize the pane right by 5"],
  ["C-Up", true, "resize-pane -U", "Resize the pane up"],
  ["C-Down", true, "resize-pane -D", "Resize the pane down"],
  ["C-Left", true, "resize-pane -L", "Resize the pane left"],
  ["C-Right", true, "resize-pane -R", "Resize the pane right"],
];

export class Bindings {
  readonly tables = new Map<string, Map<string, Binding>>();

  constructor() {
    this.tables.set("root", new Map());
    const prefix = new Map<string, Binding>();
    for (const [key, repeat, command, note] of PREFIX) prefix.set(key, { key, command, repeat, note });
    this.tables.set("prefix", prefix);
  }

  find(table: string, key: string): Binding | undefined {
    return this.tables.get(table)?.get(key);
  }

  bind(table: string, key: string, binding: Omit<Binding, "key">): void {
    let known = this.tables.get(table);
    if (known === undefined) this.tables.set(table, (known = new Map()));
    known.set(key, { key, ...binding });
  }

  /** Lines of list-keys. */
  listed(only: string | undefined, key: string | undefined): string[] {
    const wanted = key === undefined ? undefined : keyName(key);
    const all = [...this.tables].flatMap(([table, keys]) =>
      only !== undefined && table !== only
        ? []
        : [...keys.values()]
            .filter((binding) => key === undefined || binding.key === wanted)
            .map((binding) => ({ table, binding })),
    );
    const repeats = all.some(({ binding }) => binding.repeat);
    const tableWidth = Math.max(0, ...all.map(({ table }) => table.length));
    const keyWidth = Math.max(0, ...all.map(({ binding }) => shownKey(binding.key).length));
    return all.map(
      ({ table, binding }) =>
        `bind-key ${repeats ? (binding.repeat ? "-r " : "   ") : ""}-T ${table.padEnd(tableWidth)} ${shownKey(binding.key).padEnd(keyWidth)} ${binding.command}`,
    );
  }
}

/** A key as list-keys writes it. */
function shownKey(key: string): string {
  return /^[#"';$%{}~\\]$/.test(key) ? `\\${key}` : quoted(keyName(key) ?? key);
}
