import { expect, it } from "vitest";
import { runLine } from "../../../test/differential/tools-runner.ts";

/** The real chattr needs a file system that keeps attributes, and rights that containers lack: said here once instead. */
it("lets nothing happen to an immutable file, and lets bytes be added to an append-only one", () => {
  const { stdout, stderr } = runLine(
    `echo one > f; chattr +i f; lsattr f; rm -f f; echo x >> f; mv f g; chmod 600 f; touch f; sed -i s/x/y/ f; ln f q
chattr -i f; chattr +a f; echo x > f; echo y >> f; cat f; rm f; chattr -a f; lsattr f; mkdir d; chattr +i d; touch d/n; rm f; ls`,
    {},
    0,
  );
  expect(stdout.split("\n")).toEqual(["----i---------e------- f", "one", "y", "--------------e------- f", "d", ""]);
  expect(stderr.split("\n").filter((line) => !/Operation not permitted$/.test(line))).toEqual([""]);
  expect(stderr.split("\n").length).toBe(11);
});
