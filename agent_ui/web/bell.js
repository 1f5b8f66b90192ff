// A ring that is heard, and a notification when the page is hidden.

/** @type {AudioContext | null} */
let context = null;
let timer = 0;
/** @type {Notification | null} */
let note = null;

/** Two tones of a telephone, 1 s on and 3 s off, until `silence`. */
export function ring() {
  if (timer) return;
  const beat = () => {
    context ??= new AudioContext();
    const gain = context.createGain();
    gain.gain.value = 0.15;
    gain.connect(context.destination);
    for (const hertz of [440, 480]) {
      const tone = context.createOscillator();
      tone.frequency.value = hertz;
      tone.connect(gain);
      tone.start();
      tone.stop(context.currentTime + 1);
    }
  };
  beat();
  timer = setInterval(beat, 4000);
  if (document.hidden && "Notification" in window && Notification.permission === "granted") {
    // no number and no name: a notification is seen by whoever passes
    note = new Notification("12348 来电", { tag: "incoming-call", requireInteraction: true });
    note.onclick = () => window.focus();
  }
}

export function silence() {
  clearInterval(timer);
  timer = 0;
  note?.close();
  note = null;
}

/** Asked for when the agent signs in: a click has just been made. */
export function permit() {
  if ("Notification" in window && Notification.permission === "default") Notification.requestPermission();
  context ??= new AudioContext();
  context.resume();
}
