/** What a command of etcdctl is, and what it is given. */
import type { Gen } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import type { Client } from "./client.ts";

export interface Run {
  p: Process;
  client: Client;
  args: readonly string[];
  /** How many of `args` stood before `--`; -1 without one. */
  dash: number;
  flag(name: string): string | undefined;
  on(name: string): boolean;
  format: string;
}

export interface Subcommand {
  usage: string;
  about: string;
  run(r: Run): Gen;
}
