import { expect, it } from "vitest";
import { formatTime } from "../api/time.ts";
import { start } from "./harness.ts";

const REQUESTS = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
/** Of `/CN=jane`. */
const PEM =
  "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIWU1JR0FBZ0VBTUI0eERUQUxCZ05WQkFvTUJHUmxkbk14RFRBTEJnTlZCQU1NQkdwaGJtVXdXVEFUQmdjcQpoa2pPUFFJQkJnZ3Foa2pPUFFNQkJ3TkNBQVJqZXJoWkVpNVplVGVGUURMS3k2elFyUEExVlBTcUN1RWV5Tk5LClBYWEQzQXhlVnNld2xOUGJuUHlLa3gxNDdBclA3UkJiVXluVTZDdTJNbExKM2pUQ29BQXdDZ1lJS29aSXpqMEUKQXdJRFJ3QXdSQUlnYWhXdHZ0SDdnVUFvZndiWVpRVHYvUlFIa2IrcDZHOU4yM3lseFlORWRic0NJRXptdlQrVAo2S09iT3l4VHdvbjdzSUloc3B0bGpoeGN3WGFTaU9iZEFtaUEKLS0tLS1FTkQgQ0VSVElGSUNBVEUgUkVRVUVTVC0tLS0tCg==";

it.each([
  [undefined, undefined, 23, true],
  [undefined, undefined, 25, false],
  ["Denied", undefined, 0.5, true],
  ["Denied", undefined, 2, false],
  ["Failed", undefined, 2, false],
  ["Approved", undefined, 30, true],
  ["Approved", "Y2VydA==", 0.5, true],
  ["Approved", "Y2VydA==", 2, false],
])("a request that is %s, with certificate %s, is kept for %s hours: %s", (type, certificate, hours, kept) => {
  const s = start();
  const spec = { request: PEM, signerName: "example.com/none", usages: ["any"] };
  s.json("POST", REQUESTS, { metadata: { name: "r" }, spec });
  if (type !== undefined) {
    const conditions = [{ type, status: "True", lastUpdateTime: formatTime(s.kernel.wallMs) }];
    const held = s.json("GET", `${REQUESTS}/r`);
    s.json("PUT", `${REQUESTS}/r/${type === "Failed" ? "status" : "approval"}`, { ...held, status: { conditions } });
    const told = s.json("GET", `${REQUESTS}/r`);
    if (certificate) s.json("PUT", `${REQUESTS}/r/status`, { ...told, status: { ...told.status, certificate } });
  }
  s.run(hours * 3600);
  expect(s.request("GET", `${REQUESTS}/r`).status).toBe(kept ? 200 : 404);
  expect(s.kernel.faults).toEqual([]);
});
