import type { HttpRequest, HttpResponse } from "../../../api/http.ts";
import { formatTime } from "../../../api/time.ts";
import type { Process } from "../../../machine/process.ts";
import type { Signal } from "../../../machine/signal.ts";
import type { Entry } from "../../rootfs.ts";
import { answer } from "../serving.ts";

/**
 * Servers of courses and of the documentation's examples, as far as a cluster sees them: the port, what a GET answers,
 * what the log says, what they need from their environment and how they end. One row an image.
 */
export interface Row {
  /** Repositories; `docker.io/` is left out. */
  readonly names: readonly string[];
  readonly tags?: RegExp;
  readonly megabytes: number;
  readonly on: "alpine" | "debian" | "scratch";
  /** Path of the executable, which is the entrypoint unless `cmd`. */
  readonly runs: string;
  /** Further paths of the same executable. */
  readonly also?: readonly string[];
  /** The executable as the command names it, where that is not its path. */
  readonly starts?: string;
  readonly arguments?: readonly string[];
  /** The command is in CMD, so that a Pod's `args` take its place. */
  readonly cmd?: boolean;
  /** The first is what PORT or a flag (`--port`, `--secure-port`, `--web.listen-address`) may change. */
  readonly ports?: readonly number[];
  /** Those of its ports that speak TLS. */
  readonly secure?: readonly number[] | "all";
  /** Further ports, which its flags name. */
  readonly others?: (p: Process) => readonly number[];
  readonly page?: (p: Process, request: HttpRequest) => HttpResponse | string;
  /** What it prints when it has begun. */
  readonly log?: (p: Process, port: number) => string;
  readonly logs?: 1 | 2;
  /** A line a request. */
  readonly access?: (p: Process, request: HttpRequest) => string;
  /** Why it ends at once, with status 1 or the one told. */
  readonly refuses?: (p: Process) => string | undefined;
  readonly refusal?: number;
  /** Data directories that its Dockerfile calls volumes. */
  readonly volumes?: readonly string[];
  readonly stop?: readonly Signal[];
  readonly status?: number | ((p: Process) => number);
  readonly rssKib?: number;
  readonly user?: string;
  readonly workingDir?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, Entry>>;
}

export const host = (p: Process): string => p.env.get("HOSTNAME") ?? p.ns.uts.hostname;

export const iso = (p: Process): string => formatTime(p.machine.kernel.wallMs);

export const html = (body: string, headers: Record<string, string> = {}): HttpResponse =>
  answer(200, body, { "content-type": "text/html; charset=utf-8", ...headers });

export const json = (value: unknown): HttpResponse =>
  answer(200, JSON.stringify(value), { "content-type": "application/json" });

export const redirect = (location: string): HttpResponse => answer(302, "", { location });

export const pathOf = (request: HttpRequest): string => request.path.split("?")[0]!;

export const titled = (title: string, body: string): HttpResponse =>
  html(`<!DOCTYPE html>\n<html>\n<head><title>${title}</title></head>\n<body>\n${body}\n</body>\n</html>\n`);

export const NAMED = /^(latest|alpine|slim|lts|[a-z]+|v?\d[\w.+-]*)$/;
