import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type RunningServer, startServer } from "../../web/server/server.ts";
import { onTheHost } from "../host.ts";
import { expectAccessible, launch, noBrowser, PATIENCE, screenText, shoot, visit } from "./browser.ts";

// A machine with other work to do draws and checks slowly.
vi.setConfig({ testTimeout: 5 * PATIENCE });

const see = (page: Page, pattern: RegExp) =>
  expect.poll(() => screenText(page), { timeout: PATIENCE }).toMatch(pattern);

async function type(page: Page, text: string): Promise<void> {
  await page.locator(".pane .xterm-helper-textarea").first().focus();
  await page.keyboard.type(text);
}

const SERVICE = [
  "kubectl create deployment web --image=nginx --replicas=2",
  "kubectl expose deployment web --port=8000 --target-port=80",
  "kubectl create service clusterip empty --tcp=80",
  "kubectl run client --image=curlimages/curl -- sleep 100000",
  "kubectl wait --for=condition=Ready pod --all; clear; echo all-$((1+1))\n",
].join("; ");

describe.skipIf(noBrowser)("the packet walk", onTheHost, () => {
  let server: RunningServer;
  let browser: Browser;
  const dataDir = mkdtempSync(join(tmpdir(), "kubetude-packet-"));

  beforeAll(async () => {
    server = await startServer({ port: 0, host: "127.0.0.1", dataDir, logLevel: "error" });
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  const open = async (options: BrowserContextOptions = {}) => {
    const visitor = await visit(browser, { locale: "en-US", ...options });
    await visitor.page.goto(`${server.url}/labs/playground`);
    await see(visitor.page, /learner@workstation:~\$/);
    return visitor;
  };

  const texts = {
    "ko-KR": { name: "패킷 경로", to: "목적지", follow: "따라가기", arrived: "도착: nginx", refused: "규칙이 거절" },
    "en-US": { name: "packet", to: "To", follow: "Follow", arrived: "arrived: nginx", refused: "a rule rejected it" },
  };

  it.each([
    ["light", "ko-KR"],
    ["dark", "en-US"],
  ] as const)("is drawn hop by hop with the rules it met: %s, %s", async (colorScheme, locale) => {
    const { name, to, follow, arrived, refused } = texts[locale];
    const { context, page, problems } = await open({ colorScheme, locale, viewport: { width: 1280, height: 900 } });
    const picture = `packet-${locale.slice(0, 2)}-${colorScheme}`;
    await page.getByRole("button", { name, exact: true }).click();
    await page.getByRole("button", { name: follow, exact: true }).waitFor();
    await shoot(page, `${picture}-empty`);
    await expectAccessible(page);
    await type(page, SERVICE);
    await see(page, /all-2/);
    await page.locator(".walk-form select").first().selectOption("pod/default/client");
    await page.getByLabel(to, { exact: true }).fill("web.default");
    expect(await page.locator(".walk-port").inputValue()).toBe("8000");
    await page.getByRole("button", { name: follow, exact: true }).click();
    await page.locator(".walk-summary", { hasText: arrived }).waitFor();
    expect(await page.locator(".station").count()).toBeGreaterThanOrEqual(3);
    await page.locator(".chain", { hasText: "KUBE-SVC-" }).first().waitFor();
    await page
      .locator(".rewritten", { hasText: /10\.200\.\d+\.\d+:80/ })
      .first()
      .waitFor();
    await shoot(page, `${picture}-arrived`);
    const service = page.locator(".chain", { has: page.locator(".chain-name", { hasText: "KUBE-SVC-" }) }).first();
    await service.locator("summary").click();
    await service.locator(".chain-rules", { hasText: "-j KUBE-SEP-" }).waitFor();
    await expectAccessible(page);
    await shoot(page, `${picture}-rules`);
    await page.getByLabel(to, { exact: true }).fill("empty:80");
    await page.keyboard.press("Enter");
    await page.locator(".walk-summary", { hasText: refused }).waitFor();
    await shoot(page, `${picture}-refused`);
    await expectAccessible(page);
    await page.getByLabel(to, { exact: true }).fill("no-such-name");
    await page.keyboard.press("Enter");
    await page.locator(".packet-problem", { hasText: "✕" }).waitFor();
    await shoot(page, `${picture}-problem`);
    await expectAccessible(page);
    expect(problems).toEqual([]);
    await context.close();
  });

  it("shows by itself what a program in the terminal has just opened", async () => {
    const { context, page } = await open();
    await page.getByRole("button", { name: "packet", exact: true }).click();
    await type(page, SERVICE);
    await see(page, /all-2/);
    await type(page, "kubectl exec client -- curl -s -o /dev/null -w '%{http_code}\\n' http://web:8000\n");
    await see(page, /^200$/m);
    await page.locator(".walk-summary", { hasText: "default/client → 10.201." }).waitFor();
    await page.locator(".walk-summary", { hasText: "arrived: nginx" }).waitFor();
    await shoot(page, "packet-live");
    const options = await page.locator(".walk-recent option").allTextContents();
    expect(options.some((text) => /:53\/udp/.test(text))).toBe(true);
    await context.close();
  });

  it("begins at what is selected on the map, in a small window too", async () => {
    const { context, page } = await open({ viewport: { width: 390, height: 780 } }).catch(() => {
      throw new Error("the playground did not open in a small window");
    });
    await page.getByRole("button", { name: "Terminal", exact: true }).click();
    await type(page, SERVICE);
    await see(page, /all-2/);
    await page.getByRole("button", { name: "Picture", exact: true }).click();
    await page.locator(".service", { hasText: "web" }).click();
    await page.getByRole("button", { name: "Follow a packet to here" }).click();
    await page.getByRole("button", { name: "Follow", exact: true }).click();
    await page.locator(".walk-summary", { hasText: "arrived: nginx" }).waitFor();
    await shoot(page, "packet-small");
    await expectAccessible(page);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    await context.close();
  });
});
