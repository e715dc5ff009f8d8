import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import Handlebars from "handlebars";
import MarkdownIt from "markdown-it";
import { nanoid } from "nanoid";
import { machineNames } from "../../grader/faults.ts";
import type { Lab } from "../../grader/lab.ts";
import type { Language, Lesson } from "../protocol.ts";
import { scriptBefore, stepsOf } from "./solution.ts";

type Markdown = InstanceType<typeof MarkdownIt>;
type Token = ReturnType<Markdown["parse"]>[number];

/** What a lesson's Handlebars may name besides its helpers. */
interface LessonFacts {
  lab: string;
  machines: string[];
}

/**
 * A lab's text in one language, from Handlebars to Markdown to HTML. The parts that live on the page (tasks, commands,
 * predictions) come out as empty elements with data attributes; nothing of the text itself can become markup.
 */
export function renderLesson(lab: Lab, language: Language): Lesson {
  const file = join(lab.dir, `text.${language}.md`);
  const machines = machineNames(lab);
  const ids = new Set(lab.tasks.map(({ id }) => id));
  const html = existsSync(file) ? renderText(readFileSync(file, "utf8"), { lab: lab.id, machines }, ids) : "";
  const tasks = lab.tasks.map(({ id, title, points, challenge, machine, question, hints }) => ({
    id,
    title,
    points,
    challenge,
    hints,
    canCatchUp: scriptBefore(lab, id) !== undefined,
    hasModel: stepsOf(lab, id) !== undefined,
    ...(machine ? { machine } : {}),
    ...(question ? { question } : {}),
  }));
  const clusters = ["", ...Object.keys(lab.clusters)];
  return { id: lab.id, title: lab.title, html, tasks, machines, clusters };
}

/** Renders a lesson's text. Throws for a task that the lab does not have, or for a helper that nobody knows. */
export function renderText(source: string, facts: LessonFacts, tasks: ReadonlySet<string>): string {
  // A line that begins with this is a marker; no text can contain it by chance or by intent.
  const marker = `@@${nanoid()}`;
  const line = (...words: unknown[]) => `\n\n${marker} ${JSON.stringify(words)}\n\n`;
  const handlebars = Handlebars.create();
  handlebars.registerHelper("task", (id: string) => {
    if (!tasks.has(id)) throw new Error(`the text names task "${id}", which the lab does not have`);
    return line("task", id);
  });
  handlebars.registerHelper("older", function (this: unknown, options: Handlebars.HelperOptions) {
    return `${line("older")}${options.fn(this)}${line("/older")}`;
  });
  let predictions = 0;
  handlebars.registerHelper("predict", function (this: unknown, options: Handlebars.HelperOptions) {
    const { options: choices, answer } = options.hash as { options: string; answer: string };
    return `${line("predict", String(predictions++), choices, answer)}${options.fn(this)}${line("/predict")}`;
  });
  // Markdown escapes everything (`html: false`), so Handlebars does not: its entities would show in code.
  const text = handlebars.compile(source, { noEscape: true, strict: true })(facts);
  return markdown(marker).render(text);
}

/** What a marker said after its kind. */
const wordsOf = ({ meta }: Token): string[] => (meta as { words: string[] }).words;

function markdown(marker: string): Markdown {
  const md = new MarkdownIt({ html: false, linkify: false, typographer: false });
  md.block.ruler.before(
    "fence",
    "kubetude",
    (state, startLine, _endLine, silent) => {
      const start = state.bMarks[startLine]! + state.tShift[startLine]!;
      const text = state.src.slice(start, state.eMarks[startLine]);
      if (!text.startsWith(marker)) return false;
      if (silent) return true;
      const [kind, ...args] = JSON.parse(text.slice(marker.length)) as string[];
      const closing = kind!.startsWith("/");
      const token = state.push(`kubetude_${kind!.replace("/", "")}`, "div", closing ? -1 : kind === "task" ? 0 : 1);
      token.meta = { words: args };
      token.block = true;
      state.line = startLine + 1;
      return true;
    },
    { alt: ["paragraph", "reference", "blockquote", "list"] },
  );

  const { escapeHtml } = md.utils;
  const attribute = (name: string, value: string | undefined) => ` data-${name}="${escapeHtml(value ?? "")}"`;
  md.renderer.rules["kubetude_task"] = (tokens, i) =>
    `<div class="slot-task"${attribute("task", wordsOf(tokens[i]!)[0])}></div>\n`;
  md.renderer.rules["kubetude_older"] = (tokens, i) =>
    tokens[i]!.nesting > 0
      ? `<details class="older"><summary></summary><div class="older-text">\n`
      : "</div></details>\n";
  md.renderer.rules["kubetude_predict"] = (tokens, i) => {
    const token = tokens[i]!;
    if (token.nesting < 0) return `</div><div class="slot-predict"></div></section>\n`;
    const [id, choices, answer] = wordsOf(token);
    return `<section class="predict"${attribute("predict", id)}${attribute("options", choices)}${attribute("answer", answer)}><div class="predict-text">\n`;
  };
  md.renderer.rules.fence = (tokens, i) => commandBlock(tokens[i]!, escapeHtml);
  md.renderer.rules.table_open = () => `<div class="table"><table>\n`;
  md.renderer.rules.table_close = () => "</table></div>\n";
  return md;
}

/** A fenced block: `sh run MACHINE` has a run button, any `sh` a copy button. */
function commandBlock({ info, content }: Token, escapeHtml: (text: string) => string): string {
  const [language, run, machine] = info.trim().split(/\s+/);
  const text = escapeHtml(content.replace(/\n$/, ""));
  if (language !== "sh") return `<pre class="listing" tabindex="0"><code>${text}</code></pre>\n`;
  const on = run === "run" && machine ? ` data-machine="${escapeHtml(machine)}"` : "";
  return `<div class="command"${on}><pre tabindex="0"><code>${text}</code></pre><div class="slot-command"></div></div>\n`;
}
