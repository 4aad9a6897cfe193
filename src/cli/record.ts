/** `npm run record`: one run in a browser without a window, exported and verified. Exit codes as `USAGE` says. */
import { readFileSync } from 'node:fs';
import { parseRig } from '../rig/toml.ts';
import { DECLARATIONS } from '../instruments/declarations.ts';
import type { Rig } from '../rig/rig.ts';
import type { RunState } from '../record/run-state.ts';
import { isRunOpen } from '../record/run-state.ts';
import { ensureBuilt, portUser, serve } from './app-server.mjs';
import { KioskDriver } from './kiosk-driver.ts';
import { ORIGIN, PORT } from './places.mjs';
import type { RecordOptions } from './record-options.ts';
import { readRecordOptions, USAGE } from './record-options.ts';
import { grantsFor, seedSerialGrants, usbDevices } from './serial-grants.ts';
import { ensureBrowser } from './setup.mjs';
import { verifyPath } from './verify-bundle.ts';

const EXIT = { sealed: 0, abortedOrRefused: 1, crashed: 2, verificationFailed: 3, other: 5 } as const;
const CONNECT_TIMEOUT_MS = 30_000;
const PROGRESS_MS = 2000;
const POLL_MS = 250;
/** Journal, events and one to go on with. */
const SPARES_MIN = 3;

class Refused extends Error {}
class Crashed extends Error {}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** One Ctrl-C may arrive twice: from the terminal and from the program that started us. */
const SAME_KEY_MS = 500;

/** The first Ctrl-C stops and seals, the second kills. */
class Interrupt {
  #kiosk: KioskDriver | null = null;
  #askedMs = 0;
  asked = false;

