import { describe, expect, it } from "vitest";
import { labIds, loadLab } from "../../grader/lab.ts";
import { parseSolution, scriptBefore, stepsOf } from "./solution.ts";

describe("a solution in parts", () => {
  it("is cut at its marks", () => {
    expect(parseSolution("#!/bin/bash\nset -e\n\n# task: a b\none\n\n# a comment\n# task: c\ntwo\n")).toEqual({
      head: "#!/bin/bash\nset -e\n\n",
      steps: [
        { tasks: ["a", "b"], text: "one\n\n# a comment\n" },
        { tasks: ["c"], text: "two\n" },
      ],
    });
    expect(parseSolution("one\n").steps).toEqual([]);
  });

  it("leads up to a task, with what belongs to all", () => {
    const lab = loadLab("01-pod-trace");
    expect(stepsOf(lab, "delete")).toBe("kubectl delete pod nginx-test\n");
    expect(scriptBefore(lab, "create")).toBeUndefined();
    const { text, tasks } = scriptBefore(lab, "audit")!;
    expect(tasks).toEqual(["create", "order"]);
    expect(text).toMatch(/^#!\/bin\/bash[\s\S]*set -euo pipefail[\s\S]*kubectl run nginx-test[\s\S]*answer order/);
    expect(text).not.toContain("answer audit");
  });

  it.each(
    labIds()
      .map(loadLab)
      .filter(({ tasks }) => tasks.length > 0),
  )("$id marks only tasks that it has", (lab) => {
    const ids = lab.tasks.map(({ id }) => id);
    const last = lab.tasks.at(-1)!;
    const marked = [...(scriptBefore(lab, last.id)?.tasks ?? []), last.id];
    expect(marked.filter((id) => !ids.includes(id))).toEqual([]);
  });
});
