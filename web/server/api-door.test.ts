import { request as plainRequest } from "node:http";
import { connect } from "node:net";
import { expect, it } from "vitest";
import { ApiDoor } from "./api-door.ts";

const HOST = "127.0.0.1";

it("tells who speaks HTTP to its TLS port, as Go does", async () => {
  const door = new ApiDoor(() => {});
  const port = await door.listen(0, HOST);
  const answer = await new Promise<[number, string]>((resolve, reject) => {
    const sent = plainRequest({ host: HOST, port, path: "/api" }, (response) => {
      let text = "";
      response.on("data", (chunk) => (text += chunk));
      response.on("end", () => resolve([response.statusCode ?? 0, text]));
    });
    sent.on("error", reject);
    sent.end();
  });
  expect(answer).toEqual([400, "Client sent an HTTP request to an HTTPS server.\n"]);
  door.close();
});

it("closes though somebody is connected who has said nothing", async () => {
  const door = new ApiDoor(() => {});
  const port = await door.listen(0, HOST);
  const silent = connect(port, HOST);
  await new Promise((resolve) => silent.once("connect", resolve));
  const gone = new Promise((resolve) => silent.once("close", resolve));
  const closed = new Promise((resolve) => door.server.once("close", resolve));
  // The server has to have heard of the connection.
  await new Promise((resolve) => setTimeout(resolve, 50));
  door.close();
  await Promise.all([gone, closed]);
});
