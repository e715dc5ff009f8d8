import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** What GET /metrics tells of one server. */
export class Metrics {
  readonly registry = new Registry();
  readonly sessions = new Gauge({
    name: "kubetude_sessions_running",
    help: "Sessions that live in a worker",
    registers: [this.registry],
  });
  readonly sockets = new Gauge({
    name: "kubetude_pages_attached",
    help: "Pages attached to a session",
    registers: [this.registry],
  });
  readonly inputs = new Counter({
    name: "kubetude_inputs_total",
    help: "Inputs written to session logs",
    registers: [this.registry],
  });
  readonly redraws = new Counter({
    name: "kubetude_redraws_total",
    help: "Screens drawn anew for pages that were too slow",
    registers: [this.registry],
  });
  readonly lost = new Counter({
    name: "kubetude_workers_lost_total",
    help: "Workers ended because they did not answer",
    registers: [this.registry],
  });
  readonly opening = new Histogram({
    name: "kubetude_session_open_seconds",
    help: "Booting a session, with the replay of its inputs",
    buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }
}
