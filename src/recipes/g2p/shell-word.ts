// Text as one word of a shell's command line, for commands that people copy.

/**
 * The text as it is where a POSIX shell takes it for one word, else in single quotes.
 *
 * Example: mine -> mine, my words -> 'my words', it's -> 'it'\''s'
 */
export function shellWord(text: string): string {
  return /^[\p{L}\p{N}\p{M}_@%+=:,./-]+$/u.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
