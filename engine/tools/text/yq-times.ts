/** Times in yq's expressions (pkg/yqlib/operator_datetime.go of v4). */
import { parseDuration } from "../../api/go-time.ts";
import { formatLayout, parseLayout, RFC3339 } from "../../text/go-layout.ts";
import { type CalendarTime, calendar } from "../../text/time.ts";
import { zoneNames, zoneOf } from "../../text/zone.ts";
import { type Each, make } from "./yq-arguments.ts";
import { type Candidate, nature, pathOf, resolved, scalar, tagOf, textOf, YqFailure } from "./yq-values.ts";

const quotedPart = (text: string): string => JSON.stringify(text);

/** The time a text tells by a layout; by the usual one a date alone will do. The complaint is time.Parse's. */
function timeIn(layout: string, text: string): CalendarTime | string {
  const found = parseLayout(layout, text);
  if ("epoch" in found) return found;
  if (layout === RFC3339) {
    const date = parseLayout("2006-01-02", text);
    if ("epoch" in date) return date;
    return `parsing time ${quotedPart(text)} as "2006-01-02": cannot parse ${quotedPart(date.text)} as ${quotedPart(date.layout)}`;
  }
  if (found.layout === "") return `parsing time ${quotedPart(text)}: extra text: ${quotedPart(found.text)}`;
  return `parsing time ${quotedPart(text)} as ${quotedPart(layout)}: cannot parse ${quotedPart(found.text)} as ${quotedPart(found.layout)}`;
}

function timeOf(one: Candidate, layout: string, using: string): CalendarTime {
  const found = timeIn(layout, textOf(resolved(one)));
  if (typeof found !== "string") return found;
  throw new YqFailure(`could not parse datetime of [${pathOf(one).join(".")}]${using}: ${found}`);
}

/** A time as a value: where it was a time it is written as one, not as a text. */
function stamped(one: Candidate, text: string, tag: string): Candidate {
  const node = scalar(text, text);
  if (tag === "!!timestamp") node.type = "PLAIN";
  return { ...one, node };
}

/** Functions of each candidate, by name. */
export const TIME_FUNCTIONS: Readonly<Record<string, Each>> = {
  now: (one, args) => {
    const { seconds, zone } = args.context.host.clock();
    return [
      {
        ...stamped(one, formatLayout(RFC3339, zone.calendar(seconds)), "!!timestamp"),
        parent: undefined,
        key: undefined,
      },
    ];
  },
  from_unix: (one, args) => {
    const node = resolved(one);
    if (!/^!!(?:int|float)$/.test(nature(node)))
      throw new YqFailure(`from_unix only works on numbers, found ${tagOf(node)} instead`);
    const { zone } = args.context.host.clock();
    return [stamped(one, formatLayout(RFC3339, zone.calendar(Math.floor(Number(textOf(node))))), "!!timestamp")];
  },
  to_unix: (one, args) => {
    const layout = args.context.layout ?? RFC3339;
    return [{ ...make(one, timeOf(one, layout, ` using layout [${layout}]`).epoch), parent: one.parent, key: one.key }];
  },
  tz: (one, args) => {
    const name = args.text(0);
    if (name !== "" && name !== "UTC" && name !== "Local" && !zoneNames().includes(name))
      throw new YqFailure(`could not load tz [${name}]: unknown time zone ${name}`);
    const layout = args.context.layout ?? RFC3339;
    const time = timeOf(one, layout, ` using layout [${layout}]`);
    const zone = name === "Local" ? args.context.host.clock().zone : zoneOf(name);
    return [stamped(one, formatLayout(layout, zone.calendar(time.epoch, time.nano)), tagOf(resolved(one)))];
  },
  format_datetime: (one, args) => {
    const text = formatLayout(args.text(0), timeOf(one, args.context.layout ?? RFC3339, ""));
    try {
      return [{ ...one, node: args.context.host.parse(text, "yaml").node }];
    } catch {
      return [{ ...one, node: scalar(text) }];
    }
  },
};

/** A time and a duration: `.a + "3h"`. Undefined where the left side tells no time. Throws `YqFailure`. */
export function shifted(op: "+" | "-", a: Candidate, b: Candidate, layout: string | undefined): Candidate | undefined {
  const text = textOf(resolved(a));
  const format = layout ?? RFC3339;
  const tag = tagOf(resolved(a));
  if (tag !== "!!timestamp" && (tag !== "!!str" || layout === undefined)) return undefined;
  const time = timeIn(format, text);
  if (typeof time === "string") {
    if (layout === undefined) throw new YqFailure(time);
    return undefined;
  }
  const duration = parseDuration(textOf(resolved(b)));
  if (typeof duration === "string")
    throw new YqFailure(`unable to parse duration [${textOf(resolved(b))}]: ${duration}`);
  const moved = Math.round(duration / 1e9) * (op === "-" ? -1 : 1);
  const offset = time.offset ?? { seconds: 0, name: "UTC" };
  const epoch = time.epoch + moved;
  return stamped(a, formatLayout(format, shownAt(epoch, time.nano, offset)), tag);
}

function shownAt(epoch: number, nano: number, offset: { seconds: number; name: string }): CalendarTime {
  return { ...calendar(epoch + offset.seconds, nano), epoch, offset };
}