  constructor() {
    process.on('SIGINT', () => this.#hit());
    process.on('SIGTERM', () => this.#hit());
  }

  watch(kiosk: KioskDriver): void {
    this.#kiosk = kiosk;
  }

  #hit(): void {
    if (this.asked && Date.now() - this.#askedMs < SAME_KEY_MS) return;
    if (this.asked || this.#kiosk === null) process.exit(EXIT.crashed);
    this.asked = true;
    this.#askedMs = Date.now();
    console.log('stopping; Ctrl-C again kills');
  }
}

function readRig(path: string): { toml: string; rig: Rig } {
  const toml = readFileSync(path, 'utf8');
  const rig = parseRig(toml, DECLARATIONS);
  if (rig.ok) return { toml, rig: rig.value };
  const lines = rig.error.map((problem) => {
    const numbers =
      problem.expected === undefined ? '' : ` (expected ${problem.expected}, found ${problem.actual})`;
    return `${problem.path}: ${problem.message}${numbers} [${problem.code}]`;
  });
  throw new Refused(`the rig is refused:\n${lines.join('\n')}`);
}

async function waitForDevices(kiosk: KioskDriver, rig: Rig, interrupt: Interrupt): Promise<void> {
  const deadline = Date.now() + CONNECT_TIMEOUT_MS;
  for (;;) {
    const { devices } = await kiosk.facts();
    const missing = rig.devices.filter(
      ({ name }) => !devices.some((device) => device.name === name && device.phase === 'polling'),
    );
    if (missing.length === 0) return;
    if (interrupt.asked) throw new Refused('stopped before the run began');
    if (Date.now() > deadline) {
      const words = devices.map(({ name, phase, detail }) => `${name}: ${phase} ${detail}`).join('\n');
      throw new Refused(`not every instrument answers after ${CONNECT_TIMEOUT_MS / 1000} s:\n${words}`);
    }
    await pause(POLL_MS);
  }
}

/** Bytes rest only in files at least 60 s old; `armNow` needs only that there are some. */
async function waitForStorage(kiosk: KioskDriver, armNow: boolean, interrupt: Interrupt): Promise<void> {
  let said = false;
  for (;;) {
    const { armInS, spares, storageError } = await kiosk.facts();
    if (storageError !== null) throw new Refused(`storage: ${storageError}`);
    if (armInS === 0 || (armNow && spares >= SPARES_MIN)) return;
    if (!armNow && armInS !== null && !said) {
      console.log(`waiting ${Math.ceil(armInS)} s until the storage is old enough to survive a power cut`);
      said = true;
    }
    if (interrupt.asked) throw new Refused('stopped before the run began');
    await pause(POLL_MS);
  }
}

async function waitForSeal(kiosk: KioskDriver, interrupt: Interrupt): Promise<RunState> {
  let stopped = false;
  let spoken = 0;
  for (;;) {
    if (kiosk.crashed !== null) throw new Crashed(kiosk.crashed);
    const facts = await kiosk.facts();
    const { state } = facts;
    if (Date.now() - spoken >= PROGRESS_MS || !isRunOpen(state)) {
      spoken = Date.now();
      const elapsed = facts.elapsedS === null ? '' : `${facts.elapsedS.toFixed(1)} s  `;
      const counts = `${facts.eventsRecorded} events  ${facts.dataRecorded} data  ${facts.journalBytes} bytes`;
      console.log(`${state.phase.padEnd(10)}  ${elapsed}${counts}`);
    }
    if (!isRunOpen(state)) return state;
    if (interrupt.asked && !stopped) {
      stopped = true;
      await kiosk.stop();
    }
    await pause(POLL_MS);
  }
}

async function record(options: RecordOptions, kiosk: KioskDriver, rig: Rig, toml: string): Promise<number> {
  const interrupt = new Interrupt();
  interrupt.watch(kiosk);
  const problems = await kiosk.loadRig(toml);
  if (problems.length > 0)
    throw new Refused(problems.map(({ path, message }) => `${path}: ${message}`).join('\n'));
  await waitForDevices(kiosk, rig, interrupt);
  const simulated = rig.devices.every(({ port }) => port.transport === 'simulated');
  const armNow = options.armNow || simulated;
  await waitForStorage(kiosk, armNow, interrupt);
  const started = await kiosk.start({
    sampleId: options.sampleId,
    operator: { id: options.operatorId, displayName: options.operatorId },
    durationS: options.durationS,
    armNow,
  });
  if (!started.ok) throw new Refused(`${started.code}: ${started.detail}`);
  console.log(`run ${started.runId}`);
  const state = await waitForSeal(kiosk, interrupt);
  if (state.phase !== 'sealed') throw new Crashed(state.phase === 'failed' ? state.reason : state.phase);
  const path = await kiosk.export(state.runId, options.outFolder);
  const report = await verifyPath(path);
  console.log(`bundle ${path}`);
  console.log(`digest ${report.rootDigest}`);
  for (const { path: member, kind, detail } of report.problems)
    console.error(`${member}: ${kind}: ${detail}`);
  if (report.integrity !== 'ok' || report.rootDigest !== state.rootDigest) {
    console.error(`verification failed: ${report.integrity}, sealed as ${state.rootDigest}`);
    return EXIT.verificationFailed;
  }
  console.log(`verified; run ${state.outcome.runStatus} (${state.outcome.exitReason})`);
  return state.outcome.runStatus === 'completed' ? EXIT.sealed : EXIT.abortedOrRefused;
}

async function main(): Promise<number> {
  const options = readRecordOptions(process.argv.slice(2));
  const { toml, rig } = readRig(options.rigPath);
  const user = await portUser();
  if (user === 'other')
    throw new Refused(`port ${PORT} is taken by another program; end it or set BENCHSEAL_PORT`);
  if (user === 'free') ensureBuilt();
  const server = user === 'free' ? await serve() : null;
  try {
    seedSerialGrants(options.profileFolder, ORIGIN, [...grantsFor(rig, usbDevices()), ...options.grants]);
    const kiosk = await KioskDriver.launch(ensureBrowser(), options.profileFolder, `${ORIGIN}/`);
    try {
      return await record(options, kiosk, rig, toml);
    } finally {
      await kiosk.close();
    }
  } finally {
    await server?.stop();
  }
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    if (error instanceof Refused) process.exit(EXIT.abortedOrRefused);
    if (error instanceof Crashed) process.exit(EXIT.crashed);
    if (error instanceof TypeError || (error instanceof Error && error.message.startsWith('--')))
      console.error(USAGE);
    process.exit(EXIT.other);
  },
);
