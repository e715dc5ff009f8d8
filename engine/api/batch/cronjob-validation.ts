import type { StatusCause } from "../status.ts";
import type { KubeObject } from "../types.ts";
import { invalid, invalidText, nonNegative, notSupported, required } from "../validation/field.ts";
import { goLabelSelector } from "../validation/value.ts";
import { validateJobFields } from "./job-strategy.ts";
import { parseSchedule, ScheduleError } from "./schedule.ts";
import { zoneOf } from "./zones.ts";

/** A Job's name is the CronJob's, a dash and ten digits, and has to fit into 63 characters. */
const MAX_NAME = 52;

/** CronJobs (pkg/apis/batch/validation/validation.go ValidateCronJobSpec), in upstream's order and words. */
export function validateCronJob(object: KubeObject): StatusCause[] {
  const spec = object["spec"] ?? {};
  const causes: StatusCause[] = [];
  if (!spec.schedule) causes.push(required("spec.schedule", ""));
  else {
    const complaint = scheduleComplaint(spec.schedule);
    if (complaint !== undefined) causes.push(invalid("spec.schedule", spec.schedule, complaint));
    if (spec.schedule.includes("TZ"))
      causes.push(
        invalid("spec.schedule", spec.schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"),
      );
  }
  causes.push(...nonNegative(spec.startingDeadlineSeconds, "spec.startingDeadlineSeconds"));
  const zone: string | undefined = spec.timeZone;
  if (zone === "") causes.push(invalid("spec.timeZone", zone, "timeZone must be nil or non-empty string"));
  else if (zone?.toLowerCase() === "local")
    causes.push(
      invalid(
        "spec.timeZone",
        zone,
        "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones",
      ),
    );
  else if (zoneOf(zone) === undefined) causes.push(invalid("spec.timeZone", zone, `unknown time zone ${zone}`));
  const policies = ["Allow", "Forbid", "Replace"];
  if (!spec.concurrencyPolicy) causes.push(required("spec.concurrencyPolicy", ""));
  else if (!policies.includes(spec.concurrencyPolicy))
    causes.push(notSupported("spec.concurrencyPolicy", spec.concurrencyPolicy, policies));
  const template = spec.jobTemplate?.spec ?? {};
  causes.push(...validateJobFields(template, "spec.jobTemplate.spec"));
  if (template.selector)
    causes.push(
      invalidText(
        "spec.jobTemplate.spec.selector",
        goLabelSelector(template.selector),
        "`selector` will be auto-generated",
      ),
    );
  if (template.manualSelector)
    causes.push(notSupported("spec.jobTemplate.spec.manualSelector", true, ["nil", "false"]));
  causes.push(...nonNegative(spec.successfulJobsHistoryLimit, "spec.successfulJobsHistoryLimit"));
  causes.push(...nonNegative(spec.failedJobsHistoryLimit, "spec.failedJobsHistoryLimit"));
  const { name } = object.metadata;
  if (name?.length > MAX_NAME)
    causes.push(invalid("metadata.name", name, `must be no more than ${MAX_NAME} characters`));
  return causes;
}

function scheduleComplaint(text: string): string | undefined {
  try {
    parseSchedule(text);
    return undefined;
  } catch (error) {
    if (error instanceof ScheduleError) return error.message;
    throw error;
  }
}
