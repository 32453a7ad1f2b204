// Every code block of docs/cli.md is run, and shows what the document shows. A block that nobody here
// knows fails, so that none is skipped.

import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { test } from "node:test";
import { document, looksAs, run, Running, serve, tableOf, testBlocks } from "./documents.mjs";

/** The two proxies of the document, and `clients` of redis that talk all the while. */
async function withServer(check, { clients = 0, toxic = null } = {}) {
  const server = await serve("--proxy redis=127.0.0.1:26379,127.0.0.1:6379 --proxy db=127.0.0.1:0,127.0.0.1:5432");
  const here = (command) => `export FAULTLINE_URL=http://${server.api}; ${command}`;
  const faultline = async (words) => {
    const done = await run(here(`faultline ${words}`));
    assert.equal(done.status, 0, done.context);
  };
  if (toxic) await faultline(`toxic add redis latency ${toxic}`);
  const sockets = [];
  const talk = setInterval(() => sockets.forEach((socket) => socket.write("hello, echo\r\n")), 100);
  for (let i = 0; i < clients; ++i) {
    const socket = net.connect(server.listen, "127.0.0.1").on("error", () => {});
    socket.on("data", () => {});
    await once(socket, "connect");
    sockets.push(socket);
  }
  try {
    await check({ server, here, faultline });
  } finally {
    clearInterval(talk);
    sockets.forEach((socket) => socket.destroy());
    server.signal("SIGTERM");
    assert.equal(await server.end(), 0);
  }
}

/** What the document shows, with what is another each time left open. */
const open = (shown, server) =>
  shown
    .replaceAll(/until \d\d:\d\d:\d\d/g, "until ...")
    .replaceAll("127.0.0.1:26379", `127.0.0.1:${server.listen}`);

const plainly = (text) => text.replaceAll(/until \d\d:\d\d:\d\d/g, "until 00:00:00");

/** Each command of the block, with what it says on either stream. */
const showsEach = (options, statuses) => (block, steps) =>
  withServer(async ({ server, here }) => {
    assert.equal(steps.length, statuses.length, block);
    for (const [index, { command, shown }] of steps.entries()) {
      const { status, out, err, context } = await run(here(command));
      assert.equal(status, statuses[index], context);
      looksAs(plainly(out + err), open(shown, server), context);
    }
  }, options);

const asAdded = "200ms --jitter 20ms --share 30% --for 5m";
const asUpdated = "500ms --jitter 20ms --share 30% --for 10m";

async function watches(block, [{ command, shown }]) {
  await withServer(async ({ here }) => {
    const watching = new Running(here(command.replace("--watch", "--watch=100ms")));
    await watching.says(/met \d+[^]*\n\n[^]*met \d+/);
    watching.signal("SIGTERM");
    await watching.end();
    const shapeOf = (text) => text.replaceAll(/\d+/g, "0").split("\n\n")[0].trimEnd();
    assert.equal(shapeOf(watching.out), shapeOf(shown), block);
  }, { clients: 6, toxic: asAdded });
}

/** The screen, on a terminal of its own: its headings, its rows, its keys. */
async function showsTop(block, [{ command, shown }]) {
  await withServer(async ({ server, here }) => {
    const terminal = `script -qec 'stty rows 30 cols 120; ${command}' /dev/null`;
    const top = new Running(here(terminal), { input: true });
    await top.says(/q: quit/);
    top.say("j"); // From db to redis.
    await top.says(/latency_downstream/);
    await top.says(/6 open/);
    const lines = shown.split("\n").map((line) => line.trim());
    const heading = lines.find((line) => line.startsWith("PROXY")).split(/ +/);
    await top.says(new RegExp(heading.join(" +")));
    await top.says(new RegExp(`redis +127\\.0\\.0\\.1:${server.listen}.*1 toxic`));
    const keys = lines.find((line) => line.includes("q: quit"));
    for (const key of keys.split(/ {3,}/)) await top.says(key.replaceAll(/[()]/g, "\\$&"));
    for (const title of ["Toxics of redis", "Connections of redis: 6 open"]) {
      assert.ok(lines.includes(title), title);
      await top.says(title);
    }
    const proxy = async () => (await fetch(`http://${server.api}/v1/proxies/redis`)).json();
    const until = async (is) => {
      const end = Date.now() + 20_000;
      while (!is(await proxy())) assert.ok(Date.now() < end, JSON.stringify(await proxy()));
    };
    top.say("c");
    await until(({ enabled }) => !enabled);
    top.say("h");
    await until(({ enabled, toxics }) => enabled && toxics.length === 0);
    top.say("q");
    assert.equal(await top.end(), 0);
    const piped = await run(here("faultline top"));
    assert.equal(piped.status, 2, piped.context);
    assert.match(piped.err, /stats --watch/, piped.context);
  }, { clients: 6, toxic: asAdded });
}

testBlocks("cli.md", [
  ["$ faultline toxic add redis latency 200ms --jitter", showsEach({}, [0])],
  ["$ faultline toxic add redis latency 200 --name x\n", showsEach({}, [2, 2, 1])],
  ["$ faultline toxic update redis latency_downstream --latency", showsEach({ toxic: asAdded }, [0])],
  ["$ faultline toxic remove redis latency_downstream\n", showsEach({ toxic: asUpdated }, [0])],
  ["$ faultline toxic update redis latency_downstream --no-shadow", showsEach({ toxic: `${asUpdated} --shadow` }, [0, 0])],
  ["$ faultline stats --watch | cat\n", watches],
  ["$ faultline top\n", showsTop],
]);

test("the options of docs/cli.md are those of toxic add", async () => {
  const help = (await run("faultline toxic add --help")).out;
  const options = tableOf(await document("cli.md"), "Option")
    .flatMap(([cell]) => [...cell.matchAll(/--[a-z-]+/g)].map(([option]) => option));
  assert.ok(options.length > 10);
  for (const option of options) assert.ok(help.includes(option), `${option} is not in --help`);
});
