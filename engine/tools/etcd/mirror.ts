/** etcdctl make-mirror: what is under a prefix, and then each change of it, is written to another cluster. */
import { type Event, prefixEnd, valueBytes } from "../../etcd/index.ts";
import { type Gen, SECOND, sleep, WaitQueue, wait } from "../../kernel/index.ts";
import * as sys from "../../machine/sys.ts";
import { Client, EtcdctlError } from "./client.ts";
import type { Run, Subcommand } from "./command.ts";

const bad = (text: string) => new EtcdctlError(text, 128);
/** How often the number of keys that were mirrored is told, seconds. */
const TELLING = 30;

export const makeMirror: Subcommand = {
  usage: "make-mirror [options] <destination> [flags]",
  about: "Makes a mirror at the destination etcd cluster",
  *run(r) {
    const [destination] = r.args;
    if (destination === undefined || r.args.length !== 1) throw bad("make-mirror takes one destination argument");
    const prefix = r.flag("prefix") ?? "";
    const to = r.flag("dest-prefix") ?? "";
    if (to !== "" && r.on("no-dest-prefix")) {
      throw bad("`--dest-prefix` and `--no-dest-prefix` cannot be set at the same time, choose one");
    }
    const target = new Client(r.p, {
      ...r.client.options,
      endpoints: [destination],
      cacert: r.flag("dest-cacert") ?? "",
      cert: r.flag("dest-cert") ?? "",
      key: r.flag("dest-key") ?? "",
    });
    const isMoved = to !== "" || r.on("no-dest-prefix");
    const placed = (key: string) => (isMoved ? to + key.slice(prefix.length) : key);
    // There is no limit to how long it waits for either.
    for (const client of [r.client, target]) while (!(yield* client.tries())) yield* sleep(SECOND);
    yield* mirror(r, target, prefix, placed);
  },
};

function* mirror(r: Run, target: Client, prefix: string, placed: (key: string) => string): Gen {
  const range = prefix === "" ? { key: "\0", rangeEnd: "\0" } : { key: prefix, rangeEnd: prefixEnd(prefix) };
  const { kernel } = r.p.machine;
  const { kvs, revision } = yield* r.client.request((store) => store.range(range));
  let count = 0;
  for (const kv of kvs) {
    yield* target.request((store) => store.put({ key: placed(kv.key), value: valueBytes(kv) }), undefined, "change");
    count++;
  }
  const queue: Event[] = [];
  const more = new WaitQueue();
  const events = (batch: readonly Event[]) => {
    queue.push(...batch);
    more.wakeAll();
  };
  const watcher = r.client.store.watch({ ...range, startRevision: revision + 1 }, { events });
  let told = kernel.now;
  try {
    for (;;) {
      for (let event = queue.shift(); event !== undefined; event = queue.shift()) {
        const { type, kv } = event;
        const key = placed(kv.key);
        yield* target.request(
          (store) => (type === "PUT" ? store.put({ key, value: valueBytes(kv) }) : store.deleteRange({ key })),
          undefined,
          "change",
        );
        count++;
      }
      const due = told + TELLING * SECOND - kernel.now;
      if (due > 0) {
        yield* wait(more, due);
        continue;
      }
      told = kernel.now;
      yield* sys.print(r.p, `${count}\n`);
    }
  } finally {
    watcher.cancel();
  }
}
