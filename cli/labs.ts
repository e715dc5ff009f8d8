import { labIds, loadLab } from "../grader/lab.ts";

/** `kubetude labs`: a line a lab, and under it one a task. */
export function labs(json: boolean): number {
  const all = labIds().map((id) => loadLab(id));
  if (json) {
    console.log(
      JSON.stringify(
        all.map(({ dir: _, files: __, ...lab }) => lab),
        null,
        2,
      ),
    );
    return 0;
  }
  for (const lab of all) {
    console.log(`${lab.id}  ${lab.title.en} · ${lab.title.ko}`);
    for (const { id, title } of lab.tasks) console.log(`  ${id}  ${title.en} · ${title.ko}`);
  }
  return 0;
}
