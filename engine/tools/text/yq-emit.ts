/** Trees of YAML as go-yaml v3 writes them (emitterc.go): its indentation, its styles, its places for comments. */
import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, type Scalar } from "yaml";
import { footOf } from "./yq-comments.ts";
import { blockHints, inDoubleQuotes, readsAsOther, shapeOf } from "./yq-scalars.ts";
import { tagOf, textOf } from "./yq-values.ts";

/** Text of a tree; `step`: blanks a level takes. */
export function emitted(node: Node, step: number): string {
  const emitter = new Emitter(step);
  emitter.document(node);
  return emitter.out;
}

type Context = "root" | "item" | "key" | "value" | "flow";

class Emitter {
  out = "";
  private readonly step: number;
  private indent = -1;
  /** Nothing but blanks stands on the line. */
  private fresh = true;
  private column = 0;
  private whitespace = true;
  /** The indentation of a foot that was just written: a line at the same gets an empty one before it. */
  private footIndent = -1;
  /** A head that has found no place yet. */
  private head = "";

  constructor(step: number) {
    this.step = step;
  }

  document(node: Node): void {
    if (!isMap(node) && !isSeq(node)) this.comment(node.commentBefore);
    else this.comment(node.commentBefore, 0);
    this.node(node, "root");
    this.lineComment(node.comment);
    if (this.column > 0) this.break();
    if (this.head !== "") {
      this.comment(this.head, 0);
      this.head = "";
      if (this.column > 0) this.break();
    }
  }

  private put(text: string): void {
    this.out += text;
    this.column += text.length;
    this.fresh = false;
    this.whitespace = text.endsWith(" ");
  }

  private break(): void {
    this.out += "\n";
    this.column = 0;
    this.fresh = true;
    this.whitespace = true;
  }

  private newLine(indent = Math.max(0, this.indent)): void {
    if (!this.fresh || this.column > indent) this.break();
    if (this.footIndent === indent) this.break();
    this.footIndent = -1;
    if (this.column < indent) {
      this.out += " ".repeat(indent - this.column);
      this.column = indent;
    }
    this.whitespace = true;
  }

  /** What follows stands on the dash's line. */
  private dash(): void {
    const { fresh } = this;
    this.put("-");
    this.fresh = fresh;
  }

  /** A word that wants a blank before it. */
  private word(text: string): void {
    if (!this.whitespace) this.put(" ");
    this.put(text);
  }

  private comment(text: string | null | undefined, indent = Math.max(0, this.indent)): void {
    if (text === undefined || text === null || text === "") return;
    this.newLine(indent);
    this.commentLines(text, indent);
    this.break();
  }

  private commentLines(text: string, indent: number): void {
    for (const [i, line] of text.split("\n").entries()) {
      if (i > 0) {
        this.break();
        if (line !== "") this.newLine(indent);
      }
      if (line !== "") this.put(line.startsWith("#") ? line : `# ${line}`);
    }
  }

  private lineComment(text: string | null | undefined): void {
    if (text === undefined || text === null || text === "") return;
    if (!this.whitespace) this.put(" ");
    this.commentLines(text, Math.max(0, this.indent));
  }

  private foot(text: string): void {
    if (text === "") return;
    this.comment(text);
    this.footIndent = Math.max(0, this.indent);
  }

  private deeper(inItem: boolean, visit: () => void): void {
    const before = this.indent;
    if (before < 0) this.indent = 0;
    else if (inItem) this.indent = before + 2;
    else this.indent = this.step * Math.floor((before + this.step) / this.step);
    visit();
    this.indent = before;
  }

  private node(node: Node, context: Context): void {
    if (isAlias(node)) {
      this.word(`*${node.source}`);
      return;
    }
    const { anchor } = node as { anchor?: string };
    if (anchor) this.word(`&${anchor}`);
    if (isScalar(node)) {
      this.scalar(node, context);
      return;
    }
    if (!isMap(node) && !isSeq(node)) return;
    this.tag(node);
    if (context === "flow" || node.flow || node.items.length === 0) {
      this.flow(node);
      return;
    }
    if (isMap(node)) this.block(node.items as Pair<Node, Node | null>[], context);
    else this.items(node.items as Node[], context);
  }

