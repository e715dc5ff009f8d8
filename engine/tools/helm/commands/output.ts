import type { Gen } from "../../../kernel/index.ts";
import { toYaml } from "../../../text/yaml.ts";
import type { Helm } from "../context.ts";
import { HelmError } from "../error.ts";
import { ansic, type Release } from "../release.ts";

/** Refuses an unknown `-o`. */
export function outputOf(h: Helm): "table" | "json" | "yaml" {
  const output = h.flag("output") ?? "table";
  if (output !== "table" && output !== "json" && output !== "yaml") {
    throw new HelmError(`invalid argument ${JSON.stringify(output)} for "-o, --output" flag: invalid format type`);
  }
  return output;
}

/** What install, upgrade, status and test print about a release (cmd/helm/status.go WriteTable); `dry`: of a dry run. */
export function* printStatus(
  h: Helm,
  release: Release,
  options: { notes?: boolean; description?: boolean; dry?: boolean } = {},
): Gen {
  const output = outputOf(h);
  if (output === "json") return yield* h.out(`${JSON.stringify(release)}\n`);
  if (output === "yaml") return yield* h.out(toYaml(release));
  const { info, hooks = [] } = release;
  let text = `NAME: ${release.name}\nLAST DEPLOYED: ${ansic(info.last_deployed)}\nNAMESPACE: ${release.namespace}\nSTATUS: ${info.status}\nREVISION: ${release.version}\n`;
  if (options.description) text += `DESCRIPTION: ${info.description}\n`;
  const tests = hooks.filter(({ events }) => events.includes("test"));
  if (tests.length === 0) text += "TEST SUITE: None\n";
  for (const { name, last_run: run } of tests) {
    if (run.started_at === "") continue;
    text += `TEST SUITE:     ${name}\nLast Started:   ${ansic(run.started_at)}\nLast Completed: ${ansic(run.completed_at)}\nPhase:          ${run.phase}\n`;
  }
  if (options.dry) text += dryRunText(release);
  if (options.notes !== false && info.notes) text += `NOTES:\n${info.notes.trim()}\n`;
  yield* h.out(text);
}

/** Hooks and manifest of what a dry run would have done. */
function dryRunText(release: Release): string {
  const hooks = (release.hooks ?? []).map(({ path, manifest }) => `---\n# Source: ${path}\n${manifest}\n`).join("");
  return `HOOKS:\n${hooks}MANIFEST:\n${release.manifest}\n`;
}
