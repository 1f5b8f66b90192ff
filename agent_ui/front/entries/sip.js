// SIP over WebSocket; only the module "phone.js" uses it.
import JsSIP from "jssip";

export default JsSIP;
