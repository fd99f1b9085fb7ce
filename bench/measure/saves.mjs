import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { inherited, running } from './process.mjs';

/** What a save ends with: how long it took, in parentheses. */
const isDone = (line) => /\((\d[\d.]* m?s)\)$/.test(line);

/** A `dev --watch` that is running. */
export class Saves {
  #child;
  #output = '';
  #waiting;

  /** Starts it, and waits until it has nothing more to do. */
  static async start([program, ...args], { cwd, env }) {
    const saves = new Saves();
    const options = { cwd, env: { ...inherited, ...env, NO_COLOR: '1' }, stdio: ['ignore', 'pipe', 'pipe'] };
    saves.#child = spawn(program, args, options);
    running.add(saves.#child);
    const read = (text) => {
      saves.#output += text;
      if (text.split('\n').some(isDone)) saves.#waiting?.resolve();
    };
    for (const stream of ['stdout', 'stderr']) saves.#child[stream].setEncoding('utf8').on('data', read);
    saves.#child.on('exit', (code) =>
      saves.#waiting?.reject(new Error(`dev --watch ended with ${code}:\n${saves.#output.slice(-4000)}`)),
    );
    await saves.#done(() => undefined);
    return saves;
  }

  /** Saves a file, and says how many seconds later everything that follows from it is done. */
  async save(file, text) {
    const started = performance.now();
    await this.#done(() => writeFileSync(file, text));
    return (performance.now() - started) / 1000;
  }

  async stop() {
    this.#waiting = undefined;
    const ended = new Promise((resolve) => this.#child.on('close', resolve));
    this.#child.kill('SIGINT');
    await ended;
    running.delete(this.#child);
  }

  #done(begin) {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      begin();
    });
  }
}
