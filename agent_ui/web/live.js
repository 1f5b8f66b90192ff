// Live documents: a snapshot, then numbered changes (JSON Merge Patch, RFC 7396).
import { signal } from "/vendor/ui.js";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8000;
const PING_MS = 10000;
const SILENT_MS = 25000;
const SESSION_OVER = 4401;

/** @typedef {Record<string, any>} Doc */

/**
 * A new document with the patch applied.
 * @param {Doc} doc @param {Doc} patch @returns {Doc}
 */
export function merged(doc, patch) {
  const out = { ...doc };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete out[key];
    else if (typeof value === "object" && !Array.isArray(value)) {
      const before = out[key];
      const nested = before && typeof before === "object" && !Array.isArray(before) ? before : {};
      out[key] = merged(nested, value);
    } else out[key] = value;
  }
  return out;
}

/** The live link of this page. Documents are signals; an unknown one is an empty object. */
export class Live {
  constructor() {
    /** @type {Map<string, {value: Doc}>} */
    this.docs = new Map();
    /** @type {Map<string, number>} */
    this.numbers = new Map();
    /** "over": the session has ended */
    this.state = signal(/** @type {"up" | "down" | "over"} */ ("down"));
    /** Milliseconds our clock is behind the server's. */
    this.behind = 0;
    this.wait = FIRST_WAIT_MS;
    this.heard = 0;
    /** @type {WebSocket | null} */
    this.socket = null;
    this.timer = 0;
  }

  /** @param {string} name */
  doc(name) {
    let found = this.docs.get(name);
    if (!found) {
      found = signal(/** @type {Doc} */ ({}));
      this.docs.set(name, found);
    }
    return found;
  }

  /** The server's time now, in milliseconds. */
  now() {
    return Date.now() + this.behind;
  }

  start() {
    this.stopped = false;
    this.#connect();
    this.timer = setInterval(() => this.#ping(), PING_MS);
  }

  stop() {
    this.stopped = true;
    clearInterval(this.timer);
    this.socket?.close();
  }

  #connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/api/v1/live`);
    this.socket = socket;
    socket.onmessage = (event) => this.#take(JSON.parse(event.data));
    socket.onclose = (event) => {
      if (this.socket !== socket || this.stopped) return;
      if (event.code === SESSION_OVER) {
        this.state.value = "over";
        return;
      }
      this.state.value = "down";
      setTimeout(() => this.#connect(), this.wait * (0.75 + Math.random() / 2));
      this.wait = Math.min(this.wait * 2, LONGEST_WAIT_MS);
    };
  }

  /** @param {any} message */
  #take(message) {
    this.heard = Date.now();
    if (message.hello) {
      this.behind = Date.parse(message.hello.now) - Date.now();
      this.numbers.clear();
      this.wait = FIRST_WAIT_MS;
      this.state.value = "up";
    } else if (message.doc) {
      const doc = this.doc(message.doc);
      if (message.value !== undefined) {
        doc.value = message.value;
      } else if (message.n === (this.numbers.get(message.doc) ?? -1) + 1) {
        doc.value = merged(doc.value, message.patch);
      } else {
        // a change is missing: begin afresh rather than show what is not so
        this.socket?.close();
        return;
      }
      this.numbers.set(message.doc, message.n);
    }
  }

  #ping() {
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    if (Date.now() - this.heard > SILENT_MS) {
      this.socket.close();
      return;
    }
    this.socket.send("ping");
  }
}
