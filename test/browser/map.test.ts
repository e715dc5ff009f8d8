import type { BrowserContextOptions, Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { onTheHost } from "../host.ts";
import { expectAccessible, noBrowser, PATIENCE, PROMPT, see, serving, shoot, type } from "./browser.ts";

const tiles = (page: Page, state: string) => page.locator(`.tile.pod-${state}`);
const SERVICE = "kubectl create deployment web --image=nginx --replicas=3; kubectl expose deployment web --port=80\n";

describe.skipIf(noBrowser)("the map", onTheHost, () => {
  const site = serving();

  const open = (options?: BrowserContextOptions, prepare?: (page: Page) => Promise<void>) =>
    site.openLab("playground", options, prepare);

  it.each([
    ["light", "ko-KR", "지도"],
    ["dark", "en-US", "map"],
  ] as const)("shows machines, Pods and Services as they come to be: %s, %s", async (colorScheme, locale, name) => {
    const { context, page, problems } = await open({ colorScheme, locale });
    const picture = `map-${locale.slice(0, 2)}-${colorScheme}`;
    await page.getByRole("button", { name, exact: true }).click();
    await page.getByRole("button", { name: "worker-3" }).waitFor();
    expect(await page.locator(".box").count()).toBe(6);
    await page.getByText("kubectl run web --image=nginx").waitFor();
    await expectAccessible(page);
    await shoot(page, `${picture}-empty`);
    await type(page, SERVICE);
    await expect.poll(() => tiles(page, "running").count(), { timeout: PATIENCE }).toBe(3);
    const service = page.locator(".service", { hasText: "web" });
    await expect.poll(() => service.textContent()).toMatch(/3\/3/);
    await expect.poll(() => page.locator(".map-lines .line-ready").count()).toBeGreaterThanOrEqual(3);
    await service.click();
    await page.locator(".selection").waitFor();
    expect(await page.locator(".line-selected").count()).toBe(3);
    await expectAccessible(page);
    await shoot(page, `${picture}-service`);
    await type(page, "clear; kubectl set image deployment/web nginx=nginx:0.no-such; kubectl cordon worker-2\n");
    await tiles(page, "failing").first().waitFor({ timeout: PATIENCE });
    await page.getByText("SchedulingDisabled").waitFor();
    await tiles(page, "failing").first().click();
    await shoot(page, `${picture}-failing`);
    await page.getByRole("combobox").last().selectOption("all");
    await expect.poll(() => tiles(page, "running").count()).toBeGreaterThan(20);
    await shoot(page, `${picture}-all`);
    await page.getByRole("button", { name: locale === "ko-KR" ? "표" : "table", exact: true }).click();
    await page.getByRole("rowheader", { name: "kube-system/etcd-cp-1" }).waitFor();
    await expectAccessible(page);
    await shoot(page, `${picture}-table`);
    expect(problems).toEqual([]);
    await context.close();
  });

  it("is walked with the arrow keys, and its commands run in the terminal", async () => {
    const { context, page } = await open();
    await page.getByRole("button", { name: "map", exact: true }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "worker-1" }).waitFor();
    await page.getByRole("button", { name: "worker-1" }).focus();
    const focused = () => page.evaluate(() => (document.activeElement as HTMLElement).dataset["key"]);
    await page.keyboard.press("ArrowRight");
    expect(await focused()).toBe("machine/worker-2");
    await page.keyboard.press("ArrowDown");
    expect(await focused()).toMatch(/^machine\//);
    await page.keyboard.press("End");
    expect(await focused()).toBe("machine/workstation");
    await page.keyboard.press("Home");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Run on workstation: kubectl describe node worker-1" }).click();
    // The end of the description, whatever of it a small terminal shows: its events.
    await see(page, /NodeHasSufficientMemory|NodeHasNoDiskPressure|NodeReady/);
    await context.close();
  });

  it("answers names in texts: a click on one selects what it means, and what is selected stands out", async () => {
    const { context, page, problems } = await open({ viewport: { width: 1280, height: 900 } });
    await type(page, SERVICE);
    await expect.poll(() => tiles(page, "running").count(), { timeout: PATIENCE }).toBe(3);
    // What the last command spoke of.
    await expect.poll(() => page.locator(".tile.touched").count()).toBe(3);
    await page.locator(".service.touched", { hasText: "web" }).waitFor();
    await type(page, "clear; kubectl get pods -o name; kubectl get service\n");
    await see(page, /service|kubernetes/);
    const row = page.locator(".pane .xterm-rows > div", { hasText: /^pod\/web-/ }).first();
    await row.waitFor();
    const name = (await row.textContent())!.trim().slice("pod/".length);
    const box = (await row.boundingBox())!;
    // The link is there once the pointer has rested on it.
    await expect
      .poll(async () => {
        await page.mouse.move(box.x + 60 + Math.random() * 20, box.y + box.height / 2);
        await page.waitForTimeout(150);
        await page.mouse.click(box.x + 70, box.y + box.height / 2);
        return page.locator(".selection h3").count();
      })
      .toBe(1);
    expect(await page.locator(".selection h3").textContent()).toBe(`Pod default/${name}`);
    expect(await page.locator(`.tile[aria-pressed="true"]`).count()).toBe(1);
    const marked = () =>
      page.locator(".pane .xterm-rows span").evaluateAll((spans) =>
        spans
          .filter((span) => getComputedStyle(span).backgroundColor === "rgb(49, 80, 126)")
          .map((span) => span.textContent)
          .join(""),
      );
    await expect.poll(marked).toContain(name);
    await page.locator(".service", { hasText: "web" }).click();
    await expect.poll(marked).toMatch(/web.*10\.201\./);
    await shoot(page, "map-names");
    await page.keyboard.press("Escape");
    await expect.poll(marked).toBe("");
    expect(problems).toEqual([]);
    await context.close();
  });

  it("is there again after a reload and after the connection was lost", async () => {
    const { context, page } = await open();
    await page.getByRole("button", { name: "map", exact: true }).click();
    await page.getByRole("button", { name: "worker-1" }).waitFor();
    await page.reload();
    await page.getByRole("button", { name: "worker-1" }).waitFor();
    await context.setOffline(true);
    await page.locator(".map.stale").waitFor({ timeout: PATIENCE });
    await shoot(page, "map-disconnected");
    await context.setOffline(false);
    await expect.poll(() => page.locator(".map.stale").count(), { timeout: PATIENCE }).toBe(0);
    await type(page, "kubectl run again --image=nginx\n");
    await expect.poll(() => tiles(page, "running").count(), { timeout: PATIENCE }).toBe(1);
    await context.close();
  });

  it("tells a page nothing while it is closed", async () => {
    const { context, page } = await open();
    const frames: string[] = [];
    const maps = () => frames.filter((text) => text.startsWith('42["map"')).length;
    page.on("websocket", (socket) => socket.on("framereceived", ({ payload }) => frames.push(String(payload))));
    await page.reload();
    await see(page, PROMPT);
    await type(
      page,
      "kubectl create deployment web --image=nginx --replicas=2; kubectl rollout status deployment web\n",
    );
    await see(page, /successfully rolled out/);
    expect(maps()).toBe(0);
    await page.getByRole("button", { name: "map", exact: true }).click();
    await expect.poll(() => tiles(page, "running").count()).toBe(2);
    await expect.poll(maps).toBe(1);
    await page.getByRole("button", { name: "Close the picture" }).click();
    await type(page, "kubectl scale deployment web --replicas=1; kubectl rollout status deployment web\n");
    await see(page, /scaled[\s\S]*successfully rolled out/);
    expect(maps()).toBe(1);
    await context.close();
  });

  it("folds into a side of its own in a small window", async () => {
    const { context, page } = await open({ viewport: { width: 390, height: 780 }, locale: "ko-KR" }).catch(() => {
      throw new Error("the playground did not open in a small window");
    });
    await page.getByRole("button", { name: "터미널", exact: true }).click();
    await see(page, PROMPT);
    await type(page, SERVICE);
    await page.getByRole("button", { name: "그림", exact: true }).click();
    await expect.poll(() => tiles(page, "running").count(), { timeout: PATIENCE }).toBe(3);
    await page.locator(".service", { hasText: "web" }).click();
    await shoot(page, "map-small");
    await expectAccessible(page);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    await context.close();
  });

  it("says that it comes, and that there is none for a session of an older engine", async () => {
    let answer: string | undefined;
    const { context, page } = await open({ locale: "ko-KR" }, (own) =>
      own.routeWebSocket(/socket\.io/, (socket) => {
        const upstream = socket.connectToServer();
        socket.onMessage((message) => upstream.send(message));
        upstream.onMessage((message) => {
          if (!String(message).startsWith('42["map"')) socket.send(message);
          else if (answer) socket.send(answer);
        });
      }),
    );
    // The map's updates must come over the socket that is held back here.
    await page.waitForTimeout(1_500);
    await page.getByRole("button", { name: "지도", exact: true }).click();
    await page.locator(".map-waiting").waitFor();
    await shoot(page, "map-slow");
    await expectAccessible(page);
    answer = '42["map",null]';
    await page.getByRole("button", { name: "지도", exact: true }).click();
    await page.getByRole("button", { name: "지도", exact: true }).click();
    await page.getByText("시뮬레이터에는 지도가 없습니다").waitFor();
    await shoot(page, "map-none");
    await expectAccessible(page);
    await context.close();
  });
});
