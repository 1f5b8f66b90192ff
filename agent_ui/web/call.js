// The call at hand: who it is, what can be done with it, and what is being said.
import { html, useEffect, useRef, useState } from "/vendor/ui.js";
import { age, span } from "/web/clock.js";

/** @typedef {import("/web/live.js").Live} Live */

const NAMES = { caller: "来电人", agent: "坐席", bot: "智能助手" };

/** @param {{live: Live, phone: any, onHangUp: any, onControl: any, onHold: any, onMute: any}} props */
export function CallCard({ live, phone, onHangUp, onControl, onHold, onMute }) {
  const seat = live.doc("me").value;
  const call = live.doc("call").value;
  const rings = phone.state.value === "ringing";
  const talks = ["talking", "held"].includes(seat.state);
  if (!call.call_id) {
    return html`<section class="card call"><h2>通话</h2><p class="empty">${
      seat.state === "ready" ? "等待来电" : "没有通话"
    }</p></section>`;
  }
  return html`<section class=${`card call ${rings ? "rings" : ""}`}>
    <h2>${rings ? "来电" : seat.state === "wrap_up" ? "话后整理" : call.held ? "保持中" : "通话中"}
      <time>${talks ? span(age(call.talk_since ?? seat.since, live)) : rings ? span(age(seat.since, live)) : ""}</time></h2>
    <p class="number">${call.number ?? "号码未显示"}</p>
    <p>${[call.region_name, call.topic_label, call.act_label].filter(Boolean).join(" · ") || "尚未听出事项"}</p>
    ${rings && html`<div class="buttons"><button class="good big" onClick=${() => phone.answer()}>接听 <kbd>F2</kbd></button>
      <button class="bad" onClick=${onHangUp}>拒接</button></div>`}
    ${talks && html`<div class="buttons">
      <button class="bad" onClick=${onHangUp}>挂断 <kbd>F4</kbd></button>
      <button aria-pressed=${Boolean(call.held)} onClick=${onHold}>${call.held ? "恢复" : "保持"} <kbd>F8</kbd></button>
      <button aria-pressed=${Boolean(call.muted)} onClick=${onMute}>${call.muted ? "取消静音" : "静音"} <kbd>F9</kbd></button>
      <button onClick=${() => onControl("to_bot")}>转智能助手</button>
      <${TransferTo} live=${live} onControl=${onControl} /></div>`}
    ${call.muted && html`<p class="warn">来电人现在听不到您说话</p>`}
    ${call.held && html`<p class="warn">来电人在听等待音</p>`}
  </section>`;
}

/** @param {{live: Live, onControl: any}} props */
function TransferTo({ live, onControl }) {
  const own = live.doc("me").value;
  const seats = Object.entries(live.doc("seats").value).filter(
    ([, seat]) => seat.call_id !== own.call_id && !["offline", "sign_in"].includes(seat.state),
  );
  return html`<select aria-label="转接给" value="" onChange=${(/** @type {any} */ event) => {
    if (event.target.value) onControl("transfer", event.target.value);
    event.target.value = "";
  }}><option value="">转接…</option>
    ${seats.map(([id, seat]) => html`<option key=${id} value=${id}>${seat.name}（${seat.label}）</option>`)}
    ${seats.length === 0 && html`<option disabled>没有其他坐席签入</option>`}</select>`;
}

/** @param {{live: Live}} props */
export function Transcript({ live }) {
  const call = live.doc("call").value;
  const end = useRef(/** @type {any} */ (null));
  const [stick, setStick] = useState(true);
  const lines = Object.entries(call.lines ?? {})
    .map(([key, line]) => ({ key: Number(key), ...line }))
    .sort((a, b) => a.at - b.at || a.key - b.key);
  const hearing = Object.entries(call.hearing ?? {});
  useEffect(() => {
    if (stick) end.current?.scrollIntoView({ block: "end" });
  }, [lines.length, JSON.stringify(hearing), stick]);
  const scrolled = (/** @type {any} */ event) => {
    const box = event.currentTarget;
    setStick(box.scrollHeight - box.scrollTop - box.clientHeight < 40);
  };
  return html`<section class="card talk"><h2>对话记录
      <small>${call.call_id ? "文字由机器听写，请以录音为准" : ""}</small></h2>
    <div class="lines" role="log" aria-live="polite" tabindex="0" onScroll=${scrolled}>
      ${lines.map((line) => html`<p key=${line.key} class=${`line ${line.who}`}>
        <b>${/** @type {any} */ (NAMES)[line.who]}</b><time>${span(line.at)}</time>
        <span class=${line.sure !== undefined && line.sure < 0.35 ? "unsure" : ""}>${line.text}</span></p>`)}
      ${hearing.map(([who, text]) => html`<p key=${who} class=${`line ${who} hearing`}>
        <b>${/** @type {any} */ (NAMES)[who]}</b><span>${text}…</span></p>`)}
      ${call.call_id && lines.length === 0 && html`<p class="empty">还没有对话</p>`}
      <span ref=${end}></span>
    </div></section>`;
}
