import type { Exposition } from "../text/exposition.ts";
import type { Process } from "./process.ts";

/** Files that a unit of systemd or a container may hold open (LimitNOFILE). */
const MAX_FDS = 1_048_576;

/**
 * What every Go program with Prometheus' collectors tells of its own process (client_golang process_collector.go). Kubernetes'
 * components tell their stability with the start time.
 */
export function processFamilies(out: Exposition, p: Process, goVersion: string, stability = "[ALPHA] "): void {
  const { kernel } = p.machine;
  const add = (name: string, type: "counter" | "gauge", help: string, value: number) =>
    out.add(name, type, help, value);
  out.add("go_info", "gauge", "Information about the Go environment.", [{ labels: { version: goVersion }, value: 1 }]);
  const cpu = "Total user and system CPU time spent in seconds.";
  add("process_cpu_seconds_total", "counter", cpu, Math.floor(p.cpuUsed / 10_000) / 100);
  add("process_max_fds", "gauge", "Maximum number of open file descriptors.", MAX_FDS);
  add("process_open_fds", "gauge", "Number of open file descriptors.", p.fds.size);
  add("process_resident_memory_bytes", "gauge", "Resident memory size in bytes.", p.rssKib * 1024);
  const started = kernel.epochMs + p.startedAt / 1000;
  add(
    "process_start_time_seconds",
    "gauge",
    `${stability}Start time of the process since unix epoch in seconds.`,
    started / 1000,
  );
}
