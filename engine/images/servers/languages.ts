import type { Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { debianTree } from "../debian.ts";
import type { ImageDef } from "../image.ts";
import { DEFAULT_PATH, rootfs, SKELETON } from "../rootfs.ts";

/** Interpreters as far as examples use them: no scripts are run. */

/** Pi to so many digits, 3 counted, by Machin's formula on integers. */
function pi(digits: number): string {
  const guard = 10;
  const unit = 10n ** BigInt(digits - 1 + guard);
  const arctan = (x: bigint): bigint => {
    let power = unit / x;
    let sum = power;
    for (let n = 3n, sign = -1n; power !== 0n; n += 2n, sign = -sign) {
      power /= x * x;
      sum += (sign * power) / n;
    }
    return sum;
  };
  // The last digit is rounded, as bignum does.
  const scaled = (4n * (4n * arctan(5n) - arctan(239n)) + 5n * 10n ** BigInt(guard - 1)) / 10n ** BigInt(guard);
  const text = scaled.toString();
  return digits === 1 ? text : `${text[0]}.${text.slice(1)}`;
}

/** Most digits that are computed. */
const MOST_DIGITS = 10_000;

/** perl(1): `-v`, and `print bpi(N)` with bignum, which the documentation's Job computes. */
const perl: Program = function* (p) {
  const text = p.argv.slice(1).join(" ");
  if (p.argv[1] === "-v") {
    yield* sys.print(p, "\nThis is perl 5, version 40, subversion 1 (v5.40.1) built for x86_64-linux-gnu\n");
    return 0;
  }
  const asked = /-Mbignum=bpi\b.*\bprint bpi\((\d+)\)/.exec(text);
  if (asked !== null) {
    yield* sys.print(p, `${pi(Math.max(1, Math.min(Number(asked[1]), MOST_DIGITS)))}\n`);
    return 0;
  }
  const print = /^-[wle]+ print ("([^"$@]*)"|'([^']*)'|\d+);?$/.exec(text);
  if (print !== null) {
    yield* sys.print(p, `${print[2] ?? print[3] ?? print[1]}${p.argv[1]!.includes("l") ? "\n" : ""}`);
    return 0;
  }
  yield* sys.printError(p, "perl: scripts are not run in this image\n");
  return 2;
};

export const languagePrograms: Readonly<Record<string, Program>> = { perl };

export const LANGUAGE_IMAGES: readonly ImageDef[] = [
  {
    names: ["docker.io/library/perl"],
    tags: /^(latest|slim|5(\.\d+){0,2})(-\d|-slim|-threaded)*(-bookworm|-bullseye|-buster|-trixie)?$/,
    sizeBytes: 372_000_000,
    rootfs: () =>
      rootfs(SKELETON, debianTree(), {
        "usr/local/bin/perl": { program: "perl" },
        "usr/bin/perl": { program: "perl" },
      }),
    entrypoint: [],
    cmd: ["perl", "-de0"],
    env: () => ({ PATH: DEFAULT_PATH }),
    workingDir: "/usr/src/app",
  },
  {
    names: ["docker.io/library/python"],
    tags: /^(latest|slim|alpine|bookworm|bullseye|3(\.\d+){0,2})(-(slim|alpine(3\.\d+)?|bookworm|bullseye|buster|trixie))*$/,
    sizeBytes: 366_000_000,
    rootfs: () =>
      rootfs(SKELETON, debianTree(), {
        "usr/local/bin/python3": { program: "python3" },
        "usr/local/bin/python": { program: "python3" },
      }),
    entrypoint: [],
    cmd: ["python3"],
    env: (tag) => ({
      PATH: DEFAULT_PATH,
      LANG: "C.UTF-8",
      PYTHON_VERSION: /^\d+\.\d+\.\d+/.exec(tag)?.[0] ?? "3.13.2",
    }),
  },
];
