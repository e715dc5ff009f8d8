/** Ex commands that run others of the shell. */
import type { Gen } from "../../../../kernel/index.ts";
import { filter } from "../filter.ts";
import type { Line } from "./ex.ts";
import { ViError } from "./pattern.ts";
import type { Vi } from "./state.ts";
import { runOnTerminal } from "./suspend.ts";

/** A shell command with the names of this file and the one before it in the place of % and #. */
export function withNames(vi: Vi, command: string): string {
  return command.replace(/(\\?)([%#])/g, (all, slash: string, char: string) =>
    slash ? char : ((char === "%" ? vi.text.path : vi.alternate) ?? all),
  );
}

/** :!cmd, and lines through a command. */
export function* bangCommand(vi: Vi, line: Line): Gen<void> {
  const command = withNames(
    vi,
    line.argument.replace(/(\\?)!/g, (_all, slash: string) => (slash ? "!" : vi.lastShell)),
  );
  if (command === "") throw new ViError("E34: No previous command");
  vi.lastShell = command;
  if (line.range.given === 0) {
    yield* runShell(vi, command);
    return;
  }
  const { first, last } = line.rows;
  const input = vi.text.lines
    .slice(first, last + 1)
    .map((one) => `${one}\n`)
    .join("");
  const { text: output, status } = yield* filter(vi.p, command, input);
  const lines = output === "" ? [] : output.replace(/\n$/, "").split("\n");
  const count = last - first + 1;
  if (status !== 0)
    yield* vi.page([`shell returned ${status}`, ...(count > 2 ? [`${count} lines filtered`] : [])], vi.message);
  vi.text.row = first;
  vi.change();
  vi.text.splice(first, count, ...lines);
  vi.goTo({ row: first, column: 0 });
  vi.text.row = Math.min(first, vi.text.lines.length - 1);
  vi.text.column = Math.max(0, vi.text.line.search(/\S|.$/));
  if (status === 0 && count > 2) vi.say(`${count} lines filtered`);
}

/** Runs a command on the terminal and waits for Enter. */
export function* runShell(vi: Vi, command: string): Gen<void> {
  yield* runOnTerminal(vi, command);
  yield* vi.afterShell();
}
