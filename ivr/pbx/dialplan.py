"""The dialplan (``extensions.conf``): every call goes to the hotline, or is caught here.

The fallback: a word of apology, the hotline tried again each second for 15 s, then the seats on
duty in turn, then a message on tape. How such a call ended is written into its CDR
(``userfield``, read by ``ivr.pbx.fallback``); only then is the caller's number written too.
"""

from hotline.settings import Settings
from ivr.pbx.layout import LEAVE_MESSAGE, SORRY, layout

SEATS_VARIABLE = "HOTLINE_SEATS"
"""Global variable with the seats rung in fallback, joined by ``&``.

At start ``settings.pbx.seats``, until ``POST /ari/asterisk/variable`` gives others."""

RETRY_S = 15
MESSAGE_MAX_S = 180
MESSAGE_SILENCE_S = 10

MARK_WAITING = "fallback"
MARK_SEAT = "fallback:seat"
MARK_VOICEMAIL = "fallback:voicemail"
MARK_RESUMED = "hotline"


def dial_string(seat: str) -> str:
    """``PJSIP/anna`` for ``anna``; a full dial string stays as it is."""
    return seat if "/" in seat else f"PJSIP/{seat}"


def render_extensions(settings: Settings) -> str:
    """The whole of ``extensions.conf``."""
    pbx = settings.pbx
    paths = layout(settings)
    seats = "&".join(dial_string(seat) for seat in pbx.seats)
    ring = max(1, round(pbx.seat_ring_s))
    softphone = SOFTPHONE_CONTEXT.format(number=pbx.number)
    return DIALPLAN.format(
        app=pbx.ari_app,
        seats_variable=SEATS_VARIABLE,
        seats=seats,
        ring=ring,
        retry=RETRY_S,
        sorry=SORRY,
        leave=LEAVE_MESSAGE,
        prompt=f"{paths.sounds}/${{ARG1}}",
        voicemail=paths.voicemail,
        silence=MESSAGE_SILENCE_S,
        longest=MESSAGE_MAX_S,
        waiting=MARK_WAITING,
        seat=MARK_SEAT,
        message=MARK_VOICEMAIL,
        resumed=MARK_RESUMED,
    ) + (softphone if settings.environment == "development" else "")


DIALPLAN = """\
; Made by the hotline from its settings at every start: change the settings, not this file.
[general]
static = yes
writeprotect = yes
autofallthrough = yes
clearglobalvars = no

[globals]
{seats_variable} = {seats}

[from-trunk]
exten => _[+0-9]!,1,Stasis({app})
 same => n,Goto(fallback,start,1)

[fallback]
exten => start,1,GotoIf($["${{STASISSTATUS}}" != "FAILED"]?over,1)
 same => n(apology),Set(CDR(userfield)={waiting})
 same => n,Set(CDR(caller)=${{CALLERID(num)}})
 same => n,Answer(300)
 same => n,Set(UNTIL=$[${{EPOCH}} + {retry}])
 same => n,Gosub(say,s,1({sorry}))
 same => n(again),PlayTones(425/120,0/3880)
 same => n,Wait(1)
 same => n,StopPlayTones()
 same => n,Stasis({app})
 same => n,GotoIf($["${{STASISSTATUS}}" != "FAILED"]?over,1)
 same => n,GotoIf($[${{EPOCH}} < ${{UNTIL}}]?again)
 same => n(people),Set(TURN=0)
 same => n(next),Set(TURN=$[${{TURN}} + 1])
 same => n,Set(SEAT=${{CUT({seats_variable},&,${{TURN}})}})
 same => n,GotoIf($["${{SEAT}}" = ""]?message,1)
 same => n,Dial(${{SEAT}},{ring},gr)
 same => n,GotoIf($["${{DIALSTATUS}}" = "ANSWER"]?over,1)
 same => n,Goto(next)

exten => message,1,Gosub(say,s,1({leave}))
 same => n,Gosub(say,tone,1)
 same => n,Set(CDR(userfield)={message})
 same => n,Record({voicemail}/${{UNIQUEID}}.wav,{silence},{longest},kq)
 same => n,Hangup()

exten => over,1,Hangup()

exten => h,1,ExecIf($["${{STASISSTATUS}}" = "SUCCESS"]?Set(CDR(userfield)={resumed}))
 same => n,ExecIf($["${{STASISSTATUS}}" = "SUCCESS"]?Set(CDR(caller)=))
 same => n,ExecIf($["${{DIALSTATUS}}" = "ANSWER"]?Set(CDR(userfield)={seat}:${{SEAT}}))

[say]
exten => s,1,GotoIf($[${{STAT(e,{prompt}.sln16)}} | ${{STAT(e,{prompt}.wav)}}]?play)
 same => n,Goto(tone,1)
 same => n(play),Playback({prompt})
 same => n,Return()

exten => tone,1,PlayTones(1000/400)
 same => n,Wait(0.5)
 same => n,StopPlayTones()
 same => n,Return()

; Our own test telephone takes no calls; a seat dials nobody by itself, the hotline calls for it.
[from-phone]
exten => _[+0-9]!,1,Hangup(21)

[from-seat]
exten => _[+0-9]!,1,Hangup(21)
"""

SOFTPHONE_CONTEXT = """
[from-softphone]
exten => {number},1,Goto(from-trunk,{number},1)
"""
