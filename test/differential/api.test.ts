import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { bootedHarness } from "../../engine/apiserver/testing.ts";

/**
 * Requests and what a kube-apiserver 1.32 answered to them. A case a line: `ask` is method and path, then the body (a
 * text is sent as it is) and its content type; `accept` where it is not JSON. `code`, and of the answer what is set of
 * `message`, `reason`, `warnings` and `body`, of which uids, times and versions are taken out.
 */
interface Case {
  ask: [method: string, path: string, body?: unknown, type?: string];
  accept?: string;
  code: number;
  message?: string;
  reason?: string;
  warnings?: string[];
  body?: unknown;
}

const FOLDER = join(import.meta.dirname, "api");
const VOLATILE = new Set(["uid", "creationTimestamp", "resourceVersion", "managedFields", "selfLink"]);

function stripped(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(stripped);
  if (typeof value === "string") return value.replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, "TIME");
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, one]) => !VOLATILE.has(key) || (typeof one !== "string" && !Array.isArray(one)))
      .map(([key, one]) => [key, stripped(one)]),
  );
}

for (const file of readdirSync(FOLDER).sort()) {
  describe(file, () => {
    const h = bootedHarness();
    const lines = readFileSync(join(FOLDER, file), "utf8").split("\n");
    const cases = lines.flatMap((line, i) => (line === "" ? [] : [{ at: i + 1, wanted: JSON.parse(line) as Case }]));
    it.each(cases)("line $at", ({ wanted }) => {
      const [method, path, body, type] = wanted.ask;
      const headers = {
        ...(type !== undefined && { "content-type": type }),
        ...(wanted.accept !== undefined && { accept: wanted.accept }),
      };
      const text = body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body);
      const response = h.request(method, path, undefined, { headers, ...(text !== undefined && { text }) });
      const value = response.body.type === "object" ? (response.body.value as Record<string, unknown>) : undefined;
      expect(response.status).toBe(wanted.code);
      if (wanted.message !== undefined) expect(value?.["message"]).toBe(wanted.message);
      if (wanted.reason !== undefined) expect(value?.["reason"]).toBe(wanted.reason);
      if (wanted.warnings !== undefined) expect([response.headers["warning"]].flat()).toEqual(wanted.warnings);
      if (wanted.body === undefined) return;
      const bytes = response.body.type === "bytes" ? new TextDecoder().decode(response.body.bytes) : undefined;
      expect(stripped(bytes ?? value)).toEqual(wanted.body);
    });
  });
}
