// What local windows may be told: how far they reach.

import { checkOptions, optionError } from "../../core/errors.ts";

/** Options of `localM` and `localP`. */
export interface LocalOptions {
  /** D, in positions to either side: the window has at most 2 D + 1 of them. An integer >= 1. Default 10, as Luong et al. */
  readonly reach?: number;
}

/** The reach of a window. @throws HeedError for an unknown option, or a reach that is not an integer >= 1. */
export function reachOf(where: string, options: LocalOptions): number {
  checkOptions(where, options, ["reach"]);
  const { reach = 10 } = options;
  if (!Number.isSafeInteger(reach) || reach < 1)
    throw optionError(where, "reach must be an integer >= 1", String(reach));
  return reach;
}
