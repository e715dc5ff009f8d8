/** etcdctl snapshot. */
import { sizeText, snapshotBytes } from "../../etcd/index.ts";
import { SECOND, sleep } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import { EtcdctlError } from "./client.ts";
import type { Subcommand } from "./command.ts";
import { snapshotRestore, snapshotStatus } from "./snapshot.ts";

const bad = (text: string) => new EtcdctlError(text, 128);

const snapshotSave: Subcommand = {
  usage: "snapshot save <filename> [flags]",
  about: "Stores an etcd node backend snapshot to a given file",
  *run(r) {
    if (r.args.length !== 1) throw bad("snapshot save expects one argument");
    const path = r.args[0]!;
    const { client } = r;
    const { endpoints } = client.options;
    if (endpoints.length !== 1) {
      throw bad(
        `snapshot must be requested to one selected node, not multiple ${JSON.stringify(endpoints).replaceAll(",", " ")}`,
      );
    }
    const part = `${path}.part`;
    const caller = (line: number) => `snapshot/v3_snapshot.go:${line}`;
    try {
      sys.writeText(r.p, part, "", 0o600);
    } catch (error) {
      if (!isErrno(error)) throw error;
      throw new EtcdctlError(`could not open ${part} (open ${part}: ${error.message.toLowerCase()})`, 5);
    }
    yield* client.log("info", caller(65), "created temporary db file", { path: part });
    // There is no limit to how long it waits for a member.
    while (!(yield* client.tries())) yield* sleep(SECOND);
    yield* client.log("info", "v3@v3.5.16/maintenance.go:212", "opened snapshot stream; downloading", {}, "client");
    yield* client.log("info", caller(73), "fetching snapshot", { endpoint: endpoints[0] });
    const bytes = snapshotBytes(client.store);
    sys.writeText(r.p, part, bytes, 0o600);
    yield* client.log("info", "v3@v3.5.16/maintenance.go:220", "completed snapshot read; closing", {}, "client");
    const size = sizeText(Math.ceil(bytes.length / 4096) * 4096);
    yield* client.log("info", caller(88), "fetched snapshot", { endpoint: endpoints[0], size, took: "now" });
    sys.rename(r.p, part, path);
    yield* client.log("info", caller(97), "saved", { path });
    yield* sys.print(r.p, `Snapshot saved at ${path}\n`);
  },
};

const status: Subcommand = {
  usage: "snapshot status <filename> [flags]",
  about: "[deprecated] Gets backend snapshot status of a given file",
  run: snapshotStatus,
};

const restoreCommand: Subcommand = {
  usage: "snapshot restore <filename> [options] [flags]",
  about: "Restores an etcd member snapshot to an etcd directory",
  run: snapshotRestore,
};

export const snapshotCommands: Readonly<Record<string, Subcommand>> = {
  "snapshot restore": restoreCommand,
  "snapshot save": snapshotSave,
  "snapshot status": status,
};
