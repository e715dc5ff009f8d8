/** nerdctl start, stop, restart, kill, rm, pause, unpause, rename, wait, update, container prune. */

import type { Gen } from "../../../kernel/index.ts";
import { signalNamed } from "../../../machine/signal.ts";
import { EndsWith } from "../cli.ts";
import type { Unit } from "../ctr-context.ts";
import { attached } from "./attach.ts";
import { ANONYMOUS, NAME, type Nerd, NerdError } from "./context.ts";
import { ramInBytes } from "./create.ts";
import { begin, endOf, letGo, pause, removeUnit, resume, startUnit, stopUnit } from "./life.ts";
import { removeVolume } from "./volumes.ts";

/** Seconds of `-t`; undefined when it was not given. */
const timeoutOf = (c: Nerd): number | undefined => (c.flags.has("time") ? Number(c.value("time")) : undefined);

export function* start(c: Nerd): Gen {
  const attach = c.on("attach");
  if (attach && c.args.length > 1) throw new NerdError("you cannot start and attach multiple containers at once");
  yield* c.each(function* (unit, word): Gen {
    const session = yield* startUnit(c, unit);
    if (session && attach) {
      const status = yield* attached(c, session, false);
      if (status !== 0) throw new EndsWith(status);
      return;
    }
    if (session) letGo(session);
    if (!attach) yield* c.print(`${word}\n`);
  });
}

export function* stop(c: Nerd): Gen {
  yield* c.each(function* (unit, word): Gen {
    yield* stopUnit(c, unit, timeoutOf(c));
    yield* c.print(`${word}\n`);
  });
}

export function* restart(c: Nerd): Gen {
  yield* c.each(function* (unit, word): Gen {
    yield* stopUnit(c, unit, timeoutOf(c));
    if (unit.bare === undefined) throw new NerdError(`task ${unit.id}: already exists`);
    unit.labels.set("containerd.io/restart.explicitly-stopped", "false");
    letGo(begin(unit.bare));
    yield* c.print(`${word}\n`);
  });
}

export function* kill(c: Nerd): Gen {
  const given = c.value("signal", "KILL").toUpperCase();
  const word = given.startsWith("SIG") ? given : `SIG${given}`;
  const signal = /^SIG\d+$/.test(word) ? undefined : signalNamed(word);
  if (signal === undefined) throw new NerdError(`invalid signal: ${word}`);
  yield* c.each(function* (unit): Gen {
    unit.labels.set("containerd.io/restart.explicitly-stopped", "true");
    if (unit.process === undefined) throw new NerdError(`no running task found: task ${unit.id} not found: not found`);
    if (unit.status === "STOPPED") throw new NerdError(`cannot kill container ${unit.id}: container is not running`);
    c.machine.signal(unit.process, signal);
    if (unit.status === "PAUSED") resume(c, unit);
    yield* c.print(`${unit.id}\n`);
  });
}

export function* remove(c: Nerd): Gen {
  yield* c.each(function* (unit, word): Gen {
    yield* removeOne(c, unit, c.on("force"));
    if (c.on("volumes")) dropVolumes(c, unit);
    yield* c.print(`${word}\n`);
  }, c.on("force"));
}

function* removeOne(c: Nerd, unit: Unit, force: boolean): Gen {
  if (unit.status === "RUNNING" || unit.status === "PAUSED") {
    if (!force) {
      const status = unit.status.toLowerCase();
      throw new NerdError(`container ${unit.id} is in ${status} status. unpause/stop container first or force removal`);
    }
    unit.labels.delete("containerd.io/restart.policy");
    yield* stopUnit(c, unit, 0);
  }
  yield* removeUnit(c, unit);
}

function dropVolumes(c: Nerd, { labels }: Unit): void {
  for (const name of JSON.parse(labels.get(ANONYMOUS) ?? "[]") as string[]) removeVolume(c, name);
}

export function* pauseAll(c: Nerd): Gen {
  yield* c.each(function* (unit, word): Gen {
    if (unit.status === "PAUSED") throw new NerdError(`container ${unit.id} is already paused`);
    if (unit.process === undefined) throw new NerdError(`no running task found: task ${unit.id} not found: not found`);
    if (unit.status !== "RUNNING") throw new NerdError(`container ${unit.id} is not running`);
    pause(c, unit);
    yield* c.print(`${word}\n`);
  });
}

export function* unpause(c: Nerd): Gen {
  yield* c.each(function* (unit, word): Gen {
    if (unit.process === undefined) throw new NerdError(`no running task found: task ${unit.id} not found: not found`);
    if (unit.status !== "PAUSED") throw new NerdError(`container ${unit.id} is not paused`);
    resume(c, unit);
    yield* c.print(`${word}\n`);
  });
}

export function* rename(c: Nerd): Gen {
  const [word = "", name = ""] = c.args;
  const unit = c.one(word);
  const taken = c.containers().find(({ labels }) => labels.get(NAME) === name);
  if (taken) throw new NerdError(`name ${JSON.stringify(name)} is already used by ID "${taken.id}"`);
  if (!/^[A-Za-z0-9]+(?:[._-](?:[A-Za-z0-9]+))*$/.test(name))
    throw new NerdError(
      `invalid name ${JSON.stringify(name)}: identifier ${JSON.stringify(name)} must match ^[A-Za-z0-9]+(?:[._-](?:[A-Za-z0-9]+))*$: invalid argument`,
    );
  unit.labels.set(NAME, name);
  yield* c.print("");
}

export function* waitFor(c: Nerd): Gen {
  const units = c.args.map((word) => c.one(word, `no such container: ${word}`));
  for (const unit of units) {
    if (unit.process === undefined) throw new NerdError(`no running task found: task ${unit.id} not found: not found`);
    yield* endOf(c, unit);
    yield* c.print(`${unit.container?.exitCode ?? 0}\n`);
  }
}

export function* update(c: Nerd): Gen {
  yield* c.each(function* (unit): Gen {
    const cgroup = unit.process?.ns.cgroup;
    if (cgroup === undefined) throw new NerdError(`no running task found: task ${unit.id} not found: not found`);
    if (c.flags.has("memory")) {
      const bytes = ramInBytes(c.value("memory"));
      if (bytes === undefined)
        throw new NerdError(
          `failed to parse memory bytes ${JSON.stringify(c.value("memory"))}: invalid size: '${c.value("memory")}'`,
        );
      c.machine.memory.limit(cgroup, bytes / 1024);
    }
    const shares = c.flags.has("cpu-shares") ? Number(c.value("cpu-shares")) : c.machine.cpu.sharesOf(cgroup);
    const milli = c.flags.has("cpus") ? Math.round(Number(c.value("cpus")) * 1000) : c.machine.cpu.limitOf(cgroup);
    c.machine.cpu.limit(cgroup, milli, shares);
    if (c.flags.has("restart")) unit.labels.set("containerd.io/restart.policy", c.value("restart"));
    yield* c.print("");
  });
}

export function* prune(c: Nerd): Gen {
  if (!(yield* c.agreed("WARNING! This will remove all stopped containers."))) return;
  yield* pruneContainers(c);
}

export function* pruneContainers(c: Nerd): Gen {
  const gone = c.containers().filter(({ status }) => status === "STOPPED" || status === "CREATED");
  for (const unit of gone) yield* removeUnit(c, unit);
  if (gone.length > 0) yield* c.print(`Deleted Containers:\n${gone.map(({ id }) => `${id}\n`).join("")}`);
}
