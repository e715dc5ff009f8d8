/** How a wrong command ends: what follows the message, and the exit status (enum xtables_exittype of xtables.h). */
export type ProblemKind = "other" | "parameter" | "version" | "resource" | "bare" | "kernel";

const STATUS: Readonly<Record<ProblemKind, number>> = {
  other: 1,
  parameter: 2,
  version: 3,
  resource: 4,
  bare: 2,
  kernel: 4,
};

/** A command line or rule file that iptables refuses. `bare` messages come without the program's name and version. */
export class Problem extends Error {
  readonly kind: ProblemKind;
  /** Exit status of iptables for it. */
  readonly status: number;

  constructor(message: string, kind: ProblemKind = "parameter") {
    super(message);
    this.kind = kind;
    this.status = STATUS[kind];
  }
}

/** What the kernel or the chain lookup says: `iptables: message.`, exit status 1. */
export class Refusal extends Error {
  /** The kernel called an argument invalid and may have said more in its log. */
  readonly invalid: boolean;

  constructor(message: string, invalid = false) {
    super(message);
    this.invalid = invalid;
  }
}

/** Version of Debian's iptables, in messages and headers. */
export const VERSION = "1.8.11";

/** Lines of a problem on standard error, as the programs of xtables-nft-multi write them. `line` is a rule file's. */
export function problemText(program: string, problem: Problem, line?: number): string {
  const { kind, message } = problem;
  const head = kind === "bare" ? "" : `${program} v${VERSION} (nf_tables): `;
  const at = line === undefined ? "" : `Error occurred at line: ${line}\n`;
  const hint = `${at}Try \`${program} -h' or '${program} --help' for more information.\n`;
  const tail =
    kind === "parameter" || kind === "bare"
      ? hint
      : kind === "version"
        ? `Perhaps ${program} or your kernel needs to be upgraded.\n`
        : "";
  return kind === "bare" && message === "" ? tail : `${head}${message}\n${tail}`;
}
