// Draws links of every weight, or only those of 1 % and more.

import type { Command } from "./command.ts";

export const toggleLinks: Command = {
  name: "toggle-links",
  label: "Show or hide links under 1 %",
  key: "t",
  when: (session) => session.answer !== undefined && session.view === "lines",
  perform: (session) => ({
    ...session,
    allLinks: !session.allLinks,
    announcement: session.allLinks ? "Links under 1 % are hidden." : "All links are drawn.",
  }),
};
