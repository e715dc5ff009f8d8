import { describe, expect, it } from "vitest";
import { checkLab } from "../cli/lab-check.ts";
import { labIds, loadLab } from "../grader/lab.ts";

/** What `kubetude lab check` proves, for every lab. */
describe.each(labIds())("lab %s", (id) => {
  it("is solved by its solution, and by nothing else", () => expect(checkLab(loadLab(id))).toEqual([]), 300_000);
});
