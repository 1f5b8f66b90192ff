// Everything the pages draw with, as one module.
import { h, render } from "preact";
import htm from "htm";

export { h, render };
export { useEffect, useRef, useState } from "preact/hooks";
export { batch, computed, effect, signal, useComputed, useSignal } from "@preact/signals";
export const html = htm.bind(h);
