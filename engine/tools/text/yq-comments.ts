/**
 * Where comments belong, as go-yaml v3 has it (scannerc.go, yaml_parser_scan_comments): a comment above a key or an item
 * is its head, one behind it its line's, one below it and before an empty line or a shallower one its foot.
 */
import { isCollection, isMap, isPair, isScalar, isSeq, Lexer, type Node, type Pair, visit } from "yaml";

/** What stands around a node besides what the library keeps: `commentBefore` is its head, `comment` its line. */
interface Noted {
  foot?: string;
  /** Lines before the first value of a file, as they are. */
  leading?: string;
}

type NotedNode = Node & Noted;

export const footOf = (node: Node): string => (node as NotedNode).foot ?? "";
export const leadingOf = (node: Node): string => (node as NotedNode).leading ?? "";
export function setFoot(node: Node, text: string): void {
  (node as NotedNode).foot = text;
}
export function setLeading(node: Node, text: string): void {
  (node as NotedNode).leading = text;
}

interface Comment {
  at: number;
  line: number;
  column: number;
  text: string;
}

/** A word of the text that is no comment. */
interface Word {
  at: number;
  end: number;
  line: number;
  endLine: number;
  column: number;
  text: string;
}

interface Level {
  node: Node;
  column: number;
  /** What the level's last key or item before a place is. */
  owner: Node;
  /** It is a key whose value comes later. */
  pending: boolean;
}

/** A document's value, and where its part of the text begins. */
interface Root {
  node: Node;
  from: number;
}

/** Gives the comments of a text to the nodes of its documents; what the library made of them goes. */
export function attachComments(text: string, roots: readonly Root[]): void {
  const all = text.includes("#") ? wordsOf(text) : { comments: [], words: [] };
  for (const [i, { node, from }] of roots.entries()) {
    visit(node, (_key, each) => {
      if (isPair(each)) return;
      const one = each as Node;
      delete one.comment;
      delete one.commentBefore;
      one.spaceBefore = false;
    });
    const to = roots[i + 1]?.from ?? text.length;
    const within = ({ at }: { at: number }) => at >= from && at < to;
    attach(text, node, all.comments.filter(within), all.words.filter(within));
  }
}

function attach(text: string, root: Node, comments: readonly Comment[], words: readonly Word[]): void {
  const place = new Places(text, root);
  let group: Comment[] = [];
  let w = 0;
  for (const [i, comment] of comments.entries()) {
    while (w < words.length && words[w]!.at < comment.at) w++;
    const before = words[w - 1];
    if (before !== undefined && before.endLine === comment.line) {
      place.line(comment);
      continue;
    }
    group.push(comment);
    const next = comments[i + 1];
    const after = words[w];
    if (next !== undefined && (after === undefined || next.at < after.at) && next.line !== before?.endLine) continue;
    place.group(group, before, after);
    group = [];
  }
}

function wordsOf(text: string): { comments: Comment[]; words: Word[] } {
  const comments: Comment[] = [];
  const words: Word[] = [];
  let [line, start, at] = [0, 0, 0];
  let inScalar = false;
  for (const lexeme of new Lexer().lex(text)) {
    // A control character that stands for itself tells what follows.
    if (lexeme === "\u001f") {
      inScalar = true;
      continue;
    }
    if (lexeme === "\u0002" || lexeme === "\u0018") continue;
    const here = { at, line, column: at - start };
    if (!inScalar && lexeme.startsWith("#")) comments.push({ ...here, text: lexeme.replace(/\s+$/, "") });
    else if (lexeme.trim() !== "" && !/^(?:---|\.\.\.)$/.test(lexeme)) {
      const body = lexeme.replace(/\s+$/, "");
      words.push({ ...here, end: at + body.length, endLine: line + body.split("\n").length - 1, text: body });
    }
    inScalar = false;
    for (let i = lexeme.indexOf("\n"); i >= 0; i = lexeme.indexOf("\n", i + 1)) {
      line++;
      start = at + i + 1;
    }
    at += lexeme.length;
  }
  return { comments, words };
}

const startOf = (node: Node | null | undefined): number => node?.range?.[0] ?? -1;

class Places {
  private readonly text: string;
  private readonly root: Node;

  constructor(text: string, root: Node) {
    this.text = text;
    this.root = root;
  }

