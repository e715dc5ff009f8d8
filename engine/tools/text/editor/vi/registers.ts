export interface Register {
  text: string;
  kind: "characters" | "lines" | "block";
}

/** What was deleted and yanked: "0 to "9, "-, "a to "z, and what the unnamed register stands for. */
export class Registers {
  private readonly kept = new Map<string, Register>();
  private last = "0";
  /** Read only ones: the file's name, the last command line, inserted text and pattern. */
  special: (name: string) => string | undefined = () => undefined;

  /** True for a name that can stand after `"`. */
  static valid(name: string): boolean {
    return /^[a-zA-Z0-9"\-_:.%/*+]$/.test(name);
  }

  get(name: string | undefined): Register | undefined {
    if (name === undefined || name === '"' || name === "*" || name === "+") return this.kept.get(this.last);
    if (name === "_") return undefined;
    const special = this.special(name);
    if (special !== undefined) return special === "" ? undefined : { text: special, kind: "characters" };
    return this.kept.get(name.toLowerCase());
  }

  /** Stores in a named register; an upper case name appends. */
  set(name: string, register: Register): void {
    const lower = name.toLowerCase();
    const old = this.kept.get(lower);
    if (name === lower || old === undefined) this.kept.set(lower, register);
    else if (register.kind === "lines" || old.kind === "lines")
      this.kept.set(lower, { text: `${old.text}\n${register.text}`, kind: "lines" });
    else this.kept.set(lower, { text: old.text + register.text, kind: old.kind });
    this.last = lower;
  }

  private named(name: string | undefined): name is string {
    return name !== undefined && /^[a-zA-Z]$/.test(name);
  }

  yank(name: string | undefined, register: Register): void {
    if (name === "_") return;
    if (this.named(name)) this.set(name, register);
    else {
      this.kept.set("0", register);
      this.last = "0";
    }
  }

  /** What an operator took out: `big` when it goes through "1 whatever its size. */
  deleted(name: string | undefined, register: Register, big: boolean): void {
    if (name === "_") return;
    if (this.named(name)) {
      this.set(name, register);
      if (!big) return;
    }
    if (big || register.kind === "lines" || register.text.includes("\n")) {
      for (let i = 9; i > 1; i--) {
        const older = this.kept.get(String(i - 1));
        if (older) this.kept.set(String(i), older);
      }
      this.kept.set("1", register);
      if (!this.named(name)) this.last = "1";
    } else {
      this.kept.set("-", register);
      this.last = "-";
    }
  }

  /** Rows of `:registers`. */
  *listed(names: string): Generator<string> {
    const order = ['"', ..."0123456789", "-", ..."abcdefghijklmnopqrstuvwxyz", ":", ".", "%", "/"];
    for (const name of order) {
      if (names !== "" && !names.includes(name)) continue;
      const register = this.get(name);
      if (register === undefined) continue;
      const kind = register.kind === "lines" ? "l" : register.kind === "block" ? "b" : "c";
      const text = register.text.replaceAll("\n", "^J").replaceAll("\t", "^I").replaceAll("\x1b", "^[");
      yield `  ${kind}  "${name}   ${text}${register.kind === "lines" ? "^J" : ""}`;
    }
  }
}
