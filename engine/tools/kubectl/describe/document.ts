import { humanDuration } from "../../../api/duration.ts";
import { parseTime } from "../../../api/time.ts";
import type { KubeObject } from "../../../api/types.ts";
import type { Gen } from "../../../kernel/index.ts";
import { calendar, strftime } from "../../../text/time.ts";
import { sortedKeys } from "../go.ts";
import type { Invocation } from "../invocation.ts";
import { escapeTerminal } from "../printers/table.ts";
import { tabbed } from "../printers/tabwriter.ts";

/** The annotation describers never show. */
const SKIPPED = "kubectl.kubernetes.io/last-applied-configuration";
const MAX_ANNOTATION = 140;

/** What a describer writes: lines with tabs between their columns, indented by level (describe.go PrefixWriter). */
export class Document {
  readonly k: Invocation;
  private pending = "";
  private done = "";

  constructor(k: Invocation) {
    this.k = k;
  }

  /** Text at an indentation of `level` times two blanks; the caller ends lines. */
  write(level: number, text: string): void {
    this.pending += "  ".repeat(level) + escapeTerminal(text);
  }

  /** One line. */
  line(level: number, text: string): void {
    this.write(level, `${text}\n`);
  }

  /** Fixes the columns so far; what follows has widths of its own. */
  flush(): void {
    this.done += tabbed(this.pending);
    this.pending = "";
  }

  /** The text with its tabs. */
  untabbed(): string {
    return this.pending;
  }

  text(): string {
    this.flush();
    return this.done;
  }

  /** What most descriptions of namespaced objects begin with. */
  head({ name, namespace, labels, annotations }: KubeObject["metadata"]): void {
    this.line(0, `Name:\t${name}`);
    this.line(0, `Namespace:\t${namespace}`);
    this.labels("Labels", labels);
    this.annotations("Annotations", annotations);
  }

  /** `Labels:  a=b` and the rest below. */
  labels(title: string, labels: Record<string, string> | undefined | null, indent = ""): void {
    this.write(0, `${indent}${title}:\t`);
    const keys = sortedKeys(labels ?? {});
    if (keys.length === 0) this.line(0, "<none>");
    keys.forEach((key, i) => {
      this.line(0, `${i === 0 ? "" : `${indent}\t`}${key}=${labels![key]}`);
    });
  }

  annotations(title: string, annotations: Record<string, string> | undefined | null): void {
    this.write(0, `${title}:\t`);
    const keys = sortedKeys(annotations ?? {}).filter((key) => key !== SKIPPED);
    if (keys.length === 0) this.line(0, "<none>");
    keys.forEach((key, i) => {
      if (i > 0) this.write(0, "\t");
      const value = annotations![key]!.replace(/\n$/, "");
      if (value.length + key.length + 2 > MAX_ANNOTATION || value.includes("\n")) {
        this.line(0, `${key}:`);
        for (const part of value.split("\n")) this.line(0, `\t  ${shorten(part, MAX_ANNOTATION - 2)}`);
      } else this.line(0, `${key}: ${value}`);
    });
  }

  /** Time since a timestamp; `<unknown>` without one. */
  since(timestamp: string | undefined | null): string {
    return timestamp ? humanDuration(this.k.nowMs - parseTime(timestamp)) : "<unknown>";
  }
}

export type Describer = (d: Document, object: KubeObject) => Gen;

function shorten(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}...` : text;
}

/** `Sat, 01 Mar 2025 09:00:00 +0000` (Go's RFC1123Z). */
export function dateText(timestamp: string | undefined | null): string {
  if (!timestamp) return "Mon, 01 Jan 0001 00:00:00 +0000";
  return strftime("%a, %d %b %4Y %H:%M:%S +0000", calendar(Math.floor(parseTime(timestamp) / 1000)));
}

/** `ReplicaSet/web-1`, of the owner that controls an object. */
export function controllerOf(object: KubeObject): { kind: string; name: string; uid: string } | undefined {
  return object.metadata.ownerReferences?.find((owner) => owner.controller);
}
