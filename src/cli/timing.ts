// Where the time of a command goes: stages from the start of the process, for `--timing`.

/** A named stretch of time in milliseconds. */
export interface Stage {
  readonly name: string;
  readonly milliseconds: number;
}

/** Collects stages one after the other. */
export class Timing {
  readonly #stages: Stage[] = [];
  #last = 0;

  /** Ends the stage that runs since the last call, or since the start of the process. */
  end(name: string): void {
    const now = performance.now();
    this.#stages.push({ name, milliseconds: now - this.#last });
    this.#last = now;
  }

  /** All stages and their sum, one a line. */
  toString(): string {
    const total = { name: "total", milliseconds: this.#last };
    const rows = [...this.#stages, total];
    const wide = Math.max(...rows.map(({ name }) => name.length));
    return rows
      .map(({ name, milliseconds }) => `${name.padEnd(wide)}  ${milliseconds.toFixed(0).padStart(6)} ms`)
      .join("\n");
  }
}
