/** Lists on the command line of ps: what selects, and what sorts. */
import type { Seen } from "./process-view.ts";
import { COLUMNS } from "./ps-columns.ts";
import { listWords, PsError } from "./ps-format.ts";

/** A key of an order. */
export interface Sort {
  spec: string;
  down: boolean;
}

/** Words of a selection list. Throws `PsError`. */
export const words = (text: string): string[] => {
  const out = text.split(/[ ,\t]/);
  if (out.includes("")) throw new PsError("improper list");
  return out;
};

/** A decimal or hexadecimal number; undefined for anything else. */
export const number = (word: string): number | undefined =>
  /^(0[xX][0-9a-fA-F]+|\d+)$/.test(word) ? Number(word) : undefined;

function processId(word: string): number {
  const id = word === "" ? 0 : number(word);
  if (id === undefined) throw new PsError("process ID list syntax error");
  if (id < 1 || id > 0x7fff_ffff) throw new PsError("process ID out of range");
  return id;
}

type Test = (word: string) => (seen: Seen) => boolean;

/** What a word of a selection list says of a process. */
export const pids: Test = (word) => {
  const id = processId(word);
  return (seen) => seen.pid === id;
};
export const parents: Test = (word) => {
  const id = processId(word);
  return (seen) => seen.ppid === id;
};
export const sessions: Test = (word) => {
  const id = processId(word);
  return ({ process }) => process.session === id;
};
export const groups: Test = (word) => {
  const id = processId(word);
  return ({ process }) => process.group === id;
};
export const named: Test =
  (word) =>
  ({ process }) =>
    process.comm === word || (process.comm.length === 15 && word.slice(0, 15) === process.comm);

/** Keys of `--sort`: `-rss,+pid`. */
export function longSort(text: string): Sort[] {
  return listWords(text, "sort list", true).map((word) => {
    const spec = word.replace(/^[-+]/, "");
    if (!COLUMNS.has(spec)) throw new PsError("unknown sort specifier");
    return { spec, down: word.startsWith("-") };
  });
}

const SHORT_SORT = Object.fromEntries(
  "C=pcpu G=tpgid M=maj_flt N=cmaj_flt P=ppid R=resident S=share T=start_time U=uid c=cmd f=flags g=pgrp m=min_flt n=cmin_flt o=session p=pid r=rss s=size t=tty u=user v=vsize y=priority"
    .split(" ")
    .map((pair) => pair.split("=") as [string, string]),
);

/** Letters of BSD's `O`; undefined when they are a format instead. */
export function shortSort(text: string): Sort[] | undefined {
  const out: Sort[] = [];
  for (const [, sign, letter] of text.matchAll(/([-+]?)(.)/gs)) {
    const spec = SHORT_SORT[letter!];
    if (spec === undefined || out.some((one) => one.spec === spec)) return undefined;
    out.push({ spec, down: sign === "-" });
  }
  return out;
}

/** What `ps L` lists. */
export const specifiers = (): string =>
  [...COLUMNS]
    .filter(([, column]) => !column.empty)
    .map(([name, { header }]) => `${name.slice(0, 12).padEnd(12)} ${header.slice(0, 8).padEnd(8)}\n`)
    .join("");
