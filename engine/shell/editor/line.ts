/** The text being edited, with its cursor, kill ring and undo. Positions count characters. */
export class Line {
  chars: string[] = [];
  cursor = 0;
  readonly kills: string[] = [];
  private lastWasKill = false;
  private undos: { chars: string[]; cursor: number }[] = [];

  get text(): string {
    return this.chars.join("");
  }

  set(text: string): void {
    this.chars = [...text];
    this.cursor = this.chars.length;
    this.undos = [];
  }

  /** Called before a key that is no kill. */
  endKill(): void {
    this.lastWasKill = false;
  }

  private remember(): void {
    this.undos.push({ chars: this.chars.slice(), cursor: this.cursor });
    if (this.undos.length > 200) this.undos.shift();
  }

  undo(): boolean {
    const old = this.undos.pop();
    if (old === undefined) return false;
    this.chars = old.chars;
    this.cursor = old.cursor;
    return true;
  }

  insert(text: string): void {
    this.remember();
    const added = [...text];
    this.chars.splice(this.cursor, 0, ...added);
    this.cursor += added.length;
  }

  delete(from: number, to: number): string {
    if (to <= from) return "";
    this.remember();
    const gone = this.chars.splice(from, to - from).join("");
    if (this.cursor > to) this.cursor -= to - from;
    else if (this.cursor > from) this.cursor = from;
    return gone;
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
    const last = this.kills.at(-1);
    if (last !== undefined) this.insert(last);
  }

  private letter(i: number): boolean {
    return /[\p{L}\p{N}]/u.test(this.chars[i] ?? "");
  }

  wordRight(): number {
    let i = this.cursor;
    while (i < this.chars.length && !this.letter(i)) i++;
    while (i < this.chars.length && this.letter(i)) i++;
    return i;
  }

  wordLeft(): number {
    let i = this.cursor;
    while (i > 0 && !this.letter(i - 1)) i--;
    while (i > 0 && this.letter(i - 1)) i--;
    return i;
  }

  /** Start of the word before the cursor, words being parted by blanks. */
  blankLeft(): number {
    let i = this.cursor;
    while (i > 0 && /\s/.test(this.chars[i - 1]!)) i--;
    while (i > 0 && !/\s/.test(this.chars[i - 1]!)) i--;
    return i;
  }

  transpose(): boolean {
    if (this.cursor === 0 || this.chars.length < 2) return false;
    this.remember();
    const at = this.cursor === this.chars.length ? this.cursor - 1 : this.cursor;
    [this.chars[at - 1], this.chars[at]] = [this.chars[at]!, this.chars[at - 1]!];
    this.cursor = at + 1;
    return true;
  }

  /** Changes the case of the word at the cursor. */
  recase(change: (word: string) => string): void {
    const end = this.wordRight();
    const word = this.delete(this.cursor, end);
    this.insert(change(word));
  }
}
