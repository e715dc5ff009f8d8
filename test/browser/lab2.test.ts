import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { onTheHost } from "../host.ts";
import { noBrowser, PATIENCE, PROMPT, screenText, serving, shoot, task, type } from "./browser.ts";

/** What the terminal shows, its rows joined: long lines wrap. */
async function see(page: Page, pattern: RegExp): Promise<RegExpExecArray> {
  let found: RegExpExecArray | null = null;
  await expect
    .poll(
      async () => {
        found = pattern.exec((await screenText(page)).replace(/\n/g, ""));
        return found !== null;
      },
      { timeout: PATIENCE, message: String(pattern) },
    )
    .toBe(true);
  return found!;
}

const passed = (page: Page, id: string) =>
  task(page, id)
    .locator(".mark-passed")
    .waitFor({ timeout: PATIENCE })
    .catch(async (error: Error) => {
      await shoot(page, `lab2-${id}-failed`);
      throw new Error(`${error.message}\n${await task(page, id).innerHTML()}`, { cause: error });
    });
const run = (page: Page, command: string) =>
  page
    .getByRole("button", { name: `실행: ${command}` })
    .first()
    .click();

async function answer(page: Page, id: string, value: string): Promise<void> {
  await task(page, id).getByLabel("답").fill(value);
  await task(page, id).getByLabel("답").press("Enter");
  await passed(page, id);
}

describe.skipIf(noBrowser)("lab 2, with the pictures in front of one", onTheHost, () => {
  const site = serving();

  it("is learned in Korean: the map shows the endpoints, the packet walk the chain", async () => {
    const { context, page, problems } = await site.visit({
      locale: "ko-KR",
      viewport: { width: 1440, height: 900 },
    });
    await page.goto(`${site.url}/labs/02-service`);
    await see(page, PROMPT);
    // In a window of this height the map is open from the start.
    await page.getByRole("button", { name: "worker-3" }).waitFor();

    await run(page, "kubectl create deployment web --image=nginx --replicas=3");
    await see(page, /deployment\.apps\/web created/);
    await run(page, "kubectl expose deployment web --port=80 --target-port=80");
    await passed(page, "expose");
    const service = page.locator(".service", { hasText: "web" });
    await expect.poll(() => service.textContent(), { timeout: PATIENCE }).toMatch(/3\/3/);
    await service.click();
    const facts = (await page.locator(".selection dl").textContent())!;
    const addresses = [...facts.matchAll(/10\.200\.\d+\.\d+/g)].map(([address]) => `${address}:80`);
    await shoot(page, "lab2-ko-map");
    await answer(page, "endpoints", addresses.join(" "));

    await page.getByRole("button", { name: "여기로 가는 패킷" }).click();
    await page.locator(".walk-form select").first().selectOption("machine/worker-1");
    await page.getByRole("button", { name: "따라가기", exact: true }).click();
    const chain = page.locator(".chain-name", { hasText: "KUBE-SVC-" }).first();
    await chain.waitFor();
    await shoot(page, "lab2-ko-packet");
    const name = (await chain.textContent())!;
    await answer(page, "chain", name);

    const chance = async (endpoints: number) => {
      await type(page, `clear; sudo iptables -t nat -S ${name} | grep -c SEP; sudo iptables -t nat -L ${name} -n\n`);
      const [, value] = await see(page, new RegExp(`^${endpoints}Chain.*?probability (0\\.\\d+)`));
      return value!;
    };
    await page.getByRole("button", { name: "새 터미널" }).click();
    await page.getByRole("menuitem", { name: "worker-1", exact: true }).click();
    await see(page, /learner@worker-1:~\$/);
    await answer(page, "probability", await chance(3));

    await page.getByRole("tab", { name: "workstation" }).click();
    await run(page, "kubectl run dns-test");
    const [, address] = await see(page, /Name:\s*web\.default\.svc\.cluster\.local\s*Address: (10\.201\.\d+\.\d+)/);
    await see(page, /pod "dns-test" deleted/);
    await answer(page, "dns", address!);
    await run(page, "kubectl run curl-test");
    await passed(page, "curl");

    await see(page, /pod "curl-test" deleted/);
    await run(page, "kubectl scale deployment web --replicas=5");
    await see(page, /deployment\.apps\/web scaled/);
    await page.getByRole("button", { name: "지도", exact: true }).click();
    await expect.poll(() => service.textContent(), { timeout: PATIENCE }).toMatch(/5\/5/);
    await page.getByRole("tab", { name: "worker-1", exact: true }).click();
    await answer(page, "churn", await chance(5));

    // The same Service on the second cluster, where there are no rules for it.
    await page.getByRole("tab", { name: "workstation" }).click();
    await type(page, "clear\n");
    await run(page, "kubectl --context cilium create deployment web");
    await see(page, /deployment\.apps\/web created/);
    await run(page, "kubectl --context cilium expose deployment web");
    await see(page, /service\/web exposed/);
    await page.getByRole("button", { name: "새 터미널" }).click();
    await page.getByRole("menuitem", { name: "cilium-worker-1" }).click();
    await see(page, /learner@cilium-worker-1:~\$/);
    await type(page, "sudo iptables-save | grep -c KUBE-SVC\n");
    await see(page, /KUBE-SVC0/);
    await page.getByRole("tab", { name: "workstation" }).click();
    await type(page, "clear; kubectl --context cilium rollout status deployment web\n");
    await see(page, /successfully rolled out/);
    await type(page, "clear\n");
    await run(page, "kubectl --context cilium -n kube-system exec ds/cilium -- cilium service list");
    const [, id, ...backends] = await see(
      page,
      /(\d+)\s+10\.201\.\d+\.\d+:80\/TCP\s+ClusterIP\s+1 => ([\d.]+:80).*?2 => ([\d.]+:80).*?3 => ([\d.]+:80)/,
    );
    await answer(page, "map", id!);
    await answer(page, "backends", backends.join(" "));
    await shoot(page, "lab2-ko-cilium");

    // The second cluster has a map of its own.
    await page.getByLabel("보여 줄 클러스터").selectOption("cilium");
    await page.locator(".box", { hasText: "cilium-worker-2" }).locator(".tile").first().waitFor();
    await shoot(page, "lab2-ko-cilium-map");
    await page.getByLabel("보여 줄 클러스터").selectOption("");
    await type(page, "clear; kubectl apply -f shop.yaml -f till.yaml\n");
    await page.locator(".service", { hasText: "front" }).waitFor();
    await shoot(page, "lab2-ko-broken");
    const mend =
      "-e 's/app: frontend/app: front/' -e 's/targetPort: 8080/targetPort: 80/' -e 's#path: /ready#path: /#' -e 's/app: cashier/app: till/'";
    await type(page, `sed ${mend} shop.yaml > mended.yaml; kubectl apply -f mended.yaml\n`);
    await passed(page, "repair");
    await type(page, "clear\n");
    await run(page, "kubectl delete service web");
    await see(page, /service "web" deleted/);
    await run(page, "kubectl delete deployment web");
    await passed(page, "cleanup");
    await page.getByText("모든 과제를 마쳤습니다.").waitFor();
    await shoot(page, "lab2-ko-finished");
    expect(problems).toEqual([]);
    await context.close();
  });
});
