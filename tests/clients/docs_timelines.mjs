// docs/timelines.md: its commands are run and show what it shows, its documents are played, and its
// tables name what there is.

import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import net from "node:net";
import path from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { document, folder, run, Running, serve, tableOf, wordsIn } from "./documents.mjs";

const zones = `version: 1
zones:
  a: {cidrs: [127.1.0.0/16]}
  b: {cidrs: [127.2.0.0/16]}
  c: {cidrs: [127.3.0.0/16]}
proxies:
`;

/** A server whose proxies lead into zone b, with somebody who talks to it all the while. */
async function world() {
  const upstream = net.createServer((socket) => socket.on("error", () => {}).pipe(socket));
  await once(upstream.listen(0, "127.2.0.1"), "listening");
  const proxies = ["db-b", "cache-1", "cache-2"].map(
    (name) => `  - {name: ${name}, listen: "127.0.0.1:0", upstream: "127.2.0.1:${upstream.address().port}"}\n`,
  );
  await writeFile(path.join(folder, "runs.yaml"), zones + proxies.join(""));
  const server = await serve("--config runs.yaml");
  const v1 = async (what, options) => (await fetch(`http://${server.api}/v1/${what}`, options)).json();
  const { listen } = await v1("proxies/db-b");
  const talk = setInterval(() => {
    const client = net.connect({ port: Number(listen.split(":").at(-1)), localAddress: "127.1.0.1" });
    client.on("error", () => {}).on("connect", () => client.write("hello"));
    setTimeout(() => client.destroy(), 400);
  }, 50);
  const end = async () => {
    clearInterval(talk);
    server.signal("SIGTERM");
    assert.equal(await server.end(), 0);
    upstream.close();
  };
  const command = (line) => line.replace("faultline run", `faultline run -h ${server.api}`);
  return { server, v1, end, command };
}

