import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { bootedHarness } from "../../engine/apiserver/testing.ts";

/**
 * Requests and what a kube-apiserver 1.32 answered to them. A case a line: `ask` is method and path, then the body (a
 * text is sent as it is) and its content type; `accept` where it is not JSON. `code`, and of the answer what is set of
 * `message`, `reason`, `warnings` and `body`, of which uids, times, versions and what was allocated are taken out.
 *
 * To record cases, write lines that have nothing but `ask`, start `kubectl proxy` for a new cluster of that version, and
 * run this file with ANSWERS_FROM=http://127.0.0.1:8001 and ANSWERS_TO=objects.jsonl.
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

/** What stands for a port or an address that the server chose. */
function allocated(key: string, value: unknown): unknown {
  if (/^(nodePort|healthCheckNodePort)$/.test(key) && typeof value === "number") return "PORT";
  if (key === "clusterIP" && value !== "None") return "IP";
  return key === "clusterIPs" && Array.isArray(value) && value[0] !== "None" ? ["IP"] : undefined;
}

function stripped(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(stripped);
  if (typeof value === "string") {
    return value
      .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, "TIME")
      .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "UUID")
      .replace(/kube-api-access-[a-z0-9]{5}/g, "kube-api-access-X");
  }
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, one]) => !VOLATILE.has(key) || (typeof one !== "string" && !Array.isArray(one)))
      .map(([key, one]) => [key, allocated(key, one) ?? stripped(one)]),
  );
}

const warningsOf = (header: string) =>
  header
    .split(/, (?=299 )/)
    .filter(Boolean)
    .map((line) =>
      line
        .replace(/^299 - "/, "")
        .replace(/"$/, "")
        .replaceAll('\\"', '"'),
    );

const FROM = process.env["ANSWERS_FROM"];
const TO = process.env["ANSWERS_TO"] ?? "";

function sent({ ask: [method, path, body, type], accept }: Case) {
  const text = body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body);
  const headers: Record<string, string> = {
    ...(type !== undefined && { "content-type": type }),
    ...(accept !== undefined && { accept }),
  };
  return { method, path, text, headers };
}

/** Asks the real one what has no answer yet; the others are asked as well, since they may make what later ones need. */
async function record(wanted: Case): Promise<Case> {
  const { method, path, text, headers } = sent(wanted);
  const json: Record<string, string> = text === undefined ? {} : { "content-type": "application/json" };
  const response = await fetch(`${FROM}${path}`, { method, headers: { ...json, ...headers }, body: text ?? null });
  const answer = await response.text();
  if (wanted.code !== undefined) return wanted;
  const warnings = warningsOf(response.headers.get("warning") ?? "");
  const value = response.headers.get("content-type")?.includes("json") ? JSON.parse(answer) : answer;
  return {
    ...wanted,
    code: response.status,
    ...(response.ok ? { body: stripped(value) } : { message: value.message, reason: value.reason }),
    ...(warnings.length > 0 && { warnings }),
  };
}

describe.runIf(FROM)("kube-apiserver", () => {
  it("is asked", async () => {
    const path = join(FOLDER, TO);
    const cases: Case[] = readFileSync(path, "utf8")
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line));
    let text = "";
    for (const wanted of cases) text += `${JSON.stringify(await record(wanted))}\n`;
    writeFileSync(path, text);
  });
});

for (const file of readdirSync(FOLDER).sort()) {
  describe.skipIf(FROM)(file, () => {
    const h = bootedHarness();
    const lines = readFileSync(join(FOLDER, file), "utf8").split("\n");
    const cases = lines.flatMap((line, i) => (line === "" ? [] : [{ at: i + 1, wanted: JSON.parse(line) as Case }]));
    it.each(cases)("line $at", ({ wanted }) => {
      const { method, path, text, headers } = sent(wanted);
      const response = h.request(method, path, undefined, { headers, ...(text !== undefined && { text }) });
      const value = response.body.type === "object" ? (response.body.value as Record<string, unknown>) : undefined;
      expect(response.status).toBe(wanted.code);
      if (wanted.message !== undefined) expect(value?.["message"]).toBe(wanted.message);
      if (wanted.reason !== undefined) expect(value?.["reason"]).toBe(wanted.reason);
      const header = [response.headers["warning"] ?? []].flat().join(", ");
      if (wanted.warnings !== undefined) expect(warningsOf(header)).toEqual(wanted.warnings);
      if (wanted.body === undefined) return;
      const bytes = response.body.type === "bytes" ? new TextDecoder().decode(response.body.bytes) : undefined;
      expect(stripped(bytes ?? value)).toEqual(wanted.body);
    });
  });
}
