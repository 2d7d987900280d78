// Time that has passed: on the clock, and of the processor in this process with all its threads.

/** Milliseconds of both kinds. */
export type Elapsed = { readonly ms: number; readonly cpuMs: number };

/** Starts a watch; each call of it gives what passed since the last. */
export function stopwatch(): () => Elapsed {
  let clock = performance.now();
  let cpu = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(cpu);
    const ms = performance.now() - clock;
    cpu = process.cpuUsage();
    clock = performance.now();
    return { ms, cpuMs: (user + system) / 1000 };
  };
}
