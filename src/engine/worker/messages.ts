// The protocol between a page and the worker that holds its sessions. Plain data only, so that every message can be cloned.

import type { DType, TypedArray } from "../../core/dtype.ts";
import { HeedError, type ErrorCode } from "../../core/errors.ts";
import type { TensorType } from "../../core/tensor.ts";
import type { SessionSettings } from "../runtime.ts";
import type { WebSettings } from "../web.ts";

/** The settings that a worker is told: addresses are absolute, as a worker has another base. */
export type RuntimeSettings = Omit<WebSettings, "worker" | "silenceMs">;

/** What the page asks for. */
export type Request =
  | { readonly type: "open"; readonly device: "wasm" | "webgpu"; readonly settings: RuntimeSettings }
  | { readonly type: "create"; readonly model: Uint8Array; readonly settings: SessionSettings }
  | {
      readonly type: "run";
      readonly session: number;
      readonly feeds: readonly FeedMessage[];
      readonly outputs: readonly OutputMessage[];
    }
  | { readonly type: "release"; readonly session: number };

/** Page to worker: a request and the number that its answer will carry. */
export type ToWorker = Request & { readonly id: number };

/** Worker to page. `lost` answers nothing: it says that the worker is of no use any more. */
export type FromWorker =
  | { readonly type: "done"; readonly id: number; readonly value: Answer }
  | { readonly type: "failed"; readonly id: number; readonly error: ErrorMessage }
  | { readonly type: "lost"; readonly reason: string };

/** What an answer carries: the number of a new session, the elements of a run's outputs, or nothing. */
export type Answer = number | readonly TypedArray[] | null;

/** A feed without its node. */
export interface FeedMessage {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TypedArray;
}

/** A wanted output without its node. */
export interface OutputMessage {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** An error as data. */
export interface ErrorMessage {
  readonly code: ErrorCode;
  readonly where: string;
  readonly expected: string;
  readonly got?: string;
  readonly hint?: string;
  /** The error behind it, as text. */
  readonly cause?: string;
}

/** An error on its way to the page. */
export function packError(error: unknown): ErrorMessage {
  if (!(error instanceof HeedError))
    return { code: "internal", where: "engine.worker", expected: "the worker must answer", got: textOf(error) };
  const { code, where, expected, got, hint, cause } = error;
  return {
    code,
    where,
    expected,
    ...(got === undefined ? {} : { got }),
    ...(hint === undefined ? {} : { hint }),
    ...(cause === undefined ? {} : { cause: textOf(cause) }),
  };
}

/** The same error in the page. */
export function unpackError({ cause, ...facts }: ErrorMessage): HeedError {
  return new HeedError(cause === undefined ? facts : { ...facts, cause: new Error(cause) });
}

/** Dtype and shape alone: a graph's tensor cannot be sent. */
export function packType({ dtype, shape }: TensorType): { readonly dtype: DType; readonly shape: readonly number[] } {
  return { dtype, shape: [...shape] };
}

/**
 * Elements on their way to the other side, and what moves there rather than being copied again.
 *
 * @param keep - whether the sender goes on using them. If not, and nothing else lies in their buffer, they move.
 */
export function packArrays(arrays: readonly { readonly data: TypedArray; readonly keep: boolean }[]): {
  readonly data: readonly TypedArray[];
  readonly transfer: readonly ArrayBuffer[];
} {
  const transfer = new Set<ArrayBuffer>();
  const data = arrays.map(({ data: elements, keep }) => {
    const { buffer } = elements;
    const whole = buffer instanceof ArrayBuffer && buffer.byteLength === elements.byteLength;
    const sent = keep || !whole || transfer.has(buffer) ? elements.slice() : elements;
    transfer.add(sent.buffer as ArrayBuffer);
    return sent;
  });
  return { data, transfer: [...transfer] };
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
