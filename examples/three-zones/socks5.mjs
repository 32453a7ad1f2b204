// SOCKS 5, as far as a client needs it to reach an IPv4 address (RFC 1928).

import { once } from "node:events";
import net from "node:net";

/** The next `size` bytes. Rejects when they do not come. */
async function take(socket, size, signal) {
  for (;;) {
    const bytes = socket.read(size);
    if (bytes?.length === size) return bytes;
    if (socket.readableEnded || bytes) throw new Error("the proxy has closed the connection");
    await once(socket, "readable", { signal });
  }
}

/**
 * A connection to `to`, HOST:PORT, by way of `proxy`, dialled from the address `from`. Rejects if
 * there is none after `patienceMs`.
 */
export async function dial({ proxy, from, to, patienceMs }) {
  const signal = AbortSignal.timeout(patienceMs);
  const [proxyHost, proxyPort] = proxy.split(":");
  const [host, port] = to.split(":");
  const where = { host: proxyHost, port: Number(proxyPort), localAddress: from, noDelay: true };
  const socket = net.connect(where);
  socket.on("error", () => socket.destroy());
  try {
    await once(socket, "connect", { signal });
    socket.write(Buffer.from([5, 1, 0])); // One way to say who we are: not at all.
    const [version, method] = await take(socket, 2, signal);
    if (version !== 5 || method !== 0) throw new Error("the proxy wants something else");
    const address = host.split(".").map(Number);
    socket.write(Buffer.from([5, 1, 0, 1, ...address, port >> 8, port & 255]));
    const [, reply] = await take(socket, 10, signal);
    if (reply !== 0) throw new Error(`the proxy cannot connect: reply ${reply}`);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}
