/** What `journalctl -x` adds to messages that systemd's catalog knows, by MESSAGE_ID. */

type Text = readonly [subject: string, body: string];

const job = (kind: string, what: string, end = ""): Text => [
  `A ${kind} job for unit @UNIT@ has ${what}`,
  `A ${kind} job for unit @UNIT@ has ${what === "failed" ? "finished with a failure" : what}.\n\nThe job identifier is @JOB_ID@${end}.`,
];
const RESULT = " and the job result is @JOB_RESULT@";

const CATALOG: Readonly<Record<string, Text>> = {
  "7d4958e842da4a758f6c1cdc7b36dcc5": job("start", "begun execution"),
  "39f53479d3a045ac8e11786248231fbf": job("start", "finished successfully"),
  be02cf6855d2428ba40df7e9d022f03d: job("start", "failed", RESULT),
  de5b426a63be47a7b6ac3eaac82e2f6f: job("stop", "begun execution"),
  "9d1aaa27d60140bd96365438aad20286": job("stop", "finished", RESULT),
  d34d037fff1847e6ae669a370e694725: job("reload", "begun execution"),
  "7b05ebc668384222baa8881179cfda54": job("reload", "finished", RESULT),
  "7ad2d189f7e94e70a38c781354912448": ["Unit succeeded", "The unit @UNIT@ has successfully entered the 'dead' state."],
  d9b373ed55a64feb8242e02dbe79a49c: [
    "Unit failed",
    "The unit @UNIT@ has entered the 'failed' state with result '@UNIT_RESULT@'.",
  ],
  "98e322203f7a4ed290d09fe03c09fe15": [
    "Unit process exited",
    "An @COMMAND@= process belonging to unit @UNIT@ has exited.\n\nThe process' exit code is '@EXIT_CODE@' and its exit status is @EXIT_STATUS@.",
  ],
  "641257651c1b4ec9a8624d7a40a9e1e7": [
    "Process @EXECUTABLE@ could not be executed",
    "The process @EXECUTABLE@ could not be executed and failed.\n\nThe error number returned by this process is @ERRNO@.",
  ],
  "5eb03494b6584870a536b337290809b3": [
    "Automatic restarting of a unit has been scheduled",
    "Automatic restarting of the unit @UNIT@ has been scheduled, as the result for\nthe configured Restart= setting for the unit.",
  ],
};

/** The lines that explain a message, each with its newline; none where the catalog has nothing. */
export function explanation(fields: Readonly<Record<string, string>> | undefined): string {
  const found = CATALOG[fields?.["MESSAGE_ID"] ?? ""];
  if (found === undefined) return "";
  const [subject, body] = found;
  const text = `Subject: ${subject}\nDefined-By: systemd\nSupport: https://www.debian.org/support\n\n${body}`;
  return text
    .replace(/@([A-Z_]+)@/g, (all, name: string) => fields![name] ?? all)
    .split("\n")
    .map((line) => `░░ ${line}\n`)
    .join("");
}
