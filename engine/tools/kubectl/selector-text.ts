import { parseLabelSelector } from "../../api/selector.ts";
import { KubectlError } from "./errors.ts";

const OPERATORS: Record<string, string> = { in: "In", notin: "NotIn", exists: "Exists", "!": "DoesNotExist" };

/** metav1.ParseToLabelSelector: a label query as the selector of an object. */
export function parseToLabelSelector(text: string): object {
  const parsed = parseLabelSelector(text);
  if (!Array.isArray(parsed)) {
    throw new KubectlError(
      `couldn't parse the selector string "${text}": ${(parsed as { message?: string; error?: string }).message ?? (parsed as { error?: string }).error}`,
    );
  }
  const matchLabels: Record<string, string> = {};
  const matchExpressions: object[] = [];
  for (const requirement of parsed as readonly { key: string; operator: string; values: readonly string[] }[]) {
    const { key, operator, values } = requirement;
    if (operator === "=" || operator === "==") matchLabels[key] = values[0]!;
    else if (operator === "gt" || operator === "lt" || operator === ">" || operator === "<") {
      throw new KubectlError(`"${operator}" isn't supported in label selectors`);
    } else if (operator === "!=") throw new KubectlError(`"!=" is not a valid label selector operator`);
    else
      matchExpressions.push({ key, operator: OPERATORS[operator] ?? operator, ...(values.length > 0 && { values }) });
  }
  return {
    ...(matchExpressions.length > 0 && { matchExpressions }),
    ...(Object.keys(matchLabels).length > 0 && { matchLabels }),
  };
}
