import type { ChannelView } from '../wire/messages.ts';

/** The newest value of every channel, in the order of the rig. */
export class Latest {
  readonly #views = new Map<string, ChannelView>();

  /** Channels of the rig; values of others are forgotten. */
  keepOnly(channels: readonly string[]): void {
    for (const known of this.#views.keys()) if (!channels.includes(known)) this.#views.delete(known);
  }

  set(view: ChannelView): void {
    const before = this.#views.get(view.channel);
    if (before === undefined || before.tHostMs <= view.tHostMs) this.#views.set(view.channel, view);
  }

  views(): readonly ChannelView[] {
    return [...this.#views.values()];
  }
}
