import { describe, expect, it } from "vitest";
import { labIds, loadLab } from "../../grader/lab.ts";
import { renderLesson, renderText } from "./lesson.ts";

const render = (text: string) => renderText(text, { lab: "x", machines: ["workstation"] }, new Set(["create"]));

describe("a lesson's text", () => {
  it.each([
    ["a task's place", '{{task "create"}}', '<div class="slot-task" data-task="create"></div>'],
    [
      "a command with its machine",
      "```sh run cp-1\nls | wc\n```",
      'data-machine="cp-1"><pre tabindex="0"><code>ls | wc</code>',
    ],
    ["a command to copy", "```sh\nls\n```", '<div class="command"><pre tabindex="0"><code>ls</code>'],
    ["an aside", "{{#older}}\nOld *words*.\n{{/older}}", "<p>Old <em>words</em>.</p>\n</div></details>"],
    [
      "a prediction",
      '{{#predict options="A|B" answer="B"}}\nWhich?\n{{/predict}}',
      '<section class="predict" data-predict="0" data-options="A|B" data-answer="B"><div class="predict-text">\n<p>Which?</p>',
    ],
    ["a fact", "on {{machines.[0]}}", "<p>on workstation</p>"],
  ])("renders %s", (_name, text, html) => {
    expect(render(text)).toContain(html);
  });

  it("lets no markup through, from the text or from attributes", () => {
    expect(render("<script>alert(1)</script>")).toContain("&lt;script&gt;");
    expect(render('{{#predict options="<b>|\'" answer="x"}}\nq\n{{/predict}}')).toContain('data-options="&lt;b&gt;|');
    expect(render("[x](javascript:alert(1))")).not.toContain("href");
    expect(render('@@x ["task","create"]')).not.toContain("slot-task");
  });

  it("names a task that does not exist", () => {
    expect(() => render('{{task "nope"}}')).toThrow(/"nope"/);
  });

  it.each(labIds())("%s renders in both languages", (id) => {
    const lab = loadLab(id);
    for (const language of ["ko", "en"] as const) {
      const { html, tasks } = renderLesson(lab, language);
      for (const task of tasks) expect(html).toContain(`data-task="${task.id}"`);
    }
  });
});
