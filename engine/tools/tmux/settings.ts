/** Options of tmux: those of the server, of sessions and of windows, with the defaults of Debian's tmux 3.5a. */

export type OptionKind = "server" | "session" | "window";

interface Definition {
  kind: OptionKind;
  value: string;
  /** Words that may be given; numbers and texts have none. */
  choices?: readonly string[];
  number?: boolean;
}

const FLAG = ["off", "on"] as const;

const text = (kind: OptionKind, value: string): Definition => ({ kind, value });
const number = (kind: OptionKind, value: number): Definition => ({ kind, value: String(value), number: true });
const flag = (kind: OptionKind, value: "on" | "off"): Definition => ({ kind, value, choices: FLAG });
const choice = (kind: OptionKind, value: string, ...choices: string[]): Definition => ({ kind, value, choices });

export const DEFINITIONS: Record<string, Definition> = {
  "buffer-limit": number("server", 50),
  "default-terminal": text("server", "screen"),
  editor: text("server", "/usr/bin/editor"),
  "escape-time": number("server", 10),
  "exit-empty": flag("server", "on"),
  "exit-unattached": flag("server", "off"),
  "extended-keys": choice("server", "off", "off", "on", "always"),
  "focus-events": flag("server", "off"),
  "message-limit": number("server", 1000),
  "prompt-history-limit": number("server", 100),
  "set-clipboard": choice("server", "external", "off", "external", "on"),
  "activity-action": choice("session", "other", "none", "any", "current", "other"),
  "assume-paste-time": number("session", 1),
  "base-index": number("session", 0),
  "bell-action": choice("session", "any", "none", "any", "current", "other"),
  "default-command": text("session", ""),
  "default-shell": text("session", "/bin/bash"),
  "default-size": text("session", "80x24"),
  "destroy-unattached": choice("session", "off", "off", "on", "keep-last", "keep-group"),
  "detach-on-destroy": choice("session", "on", "off", "on", "no-detached", "previous", "next"),
  "display-panes-active-colour": text("session", "red"),
  "display-panes-colour": text("session", "blue"),
  "display-panes-time": number("session", 1000),
  "display-time": number("session", 750),
  "history-limit": number("session", 2000),
  "key-table": text("session", "root"),
  "lock-after-time": number("session", 0),
  "message-command-style": text("session", "bg=black,fg=yellow"),
  "message-style": text("session", "bg=yellow,fg=black"),
  mouse: flag("session", "off"),
  prefix: text("session", "C-b"),
  prefix2: text("session", "None"),
  "renumber-windows": flag("session", "off"),
  "repeat-time": number("session", 500),
  "set-titles": flag("session", "off"),
  "set-titles-string": text("session", '#S:#I:#W - "#T" #{session_alerts}'),
  "silence-action": choice("session", "other", "none", "any", "current", "other"),
  status: choice("session", "on", "off", "on", "2", "3", "4", "5"),
  "status-bg": text("session", "default"),
  "status-fg": text("session", "default"),
  "status-interval": number("session", 15),
  "status-justify": choice("session", "left", "left", "centre", "right", "absolute-centre"),
  "status-keys": choice("session", "emacs", "emacs", "vi"),
  "status-left": text("session", "[#{session_name}] "),
  "status-left-length": number("session", 10),
  "status-left-style": text("session", "default"),
  "status-position": choice("session", "bottom", "top", "bottom"),
  "status-right": text("session", '"#{=21:pane_title}" %H:%M %d-%b-%y'),
  "status-right-length": number("session", 40),
  "status-right-style": text("session", "default"),
  "status-style": text("session", "bg=green,fg=black"),
  "visual-activity": choice("session", "off", "off", "on", "both"),
  "visual-bell": choice("session", "off", "off", "on", "both"),
  "visual-silence": choice("session", "off", "off", "on", "both"),
  "aggressive-resize": flag("window", "off"),
  "allow-rename": flag("window", "off"),
  "alternate-screen": flag("window", "on"),
  "automatic-rename": flag("window", "on"),
  "clock-mode-colour": text("window", "blue"),
  "clock-mode-style": choice("window", "24", "12", "24"),
  "main-pane-height": text("window", "24"),
  "main-pane-width": text("window", "80"),
  "mode-keys": choice("window", "emacs", "emacs", "vi"),
  "mode-style": text("window", "bg=yellow,fg=black"),
  "monitor-activity": flag("window", "off"),
  "monitor-bell": flag("window", "on"),
  "monitor-silence": number("window", 0),
  "pane-active-border-style": text("window", "#{?pane_in_mode,fg=yellow,#{?synchronize-panes,fg=red,fg=green}}"),
  "pane-base-index": number("window", 0),
  "pane-border-status": choice("window", "off", "off", "top", "bottom"),
  "pane-border-style": text("window", "default"),
  "remain-on-exit": choice("window", "off", "off", "on", "failed"),
  "synchronize-panes": flag("window", "off"),
  "window-size": choice("window", "latest", "largest", "smallest", "manual", "latest"),
  "window-status-current-format": text("window", "#I:#W#{?window_flags,#{window_flags}, }"),
  "window-status-current-style": text("window", "default"),
  "window-status-format": text("window", "#I:#W#{?window_flags,#{window_flags}, }"),
  "window-status-separator": text("window", " "),
  "window-status-style": text("window", "default"),
  "wrap-search": flag("window", "on"),
};

/** Values of one scope; what is not set here is asked of the scope above. */
export class Options {
  private readonly values = new Map<string, string>();
  private readonly above: Options | undefined;

  constructor(above: Options | undefined) {
    this.above = above;
  }

  get(name: string): string {
    return this.values.get(name) ?? this.above?.get(name) ?? DEFINITIONS[name]?.value ?? "";
  }

  /** The value set in this very scope. */
  own(name: string): string | undefined {
    return this.values.get(name);
  }

  set(name: string, value: string): void {
    this.values.set(name, value);
  }

  unset(name: string): void {
    this.values.delete(name);
  }

  get names(): string[] {
    return [...this.values.keys()].sort();
  }
}

/** The option that a name or its beginning means; a message when there is none or there are several. */
export function findOption(name: string): { name: string } | { error: string } {
  if (name.startsWith("@") || name in DEFINITIONS) return { name };
  const fits = Object.keys(DEFINITIONS).filter((one) => one.startsWith(name));
  if (fits.length === 1) return { name: fits[0]! };
  return { error: fits.length > 1 ? `ambiguous option: ${name}` : `invalid option: ${name}` };
}

/** What an option becomes; a message when it may not (options_from_string). */
export function checked(name: string, value: string | undefined, old: string): { value: string } | { error: string } {
  const definition = DEFINITIONS[name];
  if (definition?.choices) {
    const { choices } = definition;
    if (value === undefined) {
      if (choices !== FLAG) return { error: "empty value" };
      return { value: old === "on" ? "off" : "on" };
    }
    const word = choices === FLAG ? ({ "1": "on", yes: "on", "0": "off", no: "off" }[value] ?? value) : value;
    if (!choices.includes(word)) return { error: choices === FLAG ? `bad value: ${value}` : `unknown value: ${value}` };
    return { value: word };
  }
  if (value === undefined) return { error: "empty value" };
  if (definition?.number && !/^-?\d+$/.test(value)) return { error: `value is invalid: ${value}` };
  return { value };
}

/** An option's value as show-options writes it: quoted where the configuration file needs it. */
export function shown(value: string): string {
  if (value === "") return "''";
  if (!/[\s"'#;$~{}%\\]/.test(value)) return value;
  return `"${value.replace(/(["\\$])/g, "\\$1")}"`;
}