  /** The block collections that are open at a place, outermost first. */
  private levels(at: number): Level[] {
    const out: Level[] = [];
    let node: Node | null = this.root;
    while (node !== null && isCollection(node) && !node.flow && startOf(node) < at) {
      const items = node.items as (Node | Pair<Node, Node | null>)[];
      let low = 0;
      let high = items.length;
      const itemStart = (one: Node | Pair<Node, Node | null>) => startOf(isPair(one) ? one.key : one);
      while (low < high) {
        const middle = (low + high) >> 1;
        if (itemStart(items[middle]!) < at) low = middle + 1;
        else high = middle;
      }
      const item = items[low - 1];
      if (item === undefined) break;
      const owner: Node = isPair(item) ? (item.key as Node) : item;
      const value: Node | null = isPair(item) ? (item.value as Node | null) : item;
      const pending = isPair(item) && value !== null && startOf(value) >= at;
      out.push({ node, column: this.column(startOf(node)), owner, pending });
      node = value;
    }
    return out;
  }

  private column(at: number): number {
    return at - (this.text.lastIndexOf("\n", at - 1) + 1);
  }

  /** A comment behind something on its line. */
  line({ at, text }: Comment): void {
    const level = this.levels(at).at(-1);
    if (level === undefined) {
      if (startOf(this.root) < at) this.root.comment ??= text;
      else this.head(at, text);
      return;
    }
    const { node, owner, pending } = level;
    if (isSeq(node)) {
      // Behind a dash alone: it is above what follows.
      const next = (node.items as Node[]).find((item) => startOf(item) >= at);
      if (next !== undefined && this.text.slice(this.text.lastIndexOf("\n", at) + 1, at).trim() === "-")
        next.commentBefore = text;
      else owner.comment ??= text;
      return;
    }
    const pair = (node as unknown as { items: Pair<Node, Node | null>[] }).items.find(({ key }) => key === owner)!;
    const value = pair.value;
    if (value === null || (pending && isCollection(value)) || (isScalar(value) && pending)) owner.comment ??= text;
    else value.comment ??= text;
  }

  /** Comments on lines of their own, between two words. */
  group(group: readonly Comment[], before: Word | undefined, after: Word | undefined): void {
    const levels = before === undefined ? [] : this.levels(before.end);
    const inner = levels.at(-1);
    const indent = inner?.column ?? 0;
    let lines: Comment[] = [];
    let text = "";
    let firstEmpty = true;
    let recentEmpty = false;
    let line = before?.endLine ?? -2;
    const foot = (dedented: boolean) => {
      const column = lines[0]!.column;
      const fitting = levels.findLast((level) => level.column === column);
      const around = levels.findLast((level) => level.column <= column) ?? levels[0];
      const level = dedented ? (fitting ?? around) : inner;
      const owner = level?.owner ?? this.root;
      setFoot(owner, joined(footOf(owner), text));
      lines = [];
      text = "";
    };
    const empty = () => {
      if (!recentEmpty && lines.length > 0) {
        const [first] = lines;
        const below = first!.line === (before?.endLine ?? -2) + 1 && !inner?.pending;
        const dedented = first!.column < indent;
        if (firstEmpty && before !== undefined && (below || dedented)) foot(dedented);
        else text += "\n";
      }
      firstEmpty = false;
      recentEmpty = true;
    };
    for (const comment of group) {
      if (comment.line > line + 1) empty();
      if (lines.length > 0 && comment.column < indent && comment.column !== lines[0]!.column) foot(false);
      text += (lines.length > 0 ? "\n" : "") + comment.text;
      lines.push(comment);
      recentEmpty = false;
      line = comment.line;
    }
    if (after === undefined || after.line > line + 1) empty();
    if (lines.length > 0 && after !== undefined && after.column < indent && after.column !== lines[0]!.column)
      foot(false);
    text = text.replace(/\n+$/, "");
    if (text === "") return;
    if (after === undefined) setFoot(this.root, joined(footOf(this.root), text));
    else this.head(after.at, text, after.text === "-");
  }

  /** A comment above the word at a place. */
  private head(at: number, text: string, dash = false): void {
    let node: Node | null = this.root;
    let above: Node = this.root;
    while (node !== null && isCollection(node)) {
      const items = node.items as (Node | Pair<Node, Node | null>)[];
      const next = items.find((item) => {
        const end = (isPair(item) ? (item.value ?? item.key) : item) as Node;
        return (end.range?.[2] ?? -1) > at || startOf(isPair(item) ? (item.key as Node) : item) >= at;
      });
      if (next === undefined) break;
      const start = startOf(isPair(next) ? (next.key as Node) : next);
      above = isPair(next) ? (next.key as Node) : next;
      if (start >= at && (dash ? isSeq(node) : true)) {
        // The first key of a document's map leaves it to the document.
        if (node === this.root && isMap(node) && items[0] === next) above = this.root;
        break;
      }
      node = isPair(next) ? (next.value as Node | null) : next;
      if (node !== null && isScalar(node) && startOf(node) >= at) above = node;
    }
    above.commentBefore = joined(above.commentBefore ?? "", text);
  }
}

const joined = (a: string, b: string): string => (a === "" ? b : `${a}\n${b}`);
