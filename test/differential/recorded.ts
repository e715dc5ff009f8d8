/** Lines whose answers were recorded from real programs, one after another on one machine: how they are run and compared. */
export interface Answer {
  run: string;
  shows: string;
  status: number;
}

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** The lines as one script that says where each begins and how it ended. */
export function scriptOf(setup: string, answers: readonly Pick<Answer, "run">[]): string {
  const parts = answers.map(({ run }) => `echo '###'${quoted(run)}\n{ ${run}\n} 2>&1; echo "=> $?"\n`);
  return `${setup}\n${parts.join("")}`;
}

/** What the lines of such a script showed; `normal` takes out what differs from run to run. */
export function answersOf(output: string, normal: (text: string, run: string) => string): Answer[] {
  return output
    .split(/^###/m)
    .slice(1)
    .map((part) => {
      const [run = "", ...rest] = part.split("\n");
      const ended = rest.findLastIndex((line) => line.startsWith("=> "));
      return { run, shows: normal(rest.slice(0, ended).join("\n"), run), status: Number(rest[ended]?.slice(3)) };
    });
}