const blocks = [...(await document("timelines.md")).matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(
  ([, kind, block]) => ({ kind, block }),
);
const blockOf = (start) => {
  const found = blocks.filter(({ block }) => block.startsWith(start));
  assert.equal(found.length, 1, start);
  const [first, ...shown] = found[0].block.split("\n");
  return { command: first.replace("$ ", ""), shown: shown.join("\n"), block: found[0].block };
};

test("every block of docs/timelines.md is tested here", () => assert.equal(blocks.length, 5));

test("explain says what the document shows", async () => {
  const { command, shown } = blockOf("$ faultline explain");
  const { status, out, context } = await run(command);
  assert.equal(status, 0, context);
  assert.equal(out, shown);
});

test("run shows what the document shows, and its exit status is of its table", async () => {
  const { end, v1, command } = await world();
  const { command: line, shown } = blockOf("$ faultline run az-power-loss");
  const { status, out, context } = await run(command(line));
  assert.equal(status, 0, context);
  const bare = (text) => text.replaceAll(/loss-\w{4}/g, "loss-4f2k").replaceAll(/\d+ matched/g, "N matched");
  assert.equal(bare(out), bare(shown), context);
  assert.ok(!/ 0 matched/.test(out), context);
  assert.deepEqual((await v1("partitions")).partitions, []);

  const nobody = await run(command("faultline run az-slow --zone c --with for=10ms"));
  assert.equal(nobody.status, 5, nobody.context);
  const usage = await run(command("faultline run az-slow"));
  assert.equal(usage.status, 2, usage.context);
  const watched = new Running(`exec ${command("faultline run az-slow --zone b")}`);
  await watched.says(/slow began/);
  watched.signal("SIGINT");
  assert.equal(await watched.end(), 130);
  assert.match(watched.out, /aborted \(it was aborted\), verdict inconclusive/);
  const halted = new Running(`exec ${command("faultline run az-slow --zone b")}`);
  await halted.says(/slow began/);
  await v1("halt", { method: "POST", body: JSON.stringify({ reason: "enough" }) });
  assert.equal(await halted.end(), 4);
  assert.match(halted.out, /halted \(enough\)/);
  await end();
  const unreachable = await run(command("faultline run az-slow --zone b"));
  assert.equal(unreachable.status, 3, unreachable.context);
  const rows = tableOf(await document("timelines.md"), "Exit status").map(([cell]) => cell);
  assert.deepEqual(rows, ["0", "1", "2", "3", "4", "5", "130"]);
});

test("the document of docs/timelines.md can be played, detached, listed and aborted", async () => {
  const { end, v1, command } = await world();
  await writeFile(path.join(folder, "game-day.yaml"), blocks.find(({ kind }) => kind === "yaml").block);
  const explained = await run("faultline explain game-day.yaml --zone b");
  assert.equal(explained.status, 0, explained.context);
  assert.match(explained.out, /40s to 1m40s {2}dark/);
  const planned = await run(command("faultline run game-day.yaml --zone b --dry-run"));
  assert.equal(planned.status, 0, planned.context);
  assert.match(planned.out, /^Would play game-day, 2m10s at 1x/);
  const begun = await run(command("faultline run game-day.yaml --zone b --detach -o json"));
  assert.equal(begun.status, 0, begun.context);
  const { id } = JSON.parse(begun.out);
  const listed = await run(command("faultline run list"));
  assert.ok(listed.out.startsWith(`${id}  running  step 1 of 5: slow cache`), listed.context);
  assert.equal((await v1("proxies/cache-1/toxics")).toxics.length, 1);
  const aborted = await run(command(`faultline run abort ${id}`));
  assert.match(aborted.out, /aborted/, aborted.context);
  assert.equal((await v1("proxies/cache-1/toxics")).toxics.length, 0);
  const shown = await run(command(`faultline run show ${id}`));
  assert.match(shown.out, /slow cache ended: /, shown.context);

  const wrong = "steps:\n  - name: dark\n    partition: {shape: isolate, zones: [b], mode: blakhole}\n    for: 1m\n";
  await writeFile(path.join(folder, "wrong.yaml"), wrong);
  const { command: line, shown: said } = blockOf("$ faultline run wrong.yaml");
  const refused = await run(command(line));
  assert.equal(refused.status, 2, refused.context);
  assert.equal(refused.err, said);
  const nowhere = "steps:\n  - {wait: 1s}\n  - name: x\n    for: 1s\n    partition: {shape: isolate, zones: [nowhere]}\n";
  await writeFile(path.join(folder, "nowhere.yaml"), nowhere);
  const unknown = await run(command("faultline run nowhere.yaml"));
  assert.equal(unknown.status, 1, unknown.context);
  assert.match(unknown.err, /^nowhere.yaml:5:5: step `x`: there is no zone `nowhere`/, unknown.context);
  await end();
});

test("the calls and tables of docs/timelines.md", async () => {
  const { server, end, v1 } = await world();
  const lines = blockOf("curl ").block.trimEnd().split("\n");
  for (const line of lines) {
    const local = line.replace("localhost:8474", server.api).replace("curl ", "curl -sS --fail-with-body ");
    const { status, context } = await run(local);
    assert.equal(status, 0, context);
  }
  const text = await document("timelines.md");
  const { timelines } = await v1("timelines");
  const rows = tableOf(text, "Preset").map(([name, needs]) => [wordsIn(name)[0], wordsIn(needs)]);
  assert.deepEqual(rows, timelines.map(({ name, needs }) => [name, needs]));
  for (const { name, defaults } of timelines) {
    const row = text.split("\n").find((line) => line.startsWith(`| \`${name}\` |`));
    for (const key of Object.keys(defaults)) assert.ok(wordsIn(row).includes(key), `${name}: ${key}`);
  }
  const { components } = await v1("openapi.json");
  const keys = tableOf(text, "Key").flatMap(([cell]) => wordsIn(cell));
  assert.deepEqual(keys.sort(), Object.keys(components.schemas.TimelineStep.properties).sort());
  await sleep(100);
  await end();
});
