// The largest flow through a network, exactly: Dinic's algorithm over real capacities.

/** Directed edges by number; capacities are finite and >= 0. */
export interface FlowNetwork {
  readonly nodeCount: number;
  readonly tails: Int32Array;
  readonly heads: Int32Array;
  readonly capacities: Float64Array;
}

/** Every edge as two arcs, 2 e forth and 2 e + 1 back, listed by the node that they leave. */
interface Arcs {
  readonly heads: Int32Array;
  /** Arcs of node v: `order[first[v]]` to `order[first[v + 1] - 1]`. */
  readonly first: Int32Array;
  readonly order: Int32Array;
}

/**
 * The function that gives the largest flow from one node to another, other node.
 *
 * An augmenting path takes the whole of its narrowest arc, which leaves exactly 0 there, so the algorithm ends for real
 * capacities after O(V² E) steps, and the only error is that of adding and subtracting in float64.
 *
 * Source: Dinic 1970, "Algorithm for solution of a problem of maximum flow in a network with power estimation".
 */
export function maxFlow(network: FlowNetwork): (source: number, sink: number) => number {
  const arcs = arcsOf(network);
  const residual = new Float64Array(arcs.heads.length);
  return (source, sink) => {
    residual.fill(0);
    network.capacities.forEach((capacity, e) => (residual[2 * e] = capacity));
    let flow = 0;
    for (;;) {
      const levels = levelsTo(sink, source, arcs, residual);
      if (levels[source]! < 0) return flow;
      flow += blockingFlow(source, sink, arcs, residual, levels);
    }
  };
}

function arcsOf({ nodeCount, tails, heads }: FlowNetwork): Arcs {
  const arcHeads = new Int32Array(2 * heads.length);
  const first = new Int32Array(nodeCount + 1);
  heads.forEach((head, e) => {
    arcHeads[2 * e] = head;
    arcHeads[2 * e + 1] = tails[e]!;
    first[tails[e]! + 1]!++;
    first[head + 1]!++;
  });
  for (let v = 0; v < nodeCount; v++) first[v + 1]! += first[v]!;
  const next = first.slice();
  const order = new Int32Array(arcHeads.length);
  for (let a = 0; a < arcHeads.length; a++) order[next[arcHeads[a ^ 1]!]!++] = a;
  return { heads: arcHeads, first, order };
}

/** Arcs from each node to the sink along a shortest path that has room; -1 where there is none, or it is longer than the source's. */
function levelsTo(sink: number, source: number, { heads, first, order }: Arcs, residual: Float64Array): Int32Array {
  const levels = new Int32Array(first.length - 1).fill(-1);
  const queue = [sink];
  levels[sink] = 0;
  for (let i = 0; i < queue.length && levels[source]! < 0; i++) {
    const v = queue[i]!;
    for (let n = first[v]!; n < first[v + 1]!; n++) {
      const arc = order[n]!;
      const u = heads[arc]!;
      if (levels[u]! >= 0 || residual[arc ^ 1] === 0) continue;
      levels[u] = levels[v]! + 1;
      queue.push(u);
    }
  }
  return levels;
}

/** Sends along shortest paths until none has room; changes `residual` and `levels`. */
function blockingFlow(
  source: number,
  sink: number,
  { heads, first, order }: Arcs,
  residual: Float64Array,
  levels: Int32Array,
): number {
  const next = first.slice(0, -1);
  const path: number[] = [];
  let flow = 0;
  for (let v = source; ;) {
    if (v === sink) {
      const narrowest = path.reduce((least, arc) => Math.min(least, residual[arc]!), Infinity);
      for (const arc of path) {
        residual[arc]! -= narrowest;
        residual[arc ^ 1]! += narrowest;
      }
      flow += narrowest;
      const full = path.findIndex((arc) => residual[arc] === 0);
      v = heads[path[full]! ^ 1]!;
      path.length = full;
      continue;
    }
    const isOpen = (arc: number): boolean => residual[arc]! > 0 && levels[heads[arc]!] === levels[v]! - 1;
    while (next[v]! < first[v + 1]! && !isOpen(order[next[v]!]!)) next[v]!++;
    if (next[v]! < first[v + 1]!) {
      const arc = order[next[v]!]!;
      path.push(arc);
      v = heads[arc]!;
    } else if (v === source) return flow;
    else {
      levels[v] = -1; // a dead end
      v = heads[path.pop()! ^ 1]!;
    }
  }
}
