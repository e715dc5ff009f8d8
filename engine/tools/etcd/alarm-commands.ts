/** etcdctl alarm. */

import type { Gen } from "../../kernel/index.ts";
import * as sys from "../../machine/sys.ts";
import { header, headFields, json, noTable } from "./answer.ts";
import { EtcdctlError } from "./client.ts";
import type { Run, Subcommand } from "./command.ts";

/** An alarm as Go prints its message. */
export const alarmText = (member: bigint): string => `memberID:${member} alarm:NOSPACE `;

function* printAlarms(r: Run, members: readonly bigint[]): Gen {
  if (r.format === "table") throw noTable();
  if (r.format === "json") {
    const alarms = members.map((memberID) => ({ memberID, alarm: 1 }));
    yield* sys.print(r.p, json({ header: header(r), ...(alarms.length > 0 ? { alarms } : {}) }));
  } else if (r.format === "fields") {
    const each = members.map((member) => `"MemberID" : ${member}\n"AlarmType" : NOSPACE\n\n`);
    yield* sys.print(r.p, headFields(r) + each.join(""));
  } else yield* sys.print(r.p, members.map((member) => `${alarmText(member)}\n`).join(""));
}

const list: Subcommand = {
  usage: "alarm list [flags]",
  about: "Lists all alarms",
  *run(r) {
    if (r.args.length > 0) throw new EtcdctlError("alarm list command accepts no arguments", 128);
    yield* printAlarms(r, yield* r.client.request((store) => store.space.alarms()));
  },
};

const disarm: Subcommand = {
  usage: "alarm disarm [flags]",
  about: "Disarms all alarms",
  *run(r) {
    if (r.args.length > 0) throw new EtcdctlError("alarm disarm command accepts no arguments", 128);
    // All are asked for, and then taken back one by one.
    const members = yield* r.client.request((store) =>
      store.space.alarms().filter((member) => store.space.disarm(member)),
    );
    yield* printAlarms(r, members);
  },
};

export const alarmCommands: Readonly<Record<string, Subcommand>> = { "alarm disarm": disarm, "alarm list": list };
