// The softphone: one telephone in the page, behind a table of the steps it may take.
import JsSIP from "/vendor/sip.js";
import { signal } from "/vendor/ui.js";

/** What the telephone is doing: off, joining, idle, ringing, answering, talking, lost. */
const STEPS = {
  off: { start: "joining" },
  // a call that comes in shows that the registration stands, whatever we were told of it
  joining: { registered: "idle", ring: "ringing", failed: "lost", stop: "off" },
  idle: { ring: "ringing", failed: "lost", stop: "off", registered: "idle" },
  ringing: { accept: "answering", ended: "idle", failed: "lost", stop: "off", registered: "ringing" },
  answering: { confirmed: "talking", ended: "idle", failed: "lost", stop: "off", registered: "answering" },
  // a lost registration does not end a talk: its sound has a way of its own
  talking: { ended: "idle", failed: "talking", stop: "off", registered: "talking" },
  lost: { registered: "idle", ring: "ringing", failed: "lost", stop: "off", ended: "lost" },
};

const MICROPHONE = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
const REGISTER_S = 60;

export class Phone {
  constructor() {
    this.state = signal("off");
    this.problem = signal("");
    /** @type {any} */
    this.ua = null;
    /** @type {any} */
    this.session = null;
    /** Answer the next ring without asking: we have asked for it ourselves. */
    this.expected = false;
    this.audio = new Audio();
    this.audio.autoplay = true;
    /** @type {{microphone: string, speaker: string}} */
    this.devices = { microphone: "", speaker: "" };
    JsSIP.debug.disable();
  }

  /** @param {keyof typeof STEPS | string} what */
  #step(what) {
    const steps = /** @type {Record<string, Record<string, string>>} */ (STEPS);
    const next = steps[this.state.value]?.[what];
    if (next) this.state.value = next;
    return Boolean(next);
  }

  /**
   * Register with the account of this shift.
   * @param {{line: string, password: string, url: string, domain: string}} account
   */
  start(account) {
    if (this.ua) this.stop();
    this.#step("start");
    const socket = new JsSIP.WebSocketInterface(account.url);
    const ua = new JsSIP.UA({
      sockets: [socket],
      uri: `sip:${account.line}@${account.domain}`,
      authorization_user: account.line,
      password: account.password,
      register_expires: REGISTER_S,
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 8,
      session_timers: false,
      user_agent: "hotline-12348 desk",
    });
    this.ua = ua;
    ua.on("registered", () => {
      this.problem.value = "";
      this.#step("registered");
    });
    ua.on("registrationFailed", () => {
      this.problem.value = "话机注册不上，正在重试";
      this.#step("failed");
    });
    ua.on("disconnected", () => {
      this.problem.value = "话机连接断开，正在重连";
      this.#step("failed");
    });
    ua.on("newRTCSession", (/** @type {any} */ event) => this.#incoming(event));
    ua.start();
  }

  stop() {
    this.ua?.stop();
    this.ua = null;
    this.session = null;
    this.#step("stop");
  }

  /** @param {any} event */
  #incoming(event) {
    const session = event.session;
    if (event.originator !== "remote" || (this.session && !this.expected)) {
      session.terminate({ status_code: 486 });
      return;
    }
    this.session = session;
    session.on("peerconnection", () => this.#listen(session));
    session.on("accepted", () => this.#step("confirmed"));
    session.on("confirmed", () => this.#step("confirmed"));
    const over = () => {
      if (this.session === session) {
        this.session = null;
        this.#step("ended");
      }
    };
    session.on("ended", over);
    session.on("failed", over);
    this.#step("ring");
    if (this.expected) this.answer();
  }

  /** @param {any} session */
  #listen(session) {
    session.connection.addEventListener("track", (/** @type {RTCTrackEvent} */ event) => {
      this.audio.srcObject = event.streams[0] ?? new MediaStream([event.track]);
      this.audio.play().catch(() => {
        this.problem.value = "浏览器不让放声音，请在页面上点一下";
      });
    });
  }

  async answer() {
    this.expected = false;
    if (!this.session || !this.#step("accept")) return;
    const device = this.devices.microphone;
    const audio = device ? { ...MICROPHONE, deviceId: { exact: device } } : MICROPHONE;
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio });
      this.session?.answer({ mediaStream: stream, pcConfig: { iceServers: [] } });
    } catch {
      this.problem.value = "用不了麦克风：请在浏览器地址栏允许使用，并检查耳麦";
      this.session?.terminate({ status_code: 480 });
    }
  }

  /** Refuse a ring, or leave a talk. */
  end() {
    const session = this.session;
    if (session && !session.isEnded()) session.terminate();
  }

  /** Lost and received sound of the talk so far, for the device page and tests. */
  async quality() {
    const found = { sent: 0, received: 0, lost: 0, energy: 0 };
    const report = await this.session?.connection?.getStats();
    report?.forEach((/** @type {any} */ one) => {
      if (one.kind !== "audio") return;
      if (one.type === "inbound-rtp") {
        found.received = one.packetsReceived;
        found.lost = one.packetsLost;
        found.energy = one.totalAudioEnergy ?? 0;
      } else if (one.type === "outbound-rtp") found.sent = one.packetsSent;
    });
    return found;
  }
}
