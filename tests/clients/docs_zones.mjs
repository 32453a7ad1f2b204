// docs/zones.md: its configuration is served, its commands are run in their order, and its tables name
// what the API takes and shows, all of it and nothing else.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { document, folder, run, serve, tableOf, wordsIn } from "./documents.mjs";

const wordsOf = (rows) => rows.flatMap(([cell]) => wordsIn(cell)).sort();

test("every block of docs/zones.md does what it says", async () => {
  const text = await document("zones.md");
  const blocks = [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)];
  const [configuration, ...others] = blocks.map(([, kind, block]) => ({ kind, block }));
  assert.equal(configuration.kind, "yaml");
  await writeFile(path.join(folder, "zones.yaml"), configuration.block);
  const server = await serve("--config zones.yaml");
  let commands = 0;
  for (const { kind, block } of others) {
    assert.equal(kind, "", "a block that no test knows");
    for (const line of block.trimEnd().split("\n")) {
      assert.ok(line.startsWith("curl "), line);
      const local = line.replace("localhost:8474", server.api).replace("curl ", "curl -sS --fail-with-body ");
      const { status, context } = await run(local);
      assert.equal(status, 0, context);
      commands++;
    }
  }
  assert.ok(commands >= 9, `${commands} commands`);

  const get = async (what) => (await fetch(`http://${server.api}/v1/${what}`)).json();
  const { zones } = await get("zones");
  assert.deepEqual(zones.map(({ name }) => name), ["a", "b", "c", "d"]);
  assert.deepEqual((await get("partitions")).partitions.map(({ name }) => name), ["b-slow"]);
  const { events } = await (
    await fetch(`http://${server.api}/v1/events?partition=b-cut&since=0`, { headers: { Accept: "application/json" } })
  ).json();
  assert.deepEqual(events.map(({ type }) => type),
                   ["partition.started", "partition.changed", "partition.ended"]);
  assert.equal(events[2].effect.crossed, 0);

  const { components } = await get("openapi.json");
  const request = components.schemas.PartitionRequest.properties;
  const common = ["name", "ttl", "ends_at", "lease", "owner", "reason", "links", "engine", "engines"];
  assert.deepEqual(wordsOf(tableOf(text, "Field")),
                   Object.keys(request).filter((key) => !common.includes(key)).sort());
  assert.deepEqual(wordsOf(tableOf(text, "Outcome")),
                   components.schemas.PartitionEffect.properties.probes.items.properties.outcome.enum.sort());
  assert.deepEqual(wordsOf(tableOf(text, "Mode")), request.mode.enum.sort());
  assert.deepEqual(wordsOf(tableOf(text, "Shape")),
                   request.shape.enum.filter((shape) => shape !== "from-to").sort());
  const counted = Object.keys(components.schemas.PartitionEffect.properties);
  for (const count of wordsOf(tableOf(text, "Count"))) assert.ok(counted.includes(count), count);
  server.signal("SIGTERM");
  assert.equal(await server.end(), 0);
});
