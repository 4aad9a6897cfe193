/** What a member is, for `README.txt`. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/^manifest\.json$/, 'who, what, when, with which build; statuses; shape of the data'],
  [/^manifest\.sha256$/, 'SHA-256 of every member, for sha256sum -c'],
  [/^README\.txt$/, 'this file'],
  [/^scalars\.parquet$/, 'channel samples: calibrated, with units, long format'],
  [/^device_records\//, 'what the instruments said, one file per family'],
  [/^events\.sqlite$/, 'milestones, alarms, commands, notes (table events) and their hash chain'],
  [/^status\.sqlite$/, 'health of the devices over time'],
  [/^run\.log$/, 'log of the run, JSON Lines'],
  [/^prerun\.log$/, 'log of the minutes before the run'],
  [/^mcap\//, 'journal: every byte on every wire, records, status, log (MCAP)'],
  [/^config\.toml$/, 'the rig and run settings, every default written out'],
  [/^method\.toml$/, 'the method as run'],
  [/^equipment\.toml$/, 'the devices and who they said they are'],
  [/^calibration\.json$/, 'calibration curve of every channel'],
  [/^env\//, 'the build and the browser that ran'],
  [/^evidence\//, 'originals of what was torn, untouched'],
];

export function memberWords(path: string): string {
  return WORDS.find(([pattern]) => pattern.test(path))?.[1] ?? '';
}
