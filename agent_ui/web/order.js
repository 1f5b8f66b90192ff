// The order form: filled from the talk, kept as it is typed, sent once.
import { html, useEffect, useRef, useState } from "/vendor/ui.js";
import { ask } from "/web/api.js";

/** @typedef {import("/web/live.js").Live} Live */

const SERVICES = {
  consultation: "法律咨询", legal_aid: "法律援助", mediation: "人民调解", notary: "公证",
  appraisal: "司法鉴定", arbitration: "仲裁", lawyer: "律师", reconsideration: "行政复议",
  publicity: "法治宣传", lookup: "法律查询", complaint: "投诉", suggestion: "建议",
};
const URGENCY = { normal: "一般", urgent: "紧急", emergency: "特急" };
const MOST = 10000;

/** @param {string} call */
const key = (call) => `order-draft:${call}`;

/** @param {{live: Live, act: any}} props */
export function OrderForm({ live, act }) {
  const call = live.doc("call").value;
  const id = call.call_id;
  const [draft, setDraft] = useState(() => kept(id));
  const [done, setDone] = useState("");
  const touched = useRef(new Set(Object.keys(kept(id))));

  // What the talk tells fills what nobody has typed over.
  const lines = Object.values(call.lines ?? {});
  const told = lines.filter((line) => line.who === "caller").map((line) => line.text).join("；");
  const fromTalk = {
    topic: call.topic ?? "service",
    region: call.region ?? "",
    contact_phone: call.number ?? "",
    description: told.slice(0, MOST),
    title: [call.topic_label, call.region_name].filter(Boolean).join("，"),
    service_type: "consultation",
    urgency: "normal",
    contact_name: "",
    callback: false,
  };
  const form = { ...fromTalk, ...draft };
  const conflict = touched.current.has("topic") && call.topic && draft.topic !== call.topic;

  useEffect(() => {
    try {
      if (Object.keys(draft).length) sessionStorage.setItem(key(id), JSON.stringify(draft));
    } catch {
      // a full store keeps nothing; the form still works
    }
  }, [draft]);

  const set = (/** @type {string} */ name) => (/** @type {any} */ event) => {
    const field = event.target;
    touched.current.add(name);
    setDraft({ ...draft, [name]: field.type === "checkbox" ? field.checked : field.value });
  };

  const send = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const body = {
      service_type: form.service_type, act: "apply", topic: form.topic || "service",
      urgency: form.urgency, title: form.title || "来电登记", description: form.description,
      contact_name: form.contact_name || null, contact_phone: form.contact_phone || null,
      caller_number: call.number ?? null, region: form.region || null, call_id: id,
      callback: form.callback,
    };
    const told = await act(() => ask("POST", "/api/v1/orders", body, { "Idempotency-Key": `desk-${id}` }));
    if (told) {
      setDone(told.order_no);
      sessionStorage.removeItem(key(id));
    }
  };
  const short = (/** @type {any} */ event) => {
    if (event.ctrlKey && event.key === "Enter") event.currentTarget.requestSubmit();
  };

  if (done) return html`<p class="done">工单已登记：<b>${done}</b>，已交网络平台流转。</p>`;
  return html`<form class="order" onSubmit=${send} onKeyDown=${short}>
    ${call.order_no && html`<p class="warn">智能助手已为这通电话登记工单 ${call.order_no}</p>`}
    <label>事由<input name="title" maxlength="100" required value=${form.title} onInput=${set("title")} /></label>
    <div class="two">
      <label>服务<select name="service_type" value=${form.service_type} onChange=${set("service_type")}>
        ${Object.entries(SERVICES).map(([code, name]) => html`<option value=${code}>${name}</option>`)}</select></label>
      <label>紧急程度<select name="urgency" value=${form.urgency} onChange=${set("urgency")}>
        ${Object.entries(URGENCY).map(([code, name]) => html`<option value=${code}>${name}</option>`)}</select></label>
    </div>
    ${conflict && html`<p class="warn">对话中听到的事项是“${call.topic_label}”，与您选的不同</p>`}
    <div class="two">
      <label>姓名<input name="contact_name" maxlength="40" autocomplete="off" value=${form.contact_name} onInput=${set("contact_name")} /></label>
      <label>联系电话<input name="contact_phone" inputmode="tel" maxlength="20" autocomplete="off"
        value=${form.contact_phone} onInput=${set("contact_phone")} /></label>
    </div>
    <label><span>情况说明 <small>${form.description.length}/${MOST}</small></span>
      <textarea name="description" rows="7" maxlength=${MOST} required value=${form.description} onInput=${set("description")}></textarea></label>
    <label class="check"><input type="checkbox" name="callback" checked=${form.callback} onChange=${set("callback")} /> 需要给来电人回电话</label>
    <button class="main">登记工单 <kbd>Ctrl+Enter</kbd></button>
  </form>`;
}

/** @param {string} id */
function kept(id) {
  try {
    return JSON.parse(sessionStorage.getItem(key(id)) ?? "{}");
  } catch {
    return {};
  }
}
