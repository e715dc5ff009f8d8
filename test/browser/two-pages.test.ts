import { describe, expect, it } from "vitest";
import { onTheHost } from "../host.ts";
import { noBrowser, PATIENCE, PROMPT, screenText, see, serving, shoot, type } from "./browser.ts";

describe.skipIf(noBrowser)("a session on several pages", onTheHost, () => {
  const site = serving();

  it("shows the same terminal in both, in the size of the one that is used", async () => {
    const { context, page } = await site.openLab("playground");
    const other = await context.newPage();
    await other.setViewportSize({ width: 1000, height: 560 });
    await other.goto(`${site.url}/labs/playground`);
    await see(other, PROMPT);
    await page.getByText("Shown in the size of another window.").waitFor();
    await shoot(page, "two-pages-foreign");
    await type(other, "stty size | sed s/^/other-/\n");
    await see(page, /^other-\d+ \d+$/m);
    const small = /other-(\d+ \d+)/.exec(await screenText(page))![1];
    await page.bringToFront();
    await page.locator(".pane .xterm-screen").click();
    await expect.poll(() => page.getByText("Shown in the size of another window.").count()).toBe(0);
    await page.waitForTimeout(300);
    await type(page, "stty size | sed s/^/mine-/\n");
    await see(other, /^mine-\d+ \d+$/m);
    expect(/mine-(\d+ \d+)/.exec(await screenText(other))![1]).not.toBe(small);
    await context.close();
  });

  it("types every key once and takes answers, though the connection is lost while they are on their way", async () => {
    const { context, page } = await site.visit();
    let cut: { event: "keys" | "answer"; arrives: boolean } | undefined;
    // The next keys (or an answer to a question) are lost, or arrive and nobody hears of it; then the connection is.
    await page.routeWebSocket(/socket\.io/, (socket) => {
      const upstream = socket.connectToServer();
      let deaf = false;
      socket.onMessage((message) => {
        if (cut && String(message).includes(`["${cut.event}"`)) {
          deaf = true;
          if (cut.arrives) upstream.send(message);
          cut = undefined;
          setTimeout(() => void upstream.close(), 300);
          setTimeout(() => void socket.close(), 300);
          return;
        }
        if (!deaf) upstream.send(message);
      });
      upstream.onMessage((message) => {
        if (!deaf) socket.send(message);
      });
    });
    await page.goto(`${site.url}/labs/02-service`);
    await see(page, PROMPT);
    for (const arrives of [false, true]) {
      // A connection begins with polling; what is cut here is a WebSocket.
      await page.waitForTimeout(2_000);
      cut = { event: "keys", arrives };
      await type(page, `echo ${arrives}-0123456789abcdef-$((40+2))\n`);
      await see(page, new RegExp(`^${arrives}-0123456789abcdef-42$`, "m"));
      expect(cut).toBeUndefined();
    }
    for (const [task, arrives] of [
      ["endpoints", false],
      ["chain", true],
    ] as const) {
      await page.waitForTimeout(2_000);
      cut = { event: "answer", arrives };
      const form = page.locator(`.slot-task[data-task="${task}"] .task`);
      await form.getByLabel("Answer", { exact: true }).fill("none");
      await form.getByLabel("Answer", { exact: true }).press("Enter");
      await form.locator(".mark-failed").waitFor({ timeout: PATIENCE });
      expect(cut).toBeUndefined();
    }
    await context.close();
  });
});
