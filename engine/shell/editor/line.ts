interface Undo {
  chars: string[];
  /** Where the cursor stands when the change is taken back: behind what comes back. */
  cursor: number;
  /** Characters typed in a row since, and where the next one would stand. */
  typed: number;
  next: number;
}

/** Most characters that one undo takes back, as readline groups them. */
const TYPED_TOGETHER = 20;

/** The text being edited, with its cursor, mark, kill ring and undo. Positions count characters. */
export class Line {
  chars: string[] = [];
  cursor = 0;
  mark = 0;
  readonly kills: string[] = [];
  private lastWasKill = false;
  private undos: Undo[] = [];
  /** The text that was yanked last, for `M-y`; undefined after any other command. */
  private yanked: { from: number; to: number; at: number } | undefined;

  get text(): string {
    return this.chars.join("");
  }

  set(text: string): void {
    this.chars = [...text];
    this.cursor = this.chars.length;
    this.mark = 0;
    this.undos = [];
    this.yanked = undefined;
  }

  /** Called before a key that is no kill. */
  endKill(): void {
    this.lastWasKill = false;
  }

  /** Called before a key that is no `C-y` and no `M-y`. */
  endYank(): void {
    this.yanked = undefined;
  }

  private remember(typed = 0, cursor = this.cursor): void {
    this.undos.push({ chars: this.chars.slice(), cursor, typed, next: cursor + typed });
    if (this.undos.length > 200) this.undos.shift();
  }

  undo(): boolean {
    const old = this.undos.pop();
    if (old === undefined) return false;
    this.chars = old.chars;
    this.cursor = old.cursor;
    return true;
  }

  /** What was changed so far stays. */
  settle(): void {
    this.undos = [];
  }

  /** Back to the text that the line began with. */
  revert(): void {
    while (this.undo());
  }

  insert(text: string): void {
    const added = [...text];
    const last = this.undos.at(-1);
    if (added.length === 1 && last && last.typed > 0 && last.typed < TYPED_TOGETHER && last.next === this.cursor) {
      last.typed++;
      last.next++;
    } else this.remember(added.length === 1 ? 1 : 0);
    this.chars.splice(this.cursor, 0, ...added);
    this.cursor += added.length;
  }

  delete(from: number, to: number): string {
    if (to <= from) return "";
    this.remember(0, to);
    const gone = this.chars.splice(from, to - from).join("");
    if (this.cursor > to) this.cursor -= to - from;
    else if (this.cursor > from) this.cursor = from;
    return gone;
  }

  /** Puts a text in place of another, as one change. */
  replace(from: number, to: number, text: string): void {
    this.remember(0, to);
    this.chars.splice(from, to - from, ...text);
    this.cursor = from + [...text].length;
  }

  /** Deletes and keeps for yanking; kills in a row are joined. */
  kill(from: number, to: number): void {
    const forward = from >= this.cursor;
    const gone = this.delete(from, to);
    if (gone === "") return;
    if (this.lastWasKill && this.kills.length > 0) {
      const last = this.kills.pop()!;
      this.kills.push(forward ? last + gone : gone + last);
    } else this.kills.push(gone);
    if (this.kills.length > 10) this.kills.shift();
    this.lastWasKill = true;
  }

  yank(): void {
    this.yankAt(this.kills.length - 1);
  }

  private yankAt(at: number): void {
    const text = this.kills[at];
    if (text === undefined) return;
    const from = this.cursor;
    this.mark = from;
    this.insert(text);
    this.yanked = { from, to: this.cursor, at };
  }

  /** Puts the kill before the yanked one in its place; false when nothing was yanked just now. */
  yankPop(): boolean {
    const { yanked } = this;
    if (yanked === undefined) return false;
    this.delete(yanked.from, yanked.to);
    this.yankAt((yanked.at + this.kills.length - 1) % this.kills.length);
    return true;
  }

  private letter(i: number): boolean {
    return /[\p{L}\p{N}]/u.test(this.chars[i] ?? "");
  }

  wordRight(from = this.cursor): number {
    let i = from;
    while (i < this.chars.length && !this.letter(i)) i++;
    while (i < this.chars.length && this.letter(i)) i++;
    return i;
  }

  wordLeft(from = this.cursor): number {
    let i = from;
    while (i > 0 && !this.letter(i - 1)) i--;
    while (i > 0 && this.letter(i - 1)) i--;
    return i;
  }

  /** Start of the word before a place, words being parted by blanks. */
  blankLeft(from = this.cursor): number {
    let i = from;
    while (i > 0 && /\s/.test(this.chars[i - 1]!)) i--;
    while (i > 0 && !/\s/.test(this.chars[i - 1]!)) i--;
    return i;
  }

  transpose(): boolean {
    if (this.cursor === 0 || this.chars.length < 2) return false;
    const at = this.cursor === this.chars.length ? this.cursor - 1 : this.cursor;
    this.remember(0, at);
    [this.chars[at - 1], this.chars[at]] = [this.chars[at]!, this.chars[at - 1]!];
    this.cursor = at + 1;
    return true;
  }
}
