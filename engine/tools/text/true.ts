import type { Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";

/** true(1) and false(1): a lone --help or --version is answered, everything else passed over. */
function program(name: string, status: number): Program {
  return function* (p) {
    const [, word] = p.argv;
    if (p.argv.length === 2 && (word === "--help" || word === "--version"))
      yield* sys.print(
        p,
        word === "--version"
          ? `${name} (GNU coreutils) 9.7\n`
          : `Usage: ${p.argv[0]} [ignored command line arguments]\n  or:  ${p.argv[0]} OPTION\n`,
      );
    return status;
  };
}

export const trueProgram = program("true", 0);
export const falseProgram = program("false", 1);
