"""A telephone that hears: real SIP calls to the hotline, for ``hotline call``, demo and tests."""

from ivr.phone.phone import Phone, PhoneCall

__all__ = ["Phone", "PhoneCall"]
