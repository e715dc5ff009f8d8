import { parseMicros } from "../../api/time.ts";
import { concat, decode, encode, type Gen, type Pipe, wait } from "../../kernel/index.ts";
import { entriesOf, type FileNode } from "../inode.ts";
import type { Container } from "../runtime/index.ts";
import type { ContainerState, ContainerStatus, Pod } from "./types.ts";

/** v1.PodLogOptions as the query of /containerLogs has it. */
export interface LogOptions {
  follow: boolean;
  previous: boolean;
  timestamps: boolean;
  tailLines: number | undefined;
  limitBytes: number | undefined;
  /** µs since 1970. */
  since: number | undefined;
  stream: "All" | "Stdout" | "Stderr";
}

export function readLogOptions(query: URLSearchParams, nowMicros: number): LogOptions {
  const number = (name: string): number | undefined => (query.has(name) ? Number(query.get(name)) : undefined);
  const flag = (name: string): boolean => query.get(name) === "true" || query.get(name) === "1";
  const seconds = number("sinceSeconds");
  const time = query.get("sinceTime");
  return {
    follow: flag("follow"),
    previous: flag("previous"),
    timestamps: flag("timestamps"),
    tailLines: number("tailLines"),
    limitBytes: number("limitBytes"),
    since: seconds !== undefined ? nowMicros - seconds * 1_000_000 : time ? parseMicros(time) : undefined,
    stream: (query.get("stream") as LogOptions["stream"]) ?? "All",
  };
}

/**
 * Which run of a container a log request means, as an id; or why there is none (kubelet_pods.go
 * validateContainerLogStatus). Judged by the Pod's status, as upstream does.
 */
export function logContainer(
  pod: Pod,
  statuses: readonly ContainerStatus[],
  name: string,
  previous: boolean,
): { id: string } | string {
  const status = statuses.find((one) => one.name === name);
  const podName = pod.metadata.name;
  if (status === undefined) return `container "${name}" in pod "${podName}" is not available`;
  const last = status.lastState.terminated;
  if (previous) {
    if (!last?.containerID) return `previous terminated container "${name}" in pod "${podName}" not found`;
    return { id: bare(last) };
  }
  const { running, terminated, waiting } = status.state;
  if (running) return { id: status.containerID!.replace("containerd://", "") };
  if (terminated?.containerID) return { id: bare(terminated) };
  if (terminated) return `container "${name}" in pod "${podName}" is terminated`;
  if (last?.containerID) return { id: bare(last) };
  const reason = waiting?.reason;
  const start = `container "${name}" in pod "${podName}" is waiting to start: `;
  if (reason === "ErrImagePull") return `${start}image can't be pulled`;
  if (reason === "ImagePullBackOff") return `${start}trying and failing to pull image`;
  return `${start}${reason ?? ""}`;
}

function bare(state: NonNullable<ContainerState["terminated"]>): string {
  return state.containerID!.replace("containerd://", "");
}

function logFile(container: Container): FileNode | undefined {
  const node = entriesOf(container.log.dir).get(container.log.name);
  return node?.kind === "file" ? node : undefined;
}

/** What there is of the log now, as the options want it. */
export function readLog(container: Container, options: LogOptions): Uint8Array {
  const file = logFile(container);
  if (file === undefined) return new Uint8Array(0);
  const bytes = file.content.bytes();
  return format(bytes.subarray(tailStart(bytes, options.tailLines)), options).out;
}

/** Follows a log into a pipe until the container has ended or nobody reads. */
export function* followLog(container: Container, options: LogOptions, pipe: Pipe): Gen {
  try {
    let file = logFile(container);
    if (file === undefined) return;
    let at = tailStart(file.content.bytes(), options.tailLines);
    let left = options.limitBytes;
    for (;;) {
      const over = container.state === "exited";
      const bytes = file.content.bytes();
      const end = lastNewline(bytes) + 1;
      if (end > at) {
        const { out } = format(bytes.subarray(at, end), { ...options, limitBytes: left });
        at = end;
        if (left !== undefined) left -= out.length;
        if (out.length > 0 && (yield* pipe.write(out)) === "broken") return;
        if (left !== undefined && left <= 0) return;
        continue;
      }
      const now = logFile(container);
      if (now !== undefined && now !== file) {
        // It was rotated: the rest is in the new file.
        file = now;
        at = 0;
        continue;
      }
      if (over || pipe.readers === 0) return;
      yield* wait(file.changed);
    }
  } finally {
    pipe.closeWriter();
  }
}

function lastNewline(bytes: Uint8Array): number {
  return bytes.lastIndexOf(10);
}

/** Where the last `lines` lines begin. */
function tailStart(bytes: Uint8Array, lines: number | undefined): number {
  if (lines === undefined) return 0;
  if (lines === 0) return bytes.length;
  let at = bytes.length - 1;
  for (let left = lines; left > 0; left--) {
    at = at <= 0 ? -1 : bytes.lastIndexOf(10, at - 1);
    if (at < 0) return 0;
  }
  return at + 1;
}

/** Turns lines of the CRI format into what was written. */
function format(bytes: Uint8Array, options: LogOptions): { out: Uint8Array } {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const limit = options.limitBytes ?? Number.POSITIVE_INFINITY;
  for (let from = 0; from < bytes.length && size < limit; ) {
    let end = bytes.indexOf(10, from);
    if (end < 0) end = bytes.length;
    const line = bytes.subarray(from, end);
    from = end + 1;
    const first = line.indexOf(32);
    const second = line.indexOf(32, first + 1);
    const third = line.indexOf(32, second + 1);
    if (first < 0 || third < 0) continue;
    const stream = decode(line.subarray(first + 1, second));
    if (options.stream !== "All" && options.stream.toLowerCase() !== stream) continue;
    const time = decode(line.subarray(0, first));
    if (options.since !== undefined && parseMicros(time) < options.since) continue;
    const full = line[second + 1] === 70;
    const parts = [line.subarray(third + 1)];
    if (options.timestamps) parts.unshift(encode(`${time} `));
    if (full) parts.push(Uint8Array.of(10));
    let piece = concat(parts);
    if (size + piece.length > limit) piece = piece.subarray(0, limit - size);
    chunks.push(piece);
    size += piece.length;
  }
  return { out: concat(chunks) };
}
