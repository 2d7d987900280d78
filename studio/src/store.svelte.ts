// Holds the session where Svelte sees it change; the session itself stays immutable.

import type { Session } from "./session.ts";

export interface Store {
  readonly session: Session;
  update(change: (session: Session) => Session): void;
}

export function createStore(first: Session): Store {
  let session = $state.raw(first);
  return {
    get session() {
      return session;
    },
    update(change) {
      session = change(session);
    },
  };
}
