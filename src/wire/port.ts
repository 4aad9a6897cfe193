/** A data port: whole frames, one listener. Real ones are MessagePorts; the simulation has its own. */
export interface FramePort<TIn, TOut> {
  post(frame: TOut): void;
  /** Called once. Frames that came earlier are delivered then. */
  listen(onFrame: (frame: TIn) => void): void;
  close(): void;
}

/** Nobody here knows a frame of this type: the two ends are of different builds, or there is a bug. */
export class UnknownFrame extends Error {
  readonly code = 'unknown_frame';
  constructor(where: string, frame: unknown) {
    const type = typeof frame === 'object' && frame !== null && 'type' in frame ? frame.type : frame;
    super(`${where}: unknown message of type ${JSON.stringify(type)}`);
  }
}

export function framePort<TIn, TOut>(port: MessagePort): FramePort<TIn, TOut> {
  return {
    post: (frame) => port.postMessage(frame),
    listen: (onFrame) => {
      port.onmessage = ({ data }: MessageEvent<TIn>) => onFrame(data);
    },
    close: () => port.close(),
  };
}
