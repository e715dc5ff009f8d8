import { HOUR, sleep } from "../../kernel/index.ts";
import type { Program } from "../../machine/process.ts";
import { notify } from "../../machine/systemd/index.ts";

/** A daemon whose work the machine does for it: it says it is ready and waits for its end. */
const idle = (rssKib: number): Program =>
  function* (p) {
    p.rssKib = rssKib;
    notify(p);
    for (;;) yield* sleep(1000 * HOUR);
  };

/** systemd-journald(8): the journal itself is `machine.journal`. */
export const journald = idle(14_208);
/** systemd-logind(8): sessions are made by `login`. */
export const logind = idle(7_424);
