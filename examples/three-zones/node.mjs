// One node of the mesh: `node node.mjs NAME ADDRESS`, started by mesh.mjs.
//
// It listens at its address, and keeps a connection to each other node, by way of Faultline. Who
// has dialled says "a1 to b2: 17" five times a second; who was dialled answers with "b2 to a1: 17".
// Both know every byte that is to come, so none can be lost, come twice or out of order unseen.
//
// Its parent is told where it listens, tells it who else there is, and is told twice a second how
// it goes.

import { once } from "node:events";
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { dial } from "./socks5.mjs";

const [name, address] = process.argv.slice(2);
const saysEveryMs = 200;
const reportsEveryMs = 500;
const reachedWithinMs = 1000;
const dialPatienceMs = 2000;

const line = (from, to, number) => `${from} to ${to}: ${number}\n`;

/** Whom this node talks to: on the connection to it, and on the one from it. */
class Peer {
  connections = 0; // Made to it.
  said = 0; // Lines on the present one,
  answered = 0; // and how many of these have come back.
  heard = 0; // Lines on the present one from it.
  wrongAnswers = 0; // Lines, on any to it,
  wrongLines = 0; // or from it, that were not what had to come next.
  answeredAt = -Infinity;

  constructor(peerName) {
    this.name = peerName;
  }

  report() {
    const { answeredAt, ...counts } = this;
    return { ...counts, reached: performance.now() - answeredAt < reachedWithinMs };
  }
}

const peers = new Map(); // By name.

function peerNamed(peerName) {
  if (!peers.has(peerName)) peers.set(peerName, new Peer(peerName));
  return peers.get(peerName);
}

/** Calls `take` with each whole line that comes. */
function readLines(socket, take) {
  let rest = "";
  socket.setEncoding("latin1").on("data", (text) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop();
    for (const one of lines) take(`${one}\n`);
  });
  socket.resume();
}

/** Says something again and again, and reads the answers, until the connection ends. */
async function talk(socket, peer) {
  peer.connections++;
  peer.said = peer.answered = 0;
  readLines(socket, (text) => {
    if (text !== line(peer.name, name, peer.answered)) return peer.wrongAnswers++;
    peer.answered++;
    peer.answeredAt = performance.now();
  });
  const speech = setInterval(() => socket.write(line(name, peer.name, peer.said++)), saysEveryMs);
  await new Promise((resolve) => socket.once("close", resolve));
  clearInterval(speech);
}

/** Dials again when there is no connection, or it has ended. */
async function keepTalking(proxy, peer, to) {
  for (;;) {
    const dialled = dial({ proxy, from: address, to, patienceMs: dialPatienceMs });
    const socket = await dialled.catch(() => null);
    if (socket) await talk(socket, peer);
    await sleep(saysEveryMs);
  }
}

/** Reads what one who has dialled says, and answers each line. His first says who he is. */
function answer(socket) {
  let peer;
  let heard = 0;
  socket.on("error", () => socket.destroy()).setNoDelay(true);
  readLines(socket, (text) => {
    peer ??= peerNamed(text.split(" ")[0]);
    if (text !== line(peer.name, name, heard)) return peer.wrongLines++;
    socket.write(line(name, peer.name, heard));
    peer.heard = ++heard;
  });
}

process.on("disconnect", () => process.exit()); // The parent is gone.

const server = net.createServer(answer);
await once(server.listen(0, address), "listening");
process.send({ listens: `${address}:${server.address().port}` });
const [{ proxy, others }] = await once(process, "message");
for (const other of others) keepTalking(proxy, peerNamed(other.name), other.address);
setInterval(() => {
  const reports = [...peers.values()].map((peer) => [peer.name, peer.report()]);
  process.send({ at: Date.now(), peers: Object.fromEntries(reports) });
}, reportsEveryMs);