  private tag(node: Node): void {
    const tag = node.tag;
    if (tag === undefined || tag === "!" || tag === "?") return;
    const short = tag.replace(/^tag:yaml\.org,2002:/, "!!");
    if (isMap(node) && short === "!!map") return;
    if (isSeq(node) && short === "!!seq") return;
    this.word(/^!/.test(short) ? short : `!<${short}>`);
  }

  private block(pairs: readonly Pair<Node, Node | null>[], context: Context): void {
    this.deeper(context === "item", () => {
      let tail = "";
      for (const { key, value } of pairs) {
        if (tail !== "") {
          this.newLine();
          this.commentLines(tail, this.indent);
          this.break();
          this.footIndent = this.indent;
        }
        tail = footOf(key);
        // A head that a scalar left is lost where the next key has one of its own.
        const head = key.commentBefore || this.head;
        this.head = "";
        this.comment(head);
        this.newLine();
        this.key(key, value);
      }
      if (tail !== "") this.foot(tail);
    });
  }

  private key(key: Node, value: Node | null): void {
    const simple = isAlias(key) || (isScalar(key) && !/\n/.test(textOf(key)) && textOf(key).length <= 128);
    if (simple) {
      if (
        isScalar(key) &&
        key.value === "<<" &&
        (key.type ?? "PLAIN") === "PLAIN" &&
        (key.tag === undefined || tagOf(key) === "!!merge")
      )
        this.put("!!merge ");
      this.node(key, "key");
      this.put(isAlias(key) ? " :" : ":");
    } else {
      this.put("?");
      this.node(key, "item");
      this.newLine();
      this.put(":");
    }
    const nested = (isMap(value) || isSeq(value)) && !value.flow && value.items.length > 0;
    if (nested) this.lineComment(key.comment);
    if (value === null) {
      this.lineComment(key.comment);
      return;
    }
    if (nested) this.comment(value.commentBefore, this.indent + this.step);
    else if (value.commentBefore) this.head = [this.head, value.commentBefore].filter(Boolean).join("\n");
    this.node(value, "value");
    if (!nested) this.lineComment(value.comment || key.comment);
    if (footOf(value) !== "") this.foot(footOf(value));
  }

  private items(items: readonly (Node | null)[], context: Context): void {
    this.deeper(context === "item", () => {
      for (const item of items) {
        this.comment([this.head, item?.commentBefore ?? ""].filter(Boolean).join("\n"));
        this.head = "";
        this.newLine();
        this.dash();
        if (item === null) continue;
        this.node(item, "item");
        if (!isMap(item) || item.flow || item.items.length === 0) this.lineComment(item.comment);
        if (footOf(item) !== "") this.foot(footOf(item));
      }
    });
  }

  private isEmpty(node: Node): boolean {
    return isScalar(node) && node.tag === undefined && written(node) === "" && typeof node.value !== "string";
  }

  private flow(node: Node): void {
    if (isSeq(node)) {
      this.word("[");
      for (const [i, item] of (node.items as Node[]).entries()) {
        if (i > 0) this.put(", ");
        this.whitespace = true;
        this.node(item, "flow");
      }
      this.put("]");
    } else if (isMap(node)) {
      this.word("{");
      for (const [i, { key, value }] of (node.items as Pair<Node, Node | null>[]).entries()) {
        if (i > 0) this.put(", ");
        this.whitespace = true;
        this.node(key, "flow");
        this.put(":");
        if (value !== null && !this.isEmpty(value)) this.node(value, "flow");
      }
      this.put("}");
    }
    this.whitespace = false;
  }

