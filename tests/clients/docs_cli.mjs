// Every code block of docs/cli.md is run, and shows what the document shows. A block that nobody here
// knows fails, so that none is skipped.

import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import net from "node:net";
import path from "node:path";
import { test } from "node:test";
import { document, folder, looksAs, run, Running, serve, tableOf, testBlocks } from "./documents.mjs";

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

// ---- Zones -----------------------------------------------------------------------

/** The block of the document that begins so: a configuration. */
const configuration = async (start) =>
  (await document("cli.md")).match(new RegExp(`^\`\`\`\n(${start}[^]*?)^\`\`\`$`, "m"))[1];

const listening = async (address) => {
  const server = net.createServer((socket) => socket.on("error", () => {}).pipe(socket));
  await once(server.listen(0, address), "listening");
  return server;
};

/** A connection from `from` that has passed 1000 bytes each way, and says nothing more. */
async function exchange(from, port) {
  const socket = net.connect({ port, host: "127.0.0.1", localAddress: from }).on("error", () => {});
  await once(socket, "connect");
  let received = 0;
  const all = new Promise((resolve) =>
    socket.on("data", (data) => (received += data.length) === 1000 && resolve()));
  socket.write("x".repeat(1000));
  await all;
  return socket;
}

/** The world of zones.yaml: two clients of a dial orders and stock, three of b dial orders. */
async function withZones(check, commands = []) {
  const echoes = [await listening("127.1.0.1"), await listening("127.2.0.1")];
  const [a, b] = echoes.map((echo) => echo.address().port);
  const file = (await configuration("# zones"))
    .replaceAll(/127\.0\.0\.1:2\d000/g, "127.0.0.1:0")
    .replace("127.1.0.1:7000", `127.1.0.1:${a}`)
    .replace("127.2.0.1:7000", `127.2.0.1:${b}`);
  await writeFile(path.join(folder, "zones.yaml"), file);
  const server = await serve("--config zones.yaml");
  const here = (command) => `export FAULTLINE_URL=http://${server.api}; ${command}`;
  const portOf = async (proxy) =>
    (await (await fetch(`http://${server.api}/v1/proxies/${proxy}`)).json()).listen.split(":").at(-1);
  const [orders, stock] = [await portOf("orders"), await portOf("stock")];
  const sockets = [];
  for (const [from, port, count] of [["127.1.0.9", orders, 2], ["127.1.0.9", stock, 2], ["127.2.0.9", orders, 3]]) {
    for (let i = 0; i < count; ++i) sockets.push(await exchange(from, port));
  }
  try {
    for (const command of commands) await run(here(command));
    await check(here, sockets);
  } finally {
    sockets.forEach((socket) => socket.destroy());
    server.signal("SIGTERM");
    assert.equal(await server.end(), 0);
    echoes.forEach((echo) => echo.close());
  }
}

/** The times that it takes and that are left, and what carries it out: another where there are no rights. */
const timeless = (text) =>
  text
    .replaceAll(/after [\d.]+ ms/g, "after 0.9 ms")
    .replaceAll(/(?<=through \w+: ).*/g, (seen) =>
      (/^(timed out after|connected, and then heard nothing for) \d/.test(seen) ? "no answer"
        : /^(reset|refused) after \d/.test(seen) ? "turned away" : seen)) // By what carries it out.
    .replaceAll(/(the first byte crossed again after [\d.]+ m?s).*; /g, "the first byte crossed again; ")
    .replaceAll(/no reconnects in [\d.]+ s/g, "no reconnects in 1.0 s")
    .replaceAll(/(healed .* after) [\dms.]+/g, "$1 1s")
    .replaceAll(/(in|  )(9m5\d\.?\d*s|10m)( left)?/g, "$110m$3")
    .replaceAll(/kernel|user-space|mixed/g, "ENGINE")
    .replaceAll(/\b9m5\ds\b/g, "10m")
    .replaceAll(/ {2,}/g, "  "); // A column is as wide as its times.

/** A block of commands in that world, after `commands`. Tables are shown as on a terminal. Its clients
 *  may say something all the time. */
