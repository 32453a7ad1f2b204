// The programs of a play: started here, and ended here by their number.

import { spawn } from "node:child_process";

const endsWithinMs = 5000;

/** One of them, and what it says on either stream. */
class Program {
  said = "";

  constructor(name, child) {
    this.name = name;
    this.child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text) => (this.said += text));
    }
    /** Its exit status; or the signal that has ended it, or why it could not be started. */
    this.ended = new Promise((resolve) => {
      child.once("error", (error) => resolve(error.message));
      child.once("close", (status, signal) => resolve(status ?? signal));
    });
  }

  /** Waits until it has said `pattern`; resolves to the match. */
  says(pattern) {
    return new Promise((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(this.said);
        if (match) resolve(match);
      };
      for (const stream of [this.child.stdout, this.child.stderr]) stream.on("data", look);
      look();
      this.ended.then((how) => reject(this.hasEnded(how)));
    });
  }

  hasEnded(how) {
    return new Error(`${this.name} has ended: ${how}\n${this.said}`.trimEnd());
  }

  async end() {
    this.child.kill("SIGTERM");
    const late = setTimeout(() => this.child.kill("SIGKILL"), endsWithinMs);
    await this.ended;
    clearTimeout(late);
  }
}

export class Programs {
  #running = new Set();
  #isEnding = false;
  #fail;
  /** Rejects when one that should run on has ended. */
  failure = new Promise((_, reject) => (this.#fail = reject));

  /** One that runs until end(). */
  start(name, command, words, options = {}) {
    const program = this.#spawn(name, command, words, options);
    program.ended.then((how) => {
      if (!this.#isEnding) this.#fail(program.hasEnded(how));
    });
    return program;
  }

  /** One that ends by itself; resolves to its exit status and what it has said. */
  async run(command, words, options = {}) {
    const program = this.#spawn(command, command, words, options);
    return { status: await program.ended, said: program.said };
  }

  #spawn(name, command, words, options) {
    if (this.#isEnding) throw new Error(`${name} is not started any more`);
    // Ctrl-C reaches the group of a terminal: a group of their own leaves their end to us.
    const stdio = ["ignore", "pipe", "pipe"];
    const program = new Program(name, spawn(command, words, { stdio, detached: true, ...options }));
    this.#running.add(program);
    program.ended.then(() => this.#running.delete(program));
    return program;
  }

  /** Ends all, those first that were started last. */
  async end() {
    this.#isEnding = true;
    for (const program of [...this.#running].reverse()) await program.end();
  }
}
