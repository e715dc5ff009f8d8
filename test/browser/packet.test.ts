import type { BrowserContextOptions } from "playwright-core";
import { describe, expect, it } from "vitest";
import { onTheHost } from "../host.ts";
import { expectAccessible, noBrowser, PROMPT, see, serving, shoot, type } from "./browser.ts";

const SERVICE = [
  "kubectl create deployment web --image=nginx --replicas=2",
  "kubectl expose deployment web --port=8000 --target-port=80",
  "kubectl create service clusterip empty --tcp=80",
  "kubectl run client --image=curlimages/curl -- sleep 100000",
  "kubectl wait --for=condition=Ready pod --all; clear; echo all-$((1+1))\n",
].join("; ");

describe.skipIf(noBrowser)("the packet walk", onTheHost, () => {
  const site = serving();

  const open = (options?: BrowserContextOptions) => site.openLab("playground", options);

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
    await see(page, PROMPT);
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
