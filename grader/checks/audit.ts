import { z } from "zod";
import type { AuditEntry } from "../../engine/index.ts";
import { type CheckContext, type RunningCheck, say, type Verdict } from "./check.ts";

/** Entries of the API servers' audit logs. */
export const auditCheck = z.strictObject({
  kind: z.literal("audit").describe("Somebody made such a request."),
  verb: z
    .union([z.string(), z.array(z.string())])
    .describe("`create`, `patch`, `delete`, …; one of several when a list."),
  resource: z.string().describe("Plural of the kind, with or without its group: `pods`, `deployments.apps`."),
  subresource: z.string().default("").describe("`status`, `binding`, `log`, …"),
  namespace: z.string().default("default").describe("Namespace of the object."),
  name: z.string().describe("Name of the object."),
  user: z.string().optional().describe("Who asked, not whom they impersonated; anybody when absent."),
  code: z.number().int().optional().describe("HTTP status of the answer; any below 400 when absent."),
  dryRun: z.boolean().default(false).describe("The request was a dry run of the server."),
});

type AuditCheck = z.infer<typeof auditCheck>;

function fits(check: AuditCheck, entry: AuditEntry): boolean {
  return (
    [check.verb].flat().includes(entry.verb) &&
    entry.subresource === check.subresource &&
    entry.dryRun === check.dryRun &&
    (check.user === undefined || entry.user === check.user) &&
    (check.code === undefined ? entry.code < 400 : entry.code === check.code)
  );
}

export function runAuditCheck(check: AuditCheck): RunningCheck {
  return {
    kind: "audit",
    look: ({ facts }: CheckContext): Verdict => {
      const entries = facts.auditOf(check.resource, check.namespace, check.name);
      const found = entries.find((entry) => fits(check, entry));
      if (found) {
        const evidence = `${found.auditID} on ${found.server}: ${found.verb} ${found.requestURI} by ${found.user}, ${found.code}`;
        const { verb, requestURI: uri, user, code, at } = found;
        return {
          passed: true,
          evidence,
          message: say("감사 로그에 있습니다.", "It stands in the audit log."),
          about: { kind: "request", verb, uri, user, code, at },
        };
      }
      const by = (user: string) => (check.user === undefined ? "" : ` by ${user}`);
      const seen = entries
        .map(({ verb, code, dryRun, user }) => `${verb}${dryRun ? " (dry run)" : ""} ${code}${by(user)}`)
        .join(", ");
      const subject = `${check.resource}/${check.name}`;
      if (seen === "") {
        return {
          passed: false,
          evidence: `no audited request about ${subject}`,
          message: say(
            `감사 로그에 ${subject}에 관한 요청이 아직 없습니다.`,
            `The audit logs have no request about ${subject} yet.`,
          ),
        };
      }
      return {
        passed: false,
        evidence: `requests about ${check.name}: ${seen}`,
        message: say(
          `감사 로그에 있는 ${subject}에 관한 요청: ${seen}`,
          `Requests about ${subject} in the audit logs: ${seen}`,
        ),
      };
    },
  };
}