const showsZones = (statuses, commands = [], { talk = false } = {}) => (block, steps) =>
  withZones(async (here, sockets) => {
    const talking = talk && setInterval(() => sockets.forEach((socket) => socket.write("x")), 50);
    sockets[0].once("close", () => clearInterval(talking));
    assert.equal(steps.length, statuses.length, block);
    for (const [index, { command, shown }] of steps.entries()) {
      const isTable = / list$/.test(command);
      const asked = isTable ? `NO_COLOR=1 script -qec '${command}' /dev/null` : command;
      const { status, out, err, context } = await run(here(asked));
      assert.equal(status, statuses[index], context);
      looksAs(timeless((out + err).replaceAll("\r", "")), timeless(shown), context);
    }
  }, commands);

/** drill.yaml is zones.yaml with these partitions. */
async function explains(block, [{ command, shown }]) {
  const drill = (await configuration("# zones")) + (await configuration("# drill"));
  await writeFile(path.join(folder, "drill.yaml"), drill);
  const { status, out, context } = await run(command);
  assert.equal(status, 0, context);
  looksAs(out, shown, context);
}

const cut = "faultline zone cut b --ttl 10m --reason 'game day'";

testBlocks("cli.md", [
  ["$ faultline toxic add redis latency 200ms --jitter", showsEach({}, [0])],
  ["$ faultline toxic add redis latency 200 --name x\n", showsEach({}, [2, 2, 1])],
  ["$ faultline toxic update redis latency_downstream --latency", showsEach({ toxic: asAdded }, [0])],
  ["$ faultline toxic remove redis latency_downstream\n", showsEach({ toxic: asUpdated }, [0])],
  ["$ faultline toxic update redis latency_downstream --no-shadow", showsEach({ toxic: `${asUpdated} --shadow` }, [0, 0])],
  ["$ faultline stats --watch | cat\n", watches],
  ["$ faultline top\n", showsTop],
  ["# zones.yaml", () => withZones(() => {})],
  ["$ faultline zone list\n", showsZones([0, 0, 0])],
  ["$ faultline zone cut b --ttl 10m\n", showsZones([0, 1, 0], [], { talk: true })],
  ["$ faultline zone cut a --mode reset --scope new\n", showsZones([0, 5])],
  ["$ faultline zone cut b --ttl 2s --watch", showsZones([0])],
  ["$ faultline partition create far", showsZones([0, 0, 0])],
  ["$ faultline partition show b-cut\n", showsZones([0, 0], [cut])],
  ["$ faultline matrix\n", showsZones([0], [cut])],
  ["$ faultline assert 'partition b-cut", showsZones([0, 1, 1, 0], ["faultline zone cut b", "faultline zone heal b"])],
  ["# drill.yaml", () => {}],
  ["$ faultline explain drill.yaml\n", explains],
]);

test("on a terminal the matrix is live, and q leaves a watched cut as it is", async () => {
  await withZones(async (here) => {
    const onTerminal = (command) =>
      new Running(here(`script -qec 'stty rows 30 cols 160; ${command}' /dev/null`), { input: true });
    const matrix = onTerminal("faultline matrix --watch=100ms");
    await matrix.says(/q: quit/);
    const cutting = onTerminal("faultline zone cut b --watch=100ms");
    await cutting.says(/cut {2}2 {2}5\.0 kB/);
    cutting.say("q");
    assert.equal(await cutting.end(), 0);
    assert.match(cutting.out, /zone b is still cut: `faultline zone heal b` heals it/);
    await matrix.says(/b-cut.* left .*crossed 0/);
    matrix.say("q");
    assert.equal(await matrix.end(), 0);
  });
});

test("the options of zone cut and partition create are those of docs/cli.md", async () => {
  const options = tableOf(await document("cli.md"), "What")
    .flatMap(([, cell]) => [...cell.matchAll(/(?<=`)--[a-z-]+/g)].map(([option]) => option));
  assert.ok(options.length > 10);
  const cutHelp = (await run("faultline zone cut --help")).out;
  for (const option of options) assert.ok(cutHelp.includes(option), `${option} is not in --help`);
  const createHelp = (await run("faultline partition create --help")).out;
  for (const option of options.filter((one) => !["--one-way", "--watch"].includes(one))) {
    assert.ok(createHelp.includes(option), `${option} is not in --help`);
  }
});

test("the options of docs/cli.md are those of toxic add", async () => {
  const help = (await run("faultline toxic add --help")).out;
  const options = tableOf(await document("cli.md"), "Option")
    .flatMap(([cell]) => [...cell.matchAll(/--[a-z-]+/g)].map(([option]) => option));
  assert.ok(options.length > 10);
  for (const option of options) assert.ok(help.includes(option), `${option} is not in --help`);
});
