// Words to try, the first one shown at the start: spellings that hide sounds, each read right by the model that ships.

export const examples = ["attention", "knight", "thought", "physics", "daughter", "gnome", "psychology"] as const;
