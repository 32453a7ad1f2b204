// Fifteen nodes, five in each zone, each a process; and what they say of each other.

import { once } from "node:events";
import { fileURLToPath } from "node:url";

export const zones = ["a", "b", "c"];
const nodesPerZone = 5;
const script = fileURLToPath(new URL("node.mjs", import.meta.url));

/** The address with that number in a zone: 127.2.0.3 is the third of b. */
export const addressIn = (zone, number) => `127.${zones.indexOf(zone) + 1}.0.${number}`;

export class Mesh {
  nodes = [];

  /** Resolves when each node listens, and has been told of the others and of the proxy. */
  static async start(programs, proxy) {
    const mesh = new Mesh();
    for (const zone of zones) {
      for (let number = 1; number <= nodesPerZone; number++) mesh.#add(programs, zone, number);
    }
    await Promise.all(mesh.nodes.map((node) => node.listens));
    for (const node of mesh.nodes) {
      const others = mesh.nodes.filter((other) => other !== node);
      const known = others.map(({ name, address }) => ({ name, address }));
      node.child.send({ proxy, others: known });
    }
    return mesh;
  }

  #add(programs, zone, number) {
    const name = `${zone}${number}`;
    const words = [script, name, addressIn(zone, number)];
    const stdio = ["ignore", "ignore", "pipe", "ipc"];
    const { child } = programs.start(`node ${name}`, process.execPath, words, { stdio });
    const node = { name, zone, child, report: null };
    node.listens = once(child, "message").then(([{ listens }]) => (node.address = listens));
    child.on("message", (message) => {
      if (message.peers) node.report = message;
    });
    this.nodes.push(node);
  }

  /**
   * Each node and each other, `from` the one that has dialled, as both know it; as of `since` (as
   * Date.now() says it) or later. Null if some node has not said anything since.
   */
  pairs(since) {
    if (this.nodes.some(({ report }) => !report || report.at < since)) return null;
    return this.nodes.flatMap((from) =>
      this.nodes.filter((to) => to !== from).map((to) => pairOf(from, to)),
    );
  }
}

function pairOf(from, to) {
  const there = from.report.peers[to.name];
  const here = to.report.peers[from.name] ?? { heard: 0, wrongLines: 0 }; // It has not dialled yet.
  return {
    from: from.name,
    to: to.name,
    zones: [from.zone, to.zone],
    connections: there.connections,
    said: there.said,
    heard: here.heard,
    answered: there.answered,
    wrong: there.wrongAnswers + here.wrongLines,
    reached: there.reached,
  };
}
