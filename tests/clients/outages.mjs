// What real clients see of each kind of outage: the tables of docs/outages.md.
//
//   node outages.mjs --write    measures, and writes the tables into the document
//   node --test outages.mjs     measures, and says where the document is wrong
//
// The words of a cell are compared, not the times, which stand in brackets.
// FAULTLINE_BINARY is the path of the binary.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import http from "node:http";
import net from "node:net";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "@redis/client";
import {
  Plain,
  curl,
  nodeHttp,
  nodeRedis,
  outcome,
  patience,
  redisCli,
} from "./outage_clients.mjs";

const document = new URL("../../docs/outages.md", import.meta.url);
const begin = "<!-- outages.mjs writes from here -->";
const end = "<!-- to here -->";

/** What the tables have a row for. `size` is that of the answers that are asked for. */
const kinds = [
  { name: "no toxic" },
  { name: "`blackhole`", toxic: { type: "blackhole" }, engine: "kernel" },
  { name: "`blackhole`, user space", toxic: { type: "blackhole" }, engine: "user-space" },
  { name: "`stall`", toxic: { type: "stall" } },
  { name: "`zero_window`", toxic: { type: "zero_window" } },
  { name: "`refuse`", toxic: { type: "refuse" } },
  { name: "`reset`", toxic: { type: "reset" } },
  { name: "`close`", toxic: { type: "close" } },
  { name: "`half_close`", toxic: { type: "half_close" } },
  { name: "`accept_backlog_full`", toxic: { type: "accept_backlog_full" } },
  { name: "`mtu_blackhole`, small answer", toxic: { type: "mtu_blackhole" }, engine: "kernel" },
  {
    name: "`mtu_blackhole`, large answer",
    toxic: { type: "mtu_blackhole" },
    engine: "kernel",
    size: "large",
  },
  {
    name: "the same, user space",
    toxic: { type: "mtu_blackhole" },
    engine: "user-space",
    size: "large",
  },
  { name: "`connect_delay`, 500 ms", toxic: { type: "connect_delay", attributes: { delay: 500 } } },
  { name: "no toxic, upstream dead", dies: true },
  { name: "`upstream_down`, upstream dead", toxic: { type: "upstream_down" }, dies: true },
];

/** More would be quicker, and would measure how busy this machine is. */
const rowsAtOnce = 6;

const answers = { small: "hello", large: "l".repeat(100_000) };

// ---- What is dialled ---------------------------------------------------------

const listening = (server) =>
  new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve(server.address().port));
  });

/** Answers S and L, and swallows the rest. */
function plainServer() {
  return net.createServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => {});
    socket.on("end", () => socket.end());
    socket.on("data", (data) => {
      if (data[0] === 0x53) socket.write(answers.small);
      if (data[0] === 0x4c) socket.write(answers.large);
    });
  });
}

/** Answers /small and /large; and /slow/... in two parts, the second when `finish` is called. */
function webServer() {
  const waiting = new Map(); // By the query: the response that is to go on, and with what.
  const server = http.createServer((request, response) => {
    const url = new URL(request.url, "http://localhost");
    const body = answers[url.pathname.split("/").pop()];
    if (!url.pathname.startsWith("/slow/")) return response.end(body);
    response.write("begun\n");
    waiting.set(url.search, () => response.end(body));
  });
  server.finish = (query) => waiting.get(query)?.();
  return server;
}

/** Whether the kernel serves what `engine: "kernel"` stands for. */
function hasPacketFilters() {
  const findings = JSON.parse(execFileSync(process.env.FAULTLINE_BINARY, ["doctor", "-o", "json"]));
  return findings.find(({ name }) => name === "packet filters").ok;
}

/** A way to a server that can be cut for new connections while open ones live. */
function relay(port) {
  return net.createServer((socket) => {
    const other = net.connect(port, "127.0.0.1");
    for (const one of [socket, other]) one.on("error", () => {});
    socket.pipe(other).pipe(socket);
  });
}

