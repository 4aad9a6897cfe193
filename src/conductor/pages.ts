/** The tabs: one owner, any number of observers; a page of another build is an observer and is told why. */
import type { Clock, HostMs } from '../record/clock.ts';
import type { Json } from '../record/event.ts';
import type { MirrorSnapshot } from '../wire/messages.ts';
import { Mirror, type MirrorSource } from './mirror.ts';
import type { PagePeer } from './peers.ts';

interface Page {
  readonly peer: PagePeer;
  readonly mirror: Mirror;
  readonly refusal: MirrorSnapshot['refusal'];
}

export interface PagesOptions {
  readonly clock: Clock;
  readonly buildHash: string;
  readonly source: MirrorSource;
  readonly runOpen: () => boolean;
  /** The owner changed (null = none now). `wasObserver`: it watched before, so this is a take-over, not a reload. */
  owner(peer: PagePeer | null, wasObserver: boolean): void;
  broken(error: unknown): void;
}

export class Pages {
  readonly #options: PagesOptions;
  readonly #pages = new Map<string, Page>();
  #ownerId: string | null = null;
  #environment: { readonly [key: string]: Json } = {};
  #aloneSinceMs: HostMs;
  #droppedBefore = 0;

  constructor(options: PagesOptions) {
    this.#options = options;
    this.#aloneSinceMs = options.clock.hostMs();
  }

  /** `env/build.json` as the owner page told it. */
  get environment(): { readonly [key: string]: Json } {
    return this.#environment;
  }

  /** How long no page has been here, ms. */
  get aloneMs(): number {
    return this.#pages.size > 0 ? 0 : this.#options.clock.hostMs() - this.#aloneSinceMs;
  }

  get mirrorDropped(): number {
    return [...this.#pages.values()].reduce((sum, { mirror }) => sum + mirror.dropped, this.#droppedBefore);
  }

  connect(peer: PagePeer): void {
    const before = this.#pages.get(peer.pageId);
    if (before !== undefined) this.#drop(before);
    const { source, broken } = this.#options;
    const refusal = this.#refusalOf(peer);
    const page = { peer, refusal, mirror: new Mirror(peer.mirror, source, broken) };
    this.#pages.set(peer.pageId, page);
    void peer.gone.then(() => this.#gone(page));
    if (!peer.owner || refusal !== null) {
      if (this.#ownerId === peer.pageId) this.#setOwner(null, false);
      return;
    }
    if (peer.environment !== null) this.#environment = peer.environment;
    this.#setOwner(peer, before !== undefined && !before.peer.owner);
  }

  isOwner(pageId: string): boolean {
    return this.#ownerId === pageId;
  }

  tick(): void {
    for (const [pageId, { mirror }] of this.#pages) mirror.frame(this.isOwner(pageId));
  }

  /** Null when this page is not known (any more). */
  snapshot(pageId: string): MirrorSnapshot | null {
    const page = this.#pages.get(pageId);
    return page === undefined ? null : page.mirror.snapshot(this.isOwner(pageId), page.refusal);
  }

  #refusalOf({ buildHash }: PagePeer): MirrorSnapshot['refusal'] {
    if (buildHash === this.#options.buildHash) return null;
    const held = this.#options.runOpen() ? 'a run' : 'the bench';
    const detail = `${held} is held by build ${this.#options.buildHash}; this page is build ${buildHash}`;
    return { code: 'build', detail };
  }

  #setOwner(peer: PagePeer | null, wasObserver: boolean): void {
    this.#ownerId = peer?.pageId ?? null;
    this.#options.owner(peer, wasObserver);
  }

  #gone(page: Page): void {
    if (this.#pages.get(page.peer.pageId) !== page) return;
    this.#drop(page);
    if (this.#ownerId === page.peer.pageId) this.#setOwner(null, false);
  }

  #drop(page: Page): void {
    this.#pages.delete(page.peer.pageId);
    this.#droppedBefore += page.mirror.dropped;
    page.peer.close();
    if (this.#pages.size === 0) this.#aloneSinceMs = this.#options.clock.hostMs();
  }
}
