/** The texts that vi knows of: what was opened, which are shown, and going from one to another (src/buffer.c). */
import { aboutFile } from "./ex-files.ts";
import { fileName, openFile } from "./files.ts";
import { ViError } from "./pattern.ts";
import type { Vi } from "./state.ts";
import { ViText } from "./text.ts";
import { close, panesWith } from "./windows.ts";
import { firstNonBlank } from "./words.ts";

/** The text of a file, whether it was read yet or not; undefined: one without a name. */
export function bufferOf(vi: Vi, path: string | undefined): ViText {
  const known = path === undefined ? undefined : vi.buffers.find((one) => one.path === path);
  if (known) {
    known.listed = true;
    return known;
  }
  const fresh = new ViText();
  fresh.path = path;
  fresh.loaded = false;
  fresh.number = vi.buffers.reduce((most, one) => Math.max(most, one.number), 0) + 1;
  vi.buffers.push(fresh);
  return fresh;
}

/** What becomes of the text that was shown, and where in the other the cursor goes. */
interface Change {
  /** Changes may be lost. */
  force?: boolean;
  /** Changes are kept unseen. */
  hide?: boolean;
  /** To the column as well as to the line. */
  exact?: boolean;
}

/** Shows a text in the current window. Throws ViError when changes would be lost. */
export function show(vi: Vi, text: ViText, { force = false, hide = false, exact = false }: Change = {}): void {
  const old = vi.text;
  if (text === old) return;
  const kept = panesWith(vi, old).length > 1 || vi.options.on("hidden") || (hide && old.modified);
  if (old.modified && !force && !kept) throw new ViError("E37: No write since last change (add ! to override)");
  if (!kept) old.modified = false;
  old.at = vi.place;
  old.options = vi.options.heldOfBuffer();
  if (old.path !== undefined) vi.alternate = old.path;
  old.seen = true;
  if (!kept) old.loaded = false;
  // A text without a name that nobody wrote into is used for the next.
  if (old.path === undefined && !old.modified && !kept && old.none)
    vi.buffers = vi.buffers.filter((one) => one !== old);
  vi.text = text;
  vi.pane.text = text;
  vi.visual = undefined;
  const { at } = text;
  if (text.loaded) {
    if (text.options) vi.options.holdOfBuffer(text.options);
    vi.goTo(at);
    vi.top = 0;
    if (text.path !== undefined) aboutFile(vi);
    return;
  }
  vi.options.renew();
  text.loaded = true;
  if (text.path === undefined) {
    vi.top = 0;
    vi.wanted = undefined;
    return;
  }
  openFile(vi, text.path);
  if (at.row === 0) return;
  vi.goTo({ row: at.row, column: 0 });
  text.column = exact ? at.column : firstNonBlank(text.line);
}

/** `:b`: a text by its number or a part of its name. Throws ViError. */
function named(vi: Vi, argument: string): ViText {
  if (/^\d+$/.test(argument)) {
    const one = vi.buffers.find((each) => each.number === Number(argument));
    if (one === undefined) throw new ViError(`E86: Buffer ${argument} does not exist`);
    return one;
  }
  const name = argument === "#" || argument === "%" ? fileName(vi, argument) : argument;
  const listed = vi.buffers.filter((one) => one.listed && one.path !== undefined);
  const hits = [
    listed.filter((one) => one.path === name),
    listed.filter((one) => one.path!.startsWith(name)),
    listed.filter((one) => one.path!.includes(name)),
  ].find((some) => some.length > 0);
  if (hits === undefined) throw new ViError(`E94: No matching buffer for ${name}`);
  if (hits.length > 1) throw new ViError(`E93: More than one match for ${name}`);
  return hits[0]!;
}

export function toBuffer(vi: Vi, name: string, argument: string, force: boolean): void {
  const listed = vi.buffers.filter((one) => one.listed).sort((a, b) => a.number - b.number);
  if (name === "buffer") {
    if (argument !== "") show(vi, named(vi, argument), { hide: force, exact: true });
    return;
  }
  if (name === "bfirst" || name === "brewind" || name === "blast") {
    show(vi, (name === "blast" ? listed.at(-1) : listed[0])!, { hide: force, exact: true });
    return;
  }
  const by = (name === "bnext" ? 1 : -1) * Number(argument || 1);
  const at = listed.indexOf(vi.text) + by;
  show(vi, listed[((at % listed.length) + listed.length) % listed.length]!, { hide: force, exact: true });
}

/** `:bd`: forgets a text; its windows go, or show another. Throws ViError. */
export function forget(vi: Vi, argument: string, force: boolean): void {
  const text = argument === "" ? vi.text : named(vi, argument);
  if (text.modified && !force)
    throw new ViError(`E89: No write since last change for buffer ${text.number} (add ! to override)`);
  text.modified = false;
  for (const pane of panesWith(vi, text).slice(1)) close(vi, pane);
  const [pane] = panesWith(vi, text);
  const others = vi.buffers.filter((one) => one !== text && one.listed);
  if (pane !== undefined && (vi.tabs.length > 1 || vi.tab.root.kind !== "leaf")) close(vi, pane);
  else if (pane !== undefined) {
    const next = others.find((one) => one.path === vi.alternate) ?? others.at(-1);
    show(vi, next ?? bufferOf(vi, undefined), { force: true });
  }
  text.listed = false;
  text.loaded = false;
  text.at = { row: 0, column: 0 };
}

/** `:ls`. */
export function listing(vi: Vi): string[] {
  return vi.buffers
    .filter((one) => one.listed)
    .sort((a, b) => a.number - b.number)
    .map((one) => {
      const current = one === vi.text;
      const mark = current ? "%" : one.path !== undefined && one.path === vi.alternate ? "#" : " ";
      const state = !one.loaded ? " " : panesWith(vi, one).length > 0 ? "a" : "h";
      const readOnly = current
        ? vi.options.on("readonly")
        : one.options?.some(([name, value]) => name === "readonly" && value);
      const line = current ? (one.none ? 0 : one.row + 1) : one.at.row + Number(one.seen);
      const head = `${String(one.number).padStart(3)} ${mark}${state}${readOnly ? "=" : " "}${one.modified ? "+" : " "} "${one.path ?? "[No Name]"}"`;
      return `${head.padEnd(39)} line ${current ? one.row + 1 : line}`;
    });
}