/** Runs redis-server; resolves to its port and process. */
async function startRedis() {
  const probe = net.createServer();
  const port = await listening(probe);
  await new Promise((resolve) => probe.close(resolve));
  const words = ["--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  const child = spawn("redis-server", words, { stdio: "ignore" });
  const client = createClient({ socket: { port, host: "127.0.0.1" } });
  client.on("error", () => {});
  await client.connect();
  await client.mSet(answers);
  return { port, child, client };
}

/** Runs faultline; resolves to its process and a function that calls its API. */
function startFaultline(packetFilters) {
  const child = spawn(
    process.env.FAULTLINE_BINARY,
    [
      ...["serve", "--listen", "127.0.0.1:0", "--link-window", "1MiB"],
      ...["--packet-filters", packetFilters],
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  return new Promise((resolve, reject) => {
    let log = "";
    child.on("exit", () => reject(new Error(`faultline ended: ${log}`)));
    child.stderr.on("data", (data) => {
      log += data;
      const match = /"control API listens".*"address":"([^"]+)"/.exec(log);
      if (!match) return;
      resolve({
        child,
        async call(method, path, body) {
          const response = await fetch(`http://${match[1]}${path}`, {
            method,
            body: body && JSON.stringify(body),
          });
          assert.ok(response.ok, `${method} ${path}: ${response.status}`);
          return response.status === 204 ? null : response.json();
        },
      });
    });
  });
}

/** A promise, and the function that resolves it. */
function latch() {
  let open;
  const promise = new Promise((resolve) => {
    open = resolve;
  });
  return [promise, open];
}

/** The outcomes of two clients, each on a new connection and on an open one. */
async function pairs(fresh, open) {
  const [new0, new1, open0, open1] = await Promise.all([...fresh, ...open]);
  return [new0, open0, new1, open1];
}

// ---- A row -------------------------------------------------------------------

/** A proxy of its own for one kind of outage and one kind of client. */
async function makeProxy(world, kind, name, port) {
  const faultline = kind.engine === "user-space" ? world.userSpace : world.faultline;
  const way = kind.dies ? relay(port) : null;
  const upstream = way ? await listening(way) : port;
  const { listen } = await faultline.call("POST", "/proxies", {
    name,
    listen: "127.0.0.1:0",
    upstream: `127.0.0.1:${upstream}`,
  });
  const toxics = `/proxies/${name}/toxics`;
  return {
    port: Number(listen.split(":")[1]),
    async break() {
      way?.close();
      if (kind.toxic) {
        const made = await faultline.call("POST", toxics, { ...kind.toxic, name: "fault" });
        if (kind.engine) assert.equal(made.engine ?? "user-space", kind.engine);
      }
      await sleep(kind.dies ? 600 : 200); // Until it has come to everybody's knowledge.
    },
    async heal() {
      if (kind.toxic) await faultline.call("DELETE", `${toxics}/fault`);
    },
  };
}

/** What plain sockets see. */
async function plainRow(world, kind, name) {
  const proxy = await makeProxy(world, kind, name, world.plainPort);
  const size = kind.size ?? "small";
  const [reader, writer] = [new Plain(proxy.port), new Plain(proxy.port)];
  for (const socket of [reader, writer]) {
    socket.ask("small");
    assert.equal((await socket.read()).says, "answer");
    socket.heard = null;
  }
  await proxy.break();
  const [fresh, freshWriter] = [new Plain(proxy.port), new Plain(proxy.port)];
  const connect = await fresh.connected;
  const isConnected = connect.says === "connects";
  const none = { says: "-" };
  const read = async (socket) => {
    if (!socket.heard) socket.ask(size);
    return socket.read();
  };
  const reads = await Promise.all([isConnected ? read(fresh) : none, read(reader)]);
  const writes = await Promise.all([isConnected ? freshWriter.write() : none, writer.write()]);
  await proxy.heal();
  const wait = 4 * patience; // Retransmissions have become rare.
  const waited = (socket, was) => (was.says === "silent" ? socket.read(wait) : none);
  const after = await Promise.all([
    connect.says === "silent"
      ? outcome((done) => fresh.socket.once("connect", () => done("connects")), { most: wait })
      : waited(fresh, reads[0]),
    waited(reader, reads[1]),
  ]);
  for (const socket of [reader, writer, fresh, freshWriter]) socket.end();
  return [connect, reads[0], writes[0], after[0], reads[1], writes[1], after[1]];
}

/** What curl and node's http see: of a new connection, and in the middle of an answer. */
async function webRow(world, kind, name) {
  const proxy = await makeProxy(world, kind, name, world.webPort);
  const size = kind.size ?? "small";
  const [since, start] = latch();
  const open = [curl, nodeHttp].map((client, index) => {
    const query = `?${name}${index}`;
    const [isBegun, begun] = latch();
    return { query, isBegun, says: client(proxy.port, `/slow/${size}${query}`, { begun, since }) };
  });
  await Promise.all(open.map(({ isBegun }) => isBegun));
  await proxy.break();
  start();
  for (const { query } of open) world.web.finish(query);
  const fresh = [curl(proxy.port, `/${size}`), nodeHttp(proxy.port, `/${size}`)];
  const outcomes = await pairs(fresh, open.map(({ says }) => says));
  // Which it is depends on whether RST comes before connect() has returned.
  if (kind.toxic?.type === "reset") {
    outcomes[0].says = outcomes[0].says.replace(/ (7|56)$/, " 7 or 56");
  }
  return outcomes;
}

/** What redis-cli and @redis/client see: of a new connection, and with a BLPOP under way. */
async function redisRow(world, kind, name) {
  const proxy = await makeProxy(world, kind, name, world.redis.port);
  const size = kind.size ?? "small";
  const [since, start] = latch();
  const database = kinds.indexOf(kind); // Of its own, so that its clients can be told apart.
  const pusher = world.redis.client.duplicate({ database });
  await pusher.connect();
  const open = [
    redisCli(proxy.port, ["-n", database, "blpop", "queue", "0"], { since }),
    nodeRedis(proxy.port, (client) => client.blPop("queue", 0), { database, since }),
  ];
  const waiting = new RegExp(` db=${database} .* cmd=blpop `, "g");
  while (((await pusher.sendCommand(["CLIENT", "LIST"])).match(waiting) ?? []).length < 2) {
    await sleep(20);
  }
  await proxy.break();
  start();
  await pusher.rPush("queue", [answers[size], answers[size]]);
  const fresh = [
    redisCli(proxy.port, ["get", size]),
    nodeRedis(proxy.port, (client) => client.get(size)),
  ];
  const outcomes = await pairs(fresh, open).finally(() => pusher.destroy());
  // RST may come before @redis/client listens for errors; then its connect() never ends.
  if (kind.toxic?.type === "reset") {
    outcomes[2].says = outcomes[2].says.replace(/^(ECONNRESET|silent)$/, "ECONNRESET or silent");
  }
  return outcomes;
}

// ---- The tables --------------------------------------------------------------

const heads = [
  [
    ["Outage", "New: connect", "read", "write", "after healing"],
    ["Open: read", "write", "after healing"],
  ].flat(),
  ["Outage", "curl: new", "mid-answer", "node http: new", "mid-answer"],
  ["Outage", "redis-cli: new", "in BLPOP", "@redis/client: new", "in BLPOP"],
];

const cell = ({ says, ms }) => {
  if (says === "-") return "-";
  if (ms < 100) return `${says} (at once)`;
  return `${says} (${(ms / 1000).toFixed(1)} s)`;
};

const line = (cells) => `| ${cells.join(" | ")} |`;

const table = (head, rows) =>
  [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n");

/** Sees to everything that is needed, and measures those kinds; resolves to the tables. */
async function measure(kinds) {
  const [plain, web] = [plainServer(), webServer()];
  const world = {
    web,
    plainPort: await listening(plain),
    webPort: await listening(web),
    redis: await startRedis(),
    faultline: await startFaultline("auto"),
    userSpace: await startFaultline("off"),
  };
  try {
    const tables = [];
    for (const [index, measureRow] of [plainRow, webRow, redisRow].entries()) {
      const rows = [];
      for (let from = 0; from < kinds.length; from += rowsAtOnce) {
        const some = kinds.slice(from, from + rowsAtOnce);
        const measured = some.map((kind, row) =>
          measureRow(world, kind, `table${index}row${from + row}`),
        );
        rows.push(...(await Promise.all(measured)));
      }
      tables.push({
        head: heads[index],
        rows: kinds.map(({ name }, row) => [name, ...rows[row].map(cell)]),
      });
    }
    return tables;
  } finally {
    world.redis.client.destroy();
    for (const child of [world.redis.child, world.faultline.child, world.userSpace.child]) {
      child.removeAllListeners("exit");
      child.kill();
    }
    for (const server of [plain, web]) server.close();
    web.closeAllConnections();
  }
}

const textOf = (tables) => tables.map(({ head, rows }) => table(head, rows)).join("\n\n");
const withoutTimes = (text) => text.replace(/ \((at once|[0-9.]+ s)\)/g, "");

if (process.argv.includes("--write")) {
  const text = await readFile(document, "utf8");
  const [before, rest] = text.split(begin);
  assert.ok(hasPacketFilters(), "the kernel refuses packet filters: not all rows can be measured");
  const measured = textOf(await measure(kinds));
  await writeFile(document, `${before}${begin}\n\n${measured}\n\n${end}${rest.split(end)[1]}`);
  process.exit(0);
} else {
  after(() => setTimeout(() => process.exit(), 300)); // Clients that hang would keep it alive.
  test("clients see of each outage what docs/outages.md says", async (context) => {
    const text = await readFile(document, "utf8");
    const written = text.split(begin)[1].split(end)[0].trim();
    const left = hasPacketFilters() ? [] : kinds.filter(({ engine }) => engine === "kernel");
    if (left.length > 0) context.diagnostic("the kernel refuses packet filters: its rows are left");
    const isMeasured = (row) => !left.some(({ name }) => row.startsWith(`| ${name} |`));
    const measured = textOf(await measure(kinds.filter((kind) => !left.includes(kind))));
    assert.deepEqual(
      withoutTimes(measured).split("\n"),
      withoutTimes(written).split("\n").filter(isMeasured),
    );
  });
}
