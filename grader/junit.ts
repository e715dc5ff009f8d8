import type { GradeReport } from "./grade.ts";

const escapeXml = (text: string) =>
  text.replace(/[<>&"\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, (char) => {
    if (char === "<") return "&lt;";
    if (char === ">") return "&gt;";
    if (char === "&") return "&amp;";
    return char === '"' ? "&quot;" : "";
  });

/** A grade report as JUnit XML: one test case a task. */
export function junit(report: GradeReport): string {
  const failures = report.tasks.filter(({ passed }) => !passed).length;
  const cases = report.tasks.map((task) => {
    const name = escapeXml(`${task.id}: ${task.title.en}`);
    if (task.passed) return `    <testcase classname="${report.lab}" name="${name}"/>`;
    const failed = task.checks.filter(({ passed }) => !passed);
    const text = escapeXml(failed.map(({ kind, message }) => `${kind}: ${message.en}`).join("\n"));
    return `    <testcase classname="${report.lab}" name="${name}"><failure message="${escapeXml(failed[0]?.message.en ?? "")}">${text}</failure></testcase>`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="${report.tasks.length}" failures="${failures}">
  <testsuite name="${report.lab}" tests="${report.tasks.length}" failures="${failures}">
${cases.join("\n")}
  </testsuite>
</testsuites>
`;
}