  private scalar(node: Scalar, context: Context): void {
    const text = written(node);
    const shape = shapeOf(text);
    const isText = tagOf(node) === "!!str" || typeof node.value === "string";
    const custom = node.tag !== undefined && /^!/.test(node.tag) && !node.tag.startsWith("!!");
    this.explicitTag(node, text, custom);
    let style = node.type ?? "PLAIN";
    // What stood plain in the source may stand so again.
    const asRead = node.type === "PLAIN" && node.source === text;
    if (style === "PLAIN" && isText && !custom && !asRead) {
      if (text.includes("\n")) style = "BLOCK_LITERAL";
      else if (readsAsOther(text) && !(context === "key" && text === "<<")) style = "QUOTE_DOUBLE";
    }
    const inFlow = context === "flow";
    const simpleKey = context === "key";
    if (simpleKey && shape.multiline) style = "QUOTE_DOUBLE";
    if (style === "PLAIN") {
      if (inFlow ? !shape.plainInFlow : !shape.plainInBlock) style = "QUOTE_SINGLE";
      if (text === "" && isText) style = "QUOTE_SINGLE";
    }
    if (style === "QUOTE_SINGLE" && !shape.single) style = "QUOTE_DOUBLE";
    if (style.startsWith("BLOCK") && (!shape.block || inFlow || simpleKey)) style = "QUOTE_DOUBLE";
    if (style === "QUOTE_DOUBLE") this.word(inDoubleQuotes(text));
    else if (style === "QUOTE_SINGLE") this.single(text, context);
    else if (style === "BLOCK_LITERAL" || style === "BLOCK_FOLDED")
      this.blockScalar(node, text, style === "BLOCK_FOLDED", context);
    else if (text !== "") this.word(text);
  }

  /** A tag that the text alone would not tell. */
  private explicitTag(node: Scalar, text: string, custom: boolean): void {
    if (custom) {
      this.word(node.tag!);
      return;
    }
    const tag = node.tag === undefined ? undefined : tagOf(node);
    if (tag === undefined || tag === "!!str" || tag === "!!merge") return;
    if (!tag.startsWith("!!")) {
      this.tag(node);
      return;
    }
    const whole = /^[-+]?\d[\d_]*$/.test(text);
    const same =
      (tag === "!!int" && whole) ||
      (tag === "!!float" && !whole && readsAsOther(text)) ||
      (tag === "!!null" && /^(?:|~|null)$/i.test(text)) ||
      (tag === "!!bool" && /^(?:true|false)$/i.test(text)) ||
      (tag === "!!timestamp" && /^\d{4}-/.test(text));
    if (!same) this.word(tag);
  }

  private single(text: string, context: Context): void {
    const lines = text.replaceAll("'", "''").split("\n");
    if (lines.length === 1) {
      this.word(`'${lines[0]}'`);
      return;
    }
    this.word(`'${lines[0]}`);
    this.deeper(context === "item", () => {
      for (const [i, line] of lines.slice(1).entries()) {
        // Each break stands for one more.
        if (lines[i] !== "" || i === 0) this.break();
        this.break();
        if (line !== "") {
          this.newLine();
          this.put(line);
        }
      }
    });
    if (this.column === 0) this.deeper(context === "item", () => this.newLine());
    this.put("'");
  }

  private blockScalar(node: Scalar, text: string, folded: boolean, context: Context): void {
    this.word((folded ? ">" : "|") + blockHints(text, this.step));
    this.lineComment(node.comment);
    node.comment = undefined;
    this.deeper(context === "item", () => {
      if (this.indent === 0) this.indent = context === "root" ? this.step : 0;
      let breaks = true;
      let blankStart = true;
      this.break();
      const lines = text.split("\n");
      for (const [i, line] of lines.entries()) {
        if (line !== "") {
          this.newLine();
          blankStart = /^[ \t]/.test(line);
          this.put(line);
          breaks = false;
        }
        if (i === lines.length - 1) break;
        if (folded && !breaks && !blankStart) this.break();
        this.break();
        breaks = true;
      }
    });
    if (this.out.endsWith("\n")) this.fresh = true;
  }
}

/** A scalar's text as it stands: nothing where nothing was written. */
function written(node: Scalar): string {
  if ((node.value === null || node.value === undefined) && node.source === "") return "";
  return textOf(node);
}
